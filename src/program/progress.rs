//! The progress bar: picks and radius or rows so far, rate and time left, where a person is watching.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::Duration;

use crate::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::program::terminal::short;

/// How often a bar is drawn again.
const TICK: Duration = Duration::from_millis(200);
const PICKS: &str = "{bar:30} {pos}/{len} picks  radius {msg}  {per_sec}  {eta} left";
const ROWS: &str = "{bar:30} {pos}/{len} rows  {per_sec}  {eta} left";

/// A bar on stderr, or nothing when that is no terminal or quiet is wanted.
pub struct Bar(ProgressBar);

impl Bar {
    /// Of picks.
    pub fn new(budget: usize, quiet: bool) -> Bar {
        let bar = Bar::of(PICKS, budget, quiet);
        bar.0.set_message("unknown");
        bar
    }

    /// Of rows that are gone through in order.
    pub fn rows(rows: usize, quiet: bool) -> Bar {
        Bar::of(ROWS, rows, quiet)
    }

    fn of(template: &str, length: usize, quiet: bool) -> Bar {
        let target = match !quiet && io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(length as u64), target);
        bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant"));
        keep_ticking(&bar);
        Bar(bar)
    }

    pub fn show(&self, progress: Progress) {
        self.0.set_message(short(progress.radius));
        self.0.set_position(progress.chosen as u64);
    }

    /// So many rows more.
    pub fn advance(&self, rows: usize) {
        self.0.inc(rows as u64);
    }

    /// Leave no trace.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Lets `bar` show the time that passes. Without a thread for it, where none can be started, it is drawn at its steps alone.
pub fn keep_ticking(bar: &ProgressBar) {
    if bar.is_hidden() {
        return;
    }
    let bar = bar.downgrade();
    let tick = move || {
        while let Some(bar) = bar.upgrade().filter(|bar| !bar.is_finished()) {
            bar.tick();
            drop(bar);
            thread::sleep(TICK);
        }
    };
    drop(thread::Builder::new().name("progress".into()).spawn(tick));
}
