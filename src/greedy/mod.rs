//! Greedy k-center, over any backend.
//!
//! | file | what it has |
//! | --- | --- |
//! | `lazy` | the loop, and the size of a frontier |
//! | `picks` | the picks of a run, and how they become a selection |
//! | `replay` | the keys of picks that a run is resumed from |

mod lazy;
mod picks;
mod replay;

pub(crate) use lazy::{Frontier, lazy};
pub(crate) use picks::Watch;
