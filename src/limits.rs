//! Every number that the kernels and the host must agree on. It stands in `kernels/limits.cuh`, of which build.rs makes this.

#![cfg_attr(
    not(all(feature = "cuda", feature = "lab")),
    allow(dead_code, reason = "the CPU alone needs few, the laboratory some more")
)]

include!(concat!(env!("OUT_DIR"), "/limits.rs"));
