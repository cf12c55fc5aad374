//! The order of a pool's files: that of their names, byte by byte, where a run of digits counts as one number.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

/// Which file comes first, the same on every machine. Names that differ only in zeros before numbers are compared byte by byte.
pub(super) fn compare(a: &Path, b: &Path) -> Ordering {
    let [a, b] = [bytes(a), bytes(b)];
    parts(a).cmp(parts(b)).then_with(|| a.cmp(b))
}

fn bytes(file: &Path) -> &[u8] {
    file.as_os_str().as_encoded_bytes()
}

/// A byte that is no digit, or `0` and a number of any size: its digits without zeros in front, the longer the larger.
type Part<'n> = (u8, usize, &'n [u8]);

fn parts(mut name: &[u8]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let (&first, rest) = name.split_first()?;
        if !first.is_ascii_digit() {
            name = rest;
            return Some((first, 0, &[][..]));
        }
        let end = name.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(name.len());
        let digits;
        (digits, name) = name.split_at(end);
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        Some((b'0', end - zeros, &digits[zeros..]))
    })
}

/// The notice for the files of `pool`, which are in order, if programs that sort names byte by byte read them in another.
pub(super) fn note(pool: &Path, files: &[PathBuf]) -> Option<String> {
    let pair = files.windows(2).find(|pair| bytes(&pair[0]) > bytes(&pair[1]))?;
    let [earlier, later] = [&pair[0], &pair[1]].map(|file| file.display());
    Some(format!(
        "{}: its {} files are read in order of the numbers in their names: {earlier} comes before {later}, which PyArrow, polars, DuckDB, \
         pandas and datasets read first; numbers with zeros in front, as many digits each, give one order",
        pool.display(),
        files.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_in_order(names: &[&str]) {
        for (at, a) in names.iter().enumerate() {
            for (beside, b) in names.iter().enumerate() {
                let found = compare(Path::new(a), Path::new(b));
                assert_eq!(found, at.cmp(&beside), "{a} and {b}");
            }
        }
    }

    #[test]
    fn digits_count_as_numbers_of_any_size() {
        assert_in_order(&["s_1.npy", "s_2.npy", "s_10.npy", "s_100.npy"]);
        assert_in_order(&["a99999999999999999999999", "a100000000000000000000000"]);
        assert_in_order(&["2024-01-05", "2024-1-30", "2024-10-03", "2025-1-1"]);
        assert_in_order(&["run1/b", "run2/a", "run10/a", "run10/b"]);
    }

    #[test]
    fn names_that_are_equal_as_numbers_have_one_order() {
        assert_in_order(&["a001", "a01", "a1", "a001b", "a01b", "a1b"]);
        assert_in_order(&["a0", "a1"]);
        assert_in_order(&["a00b2", "a0b2", "a0b10"]);
    }

    #[test]
    fn all_else_is_in_order_of_bytes() {
        assert_in_order(&["-1", "0", "9", "A", "_", "a", "a.", "a0", "aa", "é"]);
    }
}
