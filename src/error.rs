//! Everything that can go wrong, with the numbers that explain it.

use std::path::PathBuf;

use crate::memory::size_text;
use crate::names::{Device, UnknownName};
use crate::selection::Selection;

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What lets a process start more threads.
pub(crate) const RAISE_THREADS: &str =
    "raise the limit of processes (ulimit -u, or pids.max of the control group)";

/// Why a pool could not be read or a selection not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what its name or header claims, or holds something Farpoint does not read.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file concerned.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A file of the pool could not be read on in the middle of a run, holds a value that is not finite, or was changed since it was opened.
    #[error("{}: {reason}{}", path.display(), made(selection.as_deref()))]
    Read {
        /// The file concerned.
        path: PathBuf,
        /// The row of the file, and what is wrong with it.
        reason: String,
        /// What a selection had chosen before, as of an interrupted run: [`crate::Options::resume`] goes on from its centers.
        selection: Option<Box<Selection>>,
    },
    /// The values do not form rows.
    #[error("{values} values do not form rows of {d}")]
    Shape {
        /// Number of values given.
        values: usize,
        /// Values a row.
        d: usize,
    },
    /// A NaN or an infinity.
    #[error("{what} {row} holds {value} at dimension {dimension}; every value must be finite")]
    NotFinite {
        /// `row` for the pool, `labeled vector` for outside vectors.
        what: &'static str,
        /// The first bad row.
        row: usize,
        /// Its first bad dimension.
        dimension: usize,
        /// The value there.
        value: f32,
    },
    /// An f64 value beyond f32's largest.
    #[error(
        "{what} {row} holds {value:e} at dimension {dimension}; f64 values are at most {:e} in size: scale the pool",
        f32::MAX
    )]
    TooLarge {
        /// `row` for the pool, `labeled vector` for outside vectors.
        what: &'static str,
        /// The first bad row.
        row: usize,
        /// Its first bad dimension.
        dimension: usize,
        /// The value there.
        value: f64,
    },
    /// A row without a direction, under the cosine metric.
    #[error(
        "{what} {row} is all zeros, which has no direction: drop it, use the euclidean metric, or have such rows of a file left out by --skip-bad"
    )]
    ZeroRow {
        /// `row` for the pool, `labeled vector` for outside vectors.
        what: &'static str,
        /// The first such row.
        row: usize,
    },
    /// A budget of zero.
    #[error("budget 0 selects nothing: give a budget of at least 1")]
    BudgetZero,
    /// More centers asked for than there are rows to choose from.
    #[error(
        "budget {budget} exceeds the {available} rows that are neither labeled, excluded nor left out"
    )]
    BudgetTooLarge {
        /// New centers asked for.
        budget: usize,
        /// Rows that may be chosen.
        available: usize,
    },
    /// The system does not give the memory that the work takes beside the pool.
    #[error(
        "the run needs {} of memory beside the pool, which the system does not give: raise the process's limit (ulimit -v, ulimit -d) or that of its control group",
        size_text(*bytes)
    )]
    Memory {
        /// How much.
        bytes: u64,
    },
    /// As many outliers allowed as there are rows to cover.
    #[error(
        "{outliers} outliers leave nothing to cover: {available} rows are neither labeled, excluded nor left out"
    )]
    OutliersTooMany {
        /// Rows that may stay uncovered.
        outliers: usize,
        /// Rows to cover.
        available: usize,
    },
    /// A row number past the end of the pool.
    #[error("{role} row {row} is not in the pool, whose rows are 0 to {}", rows.saturating_sub(1))]
    RowOutOfRange {
        /// Where it was given: `labeled`, `excluded`, `first` or `resume`.
        role: &'static str,
        /// The number given.
        row: usize,
        /// Rows in the pool.
        rows: usize,
    },
    /// A row that cannot be what it was named as.
    #[error("{role} row {row} {reason}")]
    Row {
        /// Where it was given: `labeled`, `excluded`, `first` or `resume`.
        role: &'static str,
        /// The row.
        row: usize,
        /// Why not.
        reason: &'static str,
    },
    /// Weights that are not one finite number of at least 0 a row.
    #[error("weights: {0}")]
    Weights(String),
    /// Outside vectors of another dimension than the pool's.
    #[error("the labeled vectors have {vectors} dimensions, the pool {pool}")]
    Dimensions {
        /// Dimensions of the pool.
        pool: usize,
        /// Dimensions of the outside vectors.
        vectors: usize,
    },
    /// What this build or this device cannot do, whatever the input. Nothing was begun.
    #[error("{device}: {reason}")]
    Unsupported {
        /// The device that was to do it.
        device: Device,
        /// What it cannot do, and the remedy.
        reason: String,
    },
    /// A GPU that cannot be used: it is absent, its driver is absent or does not start, or the process may not use it. Nothing was begun.
    #[error("cuda:{device}: {reason}")]
    Unavailable {
        /// The device's number.
        device: usize,
        /// Why, and the remedy.
        reason: String,
    },
    /// A GPU that failed while it worked. [`Device::Auto`] does not begin again on the CPU: the caller decides.
    ///
    /// Work on a GPU is queued, so the failure may be told late. With the environment variable `CUDA_LAUNCH_BLOCKING=1` nothing is queued,
    /// and `during` is the kernel that failed.
    #[error(
        "cuda:{device}: {reason}, in the kernel {during} or before it (picks made: {}): see the driver's log (dmesg, nvidia-smi), then \
         start again, or use the CPU",
        selection.as_ref().map_or(0, |selection| selection.centers.len())
    )]
    Lost {
        /// The device's number.
        device: usize,
        /// The kernel launched last. It failed, or work queued before it did.
        during: &'static str,
        /// How the driver names the failure.
        reason: String,
        /// What a selection had chosen before, as of an interrupted run: [`crate::Options::resume`] goes on from its centers, on any device.
        selection: Option<Box<Selection>>,
    },
    /// Too little memory for a GPU's work; what to do about it.
    #[error("cuda:{device}: {reason}")]
    CudaMemory {
        /// The device's number.
        device: usize,
        /// How much is missing, and the remedy.
        reason: String,
    },
    /// A shard of a pool that cannot be reached, or cannot do its part.
    #[error("{shard}: {reason}{}", made(selection.as_deref()))]
    Shard {
        /// Which one: where it is, and what it holds.
        shard: String,
        /// What it said, or that it said nothing.
        reason: String,
        /// Whether what it was given is at fault, rather than the machine.
        is_input: bool,
        /// What had been chosen before, as of an interrupted run: [`crate::Options::resume`] goes on from its centers.
        selection: Option<Box<Selection>>,
    },
    /// Threads that the system does not start.
    #[error(
        "{} cannot be started: {reason}: ask for fewer threads (1 is enough), or {RAISE_THREADS}",
        threads_asked_for(*threads)
    )]
    Threads {
        /// How many were asked for; 0 is one a core.
        threads: usize,
        /// What the system said.
        reason: String,
    },
    /// Work that was stopped by [`crate::Options::interrupt`] before it had found anything.
    #[error("interrupted: nothing is known")]
    Interrupted,
    /// A number from which the bound on the loss cannot be computed.
    #[error("{name} {value} is not {must}")]
    Bound {
        /// Which of [`crate::BoundInputs`].
        name: &'static str,
        /// The number given.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// Options that are out of range or contradict each other.
    #[error("{0}")]
    Options(String),
}

