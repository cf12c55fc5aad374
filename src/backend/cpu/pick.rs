//! Greedy inside the live rows. Products come in groups: the likeliest next picks against all live rows.

use crate::simd::widest;
use rayon::prelude::*;

use super::kernels::{Buffer, Multiplier, PANEL};
use super::pack::{Block, Packing};
use super::refresh::Nearest;
use super::row_panel::RowPanel;
use crate::backend::{Candidate, Picked};
use crate::distance::distance;
use crate::ground::HostGround;
use crate::rows::Gather;

/// Likely picks whose products are computed together. A multiple of every kernel's block of rows.
const GROUP: usize = 32;
/// Bytes of products kept in a round; a round that needs more ends early.
const PRODUCT_BYTES: usize = 64 << 20;
/// The key of a row that was picked or no longer precedes the outside.
const GONE: f64 = -1.0;
/// Bound of a row that left the order.
pub const LEFT: f64 = -1.0;

/// The live rows of a round, lowest row first.
pub struct Live<'r, M: Multiplier> {
    multiplier: M,
    ground: &'r HostGround<'r>,
    packing: &'r Packing,
    outside: Option<Candidate>,
    pub rows: Vec<usize>,
    /// What every row of `rows` has become.
    pub state: Vec<Nearest>,
    keys: Vec<f64>,
    panels: Vec<RowPanel<M>>,
    /// Per row, its number among the rows of `groups`.
    column: Vec<Option<usize>>,
    /// Products of `GROUP` rows with every panel's: `[panel][row of the group][PANEL]`.
    groups: Vec<Buffer<f32>>,
    /// Centers applied to the rows still live.
    applied: u32,
    pub evaluations: u64,
    pub canonical: u64,
}

impl<'r, M: Multiplier> Live<'r, M> {
    /// `rows` in increasing order with their refreshed `state`, all of which precede `outside`. `applied` centers were applied to each.
    pub fn new(
        multiplier: M,
        ground: &'r HostGround<'r>,
        packing: &'r Packing,
        outside: Option<Candidate>,
        rows: Vec<usize>,
        state: Vec<Nearest>,
        applied: u32,
    ) -> Live<'r, M> {
        let keys = rows.iter().zip(&state).map(|(&row, s)| ground.key(row, s.bound)).collect();
        let panels = rows
            .par_chunks(PANEL)
            .zip(state.par_chunks(PANEL))
            .map(|(rows, state)| pack(ground, packing, rows, state))
            .collect();
        let column = vec![None; rows.len()];
        let groups = Vec::new();
        let (evaluations, canonical) = (0, 0);
        Live {
            multiplier,
            ground,
            packing,
            outside,
            rows,
            state,
            keys,
            panels,
            column,
            groups,
            applied,
            evaluations,
            canonical,
        }
    }

    /// At most `limit` picks, each of a key above `stop`.
    pub fn pick(&mut self, limit: usize, stop: f64) -> Picked {
        let mut picked = Picked::default();
        while let Some(best) = self.best().filter(|_| !self.ground.is_interrupted()) {
            let candidate = Candidate { key: self.keys[best], row: self.rows[best] };
            if picked.picks.len() == limit || candidate.key <= stop {
                picked.next = Some(candidate);
                break;
            }
            // Once the largest key is 0 all are, and the next round needs no distances.
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

    /// The row that precedes the others: the lowest of largest key.
    fn best(&self) -> Option<usize> {
        let largest = widest(
            #[inline(always)]
            || largest(&self.keys),
        );
        if largest == GONE { None } else { self.keys.iter().position(|&key| key == largest) }
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
        let mut block = Block::<M>::new(self.ground.rows.dimensions());
        block.resize(GROUP);
        let (depth, mut scratch) = (block.depth, Vec::new());
        for (slot, &index) in likely.iter().enumerate() {
            self.column[index] = Some(self.groups.len() * GROUP + slot);
            let x = self.ground.rows.get(self.rows[index], &mut scratch);
            self.packing.pack::<M>(x, &mut block.values.as_mut_slice()[slot * depth..][..depth]);
        }
        let mut products = Buffer::new();
        products.resize(group_values);
        let out = products.as_mut_slice().par_chunks_mut(GROUP * PANEL);
        out.zip(&self.panels).with_min_len(4).for_each(|(out, panel)| {
            self.multiplier.multiply(
                block.values.as_slice(),
                depth,
                panel.values.as_slice(),
                0..PANEL,
                out,
            );
        });
        self.groups.push(products);
        self.evaluations += (GROUP * self.rows.len()) as u64;
        true
    }

    /// Up to `GROUP` rows without products, of largest key.
    fn likely(&self) -> Vec<usize> {
        let open = |index: &usize| self.keys[*index] != GONE && self.column[*index].is_none();
        let mut likely: Vec<usize> = (0..self.rows.len()).filter(open).collect();
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
        let (base, norm, error) = self.packing.interval.center(operand);
        self.close(best);
        self.state[best].bound = LEFT;
        let mut center = Vec::new();
        let center = self.ground.rows.get(self.rows[best], &mut center);
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
    fn apply(&mut self, index: usize, center: &[f32]) {
        let row = self.rows[index];
        let mut scratch = Vec::new();
        let distance = distance(self.ground.rows.get(row, &mut scratch), center);
        self.canonical += 1;
        let state = &mut self.state[index];
        if distance >= state.bound {
            return;
        }
        (state.bound, state.center) = (distance, self.applied);
        state.seen = self.applied + 1;
        let candidate = Candidate { key: self.ground.key(row, distance), row };
        if self.outside.is_some_and(|outside| outside.precedes(candidate)) {
            self.close(index);
        } else {
            self.keys[index] = candidate.key;
            let interval = &self.packing.interval;
            self.panels[index / PANEL].set_limit(index % PANEL, distance.next_down(), interval);
        }
    }

    /// The row is picked or no longer live: no center can change it in this round.
    fn close(&mut self, index: usize) {
        self.keys[index] = GONE;
        self.panels[index / PANEL].close(index % PANEL);
    }
}

/// A panel of live rows. Only a center strictly nearer than its bound changes a row.
fn pack<M: Multiplier>(
    ground: &HostGround,
    packing: &Packing,
    rows: &[usize],
    state: &[Nearest],
) -> RowPanel<M> {
    let mut panel = RowPanel::new(ground.rows.dimensions());
    let mut scratch = Vec::new();
    for (lane, (&row, state)) in rows.iter().zip(state).enumerate() {
        let x = ground.rows.get(row, &mut scratch);
        panel.set(lane, x, state.bound.next_down(), packing);
    }
    panel
}

/// The largest key, by lanes so that it vectorises; keys are never NaN.
#[inline(always)]
fn largest(keys: &[f64]) -> f64 {
    let (blocks, rest) = keys.as_chunks::<16>();
    let mut lanes = [GONE; 16];
    for block in blocks {
        for (lane, &key) in lanes.iter_mut().zip(block) {
            *lane = if key > *lane { key } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(GONE, f64::max)
}
