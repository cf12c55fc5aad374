//! Greedy inside the live rows, on their int8 values. The row that is next is settled first: its bound is made exact, and if its key
//! then falls behind another row's, that one is next. Products come in groups: the likeliest next picks against all live rows.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use super::super::centers::Centers;
use super::super::kernels::int8::Int8Multiplier;
use super::super::kernels::int8::passing::set_bits;
use super::super::kernels::prefetch::prefetch;
use super::super::kernels::{Buffer, PANEL};
use super::super::keys::{GONE, first_of_largest};
use super::nearest::Nearest;
use super::row_panel::RowPanel;
use super::settle::{Judge, Scratch, Settled};
use super::state::Prepared;
use crate::backend::shard::LEFT;
use crate::backend::{Candidate, Picked};
use crate::ground::HostGround;
use crate::pool::is_set;
use crate::rows::Gather;
use crate::statistics::Statistics;

/// Likely picks whose products are computed together, if a multiplier's block of rows is not larger.
const GROUP: usize = 16;
/// Bytes of products kept in a round; a round that needs more ends early.
const PRODUCT_BYTES: usize = 32 << 20;
/// How many of the next picks are looked ahead for.
const AHEAD_OF_PICK: usize = 8;
/// How often, for each group of products, and how many rows are settled each time.
const LOOKS: usize = 4;
const SETTLED_TOGETHER: usize = 32;
/// How many rows ahead of the one worked on memory is asked for a row.
const AHEAD: usize = 8;
/// Rows settled since the last pick, of which each next time so many are settled at once.
const PATIENCE: usize = 8;

/// The inputs of picking beside the live rows.
#[derive(Clone, Copy)]
pub struct Terms<'r, K: Int8Multiplier> {
    pub multiplier: K,
    pub ground: &'r HostGround<'r>,
    pub prepared: &'r Prepared<'r>,
    pub centers: &'r Centers<'r>,
    /// The first row outside the frontier.
    pub outside: Option<Candidate>,
    pub interrupt: Option<&'r AtomicBool>,
}

/// Memory that rounds use again.
#[derive(Default)]
pub struct Workspace {
    panels: Vec<RowPanel>,
    products: Vec<Buffer<i32>>,
}

/// A live row, and what is known of it.
pub struct LiveRow {
    pub row: usize,
    pub bound: f64,
    pub nearest: Nearest,
    pub seen: u32,
    pub was_settled: bool,
}

/// The live rows of a round, while they are picked from.
pub struct Live<'r, K: Int8Multiplier> {
    terms: Terms<'r, K>,
    pub rows: Vec<LiveRow>,
    keys: Vec<f64>,
    /// About how far each row's bound lies above its distance, if it is not exact.
    gaps: Vec<f64>,
    panels: &'r mut [RowPanel],
    /// Per row, its number among the rows of all groups.
    column: Vec<Option<usize>>,
    /// A group's products with every panel's: `[panel][row of the group][PANEL]`.
    products: &'r mut Vec<Buffer<i32>>,
    /// How many of `products` are filled.
    groups: usize,
    /// The rows picked, whose numbers follow those of the centers.
    chosen: Vec<usize>,
    /// Rows settled since the last pick.
    in_vain: usize,
    pub counts: Statistics,
}

impl<'r, K: Int8Multiplier> Live<'r, K> {
    const GROUP: usize = if K::ROWS > GROUP { K::ROWS } else { GROUP };

