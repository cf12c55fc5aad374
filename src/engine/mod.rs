//! Where a selection runs, and how: the device asked for, and the fastest way it has unless a test or benchmark asks for another.
//!
//! `place` finds the device, `select` and `space` say what is done there, `way` by which of a CPU's ways, `cells` which rows lie in cells, `distinct` whether equal rows are taken together, `cuda` is a GPU's part, `gpus` is several of them, `shards` is several
//! holders of rows, `first` is what is searched for before, `run` is greedy over whatever was found.

mod cells;
mod coordinate;
#[cfg_attr(not(feature = "cuda"), path = "cuda_absent.rs")]
mod cuda;
mod distinct;
mod first;
#[cfg(feature = "cuda")]
mod gpus;
mod hold;
mod place;
mod run;
mod select;
mod shards;
mod space;
mod tuning;
mod way;

pub(crate) use cells::cell_bytes;
pub use coordinate::coordinate;
pub(crate) use cuda::every_gpu;
#[cfg(feature = "cuda")]
pub use cuda::select_lent;
pub use hold::serve;
#[cfg(feature = "cuda")]
pub use hold::serve_lent;
pub use select::select_tuned;
pub(crate) use shards::first_rows;
pub(crate) use space::{check_is_one, with_space};
pub use tuning::Tuning;
#[cfg(feature = "lab")]
pub use tuning::{EqualRows, Multiplier, Path, Placement};
pub(crate) use way::are_held;
