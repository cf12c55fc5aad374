//! How the engine works, for tests and benchmarks. Nothing here changes an answer, and nothing here is stable.

#[cfg(feature = "cuda")]
mod gpu;
mod plain_loop;
mod rates;
mod space;

#[cfg(feature = "cuda")]
pub use gpu::{GpuFacts, GpuRates, accumulation_shares, gpu_facts, gpu_rates};
pub use plain_loop::plain_loop;
pub use rates::{best_of, product_rate, read_bandwidth};
pub use space::{labeled_distances, min_distances, within};

#[cfg(feature = "cuda")]
pub use crate::engine::select_lent;
pub use crate::engine::{Filter, Tuning, select_tuned};
