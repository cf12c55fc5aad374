//! Launches of `kernels/probe*.cu`.

use cudarc::driver::{CudaStream, DriverError};

use crate::backend::cuda::abi::{Multiplier, ProbeArguments, ProductsArguments};
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::launch::{Kernel, Modules, Shape};
use crate::backend::cuda::driver::tensor_map::TensorMap;
use crate::limits::{
    BATCH_THREADS, BOX_CENTERS, BOX_ROWS, GREEDY_THREADS, MMA_TILE, PROBE_CHAINS, PROBE_RESIDENT,
    PROBE_STEPS, RING_BYTES, THREADS, TILES_RESIDENT, WGMMA_THREADS,
};

/// What can be probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    Copy,
    Read,
    Fma,
    Fma64,
    Empty,
    Barrier,
    GroupBarrier,
}

impl Probe {
    const ALL: [Probe; 7] = [
        Probe::Copy,
        Probe::Read,
        Probe::Fma,
        Probe::Fma64,
        Probe::Empty,
        Probe::Barrier,
        Probe::GroupBarrier,
    ];

    fn kernel(self) -> &'static str {
        match self {
            Probe::Copy => "probe_copy",
            Probe::Read => "probe_read",
            Probe::Fma => "probe_fma",
            Probe::Fma64 => "probe_fma64",
            Probe::Empty => "probe_empty",
            Probe::Barrier => "probe_barrier",
            Probe::GroupBarrier => "probe_group_barrier",
        }
    }
}

/// Operands of one tile of products, halves, and where the products go.
#[derive(Debug, Clone, Copy)]
pub struct Tile {
    pub rows: Pointer<u16>,
    pub columns: Pointer<u16>,
    pub products: Pointer<f32>,
    /// Values a row of either operand.
    pub depth: u32,
}

/// The file that is compiled for one architecture alone.
const PROBE_90A: &str = "probe_90a";

/// Every probe, loaded on one device.
pub struct Probes {
    multiprocessors: u32,
    kernels: Vec<Kernel<ProbeArguments>>,
    mma: Kernel<ProductsArguments>,
    /// Only if the device has its instructions.
    wgmma: Option<Kernel<ProductsArguments>>,
}

impl Probes {
    pub(super) fn load(modules: &Modules, multiprocessors: u32) -> Result<Probes, DriverError> {
        let kernels = Probe::ALL.iter().map(|probe| modules.kernel("probe", probe.kernel()));
        let wgmma = modules.has(PROBE_90A).then(|| modules.kernel(PROBE_90A, "probe_wgmma"));
        let wgmma: Option<Kernel<_>> = wgmma.transpose()?;
        if let Some(kernel) = &wgmma {
            kernel.allow_shared(RING_BYTES)?;
        }
        Ok(Probes {
            multiprocessors,
            kernels: kernels.collect::<Result<_, _>>()?,
            mma: modules.kernel("probe_mma", "probe_mma")?,
            wgmma,
        })
    }

    fn wgmma(&self, multiplier: Multiplier) -> Option<&Kernel<ProductsArguments>> {
        self.wgmma.as_ref().filter(|_| multiplier == Multiplier::Fastest)
    }

    /// Rows and columns of a tile of products.
    pub fn tile(&self, multiplier: Multiplier) -> (usize, usize) {
        let (rows, columns) = if self.wgmma(multiplier).is_some() {
            (BOX_ROWS, BOX_CENTERS)
        } else {
            (MMA_TILE, MMA_TILE)
        };
        (rows as usize, columns as usize)
    }

    /// Blocks that multiply a tile at the same time, each of them the same.
    pub fn multiplying(&self, multiplier: Multiplier) -> u32 {
        self.multiprocessors * if self.wgmma(multiplier).is_some() { 1 } else { TILES_RESIDENT }
    }

    /// Multiply a tile, `repeats` times in every block.
    pub fn multiply(
        &self,
        stream: &CudaStream,
        multiplier: Multiplier,
        tile: Tile,
        repeats: u32,
    ) -> Result<(), DriverError> {
        let Tile { rows, columns, products, depth } = tile;
        let a = ProductsArguments {
            row_boxes: TensorMap::of_halves(rows, BOX_ROWS, depth, BOX_ROWS)?,
            column_boxes: TensorMap::of_halves(columns, BOX_CENTERS, depth, BOX_CENTERS)?,
            rows,
            columns,
            products,
            depth,
            repeats,
        };
        let shape = of_blocks(self.multiplying(multiplier));
        match self.wgmma(multiplier) {
            Some(kernel) => {
                let shape = Shape { threads: WGMMA_THREADS, shared: RING_BYTES, ..shape };
                kernel.launch(stream, shape, &a)
            }
            None => self.mma.launch(stream, shape, &a),
        }
    }

    /// Blocks that `probe` is launched with.
    pub fn blocks(&self, probe: Probe) -> u32 {
        match probe {
            Probe::Empty | Probe::Barrier => 1,
            Probe::GroupBarrier => self.multiprocessors,
            _ => PROBE_RESIDENT * self.multiprocessors,
        }
    }

    /// Multiply-adds that a launch of [`Probe::Fma`] or [`Probe::Fma64`] makes each repeat.
    pub fn fmas(&self) -> u64 {
        u64::from(self.blocks(Probe::Fma))
            * u64::from(THREADS)
            * u64::from(PROBE_CHAINS * PROBE_STEPS)
    }

    pub fn launch(
        &self,
        stream: &CudaStream,
        probe: Probe,
        a: &ProbeArguments,
    ) -> Result<(), DriverError> {
        let at = Probe::ALL.iter().position(|&each| each == probe).expect("all probes are listed");
        let threads = match probe {
            Probe::Barrier => GREEDY_THREADS,
            Probe::GroupBarrier => BATCH_THREADS,
            _ => THREADS,
        };
        let shape = Shape { threads, ..of_blocks(self.blocks(probe)) };
        match probe {
            Probe::GroupBarrier => self.kernels[at].launch_together(stream, shape, a),
            _ => self.kernels[at].launch(stream, shape, a),
        }
    }
}

fn of_blocks(count: u32) -> Shape {
    Shape { blocks: (count, 1), threads: THREADS, shared: 0 }
}
