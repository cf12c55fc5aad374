//! Selections from pools in host memory.

use super::cells::{CellsWork, no_cells, with_cells};
use super::cuda::{on_cuda, select_copied};
use super::place::{Int8Work, Work, dispatch, with_int8};
use super::run::lazy;
use super::shards::{parts, sharded};
use super::tuning::Multiplier::Cells;
use super::tuning::{Placement, Tuning};
use super::way::{Threads, Way, are_held};
use crate::backend::Before;
use crate::backend::cpu::kernels::Multiplier;
use crate::backend::cpu::kernels::int8::Int8Multiplier;
use crate::backend::cpu::{
    CellValue, CellsCpu, Cpu, CpuPicker, CpuRows, Int8Cpu, Int8State, Int8UntilCrowd, PlainCpu,
    Whole, distances_before, distances_before_in_cells,
};
use crate::error::Result;
use crate::float_environment;
use crate::greedy::Watch;
use crate::ground::HostGround;
use crate::options::Options;
use crate::pool::Pool;
use crate::question::Question;
use crate::selection::Selection;
use crate::threads::on_engine_threads;

/// [`crate::select_with`], tuned.
///
/// # Errors
/// As there, and [`crate::Error::Unsupported`] if the device lacks what is asked for.
pub fn select_tuned(
    pool: &Pool,
    budget: usize,
    options: &Options,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    if tuning.placement == Placement::Lent {
        return select_copied(pool, budget, options, tuning, watch);
    }
    let work = || {
        let ground = HostGround::of_pool(pool, options)?;
        let question = Question::new(budget, options, &ground)?;
        let work = &mut Selecting { question, tuning, watch };
        let (mut selection, fallback) = dispatch(ground, options.device, tuning.multiplier, work)?;
        selection.statistics.fallback = fallback;
        Ok(selection)
    };
    let selection = match Threads::of(pool, budget, options, tuning) {
        Threads::Callers => float_environment::in_default(work),
        Threads::Own(threads) => on_engine_threads(threads, work)?,
    };
    options.vouch(pool, selection)
}

/// Greedy, in rounds or at once.
struct Selecting<'w> {
    question: Question<'w>,
    tuning: &'w Tuning,
    watch: Watch<'w>,
}

/// A selection whose rounds run on int8 values, at least until they meet a crowd.
struct OnInt8<'s, 'w, M> {
    selecting: &'s mut Selecting<'w>,
    ground: &'s HostGround<'s>,
    /// What the rows are whole numbers of, as far as a sample tells.
    whole: Option<Whole>,
    /// The multiplier of rounds on floats.
    floats: M,
    before: &'s Before,
}

impl<M: Multiplier> Int8Work for OnInt8<'_, '_, M> {
    type Answer = Result<Selection>;

    fn with<K: Int8Multiplier>(self, multiplier: K) -> Result<Selection> {
        let Selecting { question, tuning, watch } = self.selecting;
        let (ground, whole, width) = (self.ground, self.whole, tuning.width);
        if tuning.shards > 1 {
            let parts = parts(ground, tuning.shards);
            let hold = |ground| Int8State::new(ground, whole, multiplier, width);
            let picker = CpuPicker::new(self.floats, width, ground.interrupt());
            let backend = sharded(ground, &parts, hold, picker);
            return lazy(question, ground, backend, self.before, tuning, watch);
        }
        if tuning.multiplier.stays_on_int8() {
            let backend = Int8Cpu::new(ground, whole, multiplier, width);
            return lazy(question, ground, backend, self.before, tuning, watch);
        }
        let backend = Int8UntilCrowd::new(ground, whole, multiplier, self.floats, width);
        lazy(question, ground, backend, self.before, tuning, watch)
    }
}

/// A selection whose rows lie in cells.
struct OnCells<'s, 'w> {
    selecting: &'s mut Selecting<'w>,
    ground: &'s HostGround<'s>,
}

impl CellsWork for OnCells<'_, '_> {
    type Answer = Result<Selection>;

    fn with<V: CellValue, const D: usize>(self) -> Result<Selection> {
        let Selecting { question, tuning, watch } = self.selecting;
        let most = question.budget + self.ground.labeled_count();
        let before = distances_before_in_cells::<V, D>(self.ground, question.resume);
        let backend = CellsCpu::<V, D>::new(self.ground, most);
        lazy(question, self.ground, backend, &before, tuning, watch)
    }
}

impl Work for Selecting<'_> {
    type Answer = Selection;

    fn on_cpu<M: Multiplier>(&mut self, ground: &HostGround, multiplier: M) -> Result<Selection> {
        let (width, shards) = (self.tuning.width, self.tuning.shards);
        let way = Way::of::<M>(&self.question, ground, self.tuning);
        if matches!(way, Way::Floats) && are_held(self.question.budget) {
            ground.rows.hold_if_they_fit()?;
        }
        let resume = self.question.resume;
        let before = || distances_before(ground, resume, multiplier, width);
        match way {
            Way::Plain => {
                let backend = PlainCpu::new(ground);
                lazy(&self.question, ground, backend, &before(), self.tuning, self.watch)
            }
            Way::Cells => with_cells(ground, OnCells { selecting: self, ground })?,
            Way::Int8(whole) => {
                let work = OnInt8 {
                    selecting: self,
                    ground,
                    whole,
                    floats: multiplier,
                    before: &before(),
                };
                with_int8(work.selecting.tuning.multiplier, work)?
            }
            Way::Floats if shards > 1 => {
                let parts = parts(ground, shards);
                let hold = |ground| CpuRows::new(ground, multiplier, width);
                let picker = CpuPicker::new(multiplier, width, ground.interrupt());
                let backend = sharded(ground, &parts, hold, picker);
                lazy(&self.question, ground, backend, &before(), self.tuning, self.watch)
            }
            Way::Floats if self.tuning.multiplier == Cells => Err(no_cells(ground)),
            Way::Floats => {
                let backend = Cpu::new(ground, multiplier, width);
                lazy(&self.question, ground, backend, &before(), self.tuning, self.watch)
            }
        }
    }

    fn on_cuda(&mut self, ground: &HostGround, ordinal: usize) -> Result<Selection> {
        on_cuda(&self.question, ground, ordinal, self.tuning, self.watch)
    }
}
