//! Where rows come from: a slice in memory, or files, mapped where their layout allows.

// | file | what it has |
// | --- | --- |
// | `open`, `file`, `folder` | from a path to a pool: one file, or many |
// | `order`, `surplus` | the order of many files; files with rows that do not count |
// | `npy`, `npy_header`, `npz`, `safe_tensors`, `vectors` | readers, a format each |
// | `columns/`, `columns_absent` | Parquet and Arrow; a build without them |
// | `choose` | which of several arrays in one file is meant |
// | `dense`, `convert` | arrays that lie as a pool does; arrays that must be converted first |
// | `bytes`, `map` | bytes in memory or in a map; the one memory map |
// | `check` | every value must be finite |
// | `dtype` | the types of stored values |
// | `lists`, `numbers`, `table`, `column`, `entry` | row lists and weights from files |
// | `reason` | why a file is refused |
// | `in_memory` | the readers on bytes in memory, for fuzzing |

#[cfg(target_endian = "big")]
compile_error!(
    "pools are little-endian bytes in place: Farpoint does not run on big-endian machines"
);

mod bytes;
mod check;
mod choose;
mod column;
#[cfg_attr(not(feature = "parquet"), path = "columns_absent.rs")]
mod columns;
mod convert;
mod dense;
mod dtype;
mod entry;
mod file;
mod folder;
#[doc(hidden)]
pub mod in_memory;
mod lists;
mod map;
mod npy;
mod npy_header;
mod npz;
mod numbers;
mod open;
mod order;
mod reason;
mod safe_tensors;
mod surplus;
mod table;
mod vectors;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use self::bytes::{Bytes, Place};
pub use dtype::{Dtype, Element};
pub use lists::{read_radii, read_rows, read_rows_named, read_weights, read_weights_named};

use crate::error::{Error, Result};
use crate::values::{RowScratch, RowValues};

/// Whether a run was told to end.
pub(crate) fn is_set(interrupt: Option<&AtomicBool>) -> bool {
    interrupt.is_some_and(|interrupt| interrupt.load(Ordering::Relaxed))
}

/// A pool of embeddings: `n` rows of `d` finite values, checked once.
///
/// Rows are stored as they came (f64, f32, f16, bf16, u8 or i8) and widened, exactly, when distances are computed.
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
    files: Vec<PathBuf>,
    /// Of each file.
    first_rows: Vec<usize>,
    /// Of [`Pool::bytes`], those in mapped files.
    mapped: usize,
}

/// Rows that lie `stride` bytes apart in one piece of memory.
struct Segment<'a> {
    bytes: Bytes<'a>,
    /// Pool row of the segment's first row.
    first_row: usize,
    /// Byte at which the first row starts.
    offset: usize,
    stride: usize,
}

impl<'a> Pool<'a> {
    /// A pool over `values`, `(n, d)` row-major, borrowed.
    ///
    /// # Errors
    /// [`Error::Shape`] if the values do not form at least one row of `d >= 1`; [`Error::NotFinite`] or [`Error::TooLarge`]
    /// with the first bad row.
    pub fn new<T: Element>(values: &'a [T], d: usize) -> Result<Pool<'a>> {
        if d == 0 || values.is_empty() || !values.len().is_multiple_of(d) {
            return Err(Error::Shape { values: values.len(), d });
        }
        Pool::of_bytes(bytemuck::cast_slice(values), d, T::DTYPE, None)
    }

    /// The pool whose values lie in `bytes`, `(n, d)` row-major and little-endian, at any alignment; borrowed. `interrupt`, set from
    /// another thread, ends the check of the values.
    ///
    /// # Errors
    /// As [`Pool::new`]; [`Error::Interrupted`].
    pub fn of_bytes(
        bytes: &'a [u8],
        d: usize,
        dtype: Dtype,
        interrupt: Option<&AtomicBool>,
    ) -> Result<Pool<'a>> {
        let values = bytes.len() / dtype.bytes();
        if d == 0 || bytes.is_empty() || !bytes.len().is_multiple_of(d * dtype.bytes()) {
            return Err(Error::Shape { values, d });
        }
        let place = Place { offset: 0, stride: d * dtype.bytes() };
        Pool::of_segment(Bytes::Borrowed(bytes), (values / d, d), dtype, place)
            .checked_unless(&|| is_set(interrupt))
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

    /// Of [`Pool::bytes`], those that lie in mapped files, which the system may drop from memory and read again. All others
    /// are in memory: a slice's, and values that were converted or decompressed.
    pub fn mapped_bytes(&self) -> usize {
        self.mapped
    }

    /// Conversions on the way in, one sentence each, to be shown to the user.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The files that the rows come from, in their order; none where they come from a slice.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The row at which each of [`Pool::files`] begins.
    pub fn first_rows(&self) -> &[usize] {
        &self.first_rows
    }

    /// Row `row` as f32, `(d,)`: borrowed where it lies so in memory, else widened into `scratch`. Exact, but of f64 pools, whose values
    /// are rounded to the nearest f32: [`Pool::row_f64`] rounds none.
    ///
    /// # Panics
    /// If `row` is not below [`Pool::rows`].
    pub fn row<'s>(&'s self, row: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        let bytes = self.row_bytes(row);
        if self.dtype == Dtype::F32
            && let Ok(values) = bytemuck::try_cast_slice(bytes)
        {
            return values;
        }
        self.dtype.decode(bytes, scratch);
        scratch
    }

