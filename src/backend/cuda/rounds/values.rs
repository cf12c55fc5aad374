//! Values of a shard's rows, for the host: where it has the rows, from there, else from the device.

use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::backend::cuda::placement::Placement;
use crate::backend::shard::LiveValues;
use crate::error::Result;
use crate::ground::Ground;
use crate::mean;
use crate::mean::{NearPoint, Sums};
use crate::options::Metric;
use crate::rows::{FetchedRows, Gather, Rows};
use crate::values::{RowBlock, RowScratch};

/// Rows that are fetched at once where all of them are looked at.
const AT_ONCE: usize = 1024;

/// Where the values are.
pub(super) enum Values<'p> {
    Host(&'p Rows<'p>),
    Lent { pool: &'p DevicePool<'p>, stream: &'p Stream, metric: Metric },
}

impl<'p> Values<'p> {
    pub fn of(ground: &Ground, placement: Placement<'p>, stream: &'p Stream) -> Values<'p> {
        match placement {
            Placement::Copied(rows) | Placement::Staged(rows) => Values::Host(rows),
            Placement::Lent(pool) => Values::Lent { pool, stream, metric: ground.rows.metric() },
        }
    }

    /// Values of `rows` under the metric, `(rows.len(), d)`. Waits for those on the device.
    pub fn of_rows(&self, rows: &[usize]) -> Result<RowBlock> {
        let (mut block, mut scratch) = (RowBlock::default(), RowScratch::new());
        match self {
            Values::Host(held) => {
                rows.iter().for_each(|&row| block.push(held.get(row, &mut scratch)));
            }
            Values::Lent { pool, stream, metric } => {
                let fetched = pool.fetched(rows, *metric, stream)?;
                rows.iter().for_each(|&row| block.push(fetched.get(row, &mut scratch)));
            }
        }
        Ok(block)
    }

    /// The same, as a picker sees them; `first` is the pool row that is row 0.
    pub fn lent(&self, rows: &[usize], first: usize) -> Result<LiveValues<'p>> {
        match self {
            Values::Host(rows) => Ok(LiveValues::Held { rows, first }),
            Values::Lent { pool, .. } => {
                let d = pool.dimensions();
                Ok(LiveValues::Lent { values: self.of_rows(rows)?, d })
            }
        }
    }

    /// As [`crate::backend::shard::Shard::add_sums`].
    pub fn add_sums(&self, ground: &Ground, sums: &mut Sums) -> Result<()> {
        match self {
            Values::Host(rows) => mean::add_sums(ground, rows, sums),
            Values::Lent { .. } => self.for_all(ground, |rows, fetched| {
                mean::add_one_by_one(ground, fetched, rows, sums);
            })?,
        }
        Ok(())
    }

    /// The eligible row nearest `point`, the lowest of equally near ones.
    pub fn nearest_to(&self, ground: &Ground, point: &[f64]) -> Result<Option<NearPoint>> {
        let mut nearest: Option<NearPoint> = None;
        match self {
            Values::Host(rows) => nearest = mean::nearest_to(ground, rows, point),
            Values::Lent { .. } => self.for_all(ground, |rows, fetched| {
                let found = mean::nearest_of(ground, fetched, rows, point);
                nearest = nearest.into_iter().chain(found).reduce(NearPoint::nearer);
            })?,
        }
        Ok(nearest)
    }

    /// Shows all rows in order, some at a time.
    fn for_all(
        &self,
        ground: &Ground,
        mut look: impl FnMut(std::ops::Range<usize>, &FetchedRows),
    ) -> Result<()> {
        let Values::Lent { pool, stream, metric } = self else { return Ok(()) };
        let n = pool.rows();
        for start in (0..n).step_by(AT_ONCE).take_while(|_| !ground.is_interrupted()) {
            let rows = start..n.min(start + AT_ONCE);
            let needed: Vec<usize> = rows.clone().collect();
            look(rows, &pool.fetched(&needed, *metric, stream)?);
        }
        Ok(())
    }
}
