//! All device memory of a selection, one allocation made before the first kernel.

use cudarc::driver::DriverError;
use cudarc::driver::sys::CUresult;

use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::seen_bytes;
use crate::backend::cuda::driver::memory::{Arena, Carver, Region, bytes_of};
use crate::backend::cuda::gpu::Gpu;
use crate::backend::cuda::lent::Stream;
use crate::backend::cuda::packing::{capacity, depth, int8_depth};
use crate::backend::interval::Operand;
use crate::backend::shard::RowState;
use crate::error::Result;
use crate::ground::Ground;
use crate::limits::{
    BOX_CENTERS, EDGE, FRONTIER_BINS, FRONTIER_PASSES, GREEDY_THREADS, LIVE_BYTES, LIVE_EACH,
    MMA_TILE, MOST_CANDIDATES, PEAK_CENTERS,
};

/// Rows picked at once at most: their products with each other are 64 MB.
const MOST_LIVE: usize = (GREEDY_THREADS * LIVE_EACH) as usize;
/// Live rows settled and picked among at once on int8 values, at most: more would be settled in vain. The others wait for a later
/// round.
const MOST_SETTLED: usize = 512;
/// Values of packed centers kept: 256 MB.
const WINDOW_VALUES: usize = 128 << 20;

/// The numbers that decide how much memory a selection takes.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub n: usize,
    pub d: usize,
    /// `d`, padded.
    pub depth: usize,
    /// Rows a frontier holds at most.
    pub capacity: usize,
    /// Live rows picked at once at most.
    pub live_capacity: usize,
    /// Centers there will be at most: labeled and picked.
    pub centers: usize,
    /// Centers packed at once.
    pub window: usize,
    /// Bytes of a center's value.
    pub seen_bytes: usize,
    /// Whether rounds run on int8 values.
    pub is_int8: bool,
    /// Whether the rows are a part of a pool: no pick is made here then.
    pub is_shard: bool,
    pub has_norms: bool,
    pub has_weights: bool,
    /// Bytes of a pool kept on the device: 0 if it is there already, or stays on the host.
    pub pool_bytes: usize,
    /// Bytes of a stored row, if rows are staged.
    pub staged_row_bytes: usize,
}

impl Extent {
    /// `centers` is how many there can be at most.
    pub fn of(ground: &Ground, centers: usize, gpu: &Gpu, is_int8: bool) -> Extent {
        let (n, d) = (ground.rows.len(), ground.rows.dimensions());
        let depth = if is_int8 { int8_depth(d) } else { depth(d) };
        let capacity = capacity(n, depth);
        let live = (gpu.shared_limit().saturating_sub(2048) / LIVE_BYTES) as usize;
        let most_live = if is_int8 { MOST_SETTLED } else { MOST_LIVE };
        let window = (WINDOW_VALUES / depth).max(MMA_TILE as usize);
        Extent {
            n,
            d,
            depth,
            capacity,
            live_capacity: (live / 32 * 32).clamp(MMA_TILE as usize, most_live).min(capacity),
            centers,
            window: window.min(centers),
            seen_bytes: seen_bytes(ground.rows.dtype()),
            is_int8,
            is_shard: false,
            has_norms: ground.rows.metric() == crate::options::Metric::Cosine,
            has_weights: ground.weights.is_some(),
            pool_bytes: 0,
            staged_row_bytes: 0,
        }
    }

    /// The same for a part of a pool, of which the host picks.
    pub fn of_shard(ground: &Ground, centers: usize, gpu: &Gpu) -> Extent {
        Extent { is_shard: true, live_capacity: 0, ..Extent::of(ground, centers, gpu, false) }
    }

    /// Rows read in full at once, at most: those that are staged, or settled at the end.
    pub fn full_rows(&self) -> usize {
        if self.is_int8 { self.live_capacity } else { self.capacity }
    }

    /// Bytes of everything.
    pub fn bytes(&self) -> u64 {
        bytes_of(|carver| Buffers::carve(self, carver)) as u64
    }
}

