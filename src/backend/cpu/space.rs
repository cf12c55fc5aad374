//! Distances over a pool on the CPU.

use std::sync::atomic::AtomicUsize;

use super::Cpu;
use super::bulk::Bulk;
use super::join::Join;
use super::kernels::Multiplier;
use super::pack::Packing;
use crate::backend::{Neighbour, Space, settled};
use crate::error::Result;
use crate::ground::HostGround;

/// A pool whose norms are kept, under cosine.
pub(crate) struct CpuSpace<'p, M: Multiplier> {
    ground: &'p HostGround<'p>,
    multiplier: M,
    width: f64,
    packing: Option<Packing>,
}

impl<'p, M: Multiplier> CpuSpace<'p, M> {
    pub fn new(ground: &'p HostGround<'p>, multiplier: M, width: f64) -> CpuSpace<'p, M> {
        CpuSpace { ground, multiplier, width, packing: None }
    }
}

impl<M: Multiplier> Space for CpuSpace<'_, M> {
    fn labeled_distances(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let backend = || Ok(Cpu::new(self.ground, self.multiplier, self.width));
        settled::labeled_distances(self.ground, backend)
    }

    fn min_distances(&mut self, centers: &[usize]) -> Result<(Vec<f64>, Vec<u32>)> {
        let ground = &self.ground.of_every_row();
        let backend = || Ok(Cpu::new(ground, self.multiplier, self.width));
        settled::min_distances(ground, centers, backend)
    }

    fn within(
        &mut self,
        rows: &[usize],
        reach: f64,
        most: usize,
    ) -> Result<Option<Vec<Neighbour>>> {
        let ground = self.ground;
        let packing = self
            .packing
            .get_or_insert_with(|| Packing::new::<M>(&Bulk::of_ground(ground), self.width));
        let eligible: Vec<usize> = ground.eligible_rows().collect();
        let join = Join {
            multiplier: self.multiplier,
            rows: &ground.rows,
            packing,
            reach,
            most,
            found: AtomicUsize::new(0),
        };
        Ok(join.all(rows, &eligible))
    }
}
