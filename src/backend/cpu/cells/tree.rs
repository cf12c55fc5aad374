//! All cells, and the groups above them: what a center comes near is found from the top down.

use rayon::prelude::*;

use super::group::{Group, Tips};
use super::lanes::{CellValue, LANES, below, box_squares, lanes, squares};
use super::order::{Item, box_around, in_order};
use super::rows::{ABSENT, Block, Factor, ROWS, Summary, lower, summary, summary_by_factors};
use crate::backend::Candidate;
use crate::ground::HostGround;
use crate::limits::NO_CENTER;
use crate::simd::widest;

/// Rows of the cells that a center may come near, from which on several threads see to them.
const TOGETHER: usize = 1 << 15;

/// Rows in cells, cells in groups of sixteen, groups in groups of sixteen, up to one.
pub struct Tree<V, const D: usize> {
    /// Blocks in a cell.
    per_cell: usize,
    cells: Cells<V, D>,
    /// Groups of groups, the lowest first.
    above: Vec<Vec<Group<V, D>>>,
    /// What a center may come near, by level: numbers of groups, ascending.
    near: Vec<Vec<usize>>,
}

/// The lowest level: groups of cells, and what is in these.
struct Cells<V, const D: usize> {
    groups: Vec<Group<V, D>>,
    tips: Vec<Tips<V, D>>,
    blocks: Vec<Block<V, D>>,
    /// Empty where every row may be chosen and none has a weight.
    factors: Vec<[Factor; ROWS]>,
}

/// A part of the lowest level, from group `first` on.
struct Part<'t, V, const D: usize> {
    first: usize,
    groups: &'t mut [Group<V, D>],
    tips: &'t mut [Tips<V, D>],
    blocks: &'t mut [Block<V, D>],
    factors: &'t [[Factor; ROWS]],
    per_cell: usize,
}

/// A center on its way down, and all before it by number.
#[derive(Clone, Copy)]
struct Comer<'c, const D: usize> {
    number: u32,
    centers: &'c [[f64; D]],
}

impl<V: CellValue, const D: usize> Tree<V, D> {
    /// The rows of `ground`, about `rows` a cell; no center is applied to any.
    pub fn new(ground: &HostGround, rows: usize) -> Tree<V, D> {
        let per_cell = rows.div_ceil(ROWS);
        let items = in_order(ground, per_cell * ROWS);
        let cells = Cells::new(ground, &items, per_cell);
        let above = levels_above(&cells.groups, items.len().div_ceil(per_cell * ROWS));
        let near = vec![Vec::new(); above.len() + 1];
        Tree { per_cell, cells, above, near }
    }

    /// The row of largest key, the lowest of those; none where no row may be chosen.
    pub fn best(&self) -> Option<Candidate> {
        let top = self.above.last().map_or(&self.cells.groups[0], |top| &top[0]);
        let (_, best) = top.summary();
        (best.key >= 0.0).then_some(best)
    }

    /// Applies the last of `centers`, or leaves it pending where no row of largest key is lowered. Returns how many pairs were
    /// looked at, boxes counted as rows.
    pub fn apply(&mut self, centers: &[[f64; D]]) -> u64 {
        let number = u32::try_from(centers.len() - 1).expect("centers are numbered below 2^32");
        let comer = Comer { number, centers };
        let mut pairs = widest(
            #[inline(always)]
            || self.descend(comer),
        );
        let mut near = std::mem::take(&mut self.near[0]);
        let is_large = near.len() * LANES * ROWS * self.per_cell > TOGETHER;
        let part = self.cells.part(self.per_cell);
        pairs += match is_large && rayon::current_num_threads() > 1 {
            true => part.apply_together(&mut near, comer),
            false => part.apply(&mut near, comer),
        };
        near.retain(|&group| group != usize::MAX);
        self.near[0] = near;
        self.ascend();
        pairs
    }

    /// Finds the groups in which a row may be nearer to the center than to those before it.
    #[inline(always)]
    fn descend(&mut self, comer: Comer<D>) -> u64 {
        let center = &comer.centers[comer.number as usize];
        let mut pairs = 0;
        self.near.iter_mut().for_each(Vec::clear);
        self.near.last_mut().expect("there is a level").push(0);
        for (level, groups) in self.above.iter().enumerate().rev() {
            let (lower, upper) = self.near.split_at_mut(level + 1);
            for &number in &upper[0] {
                let group = &groups[number];
                let mask = below(&box_squares(&group.low, &group.high, center), &group.most);
                lower[level].extend(lanes(mask).map(|lane| number * LANES + lane));
            }
            pairs += LANES * upper[0].len();
        }
        pairs as u64
    }

