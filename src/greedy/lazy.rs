//! The lazy blocked loop: farthest-first in rounds, over any backend.
//!
//! A row's distance to its nearest center only falls, so an old one is an upper bound: rows whose bound is below the farthest
//! distance need no work. And greedy inside the rows of largest bound is the global greedy for as long as its best candidate
//! is not behind the largest bound outside.

use super::frontier_size::FrontierSize;
use super::picks::{End, Picks, Watch};
use super::replay::replay;
use crate::backend::{Backend, Before, Picked};
use crate::error::{Error, Result};
use crate::first::first_center;
use crate::known::Known;
use crate::question::Question;
use crate::selection::Selection;

/// Greedy k-center in rounds; the same answer as the reference whatever the frontiers' sizes. `before` is of the picks to resume from.
pub(crate) fn lazy(
    question: &Question,
    ground: &dyn Known,
    backend: &mut dyn Backend,
    before: &Before,
    frontier: FrontierSize,
    watch: Watch,
) -> Result<Selection> {
    let mut picks = start(question, ground, backend, before)?;
    let ended = rounds(question, ground, backend, frontier, &mut picks, watch)
        .and_then(|end| Ok((settle(question, ground, backend, &end)?, end)))
        .and_then(|ended| ground.check_reads().map(|()| ended));
    let mut statistics = backend.statistics();
    (statistics.replay_evaluations, statistics.replay_canonical) =
        (before.evaluations, before.canonical);
    statistics.replay_seconds = before.seconds;
    match ended {
        Ok((settled, end)) => {
            statistics.settle_evaluations = settled.evaluations;
            Ok(picks.into_selection(question, ground, end, settled.rows, statistics))
        }
        // Picks made before a device was lost, or a file, are as right as those made before an interruption.
        Err(error) => Err(error.after(|| {
            Some(picks.into_selection(question, ground, End::Unknown, None, statistics))
        })),
    }
}

/// What settling every row came to.
struct Settled {
    /// Each row's distance to the nearest center and that center's number, where they were asked for.
    rows: Option<(Vec<f64>, Vec<u32>)>,
    /// Pairs that it needed.
    evaluations: u64,
}

/// An interrupted run answers at once.
fn settle(
    question: &Question,
    ground: &dyn Known,
    backend: &mut dyn Backend,
    end: &End,
) -> Result<Settled> {
    let before = backend.statistics().refresh_evaluations;
    let is_asked = question.assign && !matches!(end, End::Unknown);
    let rows = is_asked.then(|| backend.settle()).transpose()?;
    let evaluations = backend.statistics().refresh_evaluations - before;
    // If settling was cut short its result is no answer.
    Ok(Settled { rows: rows.filter(|_| !ground.is_interrupted()), evaluations })
}

/// Makes the picks before the first round: those resumed from, or the first center where nothing is labeled.
fn start(
    question: &Question,
    ground: &dyn Known,
    backend: &mut dyn Backend,
    before: &Before,
) -> Result<Picks> {
    let is_free = ground.labeled_count() == 0;
    let first = is_free.then(|| first_center(question, ground, backend)).transpose()?;
    let mut picks = replay(question, ground, before, first)?;
    // If the search for the first center was cut short, it may be any row.
    if let Some(first) = first.filter(|_| picks.len() == 0 && !ground.is_interrupted()) {
        picks.push(first, f64::INFINITY);
    }
    backend.add_centers(picks.rows())?;
    Ok(picks)
}

fn rounds(
    question: &Question,
    ground: &dyn Known,
    backend: &mut dyn Backend,
    mut frontier: FrontierSize,
    picks: &mut Picks,
    watch: Watch,
) -> Result<End> {
    let stop = question.stop_radius.unwrap_or(f64::NEG_INFINITY);
    loop {
        if must_end(ground)? {
            return Ok(End::Unknown);
        }
        // Before the first pick there is no prefix to keep, and the initial radius is not known.
        if picks.len() > 0 && watch(picks.progress(question.budget)).is_break() {
            return Ok(End::Unknown);
        }
        let before = backend.statistics();
        let refreshed = backend.refresh(frontier.rows)?;
        if must_end(ground)? {
            return Ok(End::Unknown);
        }
        if refreshed == 0 {
            return Ok(End::Covered);
        }
        let picked = backend.pick(question.budget - picks.len(), stop)?;
        ground.check_reads()?;
        check_resumed(question, picks, &picked)?;
        picked.picks.iter().for_each(|pick| picks.push(pick.row, pick.key));
        if let Some(next) = picked.next {
            return Ok(End::Farthest(next.row, next.key));
        }
        let after = backend.statistics();
        // A backend that is still applying the centers from the start had no frontier.
        if after.rounds > before.rounds {
            frontier.adapt(picked.picks.len(), &before, &after);
        }
    }
}

/// Whether the run was told to end.
///
/// # Errors
/// A row that could not be read.
fn must_end(ground: &dyn Known) -> Result<bool> {
    ground.check_reads()?;
    Ok(ground.is_interrupted())
}

/// Checks the picks resumed from, as far as the first new key can: the radius never grows.
fn check_resumed(question: &Question, picks: &Picks, picked: &Picked) -> Result<()> {
    let Some(last) = question.resume.len().checked_sub(1).filter(|last| last + 1 == picks.len())
    else {
        return Ok(());
    };
    let (row, key) = (picks.rows()[last], picks.keys()[last]);
    match picked.picks.first().or(picked.next.as_ref()) {
        Some(next) if next.key > key => Err(Error::Options(format!(
            "the picks to resume from were not chosen from this pool by these options: row {row} was chosen at radius \
             {key}, yet {} is still to be covered",
            next.key
        ))),
        _ => Ok(()),
    }
}
