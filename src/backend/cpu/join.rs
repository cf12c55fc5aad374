//! A range join: the pairs of rows within reach of each other. Products in blocks, the interval's test on each, and the canonical
//! distance for what passes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::kernels::{Buffer, Multiplier, PANEL};
use super::pack::{Block, Packing};
use super::row_panel::RowPanel;
use super::tile_rows;
use crate::backend::Neighbour;
use crate::distance::distance;
use crate::rows::{Gather, Rows};
use crate::simd::widest;
use crate::values::{RowBlock, RowScratch};

/// Bytes of rows asked about that are held at once, packed and widened.
const BATCH_BYTES: usize = 64 << 20;

/// The inputs that every tile of a join reads.
pub struct Join<'j, M: Multiplier> {
    pub multiplier: M,
    pub rows: &'j Rows<'j>,
    pub packing: &'j Packing,
    pub reach: f64,
    /// Pairs wanted at most.
    pub most: usize,
    /// Pairs found so far: more than `most` end the join.
    pub found: AtomicUsize,
}

/// A panel of rows asked about.
struct Queries<M: Multiplier> {
    /// The first one's slot.
    slot: usize,
    filled: usize,
    panel: RowPanel<M>,
    /// The rows under the metric, `(filled, d)`.
    values: RowBlock,
}

/// A thread's memory, reused from tile to tile.
struct Scratch<M: Multiplier> {
    block: Block<M>,
    products: Buffer<f32>,
    /// The tile's rows under the metric, `(rows, d)`: a row is made once, however many pairs it is in.
    values: RowBlock,
    /// Their side of the test.
    terms: Vec<(f32, f32, f32)>,
    /// The largest norm and error among them.
    peak: (f32, f32),
    /// Rows with a product that passed.
    passed: Vec<usize>,
    row: RowScratch,
}

