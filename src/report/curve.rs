//! The coverage curve: the radius after each pick, and below it what is proven that no other picks could pass.

use super::About;
use super::axis::Axis;
use super::format::{count, number, short};
use super::plot::{Plot, READING, VIEWS, views};
use super::words::absent;
use crate::selection::Selection;

/// Points of the curve drawn at most: more than a screen has columns.
const MOST_POINTS: usize = 2000;

/// The radius once `picks` rows are chosen, the last of them `row`.
pub(super) struct Point {
    pub picks: usize,
    pub row: usize,
    pub radius: f64,
    pub lower: f64,
}

/// The curve's points, first and last always among them: half evenly spread, half by the logarithm.
pub(super) fn points(selection: &Selection) -> Vec<Point> {
    let known = selection.radii.len();
    spread(known, MOST_POINTS)
        .into_iter()
        .map(|t| Point {
            picks: t + 1,
            row: selection.centers[t],
            radius: selection.radii[t],
            lower: selection.lower_bounds[t],
        })
        .collect()
}

/// At most `most` of the positions below `count`, increasing.
pub(super) fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let half = most / 2;
    let last = (count - 1) as f64;
    let even = (0..half).map(|i| i * (count - 1) / (half - 1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..count")]
    let logarithmic =
        (0..half).map(|i| (count as f64).powf(i as f64 / (half - 1) as f64).min(last) as usize);
    let mut positions: Vec<usize> = even.chain(logarithmic).chain([0]).collect();
    positions.sort_unstable();
    positions.dedup();
    // The geometric half starts at 1, so position 0 comes twice and the sum stays at `most`.
    positions
}

/// The figure, or a sentence where there is no curve.
pub(super) fn figure(selection: &Selection, about: &About) -> String {
    let points = points(selection);
    let Some(last) = points.last() else {
        return absent("No radius is known after a pick, so there is no curve to draw.");
    };
    let end = last.picks as f64;
    let [linear, log] = [(VIEWS[0], Axis::linear(1.0, end)), (VIEWS[1], Axis::log(1.0, end))]
        .map(|(class, x)| plot(class, x, &points, selection, about));
    format!(
        r#"<figure class="curve" id="curve" data-of="picks">
{views}<figcaption><span class="key line">radius after each pick</span> <span class="key band">where the best possible radius lies</span>{initial}
<output id="curve-read" aria-live="off"></output></figcaption></figure>"#,
        views = views([("linear", linear), ("logarithmic", log)], usize::from(last.picks > 100)),
        initial = initial_key(selection),
    )
}

fn initial_key(selection: &Selection) -> String {
    if !selection.initial_radius.is_finite() {
        return String::new();
    }
    let radius = number(selection.initial_radius);
    format!(r#" <span class="key dashed">labeled centers alone: {radius}</span>"#)
}

fn plot(class: &str, x: Axis, points: &[Point], selection: &Selection, about: &About) -> String {
    let initial = Some(selection.initial_radius).filter(|radius| radius.is_finite());
    let highest = points.iter().map(|p| p.radius).chain(initial).fold(0.0, f64::max);
    let top = if highest > 0.0 { 1.06 * highest } else { 1.0 };
    let weighted = about.options.weights.is_some();
    let plot = Plot {
        class,
        title: "Coverage curve",
        description: in_words(points),
        x,
        y: Axis::linear(0.0, top),
        x_name: "picks",
        y_name: if weighted { "weighted radius" } else { "radius" },
        x_whole: true,
        x_column: 0,
    };
    let ends: Vec<(f64, f64)> = points.iter().map(|p| (p.picks as f64, p.radius)).collect();
    let lower: Vec<(f64, f64)> = points.iter().map(|p| (p.picks as f64, p.lower)).collect();
    let initial = initial.map_or(String::new(), |radius| plot.across("dashed", radius));
    let shapes = [
        plot.band(&ends, &lower),
        initial,
        plot.path("line", ends.iter().copied()),
        plot.dots("dots", &ends),
    ];
    plot.frame(&shapes.concat(), READING)
}

fn in_words(points: &[Point]) -> String {
    let (first, last) = (&points[0], &points[points.len() - 1]);
    format!(
        "The radius falls from {} after 1 pick to {} after {}. No choice of that many rows has a radius below {}.",
        number(first.radius),
        number(last.radius),
        count(last.picks),
        number(last.lower)
    )
}

/// The points for the page's read-out: `[picks, row, radius, lower]` each.
pub(super) fn json(selection: &Selection) -> String {
    let points: Vec<(usize, usize, f64, f64)> = points(selection)
        .iter()
        .map(|p| (p.picks, p.row, short(p.radius), short(p.lower)))
        .collect();
    serde_json::to_string(&points).expect("numbers are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_keeps_both_ends() {
        for count in [0, 1, 2, 1999, 2000, 2001, 2500, 1_000_000] {
            let positions = spread(count, MOST_POINTS);
            assert!(positions.len() <= MOST_POINTS.min(count), "{count}: {}", positions.len());
            assert!(positions.is_sorted_by(|a, b| a < b));
            assert_eq!(positions.first().copied(), (count > 0).then_some(0));
            assert_eq!(positions.last().copied(), count.checked_sub(1));
        }
    }
}
