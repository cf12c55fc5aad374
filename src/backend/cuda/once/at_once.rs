//! A pool no larger than a frontier: the whole selection is one launch.

use std::time::Instant;

use super::layout::Layout;
use super::run::Run;
use super::values::check_values;
use crate::backend::cuda::abi::{number, seen_bytes};
use crate::backend::cuda::driver::copies::fetch;
use crate::backend::cuda::feed::Feed;
use crate::backend::cuda::lent::Stream;
use crate::backend::cuda::mean::nearest_the_mean;
use crate::backend::cuda::placement::Placement;
use crate::backend::cuda::roles::roles;
use crate::backend::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::Ground;
use crate::limits::NO_ROW;
use crate::mean;
use crate::statistics::Statistics;
use crate::values::{RowBlock, RowScratch};

/// Rows of such a pool at most.
pub(crate) const MOST_ROWS: usize = 4096;

/// The largest numbers that a selection may reach: its memory is allocated for them before it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Picks at most.
    pub picks: usize,
    /// How many of those are given before the first round.
    pub given: usize,
    /// Centers at most: labeled ones and picks.
    pub centers: usize,
}

/// A small pool's selection: one round, in which every center is applied to every row as it is picked.
pub(crate) struct AtOnce<'p> {
    ground: &'p Ground<'p>,
    stream: &'p Stream,
    placement: Placement<'p>,
    run: Run,
    /// Picks given before the launch.
    given: Vec<usize>,
    is_done: bool,
    statistics: Statistics,
}

impl<'p> AtOnce<'p> {
    /// `None` if the pool is too large for one launch, or the device does not have that much memory free.
    pub fn new(
        ground: &'p Ground<'p>,
        size: Size,
        stream: &'p Stream,
        placement: Placement<'p>,
    ) -> Result<Option<AtOnce<'p>>> {
        if ground.rows.len() > MOST_ROWS {
            return Ok(None);
        }
        let layout = layout(ground, size, placement);
        let Some(run) = Run::new(stream, layout)? else {
            return Ok(None);
        };
        let statistics = Statistics {
            device: format!("cuda:{}", stream.gpu().context().ordinal()),
            device_bytes: run.device_bytes,
            ..Statistics::default()
        };
        let given = Vec::new();
        Ok(Some(AtOnce { ground, stream, placement, run, given, is_done: false, statistics }))
    }

    fn left(&self) -> usize {
        let eligible = self.ground.eligible_count();
        let picks: usize = self.run.outcomes().map(|outcome| outcome.picks.len()).sum();
        eligible - self.given.len() - picks
    }

    /// Sends everything that the launch needs.
    fn send_all(&self) -> Result<()> {
        let (run, stream) = (&self.run, self.stream.cuda_stream());
        if let Some(weights) = self.ground.weights {
            run.send(stream, weights, run.buffers.weights)?;
        }
        run.send(stream, &roles(self.ground, &self.given), run.buffers.roles)?;
        self.send_given()?;
        match self.placement.on_host() {
            None => Ok(()),
            Some(rows) => {
                Feed::copy_all(&run.gpu, stream, rows.pool(), rows.range(), run.buffers.pool)
            }
        }
    }

    /// Centers applied before the first pick: pool rows by number, others by their values.
    fn send_given(&self) -> Result<()> {
        let (run, stream) = (&self.run, self.stream.cuda_stream());
        let labeled = self.ground.labeled.iter();
        let outside = self.ground.labeled_count() - self.ground.labeled.len();
        let rows: Vec<u32> = labeled
            .map(|&row| number(row))
            .chain(std::iter::repeat_n(NO_ROW, outside))
            .chain(self.given.iter().map(|&row| number(row)))
            .collect();
        run.send(stream, &rows, run.buffers.given_rows)?;
        let mut scratch = RowScratch::new();
        let row_bytes = run.layout.d * seen_bytes(run.layout.dtype);
        for center in self.ground.labeled.len()..self.ground.labeled_count() {
            let mut values = RowBlock::default();
            values.push(self.ground.labeled_vector(center, &mut scratch));
            let values = values.seen_in(run.layout.dtype);
            run.send(stream, values, run.buffers.centers.part(center * row_bytes, row_bytes))?;
        }
        Ok(())
    }

    fn launch(&mut self, limit: usize, stop: f64) -> Result<()> {
        let started = Instant::now();
        self.send_all()?;
        self.statistics.prepare_seconds = started.elapsed().as_secs_f64();
        let launched = Instant::now();
        let stream = self.stream.cuda_stream();
        self.run.send_budgets(stream, &[limit])?;
        let copied = self.run.buffers.pool.pointer();
        let values = self.placement.lent().map_or(copied, |pool| pool.address);
        self.run.queue(stream, values, stop)?;
        self.run.fetch(stream)?;
        self.is_done = true;
        self.statistics.pick_seconds = launched.elapsed().as_secs_f64();
        self.count();
        let lent = self.placement.lent();
        let outcome = self.run.outcomes().next().expect("one pool");
        check_values(&outcome.result, 0, |row| {
            lent.expect("the host checked the values of its own pool").not_finite(row, self.stream)
        })
    }

    fn count(&mut self) {
        let outcome = self.run.outcomes().next().expect("one pool");
        let (n, centers) = (self.ground.rows.len(), self.run.layout.given + outcome.picks.len());
        let reads = if self.run.spread.is_cached { n } else { n * (1 + centers) };
        let canonical = outcome.result.canonical;
        let s = &mut self.statistics;
        s.rounds = 1;
        s.pick_evaluations = (n * centers) as u64;
        s.pick_canonical = canonical;
        s.row_reads = reads as u64;
    }
}