impl<M: Multiplier> Join<'_, M> {
    /// Every row of `others` within reach of one of `wanted`, by slot, distance and row; `None` if there are more than `most`.
    pub fn all(&self, wanted: &[usize], others: &[usize]) -> Option<Vec<Neighbour>> {
        let d = self.rows.dimensions();
        let threads = 0..rayon::current_num_threads();
        let scratch: Vec<_> = threads.map(|_| Mutex::new(Scratch::new(d))).collect();
        let batch = batch_rows::<M>(d);
        let mut all = Vec::new();
        for (number, rows) in wanted.chunks(batch).enumerate() {
            let queries = self.queries(rows, number * batch);
            let found = self.batch(&queries, others, &scratch)?;
            let start = all.len();
            all.reserve_exact(found.iter().map(Vec::len).sum());
            found.into_iter().for_each(|pairs| all.extend(pairs));
            all[start..].par_sort_unstable_by_key(Neighbour::order);
        }
        Some(all)
    }

    /// Pack `rows`, the first of which has slot `first`.
    fn queries(&self, rows: &[usize], first: usize) -> Vec<Queries<M>> {
        let pack = |(number, rows): (usize, &[usize])| {
            let d = self.rows.dimensions();
            let mut panel = RowPanel::new(d);
            let (mut values, mut scratch) = (RowBlock::default(), RowScratch::new());
            for (lane, &row) in rows.iter().enumerate() {
                let x = self.rows.get(row, &mut scratch);
                panel.set(lane, x, self.reach, self.packing);
                values.push(x);
            }
            Queries { slot: first + number * PANEL, filled: rows.len(), panel, values }
        };
        rows.par_chunks(PANEL).enumerate().map(pack).collect()
    }

    fn batch(
        &self,
        queries: &[Queries<M>],
        others: &[usize],
        scratch: &[Mutex<Scratch<M>>],
    ) -> Option<Vec<Vec<Neighbour>>> {
        let work = |tile: &[usize]| {
            let thread = rayon::current_thread_index().expect("the engine runs on its own threads");
            let mut scratch = scratch[thread].lock().expect("a panic ends the run");
            self.tile(tile, queries, &mut scratch)
        };
        let tile = tile_rows::<M>(others.len(), self.rows.dimensions());
        others.par_chunks(tile).map(work).collect()
    }

    /// The pairs of `tile` and the rows asked about; `None` if there are too many in all.
    fn tile(
        &self,
        tile: &[usize],
        queries: &[Queries<M>],
        scratch: &mut Scratch<M>,
    ) -> Option<Vec<Neighbour>> {
        self.pack(tile, scratch);
        let mut pairs = Vec::new();
        for queries in queries {
            let before = pairs.len();
            self.filter(queries, scratch);
            self.decide(tile, queries, scratch, &mut pairs);
            let new = pairs.len() - before;
            if self.found.fetch_add(new, Ordering::Relaxed) + new > self.most {
                return None;
            }
        }
        Some(pairs)
    }

    fn pack(&self, tile: &[usize], scratch: &mut Scratch<M>) {
        let Scratch { block, products, values, terms, peak, row, .. } = scratch;
        block.resize(tile.len());
        products.resize(tile.len().next_multiple_of(M::ROWS) * PANEL);
        values.clear();
        terms.clear();
        *peak = (0.0, 0.0);
        let depth = block.depth;
        for (i, &pool_row) in tile.iter().enumerate() {
            let x = self.rows.get(pool_row, row);
            values.push(x);
            let packed = &mut block.values.as_mut_slice()[i * depth..][..depth];
            let operand = self.packing.pack::<M>(x, packed);
            let (base, norm, error) = self.packing.interval.center(operand);
            terms.push((base, norm, error));
            *peak = (peak.0.max(norm), peak.1.max(error));
        }
    }

    /// Finds the rows of the tile that may be within reach of a row of the panel. A product costs one subtraction and
    /// one comparison here, since the tests are loosened to the tile's largest norm and error.
    fn filter(&self, queries: &Queries<M>, scratch: &mut Scratch<M>) {
        let Scratch { block, products, terms, peak, passed, .. } = scratch;
        self.multiplier.multiply(
            block.values.as_slice(),
            block.depth,
            queries.panel.values.as_slice(),
            0..queries.filled,
            products.as_mut_slice(),
        );
        let thresholds = queries.panel.loosened(peak.0, peak.1);
        passed.clear();
        widest(
            #[inline(always)]
            || {
                let products = products.as_slice().as_chunks::<PANEL>().0;
                for (i, (&(base, ..), products)) in terms.iter().zip(products).enumerate() {
                    if any_passes(products, base, &thresholds) {
                        passed.push(i);
                    }
                }
            },
        );
    }

    /// The canonical distance of every pair that its own test admits.
    fn decide(
        &self,
        tile: &[usize],
        queries: &Queries<M>,
        scratch: &Scratch<M>,
        pairs: &mut Vec<Neighbour>,
    ) {
        let d = self.rows.dimensions();
        for &i in &scratch.passed {
            let products = &scratch.products.as_slice().as_chunks::<PANEL>().0[i];
            let (base, norm, error) = scratch.terms[i];
            let (_, admitted) = widest(
                #[inline(always)]
                || queries.panel.admits(products, base, norm, error),
            );
            let c = scratch.values.row(i, d);
            for lane in (0..queries.filled).filter(|&lane| admitted[lane]) {
                let distance = distance(queries.values.row(lane, d), c);
                if distance <= self.reach {
                    pairs.push(neighbour(queries.slot + lane, tile[i], distance));
                }
            }
        }
    }
}

impl<M: Multiplier> Scratch<M> {
    fn new(d: usize) -> Scratch<M> {
        Scratch {
            block: Block::new(d),
            products: Buffer::new(),
            values: RowBlock::default(),
            terms: Vec::new(),
            peak: (0.0, 0.0),
            passed: Vec::new(),
            row: RowScratch::new(),
        }
    }
}

/// Whether any product passes its lane's threshold. A value that is not a number passes.
#[inline(always)]
#[expect(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "what is not a number must be admitted, in one comparison"
)]
fn any_passes(products: &[f32; PANEL], base: f32, thresholds: &[f32; PANEL]) -> bool {
    let mut any = false;
    for (product, threshold) in products.iter().zip(thresholds) {
        any |= !(base - 2.0 * product > *threshold);
    }
    any
}

/// Rows asked about at once: whole panels.
fn batch_rows<M: Multiplier>(d: usize) -> usize {
    let bytes = M::depth(d) * size_of::<M::Value>() + d * size_of::<f32>();
    (BATCH_BYTES / bytes / PANEL).max(1) * PANEL
}

fn neighbour(slot: usize, row: usize, distance: f64) -> Neighbour {
    let narrow = |number| u32::try_from(number).expect("rows are numbered below 2^32");
    Neighbour { slot: narrow(slot), row: narrow(row), distance }
}
