//! Rounds on int8 values until they meet a crowd, then on floats.
//!
//! In a crowd, keys lie closer together than int8 values tell apart: many rows must be settled for a pick, and many centers be kept for a
//! row. Floats tell such rows apart. The rows are settled once, and the rounds go on from there: no row loses a center that it has seen.

use super::Cpu;
use super::int8::{Int8Cpu, SettledRows};
use super::kernels::Multiplier;
use super::kernels::int8::Int8Multiplier;
use crate::backend::{Backend, Middle, Picked};
use crate::error::Result;
use crate::ground::HostGround;
use crate::statistics::Statistics;

/// Makes rounds on floats of rows that were settled.
pub(crate) type GoOn<'p> = Box<dyn Fn(SettledRows<'p>) -> Box<dyn Backend + 'p> + 'p>;

/// Rounds on floats of rows of `ground`, by `multiplier`.
pub(crate) fn go_on<'p>(
    ground: &'p HostGround<'p>,
    multiplier: impl Multiplier + 'p,
    width: f64,
) -> GoOn<'p> {
    Box::new(move |settled| Box::new(Cpu::go_on(ground, multiplier, width, settled)))
}

/// All rows of a pool, and the picks among them.
pub(crate) struct Int8UntilCrowd<'p, K: Int8Multiplier> {
    ground: &'p HostGround<'p>,
    go_on: GoOn<'p>,
    rounds: Rounds<'p, K>,
}

enum Rounds<'p, K: Int8Multiplier> {
    Int8(Box<Int8Cpu<'p, K>>),
    Floats(Box<dyn Backend + 'p>),
}

impl<'p, K: Int8Multiplier> Int8UntilCrowd<'p, K> {
    /// Begins with `int8`, whose rows are those of `ground`.
    pub fn new(
        ground: &'p HostGround<'p>,
        int8: Int8Cpu<'p, K>,
        go_on: GoOn<'p>,
    ) -> Int8UntilCrowd<'p, K> {
        Int8UntilCrowd { ground, go_on, rounds: Rounds::Int8(Box::new(int8)) }
    }

    /// Goes on on floats if the rounds on int8 values met a crowd, and the pool is in memory: of a pool that stays on disk, rounds on floats
    /// would read each row several times.
    fn see_to_crowd(&mut self) -> Result<()> {
        let Rounds::Int8(int8) = &mut self.rounds else { return Ok(()) };
        if !int8.is_in_crowd() {
            return Ok(());
        }
        self.ground.rows.hold_if_they_fit()?;
        if !self.ground.rows.are_in_memory() {
            return Ok(());
        }
        if let Some(settled) = int8.settle_for_good() {
            self.rounds = Rounds::Floats((self.go_on)(settled));
        }
        Ok(())
    }

    fn rounds(&mut self) -> &mut dyn Backend {
        match &mut self.rounds {
            Rounds::Int8(int8) => &mut **int8,
            Rounds::Floats(floats) => &mut **floats,
        }
    }
}

impl<K: Int8Multiplier> Middle for Int8UntilCrowd<'_, K> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        self.rounds().nearest_the_mean()
    }
}

impl<K: Int8Multiplier> Backend for Int8UntilCrowd<'_, K> {
    fn sweeps(&self) -> bool {
        true
    }

    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        self.rounds().add_centers(rows)
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        self.see_to_crowd()?;
        self.rounds().refresh(size)
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        self.rounds().pick(limit, stop)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.rounds().settle()
    }

    fn statistics(&self) -> Statistics {
        match &self.rounds {
            Rounds::Int8(int8) => int8.statistics(),
            Rounds::Floats(floats) => floats.statistics(),
        }
    }
}
