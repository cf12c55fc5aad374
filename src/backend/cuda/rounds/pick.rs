//! Picks inside a refreshed frontier, and the answer that brings them to the host.

use super::Cuda;
use super::workspace::ROUND;
use crate::backend::Candidate;
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::number;
use crate::backend::cuda::driver::copies::fetch;
use crate::error::Result;

impl Cuda<'_> {
    pub(super) fn pick_arguments(&self, limit: usize, stop: f64) -> kernel::PickArguments {
        let (b, e) = (self.buffers(), self.extent());
        kernel::PickArguments {
            interval: *self.interval(),
            rows: self.rows(),
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            live_slots: b.live_slots.pointer(),
            products: b.products.pointer(),
            pick_rows: b.pick_rows(e.live_capacity).pointer(),
            pick_sources: b.pick_sources.pointer(),
            pick_keys: b.pick_keys(e.live_capacity).pointer(),
            stop,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            applied: number(self.centers),
            capacity: number(e.live_capacity),
            d: number(e.d),
            depth: number(e.depth),
        }
    }

    pub(super) fn panel_arguments(&self) -> kernel::PanelArguments {
        let b = self.buffers();
        kernel::PanelArguments {
            state: b.state(),
            frontier: b.frontier(),
            round: b.round().pointer(),
            keys: b.panel_keys.pointer(),
            slots: b.panel_slots.pointer(),
            live_slots: b.live_slots.pointer(),
            capacity: number(self.extent().live_capacity),
        }
    }

    /// Lists the live rows of a frontier of at most `size`; on int8 values they are settled.
    pub(super) fn list_live(&mut self, size: u32, pick: &kernel::PickArguments) -> Result<()> {
        let panel = self.panel_arguments();
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.pick_live(stream, size, &panel, pick))?;
        if self.is_int8() { self.settle_live(size) } else { Ok(()) }
    }

    pub(super) fn queue_answer(&mut self) -> Result<()> {
        let answer = self.workspace.buffers.answer;
        let words = &mut self.answer.as_mut_slice()[..answer.len()];
        let queued = fetch(self.stream.cuda_stream(), answer, words);
        self.checked(queued)?;
        self.mark()
    }

    /// Waits for the round's answer, but not for work queued after it.
    pub(super) fn fetch_answer(&mut self) -> Result<(kernel::Round, Vec<Candidate>)> {
        self.checked(self.clocks[0].wait())?;
        let (round, words) = (self.fetched_round(), self.answer.as_slice());
        let live_capacity = self.extent().live_capacity;
        let rows: &[u32] = bytemuck::cast_slice(&words[ROUND + live_capacity..]);
        let keys = &words[ROUND..][..round.picks as usize];
        let pick = |(&key, &row)| Candidate { key: f64::from_bits(key), row: row as usize };
        Ok((round, keys.iter().zip(rows).map(pick).collect()))
    }

    pub(super) fn fetched_round(&self) -> kernel::Round {
        bytemuck::pod_read_unaligned(bytemuck::cast_slice(&self.answer.as_slice()[..ROUND]))
    }

    /// Queues copying the values of at most `limit` picks to the centers', from where the frontier's rows are.
    pub(super) fn queue_gather(&mut self, limit: usize) -> Result<()> {
        if limit == 0 {
            return Ok(());
        }
        let rows = self.buffers().pick_rows(self.extent().live_capacity).pointer();
        let gather = kernel::GatherPicksArguments {
            rows: self.rows(),
            round: self.buffers().round().pointer(),
            sources: self.buffers().pick_sources.pointer(),
            pool_rows: rows,
            centers: self.buffers().centers.pointer(),
            d: number(self.extent().d),
        };
        let most = self.size.min(u32::try_from(limit).unwrap_or(u32::MAX));
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.gather_picks(stream, self.dtype(), most, &gather))
    }

    pub(super) fn take_picks(&mut self, picks: usize) {
        self.centers += picks;
        self.left -= picks;
        if self.ahead.is_some() {
            self.packed = self.centers;
        }
    }
}
