//! Rows of text: every value is parsed to one type, checked, and kept.

use std::str;

use crate::pool::bytes::Bytes;
use crate::pool::formats::kept::{Kept, Rows, of_no_shape};
use crate::pool::meant::Meant;
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;
use crate::pool::{Dtype, Pool};

/// Bytes of values that are kept as one piece.
const PIECE: usize = 4 << 20;
/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// The rows so far.
pub(super) struct TextRows<'r> {
    kept: Kept<'r>,
    /// Values are checked and dropped.
    is_outline: bool,
    /// Rows without values are left out later.
    skips_bad: bool,
    dtype: Dtype,
    /// Line and length of the first row.
    first: Option<(usize, usize)>,
    rows: usize,
    /// Rows that are not yet kept, and their values; those among them that have none.
    pending: usize,
    piece: Vec<u8>,
    missing: Vec<usize>,
    /// Rows without values that come before all others.
    before: usize,
}

impl<'r> TextRows<'r> {
    /// Of the type that is meant, else of `usual`.
    pub fn new(meant: Meant, usual: Dtype, room: &'r Room) -> Result<TextRows<'r>, Reason> {
        let dtype = meant.dtype.unwrap_or(usual);
        if matches!(dtype, Dtype::F16 | Dtype::Bf16) {
            let dtype = dtype.name();
            return Err(
                format!("is text, which is read as f64, f32, u8 or i8, not as {dtype}").into()
            );
        }
        Ok(TextRows {
            kept: Kept::new(room),
            is_outline: room.is_for_outlines(),
            skips_bad: meant.skips_bad,
            dtype,
            first: None,
            rows: 0,
            pending: 0,
            piece: Vec::new(),
            missing: Vec::new(),
            before: 0,
        })
    }

    /// Whether rows without values are left out later.
    pub fn skips_bad(&self) -> bool {
        self.skips_bad
    }

    pub fn count(&self) -> usize {
        self.rows
    }

    /// Add a row, which stands in `line`. `place` says where in it a value is, given its dimension.
    pub fn add<'t>(
        &mut self,
        line: usize,
        values: impl Iterator<Item = &'t [u8]>,
        place: impl Fn(usize) -> String,
    ) -> Result<(), Reason> {
        let (mut d, mut is_missing) = (0, false);
        for value in values {
            match self.push(value) {
                Ok(()) => {}
                Err(_) if self.skips_bad && is_no_value(value) => {
                    is_missing = true;
                    self.piece.resize(self.piece.len() + self.dtype.bytes(), 0);
                }
                Err(reason) => {
                    let skip = match is_no_value(value) {
                        true => "; --skip-bad leaves such rows out",
                        false => "",
                    };
                    return Err(format!("line {line} holds {reason} {}{skip}", place(d)).into());
                }
            }
            d += 1;
        }
        if d == 0 {
            return self.add_nothing(line, "an empty list");
        }
        let (first, expected) = self.first.unwrap_or_else(|| self.begin(line, d));
        if d != expected {
            return Err(
                format!("line {line} has {d} values, but line {first} has {expected}").into()
            );
        }
        self.added(is_missing)
    }

    /// Add a row without values, where those are left out. Else it is refused: in `line` there is `what`.
    pub fn add_nothing(&mut self, line: usize, what: &str) -> Result<(), Reason> {
        if !self.skips_bad {
            return Err(format!("line {line} has {what}; --skip-bad leaves such rows out").into());
        }
        match self.first {
            Some((_, d)) => {
                self.piece.resize(self.piece.len() + d * self.dtype.bytes(), 0);
                self.added(true)
            }
            None => {
                self.before += 1;
                Ok(())
            }
        }
    }

    /// A first row of `d` values, which are in the piece already; those before it have none.
    fn begin(&mut self, line: usize, d: usize) -> (usize, usize) {
        let before = std::mem::take(&mut self.before);
        let zeros = vec![0; before * d * self.dtype.bytes()];
        self.piece.splice(0..0, zeros);
        self.missing.extend(0..before);
        (self.rows, self.pending) = (before, before);
        *self.first.insert((line, d))
    }

    /// A row is in the piece.
    fn added(&mut self, is_missing: bool) -> Result<(), Reason> {
        if is_missing {
            self.missing.push(self.pending);
        }
        self.rows += 1;
        self.pending += 1;
        if self.is_outline {
            self.piece.clear()
        } else {
            self.keep_if(PIECE)?
        }
        Ok(())
    }

    /// The pool of all rows.
    pub fn pool(mut self) -> Result<Pool<'static>, Reason> {
        let Some((_, d)) = self.first else { return Err(of_no_shape(self.before)) };
        if self.is_outline {
            return Ok(Pool::without_values((self.rows, d), self.dtype));
        }
        self.keep_if(1)?;
        self.kept.pool()
    }

    /// Keep what is pending, if it is so long.
    fn keep_if(&mut self, length: usize) -> Result<(), Reason> {
        let (Some((_, d)), true) = (self.first, self.piece.len() >= length) else { return Ok(()) };
        let next = Vec::with_capacity(self.piece.len());
        let bytes = Bytes::Owned(std::mem::replace(&mut self.piece, next));
        let rows = std::mem::take(&mut self.pending);
        let missing = std::mem::take(&mut self.missing);
        self.kept.add(Rows { bytes, rows, sides: vec![d], dtype: self.dtype, missing }, None, 0)
    }

    /// Parse `value` behind the others.
    ///
    /// # Errors
    /// What it is instead of a value that a pool may hold.
    fn push(&mut self, value: &[u8]) -> Result<(), String> {
        let text = str::from_utf8(value.trim_ascii()).map_err(|_| "text that is not UTF-8")?;
        let piece = &mut self.piece;
        let pushed = match self.dtype {
            Dtype::F64 => (text.parse().ok().filter(|value: &f64| value.is_finite()))
                .map(|value| piece.extend(value.to_le_bytes())),
            Dtype::U8 => text.parse().ok().map(|value: u8| piece.push(value)),
            Dtype::I8 => text.parse().ok().map(|value: i8| piece.extend(value.to_le_bytes())),
            _ => (text.parse().ok().filter(|value: &f32| value.is_finite()))
                .map(|value| piece.extend(value.to_le_bytes())),
        };
        pushed.ok_or_else(|| refused(text, self.dtype))
    }
}

/// Whether this stands where a value is missing, or is none that a pool may hold.
pub(super) fn is_no_value(value: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(value.trim_ascii()) else { return false };
    let is_missing = ["", "null", "none", "na"].iter().any(|word| text.eq_ignore_ascii_case(word));
    is_missing || text.parse().is_ok_and(|value: f64| !value.is_finite())
}

/// What `text` is instead of a value of `dtype`.
fn refused(text: &str, dtype: Dtype) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    match text.parse::<f64>() {
        _ if text.is_empty() => "nothing".into(),
        _ if text == "null" => "null".into(),
        Ok(value) if value.is_finite() => format!("{shown}, which is no {} value,", dtype.name()),
        Ok(value) if value.is_nan() => "NaN".into(),
        Ok(_) => format!("{shown}, which is not finite,"),
        Err(_) => format!("'{shown}', not a number,"),
    }
}
