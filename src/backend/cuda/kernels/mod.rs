//! The kernels of `kernels/`, and every launch of them. All unsafe code of the backend is in this folder.

pub mod arguments;
pub mod borrow;
pub mod driver;
pub mod memory;
#[cfg_attr(not(feature = "lab"), allow(dead_code, reason = "the laboratory reads it"))]
pub mod probes;
pub mod tensor_map;

use std::marker::PhantomData;
use std::sync::Arc;

use arguments::{
    BatchArguments, FrontierArguments, JoinArguments, MeanArguments, PackArguments, PanelArguments,
    PickArguments, PrepareArguments, RefineArguments, RefreshArguments, RefreshBoxes,
    SettleArguments, TensorMap,
};
use cudarc::driver::sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
use cudarc::driver::{
    CudaContext, CudaFunction, CudaModule, CudaStream, DeviceRepr, DriverError, LaunchConfig,
    PushKernelArg,
};
use cudarc::nvrtc::Ptx;
use probes::{PROBE_90A, Probes};

use crate::backend::cuda::launched;
use crate::limits::{
    BOX_CENTERS, BOX_ROWS, FRONTIER_THREADS, GREEDY_THREADS, LIVE_BYTES, LIVE_EACH, MMA_TILE,
    RING_BYTES, THREADS, TILES_RESIDENT, WGMMA_THREADS,
};
use crate::pool::Dtype;

/// Warps a block then has: rows it works on at a time, where a warp works on one.
const WARPS: u32 = THREADS / 32;
/// The file that is compiled for one architecture alone.
const REFRESH_90A: &str = "refresh_90a";
/// The compute capability that has its instructions, and no other.
const WGMMA_CAPABILITY: (i32, i32) = (9, 0);
/// Rows a block that selects a frontier is given at least, if there are more.
const FRONTIER_ROWS: usize = 2048;
/// Blocks of a grid in its second dimension, at most.
const MOST_BLOCKS_DOWN: u32 = 65_535;
/// Blocks a multiprocessor that a kernel striding over rows is given.
const WAVES: u32 = 8;

// SAFETY: here and below, plain numbers and addresses in the layout of the kernel's one parameter, which
// `arguments::held` holds to the C++ struct of that name.
unsafe impl DeviceRepr for FrontierArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for SettleArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for PrepareArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for PackArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for RefreshArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for RefreshBoxes {}
// SAFETY: as above.
unsafe impl DeviceRepr for RefineArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for PickArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for PanelArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for JoinArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for BatchArguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for MeanArguments {}

/// Which of the kernels that refresh is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplier {
    /// The fastest that the device runs.
    Fastest,
    /// The one that every device runs.
    Portable,
}

/// A kernel whose one parameter is an `A`.
struct Kernel<A> {
    name: &'static str,
    function: CudaFunction,
    takes: PhantomData<fn(A)>,
}

/// The same kernel for every dtype a pool may have.
struct ByDtype<A>([Kernel<A>; 5]);

impl<A> ByDtype<A> {
    fn of(&self, dtype: Dtype) -> &Kernel<A> {
        &self.0[match dtype {
            Dtype::F32 => 0,
            Dtype::F16 => 1,
            Dtype::Bf16 => 2,
            Dtype::U8 => 3,
            Dtype::I8 => 4,
        }]
    }
}

impl<A> ByDtype<A> {
    /// Lets a block have all the dynamic shared memory that its own, static, leaves of `limit`. Returns how much that is.
    fn allow_shared(&self, limit: i32) -> Result<u32, DriverError> {
        let mut least = limit;
        for Kernel { function, .. } in &self.0 {
            let left = limit - function.shared_size_bytes()?;
            function.set_attribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, left)?;
            least = least.min(left);
        }
        Ok(u32::try_from(least).unwrap_or(0))
    }
}

/// A launch's blocks, threads a block and bytes of dynamic shared memory.
#[derive(Debug, Clone, Copy)]
struct Shape {
    blocks: (u32, u32),
    threads: u32,
    shared: u32,
}

