//! Selections on a GPU: in one launch where the pool is small enough, else in rounds.

pub(crate) use super::gpus::every_gpu;
pub(super) use super::gpus::on_gpus;
use super::gpus::{placed, shard};
use super::run::lazy;
use super::tuning::{Multiplier, Path, Placement, Tuning};
use super::way::MOST_DIMENSIONS;
use crate::backend::Space;
use crate::backend::cpu::distances_before;
use crate::backend::cpu::kernels::gemm::Gemm;
pub(super) use crate::backend::cuda::gpu::has_driver;
use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::backend::cuda::{self, AtOnce, Cuda, CudaSpace, Size, check_count, check_vectors};
use crate::backend::shard::Shard;
use crate::error::{Error, Result};
use crate::greedy::Watch;
use crate::ground::{Ground, HostGround};
use crate::options::{Device, Options};
use crate::pool::Pool;
use crate::question::Question;
use crate::rows::Gather;
use crate::selection::Selection;
use crate::threads::on_engine_threads;

/// From a pool on the host.
pub(super) fn on_cuda(
    question: &Question,
    ground: &HostGround,
    ordinal: usize,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let stream = Stream::new(ordinal)?;
    on_stream(question, ground, &stream, placement(ground, tuning), tuning, watch)
}

pub(super) fn placement<'p>(ground: &'p HostGround, tuning: &Tuning) -> cuda::Placement<'p> {
    match tuning.placement {
        Placement::Staged => cuda::Placement::Staged(&ground.rows),
        Placement::Fitting | Placement::Lent => cuda::Placement::Copied(&ground.rows),
    }
}

