//! Which of several arrays in one file holds the vectors.

use super::Reason;

/// More names than these are not listed.
const LISTED: usize = 12;

/// `wanted` among `names`, or the only one there is; `what` says what they are, in the plural.
pub(super) fn choose<'n>(
    what: &str,
    names: &[&'n str],
    wanted: Option<&str>,
) -> Result<&'n str, Reason> {
    match (wanted, names) {
        (None, [only]) => Ok(only),
        (_, []) => Err(format!("holds no {what}").into()),
        (None, _) => {
            Err(format!("holds {} {what}, name the one to read: {}", names.len(), list(names))
                .into())
        }
        (Some(wanted), _) => {
            let found = names.iter().find(|name| **name == wanted);
            let missing = || format!("has '{wanted}' not among its {what}: {}", list(names)).into();
            found.copied().ok_or_else(missing)
        }
    }
}

fn list(names: &[&str]) -> String {
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("'{name}'")).collect();
    let more = if names.len() > LISTED { ", ..." } else { "" };
    listed.join(", ") + more
}
