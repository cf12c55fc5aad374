//! Where rows come from: a slice in memory, or files, mapped where their layout allows.

mod dtype;

pub use dtype::{Dtype, Element};
use rayon::prelude::*;

use crate::error::{Error, Result};

/// A pool of embeddings: `n` rows of `d` finite values, checked once.
///
/// Rows are stored as they came (f32, f16, bf16, u8 or i8) and widened to f32, exactly, when read.
///
/// ```
/// let pool = farpoint::Pool::new(&[0.0f32, 0.0, 3.0, 4.0], 2)?;
/// assert_eq!((pool.rows(), pool.dimensions()), (2, 2));
/// # Ok::<(), farpoint::Error>(())
/// ```
pub struct Pool<'a> {
    segments: Vec<Segment<'a>>,
    rows: usize,
    d: usize,
    dtype: Dtype,
    notices: Vec<String>,
}

/// Rows that lie `stride` bytes apart in one piece of memory.
struct Segment<'a> {
    bytes: Bytes<'a>,
    /// Pool row of the segment's first row.
    first_row: usize,
    rows: usize,
    /// Byte at which the first row starts.
    offset: usize,
    stride: usize,
}

/// Little-endian bytes, wherever they are kept.
enum Bytes<'a> {
    Borrowed(&'a [u8]),
}

impl Bytes<'_> {
    fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Borrowed(bytes) => bytes,
        }
    }
}

impl<'a> Pool<'a> {
    /// A pool over `values`, `(n, d)` row-major, borrowed.
    ///
    /// # Errors
    /// [`Error::Shape`] if the values do not form at least one row of `d >= 1`; [`Error::NotFinite`] with the first bad row.
    pub fn new<T: Element>(values: &'a [T], d: usize) -> Result<Pool<'a>> {
        if d == 0 || values.is_empty() || !values.len().is_multiple_of(d) {
            return Err(Error::Shape { values: values.len(), d });
        }
        let rows = values.len() / d;
        let bytes = Bytes::Borrowed(bytemuck::cast_slice(values));
        let stride = d * T::DTYPE.bytes();
        let segment = Segment { bytes, first_row: 0, rows, offset: 0, stride };
        Pool { segments: vec![segment], rows, d, dtype: T::DTYPE, notices: Vec::new() }.checked()
    }

    /// Number of rows, `n`.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values a row, `d`.
    pub fn dimensions(&self) -> usize {
        self.d
    }

    /// How the values are stored.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Bytes of the stored values, `n d` times the bytes of one.
    pub fn bytes(&self) -> usize {
        self.rows * self.d * self.dtype.bytes()
    }

    /// What was converted on the way in, a sentence each, for the user to be told.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Row `row` as f32, `(d,)`: borrowed where it lies so in memory, else widened into `scratch`.
    ///
    /// # Panics
    /// If `row` is not below [`Pool::rows`].
    pub fn row<'s>(&'s self, row: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        let bytes = self.row_bytes(row);
        if self.dtype == Dtype::F32
            && cfg!(target_endian = "little")
            && let Ok(values) = bytemuck::try_cast_slice(bytes)
        {
            return values;
        }
        self.dtype.decode(bytes, scratch);
        scratch
    }

    /// BLAKE3 of dtype, shape and values: the same pool has the same hash in any file format. Reads the pool once.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.dtype.name().as_bytes());
        hasher.update(&(self.rows as u64).to_le_bytes());
        hasher.update(&(self.d as u64).to_le_bytes());
        for row in 0..self.rows {
            hasher.update(self.row_bytes(row));
        }
        hasher.finalize().to_hex().to_string()
    }

    pub(crate) fn row_bytes(&self, row: usize) -> &[u8] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        let segment = match &self.segments[..] {
            [only] => only,
            many => &many[many.partition_point(|s| s.first_row <= row) - 1],
        };
        let start = segment.offset + (row - segment.first_row) * segment.stride;
        &segment.bytes.as_slice()[start..start + self.d * self.dtype.bytes()]
    }

    /// The pool itself, once every value is known to be finite. Reads it once.
    fn checked(self) -> Result<Pool<'a>> {
        if matches!(self.dtype, Dtype::U8 | Dtype::I8) {
            return Ok(self);
        }
        let first_bad = (0..self.rows).into_par_iter().with_min_len(256).find_map_first(|row| {
            let mut scratch = Vec::new();
            let values = self.row(row, &mut scratch);
            let sum: f32 = values.iter().map(|v| v * 0.0).sum();
            if sum == 0.0 {
                return None;
            }
            values.iter().position(|v| !v.is_finite()).map(|at| (row, at, values[at]))
        });
        match first_bad {
            Some((row, dimension, value)) => {
                Err(Error::NotFinite { what: "row", row, dimension, value })
            }
            None => Ok(self),
        }
    }
}

impl std::fmt::Debug for Pool<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} x {} {})", self.rows, self.d, self.dtype.name())
    }
}
