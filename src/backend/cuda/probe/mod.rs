//! Measures what a device can do: the rates and latencies that a run's floor is computed from. Each is the median of
//! several launches, made longer until one takes a millisecond or all there is.

mod kernels;

use std::sync::Arc;
use std::time::Instant;

use cudarc::driver::{CudaStream, DriverError};

use super::abi as kernel;
pub use super::abi::Multiplier;
use super::driver::Pointer;
use super::driver::copies::{Pinned, fetch, fill, send};
use super::driver::memory::{Arena, Carver, Region, laid_out};
use super::gpu::Gpu;
use super::rounds::clock::Clock;
use crate::error::Result;
use crate::limits::{OFFER_SETS, PIECE_BYTES};
pub use kernels::Probe;
use kernels::{Probes, Tile};

/// Launches that a median is of.
const TIMES: usize = 9;
/// A launch of this length is not lengthened further: a mark of the clock is off by a thousandth of it.
const LONG_SECONDS: f64 = 1e-3;
/// An idle device takes a while to reach its clocks.
const WARM_SECONDS: f64 = 0.05;
/// Memory is probed with at most this many bytes, which no cache holds, and a quarter of what is free.
const MOST_BYTES: usize = 1 << 30;
const LEAST_BYTES: usize = 1 << 20;
/// Probed memory is filled with this byte: f32 values of about 0.75.
const FILLING: u8 = 0x3f;
/// No probe's sum has this value.
const NEVER: f32 = -1.0;
/// Values that a tile's rows are multiplied along.
const DEPTH: usize = 1024;
const UPLOAD_BYTES: usize = 32 << 20;
const MOST_REPEATS: u32 = 1 << 24;
/// Launches of nothing, back to back.
const LAUNCHES: u32 = 256;

/// A device under test, and what the probes share.
pub struct Prober {
    gpu: Arc<Gpu>,
    probes: Probes,
    stream: Arc<CudaStream>,
    clock: Clock,
    scratch: Scratch,
}

/// Memory that probes meet at and write to.
struct Scratch {
    offers: Region<kernel::Offer>,
    barrier: Region<u32>,
    result: Region<u64>,
    /// Keeps the regions' memory.
    _arena: Arena,
}

impl Scratch {
    fn allocate(
        probes: &Probes,
        stream: &Arc<CudaStream>,
    ) -> std::result::Result<Scratch, DriverError> {
        let offers = (OFFER_SETS * probes.blocks(Probe::GroupBarrier)) as usize;
        let carve = |c: &mut Carver| {
            (c.region("offers", offers), c.region("barrier", 1), c.region("result", 1))
        };
        let allocate = |bytes| Arena::allocate(stream, bytes);
        let ((offers, barrier, result), arena) = laid_out(&allocate, carve)?;
        Ok(Scratch { offers, barrier, result, _arena: arena })
    }
}

type Queued = std::result::Result<(), DriverError>;

impl Prober {
    /// # Errors
    /// [`crate::Error::CudaMemory`], [`crate::Error::Lost`].
    pub fn new(gpu: Arc<Gpu>) -> Result<Prober> {
        let stream = gpu.stream()?;
        let clock = Clock::new(&stream, 2).map_err(|error| gpu.explain(error))?;
        let probes = gpu.load_probes().and_then(|m| Probes::load(&m, gpu.multiprocessors()));
        let probes = probes.map_err(|error| gpu.explain(error))?;
        let scratch = Scratch::allocate(&probes, &stream).map_err(|error| gpu.explain(error))?;
        Ok(Prober { gpu, probes, stream, clock, scratch })
    }

