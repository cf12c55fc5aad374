//! Greedy k-center, over any backend.
//!
//! | file | what it has |
//! | --- | --- |
//! | `lazy` | the loop |
//! | `frontier_size` | how many rows a frontier has, adapted from round to round |
//! | `picks` | the picks of a run, and how they become a selection |
//! | `replay` | the keys of picks that a run is resumed from |

mod frontier_size;
mod lazy;
mod picks;
mod replay;

pub(crate) use frontier_size::FrontierSize;
pub(crate) use lazy::lazy;
pub(crate) use picks::Watch;
