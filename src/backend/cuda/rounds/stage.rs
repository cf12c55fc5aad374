//! The place of the pool's rows, and how rows that stay on the host come to the device.

use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::copies::fetch;
use crate::backend::cuda::driver::memory::Region;
use crate::backend::cuda::feed::Feed;
use crate::backend::cuda::lent::Stream;
use crate::backend::cuda::placement::Placement;
use crate::error::Result;

use super::Cuda;
use super::workspace::{Extent, ROUND, Workspace};

/// The place of the pool's rows.
pub(super) enum Place {
    /// On the device, at this address.
    Device(Pointer<u8>),
    /// On the host: the rows that a round needs are staged by slot.
    Host(Feed),
}

/// Allocates the workspace, with room for the pool if the pool is to be copied and fits.
pub(super) fn allocate(
    stream: &Stream,
    placement: Placement,
    extent: Extent,
) -> Result<(Workspace, Place)> {
    let gpu = stream.gpu();
    let rows = match placement {
        Placement::Copied(rows) | Placement::Staged(rows) => rows,
        Placement::Lent(pool) => {
            return Ok((Workspace::allocate(stream, extent)?, Place::Device(pool.address)));
        }
    };
    let row_bytes = rows.pool().row_length();
    let resident = Extent { pool_bytes: extent.n * row_bytes, ..extent };
    if let Placement::Copied(_) = placement
        && let Some(workspace) = Workspace::try_allocate(stream, resident)?
    {
        let address = workspace.buffers.pool.pointer();
        return Ok((workspace, Place::Device(address)));
    }
    let workspace = Workspace::allocate(stream, Extent { staged_row_bytes: row_bytes, ..extent })?;
    let feed = Feed::new(gpu, row_bytes, extent.full_rows())?;
    Ok((workspace, Place::Host(feed)))
}

impl Cuda<'_> {
    /// If the pool stays on the host, brings the rows in the slots to the device. For that the host must learn which
    /// rows they are.
    pub(super) fn stage(&mut self, size: u32) -> Result<()> {
        if !self.is_staged() {
            return Ok(());
        }
        let rows = self.buffers().rows.part(0, size as usize);
        self.stage_rows(rows, |round| round.count)
    }

    /// Brings the host's rows that are listed at `listed` to the device, `count` of them. Waits for the list.
    pub(super) fn stage_rows(
        &mut self,
        listed: Region<u32>,
        count: impl Fn(&kernel::Round) -> u32,
    ) -> Result<()> {
        let (size, found) = (listed.len(), self.buffers().answer);
        // The memory for the round's answer is free until that comes.
        let (round, rows) = self.answer.as_mut_slice().split_at_mut(ROUND);
        let rows: &mut [u32] = &mut bytemuck::cast_slice_mut(rows)[..size];
        let stream = self.stream.cuda_stream();
        let queued = fetch(stream, listed, rows)
            .and_then(|()| fetch(stream, found.part(0, ROUND), round))
            .and_then(|()| stream.synchronize());
        self.checked(queued)?;
        let rows: Vec<u32> =
            bytemuck::cast_slice(&self.answer.as_slice()[ROUND..])[..size].to_vec();
        let count = count(&self.fetched_round()) as usize;
        self.send_rows(count, |i| rows[i] as usize)
    }

    /// Stage `count` of the host's rows by slot.
    pub(super) fn send_rows(
        &mut self,
        count: usize,
        row: impl Fn(usize) -> usize + Sync,
    ) -> Result<()> {
        let staged = self.workspace.buffers.staged;
        let (Place::Host(feed), Some(rows)) = (&mut self.pool, self.placement.on_host()) else {
            return Ok(());
        };
        let (gpu, stream) = (self.stream.gpu(), self.stream.cuda_stream());
        let first = rows.range().start;
        feed.send(gpu, stream, rows.pool(), count, |i| first + row(i), staged)
    }
}
