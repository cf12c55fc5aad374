//! Rows of a pool in host memory on their way to the device: two pinned buffers, one filled while the other is copied.

use std::ops::Range;
use std::sync::Arc;

use cudarc::driver::sys::CUevent_flags;
use cudarc::driver::{CudaEvent, CudaStream};
use rayon::prelude::*;

use crate::backend::cuda::driver::copies::{Pinned, send};
use crate::backend::cuda::driver::memory::Region;
use crate::backend::cuda::gpu::Gpu;
use crate::error::Result;
use crate::pool::Pool;

/// Bytes of a pinned buffer.
const BUFFER_BYTES: usize = 16 << 20;

/// The two buffers, and when each was last copied out of.
pub struct Feed {
    buffers: [Pinned<u8>; 2],
    copied: [Option<CudaEvent>; 2],
    turn: usize,
}

impl Feed {
    /// For rows of `row_bytes`, `most` of them at most.
    pub fn new(gpu: &Gpu, row_bytes: usize, most: usize) -> Result<Feed> {
        let bytes = (BUFFER_BYTES / row_bytes).clamp(1, most) * row_bytes;
        let pinned = || Pinned::zeroed(gpu.context(), bytes).map_err(|error| gpu.explain(error));
        Ok(Feed { buffers: [pinned()?, pinned()?], copied: [None, None], turn: 0 })
    }

    /// Copy these rows of the pool, by a feed of its own. Waits for the copy.
    pub fn copy_all(
        gpu: &Gpu,
        stream: &Arc<CudaStream>,
        pool: &Pool,
        rows: Range<usize>,
        target: Region<u8>,
    ) -> Result<()> {
        let mut feed = Feed::new(gpu, pool.row_length(), rows.len())?;
        feed.send(gpu, stream, pool, rows.len(), |row| rows.start + row, target)?;
        // The feed's buffers are freed here.
        stream.synchronize().map_err(|error| gpu.explain(error))
    }

    /// Queue `rows` of the pool, one after another, to `target`.
    pub fn send(
        &mut self,
        gpu: &Gpu,
        stream: &Arc<CudaStream>,
        pool: &Pool,
        count: usize,
        row: impl Fn(usize) -> usize + Sync,
        target: Region<u8>,
    ) -> Result<()> {
        let row_bytes = pool.row_length();
        let at_once = self.buffers[0].as_slice().len() / row_bytes;
        for first in (0..count).step_by(at_once) {
            let rows = at_once.min(count - first);
            let turn = self.turn;
            self.turn = 1 - turn;
            if let Some(copied) = &self.copied[turn] {
                copied.synchronize().map_err(|error| gpu.explain(error))?;
            }
            let buffer = &mut self.buffers[turn].as_mut_slice()[..rows * row_bytes];
            let copy = |(i, bytes): (usize, &mut [u8])| {
                pool.with_row_bytes(row(first + i), |stored| bytes.copy_from_slice(stored))
            };
            buffer.par_chunks_exact_mut(row_bytes).enumerate().with_min_len(64).for_each(copy);
            pool.check_reads()?;
            send(stream, buffer, target.part(first * row_bytes, rows * row_bytes))
                .and_then(|()| stream.record_event(Some(CUevent_flags::CU_EVENT_DISABLE_TIMING)))
                .map(|event| self.copied[turn] = Some(event))
                .map_err(|error| gpu.explain(error))?;
        }
        Ok(())
    }
}
