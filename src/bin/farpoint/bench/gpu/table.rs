//! A GPU's figures, to be read.

use std::fmt::Write as _;

use farpoint::tuning::{GpuFacts, GpuRates};

use super::measure::Measured;
use super::phases::{Phase, Work};

/// The GPU, and its rates.
pub fn gpu(facts: &GpuFacts, rates: &GpuRates) -> String {
    format!(
        "cuda:{}: {}, compute capability {}, {} multiprocessors, {:.1} GB of which {:.1} free, driver for CUDA {}\n  \
         memory     copy {:.0} GB/s (read and written), read {:.0} GB/s, upload from pinned memory {:.1} GB/s\n  \
         arithmetic f32 {:.2} TFLOP/s, f64 {:.2} TFLOP/s by multiply-adds\n  \
         latency    launch {}, launch and wait {}, a block's pick {}, all blocks' pick {}\n",
        facts.device,
        facts.name,
        facts.capability,
        facts.multiprocessors,
        facts.memory_bytes as f64 / 1e9,
        facts.free_bytes as f64 / 1e9,
        facts.cuda_version,
        rates.copy_bytes_per_second / 1e9,
        rates.read_bytes_per_second / 1e9,
        rates.upload_bytes_per_second / 1e9,
        rates.fma_flop_per_second / 1e12,
        rates.fma64_flop_per_second / 1e12,
        time(rates.launch_seconds),
        time(rates.round_trip_seconds),
        time(rates.barrier_seconds),
        time(rates.group_barrier_seconds),
    )
}

/// One pool's figures.
pub fn pool(m: &Measured) -> String {
    let mut text = format!(
        "{}: {} x {} {}, budget {}\n  \
         the same rows and radii, to the bit, as the CPU engine's, which took {} on {} threads\n  \
         {} (least {}, most {}, {} turns); without preparing {}; floor {}\n",
        m.pool,
        m.rows,
        m.dimensions,
        m.dtype,
        m.budget,
        time(m.cpu_seconds),
        m.cpu_threads,
        time(m.seconds),
        time(m.least_seconds),
        time(m.most_seconds),
        m.turns,
        time(m.seconds_without_prepare),
        time(m.floor_seconds),
    );
    for phase in m.phases.iter().filter(|phase| phase.seconds > 0.0) {
        line(&mut text, phase);
    }
    let _ = writeln!(
        text,
        "  rounds {}, evaluations {:.3} n k (tiles {:.3}, picking {:.3}), reads {:.1} a row, canonical {:.2} a refreshed row\n  \
         frontier {} a round, picking {} a pick\n  \
         device memory {:.0} MB of {:.0} MB allowed",
        m.rounds,
        m.evaluations_fraction,
        m.tile_fraction,
        m.pick_fraction,
        m.reads_per_row,
        m.canonical_per_refreshed_row,
        time(m.frontier_seconds_per_round),
        time(m.pick_seconds_per_pick),
        m.device_bytes as f64 / 1e6,
        m.allowed_bytes as f64 / 1e6,
    );
    text
}

fn line(text: &mut String, phase: &Phase) {
    let _ = write!(
        text,
        "  {:<9} {:>11} {:>5.1} %",
        phase.name,
        time(phase.seconds),
        100.0 * phase.share_of_total
    );
    if !phase.work.is_empty() {
        let _ = write!(
            text,
            "   {:>5.1} % of the measured rates, floor {}: ",
            100.0 * phase.share_of_rate,
            time(phase.floor_seconds)
        );
        text.push_str(&phase.work.iter().map(work).collect::<Vec<_>>().join(", "));
    }
    text.push('\n');
}

fn work(work: &Work) -> String {
    let amount = match work.unit {
        "picks" => format!("{}", work.amount),
        unit => scaled(work.amount) + unit,
    };
    format!("{} ({amount}) {}", work.what, time(work.floor_seconds))
}

/// An amount at a scale that shows three digits, ready for its unit.
fn scaled(amount: f64) -> String {
    let scales = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let scale = scales.into_iter().find(|&(least, _)| amount >= least);
    let (least, prefix) = scale.unwrap_or((1.0, ""));
    format!("{:.2} {prefix}", amount / least)
}

/// Seconds at a scale that shows three digits.
fn time(seconds: f64) -> String {
    match seconds {
        0.0..1e-3 => format!("{:.2} us", seconds * 1e6),
        1e-3..1.0 => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{seconds:.3} s"),
    }
}
