//! All rows that may precede a row whose key is exact, brought up to date in the order of the pool: what comes after a frontier of which
//! no row stayed ahead of the first row outside.
//!
//! A pick may lower the keys of a large part of the pool. Frontiers of fixed size then meet outdated rows only, one frontier after another.
//! A sweep looks at each bound once and applies centers to no more rows than the plain loop does; after it, a row is next for certain.

use std::ops::Range;

use rayon::prelude::*;

use super::catch_up::Stages;
use super::maxima::{BLOCK, blocks};
use crate::backend::Candidate;

/// Rows of a sweep's first part; each part has twice as many as the one before, up to a limit. After a part the largest exact key is
/// known better.
const FIRST: usize = 1 << 13;
const LARGEST: usize = 1 << 17;
/// Rows of a part whose keys are made exact before the others'.
const LIKELY: usize = 64;
/// Rows that a task looks at.
pub(super) const CHUNK: usize = 1 << 12;

/// What a look at the rows of a part found.
#[derive(Default)]
pub(crate) struct Looked {
    /// The rows that may precede, and lack centers or have no exact key.
    pub found: Vec<usize>,
    /// The first of the rows that were brought up to date.
    pub best: Option<Candidate>,
}

impl Looked {
    pub fn and(mut self, other: Looked) -> Looked {
        self.found.extend(other.found);
        Looked { found: self.found, best: Candidate::first(self.best, other.best) }
    }
}

/// Applies the centers below number `end` to every row that may precede `reached`, a row to which all of them were applied and whose
/// key is exact, and makes the keys of these rows exact. The row of largest key has an exact key then, and has seen all centers. An
/// interrupted sweep ends early.
pub(super) fn sweep(rows: &mut impl Stages, mut reached: Candidate, end: usize) {
    let n = rows.bounds().len();
    let (mut start, mut size) = (0, FIRST);
    while start < n && !rows.is_interrupted() {
        let part = start..n.min(start + size);
        (start, size) = (part.end, LARGEST.min(2 * size));
        let looked = rows.look(part, reached, end);
        let mut found = looked.found;
        rows.refresh(&mut found, end);
        reached = looked.best.map_or(reached, |best| reached.first_of(best));
        reached = settle(rows, found, reached);
    }
}

/// Makes the keys of those `found` rows exact that may precede `reached`, the likeliest first. Returns the row that precedes then.
fn settle(rows: &mut impl Stages, mut found: Vec<usize>, mut reached: Candidate) -> Candidate {
    let likely = LIKELY.min(found.len());
    if likely < found.len() {
        found
            .select_nth_unstable_by(likely, |&a, &b| candidate(rows, a).order(&candidate(rows, b)));
    }
    let rest = found.split_off(likely);
    for part in [found, rest] {
        let mut precede = part;
        precede.retain(|&row| candidate(rows, row).precedes(reached));
        rows.make_exact(&precede);
        reached =
            precede.iter().map(|&row| candidate(rows, row)).fold(reached, Candidate::first_of);
    }
    reached
}

fn candidate(rows: &impl Stages, row: usize) -> Candidate {
    Candidate { key: rows.key(row, rows.bounds()[row]), row }
}

/// The rows of `part` that precede `reached` and of which something `lacks`, and how many bounds were looked at. `maxima` are of the blocks
/// of the part; those that are looked at are found again.
pub(super) fn look(
    part: Range<usize>,
    key_of: impl Fn(usize) -> Option<f64> + Sync,
    maxima: &mut [f64],
    reached: Candidate,
    lacks: impl Fn(usize) -> bool + Sync,
) -> (Looked, u64) {
    let look_at = |(chunk, maxima): (usize, &mut [f64])| {
        let start = part.start + chunk * CHUNK;
        let (mut found, mut looks) = (Vec::new(), 0);
        let blocks = blocks(start..part.end.min(start + CHUNK), maxima);
        for (rows, maximum) in blocks.filter(|(_, maximum)| **maximum >= reached.key) {
            looks += rows.len() as u64;
            *maximum = 0.0;
            for row in rows {
                let Some(key) = key_of(row) else { continue };
                *maximum = if key > *maximum { key } else { *maximum };
                if (Candidate { key, row }).precedes(reached) && lacks(row) {
                    found.push(row);
                }
            }
        }
        (Looked { found, best: None }, looks)
    };
    let chunks = maxima.par_chunks_mut(CHUNK / BLOCK).enumerate();
    chunks.map(look_at).reduce(Default::default, |a, b| (a.0.and(b.0), a.1 + b.1))
}
