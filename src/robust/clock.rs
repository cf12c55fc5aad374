//! Says when a search must end: at its time limit, when its watcher says so, or when the options' interrupt is set.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::selection::{End, RobustProgress};
use crate::pool::is_set;

/// Called as the search goes on; `Break` ends it with what is proven so far.
pub(crate) type Watch<'w> = &'w mut (dyn FnMut(RobustProgress) -> ControlFlow<()> + Send);

/// The least time between two calls of the watcher.
const BETWEEN: Duration = Duration::from_millis(20);

/// Asked often, from inner loops. It calls the watcher rarely.
pub struct Clock<'w> {
    started: Instant,
    limit: Option<Duration>,
    interrupt: Option<&'w AtomicBool>,
    watch: Watch<'w>,
    looked: Instant,
    pub lower: f64,
    pub upper: f64,
    over: Option<End>,
}

impl<'w> Clock<'w> {
    pub fn new(
        limit: Option<Duration>,
        interrupt: Option<&'w AtomicBool>,
        watch: Watch<'w>,
    ) -> Clock<'w> {
        let now = Instant::now();
        Clock {
            started: now,
            limit,
            interrupt,
            watch,
            looked: now,
            lower: 0.0,
            upper: f64::INFINITY,
            over: None,
        }
    }

    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Shortens the limit by the time that the work after the search takes.
    pub fn reserve(&mut self, time: Duration) {
        self.limit = self.limit.map(|limit| limit.saturating_sub(time));
    }

    /// The rest of the time limit.
    pub fn left(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.saturating_sub(self.started.elapsed()))
    }

    /// Why the search must end; `None` if it may go on.
    pub fn over(&self) -> Option<End> {
        self.over
    }

    /// Whether the search must end. Once true, it stays true.
    pub fn is_over(&mut self) -> bool {
        if self.over.is_none() && self.looked.elapsed() >= BETWEEN {
            self.look();
        }
        self.over.is_some()
    }

    /// Notes the radius that greedy has come down to.
    pub fn greedy(&mut self, radius: f64) {
        self.upper = radius;
    }

    /// Ends the search.
    pub fn end(&mut self, end: End) {
        self.over.get_or_insert(end);
    }

    /// Tells the watcher how far the search has come, and finds out whether it must end.
    pub fn look(&mut self) {
        self.looked = Instant::now();
        if self.over.is_some() {
            return;
        }
        let progress =
            RobustProgress { seconds: self.seconds(), lower: self.lower, upper: self.upper };
        if (self.watch)(progress).is_break() || is_set(self.interrupt) {
            self.over = Some(End::Interrupted);
        } else if self.left().is_some_and(|left| left.is_zero()) {
            self.over = Some(End::TimeLimit);
        }
    }
}