/// The regions of the allocation.
#[derive(Debug, Clone, Copy)]
pub struct Buffers {
    pub pool: Region<u8>,
    /// Frontier rows as they are stored, by slot, where the pool stays on the host.
    pub staged: Region<u8>,
    pub bounds: Region<f64>,
    pub nearest: Region<u32>,
    pub seen: Region<u32>,
    pub weights: Region<f32>,
    pub norms: Region<f64>,
    pub roles: Region<u8>,
    /// Every row's int8 values, and what is kept beside them.
    pub int8_values: Region<u8>,
    pub int8_numbers: Region<kernel::Int8Numbers>,
    pub mean: Region<u8>,
    /// Every center's values under the metric.
    pub centers: Region<u8>,
    pub center_operands: Region<Operand>,
    /// Packed centers, halves.
    pub window: Region<u16>,
    /// Centers as int8 values, and their steps.
    pub int8_window: Region<u8>,
    pub window_steps: Region<f32>,
    /// Per place in the window, whole boxes of them.
    pub bases: Region<f32>,
    pub peaks: Region<kernel::Peak>,
    /// Largest distances found, as bits: of rows from center 0, of center 0 from the mean, of outside vectors from it.
    pub farthest: Region<u64>,
    /// First row that is not finite, and first row without a direction.
    pub bad_rows: Region<u32>,
    pub select: Region<kernel::Select>,
    pub histograms: Region<u32>,
    pub list_codes: Region<u64>,
    pub list_slots: Region<u32>,
    pub edge_keys: Region<u64>,
    pub edge_rows: Region<u32>,
    pub rows: Region<u32>,
    pub sources: Region<u32>,
    pub slot_seen: Region<u32>,
    pub limits: Region<u64>,
    pub tests: Region<kernel::Test>,
    pub operands: Region<Operand>,
    /// Packed rows, halves.
    pub packed: Region<u16>,
    /// Of rows as int8 values.
    pub steps: Region<f32>,
    pub candidate_counts: Region<u32>,
    pub candidates: Region<kernel::Reach>,
    /// The live rows, where they may be too many to be picked at once.
    pub panel_keys: Region<u64>,
    pub panel_slots: Region<u32>,
    pub live_slots: Region<u32>,
    /// The live rows to be staged.
    pub live_rows: Region<u32>,
    pub products: Region<f32>,
    pub pick_sources: Region<u32>,
    /// The frontier rows' states, by slot, on their way to the host; states on their way back.
    pub states: Region<RowState>,
    /// The round, then the picks' keys and rows: one copy brings the host all it needs.
    pub answer: Region<u64>,
}

/// `u64`s of a round.
pub const ROUND: usize = size_of::<kernel::Round>() / 8;

impl Buffers {
    fn carve(e: &Extent, c: &mut Carver) -> Buffers {
        let is_ranked = !e.is_shard && e.capacity > e.live_capacity;
        let ranked = if is_ranked { e.capacity } else { 0 };
        let places = e.window.next_multiple_of(BOX_CENTERS as usize);
        let if_any = |condition: bool| if condition { e.n } else { 0 };
        let halves = |count| if e.is_int8 { 0 } else { count };
        let int8 = |count| if e.is_int8 { count } else { 0 };
        Buffers {
            pool: c.region("pool", e.pool_bytes),
            staged: c.region("staged", e.staged_row_bytes * e.full_rows()),
            bounds: c.region("bounds", e.n),
            nearest: c.region("nearest", e.n),
            seen: c.region("seen", e.n),
            weights: c.region("weights", if_any(e.has_weights)),
            norms: c.region("norms", if_any(e.has_norms)),
            roles: c.region("roles", e.n),
            int8_values: c.region("int8_values", int8(e.n * e.depth)),
            int8_numbers: c.region("int8_numbers", int8(e.n)),
            mean: c.region("mean", e.d * e.seen_bytes),
            centers: c.region("centers", e.centers * e.d * e.seen_bytes),
            center_operands: c.region("center_operands", e.centers),
            window: c.region("window", halves(e.window * e.depth)),
            int8_window: c.region("int8_window", int8(e.window * e.depth)),
            window_steps: c.region("window_steps", int8(places)),
            bases: c.region("bases", places),
            peaks: c.region("peaks", places / PEAK_CENTERS as usize),
            farthest: c.region("farthest", 3),
            bad_rows: c.region("bad_rows", 2),
            select: c.region("select", 1),
            histograms: c.region("histograms", (FRONTIER_PASSES * FRONTIER_BINS) as usize),
            list_codes: c.region("list_codes", e.capacity),
            list_slots: c.region("list_slots", e.capacity),
            edge_keys: c.region("edge_keys", EDGE as usize),
            edge_rows: c.region("edge_rows", EDGE as usize),
            rows: c.region("rows", e.capacity),
            sources: c.region("sources", e.capacity),
            slot_seen: c.region("slot_seen", e.capacity),
            limits: c.region("limits", e.capacity),
            tests: c.region("tests", e.capacity),
            operands: c.region("operands", e.capacity),
            packed: c.region("packed", halves(e.capacity * e.depth)),
            steps: c.region("steps", int8(e.capacity)),
            candidate_counts: c.region("candidate_counts", e.capacity),
            candidates: c.region("candidates", e.capacity * MOST_CANDIDATES as usize),
            panel_keys: c.region("panel_keys", ranked),
            panel_slots: c.region("panel_slots", ranked),
            live_slots: c.region("live_slots", e.live_capacity),
            live_rows: c.region("live_rows", int8(e.live_capacity)),
            products: c.region("products", e.live_capacity * e.live_capacity),
            pick_sources: c.region("pick_sources", e.live_capacity),
            states: c.region("states", if e.is_shard { e.capacity } else { 0 }),
            answer: c.region("answer", ROUND + e.live_capacity + e.live_capacity.div_ceil(2)),
        }
    }

