//! Range joins on a GPU: blocks of the pool's rows against the rows asked about, which are packed as centers are.

mod buffers;

use rayon::prelude::*;

use buffers::{Buffers, Extent};

use crate::backend::Neighbour;
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::number;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::copies::{fetch, fill, send};
use crate::backend::cuda::driver::memory::{Arena, Region};
use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::backend::cuda::packing::{ABOVE_ALL, SAMPLE, packing};
use crate::error::{Error, Result};
use crate::ground::Ground;
use crate::limits::MMA_TILE;
use crate::pool::Dtype;

/// A pool on a device, looked at, and the memory for joins over it.
pub struct Join {
    pool: Pointer<u8>,
    dtype: Dtype,
    extent: Extent,
    buffers: Buffers,
    packing: kernel::Packing,
    /// Keeps the buffers' memory.
    _arena: Arena,
}

impl Join {
    /// Allocates all the memory that joins will use, and reads the pool once.
    ///
    /// # Errors
    /// Too little device memory; a row of zeros under cosine.
    pub fn new(ground: &Ground, stream: &Stream, pool: &DevicePool, width: f64) -> Result<Join> {
        let extent = Extent::of(ground);
        let laid_out = stream.laid_out(|carver| Buffers::carve(&extent, carver));
        let (buffers, arena) = stream.checked(laid_out)?;
        let packing = packing(extent.d, 1.0, buffers.mean.pointer(), width);
        let (pool, dtype) = (pool.address, pool.dtype);
        let mut join = Join { pool, dtype, extent, buffers, packing, _arena: arena };
        let eligible = ground.eligible_rows().map(number).collect();
        join.look_at_rows(stream, eligible)?;
        let reach = join.measure_reach(stream)?;
        join.packing = self::packing(extent.d, reach, join.buffers.mean.pointer(), width);
        Ok(join)
    }

    fn rows(&self) -> kernel::Rows {
        kernel::Rows { values: self.pool, norms: self.buffers.norms.pointer_if_any() }
    }

    /// The eligible rows' numbers, every row's norm, and the mean.
    fn look_at_rows(&self, stream: &Stream, eligible: Vec<u32>) -> Result<()> {
        let (b, s, kernels) = (&self.buffers, stream.cuda_stream(), stream.gpu().kernels());
        stream.checked(send(s, &eligible, b.eligible))?;
        stream.checked(fill(s, b.bad_rows, 0xff))?;
        if self.extent.has_norms {
            self.compute_norms(stream)?;
        }
        let mean = kernel::PrepareMeanArguments {
            rows: self.rows(),
            mean: b.mean.pointer(),
            count: self.extent.n as u64,
            d: number(self.extent.d),
            step: number(self.extent.n.div_ceil(SAMPLE)),
        };
        stream.checked(kernels.prepare_mean(s, self.dtype, &mean))
    }

    fn compute_norms(&self, stream: &Stream) -> Result<()> {
        let b = &self.buffers;
        let check = kernel::PrepareCheckArguments {
            values: self.pool,
            norms: b.norms.pointer(),
            not_finite: b.bad_rows.part(0, 1).pointer(),
            without_direction: b.bad_rows.part(1, 1).pointer(),
            first: 0,
            count: self.extent.n as u64,
            d: number(self.extent.d),
        };
        let kernels = stream.gpu().kernels();
        stream.checked(kernels.prepare_check(stream.cuda_stream(), self.dtype, &check))
    }

    /// How far from the mean any eligible row lies.
    fn measure_reach(&self, stream: &Stream) -> Result<f64> {
        let (b, s, kernels) = (&self.buffers, stream.cuda_stream(), stream.gpu().kernels());
        stream.checked(fill(s, b.farthest, 0))?;
        for first in (0..self.extent.eligible).step_by(self.extent.window) {
            let count = self.extent.window.min(self.extent.eligible - first);
            self.gather(stream, b.eligible.part(first, count))?;
            let reach = kernel::PrepareReachArguments {
                centers: b.values.pointer(),
                mean: b.mean.pointer(),
                farthest: b.farthest.pointer(),
                first: 0,
                end: number(count),
                d: number(self.extent.d),
            };
            stream.checked(kernels.prepare_reach(s, self.dtype, &reach))?;
        }
        let (mut farthest, mut bad_rows) = ([0u64; 1], [0u32; 2]);
        stream.checked(fetch(s, b.farthest, &mut farthest))?;
        stream.checked(fetch(s, b.bad_rows, &mut bad_rows))?;
        stream.synchronize()?;
        match bad_rows[1] {
            u32::MAX => Ok(f64::from_bits(farthest[0]) * (1.0 + 1e-6)),
            row => Err(Error::ZeroRow { what: "row", row: row as usize }),
        }
    }

    /// Values of these rows under the metric, by place.
    fn gather(&self, stream: &Stream, rows: Region<u32>) -> Result<()> {
        let gather = kernel::GatherRowsArguments {
            rows: self.rows(),
            pool_rows: rows.pointer(),
            values: self.buffers.values.pointer(),
            count: number(rows.len()),
            d: number(self.extent.d),
        };
        let kernels = stream.gpu().kernels();
        stream.checked(kernels.gather_rows(stream.cuda_stream(), self.dtype, &gather))
    }

