//! A build without HiGHS: nothing is answered, and the solvers of this crate go on alone.

use super::branch::Exhausted;
use super::clock::Clock;
use super::cover::Cover;

pub const AVAILABLE: bool = false;

pub struct Relaxed {
    pub weights: Vec<f64>,
    pub whole: Option<Vec<u32>>,
}

pub fn relaxation(_: &Cover, _: usize, _: &mut Clock) -> Option<Relaxed> {
    None
}

pub fn decide(_: &Cover, _: usize, _: usize, _: usize, _: &mut Clock) -> Exhausted {
    Exhausted::Open
}