    /// Row `row` as f64, `(d,)`, every value exact: borrowed where it lies so in memory, else widened into `scratch`.
    ///
    /// # Panics
    /// If `row` is not below [`Pool::rows`].
    pub fn row_f64<'s>(&'s self, row: usize, scratch: &'s mut Vec<f64>) -> &'s [f64] {
        let bytes = self.row_bytes(row);
        if self.dtype == Dtype::F64
            && let Ok(values) = bytemuck::try_cast_slice(bytes)
        {
            return values;
        }
        self.dtype.decode_f64(bytes, scratch);
        scratch
    }

    /// Row `row` as distances read it, `(d,)`: borrowed where it lies so in memory, else made in `scratch`.
    ///
    /// # Panics
    /// If `row` is not below [`Pool::rows`].
    pub(crate) fn values<'s>(&'s self, row: usize, scratch: &'s mut RowScratch) -> RowValues<'s> {
        match self.dtype {
            Dtype::F64 => RowValues::F64(self.row_f64(row, &mut scratch.f64)),
            _ => RowValues::F32(self.row(row, &mut scratch.f32)),
        }
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

    /// A pool of one segment, not yet checked: row `i` starts at `offset + i stride` of `bytes`.
    fn of_segment(bytes: Bytes<'a>, shape: (usize, usize), dtype: Dtype, place: Place) -> Pool<'a> {
        let (rows, d) = shape;
        let Place { offset, stride } = place;
        let end = offset + (rows - 1) * stride + d * dtype.bytes();
        assert!(end <= bytes.as_slice().len(), "{end} of {} bytes", bytes.as_slice().len());
        let segment = Segment { bytes, first_row: 0, offset, stride };
        Pool::of_one(segment, shape, dtype)
    }

    /// Bytes of the rows that lie within `map`, whatever the format: its readers keep a part of it or a copy.
    fn bytes_within(&self, map: &Range<*const u8>) -> usize {
        let ends = self.segments.iter().skip(1).map(|segment| segment.first_row);
        let row_bytes = self.d * self.dtype.bytes();
        self.segments
            .iter()
            .zip(ends.chain([self.rows]))
            .filter(|(segment, _)| map.contains(&segment.bytes.as_slice().as_ptr()))
            .map(|(segment, end)| (end - segment.first_row) * row_bytes)
            .sum()
    }

    fn of_one(segment: Segment<'a>, (rows, d): (usize, usize), dtype: Dtype) -> Pool<'a> {
        let (notices, files, first_rows) = (Vec::new(), Vec::new(), Vec::new());
        Pool { segments: vec![segment], rows, d, dtype, notices, files, first_rows, mapped: 0 }
    }

    /// The rows of `other` after these; d and dtype are the same.
    fn append(&mut self, other: Pool<'a>) {
        assert_eq!((self.d, self.dtype), (other.d, other.dtype));
        let first_row = self.rows;
        let moved = |s: Segment<'a>| Segment { first_row: first_row + s.first_row, ..s };
        self.segments.extend(other.segments.into_iter().map(moved));
        self.rows += other.rows;
        self.notices.extend(other.notices);
        self.files.extend(other.files);
        self.first_rows.extend(other.first_rows.into_iter().map(|row| first_row + row));
        self.mapped += other.mapped;
    }
}

impl std::fmt::Debug for Pool<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} x {} {})", self.rows, self.d, self.dtype.name())
    }
}
