//! Which arithmetic a selection runs on: the fastest filter this machine has, unless a test or benchmark asks for another.

#[cfg_attr(not(feature = "cuda"), path = "cuda_absent.rs")]
mod cuda;
mod space;

use crate::backend::Backend;
use crate::backend::cpu::Cpu;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::backend::cpu::kernels::amx::Amx;
#[cfg(target_arch = "x86_64")]
use crate::backend::cpu::kernels::avx512_bf16::Avx512Bf16;
use crate::backend::cpu::kernels::gemm::Gemm;
use crate::error::{Error, Result};
use crate::greedy::{self, Frontier, Watch};
use crate::options::{Device, Options};
use crate::pool::Pool;
use crate::problem::Problem;
use crate::selection::Selection;
use crate::threads::on_engine_threads;
#[cfg(feature = "cuda")]
pub use cuda::select_lent;
use cuda::{has_driver, on_cuda, select_copied};
pub use space::with_space;

/// The arithmetic that filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// The fastest the machine has.
    #[default]
    Auto,
    /// f32, on every machine.
    F32,
    /// bf16 by AVX-512.
    Avx512Bf16,
    /// bf16 by AMX.
    Amx,
    /// f16 by the tensor cores of the GPU that the options name, number 0 if they name none, in rounds even if the pool is small.
    Cuda,
    /// The same by the instructions that every GPU has, even where there are faster ones.
    CudaPortable,
    /// The same, the pool left on the host.
    CudaStaged,
    /// The same, from a copy that lies on the GPU before the selection begins.
    CudaLent,
    /// On that GPU in one launch, for pools small enough.
    CudaAtOnce,
}

impl Filter {
    fn is_cuda(self) -> bool {
        use Filter::{Cuda, CudaAtOnce, CudaLent, CudaPortable, CudaStaged};
        matches!(self, Cuda | CudaPortable | CudaStaged | CudaLent | CudaAtOnce)
    }
}

/// What may be tuned.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// The arithmetic of the filter.
    pub filter: Filter,
    /// Rows a frontier; adapted if not given.
    pub frontier: Option<usize>,
    /// The factor on the filter's interval; only 1 and more give right answers.
    pub width: f64,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning { filter: Filter::Auto, frontier: None, width: 1.0 }
    }
}

/// [`crate::select_with`], tuned.
///
/// # Errors
/// As there, and if the machine lacks the filter asked for.
pub fn select_tuned(
    pool: &Pool,
    budget: usize,
    options: &Options,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    if tuning.filter == Filter::CudaLent {
        return select_copied(pool, budget, options, tuning, watch);
    }
    on_engine_threads(options.threads, || {
        let problem = Problem::new(pool, budget, options)?;
        match (device(options.device, tuning.filter), tuning.filter) {
            (Device::Cpu, _) => on_cpu(problem, tuning, watch),
            (Device::Cuda(ordinal), _) => on_cuda(&problem, ordinal, tuning, watch),
            // Without a driver the machine is an ordinary one, and the CPU no fallback.
            (Device::Auto, _) if !has_driver() => on_cpu(problem, tuning, watch),
            (Device::Auto, _) => match on_cuda(&problem, 0, tuning, watch) {
                Err(Error::Cuda { reason, .. }) => {
                    let mut selection = on_cpu(problem, tuning, watch)?;
                    selection.statistics.fallback = Some(reason);
                    Ok(selection)
                }
                done => done,
            },
        }
    })?
}

/// Where to work: a filter that is asked for says where it runs.
fn device(wanted: Device, filter: Filter) -> Device {
    match (wanted, filter) {
        (_, Filter::Auto) => wanted,
        (Device::Cuda(_), filter) if filter.is_cuda() => wanted,
        (_, filter) if filter.is_cuda() => Device::Cuda(0),
        _ => Device::Cpu,
    }
}

fn on_cpu(problem: Problem, tuning: &Tuning, watch: Watch) -> Result<Selection> {
    let problem = &problem.keep_norms()?;
    let wanted = |filter| tuning.filter == Filter::Auto || tuning.filter == filter;
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let Some(amx) = Amx::detect().filter(|_| wanted(Filter::Amx)) {
        return lazy(problem, Cpu::new(problem, amx, tuning.width), tuning, watch);
    }
    #[cfg(target_arch = "x86_64")]
    {
        let pays = tuning.filter != Filter::Auto || Avx512Bf16::is_fast();
        if let Some(bf16) = Avx512Bf16::detect().filter(|_| wanted(Filter::Avx512Bf16) && pays) {
            return lazy(problem, Cpu::new(problem, bf16, tuning.width), tuning, watch);
        }
    }
    match tuning.filter {
        Filter::Auto | Filter::F32 => {
            lazy(problem, Cpu::new(problem, Gemm, tuning.width), tuning, watch)
        }
        missing => Err(Error::Options(format!("this machine has no {missing:?} filter"))),
    }
}

fn lazy(
    problem: &Problem,
    mut backend: impl Backend,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let adaptive = || Frontier::adaptive(problem.rows.len(), problem.rows.dimensions());
    let frontier = tuning.frontier.map_or_else(adaptive, Frontier::fixed);
    greedy::lazy(problem, &mut backend, frontier, watch)
}
