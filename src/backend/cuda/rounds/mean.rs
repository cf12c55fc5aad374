//! The row nearest the mean of the pool of a selection in rounds.

use super::Cuda;
use super::stage::Place;
use crate::backend::cuda::lent::DevicePool;
use crate::backend::cuda::mean::nearest_the_mean;
use crate::backend::cuda::placement::Placement;
use crate::error::{Error, Result};
use crate::mean;

impl Cuda<'_> {
    /// On the device, where the pool is there; of staged rows on the host, which reads its memory faster than a device can.
    pub(super) fn nearest_its_mean(&mut self) -> Result<usize> {
        self.send_pool()?;
        let copied = match (&self.pool, self.placement) {
            (Place::Host(_), _) => return Ok(self.nearest_on_host()),
            (_, Placement::Lent(pool)) => return nearest_the_mean(self.ground, pool, self.stream),
            (Place::Device(_), _) => self.copied_pool(),
        };
        let on_device = nearest_the_mean(self.ground, &copied, self.stream);
        match on_device {
            // The pool and the selection's memory may leave no room for sums.
            Err(Error::CudaMemory { .. }) => Ok(self.nearest_on_host()),
            found => found,
        }
    }

    /// The copy of the pool in the workspace.
    fn copied_pool(&self) -> DevicePool<'static> {
        let shape = (self.ground.rows.len(), self.ground.rows.dimensions());
        let device = self.stream.gpu().context().ordinal();
        DevicePool::at(device, self.buffers().pool, shape, self.dtype())
    }

    fn nearest_on_host(&self) -> usize {
        let rows = self.placement.on_host().expect("a pool that is staged is on the host");
        mean::nearest_the_mean(self.ground, rows)
    }
}
