//! The rows that a search works with, each with the pool rows near it. Not all pairs are kept: rows are added when they
//! are needed, and pairs beyond the best radius known are left out.

use super::cover::Cover;
use super::incidence::Incidence;
use super::question::number;
use crate::backend::{Neighbour, Space};
use crate::error::Result;

/// Rows held, and their neighbours by distance.
pub struct Held {
    rows: Vec<u32>,
    /// Per row held, its distance to the nearest labeled center.
    labeled: Vec<f64>,
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    distances: Vec<f64>,
    is_held: Vec<bool>,
    /// The rows that may be centers, where not all may.
    candidates: Option<Vec<bool>>,
}

impl Held {
    pub fn new(n: usize, candidates: Option<Vec<bool>>) -> Held {
        Held {
            rows: Vec::new(),
            labeled: Vec::new(),
            starts: vec![0],
            neighbours: Vec::new(),
            distances: Vec::new(),
            is_held: vec![false; n],
            candidates,
        }
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    pub fn pairs(&self) -> usize {
        self.neighbours.len()
    }

    pub fn holds(&self, row: usize) -> bool {
        self.is_held[row]
    }

    /// Holds `rows` too, with their neighbours within `reach`. Returns false and holds none of them if they have more
    /// than `most` neighbours.
    pub fn add(
        &mut self,
        space: &mut dyn Space,
        rows: &[usize],
        labeled: &[f64],
        reach: f64,
        most: usize,
    ) -> Result<bool> {
        let Some(found) = space.within(rows, reach, most)? else { return Ok(false) };
        let mut found = found.into_iter().peekable();
        for (slot, &row) in (0u32..).zip(rows) {
            assert!(!std::mem::replace(&mut self.is_held[row], true), "row {row} is held already");
            while let Some(Neighbour { row, distance, .. }) =
                found.next_if(|pair| pair.slot == slot)
            {
                if self.candidates.as_ref().is_none_or(|candidates| candidates[row as usize]) {
                    self.neighbours.push(row);
                    self.distances.push(distance);
                }
            }
            self.rows.push(number(row));
            self.labeled.push(labeled[row]);
            self.starts.push(self.neighbours.len());
        }
        Ok(true)
    }

    /// Row `slot`'s neighbours, nearest first, and their distances.
    fn of(&self, slot: usize) -> (&[u32], &[f64]) {
        let range = self.starts[slot]..self.starts[slot + 1];
        (&self.neighbours[range.clone()], &self.distances[range])
    }

    /// How many of row `slot`'s neighbours are within `radius`.
    fn count(&self, slot: usize, radius: f64) -> usize {
        self.of(slot).1.partition_point(|&distance| distance <= radius)
    }

    /// The covering problem at `radius` over the rows held, and how many of them nothing can cover.
    pub fn cover(&self, radius: f64) -> (Cover, usize) {
        let mut number = vec![u32::MAX; self.is_held.len()];
        let mut names = Vec::new();
        let (mut lists, mut members) = (Incidence::new(), Incidence::new());
        let mut lost = 0;
        for slot in (0..self.rows.len()).filter(|&slot| self.labeled[slot] > radius) {
            let columns = &self.of(slot).0[..self.count(slot, radius)];
            if columns.is_empty() {
                lost += 1;
                continue;
            }
            for &column in columns {
                if number[column as usize] == u32::MAX {
                    number[column as usize] = u32::try_from(names.len()).expect("numbers fit u32");
                    names.push(column);
                }
            }
            let mut list: Vec<u32> =
                columns.iter().map(|&column| number[column as usize]).collect();
            list.sort_unstable();
            lists.push(list);
            members.push([self.rows[slot]]);
        }
        (Cover::new(lists, members, names), lost)
    }

    /// Distances that occur among the rows held and are in `range`: to neighbours and to labeled centers.
    fn distances_in(&self, low: f64, high: f64) -> impl Iterator<Item = f64> {
        let within = move |&distance: &f64| low <= distance && distance < high;
        self.distances.iter().chain(&self.labeled).copied().filter(within)
    }

    /// The least distance that occurs above `radius`; infinite if none does.
    pub fn next_above(&self, radius: f64) -> f64 {
        self.first_from(radius.next_up())
    }

    /// The largest distance that occurs up to `radius`: at least 0, every row's from itself.
    pub fn last_up_to(&self, radius: f64) -> f64 {
        self.distances_in(0.0, radius.next_up()).fold(0.0, f64::max)
    }

    /// The least distance that occurs from `radius` on; infinite if none does.
    pub fn first_from(&self, radius: f64) -> f64 {
        self.distances_in(radius, f64::INFINITY).fold(f64::INFINITY, f64::min)
    }

    /// How many different distances occur from `low` up to, not including, `high`.
    pub fn different(&self, low: f64, high: f64) -> usize {
        let mut distances: Vec<f64> = self.distances_in(low, high).collect();
        distances.sort_unstable_by(f64::total_cmp);
        distances.dedup();
        distances.len()
    }

    /// The middle one of the distances that occur from `low` up to, not including, `high`.
    pub fn median(&self, low: f64, high: f64) -> Option<f64> {
        let mut distances: Vec<f64> = self.distances_in(low, high).collect();
        let middle = distances.len() / 2;
        (!distances.is_empty()).then(|| *distances.select_nth_unstable_by(middle, f64::total_cmp).1)
    }

    /// Each row's distance to the nearest of `centers` and the labeled ones. It is infinite where none of them is near,
    /// and for a row that is not held, unless the row is a center.
    pub fn min_distances(&self, centers: &[u32]) -> Vec<f64> {
        let mut is_center = vec![false; self.is_held.len()];
        centers.iter().for_each(|&row| is_center[row as usize] = true);
        let nearest = |slot: usize| {
            let (rows, distances) = self.of(slot);
            let first = rows.iter().position(|&row| is_center[row as usize]);
            first.map_or(self.labeled[slot], |at| self.labeled[slot].min(distances[at]))
        };
        let mut min_distances = vec![f64::INFINITY; self.is_held.len()];
        for (slot, &row) in self.rows.iter().enumerate() {
            min_distances[row as usize] = nearest(slot);
        }
        centers.iter().for_each(|&row| min_distances[row as usize] = 0.0);
        min_distances
    }

    /// The weight of the heaviest neighbourhood within `radius`, for `weights` on pool rows, all of them held.
    pub fn heaviest(&self, weights: &[(usize, u64)], radius: f64) -> u64 {
        let mut weight_of = vec![0u64; self.is_held.len()];
        weights.iter().for_each(|&(row, weight)| weight_of[row] = weight);
        let mut sums = vec![0u64; self.is_held.len()];
        for slot in 0..self.rows.len() {
            let weight = weight_of[self.rows[slot] as usize];
            if weight > 0 {
                let near = &self.of(slot).0[..self.count(slot, radius)];
                near.iter().for_each(|&row| sums[row as usize] += weight);
            }
        }
        sums.into_iter().max().unwrap_or(0)
    }
}
