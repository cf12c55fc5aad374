//! Selections from pools in host memory.

use super::cells::{CellsWork, has_room_for_cells, no_cells, with_cells};
use super::cuda::{has_driver, on_cuda, select_copied};
use super::place::{Int8Work, Work, dispatch, with_int8};
use super::run::lazy;
use super::shards::{parts, sharded};
use super::tuning::Multiplier::{Cells, Fastest};
use super::tuning::{Placement, Tuning};
use crate::backend::Before;
use crate::backend::cpu::kernels::Multiplier;
use crate::backend::cpu::kernels::int8::Int8Multiplier;
use crate::backend::cpu::{
    CellValue, CellsCpu, Cpu, Int8Cpu, MOST_CELL_DIMENSIONS, PlainCpu, Whole, distances_before,
};
use crate::error::Result;
use crate::float_environment;
use crate::greedy::Watch;
use crate::ground::HostGround;
use crate::options::{Device, First, Metric, Options};
use crate::pool::Pool;
use crate::question::Question;
use crate::rows::Gather;
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
    let is_small = is_small(pool.rows(), pool.dimensions(), centers(options, budget));
    let selection = match options.threads {
        0 | 1 if is_small && *tuning == Tuning::default() && needs_no_thread(options) => {
            float_environment::in_default(work)
        }
        0 if is_small => on_engine_threads(1, work)?,
        threads => on_engine_threads(threads, work)?,
    };
    options.vouch(pool, selection)
}

/// How many centers there will be at most.
fn centers(options: &Options, budget: usize) -> usize {
    let given = options.labeled.len() + options.labeled_vectors.map_or(0, Pool::rows);
    budget.saturating_add(given + options.resume.len())
}

/// Whether a small selection never works in parallel, so that it can run on the caller's thread. Norms and the mean are found by all
/// threads, and what a GPU takes is not known.
fn needs_no_thread(options: &Options) -> bool {
    let is_on_cpu = match options.device {
        Device::Cpu => true,
        Device::Auto => !has_driver(),
        Device::Cuda(_) => false,
    };
    is_on_cpu
        && options.metric == Metric::Euclidean
        && options.first != First::Mean
        && options.resume.is_empty()
}

/// Widened values of a pool that a core's cache holds, 1 MB of f32; and how many values the plain loop may read for all picks. The second
/// is an estimate: about a millisecond or two of canonical distances, what starting threads and the first rounds take.
const SMALL_VALUES: usize = 1 << 18;
const SMALL_WORK: usize = 1 << 24;
/// The same where cells would be made.
const SMALL_WORK_OF_CELLS: usize = 1 << 20;
/// What a distance costs beside its values, in values.
const PAIR: usize = 16;

/// Whether the plain loop selects so many `centers` of `n` rows of `d` values in less time than rounds, or than starting a second thread.
fn is_small(n: usize, d: usize, centers: usize) -> bool {
    let work = n.saturating_mul(d + PAIR).saturating_mul(centers.min(n));
    let most = if d <= MOST_CELL_DIMENSIONS { SMALL_WORK_OF_CELLS } else { SMALL_WORK };
    n.saturating_mul(d) <= SMALL_VALUES && work <= most
}

/// From so many picks on rows are read more than once each, but for rounds on int8 values: reading them from files then takes longer than
/// bringing them all into memory first.
const HELD_FROM: usize = 1000;

/// Whether rounds on floats bring rows into memory that lie in files, where they fit.
pub(crate) fn are_held(budget: usize) -> bool {
    budget >= HELD_FROM
}

/// Greedy, in rounds or at once.
struct Selecting<'w> {
    question: Question<'w>,
    tuning: &'w Tuning,
    watch: Watch<'w>,
}

/// Measured: fewer values a row than this, or fewer products of values with centers, and the int8 copy saves no more than it costs.
const LEAST_DIMENSIONS: usize = 64;
const LEAST_PRODUCTS: usize = 1 << 17;
/// The same of whole numbers that are stored in other types than int8 and uint8.
const LEAST_WHOLE_PRODUCTS: usize = 1 << 12;
/// Of more values a row, products of int8 values need more than 32 bits.
pub(super) const MOST_DIMENSIONS: usize = (1 << 17) - 1;

/// Measured: of fewer centers, putting rows into cells costs more than it saves.
const LEAST_FOR_CELLS: usize = 4;

/// A selection whose rounds run on int8 values.
struct OnInt8<'s, 'w> {
    selecting: &'s mut Selecting<'w>,
    ground: &'s HostGround<'s>,
    /// What the rows are whole numbers of, as far as a sample tells.
    whole: Option<Whole>,
    before: &'s Before,
}

impl Int8Work for OnInt8<'_, '_> {
    type Answer = Result<Selection>;

