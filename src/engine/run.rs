//! Greedy over a backend, with frontiers as tuned.

use super::tuning::Tuning;
use crate::backend::{Backend, Before};
use crate::error::Result;
use crate::greedy::{self, FrontierSize, Watch};
use crate::ground::Ground;
use crate::question::Question;
use crate::selection::Selection;

pub(super) fn lazy(
    question: &Question,
    ground: &Ground,
    mut backend: impl Backend,
    before: &Before,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let adaptive = || FrontierSize::adaptive(ground.rows.len(), ground.rows.dimensions());
    let frontier = tuning.frontier.map_or_else(adaptive, FrontierSize::fixed);
    greedy::lazy(question, ground, &mut backend, before, frontier, watch)
}
