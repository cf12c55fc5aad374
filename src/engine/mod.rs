//! Which arithmetic a selection runs on: the fastest filter this machine has, unless a test or benchmark asks for another.

#[cfg_attr(not(feature = "cuda"), path = "cuda_absent.rs")]
mod cuda;
mod space;

use crate::backend::Backend;
use crate::backend::cpu::Cpu;
use crate::backend::cpu::kernels::Multiplier;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::backend::cpu::kernels::amx::Amx;
#[cfg(target_arch = "x86_64")]
use crate::backend::cpu::kernels::avx512_bf16::Avx512Bf16;
use crate::backend::cpu::kernels::gemm::Gemm;
use crate::error::{Error, Result};
use crate::greedy::{self, Frontier, Watch};
use crate::ground::{Ground, HostGround};
use crate::options::{Device, Options};
use crate::pool::Pool;
use crate::question::Question;
use crate::selection::Selection;
use crate::threads::on_engine_threads;
#[cfg(feature = "cuda")]
pub use cuda::select_lent;
use cuda::{has_driver, on_cuda, select_copied};
pub(crate) use space::with_space;

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
    let threads = threads(options, pool, budget);
    on_engine_threads(threads, || {
        let ground = HostGround::of_pool(pool, options)?;
        let question = Question::new(budget, options, &ground)?;
        let work = &mut Selecting { question, tuning, watch };
        let (mut selection, fallback) = dispatch(ground, options.device, tuning.filter, work)?;
        selection.statistics.fallback = fallback;
        Ok(selection)
    })?
}

/// Products of values up to which a selection is sooner done than a second thread is started.
const ALONE: usize = 1 << 23;

/// How many threads to start, 0 being one a core: small selections are made by one. The answer does not depend on it.
fn threads(options: &Options, pool: &Pool, budget: usize) -> usize {
    let given = options.labeled.len() + options.labeled_vectors.map_or(0, Pool::rows);
    let centers = budget.min(pool.rows()) + given + options.resume.len();
    let values = pool.rows().saturating_mul(pool.dimensions());
    let is_small = values.saturating_mul(centers) <= ALONE;
    if options.threads == 0 && is_small { 1 } else { options.threads }
}

/// What is to be done, wherever that turns out to be.
trait Work {
    type Answer;

    fn on_cpu<M: Multiplier>(&mut self, ground: &HostGround, multiplier: M)
    -> Result<Self::Answer>;

    fn on_cuda(&mut self, ground: &HostGround, ordinal: usize) -> Result<Self::Answer>;
}

/// Do `work` where the device and filter asked for say. Also why the GPU was not used, where `Auto` found a driver: the GPU cannot do the
/// work, or has not the memory for it. A GPU that fails while it works is an error, whoever chose it.
fn dispatch<W: Work>(
    ground: HostGround,
    wanted: Device,
    filter: Filter,
    work: &mut W,
) -> Result<(W::Answer, Option<String>)> {
    match device(wanted, filter) {
        Device::Cpu => Ok((on_cpu(ground, filter, work)?, None)),
        Device::Cuda(ordinal) => Ok((work.on_cuda(&ground, ordinal)?, None)),
        // Without a driver the machine is an ordinary one, and the CPU no fallback.
        Device::Auto if !has_driver() => Ok((on_cpu(ground, filter, work)?, None)),
        Device::Auto => match work.on_cuda(&ground, 0) {
            Ok(answer) => Ok((answer, None)),
            Err(error) => {
                let reason = error.refusal()?;
                Ok((on_cpu(ground, filter, work)?, Some(reason)))
            }
        },
    }
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

fn on_cpu<W: Work>(ground: HostGround, filter: Filter, work: &mut W) -> Result<W::Answer> {
    let ground = &ground.keep_norms()?;
    let wanted = |one| filter == Filter::Auto || filter == one;
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if let Some(amx) = Amx::detect().filter(|_| wanted(Filter::Amx)) {
        return work.on_cpu(ground, amx);
    }
    #[cfg(target_arch = "x86_64")]
    {
        let pays = filter != Filter::Auto || Avx512Bf16::is_fast();
        if let Some(bf16) = Avx512Bf16::detect().filter(|_| wanted(Filter::Avx512Bf16) && pays) {
            return work.on_cpu(ground, bf16);
        }
    }
    match filter {
        Filter::Auto | Filter::F32 => work.on_cpu(ground, Gemm),
        missing => {
            let reason = format!("this machine has no {missing:?} filter");
            Err(Error::Unsupported { device: Device::Cpu, reason })
        }
    }
}

/// Greedy, in rounds or at once.
struct Selecting<'w> {
    question: Question<'w>,
    tuning: &'w Tuning,
    watch: Watch<'w>,
}

impl Work for Selecting<'_> {
    type Answer = Selection;

    fn on_cpu<M: Multiplier>(&mut self, ground: &HostGround, multiplier: M) -> Result<Selection> {
        let backend = Cpu::new(ground, multiplier, self.tuning.width);
        lazy(&self.question, ground, backend, self.tuning, self.watch)
    }

    fn on_cuda(&mut self, ground: &HostGround, ordinal: usize) -> Result<Selection> {
        on_cuda(&self.question, ground, ordinal, self.tuning, self.watch)
    }
}

fn lazy(
    question: &Question,
    ground: &Ground,
    mut backend: impl Backend,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let adaptive = || Frontier::adaptive(ground.rows.len(), ground.rows.dimensions());
    let frontier = tuning.frontier.map_or_else(adaptive, Frontier::fixed);
    greedy::lazy(question, ground, &mut backend, frontier, watch)
}
