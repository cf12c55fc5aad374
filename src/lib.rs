#![doc = include_str!("../README.md")]

mod backend;
mod distance;
mod error;
mod greedy;
pub mod pool;
pub mod report;
mod rows;
mod select;
mod simd;
pub mod synth;
#[doc(hidden)]
pub mod tuning;
mod verify;

pub use distance::distance;
pub use error::{Error, Result};
pub use greedy::Statistics;
pub use pool::{Dtype, Element, Pool};
pub use select::{Device, First, Metric, Options, Progress, Selection, select, select_with};
pub use verify::{Cover, Verdict, verify};
