//! The picks as a file that the page itself holds: the same columns as the program writes.

use super::About;
use super::chosen::Chosen;
use crate::pool::Pool;

/// Bytes of the file, at most: the page stays small. Of more the program's own output is named.
const MOST_BYTES: usize = 400_000;

/// The picks as .csv, of which the page's script makes a file; none if there are no picks, or too many.
pub(super) fn csv(pool: &Pool, chosen: &Chosen, about: &About) -> Option<String> {
    if chosen.centers.is_empty() {
        return None;
    }
    let (radii, has_ids) = (chosen.radii(), !about.ids.is_empty());
    let has_files = !pool.files().is_empty();
    let heads = [
        ("rank", radii.is_some()),
        ("row", true),
        ("id", has_ids),
        ("file", has_files),
        ("row_in_file", has_files),
        ("radius", radii.is_some()),
    ];
    let heads: Vec<&str> =
        heads.into_iter().filter(|(_, is_there)| *is_there).map(|(head, _)| head).collect();
    let mut text = heads.join(",") + "\n";
    for (t, &row) in chosen.centers.iter().enumerate() {
        let mut cells = Vec::new();
        cells.extend(radii.map(|_| (t + 1).to_string()));
        cells.push(row.to_string());
        cells.extend(about.ids.get(t).map(|id| cell(&id.to_string())));
        if let Some((file, row_in_file)) = pool.place(row) {
            cells.extend([cell(&file.display().to_string()), row_in_file.to_string()]);
        }
        cells.extend(
            radii.map(|radii| radii.get(t).map_or(String::new(), |radius| radius.to_string())),
        );
        text += &(cells.join(",") + "\n");
        if text.len() > MOST_BYTES {
            return None;
        }
    }
    Some(text)
}

/// A cell of a table, in quotes where it needs them.
fn cell(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.into(),
    }
}

/// The button, or what to do where there is none.
pub(super) fn button(csv: Option<&str>, chosen: &Chosen) -> &'static str {
    match csv {
        Some(_) => {
            r#"<p class="controls"><button type="button" id="save" hidden>Save as .csv</button></p>"#
        }
        None if chosen.centers.is_empty() => "",
        None => r#"<p class="note">All of them: --output picks.csv</p>"#,
    }
}

/// The text as a value of JSON that may stand in a page.
pub(super) fn json(csv: Option<&str>) -> String {
    serde_json::to_string(&csv).expect("a text is JSON").replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(cell("a b"), "a b");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("a\"b"), "\"a\"\"b\"");
        assert_eq!(json(Some("</script>\n")), r#""\u003c/script>\n""#);
        assert_eq!(json(None), "null");
    }
}
