//! Ctrl-C and SIGTERM: the first one asks for an end with the picks made so far, the second ends at once.

use std::ops::ControlFlow;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};

use anyhow::{Result, anyhow};

use crate::error::RAISE_THREADS;
use crate::program::exit::INTERRUPTED;
use crate::program::target;
use crate::program::terminal::say;

/// Nothing is chosen yet, so there is nothing to keep.
const OPENING: u8 = 0;
const SELECTING: u8 = 1;
const ASKED_TO_STOP: u8 = 2;

/// How far the run is, as the signal handler sees it.
struct Seen {
    phase: AtomicU8,
    /// Set with [`ASKED_TO_STOP`], for [`crate::Options::interrupt`].
    flag: AtomicBool,
}

/// What a signal asks for.
pub struct Interrupt(Arc<Seen>);

impl Interrupt {
    /// Listen for signals from now on.
    pub fn listen() -> Result<Interrupt> {
        let opening = Seen { phase: AtomicU8::new(OPENING), flag: AtomicBool::new(false) };
        let interrupt = Interrupt(Arc::new(opening));
        let seen = Arc::clone(&interrupt.0);
        ctrlc::set_handler(move || match seen.ask_to_stop() {
            true => seen.flag.store(true, SeqCst),
            false => {
                target::remove_unfinished();
                say(format_args!("interrupted"));
                process::exit(i32::from(INTERRUPTED));
            }
        })
        .map_err(unheard)?;
        Ok(interrupt)
    }

    /// From here on an interrupt leaves something to be written.
    pub fn selecting(&self) {
        self.0.phase.store(SELECTING, SeqCst);
    }

    /// Set once the run is to stop: in the middle of a round, or of a pass over the pool.
    pub fn flag(&self) -> &AtomicBool {
        &self.0.flag
    }

    /// Whether to go on.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.0.phase.load(SeqCst) == ASKED_TO_STOP {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// Why signals cannot be listened for: mostly since no thread can be started for that.
fn unheard(error: ctrlc::Error) -> anyhow::Error {
    match error {
        ctrlc::Error::System(reason) => {
            anyhow!("the thread that waits for Ctrl-C cannot be started: {reason}: {RAISE_THREADS}")
        }
        error => error.into(),
    }
}

impl Seen {
    /// Whether there is something to keep, and the run was not asked before.
    fn ask_to_stop(&self) -> bool {
        self.phase.compare_exchange(SELECTING, ASKED_TO_STOP, SeqCst, SeqCst).is_ok()
    }
}
