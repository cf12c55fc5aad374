//! All device memory of joins over a pool.

use crate::backend::Neighbour;
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::seen_bytes;
use crate::backend::cuda::driver::memory::{Carver, Region};
use crate::backend::cuda::packing::{capacity, depth};
use crate::backend::interval::Operand;
use crate::ground::Ground;
use crate::limits::{BOX_CENTERS, MMA_TILE, PEAK_CENTERS};
use crate::options::Metric;

/// Values of rows asked about that are held at once: 64 MB, and half that packed.
const WINDOW_VALUES: usize = 16 << 20;

/// The numbers that decide how much memory joins take.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Rows of the pool.
    pub n: usize,
    pub d: usize,
    /// Rows that may be neighbours.
    pub eligible: usize,
    /// How many of those are in a block.
    pub capacity: usize,
    /// Rows asked about at once at most.
    pub window: usize,
    pub has_norms: bool,
    /// Bytes of a value as the metric sees it.
    pub seen_bytes: usize,
}

impl Extent {
    pub fn of(ground: &Ground) -> Extent {
        let (n, d) = (ground.rows.len(), ground.rows.dimensions());
        let eligible = ground.eligible_count();
        let tile = MMA_TILE as usize;
        let window = (WINDOW_VALUES / depth(d)).min(eligible.next_multiple_of(tile));
        Extent {
            n,
            d,
            eligible,
            capacity: capacity(eligible, depth(d)),
            window: (window / tile).max(1) * tile,
            has_norms: ground.rows.metric() == Metric::Cosine,
            seen_bytes: seen_bytes(ground.rows.dtype()),
        }
    }

    /// Pairs of a launch at most: those of one tile of places always fit.
    pub fn pairs(&self) -> usize {
        self.capacity * MMA_TILE as usize
    }
}

/// The regions of the allocation.
pub struct Buffers {
    pub norms: Region<f64>,
    pub mean: Region<u8>,
    pub farthest: Region<u64>,
    /// First row that is not finite, and first row without a direction.
    pub bad_rows: Region<u32>,
    pub eligible: Region<u32>,
    // The rows asked about, by place.
    pub wanted: Region<u32>,
    pub values: Region<u8>,
    pub wanted_operands: Region<Operand>,
    pub window: Region<u16>,
    pub bases: Region<f32>,
    pub peaks: Region<kernel::Peak>,
    // A block of the pool's rows, by slot.
    pub tests: Region<kernel::Test>,
    pub operands: Region<Operand>,
    pub packed: Region<u16>,
    // Pairs of a launch.
    pub counts: Region<kernel::JoinCounts>,
    pub passed: Region<kernel::Passed>,
    pub found: Region<Neighbour>,
}

impl Buffers {
    pub fn carve(e: &Extent, c: &mut Carver) -> Buffers {
        let depth = depth(e.d);
        let places = e.window.next_multiple_of(BOX_CENTERS as usize);
        Buffers {
            norms: c.region("norms", if e.has_norms { e.n } else { 0 }),
            mean: c.region("mean", e.d * e.seen_bytes),
            farthest: c.region("farthest", 1),
            bad_rows: c.region("bad_rows", 2),
            eligible: c.region("eligible", e.eligible),
            wanted: c.region("wanted", e.window),
            values: c.region("values", e.window * e.d * e.seen_bytes),
            wanted_operands: c.region("wanted_operands", e.window),
            window: c.region("window", e.window * depth),
            bases: c.region("bases", places),
            peaks: c.region("peaks", places / PEAK_CENTERS as usize),
            tests: c.region("tests", e.capacity),
            operands: c.region("operands", e.capacity),
            packed: c.region("packed", e.capacity * depth),
            counts: c.region("counts", 1),
            passed: c.region("passed", e.pairs()),
            found: c.region("found", e.pairs()),
        }
    }

    pub fn block(&self) -> kernel::PackedRows {
        kernel::PackedRows {
            tests: self.tests.pointer(),
            operands: self.operands.pointer(),
            values: self.packed.pointer(),
        }
    }

    pub fn window(&self) -> kernel::Window {
        kernel::Window {
            values: self.window.pointer(),
            operands: self.wanted_operands.pointer(),
            bases: self.bases.pointer(),
            peaks: self.peaks.pointer(),
        }
    }
}
