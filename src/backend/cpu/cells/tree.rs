//! All cells, and the groups above them: what a center comes near is found from the top down.

use rayon::prelude::*;

use super::buckets::Buckets;
use super::group::{Group, Tips};
use super::lanes::{CellValue, LANES, below, box_squares, lanes, squares};
use super::order::{Item, halve};
use super::rows::{
    ABSENT, Block, Factor, ROWS, Summary, box_around, lower, summary, summary_by_factors,
};
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
    rows: Vec<GroupRows<V, D>>,
}

/// Where a row lies: in the lowest level's group, so far among its rows.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    group: usize,
    at: usize,
}

/// A group of cells, what is in these, and their rows.
type Filled<V, const D: usize> = (Group<V, D>, Tips<V, D>, GroupRows<V, D>);

/// The rows of a group's cells, one cell after the other.
struct GroupRows<V, const D: usize> {
    blocks: Vec<Block<V, D>>,
    /// Empty where every row may be chosen and none has a weight.
    factors: Vec<[Factor; ROWS]>,
}

/// A part of the lowest level, from group `first` on.
struct Part<'t, V, const D: usize> {
    first: usize,
    groups: &'t mut [Group<V, D>],
    tips: &'t mut [Tips<V, D>],
    rows: &'t mut [GroupRows<V, D>],
    per_cell: usize,
}

/// A center on its way down, and all before it by number.
#[derive(Clone, Copy)]
struct Comer<'c, const D: usize> {
    number: u32,
    centers: &'c [[f64; D]],
}

impl<V: CellValue, const D: usize> Tree<V, D> {
    /// The rows of `ground`, about `rows` a cell. The first of `centers`, if there is one, is applied to all.
    pub fn new(ground: &HostGround, rows: usize, centers: &[[f64; D]]) -> Tree<V, D> {
        let per_cell = rows.div_ceil(ROWS);
        Tree::above(Cells::new(ground, per_cell, centers.first()), per_cell)
    }

    /// Rows numbered from 0 in the order of `items`, about `rows` a cell, all of which may be chosen; no center is applied to any. Second
    /// value: where each row lies.
    pub fn of(mut items: Vec<Item<V, D>>, rows: usize) -> (Tree<V, D>, Vec<Place>) {
        let per_cell = rows.div_ceil(ROWS);
        halve(&mut items, per_cell * ROWS, &|| false);
        let groups = items.chunks(LANES * per_cell * ROWS);
        let cells: Cells<V, D> =
            groups.map(|items| group_of(None, items, per_cell, None)).collect();
        let mut places = vec![Place { group: 0, at: 0 }; items.len()];
        for (group, rows) in cells.rows.iter().enumerate() {
            for (at, &row) in rows.blocks.iter().flat_map(|block| &block.rows).enumerate() {
                if row != ABSENT {
                    places[row as usize] = Place { group, at };
                }
            }
        }
        (Tree::above(cells, per_cell), places)
    }

    /// The levels above `cells`.
    fn above(cells: Cells<V, D>, per_cell: usize) -> Tree<V, D> {
        let above = levels_above(&cells.groups);
        let near = vec![Vec::new(); above.len() + 1];
        Tree { per_cell, cells, above, near }
    }

    /// The square of a row to the nearest of all centers applied, and how many pairs were pending in its cell.
    pub fn settled_square(&mut self, place: Place, centers: &[[f64; D]]) -> (f64, u64) {
        let Place { group, at } = place;
        let mut part = self.cells.part(self.per_cell);
        let pairs = widest(
            #[inline(always)]
            || part.apply_pending(group, at / ROWS / part.per_cell, centers),
        );
        (self.cells.rows[group].blocks[at / ROWS].squares[at % ROWS], pairs)
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
        for block in self.cells.rows.iter().flat_map(|rows| &rows.blocks) {
            for lane in (0..ROWS).filter(|&lane| block.rows[lane] != ABSENT) {
                let row = block.rows[lane] as usize;
                distances[row] = block.squares[lane].sqrt();
                nearest[row] = block.nearest[lane];
            }
        }
        (distances, nearest, pairs)
    }
}

/// The levels above `groups`, up to one group.
fn levels_above<V: CellValue, const D: usize>(groups: &[Group<V, D>]) -> Vec<Vec<Group<V, D>>> {
    let mut above: Vec<Vec<Group<V, D>>> = Vec::new();
    loop {
        let last = above.last().map_or(groups, Vec::as_slice);
        if last.len() == 1 {
            return above;
        }
        let next = groups_of(last);
        above.push(next);
    }
}

/// The level above `groups`.
fn groups_of<V: CellValue, const D: usize>(groups: &[Group<V, D>]) -> Vec<Group<V, D>> {
    let mut above = vec![Group::empty(); groups.len().div_ceil(LANES)];
    for (number, group) in groups.iter().enumerate() {
        let (most, best) = group.summary();
        above[number / LANES].set_box(number % LANES, group.around());
        above[number / LANES].set(number % LANES, most, best);
    }
    above
}

impl<V, const D: usize> FromIterator<Filled<V, D>> for Cells<V, D> {
    fn from_iter<I: IntoIterator<Item = Filled<V, D>>>(filled: I) -> Cells<V, D> {
        let mut cells = Cells { groups: Vec::new(), tips: Vec::new(), rows: Vec::new() };
        for (group, tips, rows) in filled {
            cells.groups.push(group);
            cells.tips.push(tips);
            cells.rows.push(rows);
        }
        cells
    }
}

