//! One selection over several shards of this process's CPU, each of which holds a part of the pool.

use crate::backend::cpu::kernels::Multiplier;
use crate::backend::cpu::{CpuPicker, CpuShard};
use crate::backend::sharded::Sharded;
use crate::ground::HostGround;
use crate::rows::Gather;

/// A shard's part of the ground, and the pool row that is its first.
pub(super) struct Part<'p> {
    ground: HostGround<'p>,
    first: usize,
}

/// The ground in `shards` parts of consecutive rows, of about the same size; fewer where there are fewer rows.
pub(super) fn parts<'p>(ground: &'p HostGround, shards: usize) -> Vec<Part<'p>> {
    let n = ground.rows.len();
    let shards = shards.min(n);
    let start = |shard: usize| n * shard / shards;
    (0..shards)
        .map(|shard| start(shard)..start(shard + 1))
        .map(|rows| Part { first: rows.start, ground: ground.part(rows) })
        .collect()
}

pub(super) fn sharded<'p, M: Multiplier>(
    ground: &'p HostGround,
    parts: &'p [Part],
    multiplier: M,
    width: f64,
) -> Sharded<'p, CpuShard<'p, M>, CpuPicker<'p, M>> {
    let shard = |part: &'p Part| CpuShard::new(&part.ground, part.first, multiplier, width);
    let picker = CpuPicker::new(multiplier, width, ground.interrupt());
    Sharded::new(ground, parts.iter().map(shard).collect(), picker)
}
