//! Whether many rows of a pool are equal, as far as a sample tells.

use super::groups::hash;
use crate::pool::Pool;

/// Rows drawn. Of pairs of them as many are equal as of all pairs of rows.
const SAMPLE: usize = 1024;
/// Of a row that is drawn more often than this, no more is learnt: how many others are equal is asked of the rest.
const OFTEN: usize = SAMPLE / 16;
/// Rows that have an equal one, at least: fewer may be so by chance.
const LEAST: usize = 8;

/// Whether a sample shows that `pool` has at most `most` different rows. Reads few rows, once.
pub(crate) fn shows_equal_rows(pool: &Pool, most: usize) -> bool {
    let mut hashes: Vec<u64> =
        drawn(pool.rows()).into_iter().map(|row| pool.with_row_bytes(row, hash)).collect();
    hashes.sort_unstable();
    let times = hashes.chunk_by(|a, b| a == b).map(<[u64]>::len);
    are_few(times, most)
}

/// Rows of `n`, in order, each once; in no pattern, since equal rows may lie in one.
fn drawn(n: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..SAMPLE as u64).map(|draw| scattered(draw, n)).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// `SplitMix64`'s number `draw`, below `n`.
#[expect(clippy::cast_possible_truncation, reason = "the high half of a product with n is below n")]
fn scattered(draw: u64, n: usize) -> usize {
    let mut x = (draw + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    ((u128::from(x) * n as u128) >> 64) as usize
}

/// Whether rows drawn so many `times` each are of at most `most`. If rows are drawn alike, a share `exp(-s / m)` of `s` of `m` different ones is
/// drawn once.
fn are_few(times: impl Iterator<Item = usize>, most: usize) -> bool {
    let (mut drawn, mut once) = (0usize, 0usize);
    for times in times.filter(|&times| times <= OFTEN) {
        drawn += times;
        once += usize::from(times == 1);
    }
    let different = drawn as f64 / (drawn as f64 / once as f64).ln();
    drawn == 0 || (drawn - once >= LEAST && (once == 0 || different <= most as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` rows of a value, which `value` gives.
    fn shows(n: usize, most: usize, value: impl Fn(usize) -> usize) -> bool {
        let values: Vec<f32> = (0..n).map(|row| value(row) as f32).collect();
        shows_equal_rows(&Pool::new(&values, 1).unwrap(), most)
    }

    #[test]
    fn equal_rows_are_seen_wherever_they_lie() {
        let n = 1 << 18;
        let most = n / 4;
        for count in [1, 2, 10, 1000, 10_000] {
            assert!(shows(n, most, |row| row % count), "{count} in turns");
            assert!(shows(n, most, |row| row * count / n), "{count} in blocks");
            assert!(shows(n, most, |row| scattered(row as u64, count)), "{count} mixed");
        }
    }

    #[test]
    fn few_equal_rows_are_not_many() {
        let n = 1 << 18;
        let most = n / 4;
        assert!(!shows(n, most, |row| row));
        assert!(!shows(n, most, |row| row / 2));
        assert!(!shows(n, most, |row| if row % 2 == 0 { 0 } else { row }));
        assert!(!shows(300, 75, |row| row));
        assert!(shows(300, 75, |row| row % 40));
        assert!(!shows(300, 75, |row| row % 150));
    }
}
