//! The numbers behind the figures.

use super::format::{count, number, percent};
use super::map::served;
use crate::selection::Selection;

/// Picks listed in the open, and in all.
const FIRST_PICKS: usize = 12;
const MOST_PICKS: usize = 200;

/// 1, 2, 5, 10, 20, 50, ... up to `last`, and `last` itself.
pub(super) fn round_numbers(last: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(1usize), |power| power.checked_mul(10));
    let mut numbers: Vec<usize> = powers
        .flat_map(|power| [1, 2, 5].map(|factor| factor * power))
        .take_while(|&number| number < last)
        .collect();
    if last > 0 {
        numbers.push(last);
    }
    numbers
}

/// The coverage curve at round numbers of picks.
pub(super) fn radii(selection: &Selection) -> String {
    let widest = selection.radii.first().copied().unwrap_or(0.0);
    let line = |picks: usize| {
        let (radius, lower) = (selection.radii[picks - 1], selection.lower_bounds[picks - 1]);
        format!(
            r#"<tr><td>{}</td><td>{}</td><td>{}</td><td class="share"><i style="width:{:.1}%"></i>{}</td></tr>"#,
            count(picks),
            number(radius),
            number(lower),
            if widest > 0.0 { 100.0 * radius / widest } else { 0.0 },
            percent(radius, widest)
        )
    };
    let lines: String = round_numbers(selection.radii.len()).into_iter().map(line).collect();
    format!(
        r#"<div class="scroll"><table><caption>Radius by number of picks</caption><thead><tr><th scope="col">picks</th><th scope="col">radius</th><th scope="col">proven lower bound</th><th scope="col">of the first radius</th></tr></thead><tbody>{}{lines}</tbody></table></div>"#,
        initial(selection)
    )
}

fn initial(selection: &Selection) -> String {
    if !selection.initial_radius.is_finite() {
        return String::new();
    }
    format!(
        "<tr><td>0</td><td>{}</td><td>–</td><td>labeled alone</td></tr>",
        number(selection.initial_radius)
    )
}

/// The first picks, in order; most of them folded away.
pub(super) fn picks(selection: &Selection) -> String {
    if selection.centers.is_empty() {
        return "<p class=\"absent\">No row was picked.</p>".into();
    }
    let listed = selection.centers.len().min(MOST_PICKS);
    let served = served(selection, listed);
    let open = listed.min(FIRST_PICKS);
    let mut out = pick_table(selection, &served, 0..open);
    if listed > open {
        let rest = pick_table(selection, &served, open..listed);
        let (from, to) = (open + 1, listed);
        out += &format!("<details><summary>Picks {from} to {to}</summary>{rest}</details>");
    }
    out
}

fn pick_table(selection: &Selection, served: &[usize], picks: std::ops::Range<usize>) -> String {
    let line = |t: usize| {
        let radius = selection.radii.get(t).map_or("unknown".into(), |&radius| number(radius));
        let near = served.get(t).map_or(String::new(), |&rows| format!("<td>{}</td>", count(rows)));
        format!(
            "<tr><td>{}</td><td>{}</td><td>{radius}</td>{near}</tr>",
            t + 1,
            selection.centers[t]
        )
    };
    let near = if served.is_empty() { "" } else { "<th scope=\"col\">rows nearest to it</th>" };
    let lines: String = picks.map(line).collect();
    format!(
        r#"<div class="scroll"><table><thead><tr><th scope="col">rank</th><th scope="col">row</th><th scope="col">radius after it</th>{near}</tr></thead><tbody>{lines}</tbody></table></div>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_numbers_end_with_the_last() {
        assert!(round_numbers(0).is_empty());
        assert_eq!(round_numbers(1), [1]);
        assert_eq!(round_numbers(5), [1, 2, 5]);
        assert_eq!(round_numbers(73), [1, 2, 5, 10, 20, 50, 73]);
    }
}
