//! The picks of a run, and how they become a selection.

use std::ops::ControlFlow;

use crate::known::Known;
use crate::question::Question;
use crate::selection::{Progress, Selection};
use crate::statistics::Statistics;

/// Called after every round; `Break` ends the run.
pub(crate) type Watch<'w> = &'w mut (dyn FnMut(Progress) -> ControlFlow<()> + Send);

/// Rows chosen so far, and the key each had when it was chosen: the radius its predecessors left.
#[derive(Default)]
pub(crate) struct Picks {
    rows: Vec<usize>,
    keys: Vec<f64>,
}

/// The end of a run: the radius after the last pick, as far as it is known.
pub(crate) enum End {
    /// This row has the largest key, this one.
    Farthest(usize, f64),
    /// No row is left to be chosen: every row that counts is a center.
    Covered,
    /// The run was interrupted.
    Unknown,
}

impl Picks {
    pub fn push(&mut self, row: usize, key: f64) {
        self.rows.push(row);
        self.keys.push(key);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    pub fn keys(&self) -> &[f64] {
        &self.keys
    }

    pub fn progress(&self, budget: usize) -> Progress {
        let radius = self.keys.last().copied().unwrap_or(f64::INFINITY);
        Progress { chosen: self.len(), budget, radius }
    }

    /// The selection. `settled`: per row, its distance to the nearest center and that center's number.
    pub fn into_selection(
        self,
        question: &Question,
        ground: &dyn Known,
        end: End,
        settled: Option<(Vec<f64>, Vec<u32>)>,
        statistics: Statistics,
    ) -> Selection {
        let (farthest, last) = match end {
            End::Farthest(row, key) => (Some(row), Some(key)),
            End::Covered => (None, Some(0.0)),
            End::Unknown => (None, None),
        };
        let mut radii: Vec<f64> = self.keys.iter().copied().chain(last).collect();
        let initial_radius = if radii.is_empty() { f64::INFINITY } else { radii.remove(0) };
        let initial_radius =
            if ground.labeled_count() == 0 { f64::INFINITY } else { initial_radius };
        let lower_bounds = lower_bounds(ground, &self.rows, farthest, &radii);
        let is_unsettled = question.assign && settled.is_none();
        let (min_distances, assignment) = match settled {
            Some(settled) => {
                let (min_distances, assignment) = assign(ground, &self.rows, settled);
                (Some(min_distances), Some(assignment))
            }
            None => (None, None),
        };
        Selection {
            centers: self.rows,
            radii,
            initial_radius,
            lower_bounds,
            farthest,
            min_distances,
            assignment,
            interrupted: matches!(end, End::Unknown) || is_unsettled,
            statistics,
        }
    }
}

/// `radii[t] / (1 + a)`, `a` the largest `w_j / w_i` over i before j among the first `t + 1` picks and the row farthest from them.
fn lower_bounds(
    ground: &dyn Known,
    rows: &[usize],
    farthest: Option<usize>,
    radii: &[f64],
) -> Vec<f64> {
    if !ground.has_weights() {
        return radii.iter().map(|radius| radius / 2.0).collect();
    }
    let weight = |row| ground.weight(row).expect("rows have weights");
    let (mut least, mut ratio) = (f32::INFINITY, 0.0f64);
    let mut following = rows.iter().copied().skip(1).chain(farthest);
    rows.iter()
        .zip(radii)
        .map(|(&row, &radius)| {
            least = least.min(weight(row));
            if let Some(next) = following.next() {
                ratio = ratio.max(ratio_up(weight(next), least));
            }
            divide_down(radius, 1.0 + ratio)
        })
        .collect()
}

/// `later / earlier`, rounded up; equal weights are exactly 1, so that all-ones weights change no bit.
fn ratio_up(later: f32, earlier: f32) -> f64 {
    if later == earlier {
        1.0
    } else if earlier == 0.0 {
        // This covers -0 too, whose quotient would be negative.
        f64::INFINITY
    } else {
        (f64::from(later) / f64::from(earlier)).next_up()
    }
}

fn divide_down(radius: f64, factor: f64) -> f64 {
    if factor == 2.0 || radius == 0.0 {
        return radius / 2.0;
    }
    (radius / factor.next_up()).next_down().max(0.0)
}

/// Turns center numbers into positions among the picks and labeled entries. A center's nearest is itself.
fn assign(
    ground: &dyn Known,
    rows: &[usize],
    (mut min_distances, nearest): (Vec<f64>, Vec<u32>),
) -> (Vec<f64>, Vec<i64>) {
    let labeled = ground.labeled_count();
    let entry = |center: i64| {
        let labeled = i64::try_from(labeled).expect("centers are numbered below 2^32");
        if center < labeled { -1 - center } else { center - labeled }
    };
    let mut assignment: Vec<i64> =
        nearest.into_iter().map(|center| entry(i64::from(center))).collect();
    let own = ground.labeled().iter().copied().enumerate();
    for (center, row) in own.chain(rows.iter().enumerate().map(|(p, &row)| (labeled + p, row))) {
        let center = i64::try_from(center).expect("centers are numbered below 2^32");
        (min_distances[row], assignment[row]) = (0.0, entry(center));
    }
    (min_distances, assignment)
}
