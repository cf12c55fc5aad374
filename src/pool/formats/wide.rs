//! Tables with a column a dimension: which of their columns are meant.

use std::collections::BTreeMap;

use glob::{MatchOptions, Pattern};

use super::choose::list;
use crate::pool::reason::Reason;

/// Columns that are named one by one; of more a pattern is made.
const NAMED: usize = 4;

const LITERALLY: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

/// Positions of the columns that `patterns` match, names and patterns with commas between, in the order of the file.
///
/// # Errors
/// One of them matches none.
pub(super) fn matching(patterns: &str, names: &[&str]) -> Result<Vec<usize>, Reason> {
    let mut is_meant = vec![false; names.len()];
    for pattern in patterns.split(',').map(str::trim) {
        let glob = Pattern::new(pattern)
            .map_err(|error| format!("'{pattern}' is no pattern of columns: {error}"))?;
        let is_match = |name: &str| name == pattern || glob.matches_with(name, LITERALLY);
        let found: Vec<usize> = (0..names.len()).filter(|&at| is_match(names[at])).collect();
        if found.is_empty() {
            let names = list(names);
            return Err(format!("has no column that '{pattern}' matches: {names}").into());
        }
        found.into_iter().for_each(|at| is_meant[at] = true);
    }
    Ok((0..names.len()).filter(|&at| is_meant[at]).collect())
}

/// Why a table is refused that seems to have a column a dimension: those at `numbers`, of which `names` are all columns.
pub(super) fn advice(numbers: &[usize], names: &[&str]) -> Reason {
    let columns = pattern(numbers, names);
    let (count, s) = (numbers.len(), if numbers.len() == 1 { "" } else { "s" });
    format!(
        "has no column of lists, but {count} column{s} of numbers: --columns '{columns}' takes each for a dimension"
    )
    .into()
}

/// A pattern of the largest series of columns at `numbers`, as `f0`, `f1`, ..., that matches no other column; else their names.
fn pattern(numbers: &[usize], names: &[&str]) -> String {
    let mut series: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &at in numbers {
        let stem = names[at].trim_end_matches(|c: char| c.is_ascii_digit());
        series.entry(stem).or_default().push(at);
    }
    let largest = series.iter().max_by_key(|(_, columns)| columns.len());
    let largest = largest.filter(|(_, columns)| columns.len() > NAMED);
    let (stem, meant) = largest.map_or(("", numbers), |(stem, columns)| (*stem, columns));
    let escaped = Pattern::escape(stem);
    let tried = match meant.len() > NAMED {
        true => vec![format!("{escaped}*"), format!("{escaped}[0-9]*")],
        false => Vec::new(),
    };
    let is_exact = |pattern: &&String| {
        !pattern.contains(',') && matching(pattern, names).is_ok_and(|found| found == meant)
    };
    match tried.iter().find(is_exact) {
        Some(pattern) => pattern.clone(),
        None => meant.iter().map(|&at| names[at]).collect::<Vec<_>>().join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_names_are_in_the_order_of_the_file() {
        let names = ["id", "f1", "f0", "g", "[x]", "f10"];
        assert_eq!(matching("f*", &names).unwrap(), [1, 2, 5]);
        assert_eq!(matching("g, f?", &names).unwrap(), [1, 2, 3]);
        assert_eq!(matching("[x],g,g", &names).unwrap(), [3, 4]);
        let told = matching("f*,h*", &names).unwrap_err();
        let all = "'id', 'f1', 'f0', 'g', '[x]', 'f10'";
        assert_eq!(told, format!("has no column that 'h*' matches: {all}"));
        assert!(matching("f[", &names).unwrap_err().starts_with("'f[' is no pattern of columns: "));
    }

    #[test]
    fn the_pattern_that_is_told_matches_the_series_alone() {
        let made = |names: &[&str]| {
            let numbers: Vec<usize> = (0..names.len()).filter(|&at| names[at] != "id").collect();
            let made = pattern(&numbers, names);
            (matching(&made, names).unwrap().len(), made)
        };
        let series = |stem: &'static str| -> Vec<String> {
            (0..9).map(|at| format!("{stem}{at}")).collect()
        };
        for (stem, other, expected) in [
            ("f", "id", "f*"),
            ("f", "label", "f*"),
            ("f", "file", "f[0-9]*"),
            ("", "id", "[0-9]*"),
            ("", "price", "[0-9]*"),
            ("PC*", "id", "PC[*]*"),
        ] {
            let columns = series(stem);
            let mut names: Vec<&str> = vec![other];
            names.extend(columns.iter().map(String::as_str));
            assert_eq!(made(&names), (9, expected.to_string()));
        }
        assert_eq!(made(&["x", "y", "z", "id"]), (3, "x,y,z".into()));
    }
}
