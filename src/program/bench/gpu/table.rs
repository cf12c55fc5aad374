//! A GPU's figures, to be read.

use std::fmt::Write as _;

use crate::lab::{GpuFacts, GpuRates};

use super::super::figure;
use super::measure::{Measured, Timed};
use super::phases::{Phase, Work};
use super::small::MeasuredSmall;

/// The GPU, and its rates.
pub fn gpu(facts: &GpuFacts, rates: &GpuRates) -> String {
    format!(
        "cuda:{}: {}, compute capability {}, {} multiprocessors, {:.1} GB of which {:.1} free, driver for CUDA {}\n  \
         memory     copy {:.0} GB/s (read and written), read {:.0} GB/s, upload from pinned memory {:.1} GB/s\n  \
         arithmetic f32 {:.2} TFLOP/s, f64 {:.2} TFLOP/s by multiply-adds; f16 matrix products {:.2} TFLOP/s, by what every GPU has {:.2}\n  \
         exactness  sums of products lose {:.3} of what the filter allows for, by what every GPU has {:.3}\n  \
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
        rates.matrix_flop_per_second / 1e12,
        rates.portable_matrix_flop_per_second / 1e12,
        rates.accumulation_share,
        rates.portable_accumulation_share,
        time(rates.launch_seconds),
        time(rates.round_trip_seconds),
        time(rates.barrier_seconds),
        time(rates.group_barrier_seconds),
    )
}

/// One pool's figures.
pub fn pool(m: &Measured) -> String {
    let mut text = format!(
        "{}: {} x {} {}, budget {}, {} turns\n  \
         the same rows and radii, to the bit, as the CPU engine's, which took {} on {} threads\n",
        m.pool,
        m.rows,
        m.dimensions,
        m.dtype,
        m.budget,
        m.turns,
        time(m.cpu_seconds),
        m.cpu_threads,
    );
    selection(&mut text, "from host memory", &m.from_host);
    selection(&mut text, "from the device", &m.from_device);
    for way in &m.ways {
        let s = &way.statistics;
        let reads = s.row_reads as f64 / m.rows as f64;
        let _ = writeln!(
            text,
            "  from host memory, {}: {}; reads {reads:.1} a row, refreshing {}, device memory {:.0} MB",
            way.name,
            time(way.seconds),
            time(s.refresh_seconds),
            s.device_bytes as f64 / 1e6,
        );
    }
    text
}

fn selection(text: &mut String, from: &str, t: &Timed) {
    let _ = writeln!(
        text,
        "  {from}: {} (least {}, most {}); floor {}, {:.1} % of the measured rates",
        time(t.seconds),
        time(t.least_seconds),
        time(t.most_seconds),
        time(t.floor_seconds),
        100.0 * t.floor_seconds / t.seconds,
    );
    t.phases.iter().filter(|phase| phase.seconds > 0.0).for_each(|phase| line(text, phase));
    let _ = writeln!(
        text,
        "    rounds {}, evaluations {:.3} n k (tiles {:.3}, picking {:.3}), reads {:.1} a row, canonical {} a refreshed row\n    \
         frontier {} a round, picking {} a pick; device memory {:.0} MB of {:.0} MB allowed",
        t.rounds,
        t.evaluations_fraction,
        t.tile_fraction,
        t.pick_fraction,
        t.reads_per_row,
        figure(t.canonical_per_refreshed_row, 2), // one launch refreshes none
        time(t.frontier_seconds_per_round),
        time(t.pick_seconds_per_pick),
        t.device_bytes as f64 / 1e6,
        t.allowed_bytes as f64 / 1e6,
    );
}

/// Small pools' figures.
pub fn small(m: &MeasuredSmall) -> String {
    format!(
        "{}: {} x {} x {} {}, {} of each, on the device in one launch, {} turns; the CPU engine's answers\n    \
         {} until done (least {}, most {}), {} each of {} in a row, {} until fetched; {:.1} % of the measured rates, floor {}: {}\n",
        m.pool,
        m.pools,
        m.rows,
        m.dimensions,
        m.dtype,
        m.budget,
        m.turns,
        time(m.seconds),
        time(m.least_seconds),
        time(m.most_seconds),
        time(m.seconds_back_to_back),
        m.queued,
        time(m.seconds_fetched),
        100.0 * m.share_of_rate,
        time(m.floor_seconds),
        m.work.iter().map(work).collect::<Vec<_>>().join(", "),
    )
}

fn line(text: &mut String, phase: &Phase) {
    let _ = write!(
        text,
        "    {:<9} {:>11} {:>5.1} %",
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
        _ if !seconds.is_finite() => "-".into(),
        0.0..1e-3 => format!("{:.2} us", seconds * 1e6),
        1e-3..1.0 => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{seconds:.3} s"),
    }
}
