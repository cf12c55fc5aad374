//! The values in a list, as JSON, Python, NumPy and PostgreSQL write one.

/// What stands between the brackets of `text`, value by value: between commas, or where there are none, between spaces. None if it is no
/// list.
pub(super) fn values(text: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let text = text.trim_ascii();
    let inner = match text {
        [b'[', inner @ .., b']'] | [b'{', inner @ .., b'}'] => inner.trim_ascii(),
        _ => return None,
    };
    let has_commas = inner.contains(&b',');
    let ends = move |&byte: &u8| if has_commas { byte == b',' } else { byte.is_ascii_whitespace() };
    let values = inner.split(ends).filter(move |value| has_commas || !value.is_empty());
    Some(values)
}

/// Whether `text` may be a list.
pub(super) fn is_list(text: &[u8]) -> bool {
    values(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn lists_of_every_kind() {
        let found = |text: &'static str| -> Option<Vec<&str>> {
            let values = values(text.as_bytes())?;
            Some(values.map(|value| std::str::from_utf8(value).unwrap().trim()).collect())
        };
        for text in ["[1,2.5]", " [ 1, 2.5 ] ", "{1,2.5}", "[1 2.5]", "[ 1\n  2.5 ]"] {
            assert_eq!(found(text), Some(vec!["1", "2.5"]), "{text}");
        }
        assert_eq!(found("[1,,2]"), Some(vec!["1", "", "2"]));
        assert_eq!(found("[]"), Some(vec![]));
        assert_eq!(found("1,2"), None);
    }
}