impl Shape {
    fn of(blocks: u32) -> Shape {
        Shape { blocks: (blocks.max(1), 1), threads: THREADS, shared: 0 }
    }
}

impl<A> Kernel<A> {
    /// Lets a block have this much dynamic shared memory.
    fn allow_shared(&self, bytes: u32) -> Result<(), DriverError> {
        let bytes = bytes.try_into().expect("a block has a few hundred kilobytes");
        self.function.set_attribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes)
    }
}

impl<A: DeviceRepr> Kernel<A> {
    fn launch(&self, stream: &CudaStream, shape: Shape, arguments: &A) -> Result<(), DriverError> {
        launched::remember(self.name);
        let mut launch = stream.launch_builder(&self.function);
        launch.arg(arguments);
        // SAFETY: the kernel takes one `A` (`Kernels::load` ties each name to its type, `KERNEL` in its source to the struct
        // of that name). What its pointers reach is allocated for the lengths in it, in `workspace.rs` or by the caller who lent
        // it, and stays so until the stream is synchronized.
        unsafe { launch.launch(shape.config()) }.map(drop)
    }

    fn launch_together(
        &self,
        stream: &CudaStream,
        shape: Shape,
        arguments: &A,
    ) -> Result<(), DriverError> {
        launched::remember(self.name);
        let mut launch = stream.launch_builder(&self.function);
        launch.arg(arguments);
        // SAFETY: as in `launch`; the driver refuses a grid whose blocks cannot all be resident.
        unsafe { launch.launch_cooperative(shape.config()) }.map(drop)
    }
}

impl Shape {
    fn config(self) -> LaunchConfig {
        LaunchConfig {
            grid_dim: (self.blocks.0, self.blocks.1, 1),
            block_dim: (self.threads, 1, 1),
            shared_mem_bytes: self.shared,
        }
    }
}

/// Every kernel, loaded on one device.
pub struct Kernels {
    multiprocessors: u32,
    /// Bytes of dynamic shared memory that a block of a batch may have.
    batch_shared: u32,
    frontier: Kernel<FrontierArguments>,
    settle_start: Kernel<SettleArguments>,
    prepare_mean: ByDtype<PrepareArguments>,
    prepare_reach: Kernel<PrepareArguments>,
    prepare_check: ByDtype<PrepareArguments>,
    prepare_first: ByDtype<PrepareArguments>,
    pack_rows: ByDtype<PackArguments>,
    pack_centers: Kernel<PackArguments>,
    gather: ByDtype<PackArguments>,
    refresh_mma: Kernel<RefreshArguments>,
    /// Where the device has its instructions.
    refresh_wgmma: Option<Kernel<RefreshBoxes>>,
    refine: ByDtype<RefineArguments>,
    panel_list: Kernel<PanelArguments>,
    panel_rank: Kernel<PanelArguments>,
    panel_end: Kernel<PanelArguments>,
    pick_live: Kernel<PickArguments>,
    pick_products: Kernel<PickArguments>,
    pick_greedy: ByDtype<PickArguments>,
    join_mma: Kernel<JoinArguments>,
    join_decide: ByDtype<JoinArguments>,
    batch: ByDtype<BatchArguments>,
    #[cfg_attr(not(feature = "lab"), allow(dead_code, reason = "the laboratory reads it"))]
    pub probes: Probes,
    mean_sums: ByDtype<MeanArguments>,
    mean_total: Kernel<MeanArguments>,
    mean_distance: ByDtype<MeanArguments>,
    mean_nearest: ByDtype<MeanArguments>,
}