fn threads_asked_for(threads: usize) -> String {
    match threads {
        0 => "one thread a core".into(),
        1 => "1 thread".into(),
        threads => format!("{threads} threads"),
    }
}

/// How many picks were made before an error, where there are some.
fn made(selection: Option<&Selection>) -> String {
    match selection.map_or(0, |selection| selection.centers.len()) {
        0 => String::new(),
        picks => format!(" (picks made: {picks})"),
    }
}

impl From<UnknownName> for Error {
    fn from(error: UnknownName) -> Error {
        Error::Options(error.to_string())
    }
}

impl Error {
    /// Why a pool may not hold `value`.
    pub(crate) fn of_value(what: &'static str, row: usize, dimension: usize, value: f64) -> Error {
        if value.is_finite() {
            return Error::TooLarge { what, row, dimension, value };
        }
        #[expect(clippy::cast_possible_truncation, reason = "f32 has NaN and infinities, too")]
        let value = value as f32;
        Error::NotFinite { what, row, dimension, value }
    }

    /// Why the device cannot do what was asked, where that is the error: another device may. `Err` is any other error.
    pub(crate) fn refusal(self) -> std::result::Result<String, Error> {
        match self {
            Error::Unsupported { reason, .. }
            | Error::Unavailable { reason, .. }
            | Error::CudaMemory { reason, .. } => Ok(reason),
            other => Err(other),
        }
    }

    /// The error, with what was selected before it: what a caller can go on from, if anything.
    pub(crate) fn after(mut self, chosen: impl FnOnce() -> Option<Selection>) -> Error {
        match &mut self {
            Error::Lost { selection, .. } => *selection = chosen().map(Box::new),
            // A first center alone, which may be any row, is nothing to go on from.
            Error::Read { selection, .. } | Error::Shard { selection, .. } => {
                *selection = chosen().filter(|chosen| !chosen.radii.is_empty()).map(Box::new);
            }
            _ => {}
        }
        self
    }
}
