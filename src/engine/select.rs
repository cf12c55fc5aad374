//! Selections from pools in host memory.

use super::cells::{CellsWork, no_cells, with_cells};
use super::cuda::{on_cuda, on_gpus, select_copied};
use super::distinct::distinct_rows;
use super::first::with_first;
use super::place::{Int8Work, Work, dispatch, with_int8};
use super::run::lazy;
use super::shards::{parts, sharded};
use super::tuning::Multiplier::Cells;
use super::tuning::{Placement, Tuning};
use super::way::{PlainWork, Threads, Way, are_held};
use crate::backend::cpu::kernels::Multiplier;
use crate::backend::cpu::kernels::int8::Int8Multiplier;
use crate::backend::cpu::{
    CellValue, CellsCpu, Cpu, CpuPicker, CpuRows, GoOn, Int8Cpu, Int8State, Int8UntilCrowd,
    PlainCpu, Whole, distances_before, distances_before_in_cells, go_on,
};
use crate::backend::distinct::{Distinct, DistinctRows};
use crate::backend::shard::Picker;
use crate::backend::{Backend, Before};
use crate::error::Result;
use crate::float_environment;
use crate::gpus::Gpus;
use crate::greedy::Watch;
use crate::ground::HostGround;
use crate::options::Options;
use crate::pool::Pool;
use crate::question::Question;
use crate::rows::Gather;
use crate::selection::{Selection, forget};
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
    let found = with_first(pool, options, tuning)?;
    let options = found.as_ref().unwrap_or(options);
    let plain = PlainWork::of(pool, budget, options, tuning);
    let work = || {
        pool.check_room_for_state()?;
        let ground = HostGround::of_pool(pool, options)?;
        let question = Question::new(budget, options, &&ground)?;
        let work = &mut Selecting { question, tuning, plain, watch };
        let (mut selection, fallback) = dispatch(ground, options.device, tuning.multiplier, work)?;
        selection.statistics.fallback = fallback;
        Ok(selection)
    };
    let selection = match Threads::of(options, plain) {
        Threads::Callers => float_environment::in_default(work),
        Threads::Own(threads) => on_engine_threads(threads, work)?,
    };
    let mut selection = options.vouch(pool, selection)?;
    forget(pool.skipped(), &mut selection.min_distances, &mut selection.assignment);
    Ok(selection)
}

/// Greedy, in rounds or at once.
struct Selecting<'w> {
    question: Question<'w>,
    tuning: &'w Tuning,
    plain: PlainWork,
    watch: Watch<'w>,
}

/// The rows that a selection is made from.
#[derive(Clone, Copy)]
struct Over<'s> {
    /// As they were asked about.
    asked: &'s HostGround<'s>,
    /// Those that the backend holds: all of them, or one of equal ones.
    held: &'s HostGround<'s>,
    distinct: Option<&'s DistinctRows>,
}

impl Selecting<'_> {
    fn lazy(
        &mut self,
        over: Over,
        before: &Before,
        mut backend: impl Backend,
    ) -> Result<Selection> {
        let mut distinct;
        let backend: &mut dyn Backend = match over.distinct {
            None => &mut backend,
            Some(rows) => {
                distinct = Distinct::new(over.asked, rows, &mut backend);
                &mut distinct
            }
        };
        let held = over.held.rows.len();
        lazy(&self.question, &over.asked, backend, held, before, self.tuning, self.watch)
    }
}

/// A selection whose rounds run on int8 values, at least until they meet a crowd.
struct OnInt8<'s, 'w> {
    selecting: &'s mut Selecting<'w>,
    over: Over<'s>,
    /// What the rows are whole numbers of, as far as a sample tells.
    whole: Option<Whole>,
    /// After a crowd.
    go_on: GoOn<'s>,
    /// Among live rows of shards.
    picker: Box<dyn Picker + 's>,
    before: &'s Before,
}

impl Int8Work for OnInt8<'_, '_> {
    type Answer = Result<Selection>;