/// The compiled files, by the name of their source.
struct Modules(Vec<(&'static str, Arc<CudaModule>)>);

impl Modules {
    fn load(
        context: &Arc<CudaContext>,
        images: &[(&'static str, &[u8])],
    ) -> Result<Modules, DriverError> {
        let is_wgmma = context.compute_capability()? == WGMMA_CAPABILITY;
        let load = |&(name, image): &(&'static str, &[u8])| {
            Ok((name, context.load_module(Ptx::from_binary(image.to_vec()))?))
        };
        let only_there = [REFRESH_90A, PROBE_90A];
        let runs = |&&(name, _): &&(&'static str, &[u8])| is_wgmma || !only_there.contains(&name);
        images.iter().filter(runs).map(load).collect::<Result<_, DriverError>>().map(Modules)
    }

    fn has(&self, file: &str) -> bool {
        self.0.iter().any(|(stem, _)| *stem == file)
    }

    fn kernel<A>(&self, file: &str, name: &'static str) -> Result<Kernel<A>, DriverError> {
        self.entry(file, name, name)
    }

    /// The kernel `name` by its entry point, which says the dtype too.
    fn entry<A>(
        &self,
        file: &str,
        name: &'static str,
        entry: &str,
    ) -> Result<Kernel<A>, DriverError> {
        let module = self.0.iter().find(|(stem, _)| *stem == file);
        let (_, module) = module.unwrap_or_else(|| panic!("kernels/{file}.cu was not compiled"));
        Ok(Kernel { name, function: module.load_function(entry)?, takes: PhantomData })
    }

    fn by_dtype<A>(&self, file: &str, name: &'static str) -> Result<ByDtype<A>, DriverError> {
        let of = |dtype| self.entry(file, name, &format!("{name}_{dtype}"));
        Ok(ByDtype([of("f32")?, of("f16")?, of("bf16")?, of("u8")?, of("i8")?]))
    }
}

impl Kernels {
    /// `shared_limit`: bytes of shared memory a block may ask for.
    pub fn load(
        context: &Arc<CudaContext>,
        images: &[(&'static str, &[u8])],
        multiprocessors: u32,
        shared_limit: i32,
    ) -> Result<Kernels, DriverError> {
        let m = Modules::load(context, images)?;
        let mut kernels = Kernels {
            multiprocessors,
            batch_shared: 0,
            frontier: m.kernel("frontier", "frontier")?,
            settle_start: m.kernel("settle", "settle_start")?,
            prepare_mean: m.by_dtype("prepare", "prepare_mean")?,
            prepare_reach: m.kernel("prepare", "prepare_reach")?,
            prepare_check: m.by_dtype("prepare", "prepare_check")?,
            prepare_first: m.by_dtype("prepare", "prepare_first")?,
            pack_rows: m.by_dtype("pack", "pack_rows")?,
            pack_centers: m.kernel("pack", "pack_centers")?,
            gather: m.by_dtype("pack", "gather")?,
            refresh_mma: m.kernel("refresh", "refresh_mma")?,
            refresh_wgmma: None,
            refine: m.by_dtype("refine", "refine")?,
            panel_list: m.kernel("panel", "panel_list")?,
            panel_rank: m.kernel("panel", "panel_rank")?,
            panel_end: m.kernel("panel", "panel_end")?,
            pick_live: m.kernel("pick", "pick_live")?,
            pick_products: m.kernel("pick", "pick_products")?,
            pick_greedy: m.by_dtype("greedy", "pick_greedy")?,
            join_mma: m.kernel("join", "join_mma")?,
            join_decide: m.by_dtype("join", "join_decide")?,
            batch: m.by_dtype("batch", "batch")?,
            probes: Probes::load(&m, multiprocessors)?,
            mean_sums: m.by_dtype("mean", "mean_sums")?,
            mean_total: m.kernel("mean", "mean_total")?,
            mean_distance: m.by_dtype("mean", "mean_distance")?,
            mean_nearest: m.by_dtype("mean", "mean_nearest")?,
        };
        // Absent where the device, or the build, lacks the architecture.
        if m.has(REFRESH_90A) {
            let kernel = m.kernel(REFRESH_90A, "refresh_wgmma")?;
            kernel.allow_shared(RING_BYTES)?;
            kernels.refresh_wgmma = Some(kernel);
        }
        kernels.pick_greedy.allow_shared(shared_limit)?;
        kernels.batch_shared = kernels.batch.allow_shared(shared_limit)?;
        Ok(kernels)
    }

    pub fn multiprocessors(&self) -> u32 {
        self.multiprocessors
    }

    pub fn batch_shared(&self) -> u32 {
        self.batch_shared
    }

    /// Blocks for `work` pieces, `each` of which one block does at a time.
    fn blocks(&self, work: usize, each: u32) -> u32 {
        let blocks = work.div_ceil(each as usize);
        u32::try_from(blocks).unwrap_or(u32::MAX).clamp(1, self.multiprocessors * WAVES)
    }

    fn by_row(&self, rows: usize) -> Shape {
        Shape::of(self.blocks(rows, THREADS))
    }

    fn by_warp(&self, rows: usize) -> Shape {
        Shape::of(self.blocks(rows, WARPS))
    }

    /// Select the frontier, or list the rows to settle, and place its rows: one launch.
    pub fn frontier(&self, stream: &CudaStream, a: &FrontierArguments) -> Result<(), DriverError> {
        let rows = usize::try_from(a.end - a.first).expect("rows are numbered by usize");
        let blocks = rows.div_ceil(FRONTIER_ROWS).clamp(1, self.multiprocessors as usize);
        let blocks = u32::try_from(blocks).expect("at most one a multiprocessor");
        let shape = Shape { threads: FRONTIER_THREADS, ..Shape::of(blocks) };
        self.frontier.launch_together(stream, shape, a)
    }

    /// Bring excluded rows back before settling.
    pub fn settle_start(
        &self,
        stream: &CudaStream,
        a: &SettleArguments,
    ) -> Result<(), DriverError> {
        let n = usize::try_from(a.n).expect("rows are numbered by usize");
        self.settle_start.launch(stream, self.by_row(n), a)
    }

    pub fn mean(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareArguments,
    ) -> Result<(), DriverError> {
        self.prepare_mean.of(dtype).launch(stream, Shape::of(a.d.div_ceil(THREADS)), a)
    }

    pub fn reach(&self, stream: &CudaStream, a: &PrepareArguments) -> Result<(), DriverError> {
        let centers = (a.end_center - a.first_center) as usize;
        self.prepare_reach.launch(stream, self.by_warp(centers), a)
    }

    pub fn check(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareArguments,
    ) -> Result<(), DriverError> {
        let count = usize::try_from(a.count).expect("rows are numbered by usize");
        self.prepare_check.of(dtype).launch(stream, self.by_warp(count), a)
    }

    pub fn first(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PrepareArguments,
    ) -> Result<(), DriverError> {
        let count = usize::try_from(a.count).expect("rows are numbered by usize");
        self.prepare_first.of(dtype).launch(stream, self.by_warp(count), a)
    }

    /// Pack the frontier's rows, at most `size`.
    pub fn pack_rows(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        a: &PackArguments,
    ) -> Result<(), DriverError> {
        self.pack_rows.of(dtype).launch(stream, self.by_warp(size as usize), a)
    }

    pub fn pack_centers(&self, stream: &CudaStream, a: &PackArguments) -> Result<(), DriverError> {
        self.pack_centers.launch(stream, self.by_warp(a.count as usize), a)
    }

    pub fn gather(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &PackArguments,
    ) -> Result<(), DriverError> {
        self.gather.of(dtype).launch(stream, self.by_warp(a.count as usize), a)
    }

    /// Refresh at most `size` frontier rows, of `capacity` packed ones.
    pub fn refresh(
        &self,
        stream: &CudaStream,
        multiplier: Multiplier,
        size: u32,
        capacity: u32,
        a: &RefreshArguments,
    ) -> Result<(), DriverError> {
        let centers = a.end - a.window_first;
        if let (Multiplier::Fastest, Some(kernel)) = (multiplier, &self.refresh_wgmma) {
            let boxes = RefreshBoxes {
                refresh: *a,
                packed: TensorMap::of_halves(a.frontier.packed, capacity, a.depth, BOX_ROWS)?,
                window: TensorMap::of_halves(a.window, centers, a.depth, BOX_CENTERS)?,
            };
            let tiles = size.div_ceil(BOX_ROWS) * centers.div_ceil(BOX_CENTERS);
            let blocks = Shape::of(tiles.min(self.multiprocessors));
            let shape = Shape { threads: WGMMA_THREADS, shared: RING_BYTES, ..blocks };
            return kernel.launch(stream, shape, &boxes);
        }
        let tiles = size.div_ceil(MMA_TILE) * centers.div_ceil(MMA_TILE);
        self.refresh_mma.launch(
            stream,
            Shape::of(tiles.min(TILES_RESIDENT * self.multiprocessors)),
            a,
        )
    }

    pub fn refine(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        a: &RefineArguments,
    ) -> Result<(), DriverError> {
        self.refine.of(dtype).launch(stream, self.by_warp(size as usize), a)
    }

    /// Pick inside a frontier of at most `size` rows: 3 launches, whatever the picks, and 2 more if not all of the rows could be
    /// picked at once.
    pub fn pick(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        panel: &PanelArguments,
        a: &PickArguments,
    ) -> Result<(), DriverError> {
        let by_slot = Shape::of(size.div_ceil(THREADS));
        if size > a.capacity {
            self.panel_list.launch(stream, by_slot, panel)?;
            self.panel_rank.launch(stream, by_slot, panel)?;
            self.panel_end.launch(stream, Shape::of(1), panel)?;
        } else {
            self.pick_live.launch(stream, by_slot, a)?;
        }
        let size = size.min(a.capacity);
        // Without a pick to be made no product is looked at.
        if a.limit > 0 {
            let side = size.div_ceil(MMA_TILE);
            let shape = Shape::of((side * side).min(TILES_RESIDENT * self.multiprocessors));
            self.pick_products.launch(stream, shape, a)?;
        }
        let threads = size.next_multiple_of(32).min(GREEDY_THREADS);
        assert!(size <= threads * LIVE_EACH, "{size} rows by {threads} threads");
        let shape = Shape { threads, shared: a.capacity * LIVE_BYTES, ..Shape::of(1) };
        self.pick_greedy.of(dtype).launch(stream, shape, a)
    }

    /// Pairs within reach of the window's places and a block of `size` rows of the pool.
    pub fn join(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        size: u32,
        a: &JoinArguments,
    ) -> Result<(), DriverError> {
        let tiles = size.div_ceil(MMA_TILE) * (a.refresh.end - a.first_place).div_ceil(MMA_TILE);
        self.join_mma.launch(
            stream,
            Shape::of(tiles.min(TILES_RESIDENT * self.multiprocessors)),
            a,
        )?;
        self.join_decide.of(dtype).launch(stream, self.by_warp(a.capacity as usize), a)
    }

    /// Add a part of the pool to its mean.
    pub fn mean_of_rows(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &MeanArguments,
    ) -> Result<(), DriverError> {
        let across = a.d.div_ceil(THREADS);
        let shape = Shape { blocks: (across, a.blocks.min(MOST_BLOCKS_DOWN)), ..Shape::of(1) };
        self.mean_sums.of(dtype).launch(stream, shape, a)?;
        self.mean_total.launch(stream, Shape::of(across), a)
    }

    pub fn nearest_the_mean(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        a: &MeanArguments,
    ) -> Result<(), DriverError> {
        let rows = self.by_warp(usize::try_from(a.n).expect("rows are numbered by usize"));
        self.mean_distance.of(dtype).launch(stream, rows, a)?;
        self.mean_nearest.of(dtype).launch(stream, rows, a)
    }

    /// Whole selections of `pools` pools, in one launch.
    pub fn batch(
        &self,
        stream: &CudaStream,
        dtype: Dtype,
        (pools, threads, shared): (u32, u32, u32),
        a: &BatchArguments,
    ) -> Result<(), DriverError> {
        let shape = Shape { blocks: (pools * a.group, 1), threads, shared };
        let kernel = self.batch.of(dtype);
        // Only blocks that meet must all be resident.
        if a.group > 1 {
            kernel.launch_together(stream, shape, a)
        } else {
            kernel.launch(stream, shape, a)
        }
    }
}
