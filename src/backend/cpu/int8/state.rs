//! Rows, their int8 values and their state, and what changes it but picking.

use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use rayon::prelude::*;

use super::super::beyond::beyond;
use super::super::bulk::Bulk;
use super::super::catch_up::Stages;
use super::super::centers::Centers;
use super::super::frontier::frontier;
use super::super::held_rows::HeldRows;
use super::super::kernels::PANEL;
use super::super::kernels::int8::Int8Multiplier;
use super::super::maxima::BlockMaxima;
use super::super::sweep::{Looked, look};
use super::copy::Int8Rows;
use super::measure::{MOST_INTEGERS, Measure};
use super::nearest::{Nearest, NearestCenters};
use super::panels::{Int8Panels, Packing};
use super::quantize::Quantizer;
use super::refresh::{Found, FoundOfRow, Pending, Refresh, Scratch};
use super::settle::Judge;
use super::whole::Whole;
use crate::backend::Candidate;
use crate::backend::interval::{Interval, scale_for_bulk};
use crate::backend::shard::{FrontierRows, LEFT, RowState};
use crate::distance::{distance, distance_to_point};
use crate::ground::HostGround;
use crate::limits::NO_CENTER;
use crate::pool::Dtype;
use crate::rows::Gather;
use crate::statistics::Statistics;
use crate::values::{RowScratch, RowValues};

/// Rows settled at a time: a refresh's results are held for no more rows than these.
const SETTLED_AT_ONCE: usize = 1 << 16;
/// Rows that a refresh tile holds at most: with a panel of centers they fit the second-level cache.
const TILE: usize = 256;
/// Bytes of rows that a tile holds at most.
const TILE_BYTES: usize = 1 << 20;
/// A product of int8 values is exact; it is rounded when it becomes an f32, by either step, and when those are narrowed.
pub(super) const ERROR_FACTOR: f64 = 1.0 / (1 << 21) as f64;

/// The rows of a pool and their state: 32 bytes a row. Each row has a bound that its distance to its nearest center does not
/// exceed; it is that distance where the row was settled and no center came near since.
pub(crate) struct Int8State<'p, K: Int8Multiplier> {
    multiplier: K,
    pub ground: &'p HostGround<'p>,
    pub centers: Centers<'p>,
    panels: Int8Panels<K>,
    /// What the rows are whole numbers of, as far as a sample tells.
    whole: Option<Whole>,
    /// Whether centers may be vectors that are no rows here.
    has_other_centers: bool,
    prepared: Option<Prepared<'p>>,
    /// `LEFT` for rows that left the order. Empty until the first center is applied.
    pub bounds: Vec<f64>,
    pub seen: Vec<u32>,
    pub nearest: NearestCenters,
    /// Whether each row was settled, a bit each.
    settled: Vec<u64>,
    pub(super) maxima: BlockMaxima,
    /// 1; tests widen the filter's interval or narrow it to nothing.
    width: f64,
    /// One a thread.
    scratch: Vec<Mutex<Scratch>>,
    pub statistics: Statistics,
}

/// What the first read of the pool leaves.
pub(super) struct Prepared<'p> {
    pub rows: Int8Rows<'p>,
    pub quantizer: Quantizer,
    pub measure: Measure,
}

/// The new state of a row.
struct Changed {
    row: usize,
    bound: f64,
    nearest: Nearest,
}