    /// Bytes a second of device memory: read, and with [`Probe::Copy`] written as well.
    pub fn memory_rate(&mut self, probe: Probe) -> Result<f64> {
        let (free, _) = self.checked(self.gpu.context().mem_get_info())?;
        let most = MOST_BYTES.min(free / 4);
        let mut bytes = LEAST_BYTES;
        loop {
            let arena = self.checked(Arena::allocate(&self.stream, 2 * bytes))?;
            let source = Region::<u8>::lent(arena.address(), 2 * bytes);
            self.checked(fill(&self.stream, source, FILLING))?;
            let arguments = kernel::ProbeArguments {
                source: source.pointer(),
                target: source.part(bytes, bytes).pointer(),
                pieces: (bytes / PIECE_BYTES as usize) as u64,
                ..self.arguments()
            };
            let once = self.seconds(|p| p.queue(probe, &arguments))?;
            if once >= LONG_SECONDS || 2 * bytes > most {
                let moved = if probe == Probe::Copy { 2 * bytes } else { bytes };
                return Ok(moved as f64 / self.median(|p| p.queue(probe, &arguments))?);
            }
            bytes *= 2;
        }
    }

    /// Bytes a second from pinned host memory to the device.
    pub fn upload_rate(&mut self) -> Result<f64> {
        let pinned = self.checked(Pinned::<u8>::zeroed(self.gpu.context(), UPLOAD_BYTES))?;
        let arena = self.checked(Arena::allocate(&self.stream, UPLOAD_BYTES))?;
        let target = Region::lent(arena.address(), UPLOAD_BYTES);
        let seconds = self.median(|p| send(&p.stream, pinned.as_slice(), target))?;
        Ok(UPLOAD_BYTES as f64 / seconds)
    }

    /// Operations a second, two a multiply-add, from registers alone: of [`Probe::Fma`] or [`Probe::Fma64`].
    pub fn fma_rate(&mut self, probe: Probe) -> Result<f64> {
        let operations = 2 * self.probes.fmas();
        Ok(operations as f64 / self.seconds_a_repeat(probe)?)
    }

    /// Seconds from one launch to the next, back to back.
    pub fn launch_seconds(&mut self) -> Result<f64> {
        let empty = self.arguments();
        let launches = |p: &Prober| (0..LAUNCHES).try_for_each(|_| p.queue(Probe::Empty, &empty));
        Ok(self.median(launches)? / f64::from(LAUNCHES))
    }

    /// Seconds of a launch and of waiting for it, as the host sees it.
    pub fn round_trip_seconds(&self) -> Result<f64> {
        let round_trip = |_| {
            let started = Instant::now();
            let queued = self.queue(Probe::Empty, &self.arguments());
            self.checked(queued.and_then(|()| self.stream.synchronize()))?;
            Ok(started.elapsed().as_secs_f64())
        };
        Ok(median((0..LAUNCHES).map(round_trip).collect::<Result<_>>()?))
    }

    /// Operations a second, two a multiply-add, of matrix products as refresh makes them, operands in a cache and no search.
    pub fn matrix_rate(&mut self, multiplier: Multiplier) -> Result<f64> {
        let (rows, columns) = self.probes.tile(multiplier);
        let blocks = self.probes.multiplying(multiplier);
        let (_arena, tile) = self.allocate_tile(multiplier, DEPTH)?;
        // Halves of about 0.8: zeros would take less power, and be faster.
        for (operand, values) in [(tile.rows, rows * DEPTH), (tile.columns, columns * DEPTH)] {
            let operand = Region::<u16>::lent(operand.address, values);
            self.checked(fill(&self.stream, operand, FILLING))?;
        }
        let multiply =
            |p: &Prober, repeats| p.probes.multiply(&p.stream, multiplier, tile, repeats);
        let seconds = self.seconds_each(multiply)?;
        Ok(f64::from(blocks) * (2 * rows * columns * DEPTH) as f64 / seconds)
    }

    /// Products of one tile's `rows` and `columns`, halves, each `(tile, depth)`: `(rows, columns)`.
    pub fn products(
        &mut self,
        multiplier: Multiplier,
        rows: &[u16],
        columns: &[u16],
        depth: usize,
    ) -> Result<Vec<f32>> {
        let (_arena, tile) = self.allocate_tile(multiplier, depth)?;
        let mut products = vec![0.0; rows.len() / depth * (columns.len() / depth)];
        let place = |pointer: Pointer<u16>, len| Region::lent(pointer.address, len);
        let queued = send(&self.stream, rows, place(tile.rows, rows.len()))
            .and_then(|()| send(&self.stream, columns, place(tile.columns, columns.len())))
            .and_then(|()| self.probes.multiply(&self.stream, multiplier, tile, 1))
            .and_then(|()| {
                let made = Region::lent(tile.products.address, products.len());
                fetch(&self.stream, made, &mut products)
            })
            .and_then(|()| self.stream.synchronize());
        self.checked(queued)?;
        Ok(products)
    }

