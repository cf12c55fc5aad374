//! A build without the feature `cuda`: no GPU can be used, and asking for one is an error that says why.

use super::tuning::Tuning;
use crate::backend::Space;
use crate::backend::shard::Shard;
use crate::error::{Error, Result};
use crate::gpus::Gpus;
use crate::greedy::Watch;
use crate::ground::{Ground, HostGround};
use crate::options::{Device, Options};
use crate::pool::Pool;
use crate::question::Question;
use crate::selection::Selection;

const REASON: &str =
    "this build of farpoint has no CUDA: build it with the feature cuda, or use the CPU";

fn absent(device: usize) -> Error {
    Error::Unsupported { device: Device::Cuda(device), reason: REASON.into() }
}

pub(super) fn has_driver() -> bool {
    false
}

pub(super) fn on_cuda(
    _: &Question,
    _: &HostGround,
    device: usize,
    _: &Tuning,
    _: Watch,
) -> Result<Selection> {
    Err(absent(device))
}

pub(super) fn on_gpus(
    _: &Question,
    _: &HostGround,
    gpus: Gpus,
    _: &Tuning,
    _: Watch,
) -> Result<Selection> {
    Err(Error::Unsupported { device: Device::CudaMany(gpus), reason: REASON.into() })
}

pub(crate) fn every_gpu() -> Result<Device> {
    Err(Error::Unsupported { device: Device::CudaAll, reason: REASON.into() })
}

pub(super) fn hold_on_cuda(
    _: &HostGround,
    device: usize,
    _: usize,
    _: usize,
    _: impl FnOnce(Box<dyn Shard + Send + '_>),
) -> Result<()> {
    Err(absent(device))
}

pub(super) fn space_on_cuda<T>(
    _: &HostGround,
    device: usize,
    _: &Tuning,
    _: &mut impl FnMut(&Ground, &mut dyn Space) -> Result<T>,
) -> Result<T> {
    Err(absent(device))
}

pub(super) fn select_copied(
    _: &Pool,
    _: usize,
    _: &Options,
    _: &Tuning,
    _: Watch,
) -> Result<Selection> {
    Err(absent(0))
}