fn layout(ground: &Ground, size: Size, placement: Placement) -> Layout {
    let rows = &ground.rows;
    Layout {
        offsets: vec![0, rows.len()],
        budgets: vec![size.picks],
        d: rows.dimensions(),
        dtype: rows.dtype(),
        metric: rows.metric(),
        given: ground.labeled_count() + size.given,
        has_firsts: false,
        has_roles: true,
        has_weights: ground.weights.is_some(),
        pool_bytes: placement.on_host().map_or(0, |rows| rows.pool().bytes()),
    }
}

impl Middle for AtOnce<'_> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        match self.placement {
            Placement::Lent(pool) => nearest_the_mean(self.ground, pool, self.stream),
            Placement::Copied(rows) | Placement::Staged(rows) => {
                Ok(mean::nearest_the_mean(self.ground, rows))
            }
        }
    }
}

impl Backend for AtOnce<'_> {
    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        assert!(!self.is_done, "picks are taken in where they are made");
        self.given.extend_from_slice(rows);
        Ok(())
    }

    fn refresh(&mut self, _: usize) -> Result<usize> {
        Ok(self.left())
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        assert!(!self.is_done, "one launch makes every pick");
        self.launch(limit, stop)?;
        let outcome = self.run.outcomes().next().expect("one pool");
        let candidate = |(&row, &key): (&u32, &f64)| Candidate { key, row: row as usize };
        let next = Candidate {
            key: outcome.curve[outcome.picks.len()],
            row: outcome.result.next_row as usize,
        };
        Ok(Picked {
            picks: outcome.picks.iter().zip(outcome.curve).map(candidate).collect(),
            next: (outcome.result.has_next > 0).then_some(next),
        })
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        if !self.is_done {
            self.launch(0, f64::NEG_INFINITY)?;
        }
        let (n, stream) = (self.ground.rows.len(), self.stream.cuda_stream());
        let (mut bounds, mut nearest) = (vec![0.0; n], vec![0; n]);
        self.stream.checked(fetch(stream, self.run.buffers.bounds, &mut bounds))?;
        self.stream.checked(fetch(stream, self.run.buffers.nearest, &mut nearest))?;
        self.stream.synchronize()?;
        Ok((bounds, nearest))
    }

    fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}
