//! The kernels of `kernels/`: a file here has the structs that the kernels of that name take and answer, and their launches. The build
//! holds each field of each struct to its offset and its type there.

mod batch;
mod frontier;
mod grid;
mod join;
mod mean;
mod open;
mod pack;
mod pick;
mod prepare;
#[cfg_attr(not(feature = "lab"), allow(dead_code, reason = "the laboratory launches them"))]
mod probe;
mod quantize;
mod refine;
mod refresh;
mod settle;
mod shard;
mod types;

use cudarc::driver::DriverError;

use super::driver::launch::{Kernel, Modules};
use crate::limits::RING_BYTES;
use crate::pool::Dtype;

pub use batch::{BatchArguments, PoolResult};
pub use frontier::{FrontierArguments, List, Select};
pub use join::{JoinArguments, JoinCounts, Passed};
pub use mean::MeanArguments;
pub use open::OpenArguments;
pub use pack::{
    GatherPicksArguments, GatherRowsArguments, PackBlockArguments, PackCentersArguments,
    PackRowsArguments, PackWantedArguments, Packing,
};
pub use pick::{PanelArguments, PickArguments, PickInt8Arguments};
pub use prepare::{
    PrepareCheckArguments, PrepareFirstArguments, PrepareMeanArguments, PrepareReachArguments,
};
#[cfg(feature = "lab")]
pub use probe::{ProbeArguments, ProductsArguments};
pub use quantize::{
    QuantizeCentersArguments, QuantizeRowsArguments, QuantizeSlotsArguments, Quantizer,
};
pub use refine::RefineArguments;
pub use refresh::{RefreshArguments, RefreshBoxes, RefreshInt8Arguments};
pub use settle::SettleArguments;
pub use shard::{ShardLowerArguments, ShardPlaceArguments, ShardStatesArguments};
pub use types::{
    Counts, Frontier, Int8Copy, Int8Numbers, Offer, PackedRows, Peak, Reach, Round, Rows, State,
    Test, Window,
};

/// The file that is compiled for one architecture alone.
const REFRESH_90A: &str = "refresh_90a";

/// Which of the kernels that multiply is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplier {
    /// The fastest that the device runs.
    Fastest,
    /// The kernel that every device runs.
    Portable,
    /// The kernel that multiplies int8 values, which every device runs.
    Int8,
}

/// The same kernel for every dtype a pool may have.
struct ByDtype<A>([Kernel<A>; 6]);

impl<A> ByDtype<A> {
    fn load(modules: &Modules, file: &str, name: &'static str) -> Result<ByDtype<A>, DriverError> {
        let of = |dtype| modules.entry(file, name, &format!("{name}_{dtype}"));
        Ok(ByDtype([of("f64")?, of("f32")?, of("f16")?, of("bf16")?, of("u8")?, of("i8")?]))
    }

    fn of(&self, dtype: Dtype) -> &Kernel<A> {
        &self.0[match dtype {
            Dtype::F64 => 0,
            Dtype::F32 => 1,
            Dtype::F16 => 2,
            Dtype::Bf16 => 3,
            Dtype::U8 => 4,
            Dtype::I8 => 5,
        }]
    }

    /// Allows a block the dynamic shared memory that its static shared memory leaves of `limit`. Returns how many bytes
    /// that is.
    fn allow_most_shared(&self, limit: u32) -> Result<u32, DriverError> {
        let mut each = self.0.iter().map(|kernel| kernel.allow_most_shared(limit));
        each.try_fold(limit, |least, left| Ok(least.min(left?)))
    }
}

/// The same kernel for both types that the rows of a pool may be seen as.
struct BySeen<A>([Kernel<A>; 2]);

impl<A> BySeen<A> {
    fn load(modules: &Modules, file: &str, name: &'static str) -> Result<BySeen<A>, DriverError> {
        let of = |seen| modules.entry(file, name, &format!("{name}_{seen}"));
        Ok(BySeen([of("f64")?, of("f32")?]))
    }

    fn of(&self, dtype: Dtype) -> &Kernel<A> {
        &self.0[usize::from(dtype != Dtype::F64)]
    }
}

/// Bytes of a value as the metric sees it, of a pool of this dtype: centers' values and the filter's mean are kept so.
pub fn seen_bytes(dtype: Dtype) -> usize {
    if dtype == Dtype::F64 { size_of::<f64>() } else { size_of::<f32>() }
}

