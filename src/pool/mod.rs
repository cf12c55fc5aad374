//! Where rows come from: a slice in memory, or files, whose rows are held in memory or read when they are asked for.

// | file | what it has |
// | --- | --- |
// | `open`, `file`, `folder` | from a path to a pool: one file, or many |
// | `meant` | what is meant in a file: a name, columns, a type, a format |
// | `part` | some rows of a pool in files |
// | `outline`, `sample` | the size of a pool, from headers; some of its rows |
// | `path`, `objects/`, `objects_absent` | what a path may be; objects in stores and on web servers; a build without them |
// | `order`, `surplus`, `companions` | the order of many files; files with rows that do not count; files without rows |
// | `formats/` | the formats of files, and a reader each; `npy`, `npy_header` are NumPy's, which other formats hold, too |
// | `dense`, `convert` | arrays that lie as a pool does; arrays that must be converted first |
// | `bytes`, `block` | bytes in memory or in a file, and where rows lie in them; memory for many rows |
// | `row_file`, `window`, `on_disk`, `faults` | a file read by position; a thread's rows of it; rows that stay on disk; what went wrong |
// | `room`, `scratch`, `fetched` | which pools are held in memory; room for rows that are decoded; objects brought near |
// | `check`, `skipped` | every value must be finite; rows that are left out instead, where that is asked for |
// | `dtype` | the types of stored values |
// | `lists/`, `ids/`, `words` | row lists and weights from files; what rows are called; the words of word vectors |
// | `reason` | why a file is refused |
// | `in_memory` | the readers on bytes in memory, for fuzzing |

#[cfg(target_endian = "big")]
compile_error!(
    "pools are little-endian bytes in place: Farpoint does not run on big-endian machines"
);

mod block;
mod bytes;
mod check;
mod companions;
mod convert;
mod dense;
mod dtype;
mod faults;
mod fetched;
mod file;
mod folder;
mod formats;
mod ids;
#[doc(hidden)]
pub mod in_memory;
mod lists;
mod meant;
mod npy;
mod npy_header;
#[cfg_attr(not(feature = "cloud"), path = "objects_absent.rs")]
mod objects;
mod on_disk;
mod open;
mod order;
mod outline;
mod part;
mod path;
mod reason;
mod room;
mod row_file;
mod sample;
mod scratch;
mod skipped;
mod surplus;
mod window;
mod words;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use self::block::Block;
use self::bytes::{Bytes, Place, Store};
use self::faults::Faults;
use self::row_file::RowFile;
use self::window::Windows;
#[cfg(feature = "cuda")]
pub(crate) use dtype::fits;
pub use dtype::{Dtype, Element};
pub use ids::{Id, IdEntry, IdSource, Ids, Listed, read_ids, read_listed};
pub use lists::{read_radii, read_rows, read_rows_named, read_weights, read_weights_named};
pub use open::OpenOptions;
pub use outline::Outline;
pub(crate) use room::{Needs, is_held_at_once, is_room};
pub use sample::Sample;
pub use words::read_words;

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
    /// Rows that are left out, in order. The values of another row stand in their place.
    skipped: Vec<usize>,
    /// What went wrong with rows on disk.
    faults: Faults,
    /// What threads hold of rows on disk; none where all rows are in memory.
    windows: Windows,
    /// Whether rows that lie in files fit into memory, for those who read them many times.
    may_be_held: bool,
    /// Bytes that the process may hold, where the caller set a limit.
    memory: Option<u64>,
}

/// Rows that lie as far apart as each other, in memory or in one file.
struct Segment<'a> {
    store: Store<'a>,
    /// The rows, as they lie in their file, once they are held in memory.
    held: OnceLock<Block>,
    /// Pool row of the segment's first row.
    first_row: usize,
    rows: usize,
    place: Place,
}

