//! Where a run's time went, and what each part of it cannot be faster than on this GPU.

use crate::Statistics;
use crate::lab::GpuRates;
use serde::Serialize;

/// A part of a run.
#[derive(Serialize)]
pub struct Phase {
    pub name: &'static str,
    pub seconds: f64,
    pub share_of_total: f64,
    /// The work that it has to do at least; each piece takes `floor_seconds` at the rate measured.
    pub work: Vec<Work>,
    /// The sum of its work's.
    pub floor_seconds: f64,
    /// Floor over seconds: 1 is all that the device can do.
    pub share_of_rate: f64,
}

/// An amount of work, and the rate at which the device was measured to do it.
#[derive(Serialize)]
pub struct Work {
    pub what: &'static str,
    pub amount: f64,
    /// Of `amount`: `B`, `FLOP`, `picks`.
    pub unit: &'static str,
    /// Which of the rates.
    pub rate: &'static str,
    pub floor_seconds: f64,
}

/// The run that the phases are of.
pub struct Run<'a> {
    pub rates: &'a GpuRates,
    pub statistics: &'a Statistics,
    pub seconds: f64,
    pub n: usize,
    pub d: usize,
    pub k: usize,
    pub pool_bytes: usize,
    /// Whether the pool was brought to the device within it.
    pub uploads: bool,
}

/// A row's bound is read at least twice a round: to find the frontier's threshold, and to list the rows above it.
const BOUND_READS: f64 = 2.0;

impl Run<'_> {
    /// The phases, in order; what no phase accounts for is the last.
    pub fn phases(&self) -> Vec<Phase> {
        let s = self.statistics;
        let mut phases = vec![
            self.phase("prepare", s.prepare_seconds, self.prepare()),
            self.phase("frontier", s.frontier_seconds, self.frontier()),
            self.phase("refresh", s.refresh_seconds, self.refresh()),
            self.phase("pick", s.pick_seconds, self.pick()),
            self.phase("settle", s.settle_seconds, Vec::new()),
        ];
        let known: f64 = phases.iter().map(|phase| phase.seconds).sum();
        phases.push(self.phase("other", (self.seconds - known).max(0.0), Vec::new()));
        phases
    }

    fn phase(&self, name: &'static str, seconds: f64, work: Vec<Work>) -> Phase {
        // From 0: no numbers at all sum to -0.
        let floor_seconds = work.iter().fold(0.0, |sum, work| sum + work.floor_seconds);
        Phase {
            name,
            seconds,
            share_of_total: seconds / self.seconds,
            work,
            floor_seconds,
            // A phase that took no time was not there.
            share_of_rate: if seconds > 0.0 { floor_seconds / seconds } else { 0.0 },
        }
    }

    fn prepare(&self) -> Vec<Work> {
        let pool = self.pool_bytes as f64;
        let mut work = vec![self.read("the pool read once", pool)];
        if self.uploads {
            let rate = self.rates.upload_bytes_per_second;
            work.push(Work::new("the pool uploaded", pool, "B", ("upload", rate)));
        }
        work
    }

    fn frontier(&self) -> Vec<Work> {
        let bounds = self.statistics.rounds as f64 * self.n as f64 * size_of::<f64>() as f64;
        vec![self.read("every bound read twice a round", BOUND_READS * bounds)]
    }

    fn refresh(&self) -> Vec<Work> {
        let s = self.statistics;
        let row_bytes = self.pool_bytes as f64 / self.n as f64;
        vec![
            self.products(
                "products",
                s.tile_evaluations,
                ("matrix", self.rates.matrix_flop_per_second),
            ),
            self.canonical(s.refresh_canonical),
            self.read("frontier rows read", s.refreshed_rows as f64 * row_bytes),
        ]
    }

    fn pick(&self) -> Vec<Work> {
        let s = self.statistics;
        let rate = self.rates.barrier_seconds.recip();
        vec![
            self.products(
                "products among live rows",
                s.pick_evaluations,
                ("portable matrix", self.rates.portable_matrix_flop_per_second),
            ),
            self.canonical(s.pick_canonical),
            Work::new("a barrier a pick", self.k as f64, "picks", ("barrier", rate)),
        ]
    }

    fn read(&self, what: &'static str, bytes: f64) -> Work {
        Work::new(what, bytes, "B", ("read", self.rates.read_bytes_per_second))
    }

    fn products(&self, what: &'static str, pairs: u64, rate: (&'static str, f64)) -> Work {
        Work::new(what, 2.0 * self.d as f64 * pairs as f64, "FLOP", rate)
    }

    /// A difference and a multiply-add a value: each takes an operation's place, the first half of what it could do.
    fn canonical(&self, distances: u64) -> Work {
        let flop = 4.0 * self.d as f64 * distances as f64;
        Work::new("canonical distances", flop, "FLOP", ("fma64", self.rates.fma64_flop_per_second))
    }
}

impl Work {
    pub fn new(
        what: &'static str,
        amount: f64,
        unit: &'static str,
        (rate, per_second): (&'static str, f64),
    ) -> Work {
        Work { what, amount, unit, rate, floor_seconds: amount / per_second }
    }
}
