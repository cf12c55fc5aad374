//! One selection from rows that several processes hold: `Shard` answers messages, `coordinate` asks the questions. Python delivers them.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use farpoint::shards::{self, Message, Reply, Settled, Transport};
use farpoint::{Error, Options, Progress, Selection};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::device;
use crate::errors::exception;
use crate::select::{Answer, answer, finished, take, tell};
use crate::source::{Source, checked_vectors};
use crate::terms::{Terms, named, rows, with};
use crate::watch::watched;

/// Between two looks at signals.
const TICK: Duration = Duration::from_millis(20);

/// Each row's distance to its nearest center, and that center.
type SettledArrays<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<i64>>);

/// Consecutive rows of a pool, held for a coordinator, in a thread of their own.
#[pyclass(module = "farpoint._native")]
pub struct Shard {
    messages: Mutex<Option<Sender<Message>>>,
    answers: Mutex<Receiver<Vec<u8>>>,
    settled: Arc<Mutex<Option<Settled>>>,
    interrupt: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
    #[pyo3(get)]
    rows: usize,
    #[pyo3(get)]
    dimensions: usize,
    #[pyo3(get)]
    dtype: String,
}

#[pymethods]
impl Shard {
    /// `weights` and `exclude` are those of these rows, as `farpoint._terms` makes them; `stream` is for rows on a GPU.
    #[new]
    #[pyo3(signature = (pool, *, device="auto", threads=0, weights=None, exclude=None, stream=None))]
    fn new(
        pool: &Bound<'_, PyAny>,
        device: &str,
        threads: usize,
        weights: Option<PyReadonlyArray1<'_, f32>>,
        exclude: Option<PyReadonlyArray1<'_, i64>>,
        stream: Option<i64>,
    ) -> PyResult<Shard> {
        let py = pool.py();
        let source = Source::of(pool, stream)?;
        let interrupt = Arc::new(AtomicBool::new(false));
        let options = Options {
            device: named(device)?,
            threads,
            weights: weights.map(|weights| weights.as_array().to_vec()),
            excluded: rows("excluded", exclude.as_ref())?,
            ..Options::default()
        };
        let (n, d) = source.shape();
        // Values that no pool may hold are found now, where the caller can be told.
        let dtype = py.detach(|| match source.on_device() {
            Some(view) => device::opens(view).map(|()| view.dtype.name()),
            None => source.pool(&interrupt).map(|pool| pool.dtype().name()),
        });
        let dtype = dtype.map_err(exception)?.to_string();
        let (messages, to_thread) = channel();
        let (from_thread, answers) = channel();
        let settled = Arc::new(Mutex::new(None));
        let held = Held { source, options, interrupt: interrupt.clone(), settled: settled.clone() };
        let thread = thread::Builder::new()
            .name("farpoint shard".into())
            .spawn(move || held.serve(to_thread, from_thread))
            .map_err(|error| {
                PyRuntimeError::new_err(format!("no thread can be started: {error}"))
            })?;
        Ok(Shard {
            messages: Mutex::new(Some(messages)),
            answers: Mutex::new(answers),
            settled,
            interrupt,
            thread: Mutex::new(Some(thread)),
            rows: n,
            dimensions: d,
            dtype,
        })
    }

    /// The answer to a message of these two parts. A shard's errors are in it, and raised by the coordinator.
    fn answer<'py>(
        &self,
        py: Python<'py>,
        common: &[u8],
        own: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let message = Message { common: common.to_vec(), own: own.to_vec() };
        let ended = || PyRuntimeError::new_err("the shard's thread has ended");
        let sent = self.messages.lock().expect("nothing panics while it is held");
        sent.as_ref().ok_or_else(ended)?.send(message).map_err(|_| ended())?;
        drop(sent);
        loop {
            let answer = py.detach(|| {
                self.answers.lock().expect("nothing panics while it is held").recv_timeout(TICK)
            });
            match answer {
                Ok(answer) => return Ok(PyBytes::new(py, &answer)),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            }
        }
    }

    /// Each row's distance to its nearest center, and that center, `(n,)` each, once a selection has ended that was asked for them.
    fn settled<'py>(&self, py: Python<'py>) -> PyResult<SettledArrays<'py>> {
        let settled = self.settled.lock().expect("nothing panics while it is held").take();
        let Some(Settled { min_distances, assignment }) = settled else {
            return Err(PyValueError::new_err("no selection has asked this shard for distances"));
        };
        Ok((min_distances.into_pyarray(py), assignment.into_pyarray(py)))
    }

    /// Ends what the shard computes, and its thread.
    fn close(&self, py: Python<'_>) {
        self.interrupt.store(true, Ordering::Relaxed);
        drop(self.messages.lock().expect("nothing panics while it is held").take());
        let thread = self.thread.lock().expect("nothing panics while it is held").take();
        py.detach(|| thread.map(JoinHandle::join));
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.interrupt.store(true, Ordering::Relaxed);
    }
}