    /// What changed in groups of cells, told to those above them.
    fn ascend(&mut self) {
        let Tree { cells, above, near, .. } = self;
        let mut groups = &cells.groups;
        for (level, above) in above.iter_mut().enumerate() {
            let (changed, next) = near.split_at_mut(level + 1);
            let next = &mut next[0];
            next.clear();
            for &number in &changed[level] {
                let (most, best) = groups[number].summary();
                let parent = number / LANES;
                above[parent].set(number % LANES, most, best);
                if next.last() != Some(&parent) {
                    next.push(parent);
                }
            }
            groups = above;
        }
    }

    /// Applies all that is pending, and ends: per row its distance to its nearest center, and that center's number.
    pub fn settle(mut self, n: usize, centers: &[[f64; D]]) -> (Vec<f64>, Vec<u32>, u64) {
        let pairs = self.cells.settle(self.per_cell, centers);
        let (mut distances, mut nearest) = (vec![0.0; n], vec![NO_CENTER; n]);
        for block in &self.cells.blocks {
            for lane in (0..ROWS).filter(|&lane| block.rows[lane] != ABSENT) {
                let row = block.rows[lane] as usize;
                distances[row] = block.squares[lane].sqrt();
                nearest[row] = block.nearest[lane];
            }
        }
        (distances, nearest, pairs)
    }
}

/// The levels above `groups`, which together have so many parts, up to one group.
fn levels_above<V: CellValue, const D: usize>(
    groups: &[Group<V, D>],
    mut parts: usize,
) -> Vec<Vec<Group<V, D>>> {
    let mut above: Vec<Vec<Group<V, D>>> = Vec::new();
    loop {
        let last = above.last().map_or(groups, Vec::as_slice);
        if last.len() == 1 {
            return above;
        }
        let next = groups_of(last, parts);
        parts = last.len();
        above.push(next);
    }
}

/// The level above `groups`, the last of which has some of `parts` parts.
fn groups_of<V: CellValue, const D: usize>(
    groups: &[Group<V, D>],
    parts: usize,
) -> Vec<Group<V, D>> {
    let mut above = vec![Group::empty(); groups.len().div_ceil(LANES)];
    for (number, group) in groups.iter().enumerate() {
        let parts = (parts - number * LANES).min(LANES);
        let (most, best) = group.summary();
        above[number / LANES].set_box(number % LANES, group.around(parts));
        above[number / LANES].set(number % LANES, most, best);
    }
    above
}

impl<V: CellValue, const D: usize> Cells<V, D> {
    fn new(ground: &HostGround, items: &[Item<V, D>], per_cell: usize) -> Cells<V, D> {
        let rows = per_cell * ROWS;
        let cells = items.len().div_ceil(rows);
        let count = cells.div_ceil(LANES);
        let mut blocks = Vec::new();
        items.par_chunks(ROWS).map(block).collect_into_vec(&mut blocks);
        let has_factors = ground.weights.is_some() || ground.eligible.contains(&false);
        let factors = if has_factors { factors(ground, &blocks) } else { Vec::new() };
        let groups = items.par_chunks(LANES * rows).map(|items| {
            let (mut group, mut tips) = (Group::empty(), Tips::empty());
            for (lane, items) in items.chunks(rows).enumerate() {
                let first = items.iter().find(|item| ground.eligible[item.row as usize]);
                group.set_box(lane, box_around(items.iter()));
                group.most[lane] = f64::INFINITY;
                if let Some(first) = first {
                    let best = Candidate { key: f64::INFINITY, row: first.row as usize };
                    group.set(lane, f64::INFINITY, best);
                    tips.set(lane, f64::INFINITY, first.values);
                }
            }
            (group, tips)
        });
        let (groups, tips): (Vec<_>, Vec<_>) = groups.unzip();
        assert_eq!(groups.len(), count);
        Cells { groups, tips, blocks, factors }
    }

    fn part(&mut self, per_cell: usize) -> Part<'_, V, D> {
        Part {
            first: 0,
            groups: &mut self.groups,
            tips: &mut self.tips,
            blocks: &mut self.blocks,
            factors: &self.factors,
            per_cell,
        }
    }

    /// Applies all that is pending.
    fn settle(&mut self, per_cell: usize, centers: &[[f64; D]]) -> u64 {
        let blocks = self.blocks.par_chunks_mut(LANES * per_cell);
        let pairs = self.tips.par_iter_mut().zip(blocks).map(|(tips, blocks)| {
            widest(
                #[inline(always)]
                || {
                    let mut pairs = 0;
                    for (lane, blocks) in blocks.chunks_mut(per_cell).enumerate() {
                        let (numbers, count) = tips.take(lane);
                        lower(blocks, &numbers[..count], centers);
                        pairs += (count * blocks.len() * ROWS) as u64;
                    }
                    pairs
                },
            )
        });
        pairs.sum()
    }
}

