//! Pools in HDF5 files. hdf5-pure reads the structure of a file; values are read here, where they lie or chunk by chunk.
//!
//! | file | what it has |
//! | --- | --- |
//! | `choose` | which of a file's datasets is meant |
//! | `kind` | the types of values |
//! | `chunks` | a dataset in chunks |
//! | `ids`, `heap` | the ids of rows in datasets; strings of any length |

mod choose;
mod chunks;
mod heap;
mod ids;
mod kind;

use std::sync::Arc;

use hdf5_pure::{
    Dataset, Error, File, FileAccessProperties, FormatError, Layout, MetadataCacheConfig, Source,
};

use self::choose::{rows_alone, sides};
use self::chunks::{AGAIN, Chunked};
pub(in crate::pool::formats) use self::ids::each_id;
use super::chunked::assemble;
use crate::foreign::guarded;
use crate::pool::Pool;
use crate::pool::bytes::{Bytes, Place, Store};
use crate::pool::convert::Layout as Lies;
use crate::pool::dense::{self, Kind, rows_and_dimensions};
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;

/// Bytes of a file's structure that are kept while it is looked through.
const KEPT: usize = 4 << 20;

/// The dataset `name`, by its path, or the only one of two dimensions and of values that pools have.
pub(in crate::pool) fn read(
    store: Store<'static>,
    name: Option<&str>,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let store = Arc::new(store);
    let found = guarded(|| find(&store, name))
        .unwrap_or_else(|| Err("is damaged: decoding failed".into()))?;
    let store = Arc::into_inner(store).expect("the file that shared it is closed");
    found.pool(store, room)
}

/// The bytes of a file, as hdf5-pure asks for them.
struct Shared(Arc<Store<'static>>);

impl Source for Shared {
    fn len(&self) -> u64 {
        self.0.length() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = self.0.part(at, out.len());
        let part = part.map_err(|reason| FormatError::Source(reason.into_owned()))?;
        if part.len() < out.len() {
            let (expected, available) = (at.saturating_add(out.len()), self.0.length());
            return Err(FormatError::UnexpectedEof { expected, available });
        }
        out.copy_from_slice(&part);
        Ok(())
    }
}

/// A dataset that is a pool.
struct Found {
    rows: usize,
    d: usize,
    kind: Kind,
    big_endian: bool,
    values: Values,
}

/// Where a dataset's values are.
enum Values {
    /// From this byte of the file on.
    InPlace(usize),
    /// In the header of the dataset: they are few.
    Few(Vec<u8>),
    Chunked(Chunked),
}

fn open(store: &Arc<Store<'static>>) -> Result<File, Reason> {
    let cached = FileAccessProperties::new().with_metadata_cache(MetadataCacheConfig::new(KEPT));
    File::from_source_with_options(Shared(Arc::clone(store)), cached).map_err(damaged)
}

fn find(store: &Arc<Store<'static>>, name: Option<&str>) -> Result<Found, Reason> {
    let file = open(store)?;
    let (name, dataset) = choose::dataset(&file, name)?;
    of_dataset(&dataset, store.length())
        .map_err(|reason| format!("dataset '{name}' {reason}").into())
}

fn of_dataset(dataset: &Dataset, file_bytes: usize) -> Result<Found, Reason> {
    let shape = sides(&dataset.shape().map_err(damaged)?)?;
    let (rows, d) = rows_and_dimensions(rows_alone(&shape))?;
    let (kind, big_endian) = kind::of(&dataset.datatype().map_err(damaged)?)?;
    dense::stored(kind)?;
    let values = values(dataset, &shape, (kind.bytes(), big_endian), file_bytes)?;
    Ok(Found { rows, d, kind, big_endian, values })
}

/// Where the values of a dataset are that has this shape, of so many bytes each.
fn values(
    dataset: &Dataset,
    shape: &[usize],
    (value_bytes, big_endian): (usize, bool),
    file_bytes: usize,
) -> Result<Values, Reason> {
    let needed = shape.iter().try_fold(value_bytes, |bytes: usize, &side| bytes.checked_mul(side));
    match layout(dataset)? {
        Layout::Contiguous { address: Some(address), size } => {
            Ok(Values::InPlace(in_place(address, size, needed, file_bytes)?))
        }
        Layout::Contiguous { address: None, .. } => {
            Err("holds no values: none was written into this file".into())
        }
        Layout::Compact { size } => Ok(Values::Few(few(dataset, size, needed)?)),
        Layout::Chunked { chunk_shape, index } => {
            let chunk = sides(&chunk_shape)?;
            let grid = chunks::grid(dataset, shape, &chunk, (value_bytes, big_endian))?;
            Ok(Values::Chunked(Chunked::of(dataset, grid, index, file_bytes)?))
        }
        _ => Err("lies in other files; write it again, with its values".into()),
    }
}

fn layout(dataset: &Dataset) -> Result<Layout, Reason> {
    dataset.layout().map_err(|error| match error {
        Error::Format(FormatError::InvalidLayoutVersion(version)) if version > 4 => {
            format!("lies as only HDF5 2.0 and later write it: {AGAIN}").into()
        }
        error => damaged(error),
    })
}

/// Where values begin that lie one after another.
fn in_place(
    address: u64,
    size: u64,
    needed: Option<usize>,
    file_bytes: usize,
) -> Result<usize, Reason> {
    let start = usize::try_from(address).ok();
    let end = start.zip(needed).and_then(|(start, needed)| start.checked_add(needed));
    match (start, end, needed) {
        (Some(start), Some(end), Some(needed)) if end <= file_bytes && needed as u64 <= size => {
            Ok(start)
        }
        _ => Err("claims values past the end of the file: truncated?".into()),
    }
}

/// The values that lie in the header.
fn few(dataset: &Dataset, size: u64, needed: Option<usize>) -> Result<Vec<u8>, Reason> {
    if needed.is_none_or(|needed| needed as u64 > size) {
        return Err(format!("claims more values than the {size} bytes that it holds").into());
    }
    let mut bytes = dataset.read_raw().map_err(damaged)?;
    bytes.truncate(needed.unwrap_or_default());
    Ok(bytes)
}

impl Found {
    fn pool(self, store: Store<'static>, room: &Room) -> Result<Pool<'static>, Reason> {
        let Found { rows, d, kind, big_endian, values } = self;
        let lies = Lies { rows, d, fortran: false, big_endian };
        match values {
            Values::InPlace(offset) => dense::pool(store, offset, lies, kind, room),
            Values::Few(bytes) => {
                let store = Store::Memory(Bytes::Owned(bytes));
                dense::pool(store, 0, lies, kind, room)
            }
            Values::Chunked(chunked) => {
                let dtype = dense::stored(kind)?;
                let mut pool = match room.is_for_outlines() {
                    true => Pool::without_values((rows, d), dtype),
                    false => {
                        let place = Place::dense(0, d * dtype.bytes());
                        let values = assemble(&chunked.grid, &chunked.inside(&store), room)?;
                        Pool::of_segment(values, (rows, d), dtype, place)
                    }
                };
                pool.notices = dense::notices(lies);
                Ok(pool)
            }
        }
    }
}

fn damaged(error: Error) -> Reason {
    format!("cannot be read as HDF5: {error}").into()
}
