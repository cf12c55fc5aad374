//! Where a selection runs, and how: the device asked for, and the fastest way it has unless a test or benchmark asks for another.
//!
//! `place` finds the device, `select` and `space` say what is done there, `way` by which of a CPU's ways, `cells` which rows lie in cells, `distinct` whether equal rows are taken together, `cuda` is a GPU's part, `shards` is several
//! holders of rows, `run` is greedy over whatever was found.

mod cells;
#[cfg_attr(not(feature = "cuda"), path = "cuda_absent.rs")]
mod cuda;
mod distinct;
mod place;
mod run;
mod select;
mod shards;
mod space;
mod tuning;
mod way;

pub(crate) use cells::cell_bytes;
#[cfg(feature = "cuda")]
pub use cuda::select_lent;
pub use select::select_tuned;
pub(crate) use space::with_space;
pub use tuning::Tuning;
#[cfg(feature = "lab")]
pub use tuning::{EqualRows, Multiplier, Path, Placement};
pub(crate) use way::are_held;
