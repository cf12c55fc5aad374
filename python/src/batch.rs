//! Many small pools of one array at once: what `farpoint.torch.select_batch` rests on.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

use farpoint::cuda::{BatchOptions, keeping_current_context};
use farpoint::{Dtype, Error, First, Metric, Options, Pool, select};
use numpy::PyArray1;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::device;
use crate::errors::{exception, raised};
use crate::lent::{Place, handle};
use crate::select::QUICK;
use crate::terms::named;
use crate::view::View;
use crate::watch::{at_once, watched};

/// Measured: with less work than this, a thread takes longer to start than it saves. In products of values.
const WORK_A_THREAD: usize = 1 << 18;
/// What a selection takes beside its pairs, and a pair beside its values.
const SELECTION: usize = 1 << 12;
const PAIR: usize = 16;

/// Their name in errors.
const POOLS: &str = "array of pools";

/// The rows `offsets[p] .. offsets[p + 1]` of one array are pool p.
struct Batched<'a> {
    bytes: &'a [u8],
    d: usize,
    dtype: Dtype,
    offsets: &'a [usize],
    budgets: &'a [usize],
    first: Option<&'a [usize]>,
    metric: Metric,
}

impl Batched<'_> {
    fn pool(&self, p: usize, interrupt: &AtomicBool) -> farpoint::Result<Vec<usize>> {
        let row_bytes = self.d * self.dtype.bytes();
        let bytes = &self.bytes[self.offsets[p] * row_bytes..self.offsets[p + 1] * row_bytes];
        let options = Options {
            threads: 1,
            device: farpoint::Device::Cpu,
            metric: self.metric,
            first: self.first.map_or(First::Lowest, |first| First::Row(first[p])),
            interrupt: Some(interrupt),
            ..Options::default()
        };
        let select = |pool: Pool| select(&pool, self.budgets[p], &options);
        let selection = Pool::of_bytes(bytes, self.d, self.dtype, Some(interrupt)).and_then(select);
        Ok(selection.map_err(|error| self.counted(error, p))?.centers)
    }

    /// A bad row is counted through all pools, as on a GPU.
    fn counted(&self, error: Error, p: usize) -> Error {
        let first = self.offsets[p];
        match error {
            Error::NotFinite { what, row, dimension, value } => {
                Error::NotFinite { what, row: first + row, dimension, value }
            }
            Error::TooLarge { what, row, dimension, value } => {
                Error::TooLarge { what, row: first + row, dimension, value }
            }
            Error::ZeroRow { what, row } => Error::ZeroRow { what, row: first + row },
            error => error,
        }
    }

    /// Pairs of a row and a pick.
    fn pairs(&self) -> usize {
        let rows = self.offsets.windows(2).map(|bounds| bounds[1] - bounds[0]);
        let pairs = rows.zip(self.budgets).map(|(rows, budget)| rows.saturating_mul(*budget));
        pairs.fold(0, usize::saturating_add)
    }

    /// Whether the selections take no longer than a tick.
    fn is_quick(&self) -> bool {
        self.pairs().saturating_mul(self.d) <= QUICK
    }

    /// Threads that the selections repay, the calling one among them: at most one a core, and one a pool.
    fn threads(&self) -> usize {
        let pools = self.budgets.len();
        let work = self.pairs().saturating_mul(self.d + PAIR).saturating_add(pools * SELECTION);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        (work / WORK_A_THREAD).clamp(1, cores.min(pools))
    }

    /// The picks of every pool, by as many threads as there are cores, where there is work for them.
    fn run(&self, interrupt: &AtomicBool) -> farpoint::Result<Vec<Vec<usize>>> {
        let pools = self.budgets.len();
        let slots: Vec<Mutex<_>> = (0..pools).map(|_| Mutex::new(Ok(Vec::new()))).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let turns = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            for p in turns.take_while(|&p| p < pools && !interrupt.load(Ordering::Relaxed)) {
                *slots[p].lock().expect("one thread a slot") = self.pool(p, interrupt);
            }
        };
        thread::scope(|scope| {
            // Where no more threads can be had, those there are do it all.
            (1..self.threads()).for_each(|_| drop(Builder::new().spawn_scoped(scope, work)));
            work();
        });
        slots
            .into_iter()
            .map(|slot| slot.into_inner().expect("its thread has ended well"))
            .collect()
    }
}

/// The options of a batch.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct BatchTerms {
    /// One more than pools.
    offsets: Vec<usize>,
    budgets: Vec<usize>,
    /// The first center of each pool, a row of that pool.
    first: Option<Vec<usize>>,
    metric: String,
}

