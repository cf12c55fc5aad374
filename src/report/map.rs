//! The pool seen from above, with the picks, in the order they were made if they have one, and the rows they leave uncovered.

use serde::Serialize;

use super::About;
use super::chosen::{Chosen, Kind};
use super::format::{base64, count, percent, short};
use super::projection::{Projection, sample};
use super::words::absent;
use crate::options::Metric;
use crate::pool::Pool;

/// Picks drawn at most, the first; labeled rows; and outliers.
const MOST_PICKS: usize = 10_000;
const MOST_LABELED: usize = 5_000;
const MOST_OUTLIERS: usize = 5_000;

/// Variance along the second axis, relative to the first, below which the pool is a line.
const LINE: f64 = 1e-10;

/// The data that the page's script draws; points are base64 of u16 pairs, `x y x y ...`.
#[derive(Serialize)]
pub(super) struct Map {
    /// Height of the drawing over its width.
    aspect: f64,
    rows: String,
    /// A drawn row's nearest pick, counted from 1; 0 where it is a labeled center or not drawn.
    owners: String,
    picks: String,
    pick_rows: Vec<usize>,
    /// Whether the picks have an order; without one there are no radii.
    ordered: bool,
    radii: Vec<f64>,
    /// Rows of the whole pool nearest to each pick.
    served: Vec<usize>,
    labeled: String,
    /// The row that the last radius is the distance of, if it is known and every pick is drawn.
    farthest: String,
    farthest_row: Option<usize>,
    outliers: String,
    outlier_rows: Vec<usize>,
    /// Of each of those, the distance to its nearest center, if distances are known.
    outlier_distances: Vec<f64>,
    #[serde(skip)]
    view: View,
    #[serde(skip)]
    drawn: usize,
}

/// How rows became points.
struct View {
    explained: [f64; 2],
    line: bool,
}

/// The map; none if all sampled rows are equal.
pub(super) fn map(pool: &Pool, chosen: &Chosen, about: &About) -> Option<Map> {
    let mut rows = sample(pool.rows(), pool.dimensions());
    rows.retain(|row| pool.skipped().binary_search(row).is_err());
    let projection = Projection::new(pool, about.options.metric, &rows)?;
    let [first, second] = projection.explained;
    let view = View { explained: [first, second], line: second < LINE * first };
    let picks = &chosen.centers[..chosen.centers.len().min(MOST_PICKS)];
    let labeled = thinned(&about.options.labeled, MOST_LABELED);
    let outliers = thinned(chosen.outliers(), MOST_OUTLIERS);
    let all_drawn = picks.len() == chosen.centers.len();
    let farthest_row = chosen.farthest().filter(|_| all_drawn);
    let groups = [&rows[..], picks, &labeled, farthest_row.as_slice(), &outliers];
    let points = groups.map(|rows| place(pool, &projection, &view, rows));
    let frame = Frame::around(points.iter().flatten());
    let [row_points, pick_points, labeled_points, farthest_points, outlier_points] =
        points.map(|points| frame.encode(&points));
    let radii = chosen.radii().unwrap_or_default();
    Some(Map {
        aspect: frame.aspect(&view),
        rows: row_points,
        owners: base64(&owners(chosen, &rows, picks.len())),
        picks: pick_points,
        pick_rows: picks.to_vec(),
        ordered: chosen.radii().is_some(),
        radii: radii.iter().take(picks.len()).map(|&radius| short(radius)).collect(),
        served: chosen.served(picks.len()),
        labeled: labeled_points,
        farthest: farthest_points,
        farthest_row,
        outliers: outlier_points,
        outlier_distances: distances_of(&outliers, chosen),
        outlier_rows: outliers,
        view,
        drawn: rows.len(),
    })
}

/// At most `most` of `rows`, evenly.
fn thinned(rows: &[usize], most: usize) -> Vec<usize> {
    let step = rows.len().div_ceil(most).max(1);
    rows.iter().copied().step_by(step).collect()
}

fn distances_of(rows: &[usize], chosen: &Chosen) -> Vec<f64> {
    let Some(distances) = chosen.min_distances else { return Vec::new() };
    rows.iter().map(|&row| short(distances[row])).collect()
}

fn place(pool: &Pool, projection: &Projection, view: &View, rows: &[usize]) -> Vec<[f64; 2]> {
    let height = |row: usize| row as f64 / pool.rows() as f64;
    rows.iter()
        .map(|&row| {
            let [x, y] = projection.point(pool, row);
            [x, if view.line { height(row) } else { y }]
        })
        .collect()
}

/// The rectangle that holds every point.
struct Frame {
    low: [f64; 2],
    high: [f64; 2],
}

