//! What properties are stamped onto: a device, and how the engine works there.

use std::ops::ControlFlow;

use farpoint::lab::{self, EqualRows, Multiplier, Path, Placement, Tuning};
use farpoint::{Device, Options, Pool, Progress, Result, Selection};

/// A device, and how the engine works there.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub device: Device,
    pub tuning: Tuning,
}

/// What the CPU takes by itself.
pub const CPU: Filter = cpu(Multiplier::Fastest);
pub const CPU_F32: Filter = cpu(Multiplier::Portable);
pub const CPU_AVX512_BF16: Filter = cpu(Multiplier::Avx512Bf16);
pub const CPU_AMX: Filter = cpu(Multiplier::Amx);
/// Rounds on int8 values, however few the picks.
pub const CPU_INT8: Filter = cpu(Multiplier::Int8);
pub const CPU_INT8_PORTABLE: Filter = cpu(Multiplier::Int8Portable);
pub const CPU_INT8_AVX_VNNI: Filter = cpu(Multiplier::Int8AvxVnni);
pub const CPU_INT8_AVX512_VNNI: Filter = cpu(Multiplier::Int8Avx512Vnni);
pub const CPU_INT8_AMX: Filter = cpu(Multiplier::Int8Amx);
/// Rows of few values in cells.
pub const CPU_CELLS: Filter = cpu(Multiplier::Cells);
/// One pass over all rows a pick.
pub const CPU_PLAIN: Filter = cpu(Multiplier::Plain);
pub const CUDA: Filter = gpu(Multiplier::Fastest, Placement::Fitting, Path::Rounds);
pub const CUDA_PORTABLE: Filter = gpu(Multiplier::Portable, Placement::Fitting, Path::Rounds);
pub const CUDA_STAGED: Filter = gpu(Multiplier::Fastest, Placement::Staged, Path::Rounds);
pub const CUDA_STAGED_PORTABLE: Filter = gpu(Multiplier::Portable, Placement::Staged, Path::Rounds);
pub const CUDA_LENT: Filter = gpu(Multiplier::Fastest, Placement::Lent, Path::Rounds);
/// Rounds on int8 values: with the pool on the device, or its rows settled from the host.
pub const CUDA_INT8: Filter = gpu(Multiplier::Int8, Placement::Fitting, Path::Rounds);
pub const CUDA_INT8_STAGED: Filter = gpu(Multiplier::Int8, Placement::Staged, Path::Rounds);
pub const CUDA_INT8_LENT: Filter = gpu(Multiplier::Int8, Placement::Lent, Path::Rounds);
pub const CUDA_AT_ONCE: Filter = gpu(Multiplier::Fastest, Placement::Fitting, Path::AtOnce);
pub const CUDA_AT_ONCE_LENT: Filter = gpu(Multiplier::Fastest, Placement::Lent, Path::AtOnce);

const fn cpu(multiplier: Multiplier) -> Filter {
    on(Device::Cpu, multiplier, Placement::Fitting, Path::Shortest)
}

const fn gpu(multiplier: Multiplier, placement: Placement, path: Path) -> Filter {
    on(Device::Cuda(0), multiplier, placement, path)
}

const fn on(device: Device, multiplier: Multiplier, placement: Placement, path: Path) -> Filter {
    Filter {
        device,
        tuning: Tuning {
            multiplier,
            placement,
            path,
            equal_rows: EqualRows::Sampled,
            shards: 0,
            frontier: None,
            width: 1.0,
        },
    }
}

/// Equal rows taken together, however few they are.
pub const CPU_DISTINCT: Filter = distinct(CPU);
pub const CPU_DISTINCT_F32: Filter = distinct(CPU_F32);
pub const CPU_DISTINCT_INT8: Filter = distinct(CPU_INT8);
pub const CPU_DISTINCT_CELLS: Filter = distinct(CPU_CELLS);
pub const CPU_DISTINCT_2_SHARDS: Filter = distinct(CPU_2_SHARDS);

const fn distinct(one: Filter) -> Filter {
    Filter { tuning: Tuning { equal_rows: EqualRows::Together, ..one.tuning }, ..one }
}

