//! Greedy over a backend, with frontiers as tuned.

use super::tuning::Tuning;
use crate::backend::{Backend, Before};
use crate::error::Result;
use crate::greedy::{self, FrontierSize, Watch};
use crate::ground::Ground;
use crate::question::Question;
use crate::selection::Selection;

pub(super) fn lazy<B: Backend>(
    question: &Question,
    ground: &Ground,
    mut backend: B,
    before: &Before,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let (n, d) = (ground.rows.len(), ground.rows.dimensions());
    let adaptive = || FrontierSize::adaptive(n, d, B::SWEEPS);
    let frontier = tuning.frontier.map_or_else(adaptive, FrontierSize::fixed);
    greedy::lazy(question, ground, &mut backend, before, frontier, watch)
}
