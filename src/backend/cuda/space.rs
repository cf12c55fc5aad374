//! Distances over a pool on a GPU, where it is copied once, if it fits.

use super::join::Join;
use super::{Cuda, Multiplier, Placement};
use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::backend::{Neighbour, Space, settled};
use crate::error::{Error, Result};
use crate::ground::{Ground, HostGround};
use crate::options::Device;

pub(crate) struct CudaSpace<'p> {
    ground: &'p HostGround<'p>,
    stream: &'p Stream,
    /// `None` if the pool stays on the host.
    pool: Option<DevicePool<'static>>,
    join: Option<Join>,
    width: f64,
    multiplier: Multiplier,
}

impl<'p> CudaSpace<'p> {
    /// # Errors
    /// [`Error::Lost`] under way.
    pub fn new(
        ground: &'p HostGround<'p>,
        stream: &'p Stream,
        is_staged: bool,
        width: f64,
        multiplier: Multiplier,
    ) -> Result<CudaSpace<'p>> {
        let pool = if is_staged {
            None
        } else {
            DevicePool::upload_if_it_fits(ground.rows.pool(), stream)?
        };
        Ok(CudaSpace { ground, stream, pool, join: None, width, multiplier })
    }

    /// # Errors
    /// [`Error::Unsupported`] if the pool does not fit the device's memory: then there are no joins.
    pub fn check_joins(&self) -> Result<()> {
        if self.pool.is_some() { Ok(()) } else { Err(self.does_not_fit()) }
    }

    fn does_not_fit(&self) -> Error {
        let reason = format!(
            "distances between rows are computed of pools that fit the device's memory, and the {} MB of this one do not: use the CPU \
             (--device cpu)",
            self.ground.rows.pool().bytes().div_ceil(1 << 20)
        );
        let device = Device::Cuda(self.stream.gpu().context().ordinal());
        Error::Unsupported { device, reason }
    }

    /// A backend over `ground`, whose rows are this pool's, for at most so many centers.
    fn backend<'b>(&'b self, ground: &'b Ground<'b>, centers: usize) -> Result<Cuda<'b>> {
        let staged = Placement::Staged(&self.ground.rows);
        let placement = self.pool.as_ref().map_or(staged, Placement::Lent);
        Cuda::new(ground, centers, self.stream, placement, self.width, self.multiplier)
    }
}

impl Space for CudaSpace<'_> {
    fn labeled_distances(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let (ground, centers) = (self.ground, self.ground.labeled_count());
        settled::labeled_distances(ground, || self.backend(ground, centers))
    }

    fn min_distances(&mut self, centers: &[usize]) -> Result<(Vec<f64>, Vec<u32>)> {
        let ground = &self.ground.of_every_row();
        settled::min_distances(ground, centers, || self.backend(ground, centers.len()))
    }

    fn within(
        &mut self,
        rows: &[usize],
        reach: f64,
        most: usize,
    ) -> Result<Option<Vec<Neighbour>>> {
        let Some(pool) = &self.pool else {
            return Err(self.does_not_fit());
        };
        let join = match &mut self.join {
            Some(join) => join,
            none => none.insert(Join::new(self.ground, self.stream, pool, self.width)?),
        };
        join.within(self.stream, rows, reach, most)
    }
}
