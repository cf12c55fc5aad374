//! Picks on the CPU among live rows that shards lend.

use std::sync::atomic::AtomicBool;

use super::kernels::Multiplier;
use super::pick::{Live, Terms};
use super::prepare::packing_of_live;
use crate::backend::shard::{LiveBlock, Picker, RowState};
use crate::backend::{Candidate, Picked};
use crate::error::Result;
use crate::statistics::Statistics;

pub(crate) struct CpuPicker<'p, M: Multiplier> {
    multiplier: M,
    /// 1; tests widen the filter's interval or narrow it to nothing.
    width: f64,
    interrupt: Option<&'p AtomicBool>,
    statistics: Statistics,
}

impl<'p, M: Multiplier> CpuPicker<'p, M> {
    pub fn new(multiplier: M, width: f64, interrupt: Option<&'p AtomicBool>) -> CpuPicker<'p, M> {
        CpuPicker { multiplier, width, interrupt, statistics: Statistics::default() }
    }
}

impl<M: Multiplier> Picker for CpuPicker<'_, M> {
    fn pick(
        &mut self,
        live: &LiveBlock,
        applied: usize,
        outside: Option<Candidate>,
        limit: usize,
        stop: f64,
    ) -> Result<(Picked, Vec<RowState>)> {
        let packing = &packing_of_live::<M>(live, self.width);
        let (multiplier, interrupt) = (self.multiplier, self.interrupt);
        let terms = Terms { multiplier, packing, outside, applied, interrupt };
        let mut live = Live::new(terms, live);
        let picked = live.pick(limit, stop);
        live.count(&mut self.statistics);
        Ok((picked, live.state))
    }

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}
