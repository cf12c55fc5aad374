//! Random numbers that are the same on every machine.

/// What [`Random`] adds to its state at each draw.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64, one stream a row.
pub(super) struct Random(u64);

impl Random {
    pub fn new(seed: u64, stream: u64) -> Random {
        let mut random = Random(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        Random(random.next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    pub fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("below count, a usize")
    }

    /// Near-normal of variance 1: the sum of four 16-bit uniforms, which no platform's `ln` or `cos` can change.
    pub fn normal(&mut self) -> f32 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
        (sum as f32 - 131_070.0) / 37_836.8
    }

    pub fn normals(&mut self, d: usize) -> Vec<f32> {
        (0..d).map(|_| self.normal()).collect()
    }

    /// The next `N` draws, made side by side.
    #[inline(always)]
    pub fn draws<const N: usize>(&mut self) -> [u64; N] {
        let state = self.0;
        self.0 = state.wrapping_add(STEP.wrapping_mul(N as u64));
        std::array::from_fn(|at| mix(state.wrapping_add(STEP.wrapping_mul(at as u64 + 1))))
    }
}

#[inline(always)]
fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_side_by_side_are_those_one_by_one() {
        let (mut wide, mut single) = (Random::new(3, 4), Random::new(3, 4));
        for _ in 0..2 {
            assert_eq!(wide.draws::<5>(), std::array::from_fn(|_| single.next()));
        }
    }
}
