//! The robust selection against the oracle: the least radius there is, to the bit, and an interval that holds it whenever
//! the search ends early.

#[path = "../reference/robust.rs"]
mod oracle;
#[path = "../reference/mod.rs"]
mod reference;

mod asked;
mod early;
mod graphs;
mod judges;
mod optima;
mod pools;
mod refusals;
mod repeated;
