//! Greedy k-center: what is asked, and how it is answered.

mod lazy;
mod picks;
mod problem;
mod replay;
mod statistics;

pub(crate) use lazy::{Frontier, lazy};
pub(crate) use picks::lower_bounds;
pub(crate) use problem::Problem;
pub use statistics::Statistics;