impl<'p, K: Int8Multiplier> Int8State<'p, K> {
    /// The rows of `ground`. Its labeled centers are taken in.
    pub fn new(
        ground: &'p HostGround<'p>,
        whole: Option<Whole>,
        multiplier: K,
        width: f64,
    ) -> Int8State<'p, K> {
        let n = ground.rows.len();
        let threads = 0..rayon::current_num_threads();
        Int8State {
            multiplier,
            ground,
            centers: Centers::new(ground),
            panels: Int8Panels::new(ground.rows.dimensions()),
            whole,
            has_other_centers: ground.outside.is_some(),
            prepared: None,
            bounds: Vec::new(),
            seen: vec![0; n],
            nearest: NearestCenters::first(n),
            settled: vec![0; n.div_ceil(64)],
            maxima: BlockMaxima::new(n),
            width,
            scratch: threads.map(|_| Mutex::new(Scratch::new())).collect(),
            statistics: Statistics {
                device: "cpu".into(),
                filter: "int8".into(),
                ..Statistics::default()
            },
        }
    }

    /// The rows of a shard, whose centers come from the others too.
    pub fn of_shard(
        ground: &'p HostGround<'p>,
        whole: Option<Whole>,
        multiplier: K,
        width: f64,
    ) -> Int8State<'p, K> {
        let rows = Int8State::new(ground, whole, multiplier, width);
        Int8State { has_other_centers: true, ..rows }
    }

    pub(super) fn prepared(&self) -> &Prepared<'p> {
        self.prepared.as_ref().expect("prepared before the first frontier")
    }

    /// Reads the pool once, or again if what looked like whole numbers is not. Second value: each row's distance to center 0.
    fn read(&mut self) -> (Prepared<'p>, Vec<f64>) {
        if let Some(whole) = self.whole {
            if let Some(read) = self.read_whole(&whole) {
                return read;
            }
            self.statistics.row_reads += self.ground.rows.len() as u64;
        }
        self.read_near()
    }

    /// `None` if a row is no whole numbers.
    fn read_whole(&self, whole: &Whole) -> Option<(Prepared<'p>, Vec<f64>)> {
        let (ground, d) = (self.ground, self.ground.rows.dimensions());
        let mut scratch = RowScratch::new();
        let center = self.centers.vector(0, &mut scratch);
        let is_exact = !self.has_other_centers && d <= MOST_INTEGERS;
        // Intervals are in units that are powers of two.
        if !is_exact && !whole.is_of_power_of_two() {
            return None;
        }
        let (rows, distances) = Int8Rows::whole(ground, whole, center, K::FLIP)?;
        let mut quantizer = Quantizer::of_whole(whole, d, self.width);
        if is_exact {
            // No two rows lie farther apart than twice as far as one lies from 0.
            if 4.0 * f64::from(rows.largest_square()) > whole.most_exact() {
                return None;
            }
            let measure = Measure::Integers { unit: whole.unit };
            return Some((Prepared { rows, quantizer, measure }, distances));
        }
        let Bulk { middle, reach } = Bulk::of_ground(ground);
        let moved = distance_to_point(RowValues::F64(&middle), quantizer.middle());
        let measure = self.interval(&mut quantizer, reach + moved);
        Some((Prepared { rows, quantizer, measure }, distances))
    }

    fn read_near(&mut self) -> (Prepared<'p>, Vec<f64>) {
        let ground = self.ground;
        let mut bulk = Bulk::of_ground(ground);
        // Rows of f64 may lie near each other and far from 0, where f32 has no number near their middle.
        if ground.rows.dtype() != Dtype::F64 {
            bulk.middle.iter_mut().for_each(|m| *m = narrow(*m));
        }
        let mut quantizer = Quantizer::new(&bulk, self.width);
        let mut scratch = RowScratch::new();
        let center = self.centers.vector(0, &mut scratch);
        let (rows, distances) = Int8Rows::near(ground, &quantizer, center, K::FLIP);
        self.statistics.beyond = beyond(ground, &self.centers, &bulk, &distances);
        let measure = self.interval(&mut quantizer, bulk.reach);
        (Prepared { rows, quantizer, measure }, distances)
    }

    /// The intervals for rows most of which lie within `reach` of the middle.
    fn interval(&self, quantizer: &mut Quantizer, reach: f64) -> Measure {
        let (scale, d) = (scale_for_bulk(reach), self.ground.rows.dimensions());
        quantizer.rescale(scale);
        Measure::Interval(Interval::new(scale, d, ERROR_FACTOR, self.width))
    }

    /// Applies to `rows` their pending centers below number `end`. Sorts the rows, so that rows with the same pending
    /// centers share a tile.
    pub fn refresh_rows(&mut self, rows: &mut [usize], end: usize) {
        let started = Instant::now();
        let mut order: Vec<(u32, usize)> = rows.iter().map(|&row| (self.seen[row], row)).collect();
        order.par_sort_unstable();
        rows.iter_mut().zip(order).for_each(|(row, (_, next))| *row = next);
        let mut start = rows.first().map_or(end, |&row| self.seen[row] as usize);
        while start < end && !self.ground.is_interrupted() {
            let window = start - start % PANEL;
            let window = window..end.min(window + self.panels.reach());
            start = window.end;
            self.refresh_window(rows, window);
        }
        self.statistics.refresh_seconds += started.elapsed().as_secs_f64();
    }

    /// Apply the centers of `window`, as many as can be packed at once.
    fn refresh_window(&mut self, rows: &[usize], window: Range<usize>) {
        let prepared = self.prepared.as_ref().expect("prepared before the first refresh");
        let Prepared { rows: int8, quantizer, measure } = prepared;
        let end = window.end;
        let packing = Packing { centers: &self.centers, rows: int8, quantizer, measure };
        self.panels.ensure(window, packing);
        let behind = rows.partition_point(|&row| (self.seen[row] as usize) < end);
        let rows = &rows[..behind];
        let tile = tile_rows::<K>(behind, self.ground.rows.dimensions());
        let refresh = Refresh {
            multiplier: self.multiplier,
            rows: int8,
            quantizer,
            measure,
            panels: &self.panels,
            end,
        };
        let work = |tile: &[usize]| {
            let thread = rayon::current_thread_index().expect("the engine runs on its own threads");
            let mut scratch = self.scratch[thread].lock().expect("a panic ends the run");
            let pending: Vec<Pending> = tile.iter().map(|&row| self.pending(row)).collect();
            let found = refresh.tile(&pending, &mut scratch, || !self.ground.is_interrupted());
            (found.pairs, self.changed(tile, &found))
        };
        let done: Vec<(u64, Vec<Changed>)> = rows.par_chunks(tile).map(work).collect();
        for (pairs, changed) in done {
            self.statistics.tile_evaluations += pairs;
            for Changed { row, bound, nearest } in changed {
                self.bounds[row] = bound;
                self.nearest.set(row, nearest);
            }
        }
        for &row in rows {
            self.statistics.refresh_evaluations += (end - self.seen[row] as usize) as u64;
            self.seen[row] = u32::try_from(end).expect("centers are numbered below 2^32");
        }
        self.statistics.refreshed_rows += rows.len() as u64;
        if self.prepared().rows.lie_in_place() {
            self.statistics.row_reads += rows.len() as u64;
        }
    }

    fn pending(&self, row: usize) -> Pending {
        let bound = self.bounds[row];
        let limit = if self.nearest.is_exact(row) { bound.next_down() } else { bound };
        Pending { row, seen: self.seen[row] as usize, limit }
    }

    /// The new states of those rows of `tile` that a center came near enough.
    fn changed(&self, tile: &[usize], found: &Found) -> Vec<Changed> {
        let mut start = 0;
        let rows = tile.iter().zip(&found.rows);
        let changed = rows.filter_map(|(&row, of_row)| {
            let centers = &found.centers[start..of_row.end];
            start = of_row.end;
            (!centers.is_empty() || of_row.is_any).then(|| self.change(row, of_row, centers))
        });
        changed.collect()
    }

    /// The new state of a row of which a search found this.
    fn change(&self, row: usize, found: &FoundOfRow, centers: &[(u32, f64)]) -> Changed {
        let before = self.bounds[row];
        let bound = found.nearer.unwrap_or(before);
        let nearest = match self.prepared().measure {
            _ if found.is_any => Nearest::Any,
            Measure::Integers { .. } => Nearest::Exact(centers[0].0),
            Measure::Interval(_) => {
                self.nearest.get(row).and(centers.iter().copied(), before, bound)
            }
        };
        Changed { row, bound, nearest }
    }

    /// Makes the bounds of `rows` exact, by canonical distances.
    pub fn settle_rows(&mut self, rows: &[usize]) {
        let open: Vec<usize> =
            rows.iter().copied().filter(|&row| !self.nearest.is_exact(row)).collect();
        let judge = Judge { ground: self.ground, centers: &self.centers, chosen: &[] };
        let settle = |scratch: &mut _, &row: &usize| {
            let goes_on = !self.ground.is_interrupted();
            goes_on.then(|| judge.nearest(row, &self.nearest.get(row), self.seen[row], scratch))
        };
        self.ground.rows.will_need(&mut open.iter().copied());
        let settled = open.par_iter().map_init(Default::default, settle).collect();
        // Of an interrupted run only the picks count.
        let settled: Option<Vec<_>> = settled;
        let Some(settled) = settled else { return };
        for (&row, settled) in open.iter().zip(settled) {
            self.statistics.refresh_canonical += settled.evaluations;
            self.bounds[row] = settled.distance;
            self.nearest.set(row, Nearest::Exact(settled.center));
            self.was_settled(row);
        }
        self.statistics.settled_rows += open.len() as u64;
        self.statistics.row_reads += open.len() as u64;
    }

    /// Counts a row that was settled.
    pub fn was_settled(&mut self, row: usize) {
        let (word, bit) = (&mut self.settled[row / 64], 1 << (row % 64));
        self.statistics.distinct_settled_rows += u64::from(*word & bit == 0);
        *word |= bit;
    }

    /// Rows that may not be chosen have a nearest center all the same: as at the start, center 0 is applied to them.
    fn bring_back_excluded(&mut self) {
        let (ground, mut center) = (self.ground, RowScratch::new());
        let first = self.centers.vector(0, &mut center);
        let bounds = self.bounds.par_iter_mut().enumerate();
        bounds.filter(|(row, _)| ground.excluded[*row]).for_each_init(
            RowScratch::new,
            |scratch, (row, bound)| {
                if !ground.is_interrupted() {
                    *bound = distance(ground.rows.get(row, scratch), first);
                }
            },
        );
    }

    /// Settles each row by the centers that it has seen: its distance to the nearest of them, and that center's number. `None` if the run
    /// is interrupted.
    pub fn settle_seen(&mut self) -> Option<(Vec<f64>, Vec<u32>)> {
        let started = Instant::now();
        let n = self.bounds.len();
        for start in (0..n).step_by(SETTLED_AT_ONCE) {
            let block = start..n.min(start + SETTLED_AT_ONCE);
            let rows: Vec<usize> = block.filter(|&row| self.bounds[row] >= 0.0).collect();
            self.settle_rows(&rows);
        }
        self.statistics.refresh_seconds += started.elapsed().as_secs_f64();
        let goes_on = !self.ground.is_interrupted();
        goes_on.then(|| {
            let nearest = self.nearest_settled();
            (std::mem::take(&mut self.bounds), nearest)
        })
    }

    /// The nearest center of each settled row. Centers are their own nearest, as the caller knows, and an interrupted run has no answer.
    fn nearest_settled(&self) -> Vec<u32> {
        let center =
            |row| if self.nearest.is_exact(row) { self.nearest.exact(row) } else { NO_CENTER };
        (0..self.seen.len()).map(center).collect()
    }
}

