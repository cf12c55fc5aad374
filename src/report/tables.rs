//! The numbers behind the figures.

use std::ops::Range;

use super::About;
use super::chosen::Chosen;
use super::download;
use super::format::{count, escape, fine, number, percent};
use super::page::section;
use super::words::absent;
use crate::pool::{Id, Pool};
use crate::robust::RobustSelection;
use crate::selection::Selection;

/// Lines of a table in the open, and in all.
const FIRST_LINES: usize = 12;
const MOST_LINES: usize = 200;

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
        let radius = selection.radii[picks - 1];
        format!(
            r#"<tr><td>{}</td><td>{}</td><td class="share"><i style="width:{:.1}%"></i>{}</td></tr>"#,
            count(picks),
            number(radius),
            if widest > 0.0 { 100.0 * radius / widest } else { 0.0 },
            percent(radius, widest)
        )
    };
    let lines: String = round_numbers(selection.radii.len()).into_iter().map(line).collect();
    format!(
        r#"<div class="scroll"><table><caption>Radius by number of picks</caption><thead><tr><th scope="col">picks</th><th scope="col">radius</th><th scope="col">of the first radius</th></tr></thead><tbody>{}{lines}</tbody></table></div>"#,
        initial(selection)
    )
}

fn initial(selection: &Selection) -> String {
    if !selection.initial_radius.is_finite() {
        return String::new();
    }
    format!(
        "<tr><td>0</td><td>{}</td><td>labeled alone</td></tr>",
        number(selection.initial_radius)
    )
}

/// The picks, with their ranks and radii if they have an order.
pub(super) fn picks(pool: &Pool, chosen: &Chosen, about: &About) -> String {
    let picks = chosen.centers.len();
    if picks == 0 {
        return absent("No row was picked.");
    }
    let served = chosen.served(picks.min(MOST_LINES));
    let csv = download::csv(pool, chosen, about);
    folded("Picks", picks, |lines| pick_table(pool, chosen, about.ids, &served, lines))
        + download::button(csv.as_deref(), chosen)
}

/// How many rows and picks each file has, where there are several.
pub(super) fn files(pool: &Pool, chosen: &Chosen) -> String {
    let files = pool.files();
    if files.len() < 2 {
        return String::new();
    }
    let file_of = |row: usize| pool.first_rows().partition_point(|&first| first <= row) - 1;
    let mut picks = vec![0; files.len()];
    chosen.centers.iter().for_each(|&row| picks[file_of(row)] += 1);
    let ends = pool.first_rows().iter().skip(1).copied().chain([pool.rows()]);
    let rows: Vec<usize> = ends.zip(pool.first_rows()).map(|(end, first)| end - first).collect();
    let cells = |at: usize| {
        let name = escape(&files[at].display().to_string());
        let share = percent(picks[at] as f64, chosen.centers.len().max(1) as f64);
        vec![name, count(rows[at]), count(picks[at]), share]
    };
    let heads = ["file", "rows", "picks", "of the picks"];
    section("Picks by file", &folded("Files", files.len(), |lines| table(&heads, lines.map(cells))))
}

/// A line a pick: its rank and radius where picks have an order, its id where rows have some, and where it lies in one of several files.
fn pick_table(
    pool: &Pool,
    chosen: &Chosen,
    ids: &[Id],
    served: &[usize],
    picks: Range<usize>,
) -> String {
    let radii = chosen.radii();
    let has_files = pool.files().len() > 1;
    let cells = |t: usize| {
        let row = chosen.centers[t];
        let mut cells = Vec::new();
        cells.extend(radii.map(|_| (t + 1).to_string()));
        cells.push(row.to_string());
        cells.extend(ids.get(t).map(|id| escape(&id.to_string())));
        if let Some((file, row_in_file)) = pool.place(row).filter(|_| has_files) {
            cells.extend([escape(&file.display().to_string()), row_in_file.to_string()]);
        }
        let radius =
            |radii: &[f64]| radii.get(t).map_or("unknown".into(), |&radius| number(radius));
        cells.extend(radii.map(radius));
        cells.extend(served.get(t).map(|&rows| count(rows)));
        cells
    };
    let heads = [
        (radii.is_some(), "rank"),
        (true, "row"),
        (!ids.is_empty(), "id"),
        (has_files, "file"),
        (has_files, "row in it"),
        (radii.is_some(), "radius after it"),
        (!served.is_empty(), "rows nearest to it"),
    ];
    let heads: Vec<&str> =
        heads.into_iter().filter(|(is_there, _)| *is_there).map(|(_, head)| head).collect();
    table(&heads, picks.map(cells))
}

/// The rows left uncovered, the farthest first.
pub(super) fn outliers(chosen: &Chosen) -> String {
    if chosen.outliers().is_empty() {
        return absent("None.");
    }
    let distance = |row: usize| chosen.min_distances.map(|distances| distances[row]);
    let mut rows = chosen.outliers().to_vec();
    rows.sort_by(|&a, &b| distance(b).partial_cmp(&distance(a)).expect("no distance is NaN"));
    let heads = match chosen.min_distances {
        Some(_) => &["row", "distance to its nearest center"][..],
        None => &["row"],
    };
    let cells = |&row: &usize| {
        [row.to_string()].into_iter().chain(distance(row).map(number)).collect::<Vec<_>>()
    };
    folded("Rows", rows.len(), |lines| table(heads, rows[lines].iter().map(cells)))
}

/// Every radius that was decided, in the order of the search.
pub(super) fn decisions(selection: &RobustSelection) -> String {
    let decisions = &selection.decisions;
    if decisions.is_empty() {
        return absent("None was decided.");
    }
    let heads = ["no.", "radius", "came to", "by", "rows × columns left", "seconds"];
    let cells = |at: usize| {
        let decision = &decisions[at];
        let (rows, columns) = decision.residue;
        vec![
            (at + 1).to_string(),
            fine(decision.radius),
            decision.verdict().into(),
            decision.by.to_string(),
            format!("{} × {}", count(rows), count(columns)),
            format!("{:.3}", decision.seconds),
        ]
    };
    folded("Radii", decisions.len(), |lines| table(&heads, lines.map(cells)))
}

/// A table of `lines` lines that `table` makes any part of: the first in the open, the next folded away, the rest left out.
fn folded(name: &str, lines: usize, table: impl Fn(Range<usize>) -> String) -> String {
    let listed = lines.min(MOST_LINES);
    let open = listed.min(FIRST_LINES);
    let mut out = table(0..open);
    if listed > open {
        let (rest, from) = (table(open..listed), open + 1);
        let of = if lines > listed { format!(" of {}", count(lines)) } else { String::new() };
        out +=
            &format!("<details><summary>{name} {from} to {listed}{of}</summary>{rest}</details>");
    }
    out
}

fn table(heads: &[&str], lines: impl Iterator<Item = Vec<String>>) -> String {
    let heads: String =
        heads.iter().map(|head| format!(r#"<th scope="col">{head}</th>"#)).collect();
    let mut body = String::new();
    for cells in lines {
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        body += &format!("<tr>{cells}</tr>");
    }
    format!(
        r#"<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"#
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
