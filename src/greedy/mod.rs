//! Greedy k-center: what is asked, and how it is answered.

mod picks;
mod problem;
mod reference;
mod statistics;

pub(crate) use picks::{End, Picks, Watch, lower_bounds};
pub(crate) use problem::Problem;
pub(crate) use reference::reference;
pub use statistics::Statistics;
