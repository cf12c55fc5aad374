//! The CUDA backend, from below: `driver` (memory, launches), `abi` (a file a kernel: its structs, its launch), `gpu` (a device, opened),
//! `lent` (what callers lend), and above them the three ways of work: `rounds`, `once`, `join`.

#[allow(unsafe_code)]
pub(crate) mod driver;

pub(crate) mod abi;
pub(crate) mod accumulation;
mod feed;
pub(crate) mod gpu;
mod join;
#[allow(unsafe_code)]
pub(crate) mod lent;
mod mean;
pub(crate) mod once;
mod packing;
mod placement;
#[cfg(feature = "lab")]
pub(crate) mod probe;
mod roles;
mod rounds;
mod space;

pub(crate) use abi::Multiplier;
pub(crate) use once::{AtOnce, Size};
pub(crate) use placement::{Placement, check_count};
pub(crate) use rounds::Cuda;
pub(crate) use space::CudaSpace;