    fn with<K: Int8Multiplier>(self, multiplier: K) -> Result<Selection> {
        let Selecting { question, tuning, watch } = self.selecting;
        let backend = Int8Cpu::new(self.ground, self.whole, multiplier, tuning.width);
        lazy(question, self.ground, backend, self.before, tuning, watch)
    }
}

/// A selection whose rows lie in cells.
struct OnCells<'s, 'w> {
    selecting: &'s mut Selecting<'w>,
    ground: &'s HostGround<'s>,
    before: &'s Before,
}

impl CellsWork for OnCells<'_, '_> {
    type Answer = Result<Selection>;

    fn with<V: CellValue, const D: usize>(self) -> Result<Selection> {
        let Selecting { question, tuning, watch } = self.selecting;
        let most = question.budget + self.ground.labeled_count();
        let backend = CellsCpu::<V, D>::new(self.ground, most);
        lazy(question, self.ground, backend, self.before, tuning, watch)
    }
}

impl Selecting<'_> {
    /// Whether the rows are put into cells: they have few values, and the cells fit into memory.
    fn takes_cells(&self, ground: &HostGround) -> bool {
        let centers = self.question.budget + ground.labeled_count();
        let pays = match self.tuning.multiplier {
            Fastest => centers >= LEAST_FOR_CELLS,
            asked => asked == Cells,
        };
        pays && self.tuning.shards <= 1 && has_room_for_cells(&ground.rows)
    }

    /// Whether the rounds run on int8 values, beside a multiplier that the machine has for floats.
    fn takes_int8<M: Multiplier>(&self, ground: &HostGround, is_whole: bool) -> bool {
        let pays = match self.tuning.multiplier {
            Fastest => self.pays_for_copy::<M>(ground, is_whole),
            asked => asked.is_int8(),
        };
        let fits = ground.rows.dimensions() <= MOST_DIMENSIONS;
        pays && fits && ground.rows.have_room_for_copy()
    }

    /// Whether making the int8 copy costs less than it saves. Rows of int8 and uint8 values in memory need none; of other whole numbers
    /// every distance is exact; rows that do not fit in memory would be read about four times without it.
    fn pays_for_copy<M: Multiplier>(&self, ground: &HostGround, is_whole: bool) -> bool {
        let (rows, d) = (&ground.rows, ground.rows.dimensions());
        let centers = self.question.budget + ground.labeled_count();
        let products = centers.saturating_mul(d);
        let is_large = d >= LEAST_DIMENSIONS && products >= LEAST_PRODUCTS;
        let is_exact = is_whole && (rows.dtype().is_integer() || products >= LEAST_WHOLE_PRODUCTS);
        rows.stay_on_disk() || is_exact || (is_large && !M::IS_PREFERRED_TO_INT8)
    }

    /// Whether the plain loop takes less time than rounds, and nothing else was asked for.
    fn takes_plain_loop(&self, ground: &HostGround) -> bool {
        let given = ground.labeled_count() + self.question.resume.len();
        let centers = self.question.budget.saturating_add(given);
        let is_small = is_small(ground.rows.len(), ground.rows.dimensions(), centers);
        is_small && *self.tuning == Tuning::default()
    }
}

impl Work for Selecting<'_> {
    type Answer = Selection;

    fn on_cpu<M: Multiplier>(&mut self, ground: &HostGround, multiplier: M) -> Result<Selection> {
        let (width, shards) = (self.tuning.width, self.tuning.shards);
        if self.takes_plain_loop(ground) {
            let before = &distances_before(ground, self.question.resume, multiplier, width);
            let backend = PlainCpu::new(ground);
            return lazy(&self.question, ground, backend, before, self.tuning, self.watch);
        }
        let takes_cells = self.takes_cells(ground);
        let whole = if takes_cells { None } else { Whole::of_sample(ground) };
        let takes_int8 =
            !takes_cells && shards <= 1 && self.takes_int8::<M>(ground, whole.is_some());
        if !takes_cells && !takes_int8 && are_held(self.question.budget) {
            ground.rows.hold_if_they_fit()?;
        }
        let before = &distances_before(ground, self.question.resume, multiplier, width);
        if shards > 1 {
            let parts = parts(ground, shards);
            let backend = sharded(ground, &parts, multiplier, width);
            return lazy(&self.question, ground, backend, before, self.tuning, self.watch);
        }
        if takes_cells {
            return with_cells(ground, OnCells { selecting: self, ground, before })?;
        }
        if self.tuning.multiplier == Cells {
            return Err(no_cells(ground));
        }
        if takes_int8 {
            return with_int8(
                self.tuning.multiplier,
                OnInt8 { selecting: self, ground, whole, before },
            )?;
        }
        let backend = Cpu::new(ground, multiplier, width);
        lazy(&self.question, ground, backend, before, self.tuning, self.watch)
    }

    fn on_cuda(&mut self, ground: &HostGround, ordinal: usize) -> Result<Selection> {
        on_cuda(&self.question, ground, ordinal, self.tuning, self.watch)
    }
}
