//! How far rows lie from their nearest center.

use super::About;
use super::axis::Axis;
use super::format::{count, number};
use super::plot::Plot;
use crate::selection::Selection;

const BINS: usize = 48;

/// Shares of the rows whose distances are named.
const QUANTILES: [(f64, &str); 6] = [
    (0.0, "nearest"),
    (0.1, "10 %"),
    (0.5, "median"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (1.0, "farthest"),
];

/// The figure and its table, or a sentence where distances are not known or no row is left.
pub(super) fn figure(selection: &Selection, about: &About) -> String {
    let Some(min_distances) = &selection.min_distances else {
        return absent("Distances to the nearest center were not asked for in this run.");
    };
    let distances = outside_centers(min_distances, selection, about);
    if distances.is_empty() {
        return absent("Every row is a center: none is left to be near one.");
    }
    format!(
        r#"<figure class="histogram">{}<figcaption>{}</figcaption></figure>{}"#,
        plot(&distances),
        caption(distances.len(), about),
        table(&distances)
    )
}

fn absent(sentence: &str) -> String {
    format!(r#"<p class="absent">{sentence}</p>"#)
}

/// Distances of the rows that count and are not centers themselves, increasing.
fn outside_centers(min_distances: &[f64], selection: &Selection, about: &About) -> Vec<f64> {
    let mut counts = vec![true; min_distances.len()];
    let options = about.options;
    for &row in selection.centers.iter().chain(&options.labeled).chain(&options.excluded) {
        counts[row] = false;
    }
    let kept = min_distances.iter().zip(&counts).filter(|(d, counts)| **counts && d.is_finite());
    let mut distances: Vec<f64> = kept.map(|(d, _)| *d).collect();
    distances.sort_unstable_by(f64::total_cmp);
    distances
}

fn caption(rows: usize, about: &About) -> String {
    let weighted = if about.options.weights.is_some() {
        " Distances are unweighted here; the radius is the largest weight times distance."
    } else {
        ""
    };
    format!("{} rows: all but the centers themselves and what was excluded.{weighted}", count(rows))
}

/// The smallest distance that at least a share `q` of the sorted `distances` do not pass.
fn quantile(distances: &[f64], q: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the rows")]
    let at = (q * distances.len() as f64).ceil() as usize;
    distances[at.clamp(1, distances.len()) - 1]
}

fn plot(distances: &[f64]) -> String {
    let farthest = distances[distances.len() - 1];
    let end = if farthest > 0.0 { farthest } else { 1.0 };
    let bins = bins(distances, end);
    let highest = bins.iter().copied().max().unwrap_or(1) as f64;
    let plot = Plot {
        class: "",
        title: "Distance to the nearest center",
        description: format!(
            "Half of the rows lie within {} of a center, 90 % within {}, all within {}.",
            number(quantile(distances, 0.5)),
            number(quantile(distances, 0.9)),
            number(farthest)
        ),
        x: Axis::linear(0.0, end),
        y: Axis::linear(0.0, 1.22 * highest),
        x_name: "distance to the nearest center",
        y_name: "rows",
        x_whole: false,
    };
    let bars = format!(r#"<path class="bars" d="{}"/>"#, bars(&plot, &bins, end));
    let (lines, labels) = markers(&plot, distances);
    plot.frame(&(bars + &lines), &labels)
}

/// Rows in each of [`BINS`] equal steps from 0 to `end`.
fn bins(distances: &[f64], end: f64) -> Vec<usize> {
    let mut bins = vec![0; BINS];
    for distance in distances {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to BINS")]
        let bin = (BINS as f64 * (distance / end)) as usize;
        bins[bin.min(BINS - 1)] += 1;
    }
    bins
}

fn bars(plot: &Plot, bins: &[usize], end: f64) -> String {
    let width = end / BINS as f64;
    let bar = |(bin, &rows): (usize, &usize)| {
        let (left, right) = ((bin as f64 + 0.06) * width, (bin as f64 + 0.94) * width);
        let rows = rows as f64;
        let corners = [(left, 0.0), (left, rows), (right, rows), (right, 0.0)];
        plot.line(corners.into_iter()) + "Z"
    };
    bins.iter().enumerate().filter(|(_, rows)| **rows > 0).map(bar).collect()
}

/// Lines at the median and at 90 %, labeled at two heights so that they never overlap.
fn markers(plot: &Plot, distances: &[f64]) -> (String, String) {
    let (mut lines, mut labels) = (String::new(), String::new());
    for (height, (q, name)) in [(0.5, "half within"), (0.9, "90 % within")].into_iter().enumerate()
    {
        let distance = quantile(distances, q);
        let left = 100.0 * plot.x.position(distance);
        let x = 10.0 * left;
        let side = if left > 55.0 { "before" } else { "after" };
        lines += &format!(r#"<path class="marker" d="M{x:.1} {}V1000"/>"#, 20 + 90 * height);
        labels += &format!(
            r#"<span class="mark {side}" style="left:{left:.2}%;top:{}%">{name} {}</span>"#,
            2 + 9 * height,
            number(distance)
        );
    }
    (lines, labels)
}

fn table(distances: &[f64]) -> String {
    let (mut names, mut values) = (String::new(), String::new());
    for (q, name) in QUANTILES {
        names += &format!("<th scope=\"col\">{name}</th>");
        values += &format!("<td>{}</td>", number(quantile(distances, q)));
    }
    format!(
        r#"<div class="scroll"><table class="across"><caption>Distance within which this share of the rows lies</caption><thead><tr>{names}</tr></thead><tbody><tr>{values}</tr></tbody></table></div>"#
    )
}
