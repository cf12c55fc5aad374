//! What a shard needs of the rows that it holds, whether their rounds run on floats or on int8 values.

use super::catch_up::Stages;
use super::centers::Centers;
use crate::backend::shard::{FrontierRows, RowState};
use crate::ground::HostGround;
use crate::statistics::Statistics;

/// Consecutive rows and their state, numbered from 0. Each has a bound that its distance to its nearest center does not exceed.
pub(crate) trait HeldRows<'p>: Stages {
    fn ground(&self) -> &'p HostGround<'p>;

    fn centers(&self) -> &Centers<'p>;

    fn centers_mut(&mut self) -> &mut Centers<'p>;

    /// Applies center 0 to every row, and takes the rows that cannot be chosen out of the order. False where that was done before.
    fn prepare(&mut self) -> bool;

    /// The `size` rows that precede all others, by the bounds they have now.
    fn frontier(&mut self, size: usize) -> FrontierRows;

    /// The state of a row whose bound is exact, with respect to the centers applied to it.
    fn state(&self, row: usize) -> RowState;

    /// Gives a row an exact bound.
    fn set_state(&mut self, row: usize, state: RowState);

    /// Takes a row out of the order. Before the first center is applied there are no bounds; [`HeldRows::prepare`] sees to the rows that
    /// were centers before.
    fn leave(&mut self, row: usize);

    /// Applies every pending center to every row, and ends: each row's distance to its nearest center, and that center's number.
    fn settle(&mut self) -> (Vec<f64>, Vec<u32>);

    /// Counts and times so far.
    fn statistics(&self) -> &Statistics;

    fn statistics_mut(&mut self) -> &mut Statistics;

    /// Rows become centers, in this order.
    fn choose(&mut self, rows: impl Iterator<Item = usize>) {
        for row in rows {
            self.centers_mut().push(row);
            self.leave(row);
        }
    }
}
