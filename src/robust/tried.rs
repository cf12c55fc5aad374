//! The radii that were tried in vain, so that they are not tried again.

use super::decide::Sought;

/// Radii tried in vain with the present effort. The smaller the radius, the harder it is to find a cover; the larger
/// the radius, the harder it is to refute it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tried {
    /// Covers were sought in vain up to here.
    pub cover: f64,
    /// Refutations were sought in vain from here on.
    pub refutation: f64,
}

impl Tried {
    pub const NOTHING: Tried = Tried { cover: f64::NEG_INFINITY, refutation: f64::INFINITY };

    pub fn add(&mut self, radius: f64, sought: Sought) {
        if sought != Sought::Refutation {
            self.cover = self.cover.max(radius);
        }
        if sought != Sought::Cover {
            self.refutation = self.refutation.min(radius);
        }
    }

    /// Forget what was tried outside of the interval.
    pub fn keep(&mut self, lower: f64, upper: f64) {
        if self.cover >= upper {
            self.cover = f64::NEG_INFINITY;
        }
        if self.refutation < lower {
            self.refutation = f64::INFINITY;
        }
    }
}
