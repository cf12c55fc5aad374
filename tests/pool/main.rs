//! Pools, row lists and weights from files: every format, and every file that is none.

mod writers;

mod any_bytes;
#[cfg(feature = "parquet")]
mod columns;
mod disk;
mod files;
mod folders;
#[cfg(feature = "parquet")]
mod fuzz;
mod lists;
mod outline;
mod refusals;
