//! A pool no larger than a frontier: the whole selection is one launch.

use std::time::Instant;

use super::batch::{Layout, Run, check_values};
use super::feed::Feed;
use super::kernels::borrow::{DevicePool, Stream};
use super::kernels::memory::fetch;
use super::number;
use super::roles::roles;
use crate::backend::{Backend, Candidate, Picked};
use crate::error::Result;
use crate::problem::Problem;
use crate::statistics::Statistics;

/// Rows of such a pool at most.
pub(crate) const MOST_ROWS: usize = 4096;

/// A center that is no pool row, as in kernels/order.cuh.
const NO_ROW: u32 = u32::MAX;

/// A small pool's selection: one round, in which every center is applied to every row as it is picked.
pub(crate) struct AtOnce<'p> {
    problem: &'p Problem<'p>,
    stream: &'p Stream,
    /// Where the pool lies on the device already.
    lent: Option<&'p DevicePool<'p>>,
    run: Run,
    /// Picks given before the launch.
    given: Vec<usize>,
    is_done: bool,
    statistics: Statistics,
}

impl<'p> AtOnce<'p> {
    /// None if the pool is too large for one launch, or the device has not that much memory free.
    pub fn new(
        problem: &'p Problem<'p>,
        stream: &'p Stream,
        lent: Option<&'p DevicePool<'p>>,
    ) -> Result<Option<AtOnce<'p>>> {
        if problem.rows.len() > MOST_ROWS {
            return Ok(None);
        }
        let layout = layout(problem, lent.is_some());
        let Some(run) = Run::new(stream, layout)? else {
            return Ok(None);
        };
        let statistics = Statistics {
            device: format!("cuda:{}", stream.gpu().context().ordinal()),
            device_bytes: run.device_bytes,
            ..Statistics::default()
        };
        let given = Vec::new();
        Ok(Some(AtOnce { problem, stream, lent, run, given, is_done: false, statistics }))
    }

    fn left(&self) -> usize {
        let eligible = self.problem.eligible.iter().filter(|&&eligible| eligible).count();
        let picks: usize = self.run.outcomes().map(|outcome| outcome.picks.len()).sum();
        eligible - self.given.len() - picks
    }

    /// Everything but the launch itself.
    fn send_all(&self) -> Result<()> {
        let (run, stream) = (&self.run, self.stream.cuda_stream());
        if let Some(weights) = self.problem.weights {
            run.send(stream, weights, run.buffers.weights)?;
        }
        run.send(stream, &roles(self.problem, &self.given), run.buffers.roles)?;
        self.send_given()?;
        if self.lent.is_some() {
            return Ok(());
        }
        let (pool, stream) = (self.problem.rows.pool(), self.stream.cuda_stream());
        Feed::copy_all(&run.gpu, stream, pool, run.buffers.pool)
    }

    /// Centers applied before the first pick: pool rows by number, others by their values.
    fn send_given(&self) -> Result<()> {
        let (run, stream) = (&self.run, self.stream.cuda_stream());
        let labeled = self.problem.labeled.iter();
        let outside = self.problem.labeled_count() - self.problem.labeled.len();
        let rows: Vec<u32> = labeled
            .map(|&row| number(row))
            .chain(std::iter::repeat_n(NO_ROW, outside))
            .chain(self.given.iter().map(|&row| number(row)))
            .collect();
        run.send(stream, &rows, run.buffers.given_rows)?;
        let mut scratch = Vec::new();
        let d = run.layout.d;
        for center in self.problem.labeled.len()..self.problem.labeled_count() {
            let values = self.problem.labeled_vector(center, &mut scratch);
            run.send(stream, values, run.buffers.centers.part(center * d, d))?;
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
        let values = self.lent.map_or(self.run.buffers.pool.pointer(), |pool| pool.address);
        self.run.queue(stream, values, stop)?;
        self.run.fetch(stream)?;
        self.is_done = true;
        self.statistics.pick_seconds = launched.elapsed().as_secs_f64();
        self.count();
        let lent = self.lent;
        let outcome = self.run.outcomes().next().expect("one pool");
        check_values(&outcome.result, 0, |row| {
            lent.expect("the host checked the values of its own pool").not_finite(row, self.stream)
        })
    }

    fn count(&mut self) {
        let outcome = self.run.outcomes().next().expect("one pool");
        let (n, centers) = (self.problem.rows.len(), self.run.layout.given + outcome.picks.len());
        let reads = if self.run.spread.is_cached { n } else { n * (1 + centers) };
        let canonical = outcome.result.canonical;
        let s = &mut self.statistics;
        s.rounds = 1;
        s.pick_evaluations = (n * centers) as u64;
        s.pick_canonical = canonical;
        s.row_reads = reads as u64;
    }
}

fn layout(problem: &Problem, is_lent: bool) -> Layout {
    let rows = &problem.rows;
    // Where nothing is labeled and nothing resumed from, the first center is given.
    let picks = match problem.labeled_count() {
        0 => problem.resume.len().max(1),
        _ => problem.resume.len(),
    };
    Layout {
        offsets: vec![0, rows.len()],
        budgets: vec![problem.budget],
        d: rows.dimensions(),
        dtype: rows.dtype(),
        metric: rows.metric(),
        given: problem.labeled_count() + picks,
        has_firsts: false,
        has_roles: true,
        has_weights: problem.weights.is_some(),
        pool_bytes: if is_lent { 0 } else { rows.pool().bytes() },
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
        let (n, stream) = (self.problem.rows.len(), self.stream.cuda_stream());
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