impl Frame {
    fn around<'p>(points: impl Iterator<Item = &'p [f64; 2]>) -> Frame {
        let mut frame = Frame { low: [f64::INFINITY; 2], high: [f64::NEG_INFINITY; 2] };
        for point in points {
            for (axis, &at) in point.iter().enumerate() {
                frame.low[axis] = frame.low[axis].min(at);
                frame.high[axis] = frame.high[axis].max(at);
            }
        }
        frame
    }

    fn span(&self, axis: usize) -> f64 {
        self.high[axis] - self.low[axis]
    }

    /// Both axes to one scale; a line's rows get a strip.
    fn aspect(&self, view: &View) -> f64 {
        let aspect = self.span(1) / self.span(0).max(f64::MIN_POSITIVE);
        if view.line { 0.3 } else { aspect.clamp(0.2, 1.5) }
    }

    fn encode(&self, points: &[[f64; 2]]) -> String {
        let unit = |point: &[f64; 2], axis: usize| {
            let span = self.span(axis);
            let share = if span > 0.0 { (point[axis] - self.low[axis]) / span } else { 0.5 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1")]
            let place = (share.clamp(0.0, 1.0) * 65535.0).round() as u16;
            place
        };
        let places: Vec<u16> = points.iter().flat_map(|p| [unit(p, 0), unit(p, 1)]).collect();
        base64(&places)
    }
}

fn owners(chosen: &Chosen, rows: &[usize], drawn: usize) -> Vec<u16> {
    let Some(assignment) = chosen.assignment else { return Vec::new() };
    let owner = |&row: &usize| match usize::try_from(assignment[row]) {
        Ok(pick) if pick < drawn => u16::try_from(pick + 1).expect("fewer picks than 2^16"),
        _ => 0,
    };
    rows.iter().map(owner).collect()
}

/// The figure, or a sentence where there is nothing to map.
pub(super) fn figure(map: Option<&Map>, pool: &Pool, chosen: &Chosen, about: &About) -> String {
    let Some(map) = map else {
        return absent("All rows looked at are equal: there is nothing to map.");
    };
    let label = match map.ordered {
        true => "Map of the pool in two dimensions, with the picks in order",
        false => "Map of the pool in two dimensions, with the picks and the rows left uncovered",
    };
    format!(
        r#"<figure class="map" id="map"><div class="stage" style="aspect-ratio:1/{aspect:.4}"><canvas role="img" aria-label="{label}"></canvas><div class="tip" hidden></div></div>
{controls}<noscript><p class="absent">The map needs JavaScript; the tables below do not.</p></noscript>
<figcaption>{legend}<p>{caption}</p></figcaption></figure>"#,
        aspect = map.aspect,
        controls = controls(map),
        legend = legend(map, chosen, about),
        caption = caption(map, pool, about),
    )
}

/// The control that plays the picks one after another, if they have an order.
fn controls(map: &Map) -> String {
    if !map.ordered {
        return String::new();
    }
    let picks = map.pick_rows.len();
    format!(
        r#"<div class="controls"><button type="button" id="play">Play</button><input type="range" id="shown" min="0" max="{picks}" value="{picks}" step="1" aria-label="Picks shown"><output id="map-read" for="shown"></output></div>
"#
    )
}

fn legend(map: &Map, chosen: &Chosen, about: &About) -> String {
    let mut legend = String::from(r#"<span class="key row">row</span> "#);
    legend += match chosen.kind {
        Kind::Greedy { .. } => r#"<span class="key ramp">pick, first to last</span>"#,
        Kind::Robust { .. } => r#"<span class="key chosen">pick</span>"#,
    };
    if !map.labeled.is_empty() {
        legend += r#" <span class="key labeled">labeled row</span>"#;
    }
    if !map.outlier_rows.is_empty() {
        legend += r#" <span class="key outlier">row left uncovered</span>"#;
    }
    if about.options.labeled_vectors.is_some() {
        legend += " Labeled vectors from outside the pool are not shown.";
    }
    if map.ordered && (!chosen.centers.is_empty() || map.farthest_row.is_some()) {
        legend += r#" <span class="key ring">farthest row left, the next to be picked</span>"#;
    }
    legend
}

fn caption(map: &Map, pool: &Pool, about: &About) -> String {
    let n = pool.rows();
    let which = match map.drawn == n {
        true => format!("All {} rows", count(n)),
        false => format!("{} of {} rows, evenly sampled", count(map.drawn), count(n)),
    };
    let cosine = match about.options.metric {
        Metric::Euclidean => "",
        Metric::Cosine => ", scaled to norm 1",
    };
    let [first, second] = map.view.explained;
    if map.view.line {
        return format!(
            "{which}{cosine}, along the one direction they vary in; height is the row number."
        );
    }
    if pool.dimensions() == 2 {
        return format!(
            "{which}{cosine}, as they lie, turned so that they vary most from left to right."
        );
    }
    let share = percent(first + second, 1.0);
    format!(
        "{which}{cosine}, along their two directions of largest variance, which hold {share} of it: rows that look close here may be far apart in the other {} dimensions.",
        count(pool.dimensions() - 2)
    )
}
