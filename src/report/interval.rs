//! The interval that holds the best radius, and how each decision narrowed it.

use super::axis::Axis;
use super::curve::spread;
use super::format::{count, fine, plural, short};
use super::plot::{MOST_DOTS, Plot, READING, VIEWS, views};
use super::words::absent;
use crate::robust::{Candidates, Decision, End, RobustOptions, RobustSelection};

/// Decisions drawn at most: more than a screen has columns.
const MOST_POINTS: usize = 2000;

/// The result of a radius tried: its verdict, which is also its key's class, and the class of its dot.
const VERDICTS: [(&str, &str); 3] =
    [("covered", "dots"), ("refuted", "dots refuted"), ("open", "dots open")];

/// The interval once `decisions` radii were decided.
struct Point {
    decisions: usize,
    /// Since the run began.
    seconds: f64,
    upper: f64,
    lower: f64,
}

impl Point {
    fn after(selection: &RobustSelection, at: usize) -> Point {
        let Decision { elapsed, upper, lower, .. } = selection.decisions[at];
        Point { decisions: at + 1, seconds: elapsed, upper, lower }
    }

    /// One of the two numbers that may lie along x.
    fn column(&self, column: usize) -> f64 {
        [self.decisions as f64, self.seconds][column]
    }
}

/// Where greedy left the interval, and where every decision did.
fn points(selection: &RobustSelection, robust: &RobustOptions) -> Vec<Point> {
    let begun = Point {
        decisions: 0,
        seconds: selection.search.greedy_seconds,
        upper: selection.greedy_radius,
        lower: selection.greedy_lower,
    };
    let decided = spread(selection.decisions.len(), MOST_POINTS);
    let decided = decided.into_iter().map(|at| Point::after(selection, at));
    let mut points: Vec<Point> = [begun].into_iter().chain(decided).collect();
    if let Some(last) = points.last_mut() {
        (last.lower, last.upper) = end(selection, robust, last.lower);
    }
    points
}

/// Where the search left the interval, which after the last decision, with `lower`, may have closed for want of a radius in it.
fn end(selection: &RobustSelection, robust: &RobustOptions, lower: f64) -> (f64, f64) {
    let upper = selection.upper;
    let lower = match selection.end {
        End::Optimal | End::Candidates => upper,
        _ if is_restricted(robust) => lower.min(upper),
        _ => selection.lower,
    };
    (lower, upper)
}

/// Whether decisions tell of greedy's picks alone, not of all choices of rows.
fn is_restricted(robust: &RobustOptions) -> bool {
    robust.candidates == Candidates::Greedy
}

/// The figure, or a sentence where no radius was decided.
pub(super) fn figure(selection: &RobustSelection, robust: &RobustOptions) -> String {
    if selection.decisions.is_empty() {
        return absent(match selection.is_optimal() {
            true => "What greedy left was the best radius already: none had to be decided.",
            false => "The search ended before a radius was decided.",
        });
    }
    let points = points(selection, robust);
    let [decisions, seconds] = [0, 1].map(|column| plot(column, &points, selection, robust));
    format!(
        r#"<figure class="curve" id="curve" data-of="decisions">
{}<figcaption>{}
<output id="curve-read" aria-live="off"></output></figcaption></figure>"#,
        views([("decisions", decisions), ("seconds", seconds)], 0),
        legend(selection, robust)
    )
}

fn legend(selection: &RobustSelection, robust: &RobustOptions) -> String {
    let key = |class: &str, text: &str| format!(r#"<span class="key {class}">{text}</span> "#);
    let mut legend = key("line", "radius reached");
    legend += &key("dashed", &format!("greedy’s radius: {}", fine(selection.greedy_radius)));
    legend += &match is_restricted(robust) {
        false => key("band", "where the best possible radius lies"),
        true => {
            key("band", "where the best radius of greedy’s picks lies")
                + &key("floor", "proven of every choice of rows")
        }
    };
    let tried = |verdict| selection.decisions.iter().filter(|d| d.verdict() == verdict).count();
    let drawn = VERDICTS.iter().filter(|(verdict, _)| (1..=MOST_DOTS).contains(&tried(*verdict)));
    legend
        + &drawn
            .map(|(verdict, _)| key(verdict, &format!("radius tried: {verdict}")))
            .collect::<String>()
}

fn plot(
    column: usize,
    points: &[Point],
    selection: &RobustSelection,
    robust: &RobustOptions,
) -> String {
    let last = &points[points.len() - 1];
    let plot = Plot {
        class: VIEWS[column],
        title: "The interval that holds the best radius",
        description: in_words(points),
        x: Axis::linear(0.0, last.column(column)),
        y: heights(points),
        x_name: ["radii decided", "seconds"][column],
        y_name: "radius",
        x_whole: column == 0,
        x_column: column,
    };
    let upper = stairs(points, |point| (point.column(column), point.upper));
    let lower = stairs(points, |point| (point.column(column), point.lower));
    let mut shapes = plot.band(&upper, &lower);
    shapes += &plot.across("dashed", selection.greedy_radius);
    if is_restricted(robust) {
        shapes += &plot.across("floor", selection.lower);
    }
    shapes += &plot.path("line", upper.into_iter());
    for (verdict, class) in VERDICTS {
        shapes += &plot.dots(class, &tried(selection, verdict, column));
    }
    plot.frame(&shapes, READING)
}

/// The radii tried that came to `verdict`, each where it was decided.
fn tried(selection: &RobustSelection, verdict: &str, column: usize) -> Vec<(f64, f64)> {
    let decisions = selection.decisions.iter().enumerate();
    decisions
        .filter(|(_, decision)| decision.verdict() == verdict)
        .map(|(at, decision)| (Point::after(selection, at).column(column), decision.radius))
        .collect()
}

/// The radii there are, with a margin.
fn heights(points: &[Point]) -> Axis {
    let highest = points.iter().map(|point| point.upper).fold(0.0, f64::max);
    let lowest = points.iter().map(|point| point.lower).fold(highest, f64::min);
    let margin = 0.06 * (highest - lowest);
    Axis::linear((lowest - margin).max(0.0), highest + margin)
}

/// A line that keeps its height up to the next point.
fn stairs(points: &[Point], place: impl Fn(&Point) -> (f64, f64)) -> Vec<(f64, f64)> {
    let places: Vec<(f64, f64)> = points.iter().map(place).collect();
    let mut stairs = vec![places[0]];
    for pair in places.windows(2) {
        stairs.extend([(pair[1].0, pair[0].1), pair[1]]);
    }
    stairs
}

fn in_words(points: &[Point]) -> String {
    let (first, last) = (&points[0], &points[points.len() - 1]);
    format!(
        "From {} to {} when greedy was done; from {} to {} after {} {}.",
        fine(first.lower),
        fine(first.upper),
        fine(last.lower),
        fine(last.upper),
        count(last.decisions),
        plural(last.decisions, "decision", "decisions")
    )
}

/// The points for the page's read-out, each `[decisions, seconds, upper, lower]`; none if there is no figure.
pub(super) fn json(selection: &RobustSelection, robust: &RobustOptions) -> String {
    if selection.decisions.is_empty() {
        return "[]".into();
    }
    let points: Vec<(usize, f64, f64, f64)> = points(selection, robust)
        .iter()
        .map(|p| (p.decisions, short(p.seconds), short(p.upper), short(p.lower)))
        .collect();
    serde_json::to_string(&points).expect("numbers are JSON")
}
