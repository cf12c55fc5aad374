//! Keys of live rows, looked through for the row that precedes the others.

use crate::simd::widest;

/// The key of a row that was picked or no longer precedes the outside.
pub const GONE: f64 = -1.0;
/// Keys looked through together.
const TOGETHER: usize = 64;

/// Where the largest key is first; none if all rows are gone. Keys are never NaN.
pub fn first_of_largest(keys: &[f64]) -> Option<usize> {
    let largest = widest(
        #[inline(always)]
        || largest(keys),
    );
    if largest == GONE { None } else { position(keys, largest) }
}

/// Where `key` is first.
fn position(keys: &[f64], key: f64) -> Option<usize> {
    let has = |block: &[f64]| {
        widest(
            #[inline(always)]
            || block.iter().fold(false, |any, &k| any | (k == key)),
        )
    };
    let block = keys.chunks(TOGETHER).position(has)?;
    let start = block * TOGETHER;
    keys[start..].iter().position(|&k| k == key).map(|at| start + at)
}

/// The largest key, by lanes so that it vectorises; [`GONE`] without any. To be called inside [`widest`].
#[inline(always)]
pub fn largest(keys: &[f64]) -> f64 {
    let (blocks, rest) = keys.as_chunks::<16>();
    let mut lanes = [GONE; 16];
    for block in blocks {
        for (lane, &key) in lanes.iter_mut().zip(block) {
            *lane = if key > *lane { key } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(GONE, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_largest_keys_is_found() {
        for n in [0, 1, 15, 16, 17, 63, 64, 65, 300] {
            let gone = vec![GONE; n];
            assert_eq!(first_of_largest(&gone), None);
            for at in 0..n {
                let mut keys = gone.clone();
                (keys[n / 2], keys[n - 1], keys[at]) = (0.0, 7.5, 7.5);
                assert_eq!(first_of_largest(&keys), Some(at));
            }
        }
    }
}
