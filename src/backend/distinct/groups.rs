//! Rows in groups of equal ones, as they are stored, bit by bit. A hash finds the group, and the bytes decide.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use rayon::prelude::*;

use crate::ground::HostGround;
use crate::pool::Pool;
use crate::rows::Gather;

/// Rows between two looks at the interrupt.
const AT_ONCE: usize = 4096;

/// Rows in groups. Groups are numbered by their first rows.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Each row's group.
    pub of: Vec<u32>,
    /// The first row of each group.
    pub firsts: Vec<usize>,
    /// The group of each hash.
    table: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
}

impl Groups {
    /// The groups of all rows of `ground`, whose pool is in memory, those that are `alone` each in one of its own; none if they come to more
    /// than `most`, or the run is to end. Reads the pool once.
    pub fn find(ground: &HostGround, alone: &[bool], most: usize) -> Option<Groups> {
        let (n, pool) = (ground.rows.len(), ground.rows.pool());
        let threads = rayon::current_num_threads().min(n);
        let part = |thread: usize| n * thread / threads..n * (thread + 1) / threads;
        let goes_on = |groups: &Groups| groups.firsts.len() <= most && !ground.is_interrupted();
        let parts: Option<Vec<Groups>> = (0..threads)
            .into_par_iter()
            .map(|thread| Groups::of_rows(pool, part(thread), alone, goes_on))
            .collect();
        let mut parts = parts?;
        let all = if parts.len() == 1 { parts.pop()? } else { merged(pool, &parts, alone) };
        goes_on(&all).then_some(all)
    }

    /// The groups of some rows; none as soon as they do not go on.
    fn of_rows(
        pool: &Pool,
        rows: Range<usize>,
        alone: &[bool],
        goes_on: impl Fn(&Groups) -> bool,
    ) -> Option<Groups> {
        let mut groups = Groups { of: Vec::with_capacity(rows.len()), ..Groups::default() };
        for row in rows {
            if groups.of.len().is_multiple_of(AT_ONCE) && !goes_on(&groups) {
                return None;
            }
            groups.take(pool, row, alone[row]);
        }
        Some(groups)
    }

    /// Takes in `row`, the next.
    fn take(&mut self, pool: &Pool, row: usize, is_alone: bool) {
        let new = u32::try_from(self.firsts.len()).expect("rows are fewer than 2^32");
        let mut group = new;
        if !is_alone {
            let stored = pool.stored(row);
            group = *self.table.entry(hash(stored)).or_insert(new);
            // Of different rows of one hash, those of the first are together and each other is a group of its own.
            if group != new && pool.stored(self.firsts[group as usize]) != stored {
                group = new;
            }
        }
        if group == new {
            self.firsts.push(row);
        }
        self.of.push(group);
    }
}

/// The groups of rows whose `parts`, one after the other, are in groups.
fn merged(pool: &Pool, parts: &[Groups], alone: &[bool]) -> Groups {
    let (mut merged, mut of) = (Groups::default(), Vec::new());
    for part in parts {
        let begun = merged.of.len();
        part.firsts.iter().for_each(|&row| merged.take(pool, row, alone[row]));
        of.extend(part.of.iter().map(|&group| merged.of[begun + group as usize]));
    }
    Groups { of, ..merged }
}

/// A key that is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("hashes alone are hashed")
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Odd numbers without a pattern: digits of pi.
const SEEDS: [u64; 3] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d1];
/// Bytes that a step takes.
const STEP: usize = 16;

/// A hash of bytes, 16 at a step by a product of 128 bits. Rows of one pool have one length, so that it takes no part.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    let mut hash = steps.iter().fold(SEEDS[0], mixed);
    if !rest.is_empty() {
        let mut last = [0; STEP];
        last[..rest.len()].copy_from_slice(rest);
        hash = mixed(hash, &last);
    }
    folded(hash ^ SEEDS[2], SEEDS[1])
}

fn mixed(hash: u64, step: &[u8; STEP]) -> u64 {
    let [low, high] =
        [0, 8].map(|at| u64::from_le_bytes(step[at..at + 8].try_into().expect("eight bytes")));
    folded(hash ^ low, SEEDS[1] ^ high)
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(pool: &Pool, rows: Range<usize>, alone: &[bool]) -> Groups {
        Groups::of_rows(pool, rows, alone, |_| true).unwrap()
    }

    #[test]
    fn equal_rows_are_of_one_group_but_for_those_alone() {
        let pool = Pool::new(b"abacba", 1).unwrap();
        let found = groups(&pool, 0..6, &[false; 6]);
        assert_eq!((found.of, found.firsts), (vec![0, 1, 0, 2, 1, 0], vec![0, 1, 3]));
        let found = groups(&pool, 0..6, &[true, false, false, false, true, false]);
        assert_eq!((found.of, found.firsts), (vec![0, 1, 2, 3, 4, 2], vec![0, 1, 2, 3, 4]));
    }

    #[test]
    fn parts_make_the_same_groups() {
        let rows: Vec<u8> = (0..200u8).map(|row| row.wrapping_mul(row) % 37).collect();
        let alone: Vec<bool> = (0..200).map(|row| row % 31 == 7).collect();
        let pool = Pool::new(&rows, 1).unwrap();
        let one = groups(&pool, 0..200, &alone);
        let parts = [0..1, 1..90, 90..200].map(|rows| groups(&pool, rows, &alone));
        let many = merged(&pool, &parts, &alone);
        assert_eq!((many.of, many.firsts), (one.of, one.firsts));
    }

    #[test]
    fn different_rows_of_one_hash_are_apart() {
        let pool = Pool::new(b"abab", 1).unwrap();
        let mut groups = groups(&pool, 0..1, &[false]);
        groups.table.insert(hash(b"b"), 0);
        (1..4).for_each(|row| groups.take(&pool, row, false));
        assert_eq!((groups.of, groups.firsts), (vec![0, 1, 0, 2], vec![0, 1, 3]));
    }

    #[test]
    fn hashes_tell_every_bit() {
        for length in [1, 8, 15, 16, 17, 32, 100] {
            let mut bytes = vec![0; length];
            let mut seen = vec![hash(&bytes)];
            for bit in 0..8 * length {
                bytes[bit / 8] ^= 1 << (bit % 8);
                seen.push(hash(&bytes));
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 8 * length + 1, "{length}");
        }
    }
}
