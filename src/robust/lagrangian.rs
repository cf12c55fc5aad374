//! Weights on the rows by subgradient ascent: a lower bound on the columns needed, without a solver.
//!
//! For multipliers `u >= 0`, `L(u) = sum u + sum over columns of min(0, 1 - sum of u over its rows)` bounds the linear
//! relaxation from below (Held & Karp; Caprara, Fischetti & Toth 1999 for covering). The weights returned are feasible
//! for its dual: each row's multiplier is divided by the weight of its heaviest column, then raised as far as its
//! columns have room.

use super::clock::Clock;
use super::cover::Cover;

/// Ascents between two repairs.
const BETWEEN: usize = 10;
/// Ascents without a better bound before steps get shorter.
const PATIENCE: usize = 20;

/// The best weights found in `steps` steps, one a row, and the bound that they prove: fewer columns than this leave
/// more than `outliers` pool rows uncovered. Ends early once the bound exceeds `goal`.
pub fn lagrangian(
    cover: &Cover,
    outliers: usize,
    goal: f64,
    steps: usize,
    clock: &mut Clock,
) -> (Vec<f64>, f64) {
    let mut multipliers: Vec<f64> =
        cover.rows.iter().map(|columns| start(cover, columns)).collect();
    let mut best = (vec![0.0; multipliers.len()], 0.0);
    let (mut best_bound, mut stale, mut length) = (f64::NEG_INFINITY, 0, 1.0);
    for step in 0..steps {
        let sums = column_sums(cover, &multipliers);
        if step % BETWEEN == 0 {
            keep_better(&mut best, cover, outliers, feasible(cover, &multipliers, &sums));
            if best.1 > goal || clock.is_over() {
                break;
            }
        }
        let bound = bound(cover, outliers, &multipliers, &sums);
        if bound > best_bound {
            (best_bound, stale) = (bound, 0);
        } else {
            stale += 1;
            if stale == PATIENCE {
                (length, stale) = (length / 2.0, 0);
            }
        }
        ascend(cover, outliers, &mut multipliers, &sums, length * (goal + 1.0 - bound).max(0.5));
    }
    best
}

fn start(cover: &Cover, columns: &[u32]) -> f64 {
    let least = columns.iter().map(|&column| 1.0 / cover.columns.get(column as usize).len() as f64);
    least.fold(1.0, f64::min)
}

fn column_sums(cover: &Cover, multipliers: &[f64]) -> Vec<f64> {
    let sum = |rows: &[u32]| rows.iter().map(|&row| multipliers[row as usize]).sum();
    cover.columns.iter().map(sum).collect()
}

/// Per row, which share of its pool rows would best be outliers.
fn left_out(cover: &Cover, outliers: usize, multipliers: &[f64]) -> Vec<f64> {
    let mut shares = vec![0.0; multipliers.len()];
    if outliers == 0 {
        return shares;
    }
    let worth = |row: usize| multipliers[row] / cover.multiplicity(row) as f64;
    let mut order: Vec<usize> = (0..multipliers.len()).collect();
    order.sort_by(|&a, &b| worth(b).total_cmp(&worth(a)));
    let mut left = outliers as f64;
    for row in order {
        let multiplicity = cover.multiplicity(row) as f64;
        shares[row] = (left / multiplicity).clamp(0.0, 1.0);
        left -= multiplicity;
        if left <= 0.0 {
            break;
        }
    }
    shares
}

fn bound(cover: &Cover, outliers: usize, multipliers: &[f64], sums: &[f64]) -> f64 {
    let shares = left_out(cover, outliers, multipliers);
    let rows: f64 = multipliers.iter().zip(&shares).map(|(u, share)| u * (1.0 - share)).sum();
    rows + sums.iter().map(|sum| (1.0 - sum).min(0.0)).sum::<f64>()
}

/// Takes a step that raises the multipliers of rows which the relaxed solution covers too little.
fn ascend(cover: &Cover, outliers: usize, multipliers: &mut [f64], sums: &[f64], length: f64) {
    let shares = left_out(cover, outliers, multipliers);
    let slack = |row: usize| {
        let chosen =
            cover.rows.get(row).iter().filter(|&&column| sums[column as usize] > 1.0).count();
        1.0 - shares[row] - chosen as f64
    };
    let slacks: Vec<f64> = (0..multipliers.len()).map(slack).collect();
    let square: f64 = slacks.iter().map(|slack| slack * slack).sum();
    if square == 0.0 {
        return;
    }
    for (multiplier, slack) in multipliers.iter_mut().zip(&slacks) {
        *multiplier = (*multiplier + length / square * slack).max(0.0);
    }
}

/// Weights such that the rows of no column weigh more than 1 together.
fn feasible(cover: &Cover, multipliers: &[f64], sums: &[f64]) -> Vec<f64> {
    let heaviest = |row: usize| {
        cover.rows.get(row).iter().map(|&column| sums[column as usize]).fold(1.0, f64::max)
    };
    let mut weights: Vec<f64> =
        multipliers.iter().enumerate().map(|(row, weight)| weight / heaviest(row)).collect();
    let mut sums = column_sums(cover, &weights);
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| multipliers[b].total_cmp(&multipliers[a]));
    for row in order {
        let columns = cover.rows.get(row);
        let room = columns.iter().map(|&column| 1.0 - sums[column as usize]).fold(1.0, f64::min);
        if room > 0.0 {
            weights[row] += room;
            columns.iter().for_each(|&column| sums[column as usize] += room);
        }
    }
    weights
}

/// `sum y - outliers * max y`, `max` over pool rows.
pub fn proven(cover: &Cover, outliers: usize, weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    if outliers == 0 {
        return sum;
    }
    let each =
        weights.iter().enumerate().map(|(row, weight)| weight / cover.multiplicity(row) as f64);
    sum - outliers as f64 * each.fold(0.0, f64::max)
}

/// Keeps `weights`, or the same cut off at a largest weight a pool row, if that proves more.
fn keep_better(best: &mut (Vec<f64>, f64), cover: &Cover, outliers: usize, weights: Vec<f64>) {
    let cuts: &[f64] =
        if outliers == 0 { &[1.0] } else { &[1.0, 0.9, 0.8, 0.65, 0.5, 0.35, 0.25, 0.15] };
    for &cut in cuts {
        let each = |row: usize| cut * cover.multiplicity(row) as f64;
        let cut: Vec<f64> = weights.iter().enumerate().map(|(row, &w)| w.min(each(row))).collect();
        let value = proven(cover, outliers, &cut);
        if value > best.1 {
            *best = (cut, value);
        }
    }
}
