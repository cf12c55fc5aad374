//! Selections on a GPU: in one launch where the pool is small enough, else in rounds.

use std::borrow::Cow;

use super::{Filter, Tuning, lazy};
use crate::backend::Space;
pub(super) use crate::backend::cuda::device::has_driver;
use crate::backend::cuda::{AtOnce, Cuda, CudaSpace, Multiplier, Placement, check_count, mean};
use crate::cuda::{DevicePool, Stream};
use crate::error::{Error, Result};
use crate::greedy::Watch;
use crate::options::{Device, First, Options};
use crate::pool::Pool;
use crate::problem::Problem;
use crate::rows::Rows;
use crate::selection::Selection;
use crate::threads::on_engine_threads;

/// From a pool on the host.
pub(super) fn on_cuda(
    problem: &Problem,
    ordinal: usize,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let stream = Stream::new(ordinal)?;
    let placement = match tuning.filter {
        Filter::CudaStaged => Placement::Staged,
        _ => Placement::Copied,
    };
    on_stream(problem, &stream, placement, tuning, watch)
}

fn on_stream(
    problem: &Problem,
    stream: &Stream,
    placement: Placement,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    check_count(problem.rows.len(), stream)?;
    let lent = if let Placement::Lent(pool) = placement { Some(pool) } else { None };
    if matches!(tuning.filter, Filter::Auto | Filter::CudaAtOnce)
        && let Some(at_once) = AtOnce::new(problem, stream, lent)?
    {
        return lazy(problem, at_once, tuning, watch);
    }
    let backend = Cuda::new(problem, stream, placement, tuning.width, multiplier(tuning.filter))?;
    lazy(problem, backend, tuning, watch)
}

fn multiplier(filter: Filter) -> Multiplier {
    match filter {
        Filter::CudaPortable => Multiplier::Portable,
        _ => Multiplier::Fastest,
    }
}

/// Do `work` over the distances of a pool on the host.
pub(super) fn space_on_cuda<T>(
    problem: &Problem,
    ordinal: usize,
    tuning: &Tuning,
    work: &mut impl FnMut(&Problem, &mut dyn Space) -> Result<T>,
) -> Result<T> {
    let stream = Stream::new(ordinal)?;
    check_count(problem.rows.len(), &stream)?;
    let is_staged = tuning.filter == Filter::CudaStaged;
    let multiplier = multiplier(tuning.filter);
    let mut space = CudaSpace::new(problem, &stream, is_staged, tuning.width, multiplier)?;
    // Asked before the work, so that another device may do all of it.
    if !is_staged {
        space.check_joins()?;
    }
    work(problem, &mut space)
}

/// From a copy on GPU 0, made before: for tests of [`select_lent`].
pub(super) fn select_copied(
    pool: &Pool,
    budget: usize,
    options: &Options,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let stream = Stream::new(0)?;
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
        let options = &resolve_mean(pool, options, stream)?;
        let rows = Rows::on_device(pool.distant(options, stream)?, options.metric);
        let problem = Problem::of(rows, budget, options)?;
        on_stream(&problem, stream, Placement::Lent(pool), tuning, watch)
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

/// The options, the row nearest the mean named where that is the first center.
fn resolve_mean<'a>(
    pool: &DevicePool,
    options: &'a Options<'a>,
    stream: &Stream,
) -> Result<Cow<'a, Options<'a>>> {
    let is_labeled = !options.labeled.is_empty() || options.labeled_vectors.is_some();
    if options.first != First::Mean || is_labeled {
        return Ok(Cow::Borrowed(options));
    }
    let first = First::Row(mean::nearest_the_mean(pool, options, stream)?);
    Ok(Cow::Owned(Options { first, ..options.clone() }))
}