impl<V: CellValue, const D: usize> Cells<V, D> {
    fn new(ground: &HostGround, per_cell: usize, center: Option<&[f64; D]>) -> Cells<V, D> {
        let rows = per_cell * ROWS;
        let buckets = Buckets::new(ground);
        let has_factors = ground.weights.is_some() || ground.eligible.contains(&false);
        let factors_of = has_factors.then_some(ground);
        let parts = (0..buckets.len()).into_par_iter().map_init(Vec::new, |items, bucket| {
            buckets.take(bucket, items);
            halve(items, rows, &|| ground.is_interrupted());
            let groups = items.par_chunks(LANES * rows);
            groups.map(|items| group_of(factors_of, items, per_cell, center)).collect::<Vec<_>>()
        });
        parts.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    fn part(&mut self, per_cell: usize) -> Part<'_, V, D> {
        let Cells { groups, tips, rows } = self;
        Part { first: 0, groups, tips, rows, per_cell }
    }

    /// Applies all that is pending.
    fn settle(&mut self, per_cell: usize, centers: &[[f64; D]]) -> u64 {
        let pairs = self.tips.par_iter_mut().zip(&mut self.rows).map(|(tips, rows)| {
            widest(
                #[inline(always)]
                || {
                    let mut pairs = 0;
                    for (lane, blocks) in rows.blocks.chunks_mut(per_cell).enumerate() {
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

/// Cells of rows in order, up to sixteen, to which `center` is applied if there is one. The rows have the factors that `ground` says, if
/// any does.
fn group_of<V: CellValue, const D: usize>(
    ground: Option<&HostGround>,
    items: &[Item<V, D>],
    per_cell: usize,
    center: Option<&[f64; D]>,
) -> Filled<V, D> {
    let mut blocks = Vec::with_capacity(items.len().div_ceil(ROWS));
    blocks.extend(items.chunks(ROWS).map(block));
    let factors = ground.map_or_else(Vec::new, |ground| factors(ground, &blocks));
    let mut rows = GroupRows { blocks, factors };
    let (mut group, mut tips) = (Group::empty(), Tips::empty());
    widest(
        #[inline(always)]
        || {
            for lane in 0..rows.blocks.len().div_ceil(per_cell) {
                let blocks = rows.cell(lane, per_cell);
                group.set_box(lane, box_around(blocks));
                if let Some(center) = center {
                    lower(blocks, &[0], std::slice::from_ref(center));
                }
                rows.summarize(lane, per_cell, &mut group, &mut tips);
            }
        },
    );
    (group, tips, rows)
}

fn block<V: CellValue, const D: usize>(items: &[Item<V, D>]) -> Block<V, D> {
    let mut block = Block {
        squares: [0.0; ROWS],
        values: [[items[0].values[0]; ROWS]; D],
        nearest: [NO_CENTER; ROWS],
        rows: [ABSENT; ROWS],
    };
    for lane in 0..ROWS {
        let item = items[lane.min(items.len() - 1)];
        for j in 0..D {
            block.values[j][lane] = item.values[j];
        }
        if lane < items.len() {
            (block.squares[lane], block.rows[lane]) = (f64::INFINITY, item.row);
        }
    }
    block
}

fn factors<V: CellValue, const D: usize>(
    ground: &HostGround,
    blocks: &[Block<V, D>],
) -> Vec<[Factor; ROWS]> {
    let factor = |row: u32| {
        let row = (row != ABSENT).then_some(row as usize)?;
        ground.eligible[row].then(|| ground.weights.map_or(1.0, |weights| weights[row]))
    };
    blocks.iter().map(|block| block.rows.map(factor)).collect()
}

impl<V: CellValue, const D: usize> GroupRows<V, D> {
    #[inline(always)]
    fn cell(&mut self, lane: usize, per_cell: usize) -> &mut [Block<V, D>] {
        let start = lane * per_cell;
        let end = (start + per_cell).min(self.blocks.len());
        &mut self.blocks[start..end]
    }

    /// Makes the summary of a cell.
    #[inline(always)]
    fn summarize(
        &mut self,
        lane: usize,
        per_cell: usize,
        group: &mut Group<V, D>,
        tips: &mut Tips<V, D>,
    ) {
        let start = lane * per_cell;
        let end = (start + per_cell).min(self.blocks.len());
        let blocks = &self.blocks[start..end];
        let Summary { most, best, at } = match self.factors.is_empty() {
            true => summary(blocks),
            false => summary_by_factors(blocks, &self.factors[start..end]),
        };
        let (block, at) = (&blocks[at / ROWS], at % ROWS);
        group.set(lane, most, best);
        let square = if best.key < 0.0 { -1.0 } else { block.squares[at] };
        tips.set(lane, square, std::array::from_fn(|j| block.values[j][at]));
    }
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
        let Part { first, per_cell, .. } = self;
        let at = group - first;
        let groups = self.groups.split_at_mut(at);
        let tips = self.tips.split_at_mut(at);
        let rows = self.rows.split_at_mut(at);
        let lower = Part { first, groups: groups.0, tips: tips.0, rows: rows.0, per_cell };
        let upper = Part { first: group, groups: groups.1, tips: tips.1, rows: rows.1, per_cell };
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
        let (rows, tips) = (&mut self.rows[group], &mut self.tips[group]);
        let (numbers, count) = tips.take(lane);
        let blocks = rows.cell(lane, self.per_cell);
        lower(blocks, &numbers[..count], centers);
        let pairs = count * blocks.len() * ROWS;
        rows.summarize(lane, self.per_cell, &mut self.groups[group], tips);
        pairs as u64
    }
}