    /// [`crate::backend::Space::within`].
    pub fn within(
        &mut self,
        stream: &Stream,
        rows: &[usize],
        reach: f64,
        most: usize,
    ) -> Result<Option<Vec<Neighbour>>> {
        let window = self.extent.window;
        let mut found = Found { pairs: Vec::new(), most, at_once: window };
        for (batch, rows) in rows.chunks(window).enumerate() {
            self.pack_wanted(stream, rows)?;
            let blocks = (0..self.extent.eligible).step_by(self.extent.capacity);
            for first in blocks {
                let size = self.extent.capacity.min(self.extent.eligible - first);
                let block = Block { first, size, reach, first_wanted: batch * window };
                self.pack_block(stream, block)?;
                if !self.block(stream, block, rows.len(), &mut found)? {
                    return Ok(None);
                }
            }
        }
        found.pairs.par_sort_unstable_by_key(Neighbour::order);
        Ok(Some(found.pairs))
    }

    fn pack_wanted(&self, stream: &Stream, rows: &[usize]) -> Result<()> {
        let (b, s, kernels) = (&self.buffers, stream.cuda_stream(), stream.gpu().kernels());
        let numbers: Vec<u32> = rows.iter().map(|&row| number(row)).collect();
        let wanted = b.wanted.part(0, rows.len());
        stream.checked(send(s, &numbers, wanted))?;
        self.gather(stream, wanted)?;
        stream.checked(fill(s, b.bases, ABOVE_ALL))?;
        stream.checked(fill(s, b.peaks, 0))?;
        let pack = kernel::PackWantedArguments {
            packing: self.packing,
            values: b.values.pointer(),
            window: b.window(),
            count: number(rows.len()),
        };
        stream.checked(kernels.pack_wanted(s, self.dtype, &pack))
    }

    fn pack_block(&self, stream: &Stream, block: Block) -> Result<()> {
        let pack = kernel::PackBlockArguments {
            packing: self.packing,
            rows: self.rows(),
            pool_rows: self.pool_rows(block),
            block: self.buffers.block(),
            limit: block.reach,
            count: number(block.size),
        };
        let kernels = stream.gpu().kernels();
        stream.checked(kernels.pack_block(stream.cuda_stream(), self.dtype, &pack))
    }

    fn pool_rows(&self, block: Block) -> Pointer<u32> {
        self.buffers.eligible.part(block.first, block.size).pointer()
    }

    /// The pairs of a block and `wanted` places; false if there are too many in all.
    fn block(
        &self,
        stream: &Stream,
        block: Block,
        wanted: usize,
        found: &mut Found,
    ) -> Result<bool> {
        let mut first = 0;
        while first < wanted {
            let end = wanted.min(first + found.at_once);
            if self.launch(stream, block, first..end, &mut found.pairs)? {
                first = end;
            } else {
                assert!(end - first > MMA_TILE as usize, "the pairs of a tile of places fit");
                found.at_once = ((end - first) / 2).next_multiple_of(MMA_TILE as usize);
            }
            if found.pairs.len() > found.most {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The pairs of a block and these places, joined to `pairs`; false, and none, if the device had not the room for them.
    fn launch(
        &self,
        stream: &Stream,
        block: Block,
        places: std::ops::Range<usize>,
        pairs: &mut Vec<Neighbour>,
    ) -> Result<bool> {
        let (b, s, kernels) = (&self.buffers, stream.cuda_stream(), stream.gpu().kernels());
        stream.checked(fill(s, b.counts, 0))?;
        let arguments = self.join_arguments(block, places);
        stream.checked(kernels.join(s, self.dtype, &arguments))?;
        let mut counts = [kernel::JoinCounts::default()];
        stream.checked(fetch(s, b.counts, &mut counts))?;
        stream.synchronize()?;
        let [counts] = counts;
        if counts.passed > arguments.capacity {
            return Ok(false);
        }
        let (start, count) = (pairs.len(), counts.found as usize);
        pairs.resize(start + count, bytemuck::Zeroable::zeroed());
        stream.checked(fetch(s, b.found.part(0, count), &mut pairs[start..]))?;
        stream.synchronize()?;
        Ok(true)
    }

    fn join_arguments(
        &self,
        block: Block,
        places: std::ops::Range<usize>,
    ) -> kernel::JoinArguments {
        let b = &self.buffers;
        kernel::JoinArguments {
            interval: self.packing.interval,
            block: b.block(),
            window: b.window(),
            rows: self.rows(),
            pool_rows: self.pool_rows(block),
            wanted: b.wanted.pointer(),
            passed: b.passed.pointer(),
            found: b.found.pointer(),
            counts: b.counts.pointer(),
            reach: block.reach,
            count: number(block.size),
            first_place: number(places.start),
            end_place: number(places.end),
            first_wanted: number(block.first_wanted),
            capacity: number(self.extent.pairs()),
            d: number(self.extent.d),
            depth: self.packing.depth,
        }
    }
}

/// A block of eligible rows, and what it is tried against.
#[derive(Debug, Clone, Copy)]
struct Block {
    first: usize,
    size: usize,
    reach: f64,
    /// Position of place 0 among the rows asked about.
    first_wanted: usize,
}

/// The pairs that a join has found so far.
struct Found {
    pairs: Vec<Neighbour>,
    most: usize,
    /// Places a launch is given: halved where the pairs did not fit.
    at_once: usize,
}
