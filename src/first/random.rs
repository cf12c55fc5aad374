//! A row that may be chosen, drawn with a seed: SplitMix64, then Lemire's reduction with rejection. Fixed for good.

/// A number below `count`, which is at least 1.
pub(crate) fn uniform(seed: u64, count: usize) -> usize {
    let count = count as u64;
    let mut state = seed;
    loop {
        let product = u128::from(splitmix64(&mut state)) * u128::from(count);
        if product & u128::from(u64::MAX) >= u128::from(count.wrapping_neg() % count) {
            return usize::try_from(product >> 64).expect("below count, a usize");
        }
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
