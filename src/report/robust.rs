//! The page of a robust selection: its radius beside what is proven, how the search came to it, and the rows it leaves uncovered.

use super::About;
use super::chosen::Chosen;
use super::format::{count, fine, percent, plural};
use super::interval;
use super::page::{self, Parts, pair, section, tile};
use super::run;
use super::tables;
use super::words::{capital, center, chord, every_row, exclusion};
use crate::certificate::LowerBy;
use crate::pool::Pool;
use crate::robust::{Candidates, End, RobustOptions, RobustSelection};

const METHOD: &str = "The rows were selected by robust k-center: chosen together, so that the radius is as small as possible once the rows farthest from their centers, as many as may stay uncovered, are left out of account. The search goes down from the radius that greedy k-center leaves and decides one radius after another: some choice of rows reaches it, or none can. What is left is an interval that holds the best radius. The picks have no order, and those of a larger budget may be entirely others. This is the paper’s Algorithm 2, corrected: as printed, its lower bound does not hold with outliers, and it need not end. The radius is the largest distance from any row that is not left out to its nearest center.";

/// The whole file.
pub(super) fn page(
    pool: &Pool,
    selection: &RobustSelection,
    robust: &RobustOptions,
    about: &About,
) -> String {
    let chosen = Chosen::from(selection);
    let mut lists = section("How each radius was decided", &tables::decisions(selection));
    lists += &pair([
        ("The picks", tables::picks(pool, &chosen, about)),
        ("The rows left uncovered", tables::outliers(&chosen)),
    ]);
    let parts = Parts {
        headline: headline(selection),
        tiles: tiles(selection, about),
        meaning: meaning(pool, selection, robust, about),
        curve_title: "How the interval narrowed",
        curve: interval::figure(selection, robust),
        curve_points: interval::json(selection, robust),
        map_title: match chosen.outliers().is_empty() {
            true => "The pool and the picks",
            false => "The pool, the picks and the rows left uncovered",
        },
        tables: lists,
        statistics: run::search(pool, selection),
        asked: run::asked(selection, robust),
        method: METHOD,
        loss_grows_with: "the radius and with the share of rows left uncovered",
    };
    page::page(pool, &chosen, about, parts)
}

fn headline(selection: &RobustSelection) -> String {
    match selection.outliers.len() {
        0 => String::new(),
        outliers => format!(", {} left uncovered", count(outliers)),
    }
}

fn tiles(selection: &RobustSelection, about: &About) -> String {
    let radius = match selection.upper.is_finite() {
        true => tile(&fine(selection.upper), &radius_meaning(selection, about)),
        false => tile("unknown", "radius: no center was found"),
    };
    [radius, outliers(selection), lower(selection), gap(selection), greedy(selection)].concat()
}

fn radius_meaning(selection: &RobustSelection, about: &About) -> String {
    let but = match selection.outliers.len() {
        0 => "no row is farther from a center".into(),
        1 => "only 1 row is farther from every center".into(),
        rows => format!("only {} rows are farther from every center", count(rows)),
    };
    format!("radius: {but}{}", chord(selection.upper, about.options))
}

fn outliers(selection: &RobustSelection) -> String {
    let allowed = selection.certificate.outliers;
    if allowed == 0 {
        return String::new();
    }
    let left = selection.outliers.len();
    let rows = plural(left, "row", "rows");
    tile(&count(left), &format!("{rows} left uncovered, of {} that may be", count(allowed)))
}

/// The knowledge of the best radius.
enum Proof {
    /// It cannot be below zero, which was reached.
    Zero,
    None,
    /// It is at least `lower`; where only a search says so, `checked` is what can be checked without it.
    Bound {
        lower: f64,
        checked: Option<f64>,
    },
}

impl Proof {
    fn of(selection: &RobustSelection) -> Proof {
        let certificate = &selection.certificate;
        if selection.upper == 0.0 {
            return Proof::Zero;
        }
        if selection.lower == 0.0 {
            return Proof::None;
        }
        let checked = match certificate.lower_by {
            LowerBy::Dual => None,
            LowerBy::BranchAndBound => Some(certificate.dual.radius),
        };
        Proof::Bound { lower: selection.lower, checked }
    }
}

fn lower(selection: &RobustSelection) -> String {
    match Proof::of(selection) {
        Proof::Zero => String::new(),
        Proof::None => tile("none", "lower bound: none is proven yet"),
        Proof::Bound { lower, checked: None } => {
            tile(&fine(lower), "lower bound, proven by a certificate")
        }
        Proof::Bound { lower, checked: Some(checked) } => {
            let checked = fine(checked);
            let by = format!("lower bound, by branch and bound; a certificate proves {checked}");
            tile(&fine(lower), &by)
        }
    }
}

