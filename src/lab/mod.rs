//! The laboratory: how the engine works and what this machine can do, for tests and benchmarks. Nothing here changes an answer, nothing
//! outside rests on it, and nothing here is stable.
//!
//! | file | what it has |
//! | --- | --- |
//! | `plain_loop` | the loop that benchmarks compare the engine with |
//! | `rates` | this machine's rates |
//! | `gpu`, `accumulation` | a GPU's facts and rates; how exact its products are |
//! | `space` | distances over a pool, as tests compare them |

#[cfg(feature = "cuda")]
mod accumulation;
#[cfg(feature = "cuda")]
mod gpu;
mod plain_loop;
mod rates;
mod space;

#[cfg(feature = "cuda")]
pub use gpu::{GpuFacts, GpuRates, accumulation_shares, gpu_facts, gpu_rates};
pub use plain_loop::plain_loop;
pub use rates::{best_of, int8_rates, product_rate};
pub use space::{labeled_distances, min_distances, within};

#[cfg(feature = "cuda")]
pub use crate::backend::cuda::driver::memory::keep_regions_apart;
pub use crate::bandwidth::read_bandwidth;
#[cfg(feature = "cuda")]
pub use crate::engine::select_lent;
pub use crate::engine::{EqualRows, Multiplier, Path, Placement, Tuning, select_tuned};
