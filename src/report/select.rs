//! The page of a selection: its radius, how that fell pick by pick, and the picks in order.

use super::About;
use super::baseline::baseline;
use super::chosen::Chosen;
use super::format::{count, number, plural};
use super::page::{self, Parts, pair, tile};
use super::words::{
    beside_the_best, capital, center, chord, equal_to, every_row, exclusion, labeled,
};
use super::{curve, run, tables};
use crate::pool::Pool;
use crate::selection::Selection;

const METHOD: &str = "The rows were selected by greedy k-center, farthest first: each pick is the row farthest from every center so far. The radius is the largest distance from any row to its nearest center.";

/// The whole file.
pub(super) fn page(pool: &Pool, selection: &Selection, about: &About) -> String {
    let chosen = Chosen::from(selection);
    let parts = Parts {
        headline: String::new(),
        tiles: tiles(selection, about),
        meaning: meaning(pool, selection, about),
        curve_title: "How coverage grows with picks",
        curve: curve::figure(selection, about),
        curve_points: curve::json(selection),
        map_title: "The pool and the picks",
        tables: baseline(pool, selection, about).unwrap_or_default()
            + &pair([
                ("How many picks are enough?", tables::radii(selection)),
                ("The first picks", tables::picks(pool, &chosen, about)),
            ])
            + &tables::files(pool, &chosen),
        statistics: run::statistics(pool, selection),
        asked: Vec::new(),
        method: METHOD,
        loss_grows_with: "the radius",
    };
    page::page(pool, &chosen, about, parts)
}

fn tiles(selection: &Selection, about: &About) -> String {
    let radius = selection.radius();
    let mut tiles = tile(&known(radius), &radius_meaning(radius, about));
    if radius == 0.0 {
        tiles += &tile("best", "possible: a radius cannot be smaller");
    }
    tiles
}

fn known(radius: f64) -> String {
    if radius.is_finite() { number(radius) } else { "unknown".into() }
}

fn radius_meaning(radius: f64, about: &About) -> String {
    let meaning = match about.options.weights {
        None => "radius: no row is farther from a center",
        Some(_) => "weighted radius: no row’s weight times distance is more",
    };
    meaning.to_string() + &chord(radius, about.options)
}

/// The result in a few sentences.
fn meaning(pool: &Pool, selection: &Selection, about: &About) -> String {
    let options = about.options;
    let labeled = labeled(options);
    let mut sentences = vec![outcome(selection, about)];
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
    sentences.extend(idleness(selection, about));
    sentences.extend(selection.statistics.beyond.map(|beyond| format!("{beyond}.")));
    sentences.extend(exclusion(pool, options));
    sentences.join(" ")
}

/// How many picks add nothing.
fn idleness(selection: &Selection, about: &About) -> Option<String> {
    let idle = selection.idle_picks();
    let (were, is) = (plural(idle, "pick was", "picks were"), equal_to(about.options));
    (idle > 0)
        .then(|| format!("{} {were} made at radius 0, where every row left {is}.", count(idle)))
}

fn outcome(selection: &Selection, about: &About) -> String {
    let radius = known(selection.radius());
    let rows = every_row(0, about.options);
    let centers = center(&Chosen::from(selection), about.options);
    let covered = match about.options.weights {
        None => format!("{rows} lies within {radius} of {centers}"),
        Some(_) => format!("for {rows}, weight times distance to {centers} is at most {radius}"),
    };
    if selection.radii.is_empty() {
        return match selection.centers.is_empty() {
            true => capital(&format!("{covered} already: nothing had to be selected.")),
            false => "The run ended before any radius was known.".into(),
        };
    }
    let quality = match beside_the_best(selection) {
        _ if selection.radius() == 0.0 => ": nothing is left to cover".into(),
        Some(factor) => {
            format!(". That is at most {factor} the least radius that as many rows can have")
        }
        None => String::new(),
    };
    capital(&format!("{covered}{quality}."))
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