/// To a number of f32.
#[expect(clippy::cast_possible_truncation, reason = "the rounding meant")]
fn narrow(value: f64) -> f64 {
    f64::from(value as f32)
}

/// A few tiles a thread, so that none waits long for another.
fn tile_rows<K: Int8Multiplier>(rows: usize, d: usize) -> usize {
    let most = (TILE_BYTES / K::depth(d)).clamp(32, TILE);
    (rows / (4 * rayon::current_num_threads())).next_multiple_of(32).clamp(32, most)
}

impl<K: Int8Multiplier> Stages for Int8State<'_, K> {
    fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    fn seen(&self, row: usize) -> usize {
        self.seen[row] as usize
    }

    fn key(&self, row: usize, bound: f64) -> f64 {
        self.ground.key(row, bound)
    }

    fn refresh(&mut self, rows: &mut [usize], end: usize) {
        self.refresh_rows(rows, end);
    }

    fn make_exact(&mut self, rows: &[usize]) {
        self.settle_rows(rows);
    }

    fn look(&mut self, part: Range<usize>, reached: Candidate, end: usize) -> Looked {
        let (ground, bounds, seen) = (self.ground, &self.bounds, &self.seen);
        let key_of = |row: usize| (bounds[row] > 0.0).then(|| ground.key(row, bounds[row]));
        let nearest = &self.nearest;
        let lacks = |row: usize| (seen[row] as usize) < end || !nearest.is_exact(row);
        let maxima = self.maxima.of(part.clone());
        let (looked, looks) = look(part, key_of, maxima, reached, lacks);
        self.statistics.bounds_looked_at += looks;
        looked
    }

    fn is_interrupted(&self) -> bool {
        self.ground.is_interrupted()
    }
}

