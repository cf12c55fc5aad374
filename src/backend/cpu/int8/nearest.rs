//! What is known of a row's nearest center: the few centers that can be it.

use std::collections::HashMap;

use smallvec::{SmallVec, smallvec};

/// Centers kept beside a row's other state; more lie in a table of their own.
const BESIDE: usize = 3;
/// Centers kept of a row at most. Of a row that more can be nearest to, any applied center can.
pub const MOST: usize = 64;
/// Rows whose centers lie in the table at most: about 80 MB of them. Of others beyond those, any applied center can be the nearest.
const MOST_ELSEWHERE: usize = 1 << 18;

/// Centers, each with a number that its distance is not below.
pub type Centers = SmallVec<[(u32, f64); BESIDE]>;

/// The centers that can be a row's nearest, each with a number that its distance is not below.
#[derive(Debug, Clone, PartialEq)]
pub enum Nearest {
    /// The row's bound is its distance, and this center is its nearest.
    Exact(u32),
    /// One of these is the nearest.
    Among(Centers),
    /// Any center applied to the row can be.
    Any,
}

impl Nearest {
    pub fn is_exact(&self) -> bool {
        matches!(self, Nearest::Exact(_))
    }

    /// A row's limit on a center's distance: those beyond it change nothing. Only a strictly nearer one changes an exact row.
    pub fn limit(&self, bound: f64) -> f64 {
        if self.is_exact() { bound.next_down() } else { bound }
    }

    /// The same and `others`, of a row whose bound was `before` and is now `bound`; those are left out that can no longer be it.
    pub fn and(
        self,
        others: impl IntoIterator<Item = (u32, f64)>,
        before: f64,
        bound: f64,
    ) -> Nearest {
        let mut centers = match self {
            Nearest::Exact(center) => smallvec![(center, before)],
            Nearest::Among(centers) => centers,
            Nearest::Any => return Nearest::Any,
        };
        centers.retain(|(_, lower)| *lower <= bound);
        centers.extend(others.into_iter().filter(|&(_, lower)| lower <= bound));
        if centers.len() > MOST { Nearest::Any } else { Nearest::Among(centers) }
    }
}

/// Of every row, what is known of its nearest center: 20 bytes a row, and more for rows that more than three can be nearest to.
pub struct NearestCenters {
    beside: Vec<Beside>,
    elsewhere: HashMap<usize, Centers>,
}

/// At rest the lower ends have eight bits, rounded down.
#[derive(Clone, Copy)]
struct Beside {
    centers: [u32; BESIDE],
    lowers: [u16; BESIDE],
    kind: Kind,
}

#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Exact,
    Among(u8),
    Elsewhere,
    Any,
}

impl NearestCenters {
    /// Center 0 is the nearest of all `n` rows.
    pub fn first(n: usize) -> NearestCenters {
        let exact = Beside { centers: [0; BESIDE], lowers: [0; BESIDE], kind: Kind::Exact };
        NearestCenters { beside: vec![exact; n], elsewhere: HashMap::new() }
    }

    pub fn is_exact(&self, row: usize) -> bool {
        matches!(self.beside[row].kind, Kind::Exact)
    }

    /// The nearest center of a row whose bound is exact.
    pub fn exact(&self, row: usize) -> u32 {
        assert!(self.is_exact(row), "row {row} was not settled");
        self.beside[row].centers[0]
    }

    pub fn get(&self, row: usize) -> Nearest {
        match self.beside[row].kind {
            Kind::Elsewhere => Nearest::Among(self.elsewhere[&row].clone()),
            _ => self.beside[row].get(),
        }
    }

    /// The same, where it is set again before it is asked for.
    pub fn take(&mut self, row: usize) -> Nearest {
        match self.beside[row].kind {
            Kind::Elsewhere => {
                self.beside[row].kind = Kind::Any;
                Nearest::Among(self.elsewhere.remove(&row).expect("kept elsewhere"))
            }
            _ => self.beside[row].get(),
        }
    }

    pub fn set(&mut self, row: usize, nearest: Nearest) {
        let beside = &mut self.beside[row];
        if matches!(beside.kind, Kind::Elsewhere) {
            self.elsewhere.remove(&row);
        }
        beside.kind = match nearest {
            Nearest::Exact(center) => {
                beside.centers[0] = center;
                Kind::Exact
            }
            Nearest::Any => Kind::Any,
            Nearest::Among(centers) if centers.len() > BESIDE => {
                if self.elsewhere.len() >= MOST_ELSEWHERE {
                    beside.kind = Kind::Any;
                    return;
                }
                self.elsewhere.insert(row, centers);
                Kind::Elsewhere
            }
            Nearest::Among(centers) => {
                for (slot, &(center, lower)) in centers.iter().enumerate() {
                    (beside.centers[slot], beside.lowers[slot]) = (center, to_rest(lower));
                }
                Kind::Among(u8::try_from(centers.len()).expect("few"))
            }
        };
    }
}

impl Beside {
    fn get(&self) -> Nearest {
        match self.kind {
            Kind::Exact => Nearest::Exact(self.centers[0]),
            Kind::Among(count) => {
                let lowers = self.lowers.map(from_rest);
                let centers = self.centers.into_iter().zip(lowers).take(usize::from(count));
                Nearest::Among(centers.collect())
            }
            Kind::Elsewhere | Kind::Any => Nearest::Any,
        }
    }
}

/// The upper 16 of the bits that an f32 has without its sign, rounded down. `lower` is not negative.
fn to_rest(lower: f64) -> u16 {
    #[expect(clippy::cast_possible_truncation, reason = "rounded down next")]
    let nearest = lower as f32;
    let below = if f64::from(nearest) > lower { nearest.next_down() } else { nearest };
    u16::try_from(below.to_bits() >> 15).expect("16 bits without the sign")
}

fn from_rest(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_end_at_rest_is_not_above_and_not_far_below() {
        for lower in [0.0, 1e-300, 1e-45, 1e-30, 0.1, 1.0, 1.0 + 1e-9, 1.9999, 3e38, 1e300] {
            let rest = from_rest(to_rest(lower));
            assert!(rest <= lower, "{lower} became {rest}");
            if (1e-30..1e38).contains(&lower) {
                assert!(rest >= lower * (1.0 - 1.0 / 256.0), "{lower} became {rest}");
            }
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let mut nearest = NearestCenters::first(3);
        let among = |count: u32| Nearest::Among((0..count).map(|c| (c, f64::from(c))).collect());
        for known in
            [among(1), among(3), among(4), among(64), Nearest::Any, Nearest::Exact(7), among(2)]
        {
            nearest.set(1, known.clone());
            assert_eq!(nearest.get(1), known);
            assert_eq!(nearest.get(0), Nearest::Exact(0));
        }
        assert!(nearest.elsewhere.is_empty());
    }

    #[test]
    fn centers_that_cannot_be_the_nearest_are_left_out() {
        let known = Nearest::Exact(4).and([(9, 1.5), (10, 2.5)], 2.0, 2.0);
        assert_eq!(known, Nearest::Among(smallvec![(4, 2.0), (9, 1.5)]));
        assert_eq!(
            known.and([(11, 1.0)], 2.0, 1.75),
            Nearest::Among(smallvec![(9, 1.5), (11, 1.0)])
        );
        let many = Nearest::Among(smallvec![]).and((0..65).map(|c| (c, 0.0)), 1.0, 1.0);
        assert_eq!(many, Nearest::Any);
    }
}
