//! Packing: rows of which no column covers two, so each needs a center of its own. This is a stronger bound than rows
//! twice the radius apart, since a center must be a row of the pool.

use super::cover::Cover;

/// A packing, found greedily: rows that exclude few others come first.
pub fn packing(cover: &Cover) -> Vec<u32> {
    let excludes = |row: &[u32]| -> usize {
        row.iter().map(|&column| cover.columns.get(column as usize).len()).sum()
    };
    let mut order: Vec<(usize, u32)> = cover.rows.iter().map(excludes).zip(0u32..).collect();
    order.sort_unstable();
    let mut used = vec![false; cover.columns.len()];
    let mut packed = Vec::new();
    for (_, row) in order {
        let columns = cover.rows.get(row as usize);
        if columns.iter().all(|&column| !used[column as usize]) {
            columns.iter().for_each(|&column| used[column as usize] = true);
            packed.push(row);
        }
    }
    packed
}
