//! Chooses the radius that is decided next, and what is sought there.

use super::decide::Sought;
use super::search::Search;
use super::tried::Tried;

/// The first step down from greedy's radius, as a share of it; each next one is twice as long.
const FIRST_STEP: f64 = 0.015;
/// The least part of the interval in which another cover is sought before more effort is made.
const LEAST_ABOVE: f64 = 1.0 / 16.0;
/// The same for refutations, which take longer: with the first effort, and with more.
const LEAST_BELOW: [f64; 2] = [1.0 / 8.0, 1.0 / 4.0];
/// Once at most this many different distances are left, the one next below the upper end is decided first: the upper
/// end may be the best radius.
const FEW: usize = 256;

impl Search<'_, '_> {
    /// The next radius to decide, and what to seek there. First come growing steps downward, then the middle of the
    /// interval. Then comes the middle of the part where no cover was sought yet, or of the part where no refutation
    /// was, as long as that narrows the interval by a fair part.
    pub fn next_radius(&mut self) -> Option<(f64, Sought)> {
        if let Some(steps) = self.steps {
            let radius = self.upper * (1.0 - FIRST_STEP * f64::from(1 << steps.min(5)));
            if radius > self.lower {
                self.steps = Some(steps + 1);
                return Some((radius, Sought::Either));
            }
            self.steps = None;
        }
        let (lower, upper) = (self.lower, self.upper);
        if self.top && self.held.different(lower, upper) <= FEW {
            self.top = false;
            let next = self.held.last_up_to(upper.next_down());
            return Some((next, Sought::Either)).filter(|&(next, _)| lower <= next);
        }
        if self.effort.0 == 0 && self.tried == Tried::NOTHING {
            return self.held.median(lower, upper).map(|radius| (radius, Sought::Either));
        }
        self.larger_side().and_then(|(low, high, sought)| {
            self.held.median(low, high).map(|radius| (radius, sought))
        })
    }

    /// Two parts of the interval are left to try: where no cover was sought yet, and where no refutation was. Returns
    /// the larger of those that are worth it. If they are equal, the last decision chooses: the lower part if it was a
    /// refutation.
    fn larger_side(&self) -> Option<(f64, f64, Sought)> {
        let (lower, upper) = (self.lower, self.upper);
        let least_below = LEAST_BELOW[usize::from(self.effort.0 > 0)];
        let above = (self.tried.cover.next_up().max(lower), upper, Sought::Cover);
        let below = (lower, self.tried.refutation.min(upper), Sought::Refutation);
        let share = |(low, high, _): (f64, f64, Sought)| (high - low) / (upper - lower);
        let above = Some(above).filter(|&above| share(above) > LEAST_ABOVE);
        let below = Some(below).filter(|&below| share(below) > least_below);
        let refuted = self.decisions.last().is_some_and(|last| last.feasible == Some(false));
        let prefer_below = |above, below| {
            let (above, below) = (share(above), share(below));
            below > above || (below == above && refuted)
        };
        match (above, below) {
            (Some(above), Some(below)) if prefer_below(above, below) => Some(below),
            _ => above.or(below),
        }
    }
}
