//! How well any centers cover a pool: every row's distance to the nearest of them.

use crate::backend::Space;
use crate::bound::{Bound, BoundInputs, bound};
use crate::engine::{Tuning, with_space};
use crate::error::{Error, Result};
use crate::ground::{Ground, mark};
use crate::options::{Device, Options};
use crate::pool::Pool;
use crate::question::{NOT_ELIGIBLE, Question};

/// Thousandths of a whole, the unit of [`Coverage::quantile`].
const WHOLE: usize = 1000;

/// The counted rows' distances to their nearest centers, the least first.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    distances: Vec<f64>,
}

/// Every counted row's canonical distance to its nearest center. Centers are `centers`, chosen in any way and order,
/// and what [`Options`] has labeled. Labeled rows are counted, excluded ones are not.
///
/// Only the options `labeled`, `labeled_vectors`, `excluded`, `metric`, `threads` and `interrupt` matter. Time: one pass over the
/// pool with all centers, `O(n k d)` in matrix products. Memory, beyond the pool: 32 bytes a row (8 more under cosine)
/// and a fixed workspace.
///
/// # Errors
/// As [`crate::select`]; rows that cannot be centers (past the pool's end, given twice, labeled, excluded); no center
/// at all; [`Error::Interrupted`].
///
/// ```
/// use farpoint::{Options, Pool, coverage};
///
/// let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1)?;
/// let coverage = coverage(&pool, &[4, 0], &Options::default())?;
/// assert_eq!(coverage.distances(), [0.0, 0.0, 1.0, 1.0, 2.0]);
/// assert_eq!((coverage.quantile(800), coverage.uncovered(1.0)), (1.0, 1));
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn coverage(pool: &Pool, centers: &[usize], options: &Options) -> Result<Coverage> {
    let options = Options {
        weights: None,
        stop_radius: None,
        resume: Vec::new(),
        device: Device::Cpu,
        ..options.clone()
    };
    let (coverage, _) = with_space(pool, &options, &Tuning::default(), |ground, space| {
        // Whatever a selection of one row refuses is refused here too, above all a pool without a row left to cover.
        Question::new(1, &options, &ground)?;
        check_centers(ground, centers)?;
        let nearest = min_distances(space, centers)?;
        if ground.is_interrupted() {
            ground.check_reads()?;
            return Err(Error::Interrupted);
        }
        let nearest = nearest.into_iter().zip(&ground.excluded);
        let counted = nearest.filter(|(_, excluded)| !**excluded);
        let mut distances: Vec<f64> = counted.map(|(distance, _)| distance).collect();
        distances.sort_unstable_by(f64::total_cmp);
        Ok(Coverage { distances })
    })?;
    Ok(coverage)
}

/// Per row, the distance to its nearest center, labeled or of `centers`.
fn min_distances(space: &mut dyn Space, centers: &[usize]) -> Result<Vec<f64>> {
    let (mut nearest, _) = space.labeled_distances()?;
    let (chosen, _) = space.min_distances(centers)?;
    nearest.iter_mut().zip(chosen).for_each(|(nearest, chosen)| *nearest = nearest.min(chosen));
    Ok(nearest)
}

fn check_centers(ground: &Ground, centers: &[usize]) -> Result<()> {
    mark("chosen", centers, ground.rows.len())?;
    if let Some(&row) = centers.iter().find(|&&row| !ground.eligible[row]) {
        return Err(Error::Row { role: "chosen", row, reason: NOT_ELIGIBLE });
    }
    if ground.labeled_count() + centers.len() == 0 {
        return Err(Error::Options("there is no center: give chosen or labeled rows".into()));
    }
    Ok(())
}

impl Coverage {
    /// Rows counted, at least one.
    pub fn rows(&self) -> usize {
        self.distances.len()
    }

    /// The distance of every counted row, the least first.
    pub fn distances(&self) -> &[f64] {
        &self.distances
    }

    /// The least distance within which at least `thousandths` thousandths of the rows lie; for 1000 it is the radius.
    ///
    /// # Panics
    /// If `thousandths` exceeds 1000.
    pub fn quantile(&self, thousandths: usize) -> f64 {
        assert!(thousandths <= WHOLE, "{thousandths} thousandths");
        let rows = (self.rows() * thousandths).div_ceil(WHOLE);
        self.distances[rows.saturating_sub(1)]
    }

    /// Rows farther than `radius`.
    pub fn uncovered(&self, radius: f64) -> usize {
        self.rows() - self.distances.partition_point(|&distance| distance <= radius)
    }

    /// [`crate::bound()`] at `radius`, with the rows beyond it uncovered. The other fields of `constants` are taken as
    /// they are.
    ///
    /// # Errors
    /// As [`crate::bound()`].
    pub fn bound(&self, radius: f64, constants: &BoundInputs) -> Result<Bound> {
        let uncovered = self.uncovered(radius);
        bound(&BoundInputs { rows: self.rows(), radius, uncovered, ..*constants })
    }

    /// The least [`Coverage::bound`] at any radius; of equal bounds the one that covers most rows. A radius between two
    /// distances covers no more rows than the lower of them does, so only the distances are tried. `O(n)`.
    ///
    /// # Errors
    /// As [`crate::bound()`].
    pub fn least_bound(&self, constants: &BoundInputs) -> Result<Bound> {
        let n = self.rows();
        let last_of_equals = |&at: &usize| self.distances.get(at + 1) != Some(&self.distances[at]);
        let at = |at: usize| BoundInputs {
            rows: n,
            radius: self.distances[at],
            uncovered: n - 1 - at,
            ..*constants
        };
        let mut least = bound(&at(n - 1))?;
        for at in (0..n - 1).rev().filter(last_of_equals).map(at) {
            let bound = bound(&at)?;
            if bound.total < least.total {
                least = bound;
            }
        }
        Ok(least)
    }
}
