//! Ctrl-C and SIGTERM: the first one asks for an end with the picks made so far, the second ends at once.

use std::ops::ControlFlow;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use anyhow::Result;

use crate::exit::INTERRUPTED;
use crate::target;
use crate::terminal::say;

/// Nothing is chosen yet, so there is nothing to keep.
const OPENING: u8 = 0;
const SELECTING: u8 = 1;
const ASKED_TO_STOP: u8 = 2;

/// How far the run is, as the signal handler sees it.
pub struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Listen for signals from now on.
    pub fn listen() -> Result<Interrupt> {
        let phase = Arc::new(AtomicU8::new(OPENING));
        let seen = Arc::clone(&phase);
        ctrlc::set_handler(move || {
            if seen.compare_exchange(SELECTING, ASKED_TO_STOP, SeqCst, SeqCst).is_err() {
                target::remove_unfinished();
                say(format_args!("interrupted"));
                process::exit(i32::from(INTERRUPTED));
            }
        })?;
        Ok(Interrupt(phase))
    }

    /// From here on an interrupt leaves something to be written.
    pub fn selecting(&self) {
        self.0.store(SELECTING, SeqCst);
    }

    /// Whether to go on.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.0.load(SeqCst) == ASKED_TO_STOP {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
