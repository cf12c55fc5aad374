//! By which way a CPU makes a selection. The answer does not depend on it.

use super::cells::{FEW_DIMENSIONS, has_room_for_cells};
use super::cuda::has_driver;
use super::tuning::Multiplier::{Cells, Fastest, Plain};
use super::tuning::Tuning;
use crate::backend::cpu::kernels::Multiplier;
use crate::backend::cpu::{
    MOST_CELL_DIMENSIONS, SMALL_VALUES, Whole, interval_beside_spread, spread_in_few_directions,
};
use crate::ground::HostGround;
use crate::options::{Device, Metric, Options};
use crate::pool::Pool;
use crate::question::Question;
use crate::rows::Gather;

/// A way to make a selection.
pub(super) enum Way {
    /// The plain loop: few picks from few rows.
    Plain,
    /// Rows of few values, or of few directions, in cells of near rows.
    Cells,
    /// Rounds on int8 values; what the rows are whole numbers of, as far as a sample tells.
    Int8(Option<Whole>),
    /// Rounds on floats.
    Floats,
}

impl Way {
    /// The way that `tuning` asks for, or the one that takes the least time, beside a multiplier `M` that the machine has for floats.
    pub fn of<M: Multiplier>(question: &Question, ground: &HostGround, tuning: &Tuning) -> Way {
        let plain = PlainWork::of_ground(question, ground, tuning);
        if plain.is_taken {
            return Way::Plain;
        }
        let centers = question.budget + ground.labeled_count();
        if tuning.shards <= 1 && takes_cells(tuning, ground, centers) {
            return Way::Cells;
        }
        if plain.is_taken_at_full_rank {
            return Way::Plain;
        }
        let whole = Whole::of_sample(ground);
        match takes_int8::<M>(tuning, ground, centers, whole.is_some()) {
            true => Way::Int8(whole),
            false => Way::Floats,
        }
    }
}

/// Measured: up to so much work of the plain loop, a small pool's selection takes less time that way than in rounds.
const PLAIN_WORK: usize = 1 << 20;
/// Up to so much work of the plain loop, a selection takes less time than starting a second thread.
const ALONE_WORK: usize = 1 << 24;
/// What a distance costs beside its values, in values.
const PAIR: usize = 16;

/// What the plain loop would take, and whether it is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainWork {
    /// In values.
    values: usize,
    pub is_taken: bool,
    /// Whether it is taken unless the rows lie in cells.
    is_taken_at_full_rank: bool,
}

impl PlainWork {
    /// Of a selection from `pool`.
    pub fn of(pool: &Pool, budget: usize, options: &Options, tuning: &Tuning) -> PlainWork {
        let given = options.labeled.len() + options.labeled_vectors.map_or(0, Pool::rows);
        PlainWork::of_centers(pool, budget.saturating_add(given), options.metric, tuning)
    }

    /// Of a selection from the rows of `ground`, which may be fewer than the pool's.
    fn of_ground(question: &Question, ground: &HostGround, tuning: &Tuning) -> PlainWork {
        let (rows, centers) = (&ground.rows, question.budget + ground.labeled_count());
        PlainWork::of_centers(rows.pool(), centers, rows.metric(), tuning)
    }

    fn of_centers(pool: &Pool, centers: usize, metric: Metric, tuning: &Tuning) -> PlainWork {
        let (n, d) = (pool.rows(), pool.dimensions());
        let values = n.saturating_mul(d + PAIR).saturating_mul(centers);
        let is_small = n.saturating_mul(d) <= SMALL_VALUES && values <= PLAIN_WORK;
        let is_in_memory = pool.disk_bytes() == 0;
        let are_few = is_in_memory && centers <= most_for_plain_loop(n, d, metric);
        let is_free = *tuning == Tuning::default();
        let is_taken = match tuning.multiplier {
            Fastest => is_free && (is_small || are_few),
            asked => asked == Plain,
        };
        let is_taken_at_full_rank =
            is_free && is_in_memory && centers <= most_at_full_rank(d, metric);
        PlainWork { values, is_taken, is_taken_at_full_rank }
    }
}

/// Measured on uniform, clustered and low-rank rows of f32 by one thread (AMD EPYC, Zen 5), the plain loop beside cells and floats. A pass takes
/// about `0.5 + 0.13 d` ns a row, as fast as memory is read, and half of that where a cache holds the rows. Of rows of up to 8 values cells
/// are made in the time of 45 to 65 passes. Rounds take as long as so many passes of longer rows, uniform and in clusters:
///
/// | d | 9 | 16 | 24 | 33 | 64 | 128 | 256 | 500 |
/// | --- | --- | --- | --- | --- | --- | --- | --- | --- |
/// | passes | 500, 600 | 250, 400 | 100, 300 | 28, 100 | 8, 50 | 3, 20 | 2, 4 | 2, 3 |
/// | of 4 MB | | | | | 200 | 40, 100 | 27 | 25 |
fn most_for_plain_loop(n: usize, d: usize, metric: Metric) -> usize {
    let is_cached = n.saturating_mul(d) <= CACHED_VALUES;
    match metric {
        // Every pass divides every row by its norm.
        Metric::Cosine => 1,
        // Of more centers, cells are for rows of few values, and for longer ones that spread in few directions.
        Metric::Euclidean if d <= MOST_CELL_DIMENSIONS => 40,
        Metric::Euclidean if is_cached => ((1 << 13) / d).clamp(4, 200),
        Metric::Euclidean => ((1 << 16) / d.saturating_mul(d)).max(2),
    }
}

/// The same of rows of 9 to 32 values that do not lie in cells.
fn most_at_full_rank(d: usize, metric: Metric) -> usize {
    match metric {
        Metric::Euclidean if d > FEW_DIMENSIONS && d <= MOST_CELL_DIMENSIONS => {
            ((1 << 15) / (d * d)).min(200)
        }
        _ => 0,
    }
}

