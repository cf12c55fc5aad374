//! How far rows lie from their nearest center.

use super::About;
use super::axis::Axis;
use super::chosen::{Chosen, Kind};
use super::format::{count, fine, number, plural};
use super::plot::Plot;
use super::words::{absent, labeled};

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

/// The axis ends at this many radii, where it would go on to rows left uncovered: they would press all others together.
const MOST_RADII: f64 = 2.0;

/// The distances in the figure.
struct Distances {
    /// Distances of the rows that count and are not centers themselves, increasing.
    sorted: Vec<f64>,
    /// The radius, where rows may be farther than it.
    radius: Option<f64>,
    /// Where the axis ends.
    end: f64,
}

/// The figure and its table, or a sentence where distances are not known or no row is left.
pub(super) fn figure(chosen: &Chosen, about: &About) -> String {
    let Some(min_distances) = chosen.min_distances else {
        return absent(match about.options.assign {
            true => "The run ended before distances to the nearest center were known.",
            false => "Distances to the nearest center were not asked for in this run.",
        });
    };
    if chosen.centers.is_empty() && labeled(about.options) == 0 {
        return absent("There is no center that rows could be near.");
    }
    let sorted = outside_centers(min_distances, chosen, about);
    let Some(&farthest) = sorted.last() else {
        return absent("Every row is a center: none is left to be near one.");
    };
    let radius = match chosen.kind {
        Kind::Greedy { .. } => None,
        Kind::Robust { radius, .. } => Some(radius),
    };
    let reach = radius.map_or(farthest, |radius| MOST_RADII * radius);
    let end = [farthest.min(reach), farthest].into_iter().find(|&end| end > 0.0).unwrap_or(1.0);
    let distances = Distances { sorted, radius, end };
    format!(
        r#"<figure class="histogram">{}<figcaption>{}</figcaption></figure>{}"#,
        plot(&distances),
        caption(&distances, about),
        table(&distances.sorted)
    )
}

/// Distances of the rows that count and are not centers themselves, increasing.
fn outside_centers(min_distances: &[f64], chosen: &Chosen, about: &About) -> Vec<f64> {
    let mut counts = vec![true; min_distances.len()];
    let options = about.options;
    for &row in chosen.centers.iter().chain(&options.labeled).chain(&options.excluded) {
        counts[row] = false;
    }
    let kept = min_distances.iter().zip(&counts).filter(|(d, counts)| **counts && d.is_finite());
    let mut distances: Vec<f64> = kept.map(|(d, _)| *d).collect();
    distances.sort_unstable_by(f64::total_cmp);
    distances
}

impl Distances {
    /// Those greater than `limit`.
    fn beyond(&self, limit: f64) -> &[f64] {
        &self.sorted[self.sorted.partition_point(|&distance| distance <= limit)..]
    }
}

fn caption(distances: &Distances, about: &About) -> String {
    let mut caption = format!(
        "{} rows: all but the centers themselves and those that are not counted.",
        count(distances.sorted.len())
    );
    if about.options.weights.is_some() {
        caption +=
            " Distances are unweighted here; the radius is the largest weight times distance.";
    }
    let farther = distances.beyond(distances.end).len();
    if farther > 0 {
        let (rows, end) = (count(farther), number(distances.end));
        caption +=
            &format!(" The last bar also holds the rows beyond {end}, of which there are {rows}.");
    }
    let outliers = distances.radius.map_or(0, |radius| distances.beyond(radius).len());
    if outliers > 0 {
        caption += &format!(
            r#" <span class="key beyond">{} {} beyond the radius, left uncovered</span>"#,
            count(outliers),
            plural(outliers, "row", "rows")
        );
    }
    caption
}

/// The smallest distance that at least a share `q` of the sorted `distances` do not pass.
fn quantile(distances: &[f64], q: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the rows")]
    let at = (q * distances.len() as f64).ceil() as usize;
    distances[at.clamp(1, distances.len()) - 1]
}

fn plot(distances: &Distances) -> String {
    let Distances { sorted, radius, end } = distances;
    let markers = markers(sorted, *radius);
    let bins = bins(sorted, *end);
    let highest = bins.iter().copied().max().unwrap_or(1) as f64;
    let plot = Plot {
        class: "",
        title: "Distance to the nearest center",
        description: format!(
            "Half of the rows lie within {} of a center, 90 % within {}, all within {}.",
            number(quantile(sorted, 0.5)),
            number(quantile(sorted, 0.9)),
            number(quantile(sorted, 1.0))
        ),
        x: Axis::linear(0.0, *end),
        // Room for a line of text a marker.
        y: Axis::linear(0.0, (1.0 + 0.11 * markers.len() as f64) * highest),
        x_name: "distance to the nearest center",
        y_name: "rows",
        x_whole: false,
        x_column: 0,
    };
    let bars = format!(r#"<path class="bars" d="{}"/>"#, bars(&plot, &bins, *end));
    let beyond = radius.map_or(&[][..], |radius| distances.beyond(radius));
    let beyond: Vec<(f64, f64)> = beyond.iter().map(|d| (d.min(*end), 0.0)).collect();
    let (lines, labels) = mark(&plot, &markers);
    plot.frame(&(bars + &plot.dots("dots outliers", &beyond) + &lines), &labels)
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

/// The markers along the axis, each with its label.
fn markers(distances: &[f64], radius: Option<f64>) -> Vec<(f64, String)> {
    let [half, most] = [0.5, 0.9].map(|q| quantile(distances, q));
    let mut markers = vec![
        (half, format!("half within {}", number(half))),
        (most, format!("90 % within {}", number(most))),
    ];
    markers.extend(radius.map(|radius| (radius, format!("radius {}", fine(radius)))));
    markers
}

/// Lines at the markers, labeled at a height each so that labels never overlap.
fn mark(plot: &Plot, markers: &[(f64, String)]) -> (String, String) {
    let (mut lines, mut labels) = (String::new(), String::new());
    for (height, (distance, name)) in markers.iter().enumerate() {
        let left = 100.0 * plot.x.position(*distance).min(1.0);
        let x = 10.0 * left;
        let side = if left > 55.0 { "before" } else { "after" };
        lines += &format!(r#"<path class="marker" d="M{x:.1} {}V1000"/>"#, 20 + 90 * height);
        labels += &format!(
            r#"<span class="mark {side}" style="left:{left:.2}%;top:{}%">{name}</span>"#,
            2 + 9 * height
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
