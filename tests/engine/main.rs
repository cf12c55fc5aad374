//! The engine against the oracle on every device: selections, distances over a pool, rows of very different sizes, large numbers, how much work it takes, pools split over several GPUs, and runs that go
//! on from earlier ones.

#[path = "../common/mod.rs"]
mod common;

mod cells;
mod counters;
mod crowd;
mod disk;
mod distinct;
mod extremes;
mod f64;
mod first;
mod gpus;
mod large;
mod plain;
mod resume;
mod select;
mod space;
mod sweeps;
mod work;
