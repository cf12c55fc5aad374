//! Searches for a cover of a given number of columns by swaps. The column that is missed least leaves, and one that
//! covers an uncovered row enters. Rows that stay uncovered weigh more and more, so the search gets away from where it
//! is stuck. Source: weighting local search for set covering and hitting set (Gao et al. 2015; the heuristic track of
//! PACE 2025).

use super::clock::Clock;
use super::cover::Cover;

/// The place of a row that is covered.
const COVERED: u32 = u32::MAX;

/// `size` columns that leave at most `outliers` pool rows uncovered, if `swaps` swaps from `start` find them.
pub fn local_search(
    cover: &Cover,
    size: usize,
    outliers: usize,
    start: &[u32],
    swaps: usize,
    clock: &mut Clock,
) -> Option<Vec<u32>> {
    if size == 0 {
        return None;
    }
    let mut search = Swaps::new(cover);
    start.iter().take(size).for_each(|&column| search.enter(column));
    while search.chosen.len() < size.min(cover.columns.len()) {
        search.enter(search.best_anywhere()?);
    }
    for swap in 0..swaps {
        if search.uncovered_weight <= outliers {
            return Some(search.chosen);
        }
        if swap % 64 == 0 && clock.is_over() {
            return None;
        }
        search.swap(swap);
    }
    (search.uncovered_weight <= outliers).then_some(search.chosen)
}

struct Swaps<'c> {
    cover: &'c Cover,
    /// Per row.
    weight: Vec<i64>,
    /// Per row, chosen columns that cover it.
    count: Vec<u32>,
    /// Per row, the exclusive or of the numbers of those columns: where only one column covers the row, its number.
    covering: Vec<u32>,
    /// Per column: if it is not chosen, the weight of the rows that it would newly cover; if it is, minus the weight of
    /// the rows that only it covers.
    score: Vec<i64>,
    /// Per column, the swap that last moved it.
    moved: Vec<usize>,
    is_chosen: Vec<bool>,
    chosen: Vec<u32>,
    uncovered: Vec<u32>,
    /// Per row, its place in `uncovered`.
    place: Vec<u32>,
    uncovered_weight: usize,
    random: u64,
}

impl<'c> Swaps<'c> {
    fn new(cover: &'c Cover) -> Swaps<'c> {
        let weight: Vec<i64> = (0..cover.rows.len())
            .map(|row| i64::try_from(cover.multiplicity(row)).expect("fewer rows than 2^63"))
            .collect();
        let rows = 0..u32::try_from(cover.rows.len()).expect("numbers fit u32");
        Swaps {
            score: cover
                .columns
                .iter()
                .map(|rows| rows.iter().map(|&row| weight[row as usize]).sum())
                .collect(),
            weight,
            count: vec![0; cover.rows.len()],
            covering: vec![0; cover.rows.len()],
            moved: vec![0; cover.columns.len()],
            is_chosen: vec![false; cover.columns.len()],
            chosen: Vec::new(),
            uncovered: rows.clone().collect(),
            place: rows.collect(),
            uncovered_weight: cover.weight(),
            random: 0x9e37_79b9_7f4a_7c15,
            cover,
        }
    }

    fn enter(&mut self, column: u32) {
        let cover = self.cover;
        self.is_chosen[column as usize] = true;
        self.chosen.push(column);
        self.score[column as usize] *= -1;
        for &row in cover.columns.get(column as usize) {
            let weight = self.weight[row as usize];
            self.count[row as usize] += 1;
            self.covering[row as usize] ^= column;
            match self.count[row as usize] {
                1 => {
                    self.now_covered(row);
                    for &other in
                        cover.rows.get(row as usize).iter().filter(|&&other| other != column)
                    {
                        self.score[other as usize] -= weight;
                    }
                }
                // The column that covered the row alone is now missed less.
                2 => self.score[(self.covering[row as usize] ^ column) as usize] += weight,
                _ => (),
            }
        }
    }

    fn leave(&mut self, at: usize) -> u32 {
        let cover = self.cover;
        let column = self.chosen.swap_remove(at);
        self.is_chosen[column as usize] = false;
        self.score[column as usize] *= -1;
        for &row in cover.columns.get(column as usize) {
            let weight = self.weight[row as usize];
            self.count[row as usize] -= 1;
            self.covering[row as usize] ^= column;
            match self.count[row as usize] {
                0 => {
                    self.now_uncovered(row);
                    for &other in
                        cover.rows.get(row as usize).iter().filter(|&&other| other != column)
                    {
                        self.score[other as usize] += weight;
                    }
                }
                1 => self.score[self.covering[row as usize] as usize] -= weight,
                _ => (),
            }
        }
        column
    }

    fn now_covered(&mut self, row: u32) {
        let place = self.place[row as usize];
        let last = self.uncovered.pop().expect("the row is among them");
        if last != row {
            self.uncovered[place as usize] = last;
            self.place[last as usize] = place;
        }
        self.place[row as usize] = COVERED;
        self.uncovered_weight -= self.cover.multiplicity(row as usize);
    }

    fn now_uncovered(&mut self, row: u32) {
        self.place[row as usize] = u32::try_from(self.uncovered.len()).expect("numbers fit u32");
        self.uncovered.push(row);
        self.uncovered_weight += self.cover.multiplicity(row as usize);
    }

    fn best_anywhere(&self) -> Option<u32> {
        let free = (0u32..).take(self.score.len()).filter(|&c| !self.is_chosen[c as usize]);
        free.max_by_key(|&column| (self.score[column as usize], !column))
    }

    fn swap(&mut self, number: usize) {
        // The column that is missed least leaves; among equals, the one that stayed longest. The newest column stays.
        let rank = |&at: &usize| {
            let column = self.chosen[at] as usize;
            (self.score[column], !self.moved[column])
        };
        let newest = self.chosen.len() - 1;
        let candidates = if newest == 0 { 0..1 } else { 0..newest };
        let at = candidates.max_by_key(rank).expect("at least one is chosen");
        let left = self.leave(at);
        self.moved[left as usize] = number + 1;
        let drawn = self.below(self.uncovered.len());
        let row = self.uncovered[drawn];
        let columns = self.cover.rows.get(row as usize).iter().copied();
        let entering = columns
            .filter(|&column| column != left)
            .max_by_key(|&column| (self.score[column as usize], !self.moved[column as usize]))
            .unwrap_or(left);
        self.enter(entering);
        self.moved[entering as usize] = number + 1;
        self.weigh_uncovered();
    }

    fn weigh_uncovered(&mut self) {
        for &row in &self.uncovered {
            self.weight[row as usize] += 1;
            for &column in self.cover.rows.get(row as usize) {
                self.score[column as usize] += 1;
            }
        }
    }

    /// A number below `count`, by xorshift. Any sequence will do, as long as it is the same every time.
    fn below(&mut self, count: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random % count as u64).expect("below a usize")
    }
}
