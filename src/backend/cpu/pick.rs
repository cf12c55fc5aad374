//! Greedy inside the live rows. Products come in groups: the likeliest next picks against all live rows.

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use crate::simd::widest;
use rayon::prelude::*;

use super::kernels::{Buffer, Multiplier, PANEL};
use super::keys::{GONE, first_of_largest};
use super::pack::{Block, Packing};
use super::row_panel::RowPanel;
use crate::backend::shard::{LEFT, LiveBlock, RowState};
use crate::backend::{Candidate, Picked};
use crate::distance::distance;
use crate::pool::is_set;
use crate::statistics::Statistics;
use crate::values::{RowScratch, RowValues};

/// Likely picks whose products are computed together. A multiple of every kernel's block of rows.
const GROUP: usize = 32;
/// Bytes of products kept in a round; a round that needs more ends early.
const PRODUCT_BYTES: usize = 64 << 20;

/// The inputs of picking beside the live rows.
#[derive(Clone, Copy)]
pub struct Terms<'r, M: Multiplier> {
    pub multiplier: M,
    pub packing: &'r Packing,
    /// The first row outside the frontier.
    pub outside: Option<Candidate>,
    /// Centers applied to each live row.
    pub applied: usize,
    pub interrupt: Option<&'r AtomicBool>,
}

/// The live rows of a round, while they are picked from.
pub struct Live<'r, M: Multiplier> {
    terms: Terms<'r, M>,
    block: &'r LiveBlock<'r>,
    /// The state of every live row.
    pub state: Vec<RowState>,
    keys: Vec<f64>,
    panels: Vec<RowPanel<M>>,
    /// Per row, its number among the rows of `groups`.
    column: Vec<Option<usize>>,
    /// Products of `GROUP` rows with every panel's: `[panel][row of the group][PANEL]`.
    groups: Vec<Buffer<f32>>,
    /// Centers applied to the rows still live.
    applied: u32,
    evaluations: u64,
    canonical: u64,
}

