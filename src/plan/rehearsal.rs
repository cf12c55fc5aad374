//! A selection from a part of the pool, timed, and what the whole will take by it.

use std::borrow::Cow;

use half::{bf16, f16};

use super::given::{Given, Part};
use super::trial::{GROWTH, PRODUCT_GROWTH, Trial, Way, power};
use crate::engine::Tuning;
use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::options::Options;
use crate::pool::{Dtype, Needs, Outline, Sample, is_held_at_once, is_room};
use crate::synth::{self, Shape};
use crate::threads::on_engine_threads;

/// Values of made-up rows: 16 MB of f32.
const VALUES: usize = 4 << 20;
/// Of a part of a pool, at most one row of so many is picked.
const ROWS_A_PICK: usize = 8;
/// Picks are carried over to so many times as many, and not from fewer rows than these.
const FAR: usize = 4;
const FEW_ROWS: usize = 1 << 13;
/// If that is not enough, a rehearsal is of one row of so many, and of some picks at least.
const FEWER: usize = 4;
const SOME: usize = 32;
/// Products of values between rows and labeled centers, at most: a second or two.
const PRODUCTS: f64 = 2e11;
/// Longer rows are made without a structure that takes memory.
const LONG: usize = 1 << 14;
/// A selection from a part of the pool.
pub(super) struct Rehearsal {
    pub rows: usize,
    pub picks: usize,
    pub seconds: f64,
    /// The powers of the rows and of the picks that the time is taken to grow with.
    pub growth: (f64, f64),
    pub filter: String,
    /// Distances that the filter evaluated, of those there are between rows and centers.
    pub evaluated: f64,
    prepared: f64,
    /// The power of the rows that the time before the first round grows with; that of labeled centers, which are in proportion.
    preparation: f64,
}

impl Rehearsal {
    /// Of `budget` rows from `rows`, which are of the pool or like its rows.
    pub fn run(
        outline: &Outline,
        rows: &Sample,
        given: &Given,
        budget: usize,
        options: &Options,
    ) -> Result<Rehearsal> {
        let way = Way { options: options.clone(), tuning: tuning(outline) };
        let stage = Stage { n: outline.rows, d: outline.dimensions, budget, given, way };
        stage
            .run(rows)
            .map_err(|error| if is_of_row(&error) { rows.of_its_pool(error) } else { error })
    }

    /// Seconds for `k` picks from `n` rows that need not come from a disk.
    pub fn estimate(&self, n: usize, k: usize) -> f64 {
        let [rows, picks] =
            [(n, self.rows), (k, self.picks)].map(|(all, part)| all as f64 / part as f64);
        self.prepared * rows.powf(self.preparation)
            + self.seconds * rows.powf(self.growth.0) * picks.powf(self.growth.1)
    }
}

/// `sample`, or made-up rows of the pool's size and type; of either as many as a selection has memory for.
///
/// # Errors
/// Threads that cannot be started.
pub(super) fn rows<'s>(
    outline: &Outline,
    sample: Option<&'s Sample>,
    threads: usize,
    available: Option<Memory>,
) -> Result<Cow<'s, Sample>> {
    let mut rows = match sample {
        Some(sample) => Cow::Borrowed(sample),
        None => Cow::Owned(make_up(outline, threads)?),
    };
    let held = rows.rows();
    while rows.rows() > SOME && !is_room_for(outline, held, rows.rows(), available) {
        rows = Cow::Owned(rows.every(2));
    }
    Ok(rows)
}

/// Whether a selection from `rows` of a sample fits into memory beside the `held` ones.
fn is_room_for(outline: &Outline, held: usize, rows: usize, available: Option<Memory>) -> bool {
    let row = (outline.dimensions * outline.dtype.bytes()) as u64;
    let needs = Needs::of(rows, outline.dimensions, outline.dtype);
    let bytes = (held + rows) as u64 * row + needs.least() + needs.copy;
    available.is_none_or(|memory| is_room(bytes, memory))
}

