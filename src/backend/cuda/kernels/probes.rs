//! Launches of `kernels/probe.cu`.

use cudarc::driver::{CudaStream, DeviceRepr, DriverError};

use super::arguments::ProbeArguments;
use super::{Kernel, Modules, Shape, THREADS};

/// Blocks a multiprocessor of the probes that fill the device, as their launch bounds say.
const RESIDENT: u32 = 4;
/// Threads of a block that meets in barriers: as many as pick.
const MEETING: u32 = 1024;
/// Multiply-adds that a thread makes a repeat, as in kernels/probe.cu: its chains times their steps.
const FMAS: u32 = 8 * 16;

// SAFETY: plain numbers and addresses in the layout of the kernel's one parameter, which
// `arguments::tests::sizes_are_those_of_the_kernels` holds to the C++ struct of that name.
unsafe impl DeviceRepr for ProbeArguments {}

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

/// Every probe, loaded on one device.
pub struct Probes {
    multiprocessors: u32,
    kernels: Vec<Kernel<ProbeArguments>>,
}

impl Probes {
    pub(super) fn load(modules: &Modules, multiprocessors: u32) -> Result<Probes, DriverError> {
        let kernels = Probe::ALL.iter().map(|probe| modules.kernel("probe", probe.kernel()));
        Ok(Probes { multiprocessors, kernels: kernels.collect::<Result<_, _>>()? })
    }

    /// Blocks that `probe` is launched with.
    pub fn blocks(&self, probe: Probe) -> u32 {
        match probe {
            Probe::Empty | Probe::Barrier => 1,
            Probe::GroupBarrier => self.multiprocessors,
            _ => RESIDENT * self.multiprocessors,
        }
    }

    /// Multiply-adds that a launch of [`Probe::Fma`] or [`Probe::Fma64`] makes each repeat.
    pub fn fmas(&self) -> u64 {
        u64::from(self.blocks(Probe::Fma)) * u64::from(THREADS) * u64::from(FMAS)
    }

    pub fn launch(
        &self,
        stream: &CudaStream,
        probe: Probe,
        a: &ProbeArguments,
    ) -> Result<(), DriverError> {
        let at = Probe::ALL.iter().position(|&each| each == probe).expect("all probes are listed");
        let meets = matches!(probe, Probe::Barrier | Probe::GroupBarrier);
        let threads = if meets { MEETING } else { THREADS };
        let shape = Shape { threads, ..Shape::of(self.blocks(probe)) };
        match probe {
            Probe::GroupBarrier => self.kernels[at].launch_together(stream, shape, a),
            _ => self.kernels[at].launch(stream, shape, a),
        }
    }
}
