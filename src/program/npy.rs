//! NumPy's .npy, written: a header of one line, then the values.

use std::io::{self, Write};

/// Bytes to which the values are aligned.
const ALIGNMENT: usize = 64;

/// Magic, version 1.0 and the header of an array of `descr` (`<i8`, `<f8`, ...), C order.
pub fn header(out: &mut dyn Write, descr: &str, shape: &[usize]) -> io::Result<()> {
    let shape = match shape {
        [only] => format!("({only},)"),
        many => format!("({})", many.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    };
    let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let used = b"\x93NUMPY\x01\x00".len() + 2;
    let padded = (used + dict.len() + 1).next_multiple_of(ALIGNMENT) - used;
    let length = u16::try_from(padded).expect("a short header");
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&length.to_le_bytes())?;
    writeln!(out, "{dict:<width$}", width = padded - 1)
}

/// Rows as int64, `(k,)`.
pub fn rows(out: &mut dyn Write, rows: &[usize]) -> io::Result<()> {
    header(out, "<i8", &[rows.len()])?;
    rows.iter().try_for_each(|&row| out.write_all(&(row as u64).to_le_bytes()))
}

/// float64, `(n,)`.
pub fn numbers(out: &mut dyn Write, numbers: &[f64]) -> io::Result<()> {
    header(out, "<f8", &[numbers.len()])?;
    numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
}

/// int64, `(n,)`.
pub fn integers(out: &mut dyn Write, integers: &[i64]) -> io::Result<()> {
    header(out, "<i8", &[integers.len()])?;
    integers.iter().try_for_each(|integer| out.write_all(&integer.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_numpys() {
        let mut file = Vec::new();
        rows(&mut file, &[7, 1]).unwrap();
        assert_eq!(file.len(), 128 + 16);
        assert_eq!(&file[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let text = std::str::from_utf8(&file[10..128]).unwrap();
        let dict = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }";
        assert_eq!(text.trim_end(), dict);
        assert!(text.ends_with('\n'));
        assert_eq!(&file[128..136], &7u64.to_le_bytes());
    }

    #[test]
    fn two_dimensions_are_a_pair() {
        let mut file = Vec::new();
        header(&mut file, "<f4", &[3, 2]).unwrap();
        assert!(String::from_utf8_lossy(&file).contains("'shape': (3, 2)"));
    }
}
