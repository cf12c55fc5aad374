//! The robust selection against the oracle: the least radius there is, to the bit, and an interval that holds it whenever
//! the search ends early.

#[path = "../common/mod.rs"]
mod common;

use common::reference;
use common::reference::robust as oracle;

mod asked;
#[cfg(feature = "highs")]
mod by_highs;
mod early;
mod f64;
mod graphs;
mod judges;
mod optima;
mod pools;
mod refusals;
mod repeated;