fn gap(selection: &RobustSelection) -> String {
    match Proof::of(selection) {
        Proof::Zero => tile("optimal", "a radius cannot be smaller"),
        Proof::None => String::new(),
        Proof::Bound { .. } if selection.is_optimal() => {
            tile("optimal", &format!("{} has a smaller radius", no_choice(selection)))
        }
        Proof::Bound { .. } => tile(
            &gap_percent(selection),
            "gap: the best possible radius is at most this much smaller",
        ),
    }
}

fn gap_percent(selection: &RobustSelection) -> String {
    percent(selection.upper - selection.lower, selection.upper)
}

fn greedy(selection: &RobustSelection) -> String {
    if !greedy_is_whole(selection) {
        let budget = count(selection.certificate.budget);
        return tile(
            "unknown",
            &format!("greedy’s radius: it was ended before its {budget} picks"),
        );
    }
    let meaning = format!("greedy’s radius, with the same budget{}", more(selection));
    tile(&fine(selection.greedy_radius), &meaning)
}

/// Whether greedy was not ended before it had made as many picks as were asked for.
fn greedy_is_whole(selection: &RobustSelection) -> bool {
    selection.centers.len() == selection.certificate.budget
}

/// By how much greedy's radius is larger.
fn more(selection: &RobustSelection) -> String {
    let (greedy, upper) = (selection.greedy_radius, selection.upper);
    match greedy - upper {
        0.0 => ": the same".into(),
        _ if upper == 0.0 => String::new(),
        more => format!(": {} more", percent(more, upper)),
    }
}

/// `no choice of 20 rows`, and how many rows it may leave.
fn no_choice(selection: &RobustSelection) -> String {
    let (budget, outliers) = (selection.certificate.budget, selection.certificate.outliers);
    let choice = format!("no choice of {} {}", count(budget), plural(budget, "row", "rows"));
    match outliers {
        0 => choice,
        _ => format!("{choice} that leaves at most {} uncovered", count(outliers)),
    }
}

/// The result in a few sentences.
fn meaning(
    pool: &Pool,
    selection: &RobustSelection,
    robust: &RobustOptions,
    about: &About,
) -> String {
    let mut sentences = vec![outcome(selection, about)];
    sentences.extend(proof(selection));
    sentences.extend(ending(selection, robust));
    if !greedy_is_whole(selection) {
        let (picked, budget) = (selection.centers.len(), selection.certificate.budget);
        sentences.push(format!(
            "Greedy, where a search begins, was ended after {} of {} picks.",
            count(picked),
            count(budget)
        ));
    }
    sentences.extend(exclusion(pool, about.options));
    sentences.join(" ")
}

fn outcome(selection: &RobustSelection, about: &About) -> String {
    if !selection.upper.is_finite() {
        return "The run ended before any center was found.".into();
    }
    let rows = every_row(selection.outliers.len(), about.options);
    let center = center(&Chosen::from(selection), about.options);
    let covered = capital(&format!("{rows} lies within {} of {center}", fine(selection.upper)));
    let no_choice = no_choice(selection);
    match Proof::of(selection) {
        Proof::Zero => format!("{covered}: nothing is left to cover."),
        Proof::None => format!("{covered}; how near that is to the best possible is not known."),
        Proof::Bound { .. } if selection.is_optimal() => {
            format!("{covered}, and {no_choice} has a smaller radius.")
        }
        Proof::Bound { lower, .. } => format!(
            "{covered}, and {no_choice} has a radius below {}: the best possible one is at most {} smaller.",
            fine(lower),
            gap_percent(selection)
        ),
    }
}

/// The sentence that says on which proof the lower bound rests.
fn proof(selection: &RobustSelection) -> Option<String> {
    let Proof::Bound { checked, .. } = Proof::of(selection) else { return None };
    let weighted = selection.certificate.dual.weights.len();
    let weights = format!("weights on {} {}", count(weighted), plural(weighted, "row", "rows"));
    Some(match checked {
        None => format!("The proof is a certificate, {weights}, which anyone can add up."),
        Some(0.0) => {
            "That bound is the word of an exhaustive search, which leaves no proof.".into()
        }
        Some(checked) => format!(
            "That bound is the word of an exhaustive search; a certificate, {weights}, which anyone can add up, proves {}.",
            fine(checked)
        ),
    })
}

/// Why the search ended, where that was not because nothing was left to find.
fn ending(selection: &RobustSelection, robust: &RobustOptions) -> Option<String> {
    let mut sentence = match selection.end {
        _ if selection.is_optimal() => return None,
        end => format!("The search ended there: {end}."),
    };
    if robust.candidates == Candidates::Greedy {
        sentence +=
            " Only greedy’s first picks, as many as budget and outliers together, could be chosen";
        sentence += match selection.end {
            End::Candidates => "; their best radius is at most three times the best possible.",
            _ => ".",
        };
    }
    Some(sentence)
}
