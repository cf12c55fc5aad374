//! Greedy k-center: what is asked, and how it is answered.

mod lazy;
mod picks;
mod replay;

pub(crate) use lazy::{Frontier, lazy};
pub(crate) use picks::Watch;