impl<'p, K: Int8Multiplier> HeldRows<'p> for Int8State<'p, K> {
    fn ground(&self) -> &'p HostGround<'p> {
        self.ground
    }

    fn centers(&self) -> &Centers<'p> {
        &self.centers
    }

    fn centers_mut(&mut self) -> &mut Centers<'p> {
        &mut self.centers
    }

    /// Makes the int8 values too.
    fn prepare(&mut self) -> bool {
        if self.prepared.is_some() {
            return false;
        }
        let started = Instant::now();
        let (prepared, bounds) = self.read();
        self.prepared = Some(prepared);
        self.bounds = bounds;
        self.seen.fill(1);
        for (bound, &eligible) in self.bounds.iter_mut().zip(&self.ground.eligible) {
            if !eligible {
                *bound = LEFT;
            }
        }
        self.centers.rows().for_each(|row| self.bounds[row] = LEFT);
        self.statistics.row_reads += self.bounds.len() as u64;
        self.statistics.prepare_seconds += started.elapsed().as_secs_f64();
        true
    }

    fn frontier(&mut self, size: usize) -> FrontierRows {
        let started = Instant::now();
        let key = |row, bound| self.ground.key(row, bound);
        let (found, looks) = frontier(&self.bounds, key, &mut self.maxima, size);
        self.statistics.bounds_looked_at += looks;
        self.statistics.frontier_seconds += started.elapsed().as_secs_f64();
        found
    }

    fn state(&self, row: usize) -> RowState {
        let center = self.nearest.exact(row);
        RowState { bound: self.bounds[row], center, seen: self.seen[row] }
    }

    fn set_state(&mut self, row: usize, state: RowState) {
        (self.bounds[row], self.seen[row]) = (state.bound, state.seen);
        self.nearest.set(row, Nearest::Exact(state.center));
    }

    fn leave(&mut self, row: usize) {
        if let Some(bound) = self.bounds.get_mut(row) {
            *bound = LEFT;
        }
    }

    fn settle(&mut self) -> (Vec<f64>, Vec<u32>) {
        let started = Instant::now();
        self.prepare();
        self.bring_back_excluded();
        let n = self.bounds.len();
        for start in (0..n).step_by(SETTLED_AT_ONCE) {
            let block = start..n.min(start + SETTLED_AT_ONCE);
            let mut rows: Vec<usize> = block.filter(|&row| self.bounds[row] > 0.0).collect();
            self.refresh_rows(&mut rows, self.centers.len());
            if self.ground.is_interrupted() {
                break;
            }
            rows.sort_unstable();
            self.settle_rows(&rows);
        }
        self.statistics.settle_seconds += started.elapsed().as_secs_f64();
        let nearest = self.nearest_settled();
        (std::mem::take(&mut self.bounds), nearest)
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    fn statistics_mut(&mut self) -> &mut Statistics {
        &mut self.statistics
    }
}
