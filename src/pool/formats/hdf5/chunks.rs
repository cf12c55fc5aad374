//! A dataset that lies in chunks.

use std::collections::HashMap;

use hdf5_pure::{Chunk, ChunkIndex, Dataset, Filter};

use super::damaged;
use crate::pool::bytes::Store;
use crate::pool::formats::chunked::{Chunks, Codec, Grid, Stored};
use crate::pool::reason::Reason;

/// What writes a dataset so that it is read.
pub(super) const AGAIN: &str =
    "h5py.File('new.h5', 'w')['x'] = h5py.File(path)[name][:] writes it again";

/// The chunks of a dataset, by their place.
pub(super) struct Chunked {
    pub grid: Grid,
    places: HashMap<(usize, usize), Chunk>,
}

/// How a dataset of `shape` is cut into chunks with the sides `chunk`.
pub(super) fn grid(
    dataset: &Dataset,
    shape: &[usize],
    chunk: &[usize],
    (value_bytes, big_endian): (usize, bool),
) -> Result<Grid, Reason> {
    let chunk_bytes = Grid::chunk_bytes(shape, chunk, value_bytes)?;
    let filters = dataset.filter_pipeline();
    let codecs = filters.iter().map(|filter| codec(filter, value_bytes));
    let [(rows, chunk_rows), (d, chunk_columns)] = match (shape, chunk) {
        (&[.., rows, d], &[.., chunk_rows, chunk_columns]) => {
            [(rows, chunk_rows), (d, chunk_columns)]
        }
        // A list is of rows of one value.
        (&[rows], &[chunk_rows]) => [(rows, chunk_rows), (1, 1)],
        _ => return Err("is of no dimension".into()),
    };
    Ok(Grid {
        rows,
        d,
        chunk_rows,
        chunk_columns,
        value_bytes,
        chunk_bytes,
        fortran: false,
        big_endian,
        codecs: codecs.collect::<Result<_, _>>()?,
        fill: vec![0; value_bytes],
    })
}

fn codec(filter: &Filter, value_bytes: usize) -> Result<Codec, Reason> {
    Ok(match filter.id {
        1 => Codec::Zlib,
        2 => {
            let size = filter.client_data.first().and_then(|&size| usize::try_from(size).ok());
            Codec::Shuffle(size.filter(|&size| size > 0).unwrap_or(value_bytes))
        }
        3 => Codec::Fletcher32,
        32000 => Codec::Lzf,
        32001 => Codec::Blosc,
        32015 => Codec::Zstd,
        id => {
            let name = filter.name.as_deref().unwrap_or("unnamed");
            return Err(format!(
                "is compressed by HDF5's filter {id} ({name}), which is not read: {AGAIN}"
            )
            .into());
        }
    })
}

impl Chunked {
    pub fn of(
        dataset: &Dataset,
        mut grid: Grid,
        index: ChunkIndex,
        file_bytes: usize,
    ) -> Result<Chunked, Reason> {
        if index == ChunkIndex::BTreeV2 {
            let reason = "has chunks that may grow along several sides, in the newest format";
            return Err(format!("{reason}: {AGAIN}").into());
        }
        let (mut places, mut stored) = (HashMap::new(), 0);
        for chunk in dataset.chunks().map_err(damaged)? {
            let end = chunk.address.checked_add(chunk.storage_size);
            if end.is_none_or(|end| end > file_bytes as u64) {
                return Err("has a chunk past the end of the file: truncated?".into());
            }
            if let Some(place) = place(&chunk.offset, &grid) {
                stored += chunk.storage_size;
                places.insert(place, chunk);
            }
        }
        grid.check_claim(places.len(), stored.min(file_bytes as u64))?;
        if places.len() < grid.bands() * grid.columns() {
            grid.fill = fill(dataset, &grid, &places)?;
        }
        Ok(Chunked { grid, places })
    }

    /// The chunks, in the file that `store` is.
    pub fn inside<'f>(&'f self, store: &'f Store<'static>) -> Inside<'f> {
        Inside { chunked: self, store }
    }
}

/// The place of a chunk that begins at `offset`; none of one that holds no rows of the array.
fn place(offset: &[u64], grid: &Grid) -> Option<(usize, usize)> {
    let (before, row, column) = match offset {
        [row] => (&[][..], row, &0),
        [before @ .., row, column] => (before, row, column),
        [] => return None,
    };
    let (row, column) = (usize::try_from(*row).ok()?, usize::try_from(*column).ok()?);
    let is_within = before.iter().all(|&side| side == 0) && row < grid.rows && column < grid.d;
    let is_whole = row.is_multiple_of(grid.chunk_rows) && column.is_multiple_of(grid.chunk_columns);
    (is_within && is_whole).then(|| (row / grid.chunk_rows, column / grid.chunk_columns))
}

/// The value in chunks that were never written, as it would be stored.
fn fill(
    dataset: &Dataset,
    grid: &Grid,
    places: &HashMap<(usize, usize), Chunk>,
) -> Result<Vec<u8>, Reason> {
    let unknown =
        || Reason::from("has chunks that were never written: save the rows that there are");
    let is_missing =
        |band: &usize| (0..grid.columns()).all(|at| !places.contains_key(&(*band, at)));
    let row = (0..grid.bands()).find(is_missing).ok_or_else(unknown)? * grid.chunk_rows;
    // hdf5-pure tells the value by the rows alone.
    let stored = dataset.read_raw_rows(row as u64, 1).map_err(damaged)?;
    stored.get(..grid.value_bytes).map(<[u8]>::to_vec).ok_or_else(unknown)
}

/// The chunks in their file.
pub(super) struct Inside<'f> {
    chunked: &'f Chunked,
    store: &'f Store<'static>,
}

impl Chunks for Inside<'_> {
    fn stored(&self, band: usize, column: usize) -> Result<Option<Stored<'_>>, Reason> {
        let Some(chunk) = self.chunked.places.get(&(band, column)) else { return Ok(None) };
        let number = |number: u64| usize::try_from(number).expect("64-bit addresses");
        let bytes = self.store.part(number(chunk.address), number(chunk.storage_size))?;
        Ok(Some(Stored { bytes, skipped: chunk.filter_mask }))
    }
}
