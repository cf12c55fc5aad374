//! When a search must end: its time limit, or whoever watches it.

use std::time::{Duration, Instant};

use super::Watch;
use super::selection::{End, RobustProgress};

/// The least time between two looks at the clock's watcher.
const BETWEEN: Duration = Duration::from_millis(20);

/// Asked often, in the middle of things; looks up rarely.
pub struct Clock<'w> {
    started: Instant,
    limit: Option<Duration>,
    watch: Watch<'w>,
    looked: Instant,
    pub lower: f64,
    pub upper: f64,
    over: Option<End>,
}

impl<'w> Clock<'w> {
    pub fn new(limit: Option<Duration>, watch: Watch<'w>) -> Clock<'w> {
        let now = Instant::now();
        Clock {
            started: now,
            limit,
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

    /// Leave so much of the time limit to what comes after the search.
    pub fn reserve(&mut self, time: Duration) {
        self.limit = self.limit.map(|limit| limit.saturating_sub(time));
    }

    /// What is left of the time limit.
    pub fn left(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.saturating_sub(self.started.elapsed()))
    }

    /// Why the search must end, if it must.
    pub fn over(&self) -> Option<End> {
        self.over
    }

    /// Whether the search must end. Once it must it always must.
    pub fn is_over(&mut self) -> bool {
        if self.over.is_none() && self.looked.elapsed() >= BETWEEN {
            self.look();
        }
        self.over.is_some()
    }

    /// Greedy has come down to this radius.
    pub fn greedy(&mut self, radius: f64) {
        self.upper = radius;
    }

    /// The search must end.
    pub fn end(&mut self, end: End) {
        self.over.get_or_insert(end);
    }

    /// Tell the watcher how far the search has come, and see whether it must end.
    pub fn look(&mut self) {
        self.looked = Instant::now();
        if self.over.is_some() {
            return;
        }
        let progress =
            RobustProgress { seconds: self.seconds(), lower: self.lower, upper: self.upper };
        if (self.watch)(progress).is_break() {
            self.over = Some(End::Interrupted);
        } else if self.left().is_some_and(|left| left.is_zero()) {
            self.over = Some(End::TimeLimit);
        }
    }
}