/// Values of a pool that a core's share of the last cache holds, 4 MB of f32.
const CACHED_VALUES: usize = 1 << 20;

/// The threads that a selection takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    /// None but the caller's.
    Callers,
    /// So many of the engine's own; 0 is one a core.
    Own(usize),
}

impl Threads {
    /// The threads asked for; of a small selection one is enough, and mostly the caller's.
    pub fn of(options: &Options, plain: PlainWork) -> Threads {
        let is_alone = options.threads == 1 || (options.threads == 0 && plain.values <= ALONE_WORK);
        match is_alone {
            true if plain.is_taken && needs_no_thread(options) => Threads::Callers,
            true => Threads::Own(1),
            false => Threads::Own(options.threads),
        }
    }
}

/// Whether nothing works in parallel beside the plain loop, so that it can run on the caller's thread. Radii of picks to resume from are
/// found by all threads, and what a GPU takes is not known.
fn needs_no_thread(options: &Options) -> bool {
    let is_on_cpu = match options.device {
        Device::Cpu => true,
        Device::Auto => !has_driver(),
        Device::Cuda(_) | Device::CudaMany(_) | Device::CudaAll => false,
    };
    is_on_cpu && options.resume.is_empty()
}

/// From so many picks on rows are read more than once each, but for rounds on int8 values: reading them from files then takes longer than
/// bringing them all into memory first.
const HELD_FROM: usize = 1000;

/// Whether rounds on floats bring rows into memory that lie in files, where they fit.
pub(crate) fn are_held(budget: usize) -> bool {
    budget >= HELD_FROM
}

/// Measured: of fewer centers, putting rows into cells costs more than it saves.
const LEAST_FOR_CELLS: usize = 4;
/// The same of rows of more values than cells are for at full rank. Measured, 300,000 rows of 16 and 32 values in 3 to 5 directions: 16
/// picks take as long in cells as on floats, 300 a half to an eighth of the time, 3,000 a half to a tenth.
const LEAST_OF_FEW_DIRECTIONS: usize = 16;
/// Of fewer products of values with centers, a look at a sample is not worth its 0.1 to 0.4 ms.
const LEAST_TO_SAMPLE: usize = 1 << 24;

/// Whether the rows are put into cells: they have few values or spread in few directions, and the cells fit into memory.
fn takes_cells(tuning: &Tuning, ground: &HostGround, centers: usize) -> bool {
    match tuning.multiplier {
        Fastest if ground.rows.dimensions() <= FEW_DIMENSIONS => {
            centers >= LEAST_FOR_CELLS && has_room_for_cells(&ground.rows)
        }
        Fastest => {
            let products = (ground.rows.len() * ground.rows.dimensions()).saturating_mul(centers);
            centers >= LEAST_OF_FEW_DIRECTIONS
                && products >= LEAST_TO_SAMPLE
                && has_room_for_cells(&ground.rows)
                && spread_in_few_directions(ground)
        }
        asked => asked == Cells && has_room_for_cells(&ground.rows),
    }
}

/// Measured: fewer values a row than this, or fewer products of values with centers, and the int8 copy saves no more than it costs.
const LEAST_DIMENSIONS: usize = 64;
const LEAST_PRODUCTS: usize = 1 << 17;
/// Measured: of so many centers the copy of whole numbers that are stored in other types than int8 and uint8 saves what it costs, whatever
/// the values a row.
const LEAST_FOR_WHOLE: usize = 256;
/// Of more values a row, products of int8 values need more than 32 bits.
pub(super) const MOST_DIMENSIONS: usize = (1 << 17) - 1;

/// Whether a shard's rounds run on int8 values, as [`takes_int8`] says; and what its rows are whole numbers of, as far as a sample tells.
pub(super) fn int8_of_shard<M: Multiplier>(
    tuning: &Tuning,
    ground: &HostGround,
    centers: usize,
) -> Option<Option<Whole>> {
    let whole = Whole::of_sample(ground);
    takes_int8::<M>(tuning, ground, centers, whole.is_some()).then_some(whole)
}

/// Whether the rounds run on int8 values.
fn takes_int8<M: Multiplier>(
    tuning: &Tuning,
    ground: &HostGround,
    centers: usize,
    is_whole: bool,
) -> bool {
    let pays = match tuning.multiplier {
        Fastest => pays_for_copy::<M>(ground, centers, is_whole),
        asked => asked.is_int8(),
    };
    pays && ground.rows.dimensions() <= MOST_DIMENSIONS && ground.rows.have_room_for_copy()
}

/// Whether making the int8 copy costs less than it saves. Rows of int8 and uint8 values in memory need none; of other whole numbers
/// every distance is exact; rows that do not fit in memory would be read about four times without it.
fn pays_for_copy<M: Multiplier>(ground: &HostGround, centers: usize, is_whole: bool) -> bool {
    let (rows, d) = (&ground.rows, ground.rows.dimensions());
    let products = centers.saturating_mul(d);
    let is_large = d >= LEAST_DIMENSIONS && products >= LEAST_PRODUCTS;
    let is_exact = is_whole && (rows.dtype().is_integer() || centers >= LEAST_FOR_WHOLE);
    rows.stay_on_disk() || is_exact || (is_large && tells_rows_apart::<M>(ground))
}

/// Whether int8 values tell rows apart well enough, as far as a sample tells.
fn tells_rows_apart<M: Multiplier>(ground: &HostGround) -> bool {
    match M::PREFERRED_FROM {
        0.0 => false,
        f64::INFINITY => true,
        from => interval_beside_spread(ground) < from,
    }
}
