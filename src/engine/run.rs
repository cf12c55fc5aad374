//! Greedy over a backend, with frontiers as tuned.

use super::tuning::Tuning;
use crate::backend::{Backend, Before};
use crate::error::Result;
use crate::greedy::{self, FrontierSize, Watch};
use crate::known::Known;
use crate::question::Question;
use crate::selection::Selection;

/// `held`: the rows that rounds look at, all of the ground's or fewer.
pub(super) fn lazy(
    question: &Question,
    ground: &dyn Known,
    backend: &mut dyn Backend,
    held: usize,
    before: &Before,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let adaptive = || FrontierSize::adaptive(held, ground.dimensions(), backend.sweeps());
    let frontier = tuning.frontier.map_or_else(adaptive, FrontierSize::fixed);
    greedy::lazy(question, ground, backend, before, frontier, watch)
}