/// What a shard's thread has.
struct Held {
    source: Source,
    options: Options<'static>,
    interrupt: Arc<AtomicBool>,
    settled: Arc<Mutex<Option<Settled>>>,
}

impl Held {
    fn serve(&self, messages: Receiver<Message>, answers: Sender<Vec<u8>>) {
        let options = with(&self.options, None, &self.interrupt);
        let exchange = &mut move |reply: Option<Reply>| {
            if let Some(Reply { bytes, settled }) = reply {
                if settled.is_some() {
                    *self.settled.lock().expect("nothing panics while it is held") = settled;
                }
                answers.send(bytes).ok()?;
            }
            messages.recv().ok()
        };
        // Whoever waits for an answer is told that the thread has ended.
        let _ = catch_unwind(AssertUnwindSafe(|| match self.source.on_device() {
            Some(view) => device::serve(view, &options, exchange),
            None => {
                let pool = self.source.pool(&self.interrupt)?;
                shards::serve(&pool, &options, exchange);
                Ok(())
            }
        }));
    }
}

/// Messages on their way to the calling thread, which alone runs Python, and the answers.
struct Desk<'a> {
    names: Vec<String>,
    /// The message to be delivered.
    asked: Arc<Mutex<Option<Asked>>>,
    /// Picks that the caller has not been told of.
    picks: Arc<Mutex<Vec<usize>>>,
    /// Set once the caller delivers nothing any more.
    interrupt: &'a AtomicBool,
    caller: Thread,
}

struct Asked {
    common: Vec<u8>,
    own: Vec<(usize, Vec<u8>)>,
    answers: Sender<Vec<Vec<u8>>>,
}

impl Transport for Desk<'_> {
    fn shards(&self) -> usize {
        self.names.len()
    }

    fn name(&self, shard: usize) -> String {
        self.names[shard].clone()
    }

    fn call(&mut self, common: &[u8], own: &[(usize, Vec<u8>)]) -> farpoint::Result<Vec<Vec<u8>>> {
        let (answers, answered) = channel();
        let asked = Asked { common: common.to_vec(), own: own.to_vec(), answers };
        *self.asked.lock().expect("nothing panics while it is held") = Some(asked);
        self.caller.unpark();
        loop {
            match answered.recv_timeout(TICK) {
                Ok(answers) => return Ok(answers),
                Err(RecvTimeoutError::Timeout) if !self.interrupt.load(Ordering::Relaxed) => {}
                // The caller raises what kept it from delivering the message.
                Err(_) => return Err(ended()),
            }
        }
    }

    fn restarts(&self) -> bool {
        true
    }

    fn picked(&mut self, rows: &[usize]) {
        self.picks.lock().expect("nothing panics while it is held").extend(rows);
    }
}

/// What the caller raises comes before it.
fn ended() -> Error {
    let reason = "the call was ended".into();
    Error::Shard { shard: "the shards".into(), reason, is_input: false, selection: None }
}

/// Delivers a message that waits, by Python.
fn deliver(py: Python<'_>, call: &Bound<'_, PyAny>, asked: &Mutex<Option<Asked>>) -> PyResult<()> {
    let waiting = asked.lock().expect("nothing panics while it is held").take();
    let Some(Asked { common, own, answers }) = waiting else { return Ok(()) };
    // Without an answer the engine ends as soon as `answers` is dropped.
    answers_of(py, call, &common, &own).map(|answered| drop(answers.send(answered)))
}