/// Every kernel, loaded on one device.
pub struct Kernels {
    multiprocessors: u32,
    /// Bytes of dynamic shared memory that a block of a batch may have.
    batch_shared: u32,
    frontier: Kernel<FrontierArguments>,
    settle_start: Kernel<SettleArguments>,
    shard_states: Kernel<ShardStatesArguments>,
    shard_place: Kernel<ShardPlaceArguments>,
    shard_lower: Kernel<ShardLowerArguments>,
    prepare_mean: ByDtype<PrepareMeanArguments>,
    prepare_reach: BySeen<PrepareReachArguments>,
    prepare_check: ByDtype<PrepareCheckArguments>,
    prepare_first: ByDtype<PrepareFirstArguments>,
    pack_rows: ByDtype<PackRowsArguments>,
    pack_centers: BySeen<PackCentersArguments>,
    pack_block: ByDtype<PackBlockArguments>,
    pack_wanted: BySeen<PackWantedArguments>,
    gather_picks: ByDtype<GatherPicksArguments>,
    gather_rows: ByDtype<GatherRowsArguments>,
    refresh_mma: Kernel<RefreshArguments>,
    /// Only if the device has its instructions.
    refresh_wgmma: Option<Kernel<RefreshBoxes>>,
    quantize_rows: ByDtype<QuantizeRowsArguments>,
    quantize_centers: BySeen<QuantizeCentersArguments>,
    quantize_slots: Kernel<QuantizeSlotsArguments>,
    refresh_int8: Kernel<RefreshInt8Arguments>,
    open_rows: Kernel<OpenArguments>,
    open_sources: Kernel<OpenArguments>,
    refine: ByDtype<RefineArguments>,
    panel_list: Kernel<PanelArguments>,
    panel_rank: Kernel<PanelArguments>,
    panel_end: Kernel<PanelArguments>,
    pick_live: Kernel<PickArguments>,
    pick_products: Kernel<PickArguments>,
    pick_products_int8: Kernel<PickInt8Arguments>,
    pick_greedy: ByDtype<PickArguments>,
    join_mma: Kernel<JoinArguments>,
    join_decide: ByDtype<JoinArguments>,
    batch: ByDtype<BatchArguments>,
    mean_sums: ByDtype<MeanArguments>,
    mean_total: Kernel<MeanArguments>,
    mean_distance: ByDtype<MeanArguments>,
    mean_nearest: ByDtype<MeanArguments>,
}

impl Kernels {
    /// `shared_limit`: bytes of shared memory a block may ask for.
    pub fn load(
        m: &Modules,
        multiprocessors: u32,
        shared_limit: u32,
    ) -> Result<Kernels, DriverError> {
        let mut kernels = Kernels {
            multiprocessors,
            batch_shared: 0,
            frontier: m.kernel("frontier", "frontier")?,
            settle_start: m.kernel("settle", "settle_start")?,
            shard_states: m.kernel("shard", "shard_states")?,
            shard_place: m.kernel("shard", "shard_place")?,
            shard_lower: m.kernel("shard", "shard_lower")?,
            prepare_mean: ByDtype::load(m, "prepare", "prepare_mean")?,
            prepare_reach: BySeen::load(m, "prepare", "prepare_reach")?,
            prepare_check: ByDtype::load(m, "prepare", "prepare_check")?,
            prepare_first: ByDtype::load(m, "prepare", "prepare_first")?,
            pack_rows: ByDtype::load(m, "pack", "pack_rows")?,
            pack_centers: BySeen::load(m, "pack", "pack_centers")?,
            pack_block: ByDtype::load(m, "pack", "pack_block")?,
            pack_wanted: BySeen::load(m, "pack", "pack_wanted")?,
            gather_picks: ByDtype::load(m, "pack", "gather_picks")?,
            gather_rows: ByDtype::load(m, "pack", "gather_rows")?,
            refresh_mma: m.kernel("refresh", "refresh_mma")?,
            refresh_wgmma: None,
            quantize_rows: ByDtype::load(m, "quantize", "quantize_rows")?,
            quantize_centers: BySeen::load(m, "quantize", "quantize_centers")?,
            quantize_slots: m.kernel("quantize", "quantize_slots")?,
            refresh_int8: m.kernel("refresh_int8", "refresh_int8")?,
            open_rows: m.kernel("open", "open_rows")?,
            open_sources: m.kernel("open", "open_sources")?,
            refine: ByDtype::load(m, "refine", "refine")?,
            panel_list: m.kernel("panel", "panel_list")?,
            panel_rank: m.kernel("panel", "panel_rank")?,
            panel_end: m.kernel("panel", "panel_end")?,
            pick_live: m.kernel("pick", "pick_live")?,
            pick_products: m.kernel("pick", "pick_products")?,
            pick_products_int8: m.kernel("pick", "pick_products_int8")?,
            pick_greedy: ByDtype::load(m, "greedy", "pick_greedy")?,
            join_mma: m.kernel("join", "join_mma")?,
            join_decide: ByDtype::load(m, "join", "join_decide")?,
            batch: ByDtype::load(m, "batch", "batch")?,
            mean_sums: ByDtype::load(m, "mean", "mean_sums")?,
            mean_total: m.kernel("mean", "mean_total")?,
            mean_distance: ByDtype::load(m, "mean", "mean_distance")?,
            mean_nearest: ByDtype::load(m, "mean", "mean_nearest")?,
        };
        // Absent if the device or the build lacks the architecture.
        if m.has(REFRESH_90A) {
            let kernel = m.kernel(REFRESH_90A, "refresh_wgmma")?;
            kernel.allow_shared(RING_BYTES)?;
            kernels.refresh_wgmma = Some(kernel);
        }
        kernels.pick_greedy.allow_most_shared(shared_limit)?;
        kernels.batch_shared = kernels.batch.allow_most_shared(shared_limit)?;
        Ok(kernels)
    }

    pub fn multiprocessors(&self) -> u32 {
        self.multiprocessors
    }

    pub fn batch_shared(&self) -> u32 {
        self.batch_shared
    }
}

/// `layouts.rs`: of every field of every struct that host and kernels share its offset and its type, as they stand in `kernels/`.
mod held {
    use super::probe::*;
    use super::*;
    use crate::backend::Neighbour;
    use crate::backend::cuda::driver::Pointer;
    use crate::backend::cuda::driver::tensor_map::TensorMap;
    use crate::backend::interval::{Interval, Operand};
    use crate::backend::shard::RowState;

    include!(concat!(env!("OUT_DIR"), "/layouts.rs"));
}

/// A count of rows, centers or dimensions as kernels take it.
pub fn number(count: usize) -> u32 {
    u32::try_from(count).expect("rows and centers are numbered below 2^32")
}
