//! A greedy cover. It takes the column that covers most of what is left; rows of few columns count more. Then it drops
//! the columns that the others make redundant.

use std::collections::BinaryHeap;

use super::cover::Cover;

/// A column's gain, and the column. Gains are floats of at least 0, compared by their bits.
type Gain = (u64, u32);

/// Columns that leave at most `outliers` pool rows uncovered, in the order they were chosen.
pub fn greedy_cover(cover: &Cover, outliers: usize) -> Vec<u32> {
    let value: Vec<f64> = (0..cover.rows.len())
        .map(|row| cover.multiplicity(row) as f64 / cover.rows.get(row).len() as f64)
        .collect();
    let mut covered = vec![false; cover.rows.len()];
    let gain = |column: u32, covered: &[bool]| -> f64 {
        let rows = cover.columns.get(column as usize).iter().map(|&row| row as usize);
        rows.filter(|&row| !covered[row]).map(|row| value[row]).sum()
    };
    let columns = 0..u32::try_from(cover.columns.len()).expect("numbers fit u32");
    let mut heap: BinaryHeap<Gain> =
        columns.map(|column| (gain(column, &covered).to_bits(), !column)).collect();
    let mut left = cover.weight();
    let mut chosen = Vec::new();
    while left > outliers {
        let (promised, inverse) = heap.pop().expect("the columns together cover every row");
        let column = !inverse;
        // Gains only fall, so a gain that is still true is the largest.
        let now = gain(column, &covered).to_bits();
        if now < promised {
            heap.push((now, inverse));
            continue;
        }
        chosen.push(column);
        for &row in cover.columns.get(column as usize) {
            if !std::mem::replace(&mut covered[row as usize], true) {
                left -= cover.multiplicity(row as usize);
            }
        }
    }
    without_redundant(cover, chosen, outliers - left)
}

/// Drops columns, the last chosen first, as long as no more than `spare` further pool rows are left uncovered.
fn without_redundant(cover: &Cover, mut chosen: Vec<u32>, mut spare: usize) -> Vec<u32> {
    let mut count = vec![0u32; cover.rows.len()];
    let rows = |column: u32| cover.columns.get(column as usize).iter().map(|&row| row as usize);
    chosen.iter().flat_map(|&column| rows(column)).for_each(|row| count[row] += 1);
    for at in (0..chosen.len()).rev() {
        let alone = rows(chosen[at]).filter(|&row| count[row] == 1);
        let lost: usize = alone.map(|row| cover.multiplicity(row)).sum();
        if lost <= spare {
            spare -= lost;
            rows(chosen[at]).for_each(|row| count[row] -= 1);
            chosen.remove(at);
        }
    }
    chosen
}
