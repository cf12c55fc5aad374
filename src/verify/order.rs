//! Are these the picks greedy makes, in this order?

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::asked::Asked;
use super::bounds::lower_bounds;
use super::first::first;
use super::keys::{key, pick_keys};
use super::sweep::{Sweep, blocks};
use super::verdict::{Cover, Verdict};

/// A row and its key; the larger key precedes, then the lower row.
#[derive(Clone, Copy)]
struct Candidate {
    key: f64,
    row: usize,
}

impl Candidate {
    fn precedes(self, other: Candidate) -> bool {
        self.key > other.key || (self.key == other.key && self.row < other.row)
    }

    fn first(a: Option<Candidate>, b: Option<Candidate>) -> Option<Candidate> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.precedes(a) { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}

/// Picks that may be chosen, each once, to be compared with greedy's.
pub(super) struct Order<'a> {
    asked: &'a Asked<'a>,
    centers: &'a [usize],
    positions: Vec<u32>,
    /// Per pick, its key before it was chosen.
    keys: Vec<f64>,
}

/// The findings of a block of rows.
#[derive(Clone, Copy, Default)]
struct Finding {
    /// The lowest position at which a row of the block precedes the pick, and the first such row in greedy's order.
    wrong: Option<(usize, Candidate)>,
    /// The farthest row once all picks are chosen.
    farthest: Option<Candidate>,
}

impl Finding {
    fn merge(self, other: Finding) -> Finding {
        let wrong = match (self.wrong, other.wrong) {
            (Some(a), Some(b)) if a.0 == b.0 => {
                Candidate::first(Some(a.1), Some(b.1)).map(|first| (a.0, first))
            }
            (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
            (a, b) => a.or(b),
        };
        Finding { wrong, farthest: Candidate::first(self.farthest, other.farthest) }
    }
}

impl<'a> Order<'a> {
    pub fn new(asked: &'a Asked<'a>, centers: &'a [usize], positions: Vec<u32>) -> Order<'a> {
        let keys = pick_keys(asked, centers);
        Order { asked, centers, positions, keys }
    }

    pub fn verdict(&self, radii: Option<&[f64]>) -> Verdict {
        if let Some(verdict) = self.wrong_first() {
            return verdict;
        }
        let found = self.compare();
        if let Some((position, expected)) = found.wrong {
            return self.wrong(position, expected);
        }
        let cover = self.cover(found.farthest);
        self.past_stop()
            .or_else(|| radii.and_then(|radii| wrong_radius(radii, &cover.radii)))
            .unwrap_or(Verdict::Right(cover))
    }

    /// Where nothing is labeled, the first pick follows from the options and not from distances.
    fn wrong_first(&self) -> Option<Verdict> {
        let free = self.asked.labeled_count() == 0 && !self.centers.is_empty();
        let row = free.then(|| first(self.asked))?;
        (row != self.centers[0]).then(|| self.wrong(0, Candidate { key: self.keys[0], row }))
    }

    fn wrong(&self, position: usize, expected: Candidate) -> Verdict {
        Verdict::Wrong {
            position,
            chosen: self.centers[position],
            chosen_key: self.keys[position],
            expected: expected.row,
            expected_key: expected.key,
        }
    }

    /// Every row against every pick, in blocks.
    fn compare(&self) -> Finding {
        // Positions past the lowest wrong one found so far need not be looked at.
        let limit = AtomicUsize::new(self.centers.len());
        let find = |sweep: &mut Sweep, rows| self.compare_block(sweep, rows, &limit);
        blocks(self.asked, self.centers, find, Finding::merge)
    }

    fn compare_block(&self, sweep: &mut Sweep, rows: Range<usize>, limit: &AtomicUsize) -> Finding {
        let rows = self.asked.eligible_in(rows);
        let mut found = Finding::default();
        sweep.rows(&rows, self.centers.len(), |at, applied, nearest| {
            let row = rows[at];
            // A row takes no part once it is chosen, nor once an earlier pick is wrong.
            let chosen = self.positions[row] as usize;
            let end = chosen.min(limit.load(Ordering::Relaxed) + 1);
            let candidate = Candidate { key: key(self.asked, row, nearest), row };
            let here = self.compare_row(candidate, applied.start..applied.end.min(end));
            if let Some((position, _)) = here.wrong {
                limit.fetch_min(position, Ordering::Relaxed);
            }
            found = found.merge(here);
            applied.end < end
        });
        found
    }

    /// A row as it is once so many picks are applied as `applied` has.
    fn compare_row(&self, candidate: Candidate, applied: Range<usize>) -> Finding {
        let last = applied.contains(&self.centers.len());
        let picks = applied.start..applied.end.min(self.centers.len());
        let keys = self.keys.get(picks.clone()).unwrap_or_default();
        // Seen at a glance, of most rows, that every pick has a larger key.
        let is_below = keys.iter().fold(true, |below, &key| below & (candidate.key < key));
        let wrong = match is_below {
            true => None,
            false => picks.clone().find(|&position| candidate.precedes(self.pick(position))),
        };
        Finding {
            wrong: wrong.map(|position| (position, candidate)),
            farthest: last.then_some(candidate),
        }
    }

    /// The pick at `position`. A first pick where nothing is labeled precedes everything: it was checked on its own.
    fn pick(&self, position: usize) -> Candidate {
        let row = self.centers[position];
        if position + self.asked.labeled_count() == 0 {
            return Candidate { key: f64::INFINITY, row: 0 };
        }
        Candidate { key: self.keys[position], row }
    }

    fn cover(&self, farthest: Option<Candidate>) -> Cover {
        let last = farthest.map_or(0.0, |farthest| farthest.key);
        let farthest = farthest.map(|farthest| farthest.row);
        let mut radii: Vec<f64> = self.keys.iter().copied().chain([last]).collect();
        let initial = radii.remove(0);
        let free = self.asked.labeled_count() == 0;
        let initial_radius = if free { f64::INFINITY } else { initial };
        let lower_bounds = lower_bounds(self.asked, self.centers, farthest, &radii);
        Cover { initial_radius, radii, lower_bounds, farthest }
    }

    fn past_stop(&self) -> Option<Verdict> {
        let stop_radius = self.asked.options.stop_radius?;
        let position = self.keys.iter().position(|&key| key <= stop_radius)?;
        Some(Verdict::PastStop { position, radius: self.keys[position], stop_radius })
    }
}

fn wrong_radius(given: &[f64], exact: &[f64]) -> Option<Verdict> {
    if given.len() > exact.len() || given.len() + 1 < exact.len() {
        return Some(Verdict::RadiusCount { radii: given.len(), centers: exact.len() });
    }
    let position = (0..given.len()).find(|&t| given[t].to_bits() != exact[t].to_bits())?;
    Some(Verdict::Radius { position, given: given[position], exact: exact[position] })
}
