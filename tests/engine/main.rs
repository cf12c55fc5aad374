//! The engine against the oracle on every device: selections, distances over a pool, large numbers, and how much work it takes.

#[path = "../common/mod.rs"]
mod common;

mod counters;
mod large;
mod select;
mod space;