impl<'r, M: Multiplier> Live<'r, M> {
    pub fn new(terms: Terms<'r, M>, block: &'r LiveBlock<'r>) -> Live<'r, M> {
        let n = block.rows.len();
        let keys = (0..n).map(|index| block.key(index, block.states[index].bound)).collect();
        let starts: Vec<usize> = (0..n).step_by(PANEL).collect();
        let pack = |start| pack(block, start..n.min(start + PANEL), terms.packing);
        Live {
            terms,
            block,
            state: block.states.clone(),
            keys,
            panels: starts.into_par_iter().map(pack).collect(),
            column: vec![None; n],
            groups: Vec::new(),
            applied: u32::try_from(terms.applied).expect("centers are numbered below 2^32"),
            evaluations: 0,
            canonical: 0,
        }
    }

    /// At most `limit` picks, each of a key above `stop`.
    pub fn pick(&mut self, limit: usize, stop: f64) -> Picked {
        let mut picked = Picked::default();
        while let Some(best) = self.best().filter(|_| !is_set(self.terms.interrupt)) {
            let candidate = Candidate { key: self.keys[best], row: self.block.rows[best] };
            if picked.picks.len() == limit || candidate.key <= stop {
                picked.next = Some(candidate);
                break;
            }
            // If the largest key is 0, all keys are, and the next round picks without distances.
            if candidate.key == 0.0 || (self.column[best].is_none() && !self.compute_group()) {
                break;
            }
            self.choose(best);
            picked.picks.push(candidate);
        }
        self.state.iter_mut().zip(&self.keys).for_each(|(state, &key)| {
            if key != GONE {
                state.seen = self.applied;
            }
        });
        picked
    }

    /// Add what picking took to the counts of a run.
    pub fn count(&self, statistics: &mut Statistics) {
        statistics.pick_evaluations += self.evaluations;
        statistics.pick_canonical += self.canonical;
    }

    /// The row that precedes the others: the lowest of largest key.
    fn best(&self) -> Option<usize> {
        first_of_largest(&self.keys)
    }

    /// Products of the likeliest next picks, those of largest key, with all rows. False if there is no room for them.
    fn compute_group(&mut self) -> bool {
        let group_values = self.panels.len() * GROUP * PANEL;
        if (self.groups.len() + 1) * group_values * size_of::<f32>() > PRODUCT_BYTES
            && !self.groups.is_empty()
        {
            return false;
        }
        let likely = self.likely();
        let mut block = Block::<M>::new(self.block.dimensions());
        block.resize(GROUP);
        let (depth, mut scratch) = (block.depth, RowScratch::new());
        for (slot, &index) in likely.iter().enumerate() {
            self.column[index] = Some(self.groups.len() * GROUP + slot);
            let x = self.block.value(index, &mut scratch);
            self.terms
                .packing
                .pack::<M>(x, &mut block.values.as_mut_slice()[slot * depth..][..depth]);
        }
        let mut products = Buffer::new();
        products.resize(group_values);
        let out = products.as_mut_slice().par_chunks_mut(GROUP * PANEL);
        out.zip(&self.panels).with_min_len(4).for_each(|(out, panel)| {
            self.terms.multiplier.multiply(
                block.values.as_slice(),
                depth,
                panel.values.as_slice(),
                0..PANEL,
                out,
            );
        });
        self.groups.push(products);
        self.evaluations += (GROUP * self.block.rows.len()) as u64;
        true
    }

    /// Up to `GROUP` rows without products, of largest key.
    fn likely(&self) -> Vec<usize> {
        let open = |index: &usize| self.keys[*index] != GONE && self.column[*index].is_none();
        let mut likely: Vec<usize> = (0..self.block.rows.len()).filter(open).collect();
        if likely.len() > GROUP {
            let by_key =
                |a: &usize, b: &usize| self.keys[*b].total_cmp(&self.keys[*a]).then(a.cmp(b));
            likely.select_nth_unstable_by(GROUP - 1, by_key);
            likely.truncate(GROUP);
        }
        likely
    }

    /// Row `best` becomes the next center: lower the other rows' bounds by their distance to it.
    fn choose(&mut self, best: usize) {
        let number = self.column[best].expect("the caller saw to its products");
        let operand = self.panels[best / PANEL].operands[best % PANEL];
        let (base, norm, error) = self.terms.packing.interval.center(operand);
        self.close(best);
        self.state[best].bound = LEFT;
        let mut center = RowScratch::new();
        let block = self.block;
        let center = block.value(best, &mut center);
        for panel in 0..self.panels.len() {
            let at = (panel * GROUP + number % GROUP) * PANEL;
            let products = &self.groups[number / GROUP].as_slice()[at..at + PANEL];
            let products: &[f32; PANEL] = products.try_into().expect("PANEL values");
            let (any, admitted) = widest(
                #[inline(always)]
                || self.panels[panel].admits(products, base, norm, error),
            );
            if any {
                for lane in (0..PANEL).filter(|&lane| admitted[lane]) {
                    self.apply(panel * PANEL + lane, center);
                }
            }
        }
        self.applied += 1;
    }

    /// The canonical distance to the newest center decides whether it is the row's nearest.
    fn apply(&mut self, index: usize, center: RowValues) {
        let mut scratch = RowScratch::new();
        let distance = distance(self.block.value(index, &mut scratch), center);
        self.canonical += 1;
        let state = &mut self.state[index];
        if distance >= state.bound {
            return;
        }
        (state.bound, state.center) = (distance, self.applied);
        state.seen = self.applied + 1;
        let candidate =
            Candidate { key: self.block.key(index, distance), row: self.block.rows[index] };
        if self.terms.outside.is_some_and(|outside| outside.precedes(candidate)) {
            self.close(index);
        } else {
            self.keys[index] = candidate.key;
            let interval = &self.terms.packing.interval;
            self.panels[index / PANEL].set_limit(index % PANEL, distance.next_down(), interval);
        }
    }

    /// The row is picked or no longer live: no center can change it in this round.
    fn close(&mut self, index: usize) {
        self.keys[index] = GONE;
        self.panels[index / PANEL].close(index % PANEL);
    }
}

/// A panel of some live rows. Only a center strictly nearer than its bound changes a row.
fn pack<M: Multiplier>(block: &LiveBlock, part: Range<usize>, packing: &Packing) -> RowPanel<M> {
    let mut panel = RowPanel::new(block.dimensions());
    let mut scratch = RowScratch::new();
    for (lane, index) in part.enumerate() {
        let limit = block.states[index].bound.next_down();
        panel.set(lane, block.value(index, &mut scratch), limit, packing);
    }
    panel
}
