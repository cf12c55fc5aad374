//! What a pool in files is, from their headers.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::meant::Meant;
use super::scratch::Room;
use super::{Dtype, OpenOptions, Pool, Sample, folder};
use crate::error::Result;
use crate::threads::on_engine_threads;

/// The size of a pool, and where its values are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outline {
    /// Rows of the pool.
    pub rows: usize,
    /// Values a row.
    pub dimensions: usize,
    /// How they are stored.
    pub dtype: Dtype,
    /// Bytes of the values.
    pub bytes: u64,
    /// Of those, the ones that lie in files as a pool keeps them.
    pub in_place_bytes: u64,
    /// Of those, the ones that must be fetched, decoded or rearranged first. All others are in memory.
    pub decoded_bytes: u64,
    /// As [`Pool::notices`].
    #[serde(skip)]
    pub notices: Vec<String>,
    /// As [`Pool::files`].
    #[serde(skip)]
    pub files: Vec<PathBuf>,
    /// As [`Pool::first_rows`].
    #[serde(skip)]
    pub first_rows: Vec<usize>,
}

impl Outline {
    /// Of the pool that [`Pool::open_named`] would open. Reads headers and the metadata of Parquet files, and no values; only Arrow files are
    /// read through, in little memory if their rows lie in them as a pool keeps them. Of objects nothing is kept.
    ///
    /// # Errors
    /// As there, but for what only the values can tell.
    pub fn read(path: impl AsRef<Path>, name: Option<&str>) -> Result<Outline> {
        Outline::read_with(path, &OpenOptions { name, ..OpenOptions::default() })
    }

    /// As [`Outline::read`], of what `options` say is meant, and by their interrupt, which ends a wait for an object store.
    ///
    /// # Errors
    /// As [`Outline::read`], and [`crate::Error::Interrupted`].
    pub fn read_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Outline> {
        let (path, room) = (path.as_ref(), Room::for_outlines().interrupted_by(options.interrupt));
        let meant = Meant::of(options)?;
        let open = || folder::open(path, meant, &room);
        Ok(Outline::in_files(&on_engine_threads(0, open)??))
    }

    /// Of the pool that `paths` are together, in this order.
    ///
    /// # Errors
    /// As [`Outline::read_with`].
    pub fn read_each(paths: &[PathBuf], options: &OpenOptions) -> Result<Outline> {
        let room = Room::for_outlines().interrupted_by(options.interrupt);
        let meant = Meant::of(options)?;
        let open = || folder::open_each(paths, meant, &room);
        Ok(Outline::in_files(&on_engine_threads(0, open)??))
    }

    /// As [`Outline::read_with`], and a sample of the pool's rows; none if any must be fetched or decoded.
    ///
    /// # Errors
    /// As [`Outline::read_with`] and [`Sample::of`].
    pub fn read_with_sample(
        path: impl AsRef<Path>,
        options: &OpenOptions,
    ) -> Result<(Outline, Option<Sample>)> {
        let pool = without_decoding(path.as_ref(), Meant::of(options)?)?;
        let outline = Outline::in_files(&pool);
        let is_readable = outline.decoded_bytes == 0;
        let sample = || match options.skip_bad {
            None => Sample::of(&pool),
            Some(metric) => Sample::of_good(&pool, metric),
        };
        let sample = is_readable.then(sample).transpose()?;
        Ok((outline, sample))
    }

    /// Of a pool of which only the values are known that lie in place.
    fn in_files(pool: &Pool) -> Outline {
        let in_place = pool.disk_bytes() as u64;
        let bytes = pool.bytes() as u64;
        Outline { in_place_bytes: in_place, decoded_bytes: bytes - in_place, ..Outline::of(pool) }
    }

    /// Of a pool that is open: what is in memory lies there already.
    pub fn of(pool: &Pool) -> Outline {
        Outline {
            rows: pool.rows(),
            dimensions: pool.dimensions(),
            dtype: pool.dtype(),
            bytes: pool.bytes() as u64,
            in_place_bytes: pool.disk_bytes() as u64,
            decoded_bytes: 0,
            notices: pool.notices().to_vec(),
            files: pool.files().to_vec(),
            first_rows: pool.first_rows().to_vec(),
        }
    }
}

/// A pool of files that has no values but those that lie in place.
fn without_decoding(path: &Path, meant: Meant) -> Result<Pool<'static>> {
    on_engine_threads(0, || folder::open(path, meant, &Room::for_outlines()))?
}
