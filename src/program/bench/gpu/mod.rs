//! `farpoint bench --device cuda`.
//!
//! | file | what it has |
//! | --- | --- |
//! | `subject` | the pools that are measured |
//! | `answers` | the CPU's answers, to which the GPU's are held |
//! | `measure`, `small` | the times of one pool; of small pools in one launch |
//! | `phases` | where the time went, and the floor of each phase |
//! | `table` | the figures, to be read |

mod answers;
mod measure;
mod phases;
mod small;
mod subject;
mod table;
mod ways;

use std::time::Instant;

use crate::lab::{GpuFacts, GpuRates, gpu_facts, gpu_rates};
use anyhow::Result;
use serde::Serialize;

use self::measure::{Measured, measure};
use self::small::{Bench, MeasuredSmall, small};
use self::subject::subjects;
use super::{Arguments, write};
use crate::program::machine::{Machine, nvidia_driver};
use crate::program::terminal::print;
use crate::program::{command_line, exit};

/// Everything measured in one run.
#[derive(Serialize)]
struct Record {
    /// Why the figures mean nothing, if they mean nothing.
    warning: Option<&'static str>,
    machine: Machine,
    command: String,
    version: &'static str,
    gpu: GpuFacts,
    /// The driver's own version, where the system tells.
    driver: Option<String>,
    /// To open the device and load the kernels, once a process.
    open_seconds: f64,
    rates: GpuRates,
    pools: Vec<Measured>,
    /// Whole selections in one launch.
    small_pools: Vec<MeasuredSmall>,
}

const TEST_BED: &str = "test bed: the figures mean nothing";

pub fn run(arguments: &Arguments, device: usize) -> Result<exit::Code> {
    let started = Instant::now();
    let gpu = gpu_facts(device)?;
    let open_seconds = started.elapsed().as_secs_f64();
    let rates = gpu_rates(device)?;
    let warning = gpu.is_test_bed.then_some(TEST_BED);
    let tell = |text: String| match arguments.json {
        true => Ok(()),
        false => print(|out| Ok(out.write_all(text.as_bytes())?)),
    };
    tell(warning.map_or_else(String::new, |warning| format!("{warning}\n")))?;
    tell(table::gpu(&gpu, &rates))?;
    let bench = Bench { device, rates: &rates, turns: small_turns(arguments) };
    let (mut pools, mut small_pools) = (Vec::new(), Vec::new());
    for subject in subjects(arguments)? {
        let (measured, in_one_launch) = measure(&subject, bench, arguments.turns.max(1))?;
        tell(table::pool(&measured))?;
        tell(in_one_launch.as_ref().map_or_else(String::new, table::small))?;
        pools.push(measured);
        small_pools.extend(in_one_launch);
    }
    // Else, pools that were given are all that was asked for.
    let wanted = arguments.small || arguments.pool.is_empty();
    let smalls = if wanted { small(arguments.quick) } else { Vec::new() };
    for each in smalls {
        let measured = each.measure(bench)?;
        tell(table::small(&measured))?;
        small_pools.push(measured);
    }
    // A GPU's driver may be there beside the test bed, but is not what ran.
    let driver = if gpu.is_test_bed { None } else { nvidia_driver() };
    let record = Record {
        warning,
        machine: Machine::read(),
        command: command_line::line(),
        version: env!("CARGO_PKG_VERSION"),
        gpu,
        driver,
        open_seconds,
        rates,
        pools,
        small_pools,
    };
    write(arguments, &record)?;
    Ok(exit::DONE)
}

/// Small pools take a millisecond or so: they are given many.
fn small_turns(arguments: &Arguments) -> usize {
    let turns = arguments.turns.max(1);
    if arguments.quick { turns } else { (20 * turns).min(100) }
}
