//! The progress bar: picks, radius so far, rate and time left, where a person is watching.

use std::io::{self, IsTerminal};
use std::time::Duration;

use farpoint::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::short;

const TEMPLATE: &str = "{bar:30} {pos}/{len} picks  radius {msg}  {per_sec}  {eta} left";

/// A bar on stderr, or nothing when that is no terminal or quiet is wanted.
pub struct Bar(ProgressBar);

impl Bar {
    pub fn new(budget: usize, quiet: bool) -> Bar {
        let target = match !quiet && io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(budget as u64), target);
        bar.set_style(ProgressStyle::with_template(TEMPLATE).expect("the template is a constant"));
        bar.set_message("unknown");
        bar.enable_steady_tick(Duration::from_millis(200));
        Bar(bar)
    }

    pub fn show(&self, progress: Progress) {
        self.0.set_message(short(progress.radius));
        self.0.set_position(progress.chosen as u64);
    }

    /// Leave no trace.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
