#![doc = include_str!("../README.md")]

mod backend;
#[cfg(feature = "cuda")]
pub mod cuda;
mod distance;
mod engine;
mod error;
mod float_environment;
mod greedy;
mod options;
pub mod pool;
mod problem;
pub mod report;
mod rows;
mod select;
mod selection;
mod simd;
mod statistics;
pub mod synth;
mod threads;
#[doc(hidden)]
pub mod tuning;
mod verify;

pub use distance::distance;
pub use error::{Error, Result};
pub use options::{Device, First, Metric, Options};
pub use pool::{Dtype, Element, Pool};
pub use select::{select, select_with};
pub use selection::{Progress, Selection};
pub use statistics::Statistics;
pub use verify::{Cover, Verdict, verify};