fn block<V: CellValue, const D: usize>(items: &[Item<V, D>]) -> Block<V, D> {
    let item = |lane: usize| items[lane.min(items.len() - 1)];
    Block {
        squares: std::array::from_fn(|lane| if lane < items.len() { f64::INFINITY } else { 0.0 }),
        values: std::array::from_fn(|j| std::array::from_fn(|lane| item(lane).values[j])),
        nearest: [NO_CENTER; ROWS],
        rows: std::array::from_fn(|lane| items.get(lane).map_or(ABSENT, |item| item.row)),
    }
}

fn factors<V: CellValue, const D: usize>(
    ground: &HostGround,
    blocks: &[Block<V, D>],
) -> Vec<[Factor; ROWS]> {
    let factor = |row: u32| {
        let row = (row != ABSENT).then_some(row as usize)?;
        ground.eligible[row].then(|| ground.weights.map_or(1.0, |weights| weights[row]))
    };
    blocks.par_iter().map(|block| block.rows.map(factor)).collect()
}

impl<V: CellValue, const D: usize> Part<'_, V, D> {
    /// Halves the work until it is not worth a thread of its own, or one group.
    fn apply_together(self, near: &mut [usize], comer: Comer<D>) -> u64 {
        if near.len() < 2 || near.len() * LANES * ROWS * self.per_cell <= TOGETHER / 2 {
            return self.apply(near, comer);
        }
        let (a, b) = near.split_at_mut(near.len() / 2);
        let (lower, upper) = self.split_at(b[0]);
        let (a, b) =
            rayon::join(|| lower.apply_together(a, comer), || upper.apply_together(b, comer));
        a + b
    }

    /// Those before `group`, and those from it on.
    fn split_at(self, group: usize) -> (Self, Self) {
        let at = group - self.first;
        let blocks = (at * LANES * self.per_cell).min(self.blocks.len());
        let per_cell = self.per_cell;
        let groups = self.groups.split_at_mut(at);
        let tips = self.tips.split_at_mut(at);
        let factors = self.factors.split_at(blocks.min(self.factors.len()));
        let blocks = self.blocks.split_at_mut(blocks);
        let lower = Part {
            first: self.first,
            groups: groups.0,
            tips: tips.0,
            blocks: blocks.0,
            factors: factors.0,
            per_cell,
        };
        let upper = Part {
            first: group,
            groups: groups.1,
            tips: tips.1,
            blocks: blocks.1,
            factors: factors.1,
            per_cell,
        };
        (lower, upper)
    }

    /// Applies a center to the groups `near`; those in which no summary changed become `usize::MAX`.
    fn apply(self, near: &mut [usize], comer: Comer<D>) -> u64 {
        let mut part = self;
        widest(
            #[inline(always)]
            || {
                let mut pairs = 0;
                for number in near {
                    let (cost, is_changed) = part.apply_to_group(*number - part.first, comer);
                    pairs += cost;
                    if !is_changed {
                        *number = usize::MAX;
                    }
                }
                pairs
            },
        )
    }

    #[inline(always)]
    fn apply_to_group(&mut self, group: usize, comer: Comer<D>) -> (u64, bool) {
        let center = &comer.centers[comer.number as usize];
        let (parts, tips) = (&self.groups[group], &self.tips[group]);
        let near = below(&box_squares(&parts.low, &parts.high, center), &parts.most);
        let mut pairs = LANES as u64;
        if near == 0 {
            return (pairs, false);
        }
        let lowered = below(&squares(&tips.values, center), &tips.squares);
        pairs += LANES as u64;
        let mut is_changed = false;
        for lane in lanes(near) {
            let is_full = self.tips[group].push(lane, comer.number);
            if is_full || lowered & (1 << lane) != 0 {
                pairs += self.apply_pending(group, lane, comer.centers);
                is_changed = true;
            }
        }
        (pairs, is_changed)
    }

    /// Applies to a cell what is pending, and makes its summary.
    #[inline(always)]
    fn apply_pending(&mut self, group: usize, lane: usize, centers: &[[f64; D]]) -> u64 {
        let start = (group * LANES + lane) * self.per_cell;
        let end = (start + self.per_cell).min(self.blocks.len());
        let (blocks, tips) = (&mut self.blocks[start..end], &mut self.tips[group]);
        let (numbers, count) = tips.take(lane);
        lower(blocks, &numbers[..count], centers);
        let Summary { most, best, at } = match self.factors.is_empty() {
            true => summary(blocks),
            false => summary_by_factors(blocks, &self.factors[start..end]),
        };
        let block = &blocks[at / ROWS];
        let at = at % ROWS;
        self.groups[group].set(lane, most, best);
        let square = if best.key < 0.0 { -1.0 } else { block.squares[at] };
        tips.set(lane, square, std::array::from_fn(|j| block.values[j][at]));
        (count * blocks.len() * ROWS) as u64
    }
}