    /// `rows` in the order of their numbers.
    pub fn new(
        terms: Terms<'r, K>,
        rows: Vec<LiveRow>,
        workspace: &'r mut Workspace,
    ) -> Live<'r, K> {
        let depth = K::depth(terms.ground.rows.dimensions());
        let count = rows.len().div_ceil(PANEL);
        if workspace.panels.len() < count {
            workspace.panels.resize_with(count, || RowPanel::new(depth));
        }
        let panels = &mut workspace.panels[..count];
        let parts = panels.par_iter_mut().zip(rows.par_chunks(PANEL));
        parts.for_each(|(panel, rows)| pack(&terms, rows, panel));
        let key = |live: &LiveRow| terms.ground.key(live.row, live.bound);
        let operand = |index: usize| &panels[index / PANEL].panel.operands[index % PANEL];
        let gap = |index: usize| terms.prepared.measure.gap(operand(index));
        Live {
            terms,
            keys: rows.iter().map(key).collect(),
            gaps: (0..rows.len()).map(gap).collect(),
            panels,
            column: vec![None; rows.len()],
            products: &mut workspace.products,
            groups: 0,
            chosen: Vec::new(),
            in_vain: 0,
            counts: Statistics::default(),
            rows,
        }
    }

    /// At most `limit` picks, each of a key above `stop`.
    pub fn pick(&mut self, limit: usize, stop: f64) -> Picked {
        let mut picked = Picked::default();
        while let Some(best) = self.best().filter(|_| !is_set(self.terms.interrupt)) {
            let candidate = Candidate { key: self.keys[best], row: self.rows[best].row };
            if candidate.key > 0.0 && !self.rows[best].nearest.is_exact() {
                let rows = self.next_to_settle(best);
                self.in_vain += rows.len();
                self.settle(&rows);
                continue;
            }
            if picked.picks.len() == limit || candidate.key <= stop {
                picked.next = Some(candidate);
                break;
            }
            // If the largest key is 0, all keys are, and the next round picks without distances.
            if candidate.key == 0.0 {
                break;
            }
            if self.column[best].is_none() {
                if self.compute_group() {
                    continue;
                }
                break;
            }
            self.choose(best);
            picked.picks.push(candidate);
        }
        let applied = self.applied();
        for (live, _) in self.rows.iter_mut().zip(&self.keys).filter(|(_, key)| **key != GONE) {
            live.seen = applied;
        }
        picked
    }

    /// Centers applied to the rows still live.
    fn applied(&self) -> u32 {
        let applied = self.terms.centers.len() + self.chosen.len();
        u32::try_from(applied).expect("centers are numbered below 2^32")
    }

    /// The row that precedes the others: the lowest of largest key.
    fn best(&self) -> Option<usize> {
        first_of_largest(&self.keys)
    }

    /// Makes the bounds of `rows` exact.
    fn settle(&mut self, rows: &[usize]) {
        let wanted = &mut rows.iter().map(|&index| self.rows[index].row);
        self.terms.ground.rows.will_need(wanted);
        let applied = self.applied();
        let judge =
            Judge { ground: self.terms.ground, centers: self.terms.centers, chosen: &self.chosen };
        let one = |scratch: &mut Scratch, &index: &usize| {
            let live = &self.rows[index];
            judge.nearest(live.row, &live.nearest, applied, scratch)
        };
        let settled: Vec<Settled> = match rows {
            [only] => vec![one(&mut Scratch::default(), only)],
            many => many.par_iter().with_min_len(4).map_init(Scratch::default, one).collect(),
        };
        self.counts.settled_rows += rows.len() as u64;
        self.counts.row_reads += rows.len() as u64;
        for (&index, settled) in rows.iter().zip(&settled) {
            self.counts.pick_canonical += settled.evaluations;
            self.rows[index].nearest = Nearest::Exact(settled.center);
            self.rows[index].was_settled = true;
            self.lower(index, settled.distance);
        }
    }

    /// Settles rows that stand before the next few picks by their bounds, and so must be settled sooner or later, unless a pick comes
    /// near: together they are quick, and it shows which rows are the next picks.
    fn look_ahead(&mut self) {
        for _ in 0..LOOKS {
            let key = self.key_of_exact_row(AHEAD_OF_PICK);
            let before =
                |index: &usize| self.keys[*index] > key && !self.rows[*index].nearest.is_exact();
            let rows: Vec<usize> = (0..self.rows.len()).filter(before).collect();
            if rows.is_empty() {
                return;
            }
            let rows = self.first_by(rows, SETTLED_TOGETHER, |index| self.keys[index]);
            self.settle(&rows);
        }
    }

    /// The key of the exact row that so many precede; 0 if there are fewer.
    fn key_of_exact_row(&self, place: usize) -> f64 {
        let is_exact =
            |(live, &key): (&LiveRow, &f64)| (key > 0.0 && live.nearest.is_exact()).then_some(key);
        let mut keys: Vec<f64> = self.rows.iter().zip(&self.keys).filter_map(is_exact).collect();
        if keys.len() <= place {
            return 0.0;
        }
        *keys.select_nth_unstable_by(place, |a, b| b.total_cmp(a)).1
    }

    /// Those `count` of `rows` that have the largest keys by `key`, the lowest of equals.
    fn first_by(
        &self,
        mut rows: Vec<usize>,
        count: usize,
        key: impl Fn(usize) -> f64,
    ) -> Vec<usize> {
        if rows.len() > count {
            let order = |a: &usize, b: &usize| key(*b).total_cmp(&key(*a)).then(a.cmp(b));
            rows.select_nth_unstable_by(count - 1, order);
            rows.truncate(count);
        }
        rows
    }

    /// The rows to be settled when `best` must be: after many in vain, others of largest key with it.
    fn next_to_settle(&self, best: usize) -> Vec<usize> {
        let count = self.in_vain / PATIENCE;
        if count <= 1 {
            return vec![best];
        }
        let open = |&index: &usize| self.keys[index] > 0.0 && !self.rows[index].nearest.is_exact();
        let rows = (0..self.rows.len()).filter(open).collect();
        self.first_by(rows, count, |index| self.keys[index])
    }

    /// Products of the likeliest next picks with all rows. False if there is no room for them.
    fn compute_group(&mut self) -> bool {
        let group_values = self.panels.len() * Self::GROUP * PANEL;
        let bytes = (self.groups + 1) * group_values * size_of::<i32>();
        if bytes > PRODUCT_BYTES && self.groups > 0 {
            return false;
        }
        self.look_ahead();
        let likely = self.likely();
        let Prepared { rows, quantizer, .. } = self.terms.prepared;
        let depth = K::depth(self.terms.ground.rows.dimensions());
        let mut block = Buffer::<u8>::new();
        block.resize(Self::GROUP * depth);
        for (slot, &index) in likely.iter().enumerate() {
            self.column[index] = Some(self.groups * Self::GROUP + slot);
            let out = &mut block.as_mut_slice()[slot * depth..][..depth];
            rows.gather(self.rows[index].row, K::FLIP, out, quantizer);
        }
        if self.products.len() == self.groups {
            self.products.push(Buffer::new());
        }
        let products = &mut self.products[self.groups];
        products.resize(group_values);
        let out = products.as_mut_slice().par_chunks_mut(Self::GROUP * PANEL);
        out.zip(self.panels.par_iter()).with_min_len(4).for_each(|(out, panel)| {
            let (values, start) = (panel.panel.values.as_slice(), &panel.panel.start);
            self.terms.multiplier.multiply(block.as_slice(), depth, values, start, 0..PANEL, out);
        });
        self.groups += 1;
        self.counts.pick_evaluations += (Self::GROUP * self.rows.len()) as u64;
        true
    }

    /// Up to `GROUP` rows without products, of largest key as far as it can be told.
    fn likely(&self) -> Vec<usize> {
        let open = |index: &usize| self.keys[*index] != GONE && self.column[*index].is_none();
        let about = |index: usize| {
            let live = &self.rows[index];
            let gap = if live.nearest.is_exact() { 0.0 } else { self.gaps[index] };
            self.terms.ground.key(live.row, live.bound - gap)
        };
        self.first_by((0..self.rows.len()).filter(open).collect(), Self::GROUP, about)
    }

    /// Row `best` becomes the next center: lower the other rows' bounds by their distance to it.
    fn choose(&mut self, best: usize) {
        let number = self.column[best].expect("the caller saw to its products");
        let measure = &self.terms.prepared.measure;
        let operand = self.panels[best / PANEL].panel.operands[best % PANEL];
        let center = measure.center_side(&operand);
        let center_number = self.applied();
        self.close(best);
        self.rows[best].bound = LEFT;
        self.chosen.push(self.rows[best].row);
        self.in_vain = 0;
        for panel in 0..self.panels.len() {
            let at = (panel * Self::GROUP + number % Self::GROUP) * PANEL;
            let products = &self.products[number / Self::GROUP].as_slice()[at..at + PANEL];
            let products: &[i32; PANEL] = products.try_into().expect("PANEL values");
            let products = *products;
            for lane in set_bits(self.panels[panel].admits(&products, center)) {
                let x = &self.panels[panel].panel.operands[lane];
                let interval = measure.of(x, &operand, products[lane]);
                self.apply(panel * PANEL + lane, center_number, interval);
            }
        }
    }

    /// Center number `center`, whose distance lies in this interval, may be the row's nearest.
    fn apply(&mut self, index: usize, center: u32, (lower, upper): (f64, f64)) {
        // A center whose error is infinite passes everywhere: for rows that have left too, and for lanes without a row.
        if self.keys.get(index).is_none_or(|&key| key == GONE) {
            return;
        }
        let live = &mut self.rows[index];
        // If it is not a number, the center may be within the limit.
        if lower > live.nearest.limit(live.bound) {
            return;
        }
        let before = live.bound;
        let bound = upper.min(before);
        live.nearest = if self.terms.prepared.measure.is_exact() {
            Nearest::Exact(center)
        } else {
            std::mem::replace(&mut live.nearest, Nearest::Any).and([(center, lower)], before, bound)
        };
        self.lower(index, bound);
    }

    /// The row's bound is this from now on; it leaves the live rows if it no longer precedes the outside.
    fn lower(&mut self, index: usize, bound: f64) {
        let applied = self.applied();
        let live = &mut self.rows[index];
        (live.bound, live.seen) = (bound, applied);
        let candidate = Candidate { key: self.terms.ground.key(live.row, bound), row: live.row };
        if self.terms.outside.is_some_and(|outside| outside.precedes(candidate)) {
            self.close(index);
        } else {
            self.keys[index] = candidate.key;
            let limit = live.nearest.limit(bound);
            self.panels[index / PANEL].set_limit(
                index % PANEL,
                limit,
                &self.terms.prepared.measure,
            );
        }
    }

    /// The row is picked or no longer live: no center can change it in this round.
    fn close(&mut self, index: usize) {
        self.keys[index] = GONE;
        self.panels[index / PANEL].close(index % PANEL);
    }
}

/// Puts live rows into a panel, in the place of others.
fn pack<K: Int8Multiplier>(terms: &Terms<K>, rows: &[LiveRow], panel: &mut RowPanel) {
    let depth = K::depth(terms.ground.rows.dimensions());
    let Prepared { rows: int8, quantizer, measure } = terms.prepared;
    panel.clear();
    let mut values = vec![0i8; depth];
    for (lane, live) in rows.iter().enumerate() {
        if let Some(ahead) = rows.get(lane + AHEAD) {
            prefetch(int8.stored(ahead.row));
        }
        let operand = int8.gather(live.row, 0, bytemuck::cast_slice_mut(&mut values), quantizer);
        panel.set::<K>(lane, &values, operand, live.nearest.limit(live.bound), measure);
    }
}
