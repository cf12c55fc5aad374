//! Prepares a run before its first round: the packing, and the first center applied to every row.

use rayon::prelude::*;

use super::bulk::Bulk;
use super::centers::Centers;
use super::kernels::Multiplier;
use super::pack::Packing;
use crate::backend::shard::LiveBlock;
use crate::distance::distance;
use crate::ground::HostGround;
use crate::rows::Gather;
use crate::values::RowScratch;

/// The canonical distance of every row to center 0, in row order.
pub fn first_distances(ground: &HostGround, centers: &Centers) -> Vec<f64> {
    let mut scratch = RowScratch::new();
    let center = centers.vector(0, &mut scratch);
    (0..ground.rows.len())
        .into_par_iter()
        .with_min_len(64)
        .map_init(RowScratch::new, |scratch, row| match ground.is_interrupted() {
            true => 0.0,
            false => distance(ground.rows.get(row, scratch), center),
        })
        .collect()
}

/// The packing for live rows, which are all that a picker sees.
pub fn packing_of_live<M: Multiplier>(live: &LiveBlock, width: f64) -> Packing {
    let bulk = Bulk::of(live.rows.len(), live.dimensions(), |index, look| {
        look(live.value(index, &mut RowScratch::new()));
    });
    Packing::new::<M>(&bulk, width)
}

/// The packing for centers alone.
pub fn packing_of_centers<M: Multiplier, R: Gather + ?Sized>(
    centers: &Centers<R>,
    width: f64,
) -> Packing {
    let bulk = Bulk::of(centers.len(), centers.dimensions(), |center, look| {
        look(centers.vector(center, &mut RowScratch::new()));
    });
    Packing::new::<M>(&bulk, width)
}