/// Whether the error is about a row of the pool, and not about a labeled vector.
fn is_of_row(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFinite { what: "row", .. }
            | Error::TooLarge { what: "row", .. }
            | Error::ZeroRow { what: "row", .. }
    )
}

/// The fastest way; not the plain loop where rows stay in their files, which it would read once a pick.
fn tuning(outline: &Outline) -> Tuning {
    let in_files = outline.in_place_bytes;
    let stay = in_files > 0 && !is_held_at_once(outline.dtype, in_files);
    Tuning { shards: usize::from(stay), ..Tuning::default() }
}

/// What is rehearsed.
struct Stage<'w> {
    /// Rows of the pool, and values of one.
    n: usize,
    d: usize,
    budget: usize,
    given: &'w Given<'w>,
    way: Way<'w>,
}

impl Stage<'_> {
    fn run(&self, rows: &Sample) -> Result<Rehearsal> {
        let is_whole = rows.rows() == self.n && self.products(rows.rows()) <= PRODUCTS;
        match self.given.labeled() > 0 && !is_whole {
            true => self.beside_labeled(rows),
            false => self.rehearse(rows),
        }
    }

    /// All picks from all of `rows`, as far as they come in time. If that is not far, so many fewer rows that they come, and picks in
    /// proportion.
    fn rehearse(&self, rows: &Sample) -> Result<Rehearsal> {
        let part = self.given.part(rows);
        let most_picks = if rows.rows() == self.n { self.budget } else { most(rows) };
        let budget = self.budget.min(most_picks).min(part.available);
        let trial = self.trial(rows, &part, budget, budget)?;
        let stage = self.by_way_of(&trial);
        if FAR * trial.picks < budget && rows.rows() > FEW_ROWS {
            return stage.in_proportion(&rows.every(FEWER));
        }
        let by_rows = match rows.rows() == self.n || trial.picks > most(rows) {
            true => 1.0,
            false => stage.by_rows(rows, budget, trial.picks, &trial)?,
        };
        Ok(stage.rehearsal(rows, &part, (by_rows, trial.growth()), 1.0, trial))
    }

    /// Labeled centers decide what the first round takes, and how many picks there are beside them what the others do: both are in
    /// proportion to the rows.
    fn beside_labeled(&self, rows: &Sample) -> Result<Rehearsal> {
        let stage = self.by_way_of(&self.begun(rows)?);
        let mut step = 1;
        while self.products(rows.rows() / step) > PRODUCTS && rows.rows() / step > FEW_ROWS {
            step *= 2;
        }
        stage.in_proportion(&rows.every(step))
    }

    /// A selection from `rows` beside no labeled centers, of as many picks as there would be centers. It ends before its first round, and
    /// tells by which way so many are chosen.
    fn begun(&self, rows: &Sample) -> Result<Trial> {
        let centers = (self.budget + self.given.labeled()).min(rows.rows());
        Trial::run(&rows.pool()?, centers, 0, &self.way)
    }

    fn in_proportion(&self, rows: &Sample) -> Result<Rehearsal> {
        let part = self.given.part(rows);
        let budget = self.share(rows).min(part.available);
        let trial = self.trial(rows, &part, budget, budget)?;
        if FAR * trial.picks < budget && rows.rows() > FEW_ROWS {
            return self.in_proportion(&rows.every(FEWER));
        }
        let half = self.share(&rows.every(2));
        let by_rows = self.by_rows(rows, half, half, &trial)?;
        let growth = match half == budget {
            true => (by_rows, trial.growth()),
            false => (by_rows / 2.0, by_rows / 2.0),
        };
        let preparation = if part.centers() > 0 { by_rows } else { 1.0 };
        Ok(self.rehearsal(rows, &part, growth, preparation, trial))
    }

    /// The same by the way that `trial` went.
    fn by_way_of(&self, trial: &Trial) -> Self {
        Stage { way: self.way.of(trial), ..*self }
    }

    /// Picks from a part of the pool that are as many of its rows as the budget is of the pool's, but some.
    fn share(&self, rows: &Sample) -> usize {
        let share = self.budget as u128 * rows.rows() as u128 / self.n as u128;
        usize::try_from(share).expect("at most the budget").max(self.budget.min(SOME))
    }

    /// Products of values between so many rows and the labeled centers that they would have.
    fn products(&self, rows: usize) -> f64 {
        let share = rows as f64 / self.n as f64;
        rows as f64 * self.given.labeled() as f64 * share * self.d as f64
    }

    /// The power that the time grows with from half of the rows to all of them.
    fn by_rows(&self, rows: &Sample, budget: usize, most: usize, whole: &Trial) -> Result<f64> {
        let half = rows.every(2);
        let part = self.given.part(&half);
        let trial = self.trial(&half, &part, budget.min(part.available), most)?;
        // Labeled centers are applied before the first round ends.
        let (prepared, may) = match part.centers() > 0 {
            true => ([trial.prepared, whole.prepared], PRODUCT_GROWTH),
            false => ([0.0; 2], GROWTH),
        };
        let half = (half.rows(), prepared[0] + trial.seconds);
        Ok(power(half, (rows.rows(), prepared[1] + whole.seconds), &may))
    }

    /// A selection from `rows`, of which `part` is given, that is timed.
    fn trial(&self, rows: &Sample, part: &Part, budget: usize, most: usize) -> Result<Trial> {
        let vectors = part.vectors.as_ref().map(Sample::pool).transpose()?;
        let options = Options {
            labeled: part.labeled.clone(),
            labeled_vectors: vectors.as_ref(),
            excluded: part.excluded.clone(),
            weights: part.weights.clone(),
            ..self.way.options.clone()
        };
        Trial::fastest(&rows.pool()?, budget, most, &Way { options, tuning: self.way.tuning })
    }

    fn rehearsal(
        &self,
        rows: &Sample,
        part: &Part,
        growth: (f64, f64),
        preparation: f64,
        trial: Trial,
    ) -> Rehearsal {
        let (n, counts) = (rows.rows(), trial.statistics);
        let evaluated = n as u64 + counts.refresh_evaluations + counts.pick_evaluations;
        let pairs = n as f64 * (trial.picks + part.centers()) as f64;
        Rehearsal {
            rows: n,
            picks: trial.picks,
            seconds: trial.seconds,
            growth,
            filter: counts.filter,
            evaluated: (evaluated as f64 / pairs).min(1.0),
            prepared: trial.prepared,
            preparation,
        }
    }
}