    fn with<K: Int8Multiplier>(self, multiplier: K) -> Result<Selection> {
        let OnInt8 { selecting, over, whole, go_on, picker, before } = self;
        let (ground, tuning) = (over.held, selecting.tuning);
        if tuning.shards > 1 {
            let parts = parts(ground, tuning.shards);
            let hold = |ground| Int8State::of_shard(ground, whole, multiplier, tuning.width);
            return selecting.lazy(over, before, sharded(ground, &parts, hold, picker));
        }
        let int8 = Int8Cpu::new(ground, whole, multiplier, tuning.width);
        match tuning.multiplier.stays_on_int8() {
            true => selecting.lazy(over, before, int8),
            false => selecting.lazy(over, before, Int8UntilCrowd::new(ground, int8, go_on)),
        }
    }
}

/// A selection whose rows lie in cells.
struct OnCells<'s, 'w> {
    selecting: &'s mut Selecting<'w>,
    over: Over<'s>,
}

impl CellsWork for OnCells<'_, '_> {
    type Answer = Result<Selection>;

    fn with<V: CellValue, const D: usize>(self) -> Result<Selection> {
        let OnCells { selecting, over } = self;
        let most = selecting.question.budget + over.held.labeled_count();
        let before = distances_before_in_cells::<V, D>(over.asked, selecting.question.resume);
        selecting.lazy(over, &before, CellsCpu::<V, D>::new(over.held, most))
    }
}

impl Work for Selecting<'_> {
    type Answer = Selection;

    fn on_cpu<M: Multiplier>(&mut self, ground: &HostGround, multiplier: M) -> Result<Selection> {
        let Some(distinct) = distinct_rows(&self.question, ground, self.tuning, self.plain)? else {
            let over = Over { asked: ground, held: ground, distinct: None };
            return self.by_way(over, multiplier);
        };
        let held = &distinct.ground(ground)?;
        self.by_way(Over { asked: ground, held, distinct: Some(&distinct) }, multiplier)
    }

    fn on_cuda(&mut self, ground: &HostGround, ordinal: usize) -> Result<Selection> {
        on_cuda(&self.question, ground, ordinal, self.tuning, self.watch)
    }

    fn on_gpus(&mut self, ground: &HostGround, gpus: Gpus) -> Result<Selection> {
        on_gpus(&self.question, ground, gpus, self.tuning, self.watch)
    }
}

impl Selecting<'_> {
    fn by_way<M: Multiplier>(&mut self, over: Over, multiplier: M) -> Result<Selection> {
        let Over { asked, held, .. } = over;
        let (width, shards, resume) = (self.tuning.width, self.tuning.shards, self.question.resume);
        let way = Way::of::<M>(&self.question, held, self.tuning);
        if matches!(way, Way::Floats) && are_held(self.question.budget) {
            held.rows.hold_if_they_fit()?;
        }
        let before = || distances_before(asked, resume, multiplier, width);
        let picker = || Box::new(CpuPicker::new(multiplier, width, held.interrupt()));
        match way {
            Way::Plain => {
                let most = self.question.budget + held.labeled_count();
                let backend = PlainCpu::new(held, most, self.question.assign);
                self.lazy(over, &before(), backend)
            }
            Way::Cells => with_cells(held, OnCells { selecting: self, over })?,
            Way::Int8(whole) => {
                let work = OnInt8 {
                    selecting: self,
                    over,
                    whole,
                    go_on: go_on(held, multiplier, width),
                    picker: picker(),
                    before: &before(),
                };
                with_int8(work.selecting.tuning.multiplier, work)?
            }
            Way::Floats if shards > 1 => {
                let parts = parts(held, shards);
                let hold = |ground| CpuRows::new(ground, multiplier, width);
                self.lazy(over, &before(), sharded(held, &parts, hold, picker()))
            }
            Way::Floats if self.tuning.multiplier == Cells => Err(no_cells(held)),
            Way::Floats => self.lazy(over, &before(), Cpu::new(held, multiplier, width)),
        }
    }
}
