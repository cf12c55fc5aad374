//! Numbers and text as the report writes them.

/// `text` safe inside HTML elements and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// `1234567` as `1,234,567`.
pub(super) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Four significant digits; scientific where plain digits would be mostly zeros.
pub(super) fn number(x: f64) -> String {
    significant(x, 4)
}

/// Six of them, for radii that are near one another.
pub(super) fn fine(x: f64) -> String {
    significant(x, 6)
}

fn significant(x: f64, digits: usize) -> String {
    let size = x.abs();
    match size {
        _ if x.is_nan() => "unknown".into(),
        f64::INFINITY => "∞".into(),
        0.0 => "0".into(),
        _ if !(1e-4..1e7).contains(&size) => format!("{x:.*e}", digits - 1),
        _ => format!("{x:.*}", decimals(rounded(size, digits - 1), digits)),
    }
}

/// Decimals that show `digits` significant digits of `size`.
fn decimals(size: f64, digits: usize) -> usize {
    let mut decimals = digits - 1;
    let mut limit = 10.0;
    while size >= limit && decimals > 0 {
        decimals -= 1;
        limit *= 10.0;
    }
    let mut limit = 1.0;
    while size < limit {
        decimals += 1;
        limit /= 10.0;
    }
    decimals
}

/// `x` to six significant digits: what a read-out shows, in few bytes.
pub(super) fn short(x: f64) -> f64 {
    rounded(x, 5)
}

/// `x` rounded to `decimals` after its first digit.
fn rounded(x: f64, decimals: usize) -> f64 {
    format!("{x:.decimals$e}").parse().expect("a printed number is a number")
}

/// A share of the whole as a percentage, `part` over `whole`.
pub(super) fn percent(part: f64, whole: f64) -> String {
    let share = 100.0 * part / whole;
    match share {
        _ if !share.is_finite() => "–".into(),
        0.0 => "0 %".into(),
        _ if share < 0.01 => "< 0.01 %".into(),
        _ if share >= 99.95 => format!("{share:.0} %"),
        _ => format!("{share:.*} %", decimals(share, 2)),
    }
}

/// `one` or `many`, as `n` asks for.
pub(super) fn plural<'t>(n: usize, one: &'t str, many: &'t str) -> &'t str {
    if n == 1 { one } else { many }
}

/// Little-endian u16 values in base64: what the page's script reads points from.
pub(super) fn base64(values: &[u16]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sextet = bits >> (18 - 6 * place) & 63;
            let letter = char::from(ALPHABET[sextet as usize]);
            out.push(if place <= three.len() { letter } else { '=' });
        }
    }
    out
}

/// `template` with every `{{name}}` replaced, in one pass: what is put in is never itself searched.
///
/// # Panics
/// If the template asks for a name that is not given.
pub(super) fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut parts = template.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").expect("the template closes what it opens");
        let value = values.iter().find(|(given, _)| *given == name);
        out.push_str(&value.unwrap_or_else(|| panic!("{name} is in the template only")).1);
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        let written = [0.0, 1.0, 25.3968, 999.96, 123_456.7, 0.012_345_6, 2e-9, f64::INFINITY];
        let expected = ["0", "1.000", "25.40", "1000", "123457", "0.01235", "2.000e-9", "∞"];
        assert_eq!(written.map(number), expected);
        assert_eq!(
            [25.396_81, 0.012_345_678, 1e7].map(fine),
            ["25.3968", "0.0123457", "1.00000e7"]
        );
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(999), "999");
        assert_eq!(percent(1.0, 7.0), "14 %");
        assert_eq!(percent(1.0, 0.0), "–");
    }

    #[test]
    fn base64_pads() {
        assert_eq!(base64(&[]), "");
        assert_eq!(base64(&[0x614d]), "TWE=");
        assert_eq!(base64(&[0x614d, 0x616e]), "TWFuYQ==");
        assert_eq!(base64(&[0x614d, 0x616e, 0x0062]), "TWFuYWIA");
    }

    #[test]
    fn what_is_filled_in_is_not_searched() {
        let values = [("a", "{{b}}".into()), ("b", "x".into())];
        assert_eq!(fill("<{{a}}|{{b}}>", &values), "<{{b}}|x>");
    }
}
