//! Pools, row lists and weights from files: every format, and every file that is none.

mod writers;

mod any_bytes;
#[cfg(feature = "parquet")]
mod columns;
mod disk;
mod files;
mod folders;
#[cfg(all(feature = "parquet", feature = "hdf5", feature = "zarr"))]
mod fuzz;
#[cfg(feature = "hdf5")]
mod hdf5;
mod lists;
mod outline;
mod refusals;
mod skipped;
#[cfg(feature = "parquet")]
mod tables;
mod text;
mod torch;
#[cfg(feature = "zarr")]
mod zarr;
