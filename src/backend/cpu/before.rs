//! How far each of a list of picks is from the centers before it: what a resumed run must know of its picks again. Of the pool it
//! reads the picks alone.

use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use rayon::prelude::*;

use super::centers::Centers;
use super::kernels::Multiplier;
use super::pack::Packing;
use super::panels::Panels;
use super::prepare::packing_of_centers;
use super::refresh::{Cost, Pending, Refresh, Scratch};
use super::tile_rows;
use crate::backend::Before;
use crate::backend::shard::RowState;
use crate::distance::distance;
use crate::ground::Ground;
use crate::limits::NO_CENTER;
use crate::rows::Gather;
use crate::values::RowScratch;

/// Picks between two looks at the interrupt.
const AT_ONCE: usize = 1024;

/// The distances of `picks`, which are eligible rows. `O(k (k / 2 + labeled) d)` in products, for k picks.
pub(crate) fn distances_before<M: Multiplier, R: Gather + ?Sized>(
    ground: &Ground<R>,
    picks: &[usize],
    multiplier: M,
    width: f64,
) -> Before {
    let mut before = Before::default();
    if picks.is_empty() {
        return before;
    }
    let started = Instant::now();
    let mut list = Picks::new(ground, picks, multiplier, width);
    for start in (0..picks.len()).step_by(AT_ONCE) {
        let end = picks.len().min(start + AT_ONCE);
        // Whoever interrupts gets what is known: never half a block, and at least the first.
        if start > 0 && ground.is_interrupted() {
            break;
        }
        let cost = list.block(start..end, &mut before.distances);
        before.evaluations += cost.evaluations;
        before.canonical += cost.canonical;
    }
    before.seconds = started.elapsed().as_secs_f64();
    before
}

/// Picks, and the centers that they are compared with: the labeled ones and themselves.
struct Picks<'p, M: Multiplier, R: Gather + ?Sized + 'p> {
    ground: &'p Ground<'p, R>,
    picks: &'p [usize],
    multiplier: M,
    centers: Centers<'p, R>,
    packing: Packing,
    panels: Panels<M>,
    /// One a thread.
    scratch: Vec<Mutex<Scratch<M>>>,
}

impl<'p, M: Multiplier, R: Gather + ?Sized> Picks<'p, M, R> {
    fn new(
        ground: &'p Ground<'p, R>,
        picks: &'p [usize],
        multiplier: M,
        width: f64,
    ) -> Picks<'p, M, R> {
        let d = ground.rows.dimensions();
        let mut centers = Centers::new(ground);
        picks.iter().for_each(|&row| centers.push(row));
        let threads = 0..rayon::current_num_threads();
        Picks {
            ground,
            picks,
            multiplier,
            packing: packing_of_centers::<M, R>(&centers, width),
            panels: Panels::new(d),
            centers,
            scratch: threads.map(|_| Mutex::new(Scratch::new(d))).collect(),
        }
    }

    /// Add the distances of the picks `block`, all before which are known.
    fn block(&mut self, block: Range<usize>, distances: &mut Vec<f64>) -> Cost {
        let labeled = self.ground.labeled_count();
        let mut states = self.beside_the_first_center(block.clone());
        let mut cost = Cost { canonical: states.len() as u64, ..Cost::default() };
        let (mut start, end) = (0, labeled + block.end - 1);
        while start < end {
            let window = start..end.min(start + self.panels.reach());
            start = window.end;
            // A center's own number, and those before the window, are none of its pending ones.
            let behind = (window.start + 1).saturating_sub(labeled + block.start);
            let first = block.start + behind.min(states.len());
            cost = cost.and(self.window(window, first, &mut states[first - block.start..]));
        }
        distances.extend(states.iter().map(|state| state.bound));
        cost
    }

    /// The first center is applied with the canonical distance, so that the filter has a bound to begin with.
    fn beside_the_first_center(&self, block: Range<usize>) -> Vec<RowState> {
        let mut scratch = RowScratch::new();
        let first = self.centers.vector(0, &mut scratch);
        let labeled = self.ground.labeled_count();
        let state = |scratch: &mut RowScratch, pick: usize| match labeled + pick {
            0 => RowState { bound: f64::INFINITY, center: NO_CENTER, seen: 0 },
            number => {
                let bound = distance(self.centers.vector(number, scratch), first);
                RowState { bound, center: 0, seen: 1 }
            }
        };
        block.into_par_iter().map_init(RowScratch::new, state).collect()
    }

    /// Apply the centers of `window` to the picks from `first` on, to each those before it; every one of them has some in the window.
    fn window(&mut self, window: Range<usize>, first: usize, states: &mut [RowState]) -> Cost {
        let labeled = self.ground.labeled_count();
        self.panels.ensure(window.clone(), &self.centers, &self.packing);
        let refresh = Refresh {
            multiplier: self.multiplier,
            ground: self.ground,
            centers: &self.centers,
            packing: &self.packing,
            panels: &self.panels,
        };
        let tile = tile_rows::<M>(states.len(), self.ground.rows.dimensions());
        let work = |(number, states): (usize, &mut [RowState])| {
            let thread = rayon::current_thread_index().expect("the engine runs on its own threads");
            let mut scratch = self.scratch[thread].lock().expect("a panic ends the run");
            let pending = |(at, &before): (usize, &RowState)| {
                let pick = first + number * tile + at;
                let end = window.end.min(labeled + pick);
                Pending { row: self.picks[pick], before, end }
            };
            let pending: Vec<Pending> = states.iter().enumerate().map(pending).collect();
            let (after, cost) = refresh.tile(&pending, &mut scratch, || true);
            states.copy_from_slice(&after);
            cost
        };
        states.par_chunks_mut(tile).enumerate().map(work).reduce(Cost::default, Cost::and)
    }
}