    /// Rows and columns of a tile of products.
    pub fn tile(&self, multiplier: Multiplier) -> (usize, usize) {
        self.probes.tile(multiplier)
    }

    /// Memory for a tile's operands, the rows first, and its products.
    fn allocate_tile(&self, multiplier: Multiplier, depth: usize) -> Result<(Arena, Tile)> {
        let (rows, columns) = self.probes.tile(multiplier);
        let carve = |c: &mut Carver| -> (Region<u16>, Region<u16>, Region<f32>) {
            let operands = (c.region("rows", rows * depth), c.region("columns", columns * depth));
            (operands.0, operands.1, c.region("products", rows * columns))
        };
        let allocate = |bytes| Arena::allocate(&self.stream, bytes);
        let ((rows, columns, products), arena) = self.checked(laid_out(&allocate, carve))?;
        let depth = u32::try_from(depth).expect("rows have few values");
        let tile = Tile {
            rows: rows.pointer(),
            columns: columns.pointer(),
            products: products.pointer(),
            depth,
        };
        Ok((arena, tile))
    }

    /// Seconds of a repeat of `probe`.
    pub fn seconds_a_repeat(&mut self, probe: Probe) -> Result<f64> {
        let arguments = self.arguments();
        self.seconds_each(|p, repeats| {
            p.queue(probe, &kernel::ProbeArguments { repeats, ..arguments })
        })
    }

    /// Seconds of one of the repeats that `queue` queues, once there are enough of them to be timed.
    fn seconds_each(&mut self, queue: impl Fn(&Prober, u32) -> Queued) -> Result<f64> {
        let mut repeats = 1;
        while repeats < MOST_REPEATS && self.seconds(|p| queue(p, repeats))? < LONG_SECONDS {
            repeats *= 2;
        }
        Ok(self.median(|p| queue(p, repeats))? / f64::from(repeats))
    }

    /// Bring the device to its clocks.
    pub fn warm_up(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed().as_secs_f64() < WARM_SECONDS {
            self.seconds_a_repeat(Probe::Fma)?;
        }
        Ok(())
    }

    fn arguments(&self) -> kernel::ProbeArguments {
        kernel::ProbeArguments {
            source: Pointer::NULL,
            target: Pointer::NULL,
            pieces: 0,
            offers: self.scratch.offers.pointer(),
            barrier: self.scratch.barrier.pointer(),
            result: self.scratch.result.pointer(),
            never: NEVER,
            repeats: 0,
        }
    }

    fn queue(&self, probe: Probe, arguments: &kernel::ProbeArguments) -> Queued {
        self.probes.launch(&self.stream, probe, arguments)
    }

    fn median(&mut self, queue: impl Fn(&Prober) -> Queued) -> Result<f64> {
        // One that does not count: what is first may wait for what later ones find ready.
        self.seconds(&queue)?;
        Ok(median((0..TIMES).map(|_| self.seconds(&queue)).collect::<Result<_>>()?))
    }

    /// Seconds that the device takes for what `queue` queues.
    fn seconds(&mut self, queue: impl Fn(&Prober) -> Queued) -> Result<f64> {
        let cleared = fill(&self.stream, self.scratch.barrier, 0);
        let marked = cleared.and_then(|()| self.clock.mark(&self.stream));
        let queued = marked.and_then(|()| queue(self));
        let marked = queued.and_then(|()| self.clock.mark(&self.stream));
        let done = marked.and_then(|()| self.stream.synchronize());
        let seconds = done.and_then(|()| self.clock.seconds());
        self.checked(seconds).map(|seconds| seconds[0])
    }

    fn checked<T>(&self, result: std::result::Result<T, DriverError>) -> Result<T> {
        result.map_err(|error| self.gpu.explain(error))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
