//! The coverage curve where there is only text.

use std::fmt::Write;

use super::format::{count, number};
use super::tables::round_numbers;
use crate::selection::Selection;

/// The coverage curve as a table: the radius at 1, 2, 5, 10, ... picks and at the last.
///
/// ```
/// use farpoint::{Options, Pool, report, select};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1)?;
/// let selection = select(&pool, 2, &Options::default())?;
/// assert_eq!(
///     report::curve_table(&selection),
///     "   picks     radius\n       1      10.00\n       2      2.000\n"
/// );
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn curve_table(selection: &Selection) -> String {
    let mut out = String::new();
    let mut line = |picks: &str, radius: &str| {
        writeln!(out, "{picks:>8} {radius:>10}").expect("a string takes any text");
    };
    line("picks", "radius");
    if selection.initial_radius.is_finite() {
        line("0", &number(selection.initial_radius));
    }
    for picks in round_numbers(selection.radii.len()) {
        line(&count(picks), &number(selection.radii[picks - 1]));
    }
    if selection.centers.len() > selection.radii.len() {
        line(&count(selection.centers.len()), "unknown");
    }
    out
}

/// Lines of the plot, each of eight steps.
const HEIGHT: usize = 7;
const STEPS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The coverage curve as a picture of `width` columns in block characters, from the last radius up to the first, picks on a
/// logarithmic axis; empty where the radius does not fall.
pub fn curve_plot(selection: &Selection, width: usize) -> String {
    let radii = &selection.radii;
    let (Some(&widest), Some(&least)) = (radii.first(), radii.last()) else {
        return String::new();
    };
    let margin = number(widest).chars().count().max(number(least).chars().count()) + 1;
    if least >= widest || width < margin + 10 {
        return String::new();
    }
    let columns = width - margin - 1;
    let radius = |column: usize| radii[column_pick(column, columns, radii.len())];
    let heights: Vec<usize> =
        (0..columns).map(|at| height((radius(at) - least) / (widest - least))).collect();
    let mut out = String::new();
    for level in (0..HEIGHT).rev() {
        let mark = match level {
            0 => number(least),
            _ if level + 1 == HEIGHT => number(widest),
            _ => String::new(),
        };
        let blocks: String =
            heights.iter().map(|h| STEPS[h.saturating_sub(8 * level).min(8)]).collect();
        writeln!(out, "{mark:>margin$}│{}", blocks.trim_end()).expect("a string takes any text");
    }
    let axis = "─".repeat(columns);
    let (last, room) = (count(radii.len()), columns - 1);
    write!(out, "{:margin$}└{axis}\n{:margin$} 1{last:>room$} picks\n", "", "")
        .expect("a string takes any text");
    out
}

/// The pick that column `at` shows.
fn column_pick(at: usize, columns: usize, picks: usize) -> usize {
    let share = at as f64 / (columns - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to picks")]
    let pick = (picks as f64).powf(share).round() as usize;
    pick.clamp(1, picks) - 1
}

/// Eighths of a line that a share of the whole height fills, at least one.
fn height(share: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8 HEIGHT")]
    let eighths = (8.0 * HEIGHT as f64 * share).round() as usize;
    eighths.clamp(1, 8 * HEIGHT)
}