    pub fn round(&self) -> Region<kernel::Round> {
        Region::lent(self.answer.pointer().address, 1)
    }

    /// How many centers there are, before the first round.
    pub fn centers_of_round(&self) -> Region<u32> {
        let offset = std::mem::offset_of!(kernel::Round, centers) as u64;
        Region::lent(self.answer.pointer().address + offset, 1)
    }

    /// Keys of the picks.
    pub fn pick_keys(&self, live_capacity: usize) -> Region<u64> {
        self.answer.part(ROUND, live_capacity)
    }

    /// Rows of the picks.
    pub fn pick_rows(&self, live_capacity: usize) -> Region<u32> {
        let rows = self.answer.part(ROUND + live_capacity, live_capacity.div_ceil(2));
        Region::lent(rows.pointer().address, live_capacity)
    }

    pub fn state(&self) -> kernel::State {
        kernel::State {
            bounds: self.bounds.pointer(),
            nearest: self.nearest.pointer(),
            seen: self.seen.pointer(),
            weights: self.weights.pointer_if_any(),
        }
    }

    pub fn frontier(&self) -> kernel::Frontier {
        kernel::Frontier {
            rows: self.rows.pointer(),
            sources: self.sources.pointer(),
            seen: self.slot_seen.pointer(),
            limits: self.limits.pointer(),
            packed: kernel::PackedRows {
                tests: self.tests.pointer(),
                operands: self.operands.pointer(),
                values: self.packed.pointer(),
            },
            candidate_counts: self.candidate_counts.pointer(),
            candidates: self.candidates.pointer(),
        }
    }

    pub fn window(&self) -> kernel::Window {
        kernel::Window {
            values: self.window.pointer(),
            operands: self.center_operands.pointer(),
            bases: self.bases.pointer(),
            peaks: self.peaks.pointer(),
        }
    }

    pub fn list(&self) -> kernel::List {
        kernel::List {
            codes: self.list_codes.pointer(),
            slots: self.list_slots.pointer(),
            edge_keys: self.edge_keys.pointer(),
            edge_rows: self.edge_rows.pointer(),
        }
    }
}

/// The memory and its plan.
pub struct Workspace {
    pub extent: Extent,
    pub buffers: Buffers,
    /// Keeps the buffers' memory.
    _arena: Arena,
}

impl Workspace {
    /// # Errors
    /// [`crate::Error::CudaMemory`] with what is needed and what is free.
    pub fn allocate(stream: &Stream, extent: Extent) -> Result<Workspace> {
        let gpu = stream.gpu();
        let (free, _) = gpu.context().mem_get_info().map_err(|error| gpu.explain(error))?;
        let too_small = || gpu.too_small(extent.bytes(), free as u64);
        Workspace::try_allocate(stream, extent)?.ok_or_else(too_small)
    }

    /// Returns `None` if the device does not have that much memory free.
    pub fn try_allocate(stream: &Stream, extent: Extent) -> Result<Option<Workspace>> {
        match stream.laid_out(|carver| Buffers::carve(&extent, carver)) {
            Ok((buffers, arena)) => Ok(Some(Workspace { extent, buffers, _arena: arena })),
            Err(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => Ok(None),
            Err(error) => Err(stream.gpu().explain(error)),
        }
    }
}
