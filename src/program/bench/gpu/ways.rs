//! The ways that a selection from host memory can go on a GPU and does not take by itself, measured beside each other.

use crate::lab::{Multiplier, Path, Placement, Tuning, select_tuned};
use crate::{Device, Options, Pool, Selection, Statistics};
use anyhow::Result;
use serde::Serialize;
use std::ops::ControlFlow;

use super::measure::Bench;

/// What is measured: where the pool is kept, and by what rows are multiplied.
const WAYS: [(&str, Placement, Multiplier); 3] = [
    ("staged", Placement::Staged, Multiplier::Fastest),
    ("staged, int8", Placement::Staged, Multiplier::Int8),
    ("int8", Placement::Fitting, Multiplier::Int8),
];

/// One way's figures, those of the median run.
#[derive(Serialize)]
pub struct Way {
    /// `staged`: the pool stays in host memory, as one that does not fit the device; `int8`: rounds on int8 values.
    pub name: &'static str,
    pub seconds: f64,
    pub statistics: Statistics,
}

/// Every way, whose answers must be the same.
pub fn ways(bench: &Bench, device: usize) -> Result<Vec<Way>> {
    let options = Options { device: Device::Cuda(device), ..Options::default() };
    let measured = |&(name, placement, multiplier): &_| {
        let tuning = Tuning { placement, multiplier, path: Path::Rounds, ..Tuning::default() };
        let (seconds, statistics) =
            bench.median(|| select(bench.pool, bench.k, &options, &tuning))?;
        Ok(Way { name, seconds, statistics })
    };
    WAYS.iter().map(measured).collect()
}

fn select(pool: &Pool, k: usize, options: &Options, tuning: &Tuning) -> Result<Selection> {
    Ok(select_tuned(pool, k, options, tuning, &mut |_| ControlFlow::Continue(()))?)
}
