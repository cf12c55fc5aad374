//! One selection over several shards of this process's CPU, each of which holds a part of the pool.

use crate::backend::cpu::{CpuShard, HeldRows};
use crate::backend::shard::Picker;
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

/// The shards of these parts, whose rows are what `hold` makes of them.
pub(super) fn sharded<'p, R: HeldRows<'p>>(
    ground: &'p HostGround,
    parts: &'p [Part],
    hold: impl Fn(&'p HostGround<'p>) -> R,
    picker: Box<dyn Picker + 'p>,
) -> Sharded<'p, CpuShard<'p, R>> {
    let shard = |part: &'p Part| CpuShard::new(hold(&part.ground), part.first);
    Sharded::new(ground, parts.iter().map(shard).collect(), picker)
}
