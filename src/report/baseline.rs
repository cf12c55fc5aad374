//! As many random rows beside the picks: how far rows lie from the nearest of either.

use std::collections::BTreeSet;

use super::About;
use super::format::{count, number, percent};
use super::page::section;
use super::projection::sample;
use crate::engine::{Tuning, with_space};
use crate::error::Result;
use crate::first::uniform;
use crate::options::{Device, Options};
use crate::pool::Pool;
use crate::selection::Selection;

/// Shares of the rows, in thousandths, and their names.
const SHARES: [(usize, &str); 4] = [(500, "50 %"), (900, "90 %"), (990, "99 %"), (1000, "100 %")];
/// Values of the rows that are read, at most: of those drawn, and of those that are looked at.
const MOST_VALUES: usize = 8 << 20;
/// Draws for a row, at most: of a pool that is mostly excluded there is no baseline.
const DRAWS_A_ROW: u64 = 20;

/// The section; none where random rows would say nothing: with weights or labeled vectors, of too many picks or a pool that they exhaust, and
/// where distances are not known.
pub(super) fn baseline(pool: &Pool, selection: &Selection, about: &About) -> Option<String> {
    let options = about.options;
    if options.weights.is_some() || options.labeled_vectors.is_some() {
        return None;
    }
    let of_picks = selection.min_distances.as_deref()?;
    let excluded: BTreeSet<usize> =
        options.excluded.iter().chain(pool.skipped()).copied().collect();
    let random = draw(pool, selection.centers.len(), &excluded, options)?;
    let mut rows = sample(pool.rows(), pool.dimensions());
    rows.truncate(MOST_VALUES / pool.dimensions());
    rows.retain(|row| !excluded.contains(row));
    let of_random = distances(pool, &rows, &random, options).ok()?;
    let of_picks: Vec<f64> = rows.iter().map(|&row| of_picks[row]).collect();
    Some(section("Beside as many random rows", &words(pool, selection, &of_picks, &of_random)))
}

/// So many rows that may be chosen, drawn with fixed seeds, and the labeled ones, which both have.
fn draw(
    pool: &Pool,
    picks: usize,
    excluded: &BTreeSet<usize>,
    options: &Options,
) -> Option<Vec<usize>> {
    let centers = picks + options.labeled.len();
    let fits = picks > 0 && centers.checked_mul(pool.dimensions())? <= MOST_VALUES;
    let is_left = 2 * centers + excluded.len() <= pool.rows();
    if !fits || !is_left {
        return None;
    }
    let labeled: BTreeSet<usize> = options.labeled.iter().copied().collect();
    let mut drawn = BTreeSet::new();
    for seed in 0..DRAWS_A_ROW * picks as u64 {
        let row = uniform(seed, pool.rows());
        if !excluded.contains(&row) && !labeled.contains(&row) {
            drawn.insert(row);
        }
        if drawn.len() == picks {
            return Some(drawn.into_iter().chain(labeled).collect());
        }
    }
    None
}

/// Canonical distances of `rows` to the nearest of `centers`.
fn distances(
    pool: &Pool,
    rows: &[usize],
    centers: &[usize],
    options: &Options,
) -> Result<Vec<f64>> {
    let d = pool.dimensions();
    let (rows, centers) = (values(pool, rows), values(pool, centers));
    let (rows, centers) = (Pool::new(&rows, d)?, Pool::new(&centers, d)?);
    let asked = Options {
        metric: options.metric,
        threads: options.threads,
        device: Device::Cpu,
        labeled_vectors: Some(&centers),
        ..Options::default()
    };
    let tuning = Tuning::default();
    let (found, _) = with_space(&rows, &asked, &tuning, |_, space| space.labeled_distances())?;
    Ok(found.0)
}

/// The values of `rows`, which f64 has whatever their type is.
fn values(pool: &Pool, rows: &[usize]) -> Vec<f64> {
    let (mut values, mut scratch) = (Vec::new(), Vec::new());
    for &row in rows {
        values.extend_from_slice(pool.row_f64(row, &mut scratch));
    }
    values
}

fn words(pool: &Pool, selection: &Selection, picks: &[f64], random: &[f64]) -> String {
    let nearer = random.iter().zip(picks).filter(|(random, picks)| random < picks).count();
    let (of_picks, of_random) = (sorted(picks), sorted(random));
    let lines: String = SHARES.iter().map(|share| line(*share, &of_picks, &of_random)).collect();
    let drawn = count(selection.centers.len());
    let (looked, all) = (picks.len(), pool.rows());
    let looked = match looked < all {
        true => format!(
            " Of {} rows spread over the pool: some other row may be farther.",
            count(looked)
        ),
        false => String::new(),
    };
    format!(
        r#"<p>{}</p><div class="scroll"><table><thead><tr><th scope="col">share of the rows</th><th scope="col">within this of a pick</th><th scope="col">within this of a random row</th></tr></thead><tbody>{lines}</tbody></table></div><p class="note">{drawn} rows drawn with fixed seeds in the place of the picks.{looked}</p>"#,
        verdict(nearer, picks.len(), &of_picks, &of_random)
    )
}

/// What either is better at, of these rows.
fn verdict(nearer: usize, rows: usize, picks: &[f64], random: &[f64]) -> String {
    let share = percent(nearer as f64, rows as f64);
    let (farthest, of_random) = (picks[picks.len() - 1], random[random.len() - 1]);
    let most = match 2 * nearer > rows {
        true => format!(
            "For most rows, {share} of them, some random row is nearer than the nearest pick: random rows lie where most rows do."
        ),
        false => {
            format!("For {share} of the rows some random row is nearer than the nearest pick.")
        }
    };
    let tail = match of_random > farthest && farthest > 0.0 {
        true => format!(
            " The farthest of them is {} times as far from random rows as it is from picks, which are chosen for exactly those that nothing else is near.",
            number(of_random / farthest)
        ),
        false => String::new(),
    };
    most + &tail
}

fn line((share, name): (usize, &str), picks: &[f64], random: &[f64]) -> String {
    let at = |sorted: &[f64]| number(sorted[(sorted.len() * share).div_ceil(1000).max(1) - 1]);
    format!("<tr><td>{name}</td><td>{}</td><td>{}</td></tr>", at(picks), at(random))
}

fn sorted(distances: &[f64]) -> Vec<f64> {
    let mut sorted = distances.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
