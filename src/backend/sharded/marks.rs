//! Where a frontier ends that several shards have parts of, as told by some of their keys.

use super::messages::Marks;
use crate::backend::Candidate;
use crate::backend::shard::FrontierRows;

/// Marks a shard sends, at most, beside the row after its part: up to so many rows of a frontier are told one by one.
const MOST: usize = 256;

impl Marks {
    /// Of a shard's part of a frontier.
    pub fn of(found: &FrontierRows) -> Marks {
        let mut rows = found.rows.clone();
        rows.sort_unstable_by(Candidate::order);
        let step = rows.len().div_ceil(MOST).max(1);
        let counted = |part: &[Candidate]| (part[part.len() - 1], part.len());
        let marks = rows.chunks(step).map(counted).chain(found.outside.map(|outside| (outside, 1)));
        Marks { first: rows.first().copied(), marks: marks.collect() }
    }
}

/// A frontier of all shards: the rows that precede `outside`.
#[derive(Debug, PartialEq)]
pub(crate) struct Edge {
    /// Its row of largest key; none if no row is left.
    pub first: Option<Candidate>,
    pub outside: Option<Candidate>,
}

/// The frontier of about `size` rows, exactly so many where every row is a mark. Each part ends with the row after its `size` rows, if
/// there is one, so that the edge is not beyond any part.
pub(crate) fn merge(parts: &[Marks], size: usize) -> Edge {
    let first = parts.iter().fold(None, |first, part| Candidate::first(first, part.first));
    let mut marks: Vec<(Candidate, usize)> =
        parts.iter().flat_map(|part| part.marks.iter().copied()).collect();
    marks.sort_unstable_by(|(a, _), (b, _)| a.order(b));
    let mut counted = 0;
    let outside = marks.into_iter().find(|(_, rows)| {
        counted += rows;
        counted > size
    });
    Edge { first, outside: outside.map(|(outside, _)| outside) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(keys: &[f64], first: usize, size: usize) -> Marks {
        let mut rows: Vec<Candidate> =
            keys.iter().enumerate().map(|(at, &key)| Candidate { key, row: first + at }).collect();
        rows.sort_unstable_by(Candidate::order);
        let outside = rows.get(size).copied();
        rows.truncate(size);
        rows.reverse();
        Marks::of(&FrontierRows { rows, outside })
    }

    fn keys(n: usize, seed: u64) -> Vec<f64> {
        let mix = |i: u64| (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50;
        (0..n as u64).map(|i| mix(i) as f64).collect()
    }

    /// The frontier of the whole, found in one list.
    fn whole(lists: &[Vec<f64>], size: usize) -> (usize, Option<Candidate>) {
        let mut rows: Vec<Candidate> = lists
            .concat()
            .into_iter()
            .enumerate()
            .map(|(row, key)| Candidate { key, row })
            .collect();
        rows.sort_unstable_by(Candidate::order);
        (rows.len().min(size), rows.get(size).copied())
    }

    fn merged(lists: &[Vec<f64>], size: usize) -> Edge {
        let mut first = 0;
        let parts: Vec<Marks> = lists
            .iter()
            .map(|keys| {
                first += keys.len();
                part(keys, first - keys.len(), size)
            })
            .collect();
        merge(&parts, size)
    }

    #[test]
    fn small_frontiers_end_where_one_list_does() {
        let lists = [keys(100, 1), keys(3, 500), keys(700, 900), vec![]];
        for size in [1, 2, 64, MOST] {
            let edge = merged(&lists, size);
            assert_eq!(edge.outside, whole(&lists, size).1, "{size}");
        }
        assert_eq!(
            merged(&lists, 256).first.unwrap().key,
            keys(700, 900)
                .into_iter()
                .fold(0.0, f64::max)
                .max(keys(100, 1).into_iter().fold(0.0, f64::max))
        );
    }

    /// No part may be cut off: its rows beyond those it found are unknown.
    #[test]
    fn large_frontiers_end_near_there_and_within_every_part() {
        let lists = [keys(9_000, 1), keys(20_000, 70_000), keys(500, 7)];
        let size = 3_000;
        let edge = merged(&lists, size).outside.unwrap();
        let all = lists.concat();
        let before =
            all.iter().enumerate().filter(|&(row, &key)| Candidate { key, row }.precedes(edge));
        let before = before.count();
        assert!((size * 95 / 100..=size * 105 / 100).contains(&before), "{before}");
        let far = part(&lists[1], 9_000, size).marks.last().unwrap().0;
        assert!(!far.precedes(edge));
    }

    #[test]
    fn what_fits_has_no_edge() {
        assert_eq!(merged(&[keys(5, 1), keys(6, 9)], 11).outside, None);
        assert_eq!(merged(&[vec![], vec![]], 11), Edge { first: None, outside: None });
    }
}
