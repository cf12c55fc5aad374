//! The page: what was selected and how good that is, then the figures, then the small print.

use super::About;
use super::format::{count, escape, fill, number, percent, plural};
use super::{curve, histogram, map, run, tables};
use crate::options::Metric;
use crate::pool::Pool;
use crate::selection::Selection;

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The whole file.
pub(super) fn page(pool: &Pool, selection: &Selection, about: &About) -> String {
    let map = map::map(pool, selection, about);
    let values = [
        ("title", escape(about.pool)),
        ("style", STYLE.trim().into()),
        ("headline", headline(pool, selection)),
        ("subtitle", subtitle(pool, about)),
        ("tiles", tiles(pool, selection, about)),
        ("meaning", meaning(selection, about)),
        ("curve", curve::figure(selection, about)),
        ("radii", tables::radii(selection)),
        ("map", map::figure(map.as_ref(), pool, selection, about)),
        ("histogram", histogram::figure(selection, about)),
        ("picks", tables::picks(selection)),
        ("statistics", run::statistics(pool, selection)),
        ("settings", run::settings(pool, about)),
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("curve-points", curve::json(selection)),
        ("map-points", serde_json::to_string(&map).expect("numbers and base64 are JSON")),
        ("script", SCRIPT.trim().into()),
    ];
    fill(TEMPLATE, &values)
}

fn headline(pool: &Pool, selection: &Selection) -> String {
    let (picked, n) = (selection.centers.len(), pool.rows());
    match picked {
        0 => format!("No row selected of {}", count(n)),
        _ => format!("{} of {} rows selected", count(picked), count(n)),
    }
}

fn subtitle(pool: &Pool, about: &About) -> String {
    format!("from <b>{}</b>, {} values a row", escape(about.pool), count(pool.dimensions()))
}

/// How good the selection is, where that is known.
struct Quality {
    radius: f64,
    /// No choice of as many rows has a radius below this.
    lower: Option<f64>,
}

impl Quality {
    fn of(selection: &Selection) -> Quality {
        let known = selection.radii.len();
        Quality {
            radius: selection.radius(),
            lower: known.checked_sub(1).map(|last| selection.lower_bounds[last]),
        }
    }

    /// The radius over the lower bound.
    fn factor(&self) -> Option<f64> {
        self.lower.filter(|lower| *lower > 0.0).map(|lower| self.radius / lower)
    }
}

fn tile(value: &str, meaning: &str) -> String {
    format!(r#"<div class="tile"><b>{value}</b><span>{meaning}</span></div>"#)
}

fn tiles(pool: &Pool, selection: &Selection, about: &About) -> String {
    let quality = Quality::of(selection);
    let (picked, n) = (selection.centers.len(), pool.rows());
    let share = percent(picked as f64, n as f64);
    let mut tiles = tile(&share, "of the pool selected");
    tiles += &tile(&known(quality.radius), &radius_meaning(&quality, about));
    if let Some(lower) = quality.lower {
        let rows = plural(selection.radii.len(), "row", "rows");
        let picks = count(selection.radii.len());
        tiles +=
            &tile(&number(lower), &format!("proven: no {picks} {rows} have a radius below this"));
    }
    if let Some(factor) = quality.factor() {
        let factor = format!("{factor:.2}×");
        tiles += &tile(&factor, "at most this far from the best possible radius");
    } else if quality.radius == 0.0 {
        tiles += &tile("best", "possible: a radius cannot be smaller");
    }
    tiles
}

fn known(radius: f64) -> String {
    if radius.is_finite() { number(radius) } else { "unknown".into() }
}

fn radius_meaning(quality: &Quality, about: &About) -> String {
    let mut meaning = String::from(match about.options.weights {
        None => "radius: no row is farther from a center",
        Some(_) => "weighted radius: no row’s weight times distance is more",
    });
    if about.options.metric == Metric::Cosine && quality.radius.is_finite() {
        let cosine = quality.radius * quality.radius / 2.0;
        meaning += &format!(" (a chord; cosine distance {})", number(cosine));
    }
    meaning
}

/// The result in a few sentences.
fn meaning(selection: &Selection, about: &About) -> String {
    let options = about.options;
    let labeled = options.labeled.len() + options.labeled_vectors.map_or(0, Pool::rows);
    let mut sentences = vec![outcome(selection, about, labeled)];
    if selection.interrupted {
        sentences.push(interruption(selection));
    } else if let Some(stop) = options.stop_radius.filter(|stop| selection.radius() <= *stop) {
        sentences.push(format!("That reaches the stop radius, {}.", number(stop)));
    }
    if selection.initial_radius.is_finite() && !selection.radii.is_empty() {
        sentences.push(format!(
            "The {} labeled {} alone left a radius of {}.",
            count(labeled),
            plural(labeled, "center", "centers"),
            number(selection.initial_radius)
        ));
    }
    if !options.excluded.is_empty() {
        sentences.push(format!(
            "{} excluded {} neither chosen nor counted.",
            count(options.excluded.len()),
            plural(options.excluded.len(), "row was", "rows were")
        ));
    }
    sentences.join(" ")
}

fn outcome(selection: &Selection, about: &About, labeled: usize) -> String {
    let quality = Quality::of(selection);
    let radius = known(quality.radius);
    let rows = match about.options.excluded.len() {
        0 => "every row",
        _ => "every row that counts",
    };
    let centers = match (selection.centers.len(), labeled) {
        (_, 0) => "a selected row",
        (0, _) => "a labeled center",
        _ => "a selected row or a labeled center",
    };
    let covered = match about.options.weights {
        None => format!("{rows} lies within {radius} of {centers}"),
        Some(_) => format!("for {rows}, weight times distance to {centers} is at most {radius}"),
    };
    match quality.lower {
        None if selection.centers.is_empty() => {
            capital(&format!("{covered} already: nothing had to be selected."))
        }
        None => "The run ended before any radius was known.".into(),
        Some(_) if quality.radius == 0.0 => {
            capital(&format!("{covered}: nothing is left to cover."))
        }
        Some(lower) => capital(&format!(
            "{covered}, and no other choice of as many rows could bring that below {}.",
            number(lower)
        )),
    }
}

fn capital(sentence: &str) -> String {
    let (first, rest) = sentence.split_at(1);
    first.to_uppercase() + rest
}

fn interruption(selection: &Selection) -> String {
    let (picked, known) = (selection.centers.len(), selection.radii.len());
    if picked == known {
        return "The run was interrupted; these picks are its valid beginning.".into();
    }
    format!(
        "The run was interrupted after {} {}, a valid beginning of it; the radius after the last is not known, the figures above are for {}.",
        count(picked),
        plural(picked, "pick", "picks"),
        count(known)
    )
}
