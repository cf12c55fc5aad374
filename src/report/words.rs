//! Sentences that both kinds of page share.

use super::chosen::Chosen;
use super::format::{count, number, plural};
use crate::options::{Metric, Options};
use crate::pool::Pool;
use crate::selection::Selection;

/// In the place of a figure that there is nothing to draw of.
pub(super) fn absent(sentence: &str) -> String {
    format!(r#"<p class="absent">{sentence}</p>"#)
}

/// The note in brackets that says what a radius is under cosine.
pub(super) fn chord(radius: f64, options: &Options) -> String {
    if options.metric != Metric::Cosine || !radius.is_finite() {
        return String::new();
    }
    format!(" (a chord; cosine distance {})", number(radius * radius / 2.0))
}

/// How many times the least possible radius the last known one is at most, in words: twice, or with weights another number. That is what
/// [`Selection::lower_bounds`] say. None where it is no news, at radius 0, or nothing is proven.
pub fn beside_the_best(selection: &Selection) -> Option<String> {
    let last = selection.radii.len().checked_sub(1)?;
    let (radius, lower) = (selection.radii[last], selection.lower_bounds[last]);
    let factor = Some(radius / lower).filter(|factor| lower > 0.0 && factor.is_finite())?;
    // Rounded up, since it is a promise; a bound itself is rounded down by an f64's last bits.
    let factor = (100.0 * factor - 1e-9).ceil() / 100.0;
    Some(if factor == 2.0 { "twice".into() } else { format!("{factor:.2} times") })
}

/// How many centers there were from the start.
pub(super) fn labeled(options: &Options) -> usize {
    options.labeled.len() + options.labeled_vectors.map_or(0, Pool::rows)
}

/// A center, by what it may be.
pub(super) fn center(chosen: &Chosen, options: &Options) -> &'static str {
    match (chosen.centers.len(), labeled(options)) {
        (_, 0) => "a selected row",
        (0, _) => "a labeled center",
        _ => "a selected row or a labeled center",
    }
}

/// The rows that a radius is of, all `but` so many.
pub(super) fn every_row(but: usize, options: &Options) -> String {
    match (but, options.excluded.is_empty()) {
        (0, true) => "every row".into(),
        (0, false) => "every row that counts".into(),
        (but, true) => format!("every row but {}", count(but)),
        (but, false) => format!("every row but {}, of those that count,", count(but)),
    }
}

/// What a row is to some center once the radius is 0.
pub(super) fn equal_to(options: &Options) -> &'static str {
    match (options.metric, &options.weights) {
        (Metric::Euclidean, None) => "is equal to a center",
        (Metric::Cosine, None) => "has the direction of a center",
        (Metric::Euclidean, Some(_)) => "is equal to a center or has the weight 0",
        (Metric::Cosine, Some(_)) => "has the direction of a center or the weight 0",
    }
}

/// What became of rows that were excluded, and of those that have no distances and were left out, if any were.
pub(super) fn exclusion(pool: &Pool, options: &Options) -> Vec<String> {
    let skipped = pool.skipped();
    let is_excluded = |row: &&usize| skipped.binary_search(row).is_err();
    let excluded = options.excluded.iter().filter(is_excluded).count();
    let were = |rows| plural(rows, "row was", "rows were");
    let excluded = (excluded > 0).then(|| {
        format!("{} excluded {} neither chosen nor counted.", count(excluded), were(excluded))
    });
    let skipped = skipped.len();
    let left_out = (skipped > 0).then(|| {
        format!(
            "{} {} left out, having no distance to others: neither chosen nor counted.",
            count(skipped),
            were(skipped)
        )
    });
    excluded.into_iter().chain(left_out).collect()
}

pub(super) fn capital(sentence: &str) -> String {
    let (first, rest) = sentence.split_at(1);
    first.to_uppercase() + rest
}
