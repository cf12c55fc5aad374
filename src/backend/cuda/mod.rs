//! The CUDA backend.
//!
//! | file, from below | what it has |
//! | --- | --- |
//! | `driver/` | memory, copies, launches: nearly all unsafe code of the backend; it knows no selection |
//! | `abi/` | a file a kernel: its structs and its launch |
//! | `gpu`, `lent/` | a device, opened; a stream and a pool that a caller lends |
//! | `packing`, `accumulation`, `roles`, `placement`, `feed` | what the ways of work share: packing and its error, each row's role, how the device comes by rows |
//! | `rounds/`, `once/`, `join/` | the three ways of work: selections in rounds, in one launch, range joins |
//! | `mean`, `space` | the row nearest the mean; distances over a pool |
//! | `probe/` | what a device can do, measured, for the laboratory |

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
pub(crate) use placement::{Placement, check_count, check_vectors};
pub(crate) use rounds::{Cuda, CudaShard};
pub(crate) use space::CudaSpace;