/// The pool held by so many shards of the CPU.
pub const CPU_2_SHARDS: Filter = shards(2, Multiplier::Fastest);
pub const CPU_3_SHARDS: Filter = shards(3, Multiplier::Fastest);
pub const CPU_7_SHARDS: Filter = shards(7, Multiplier::Portable);
pub const CPU_3_SHARDS_INT8: Filter = shards(3, Multiplier::Int8);

const fn shards(shards: usize, multiplier: Multiplier) -> Filter {
    let one = cpu(multiplier);
    Filter { tuning: Tuning { shards, ..one.tuning }, ..one }
}

/// The pool held by this many GPUs, each its own part, however small the pool.
pub fn gpus(count: usize, multiplier: Multiplier, placement: Placement) -> Filter {
    let numbers: Vec<usize> = (0..count).collect();
    let device = Device::of_gpus(&numbers).unwrap();
    let one = on(device, multiplier, placement, Path::Rounds);
    Filter { tuning: Tuning { shards: count, ..one.tuning }, ..one }
}

pub fn cuda_2_gpus() -> Filter {
    gpus(2, Multiplier::Fastest, Placement::Fitting)
}

pub fn cuda_3_gpus() -> Filter {
    gpus(3, Multiplier::Portable, Placement::Fitting)
}

pub fn cuda_3_gpus_staged() -> Filter {
    gpus(3, Multiplier::Fastest, Placement::Staged)
}

impl Filter {
    /// The same with frontiers of so many rows.
    pub fn with_frontier(self, rows: usize) -> Filter {
        Filter { tuning: Tuning { frontier: Some(rows), ..self.tuning }, ..self }
    }

    /// The same with intervals so many times as wide.
    pub fn with_width(self, width: f64) -> Filter {
        Filter { tuning: Tuning { width, ..self.tuning }, ..self }
    }

    /// How many values the rows of a property's pool have: as many as `usual`, unless the filter is for rows of few values.
    pub fn values(&self, usual: usize) -> usize {
        let is_for_few = self.tuning.multiplier == Multiplier::Cells;
        if is_for_few && usual > 32 { usual % 25 + 2 } else { usual }
    }

    pub fn is_cuda(&self) -> bool {
        matches!(self.device, Device::Cuda(_) | Device::CudaMany(_))
    }

    /// How many GPUs there must be.
    pub fn gpus(&self) -> usize {
        match self.device {
            Device::Cuda(number) => number + 1,
            Device::CudaMany(gpus) => gpus.numbers().last().unwrap() + 1,
            _ => 0,
        }
    }

    /// What a GPU takes by itself for a pool that fits it and is not small.
    pub fn is_usual(&self) -> bool {
        let Tuning { multiplier, placement, path, .. } = self.tuning;
        (multiplier, placement, path) == (Multiplier::Fastest, Placement::Fitting, Path::Rounds)
    }

    /// `options` on this device.
    fn on<'a>(&self, options: &Options<'a>) -> Options<'a> {
        Options { device: self.device, ..options.clone() }
    }
}

/// As `farpoint::select_with`.
pub fn select_tuned(
    pool: &Pool,
    budget: usize,
    options: &Options,
    filter: &Filter,
    watch: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
) -> Result<Selection> {
    lab::select_tuned(pool, budget, &filter.on(options), &filter.tuning, watch)
}

/// As `farpoint::lab::within`.
pub fn within(
    pool: &Pool,
    options: &Options,
    filter: &Filter,
    rows: &[usize],
    reach: f64,
    most: usize,
) -> Result<Option<Vec<(u32, u32, f64)>>> {
    lab::within(pool, &filter.on(options), &filter.tuning, rows, reach, most)
}

/// As `farpoint::lab::labeled_distances`.
pub fn labeled_distances(
    pool: &Pool,
    options: &Options,
    filter: &Filter,
) -> Result<(Vec<f64>, Vec<u32>)> {
    lab::labeled_distances(pool, &filter.on(options), &filter.tuning)
}

/// As `farpoint::lab::min_distances`.
pub fn min_distances(
    pool: &Pool,
    options: &Options,
    filter: &Filter,
    centers: &[usize],
) -> Result<(Vec<f64>, Vec<u32>)> {
    lab::min_distances(pool, &filter.on(options), &filter.tuning, centers)
}