/// Picks from a part of a pool, at most: of the rows that are left as of all.
fn most(rows: &Sample) -> usize {
    (rows.rows() / ROWS_A_PICK).max(1)
}

/// Rows of the pool's size and type.
fn make_up(outline: &Outline, threads: usize) -> Result<Sample> {
    let d = outline.dimensions;
    let rows = (VALUES / d).clamp(32, 16_384).min(outline.rows);
    let shape = match outline.dtype {
        Dtype::U8 | Dtype::I8 if d <= LONG => Shape::Sift,
        _ if d <= LONG => Shape::Text,
        _ => Shape::Unit,
    };
    let values = on_engine_threads(threads, || synth::pool(shape, rows, d, 0))?;
    Ok(Sample::of_bytes(stored(&values, outline.dtype), d, outline.dtype))
}

/// Values as a pool of `dtype` stores them.
#[expect(clippy::cast_possible_truncation, reason = "casts from float to integer saturate")]
#[expect(clippy::cast_sign_loss, reason = "sift's values are from 0 to 255")]
fn stored(values: &[f32], dtype: Dtype) -> Vec<u8> {
    let all = values.iter();
    match dtype {
        Dtype::F64 => all.flat_map(|&v| f64::from(v).to_le_bytes()).collect(),
        Dtype::F32 => all.flat_map(|v| v.to_le_bytes()).collect(),
        Dtype::F16 => all.flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect(),
        Dtype::Bf16 => all.flat_map(|&v| bf16::from_f32(v).to_le_bytes()).collect(),
        Dtype::U8 => all.map(|&v| v as u8).collect(),
        Dtype::I8 => all.map(|&v| ((v - 128.0) as i8).cast_unsigned()).collect(),
    }
}
