//! The chunks of an array, in files of their own or in shards.

use super::array::{Array, Names};
use super::keys::{Keys, under};
use super::shards::Shards;
use crate::pool::formats::chunked::{Chunks, Grid, Stored};
use crate::pool::reason::Reason;

/// An array's chunks in their store.
pub(super) struct Inside<'k> {
    keys: &'k Keys,
    /// The array's path in the store.
    path: String,
    names: Names,
    /// The sides of the array before the last two.
    ones: usize,
    /// The array has no second side.
    is_list: bool,
    shards: Option<Shards>,
    pub grid: Grid,
}

impl Inside<'_> {
    /// The chunks of the array at `path`, once it is known that they can hold what the array claims. Of a list, which is read chunk by chunk,
    /// there may be none: those that hold the fill value alone are not written.
    pub fn of<'k>(keys: &'k Keys, path: &str, array: Array) -> Result<Inside<'k>, Reason> {
        let whole = grid(&array, &array.file)?;
        let (files, bytes) = keys.chunk_files(path)?;
        let (shards, grid) = match &array.shards {
            None => {
                if !array.is_list {
                    whole.check_claim(files, bytes)?;
                }
                (None, whole)
            }
            Some(said) => {
                let grid = grid(&array, &said.chunk)?;
                let shards = Shards::of(said, &array.file, &whole, &grid)?;
                // A shard may hold few of its chunks.
                if !array.is_list {
                    shards.check_claim(&whole, files, bytes)?;
                }
                (Some(shards), grid)
            }
        };
        let ones = array.shape.len() - 2;
        let (path, is_list) = (path.to_string(), array.is_list);
        Ok(Inside { keys, path, names: array.names, ones, is_list, shards, grid })
    }

    /// The file of the chunk or shard at this place.
    fn key(&self, row: usize, column: usize) -> String {
        let Names { prefix, separator } = self.names;
        let prefix = Some(prefix.to_string()).filter(|prefix| !prefix.is_empty());
        let column = Some(column).filter(|_| !self.is_list);
        let sides = std::iter::repeat_n(0, self.ones).chain([row]).chain(column);
        let parts: Vec<String> = prefix.into_iter().chain(sides.map(|at| at.to_string())).collect();
        under(&self.path, &parts.join(&separator.to_string()))
    }
}

/// How an array is cut into pieces with the sides `piece`.
fn grid(array: &Array, piece: &[usize]) -> Result<Grid, Reason> {
    let value_bytes = array.values.bytes();
    let chunk_bytes = Grid::chunk_bytes(&array.shape, piece, value_bytes)?;
    let ([.., rows, d], [.., chunk_rows, chunk_columns]) = (&array.shape[..], piece) else {
        return Err("is of one dimension".into());
    };
    let fortran = array.encoding.fortran && array.shape.len() == 2;
    if array.encoding.fortran && !fortran {
        return Err("lies by columns in three dimensions: save a[0]".into());
    }
    Ok(Grid {
        rows: *rows,
        d: *d,
        chunk_rows: *chunk_rows,
        chunk_columns: *chunk_columns,
        value_bytes,
        chunk_bytes,
        fortran,
        big_endian: array.encoding.big_endian,
        codecs: array.encoding.codecs.clone(),
        fill: array.fill.clone(),
    })
}

impl Chunks for Inside<'_> {
    fn stored(&self, band: usize, column: usize) -> Result<Option<Stored<'_>>, Reason> {
        let bytes = match &self.shards {
            None => self.keys.all(&self.key(band, column))?,
            Some(shards) => {
                let (row, shard_column) = shards.of_chunk(band, column);
                let key = self.key(row, shard_column);
                let index = shards.index(self.keys, (row, shard_column), &key)?;
                match index.as_ref().and_then(|index| shards.place(index, band, column)) {
                    None => None,
                    Some((at, length)) => Some(self.keys.part(&key, at, length)?),
                }
            }
        };
        Ok(bytes.map(|bytes| Stored { bytes, skipped: 0 }))
    }
}
