//! Lines to the person at the terminal: stderr for what is said, stdout for what was asked for.

use std::fmt;
use std::io::{self, BufWriter, Write};

use anyhow::Result;

/// A line on stderr. If nobody listens there is nobody to tell.
pub fn say(line: fmt::Arguments) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Write to stdout, buffered and flushed.
pub fn print(write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out)?;
    Ok(out.flush()?)
}

/// A number to be read, not computed with: six significant digits.
pub fn short(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    if !(1e-4..1e9).contains(&magnitude) {
        return format!("{number:.5e}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "between -4 and 8")]
    let decimals = 5 - magnitude.log10().floor() as i32;
    format!("{number:.*}", usize::try_from(decimals).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn six_digits_are_enough_to_judge() {
        assert_eq!(short(0.0), "0");
        assert_eq!(short(f64::INFINITY), "inf");
        assert_eq!(short(1.25), "1.25000");
        assert_eq!(short(123_456_789.0), "123456789");
        assert_eq!(short(0.012_345_678), "0.0123457");
        assert_eq!(short(1e-9), "1.00000e-9");
    }
}
