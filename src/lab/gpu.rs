//! Facts about a GPU, and its measured rates.

use cudarc::driver::sys::CUdevice_attribute as Attribute;
use serde::Serialize;

use super::accumulation::largest_share;
use crate::backend::cuda::driver::context as driver;
use crate::backend::cuda::gpu::Gpu;
use crate::backend::cuda::probe::{Multiplier, Probe, Prober};
use crate::error::Result;

/// A GPU, as its driver describes it. Nothing here was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GpuFacts {
    /// Its number, from 0.
    pub device: usize,
    /// Its name.
    pub name: String,
    /// True of the library that stands in for a driver in the tests: its figures say nothing of any GPU.
    pub is_test_bed: bool,
    /// The CUDA version that the driver supports.
    pub cuda_version: String,
    /// Compute capability, `major.minor`.
    pub capability: String,
    /// Multiprocessors.
    pub multiprocessors: u32,
    /// Bytes of device memory.
    pub memory_bytes: u64,
    /// Bytes of it that are free now.
    pub free_bytes: u64,
    /// Bytes of the second-level cache; none where the driver does not tell.
    pub l2_bytes: Option<u64>,
    /// The highest clock of the multiprocessors, kHz; none where the driver does not tell.
    pub clock_khz: Option<u32>,
    /// The highest clock of the memory, kHz; none where the driver does not tell.
    pub memory_clock_khz: Option<u32>,
}

/// Measured rates of a GPU: medians.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GpuRates {
    /// Device memory copied within itself: bytes read and bytes written, both counted, a second.
    pub copy_bytes_per_second: f64,
    /// Device memory read, bytes a second.
    pub read_bytes_per_second: f64,
    /// From pinned host memory to the device, bytes a second.
    pub upload_bytes_per_second: f64,
    /// f32 operations a second, two a multiply-add, from registers.
    pub fma_flop_per_second: f64,
    /// f64 operations a second, two a multiply-add, from registers.
    pub fma64_flop_per_second: f64,
    /// f16 operations a second, two a multiply-add, of matrix products as refresh makes them, without its search.
    pub matrix_flop_per_second: f64,
    /// The same by the instructions that every GPU has.
    pub portable_matrix_flop_per_second: f64,
    /// The largest error of a product of operands made to lose the most, as a share of what the filter allows for: 1 would be
    /// its limit.
    pub accumulation_share: f64,
    /// The same by the instructions that every GPU has.
    pub portable_accumulation_share: f64,
    /// From one launch to the next in a stream.
    pub launch_seconds: f64,
    /// A launch and the wait for it, as the host sees it.
    pub round_trip_seconds: f64,
    /// One block of 512 threads finds its best row: what a pick inside a frontier takes at least.
    pub barrier_seconds: f64,
    /// A block of 1,024 threads a multiprocessor, and all find the best row together: what a pick of several blocks takes at least.
    pub group_barrier_seconds: f64,
}

/// The names of the test bed's devices begin with this (tests/bed).
const TEST_BED: &str = "Farpoint test bed";

/// Values that the products whose errors are measured are summed over.
const DEPTH: usize = 1024;

/// The driver's description of GPU number `device`.
///
/// # Errors
/// [`crate::Error::Unavailable`] where there is none that could be used.
pub fn gpu_facts(device: usize) -> Result<GpuFacts> {
    let gpu = Gpu::open(device)?;
    let context = gpu.context();
    // Drivers answer 0, or not at all, for what they do not know.
    let attribute = |which| {
        let value = context.attribute(which).ok();
        value.and_then(|value| u32::try_from(value).ok()).filter(|&value| value > 0)
    };
    let capability = context.compute_capability().map_err(|error| gpu.explain(error))?;
    let (free, total) = context.mem_get_info().map_err(|error| gpu.explain(error))?;
    Ok(GpuFacts {
        device,
        name: gpu.name().to_string(),
        is_test_bed: gpu.name().starts_with(TEST_BED),
        cuda_version: driver::cuda_version(),
        capability: format!("{}.{}", capability.0, capability.1),
        multiprocessors: gpu.multiprocessors(),
        memory_bytes: total as u64,
        free_bytes: free as u64,
        l2_bytes: attribute(Attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE).map(u64::from),
        clock_khz: attribute(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE),
        memory_clock_khz: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE),
    })
}

/// The largest errors of products of `depth` values, as shares of what the filter allows for: by the fastest instructions of GPU
/// number `device`, and by those that every GPU has.
///
/// # Errors
/// [`crate::Error::Unavailable`] where there is none that could be used, [`crate::Error::Lost`] if it fails.
pub fn accumulation_shares(device: usize, depth: usize) -> Result<[f64; 2]> {
    let mut prober = Prober::new(Gpu::open(device)?)?;
    let mut share = |multiplier| largest_share(&mut prober, multiplier, depth);
    Ok([share(Multiplier::Fastest)?, share(Multiplier::Portable)?])
}

/// Measure GPU number `device`, in about a second.
///
/// # Errors
/// [`crate::Error::Unavailable`] where there is none that could be used, [`crate::Error::Lost`] if it fails.
pub fn gpu_rates(device: usize) -> Result<GpuRates> {
    let mut prober = Prober::new(Gpu::open(device)?)?;
    prober.warm_up()?;
    Ok(GpuRates {
        copy_bytes_per_second: prober.memory_rate(Probe::Copy)?,
        read_bytes_per_second: prober.memory_rate(Probe::Read)?,
        upload_bytes_per_second: prober.upload_rate()?,
        fma_flop_per_second: prober.fma_rate(Probe::Fma)?,
        fma64_flop_per_second: prober.fma_rate(Probe::Fma64)?,
        matrix_flop_per_second: prober.matrix_rate(Multiplier::Fastest)?,
        portable_matrix_flop_per_second: prober.matrix_rate(Multiplier::Portable)?,
        accumulation_share: largest_share(&mut prober, Multiplier::Fastest, DEPTH)?,
        portable_accumulation_share: largest_share(&mut prober, Multiplier::Portable, DEPTH)?,
        launch_seconds: prober.launch_seconds()?,
        round_trip_seconds: prober.round_trip_seconds()?,
        barrier_seconds: prober.seconds_a_repeat(Probe::Barrier)?,
        group_barrier_seconds: prober.seconds_a_repeat(Probe::GroupBarrier)?,
    })
}
