//! Selections on several GPUs, each of which holds a part of the pool.

use super::cuda::{multiplier, on_stream, placement, size, unsupported};
use super::run::lazy;
use super::shards::{Part, held, parts, parts_by_blocks};
use super::tuning::{Path, Tuning};
use crate::backend::cpu::kernels::gemm::Gemm;
use crate::backend::cpu::{CpuPicker, distances_before};
use crate::backend::cuda::gpu::Gpu;
use crate::backend::cuda::lent::Stream;
use crate::backend::cuda::{self, CudaShard, check_count, check_vectors};
use crate::backend::sharded::apart::{Apart, Named};
use crate::backend::sharded::server::Server;
use crate::backend::sharded::{Calls, Sharded};
use crate::error::Result;
use crate::gpus::Gpus;
use crate::greedy::Watch;
use crate::ground::{Ground, HostGround};
use crate::options::Device;
use crate::question::Question;
use crate::rows::Gather;
use crate::selection::Selection;

/// Every GPU that the driver sees.
pub(crate) fn every_gpu() -> Result<Device> {
    Ok(Device::of_gpus(&Gpu::every()?)?)
}

/// From a pool on the host. One that has no more rows than a block goes to the first GPU alone.
pub(super) fn on_gpus(
    question: &Question,
    ground: &HostGround,
    gpus: Gpus,
    tuning: &Tuning,
    watch: Watch,
) -> Result<Selection> {
    let streams = gpus.numbers().map(Stream::new).collect::<Result<Vec<_>>>()?;
    let parts = &match tuning.shards {
        0 => parts_by_blocks(ground, streams.len()),
        _ => parts(ground, streams.len()),
    };
    if parts.len() == 1 {
        return on_stream(question, ground, &streams[0], placement(ground, tuning), tuning, watch);
    }
    check_vectors(ground, &streams[0])?;
    let centers = size(question, ground).centers;
    let named = |(part, stream)| named(part, stream, centers, tuning);
    let shards = parts.iter().zip(&streams).map(named).collect::<Result<Vec<_>>>()?;
    let (n, width) = (ground.rows.len(), tuning.width);
    let before = &distances_before(ground, question.resume, Gemm, width);
    let picker = Box::new(CpuPicker::new(Gemm, width, ground.interrupt()));
    let threads = (rayon::current_num_threads() / shards.len()).max(1);
    std::thread::scope(|scope| {
        let calls = Calls::new(Apart::start(scope, shards, threads));
        let mut backend = Sharded::new(held(ground, parts), calls, picker);
        lazy(question, &ground, &mut backend, n, before, tuning, watch)
    })
}

/// A part of the pool on the stream's GPU, by whose name it is called.
fn named<'p>(
    part: &'p Part<'p>,
    stream: &'p Stream,
    centers: usize,
    tuning: &Tuning,
) -> Result<Named<'p>> {
    let shard = shard(&part.ground, part.first, stream, centers, tuning)?;
    let device = Device::Cuda(stream.gpu().context().ordinal());
    Ok(Named { name: device.to_string(), server: Server::new(Box::new(shard), &part.ground) })
}

/// Rows on the stream's GPU, of which the first is pool row `first`.
pub(super) fn shard<'p>(
    ground: &'p HostGround<'p>,
    first: usize,
    stream: &'p Stream,
    centers: usize,
    tuning: &Tuning,
) -> Result<CudaShard<'p>> {
    placed(ground, first, stream, centers, placement(ground, tuning), tuning)
}

/// The same, of rows that are where `placement` says.
pub(super) fn placed<'p>(
    ground: &'p Ground<'p>,
    first: usize,
    stream: &'p Stream,
    centers: usize,
    placement: cuda::Placement<'p>,
    tuning: &Tuning,
) -> Result<CudaShard<'p>> {
    check_count(ground.rows.len(), stream)?;
    let multiplier = match multiplier(tuning.multiplier, ground.rows.dimensions(), stream)? {
        cuda::Multiplier::Int8 => {
            return Err(unsupported(stream, "several GPUs have no int8 rounds"));
        }
        other => other,
    };
    if tuning.path == Path::AtOnce {
        return Err(unsupported(stream, "several GPUs take rounds, not one launch"));
    }
    CudaShard::new(ground, first, centers, stream, placement, tuning.width, multiplier)
}
