//! Where the distances over a pool are computed.

use super::cuda::space_on_cuda;
use super::place::{Work, dispatch};
use super::tuning::Tuning;
use crate::backend::Space;
use crate::backend::cpu::CpuSpace;
use crate::backend::cpu::kernels::Multiplier;
use crate::error::{Error, Result};
use crate::gpus::Gpus;
use crate::ground::{Ground, HostGround};
use crate::options::{Device, Options};
use crate::pool::Pool;
use crate::threads::on_engine_threads;

/// Do `work`, on the engine's threads, over the distances of `pool` as the device would compute them that
/// [`super::select_tuned`] selects on. Also why the GPU was not used, as [`dispatch`] says.
///
/// # Errors
/// As [`super::select_tuned`], and those of `work`.
pub(crate) fn with_space<T: Send>(
    pool: &Pool,
    options: &Options,
    tuning: &Tuning,
    work: impl FnMut(&Ground, &mut dyn Space) -> Result<T> + Send,
) -> Result<(T, Option<String>)> {
    check_is_one(options.device)?;
    let answer = on_engine_threads(options.threads, || {
        pool.check_room_for_state()?;
        let ground = HostGround::of_pool(pool, options)?;
        dispatch(ground, options.device, tuning.multiplier, &mut InSpace { tuning, work })
    })?;
    options.vouch(pool, answer)
}

/// Refuse several GPUs: their distances are selections' alone.
///
/// # Errors
/// [`Error::Unsupported`].
pub(crate) fn check_is_one(device: Device) -> Result<()> {
    if !matches!(device, Device::CudaMany(_) | Device::CudaAll) {
        return Ok(());
    }
    let reason =
        "distances over a pool are computed on one GPU: name one, such as cuda:0, or use the CPU";
    Err(Error::Unsupported { device, reason: reason.into() })
}

struct InSpace<'w, W> {
    tuning: &'w Tuning,
    work: W,
}

impl<T, W: FnMut(&Ground, &mut dyn Space) -> Result<T>> Work for InSpace<'_, W> {
    type Answer = T;

    fn on_cpu<M: Multiplier>(&mut self, ground: &HostGround, multiplier: M) -> Result<T> {
        ground.rows.hold_if_they_fit()?;
        (self.work)(ground, &mut CpuSpace::new(ground, multiplier, self.tuning.width))
    }

    fn on_cuda(&mut self, ground: &HostGround, ordinal: usize) -> Result<T> {
        space_on_cuda(ground, ordinal, self.tuning, &mut self.work)
    }

    fn on_gpus(&mut self, _: &HostGround, gpus: Gpus) -> Result<T> {
        unreachable!("{gpus} were refused")
    }
}
