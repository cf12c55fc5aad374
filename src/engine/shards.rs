//! One selection over several shards of this process, each of which holds a part of the pool.

use std::ops::Range;

use crate::backend::cpu::{CpuShard, HeldRows};
use crate::backend::shard::Picker;
use crate::backend::sharded::server::Server;
use crate::backend::sharded::transport::Local;
use crate::backend::sharded::{Calls, Held, Sharded};
use crate::ground::HostGround;
use crate::limits::MEAN_BLOCK;
use crate::rows::Gather;

/// A shard's part of the ground, and the pool row that is its first.
pub(super) struct Part<'p> {
    pub ground: HostGround<'p>,
    pub first: usize,
}

/// The ground in `shards` parts of consecutive rows, of about the same size; fewer where there are fewer rows.
pub(super) fn parts<'p>(ground: &'p HostGround, shards: usize) -> Vec<Part<'p>> {
    let n = ground.rows.len();
    let shards = shards.min(n);
    let start = |shard: usize| n * shard / shards;
    cut(ground, (0..shards).map(|shard| start(shard)..start(shard + 1)))
}

/// The ground in at most `shards` parts, whole blocks of the mean's.
#[cfg(feature = "cuda")]
pub(super) fn parts_by_blocks<'p>(ground: &'p HostGround, shards: usize) -> Vec<Part<'p>> {
    let n = ground.rows.len();
    let firsts = first_rows(n, shards);
    let ends = firsts.iter().copied().skip(1).chain([n]);
    cut(ground, firsts.iter().copied().zip(ends).map(|(first, end)| first..end))
}

/// The first rows of the shards of a pool of `n` rows: whole blocks of the mean's go to each, and there are no more shards than blocks.
pub(crate) fn first_rows(n: usize, shards: usize) -> Vec<usize> {
    let blocks = n.div_ceil(MEAN_BLOCK as usize);
    let shards = shards.min(blocks);
    (0..shards).map(|shard| blocks * shard / shards * MEAN_BLOCK as usize).collect()
}

fn cut<'p>(ground: &'p HostGround, parts: impl Iterator<Item = Range<usize>>) -> Vec<Part<'p>> {
    parts.map(|rows| Part { first: rows.start, ground: ground.part(rows) }).collect()
}

/// Shards of the CPU of these parts, whose rows are what `hold` makes of them.
pub(super) fn sharded<'p, R: HeldRows<'p> + Send + 'p>(
    ground: &'p HostGround<'p>,
    parts: &'p [Part],
    hold: impl Fn(&'p HostGround<'p>) -> R,
    picker: Box<dyn Picker + 'p>,
) -> Sharded<'p, Local<'p>> {
    let server = |part: &'p Part| {
        let shard = CpuShard::new(hold(&part.ground), part.first);
        Server::new(Box::new(shard), &part.ground)
    };
    let servers = parts.iter().map(server).collect();
    Sharded::new(held(ground, parts), Calls::new(Local::new(servers)), picker)
}

/// What the coordinator knows of the ground in these parts.
pub(super) fn held<'p>(ground: &'p HostGround<'p>, parts: &[Part]) -> Held<'p> {
    Held {
        ranges: parts.iter().map(|part| part.first..part.first + part.ground.rows.len()).collect(),
        dimensions: ground.rows.dimensions(),
        labeled: ground.labeled,
        vectors: ground.outside.as_ref(),
        has_weights: ground.weights.is_some(),
        weights: None,
    }
}