/// Tells Python of the picks made since the last time.
fn tell_picks(picked: Option<&Bound<'_, PyAny>>, picks: &Mutex<Vec<usize>>) -> PyResult<()> {
    let Some(picked) = picked else { return Ok(()) };
    let new = std::mem::take(&mut *picks.lock().expect("nothing panics while it is held"));
    if !new.is_empty() {
        picked.call1((new,))?;
    }
    Ok(())
}

/// What `call` returns, in the order asked for.
fn answers_of(
    py: Python<'_>,
    call: &Bound<'_, PyAny>,
    common: &[u8],
    own: &[(usize, Vec<u8>)],
) -> PyResult<Vec<Vec<u8>>> {
    let parts = PyDict::new(py);
    for (shard, own) in own {
        parts.set_item(shard, PyBytes::new(py, own))?;
    }
    let answered = call.call1((PyBytes::new(py, common), parts))?;
    let answered = answered.cast_into::<PyDict>().map_err(PyErr::from)?;
    let answer = |(shard, _): &(usize, Vec<u8>)| match answered.get_item(shard)? {
        Some(bytes) => Ok(bytes.extract::<&[u8]>()?.to_vec()),
        None => Err(PyValueError::new_err(format!("call returned no answer of shard {shard}"))),
    };
    own.iter().map(answer).collect()
}

/// Selects from the rows of all shards, in their order. `call` is given the common part of a message and a dict of the shards' own parts,
/// by shard, and returns a dict of their answers; it is called in the calling thread. `shards` names them in errors. `picked` is
/// told of picks now and then, those that the run goes on from included, each once and in order.
#[pyfunction]
#[pyo3(signature = (call, shards, budget, terms, labeled_vectors=None, tick=None, settle=false, picked=None))]
#[expect(clippy::too_many_arguments, reason = "they are the package's")]
pub fn coordinate<'py>(
    call: &Bound<'py, PyAny>,
    shards: Vec<String>,
    budget: Option<usize>,
    terms: Terms<'py>,
    labeled_vectors: Option<&Bound<'py, PyAny>>,
    tick: Option<&Bound<'py, PyAny>>,
    settle: bool,
    picked: Option<&Bound<'py, PyAny>>,
) -> PyResult<Answer<'py>> {
    let py = call.py();
    let vectors = Source::vectors(labeled_vectors)?;
    let options = Options { assign: settle, ..terms.options()? };
    let latest = Mutex::new(None);
    let asked = Arc::new(Mutex::new(None));
    let picks = Arc::new(Mutex::new(Vec::new()));
    let caller = thread::current();
    let work = |interrupt: &AtomicBool| {
        let (asked, picks) = (asked.clone(), picks.clone());
        let desk = Desk { names: shards, asked, picks, interrupt, caller };
        let watch = &mut |progress: Progress| {
            *latest.lock().expect("nothing panics while it is held") = Some(progress);
            ControlFlow::Continue(())
        };
        let started = Instant::now();
        let select = || {
            let vectors = checked_vectors(vectors.as_ref(), interrupt)?;
            let options = &with(&options, vectors.as_deref(), interrupt);
            shards::coordinate(desk, budget, options, watch)
        };
        (select(), started.elapsed().as_secs_f64())
    };
    let mut told = Instant::now();
    let ticking = |py: Python<'_>| {
        deliver(py, call, &asked)?;
        if told.elapsed() < TICK {
            return Ok(());
        }
        told = Instant::now();
        tell_picks(picked, &picks)?;
        tell(tick, take(&latest))
    };
    let ((selection, seconds), raised_by) = watched(py, ticking, work)?;
    let (selection, raised_by) = kept(selection, raised_by);
    let budget = budget.unwrap_or_else(|| selection.as_ref().map_or(0, |s| s.centers.len()));
    answer(py, finished(py, (selection, raised_by), tick, budget)?, seconds)
}

/// What had been chosen before a shard failed, or before the call to it was ended: it is raised with that.
fn kept(
    selection: farpoint::Result<Selection>,
    raised_by: Option<PyErr>,
) -> (farpoint::Result<Selection>, Option<PyErr>) {
    match selection {
        Err(Error::Shard { shard, reason, is_input, selection: Some(picks) }) => {
            let failed = Error::Shard { shard, reason, is_input, selection: None };
            (Ok(*picks), raised_by.or_else(|| Some(exception(failed))))
        }
        selection => (selection, raised_by),
    }
}