impl Segment<'_> {
    /// Byte at which pool row `row` starts, its head included.
    fn start(&self, row: usize) -> usize {
        self.place.offset - self.place.head + (row - self.first_row) * self.place.stride
    }

    /// The `length` bytes of `row`, if it is in memory.
    fn in_memory(&self, row: usize, length: usize) -> Option<&[u8]> {
        let start = self.start(row) + self.place.head;
        match &self.store {
            Store::Memory(bytes) => Some(&bytes.as_slice()[start..start + length]),
            Store::File(_) => {
                let start = start + self.place.head - self.place.offset;
                self.held.get().map(|held| &held[start..start + length])
            }
        }
    }

    /// The file, if the rows must be read from it.
    fn on_disk(&self) -> Option<&RowFile> {
        match &self.store {
            Store::File(file) if self.held.get().is_none() => Some(file),
            _ => None,
        }
    }
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
        let place = Place::dense(0, d * dtype.bytes());
        Pool::of_segment(Store::Memory(Bytes::Borrowed(bytes)), (values / d, d), dtype, place)
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

    /// Of [`Pool::bytes`], those that stay in files and are read when they are needed. All others are in memory: a slice's, those of a
    /// pool that fits there, and values that were converted or decompressed.
    pub fn disk_bytes(&self) -> usize {
        let on_disk =
            self.segments.iter().filter(|segment| segment.on_disk().is_some_and(RowFile::is_local));
        let rows: usize = on_disk.map(|segment| segment.rows).sum();
        rows * self.row_length()
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

    /// The file that holds row `row`, and the row's number in it, from 0; none where the rows come from a slice. `O(log files)`.
    ///
    /// # Panics
    /// If the row is not in the pool.
    pub fn place(&self, row: usize) -> Option<(&Path, usize)> {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        let file = self.first_rows.partition_point(|&first| first <= row).checked_sub(1)?;
        Some((&self.files[file], row - self.first_rows[file]))
    }

    /// Row `row` as f32, `(d,)`: borrowed where it lies so in memory, else widened into `scratch`. Exact, but of f64 pools, whose values
    /// are rounded to the nearest f32: [`Pool::row_f64`] rounds none. Of a row that is on disk and cannot be read any more, zeros:
    /// [`Pool::check_reads`] says so.
    ///
    /// # Panics
    /// If `row` is not below [`Pool::rows`].
    pub fn row<'s>(&'s self, row: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        let bytes = self.stored(row);
        if self.dtype == Dtype::F32
            && !bytes.is_empty()
            && let Ok(values) = bytemuck::try_cast_slice(bytes)
        {
            return values;
        }
        self.with_row_bytes(row, |stored| self.dtype.decode(stored, scratch));
        scratch
    }

    /// Row `row` as f64, `(d,)`, every value exact: borrowed where it lies so in memory, else widened into `scratch`.
    ///
    /// # Panics
    /// If `row` is not below [`Pool::rows`].
    pub fn row_f64<'s>(&'s self, row: usize, scratch: &'s mut Vec<f64>) -> &'s [f64] {
        let bytes = self.stored(row);
        if self.dtype == Dtype::F64
            && !bytes.is_empty()
            && let Ok(values) = bytemuck::try_cast_slice(bytes)
        {
            return values;
        }
        self.with_row_bytes(row, |stored| self.dtype.decode_f64(stored, scratch));
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
    ///
    /// # Errors
    /// [`Error::Read`] if rows are on disk and cannot be read any more.
    pub fn hash(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.dtype.name().as_bytes());
        hasher.update(&(self.rows as u64).to_le_bytes());
        hasher.update(&(self.d as u64).to_le_bytes());
        for row in 0..self.rows {
            self.with_row_bytes(row, |bytes| hasher.update(bytes));
        }
        self.check_reads()?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Bytes of a row.
    pub(crate) fn row_length(&self) -> usize {
        self.d * self.dtype.bytes()
    }

    /// `work` on `row` as it is stored.
    pub(crate) fn with_row_bytes<T>(&self, row: usize, work: impl FnOnce(&[u8]) -> T) -> T {
        let segment = self.segment(row);
        match (segment.in_memory(row, self.row_length()), &segment.store) {
            (Some(stored), _) => work(stored),
            (None, Store::File(file)) => self.with_row_on_disk(segment, file, row, work),
            (None, Store::Memory(_)) => unreachable!("such a row is in memory"),
        }
    }

    /// `row` as it is stored in memory; nothing of one that is on disk.
    pub(crate) fn stored(&self, row: usize) -> &[u8] {
        self.segment(row).in_memory(row, self.row_length()).unwrap_or_default()
    }

    /// Rows `rows` as they are stored one right after the other in memory; none where they lie otherwise.
    pub(crate) fn stored_run(&self, rows: Range<usize>) -> Option<&[u8]> {
        let segment = self.segment(rows.start);
        let is_run = segment.place.stride == self.row_length()
            && rows.end <= segment.first_row + segment.rows;
        let length = rows.len() * self.row_length();
        is_run.then(|| segment.in_memory(rows.start, length)).flatten()
    }

    fn segment(&self, row: usize) -> &Segment<'a> {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        match &self.segments[..] {
            [only] => only,
            many => &many[many.partition_point(|s| s.first_row <= row) - 1],
        }
    }

    /// A pool of one segment, not yet checked.
    fn of_segment(store: Store<'a>, shape: (usize, usize), dtype: Dtype, place: Place) -> Pool<'a> {
        let (rows, d) = shape;
        let end = place.offset + (rows - 1) * place.stride + d * dtype.bytes();
        assert!(end <= store.length(), "{end} of {} bytes", store.length());
        let segments = vec![Segment { store, held: OnceLock::new(), first_row: 0, rows, place }];
        Pool {
            segments,
            rows,
            d,
            dtype,
            notices: Vec::new(),
            files: Vec::new(),
            first_rows: Vec::new(),
            skipped: Vec::new(),
            faults: Faults::default(),
            windows: Windows::default(),
            may_be_held: false,
            memory: None,
        }
    }

    /// A pool of copies of `rows`, which are in memory.
    pub(crate) fn copies(&self, rows: &[usize]) -> Pool<'static> {
        let length = self.row_length();
        let mut bytes = Vec::with_capacity(rows.len() * length);
        rows.iter().for_each(|&row| bytes.extend_from_slice(self.stored(row)));
        let store = Store::Memory(Bytes::Owned(bytes));
        let shape = (rows.len(), self.d);
        let pool = Pool::of_segment(store, shape, self.dtype, Place::dense(0, length));
        Pool { memory: self.memory, ..pool }
    }

    /// A pool of this size that has none of its values, for its [`Outline`]: every row is one row of zeros.
    fn without_values((rows, d): (usize, usize), dtype: Dtype) -> Pool<'a> {
        let zeros = Store::Memory(Bytes::Owned(vec![0; d * dtype.bytes()]));
        let place = Place { stride: 0, ..Place::dense(0, 0) };
        Pool::of_segment(zeros, (rows, d), dtype, place)
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
        self.skipped.extend(other.skipped.into_iter().map(|row| first_row + row));
    }
}

impl std::fmt::Debug for Pool<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} x {} {})", self.rows, self.d, self.dtype.name())
    }
}
