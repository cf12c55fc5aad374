//! Which of several arrays in one file holds the vectors.

use crate::pool::reason::Reason;

/// More names than these are not listed.
const LISTED: usize = 12;

/// Position of `wanted` among `names`, or of the only one there is; `what` says what they are, in the plural.
pub(in crate::pool) fn choose(
    what: &str,
    names: &[&str],
    wanted: Option<&str>,
) -> Result<usize, Reason> {
    match (wanted, names) {
        (None, [_]) => Ok(0),
        (_, []) => Err(format!("holds no {what}").into()),
        (None, _) => {
            let (count, names) = (names.len(), list(names));
            Err(format!("holds {count} {what}, name the one to read: {names}").into())
        }
        (Some(wanted), _) => {
            let found = names.iter().position(|name| *name == wanted);
            let missing = || format!("has '{wanted}' not among its {what}: {}", list(names)).into();
            found.ok_or_else(missing)
        }
    }
}

/// The names, the first of them where there are many.
pub(in crate::pool) fn list(names: &[&str]) -> String {
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("'{name}'")).collect();
    let more = if names.len() > LISTED { ", ..." } else { "" };
    listed.join(", ") + more
}

/// The sides of a row: `3`, or `2 x 3`.
pub(in crate::pool) fn sides_text(sides: &[usize]) -> String {
    let sides: Vec<String> = sides.iter().map(usize::to_string).collect();
    sides.join(" x ")
}
