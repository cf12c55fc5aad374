//! The axes of a run that no answer depends on. Where it runs is the options' [`crate::Device`].

use crate::statistics::Statistics;

/// How the engine works. The default is the fastest way the device has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// The products of the filter.
    pub multiplier: Multiplier,
    /// Where the pool is kept during a run on a GPU.
    pub placement: Placement,
    /// How many launches a GPU takes for a selection.
    pub path: Path,
    /// Whether equal rows are taken together, on a CPU.
    pub equal_rows: EqualRows,
    /// How many shards of a CPU hold the pool, each its own part; 0 and 1 are one device.
    pub shards: usize,
    /// Rows a frontier; adapted if not given.
    pub frontier: Option<usize>,
    /// The factor on the filter's interval; only 1 and more give right answers.
    pub width: f64,
}

/// The instructions that make the products of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "lab"), allow(dead_code, reason = "the laboratory asks for the others"))]
pub enum Multiplier {
    /// The fastest that the device has.
    #[default]
    Fastest,
    /// The fastest for floats, on a CPU, however few the picks.
    Floats,
    /// The instructions that every device of its kind has: f32 on a CPU, f16 by `mma.sync` on a GPU.
    Portable,
    /// bf16 by AVX-512, on a CPU.
    Avx512Bf16,
    /// bf16 by AMX, on a CPU.
    Amx,
    /// int8 by the fastest instructions for it, however few the picks, until the rounds meet a crowd.
    Int8,
    /// int8 by instructions that every CPU has.
    Int8Portable,
    /// int8 by AVX-VNNI.
    Int8AvxVnni,
    /// int8 by AVX-512 VNNI.
    Int8Avx512Vnni,
    /// int8 by AMX.
    Int8Amx,
    /// int8 by Arm's dot products.
    Int8NeonDot,
    /// None: rows of few values lie in cells, on a CPU, and every distance is the canonical one.
    Cells,
    /// None: each pick is a pass over all rows by canonical distances, on a CPU.
    Plain,
}

impl Multiplier {
    pub(crate) fn is_int8(self) -> bool {
        use Multiplier::{Int8, Int8Amx, Int8Avx512Vnni, Int8AvxVnni, Int8NeonDot, Int8Portable};
        matches!(self, Int8 | Int8Amx | Int8Avx512Vnni | Int8AvxVnni | Int8NeonDot | Int8Portable)
    }

    /// Whether all rounds run on int8 values, in a crowd too: they do where the instructions are named.
    pub(crate) fn stays_on_int8(self) -> bool {
        self.is_int8() && self != Multiplier::Int8
    }
}

/// Where a pool from host memory is kept during a run on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "lab"), allow(dead_code, reason = "the laboratory asks for the others"))]
pub enum Placement {
    /// On the GPU if it fits, else on the host.
    #[default]
    Fitting,
    /// On the host: the rows that a round needs travel.
    Staged,
    /// On the GPU before the run begins, as a caller would lend it.
    Lent,
}

/// How many launches a GPU takes for a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "lab"), allow(dead_code, reason = "the laboratory asks for the others"))]
pub enum Path {
    /// One if the pool is small enough, else rounds.
    #[default]
    Shortest,
    /// Rounds, however small the pool.
    Rounds,
    /// One launch. It is an error if the pool is too large for that.
    AtOnce,
}

/// Whether equal rows are taken together, on a CPU: one of each is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EqualRows {
    /// If a sample shows that there are many, unless a multiplier or shards are named.
    #[default]
    Sampled,
    /// However few there are.
    Together,
}

impl Tuning {
    /// The way of a run on the CPU that has these statistics, for another selection.
    pub(crate) fn of_run(statistics: &Statistics) -> Tuning {
        let multiplier = match statistics.filter.as_str() {
            "int8" | "int8, floats" => Multiplier::Int8,
            "cells" => Multiplier::Cells,
            "floats" => Multiplier::Floats,
            "plain loop" => Multiplier::Plain,
            _ => Multiplier::Fastest,
        };
        let equal_rows = match statistics.distinct_rows {
            Some(_) => EqualRows::Together,
            None => EqualRows::Sampled,
        };
        Tuning { multiplier, equal_rows, ..Tuning::default() }
    }
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning {
            multiplier: Multiplier::Fastest,
            placement: Placement::Fitting,
            path: Path::Shortest,
            equal_rows: EqualRows::Sampled,
            shards: 0,
            frontier: None,
            width: 1.0,
        }
    }
}
