//! A selection checked by brute force: it shares the canonical distance with the engine, and nothing else.

mod certificate;
mod sweep;
mod verdict;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::error::Result;
use crate::greedy::lower_bounds;
use crate::options::Options;
use crate::pool::Pool;
use crate::problem::Problem;
use crate::threads::on_engine_threads;
pub use certificate::{CertificateVerdict, Interval, verify_certificate};
use sweep::{BLOCK, Sweep};
pub use verdict::{Cover, Verdict};

/// Check that `centers` are the picks [`crate::select`] makes with `options`, in order, and `radii` its radii to the bit.
///
/// Brute force with the canonical distance, in one blocked pass: every row's running key after pick `t` must not precede
/// pick `t + 1`. [`Options::resume`] plays no part: all picks are checked. `radii` may be one shorter than `centers`,
/// as an interrupted run leaves them.
///
/// Time `O(n k d)` over the threads, memory 14 bytes a row beside the pool (8 more under cosine).
///
/// # Errors
/// As [`crate::select`], but for the budget: options that no selection could be made with; [`crate::Error::Interrupted`].
///
/// ```
/// use farpoint::{Options, Pool, Verdict, verify};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1)?;
/// assert!(verify(&pool, &[0, 4], Some(&[10.0, 2.0]), &Options::default())?.is_right());
/// let wrong = verify(&pool, &[0, 3], None, &Options::default())?;
/// assert!(matches!(wrong, Verdict::Wrong { position: 1, chosen: 3, expected: 4, .. }));
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn verify(
    pool: &Pool,
    centers: &[usize],
    radii: Option<&[f64]>,
    options: &Options,
) -> Result<Verdict> {
    on_engine_threads(options.threads, || {
        // The budget only says how many picks to make; any that the options allow will do.
        let problem = Problem::new(pool, options.resume.len().max(1), options)?.keep_norms()?;
        let verdict = match positions(&problem, centers) {
            Ok(positions) => Check::new(&problem, centers, positions).verdict(radii),
            Err(verdict) => verdict,
        };
        problem.unless_interrupted(verdict)
    })?
}

/// A row that is never chosen.
const NEVER: u32 = u32::MAX;

/// Per row, its position among the picks.
fn positions(problem: &Problem, centers: &[usize]) -> std::result::Result<Vec<u32>, Verdict> {
    let mut positions = vec![NEVER; problem.rows.len()];
    for (position, &row) in centers.iter().enumerate() {
        let refused = |reason| Err(Verdict::Ineligible { position, row, reason });
        match positions.get_mut(row) {
            None => return refused("is not in the pool"),
            Some(_) if problem.excluded[row] => return refused("is excluded"),
            Some(_) if !problem.eligible[row] => return refused("is labeled"),
            Some(&mut at) if at != NEVER => return refused("is chosen before"),
            Some(at) => *at = u32::try_from(position).expect("picks are numbered below 2^32"),
        }
    }
    Ok(positions)
}

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

/// Picks that may be chosen, each once; are they greedy's?
struct Check<'a> {
    problem: &'a Problem<'a>,
    centers: &'a [usize],
    positions: Vec<u32>,
    /// Per pick, its key before it was chosen.
    keys: Vec<f64>,
}

/// What a block of rows has to say.
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

impl<'a> Check<'a> {
    fn new(problem: &'a Problem<'a>, centers: &'a [usize], positions: Vec<u32>) -> Check<'a> {
        let keys = pick_keys(problem, centers);
        Check { problem, centers, positions, keys }
    }

    fn verdict(&self, radii: Option<&[f64]>) -> Verdict {
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
        let free = self.problem.labeled_count() == 0 && !self.centers.is_empty();
        let row = free.then(|| self.problem.first_center())?;
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
        // Positions past the lowest wrong one found so far need no look.
        let limit = AtomicUsize::new(self.centers.len());
        (0..self.problem.rows.len())
            .step_by(BLOCK)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map_init(
                || Sweep::new(self.problem, self.centers),
                |sweep, start| self.compare_block(sweep, start, &limit),
            )
            .reduce(Finding::default, Finding::merge)
    }

    fn compare_block(&self, sweep: &mut Sweep, start: usize, limit: &AtomicUsize) -> Finding {
        let end = self.problem.rows.len().min(start + BLOCK);
        let rows: Vec<usize> = (start..end).filter(|&row| self.problem.eligible[row]).collect();
        let mut found = Finding::default();
        sweep.rows(&rows, self.centers.len(), |at, picks, nearest| {
            let row = rows[at];
            if picks > limit.load(Ordering::Relaxed) {
                return false;
            }
            let candidate = Candidate { key: self.problem.key(row, nearest), row };
            let mut here = Finding::default();
            if picks == self.centers.len() {
                here.farthest = Some(candidate);
            } else if candidate.precedes(self.pick(picks)) {
                limit.fetch_min(picks, Ordering::Relaxed);
                here.wrong = Some((picks, candidate));
            }
            found = found.merge(here);
            // A row takes no part once it is chosen.
            self.positions[row] as usize > picks + 1
        });
        found
    }

    /// The pick at `position`. A first pick where nothing is labeled precedes everything: it was checked on its own.
    fn pick(&self, position: usize) -> Candidate {
        let row = self.centers[position];
        if position + self.problem.labeled_count() == 0 {
            return Candidate { key: f64::INFINITY, row: 0 };
        }
        Candidate { key: self.keys[position], row }
    }

    fn cover(&self, farthest: Option<Candidate>) -> Cover {
        let last = farthest.map_or(0.0, |farthest| farthest.key);
        let farthest = farthest.map(|farthest| farthest.row);
        let mut radii: Vec<f64> = self.keys.iter().copied().chain([last]).collect();
        let initial = radii.remove(0);
        let free = self.problem.labeled_count() == 0;
        let initial_radius = if free { f64::INFINITY } else { initial };
        let lower_bounds = lower_bounds(self.problem, self.centers, farthest, &radii);
        Cover { initial_radius, radii, lower_bounds, farthest }
    }

    fn past_stop(&self) -> Option<Verdict> {
        let stop_radius = self.problem.stop_radius?;
        let position = self.keys.iter().position(|&key| key <= stop_radius)?;
        Some(Verdict::PastStop { position, radius: self.keys[position], stop_radius })
    }
}

/// Per pick, its key from the labeled centers and the earlier picks. `O(k^2 d)`.
fn pick_keys(problem: &Problem, centers: &[usize]) -> Vec<f64> {
    let mut keys = vec![0.0; centers.len()];
    keys.par_chunks_mut(BLOCK).enumerate().for_each(|(block, keys)| {
        let start = block * BLOCK;
        let rows = &centers[start..start + keys.len()];
        Sweep::new(problem, centers).rows(rows, start + keys.len() - 1, |at, picks, nearest| {
            keys[at] = problem.key(rows[at], nearest);
            picks < start + at
        });
    });
    if problem.labeled_count() == 0 && !keys.is_empty() {
        // No center covers nothing, whatever the weights.
        keys[0] = f64::INFINITY;
    }
    keys
}

fn wrong_radius(given: &[f64], exact: &[f64]) -> Option<Verdict> {
    if given.len() > exact.len() || given.len() + 1 < exact.len() {
        return Some(Verdict::RadiusCount { radii: given.len(), centers: exact.len() });
    }
    let position = (0..given.len()).find(|&t| given[t].to_bits() != exact[t].to_bits())?;
    Some(Verdict::Radius { position, given: given[position], exact: exact[position] })
}
