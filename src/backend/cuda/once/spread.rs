//! How small pools are spread over a device's blocks.

use crate::backend::cuda::abi::{Kernels, seen_bytes};
use crate::limits::{BATCH_SLOT_BYTES, BATCH_THREADS, LANE_PER_ROW};
use crate::pool::Dtype;

/// Values up to which one block is faster alone than many that meet once a pick: where a lane sums a row, and where a warp does.
/// Estimates from the cost of a barrier among blocks, not measurements.
const LANES_VALUES: usize = 1 << 18;
const WARPS_VALUES: usize = 1 << 15;
/// Rows a block at least, where there are more: one for each of its warps.
const LEAST_ROWS: usize = 32;

/// Blocks and their memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Blocks a pool.
    pub group: u32,
    pub threads: u32,
    /// Rows a block at most.
    pub slots: u32,
    /// Bytes of dynamic shared memory.
    pub shared: u32,
    /// Whether a block's rows are kept in shared memory.
    pub is_cached: bool,
}

impl Spread {
    /// For `pools` pools of at most `rows` rows of `d` values; none if a block's shared memory is too small for its part.
    pub fn of(
        kernels: &Kernels,
        pools: usize,
        (rows, d): (usize, usize),
        dtype: Dtype,
    ) -> Option<Spread> {
        // One block fits each multiprocessor, so this many are resident together.
        let most = (kernels.multiprocessors() as usize / pools).clamp(1, rows.div_ceil(LEAST_ROWS));
        let values = if d <= LANE_PER_ROW as usize { LANES_VALUES } else { WARPS_VALUES };
        let group = if rows * d <= values { 1 } else { most };
        let limit = kernels.batch_shared() as usize;
        [group, most]
            .into_iter()
            .find_map(|group| Spread::in_groups(group, (rows, d), dtype, limit))
    }

    fn in_groups(
        group: usize,
        (rows, d): (usize, usize),
        dtype: Dtype,
        limit: usize,
    ) -> Option<Spread> {
        let slots = rows.div_ceil(group);
        // Where the center's values are f64, they begin at a multiple of 8 bytes.
        let seen = seen_bytes(dtype);
        let bare = (slots * BATCH_SLOT_BYTES as usize).next_multiple_of(seen) + d * seen;
        let cached = bare + slots * d * dtype.bytes();
        let is_cached = cached <= limit;
        let lanes = if d <= LANE_PER_ROW as usize { slots } else { slots * 32 };
        let narrow = |count: usize| u32::try_from(count).ok();
        (bare <= limit).then_some(Spread {
            group: narrow(group)?,
            threads: narrow(lanes.next_multiple_of(32).min(BATCH_THREADS as usize))?,
            slots: narrow(slots)?,
            shared: narrow(if is_cached { cached } else { bare })?,
            is_cached,
        })
    }
}
