//! Where work is done: on the device asked for, by the fastest products it has, unless the laboratory asks for others.

use super::cuda::{every_gpu, has_driver};
use super::tuning::Multiplier;
use crate::backend::cpu::kernels;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::backend::cpu::kernels::amx::Amx;
#[cfg(target_arch = "x86_64")]
use crate::backend::cpu::kernels::avx512_bf16::Avx512Bf16;
use crate::backend::cpu::kernels::gemm::Gemm;
use crate::backend::cpu::kernels::int8::Int8Multiplier;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::backend::cpu::kernels::int8::amx_int8::AmxInt8;
#[cfg(target_arch = "x86_64")]
use crate::backend::cpu::kernels::int8::avx_vnni::AvxVnni;
#[cfg(target_arch = "x86_64")]
use crate::backend::cpu::kernels::int8::avx512_vnni::Avx512Vnni;
#[cfg(target_arch = "aarch64")]
use crate::backend::cpu::kernels::int8::neon_dot::NeonDot;
use crate::backend::cpu::kernels::int8::portable::PortableInt8;
use crate::error::{Error, Result};
use crate::gpus::Gpus;
use crate::ground::HostGround;
use crate::options::Device;

/// Work that is done on whichever device is chosen.
pub(super) trait Work {
    type Answer;

    fn on_cpu<M: kernels::Multiplier>(
        &mut self,
        ground: &HostGround,
        multiplier: M,
    ) -> Result<Self::Answer>;

    fn on_cuda(&mut self, ground: &HostGround, ordinal: usize) -> Result<Self::Answer>;

    /// On several GPUs, or a refusal.
    fn on_gpus(&mut self, ground: &HostGround, gpus: Gpus) -> Result<Self::Answer>;
}

/// Does `work` on `device`. Second value: why the GPU was not used, if `Auto` found a driver but the GPU cannot do the
/// work or lacks the memory. A GPU that fails while it works is an error, whoever chose it.
pub(super) fn dispatch<W: Work>(
    ground: HostGround,
    device: Device,
    multiplier: Multiplier,
    work: &mut W,
) -> Result<(W::Answer, Option<String>)> {
    match device {
        Device::Cpu => Ok((on_cpu(ground, multiplier, work)?, None)),
        Device::Cuda(ordinal) => Ok((work.on_cuda(&ground, ordinal)?, None)),
        Device::CudaMany(gpus) => Ok((work.on_gpus(&ground, gpus)?, None)),
        Device::CudaAll => dispatch(ground, every_gpu()?, multiplier, work),
        // A machine without a driver is an ordinary one, where the CPU is no fallback.
        Device::Auto if !has_driver() => Ok((on_cpu(ground, multiplier, work)?, None)),
        Device::Auto => match work.on_cuda(&ground, 0) {
            Ok(answer) => Ok((answer, None)),
            Err(error) => {
                let reason = error.refusal()?;
                Ok((on_cpu(ground, multiplier, work)?, Some(reason)))
            }
        },
    }
}

fn on_cpu<W: Work>(ground: HostGround, multiplier: Multiplier, work: &mut W) -> Result<W::Answer> {
    let ground = &ground.keep_norms()?;
    with_floats(multiplier, OnGround { ground, work })
}

/// Work over a ground.
struct OnGround<'s, 'g, W> {
    ground: &'s HostGround<'g>,
    work: &'s mut W,
}

impl<W: Work> FloatWork for OnGround<'_, '_, W> {
    type Answer = W::Answer;

    fn with<M: kernels::Multiplier>(self, multiplier: M) -> Result<W::Answer> {
        self.work.on_cpu(self.ground, multiplier)
    }
}

/// Work by whichever instructions for floats are chosen.
pub(super) trait FloatWork {
    type Answer;

    fn with<M: kernels::Multiplier>(self, multiplier: M) -> Result<Self::Answer>;
}

/// Does `work` by the instructions wanted, or by the fastest if none are named.
pub(super) fn with_floats<W: FloatWork>(multiplier: Multiplier, work: W) -> Result<W::Answer> {
    // Beside int8 values, cells and the plain loop, some distances are found by the fastest of the others.
    let names_none =
        matches!(multiplier, Multiplier::Cells | Multiplier::Plain | Multiplier::Floats);
    let is_beside = multiplier.is_int8() || names_none;
    let multiplier = if is_beside { Multiplier::Fastest } else { multiplier };
    let wanted = |one| multiplier == Multiplier::Fastest || multiplier == one;
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let Some(amx) = Amx::detect().filter(|_| wanted(Multiplier::Amx)) {
        return work.with(amx);
    }
    #[cfg(target_arch = "x86_64")]
    {
        let pays = multiplier != Multiplier::Fastest || Avx512Bf16::is_fast();
        let wanted = wanted(Multiplier::Avx512Bf16) && pays;
        if let Some(bf16) = Avx512Bf16::detect().filter(|_| wanted) {
            return work.with(bf16);
        }
    }
    match multiplier {
        Multiplier::Fastest | Multiplier::Portable => work.with(Gemm),
        missing => Err(absent(missing)),
    }
}

fn absent(multiplier: Multiplier) -> Error {
    let reason = format!("this machine has no {multiplier:?} products");
    Error::Unsupported { device: Device::Cpu, reason }
}

/// Work by whichever int8 instructions are chosen.
pub(super) trait Int8Work {
    type Answer;

    fn with<K: Int8Multiplier>(self, multiplier: K) -> Self::Answer;
}

/// Does `work` by the int8 instructions wanted, or by the fastest if none are named.
pub(super) fn with_int8<W: Int8Work>(multiplier: Multiplier, work: W) -> Result<W::Answer> {
    let wanted =
        |one| matches!(multiplier, Multiplier::Fastest | Multiplier::Int8) || multiplier == one;
    // AMX is taken only by name: no machine with it has run these products yet.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if multiplier == Multiplier::Int8Amx
        && let Some(amx) = AmxInt8::detect()
    {
        return Ok(work.with(amx));
    }
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(vnni) = Avx512Vnni::detect().filter(|_| wanted(Multiplier::Int8Avx512Vnni)) {
            return Ok(work.with(vnni));
        }
        if let Some(vnni) = AvxVnni::detect().filter(|_| wanted(Multiplier::Int8AvxVnni)) {
            return Ok(work.with(vnni));
        }
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(dot) = NeonDot::detect().filter(|_| wanted(Multiplier::Int8NeonDot)) {
        return Ok(work.with(dot));
    }
    if wanted(Multiplier::Int8Portable) {
        return Ok(work.with(PortableInt8));
    }
    Err(absent(multiplier))
}