/// Has `serve` answer by a shard on this GPU, whose first row is pool row `first`.
pub(super) fn hold_on_cuda(
    ground: &HostGround,
    ordinal: usize,
    first: usize,
    centers: usize,
    serve: impl FnOnce(Box<dyn Shard + Send + '_>),
) -> Result<()> {
    let stream = Stream::new(ordinal)?;
    let tuning = &Tuning::default();
    serve(Box::new(shard(ground, first, &stream, centers, tuning)?));
    Ok(())
}

/// Has `serve` answer by a shard of a pool that lies on the stream's GPU.
pub(super) fn hold_lent(
    pool: &DevicePool,
    options: &Options,
    stream: &Stream,
    first: usize,
    centers: usize,
    serve: impl FnOnce(&Ground, Box<dyn Shard + Send + '_>),
) -> Result<()> {
    pool.check_on(stream)?;
    check_device(options.device, pool.device())?;
    let rows = pool.fetched(&[], options.metric, stream)?;
    let ground = &Ground::new(rows, options)?.of_shard();
    let (placement, tuning) = (cuda::Placement::Lent(pool), &Tuning::default());
    let shard = placed(ground, first, stream, centers, placement, tuning)?;
    serve(ground, Box::new(shard));
    Ok(())
}

pub(super) fn on_stream(
    question: &Question,
    ground: &Ground,
    stream: &Stream,
    placement: cuda::Placement,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let n = ground.rows.len();
    check_count(n, stream)?;
    check_vectors(ground, stream)?;
    let size = size(question, ground);
    // The host has these few rows, and they would not fill a device.
    let before = &distances_before(ground, question.resume, Gemm, tuning.width);
    // One launch reads the pool on the device.
    let is_staged = matches!(placement, cuda::Placement::Staged(_));
    if tuning.path != Path::Rounds
        && !is_staged
        && let Some(mut at_once) = AtOnce::new(ground, size, stream, placement)?
    {
        return lazy(question, &ground, &mut at_once, n, before, tuning, watch);
    }
    if tuning.path == Path::AtOnce {
        return Err(unsupported(
            stream,
            "this pool is too large for one launch, or is to be staged",
        ));
    }
    let multiplier = multiplier(tuning.multiplier, ground.rows.dimensions(), stream)?;
    let width = tuning.width;
    let mut backend = Cuda::new(ground, size.centers, stream, placement, width, multiplier)?;
    lazy(question, &ground, &mut backend, n, before, tuning, watch)
}

pub(super) fn multiplier(
    wanted: Multiplier,
    d: usize,
    stream: &Stream,
) -> Result<cuda::Multiplier> {
    match wanted {
        Multiplier::Fastest => Ok(cuda::Multiplier::Fastest),
        Multiplier::Portable => Ok(cuda::Multiplier::Portable),
        Multiplier::Int8 if d > MOST_DIMENSIONS => {
            let most = format!("int8 products are of rows of at most {MOST_DIMENSIONS} values");
            Err(unsupported(stream, &most))
        }
        // By name alone: no GPU has said yet that it is faster.
        Multiplier::Int8 => Ok(cuda::Multiplier::Int8),
        other => Err(unsupported(stream, &format!("a GPU has no {other:?} products"))),
    }
}

pub(super) fn unsupported(stream: &Stream, reason: &str) -> Error {
    let device = Device::Cuda(stream.gpu().context().ordinal());
    Error::Unsupported { device, reason: reason.into() }
}

/// Do `work` over the distances of a pool on the host.
pub(super) fn space_on_cuda<T>(
    ground: &HostGround,
    ordinal: usize,
    tuning: &Tuning,
    work: &mut impl FnMut(&Ground, &mut dyn Space) -> Result<T>,
) -> Result<T> {
    let stream = Stream::new(ordinal)?;
    check_count(ground.rows.len(), &stream)?;
    check_vectors(ground, &stream)?;
    let is_staged = tuning.placement == Placement::Staged;
    let multiplier = match multiplier(tuning.multiplier, ground.rows.dimensions(), &stream)? {
        // Distances to given centers are all evaluated: int8 values would save nothing.
        cuda::Multiplier::Int8 => cuda::Multiplier::Fastest,
        other => other,
    };
    let mut space = CudaSpace::new(ground, &stream, is_staged, tuning.width, multiplier)?;
    // Asked before the work, so that another device may do all of it.
    if !is_staged {
        space.check_joins()?;
    }
    work(ground, &mut space)
}

/// From a copy on the options' GPU, made before: for tests of [`select_lent`].
pub(super) fn select_copied(
    pool: &Pool,
    budget: usize,
    options: &Options,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let Device::Cuda(ordinal) = options.device else {
        let reason = format!("a pool is lent on a GPU, not on {}", options.device);
        return Err(Error::Unsupported { device: options.device, reason });
    };
    let stream = Stream::new(ordinal)?;
    let copy = DevicePool::upload(pool, &stream)?;
    select_lent(&copy, budget, options, &stream, tuning, watch)
}

/// [`crate::cuda::select_with`], tuned.
///
/// # Errors
/// As there.
pub fn select_lent(
    pool: &DevicePool,
    budget: usize,
    options: &Options,
    stream: &Stream,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    pool.check_on(stream)?;
    check_device(options.device, pool.device())?;
    on_engine_threads(options.threads, || {
        check_count(pool.rows(), stream)?;
        let rows = pool.fetched(&needed(options), options.metric, stream)?;
        let ground = Ground::new(rows, options)?;
        let question = Question::new(budget, options, &&ground)?;
        on_stream(&question, &ground, stream, cuda::Placement::Lent(pool), tuning, watch)
    })?
}

fn check_device(wanted: Device, device: usize) -> Result<()> {
    if wanted == Device::Auto || wanted == Device::Cuda(device) {
        return Ok(());
    }
    Err(Error::Options(format!(
        "the pool lies on cuda:{device}: no other device can select from it"
    )))
}

/// The rows of a pool on a device whose values the host needs: none, but those that resuming compares.
fn needed(options: &Options) -> Vec<usize> {
    match options.resume.len() {
        0 => Vec::new(),
        _ => [&options.labeled[..], &options.resume].concat(),
    }
}

/// The numbers of the question that a backend must know before its memory is allocated.
pub(super) fn size(question: &Question, ground: &Ground) -> Size {
    let labeled = ground.labeled_count();
    let resumed = question.resume.len();
    // Where nothing is labeled and nothing resumed from, the first center is given.
    let given = if labeled == 0 { resumed.max(1) } else { resumed };
    Size { picks: question.budget, given, centers: labeled + question.budget }
}