/// The picks of each pool of an array in host memory, one after another, rows counted from the pool's own first.
#[pyfunction]
pub fn select_many<'py>(
    pools: &Bound<'py, PyAny>,
    terms: BatchTerms,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let view = View::of(pools, None, POOLS)?;
    if view.place != Place::Host {
        return Err(PyTypeError::new_err("the pools lie on a GPU: make a Batch"));
    }
    let batched = Batched {
        bytes: view.bytes(),
        d: view.shape.1,
        dtype: view.dtype,
        offsets: &terms.offsets,
        budgets: &terms.budgets,
        first: terms.first.as_deref(),
        metric: named(&terms.metric)?,
    };
    let run = |interrupt: &AtomicBool| batched.run(interrupt);
    let (picks, raised_by) = match batched.is_quick() {
        true => at_once(pools.py(), run)?,
        false => watched(pools.py(), |_| Ok(()), run)?,
    };
    raised_by.map_or(Ok(()), Err)?;
    let picks = raised(picks)?.concat();
    Ok(crate::select::rows(pools.py(), &picks))
}

/// Selections from small pools on a GPU, prepared once and queued as often as wanted: one launch, which a CUDA graph can capture.
#[pyclass(frozen, module = "farpoint._native")]
pub struct Batch {
    /// None only while it is dropped.
    batch: Mutex<Option<farpoint::cuda::Batch>>,
    /// The GPU's number.
    device: usize,
    /// Where it was made.
    process: u32,
}

#[pymethods]
impl Batch {
    /// For arrays like `pools`, which lie on a GPU. `stream` and `allocate` as for `select`.
    #[new]
    #[pyo3(signature = (pools, terms, stream=None, allocate=None))]
    fn new(
        pools: &Bound<'_, PyAny>,
        terms: BatchTerms,
        stream: Option<i64>,
        allocate: Option<Py<PyAny>>,
    ) -> PyResult<Batch> {
        let view = on_a_gpu(pools, stream)?;
        let options =
            BatchOptions { metric: named(&terms.metric)?, stop_radius: None, first: terms.first };
        let make = || {
            let stream = device::stream(&view, allocate.as_ref())?;
            let (dtype, d) = (view.dtype, view.shape.1);
            farpoint::cuda::Batch::new(&stream, dtype, d, &terms.offsets, &terms.budgets, &options)
        };
        let batch = apart(pools.py(), make)?;
        Ok(Batch {
            batch: Mutex::new(Some(batch)),
            device: device::number(&view),
            process: process::id(),
        })
    }

    /// Queue the selections on the stream that the array's library works on.
    #[pyo3(signature = (pools, stream=None))]
    fn queue(&self, pools: &Bound<'_, PyAny>, stream: Option<i64>) -> PyResult<()> {
        let view = on_a_gpu(pools, stream)?;
        let queue = || {
            let (pool, stream) = (device::pool(&view)?, device::stream(&view, None)?);
            self.with(|batch| batch.queue(&pool, &stream))
        };
        apart(pools.py(), queue)
    }

    /// Other first centers for what is queued on `stream` from now on, if the batch was made with some.
    fn set_first(&self, py: Python<'_>, first: Vec<usize>, stream: i64) -> PyResult<()> {
        let set = || {
            let stream = device::stream_of(self.device, handle(Some(stream)))?;
            self.with(|batch| batch.set_first(&first, &stream))
        };
        apart(py, set)
    }

    /// Wait for what was queued last, and raise what was wrong with the values of `pools`, for which it was.
    #[pyo3(signature = (pools, stream=None))]
    fn check(&self, pools: &Bound<'_, PyAny>, stream: Option<i64>) -> PyResult<()> {
        let view = on_a_gpu(pools, stream)?;
        let fetch = || {
            let (pool, stream) = (device::pool(&view)?, device::stream(&view, None)?);
            self.with(|batch| batch.fetch(&pool, &stream))
        };
        apart(pools.py(), fetch).map(drop)
    }

    /// Where the picks are on the device: 32-bit rows, those of each pool after those of the one before.
    #[getter]
    fn picks_address(&self) -> u64 {
        self.with(|batch| batch.picks_address())
    }
}

impl Batch {
    fn with<T>(&self, work: impl FnOnce(&mut farpoint::cuda::Batch) -> T) -> T {
        // A panic may leave anything behind, so every call checks the state again.
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        work(batch.as_mut().expect("there until it is dropped"))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let batch = self.batch.get_mut().unwrap_or_else(PoisonError::into_inner);
        let batch = batch.take();
        if self.process == process::id() {
            keeping_current_context(|| drop(batch));
        } else {
            // In a forked child the GPU must not be touched, and the memory is the parent's.
            std::mem::forget(batch);
        }
    }
}

/// Call the engine with the interpreter's lock released, and leave the current GPU of the array's library alone.
fn apart<T: Send>(
    py: Python<'_>,
    call: impl FnOnce() -> farpoint::Result<T> + Send,
) -> PyResult<T> {
    let (answer, _) = at_once(py, |_| keeping_current_context(call))?;
    raised(answer)
}

fn on_a_gpu(pools: &Bound<'_, PyAny>, stream: Option<i64>) -> PyResult<View> {
    let mut view = View::of(pools, stream, POOLS)?;
    device::leave_own_stream(&mut view).map_err(exception)?;
    match view.place {
        Place::Cuda(_) => Ok(view),
        Place::Host => {
            Err(PyTypeError::new_err("the pools lie in host memory: a batch is for a GPU"))
        }
    }
}
