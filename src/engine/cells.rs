//! Which pools are put into cells of near rows, and how.

use crate::backend::cpu::{CellValue, MOST_CELL_DIMENSIONS};
use crate::error::{Error, Result};
use crate::ground::HostGround;
use crate::options::Device;
use crate::rows::{Gather, Rows};

/// Rows of so many values are put into cells whatever they are: at full rank, too, that wins.
pub(super) const FEW_DIMENSIONS: usize = 8;

/// Work on cells, whose rows have `D` values.
pub(super) trait CellsWork {
    type Answer;

    fn with<V: CellValue, const D: usize>(self) -> Self::Answer;
}

/// Does `work` on cells for rows of this many values.
///
/// # Errors
/// [`Error::Unsupported`] if there are none.
pub(super) fn with_cells<W: CellsWork>(ground: &HostGround, work: W) -> Result<W::Answer> {
    match ground.rows.are_f64() {
        true => with_values::<f64, W>(ground, work),
        false => with_values::<f32, W>(ground, work),
    }
}

fn with_values<V: CellValue, W: CellsWork>(ground: &HostGround, work: W) -> Result<W::Answer> {
    Ok(match kept_values(ground.rows.dimensions()) {
        1 => work.with::<V, 1>(),
        2 => work.with::<V, 2>(),
        3 => work.with::<V, 3>(),
        4 => work.with::<V, 4>(),
        5 => work.with::<V, 5>(),
        6 => work.with::<V, 6>(),
        7 => work.with::<V, 7>(),
        8 => work.with::<V, 8>(),
        16 => work.with::<V, 16>(),
        32 => work.with::<V, 32>(),
        _ => return Err(no_cells(ground)),
    })
}

/// How many values a row of `d` has in a cell: zeros fill up to the next size that cells are made for.
fn kept_values(d: usize) -> usize {
    let sizes = [16, MOST_CELL_DIMENSIONS];
    if d <= FEW_DIMENSIONS { d } else { sizes.into_iter().find(|&size| d <= size).unwrap_or(d) }
}

/// Why the rows of `ground` are in no cells.
pub(super) fn no_cells(ground: &HostGround) -> Error {
    let d = ground.rows.dimensions();
    let reason = match d <= MOST_CELL_DIMENSIONS {
        true => "cells of these rows do not fit into memory".into(),
        false => format!("cells are for rows of at most {MOST_CELL_DIMENSIONS} values, not {d}"),
    };
    Error::Unsupported { device: Device::Cpu, reason }
}

/// Bytes of a row beside its values, at most: 16 of state, 8 of a weight, 8 while rows are put in order, and its part of the boxes.
const STATE: usize = 34;

/// Bytes of memory that a row takes in a cell: its values, and once more while rows are put in order.
pub(crate) fn cell_bytes(d: usize, is_f64: bool) -> usize {
    let value = if is_f64 { size_of::<f64>() } else { size_of::<f32>() };
    2 * kept_values(d) * value + STATE
}

/// Whether cells can hold these rows, and fit into memory.
pub(super) fn has_room_for_cells(rows: &Rows) -> bool {
    let d = rows.dimensions();
    let fits = d <= MOST_CELL_DIMENSIONS && u32::try_from(rows.len()).is_ok();
    fits && rows.have_room_for(cell_bytes(d, rows.are_f64()))
}
