//! Distances over a pool on the CPU.

use std::sync::atomic::AtomicUsize;

use super::join::Join;
use super::kernels::Multiplier;
use super::pack::Packing;
use super::{Cpu, prepare};
use crate::backend::{Neighbour, Space, settled};
use crate::error::Result;
use crate::problem::Problem;

/// A pool whose norms are kept, under cosine.
pub(crate) struct CpuSpace<'p, M: Multiplier> {
    problem: &'p Problem<'p>,
    multiplier: M,
    width: f64,
    packing: Option<Packing>,
}

impl<'p, M: Multiplier> CpuSpace<'p, M> {
    pub fn new(problem: &'p Problem<'p>, multiplier: M, width: f64) -> CpuSpace<'p, M> {
        CpuSpace { problem, multiplier, width, packing: None }
    }
}

impl<M: Multiplier> Space for CpuSpace<'_, M> {
    fn labeled_distances(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let backend = |problem| Ok(Cpu::new(problem, self.multiplier, self.width));
        settled::labeled_distances(self.problem, backend)
    }

    fn min_distances(&mut self, centers: &[usize]) -> Result<(Vec<f64>, Vec<u32>)> {
        let problem = &self.problem.of_every_row(centers.len());
        let backend = |problem| Ok(Cpu::new(problem, self.multiplier, self.width));
        settled::min_distances(problem, centers, backend)
    }

    fn within(
        &mut self,
        rows: &[usize],
        reach: f64,
        most: usize,
    ) -> Result<Option<Vec<Neighbour>>> {
        let problem = self.problem;
        let packing =
            self.packing.get_or_insert_with(|| prepare::packing_of_rows::<M>(problem, self.width));
        let eligible: Vec<usize> =
            (0..problem.rows.len()).filter(|&row| problem.eligible[row]).collect();
        let join = Join {
            multiplier: self.multiplier,
            rows: &problem.rows,
            packing,
            reach,
            most,
            found: AtomicUsize::new(0),
        };
        Ok(join.all(rows, &eligible))
    }
}
