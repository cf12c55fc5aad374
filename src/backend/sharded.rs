//! A backend of several shards: it merges their frontiers, picks among the live rows they lend, and sends them the new
//! centers. It holds the live rows of one round, and nothing that grows with the pool except for settled distances that
//! a caller asks for.
//!
//! A round is two exchanges with every shard. The first sends the centers chosen since the last and asks for each
//! shard's part of the frontier; the second sends the edge of the merged frontier and brings the live rows. The new
//! states of the live rows go back with the next round's first exchange. If there was no live row, the first of the refreshed rows goes
//! with it instead, and every shard applies the centers to all rows that may precede it.

use std::time::Instant;

use super::shard::{
    CenterBlock, FrontierRows, LiveBlock, LiveValues, Picker, Refreshed, RowState, Shard,
};
use super::zeros::{pick_zeros, zeros};
use super::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::ground::Ground;
use crate::mean::{NearPoint, Sums};
use crate::statistics::Statistics;
use crate::values::{RowBlock, RowScratch};

/// Centers that travel in one block, at most: 4 MB of values at 1,024 dimensions.
const AT_ONCE: usize = 1024;
/// Bytes of a row and its key, of a row's state, of a row's number.
const CANDIDATE: usize = 16;
const STATE: usize = 16;
const ROW: usize = 8;

/// Shards in the order of their rows, which together are the pool's.
pub(crate) struct Sharded<'p, S: Shard> {
    ground: &'p Ground<'p>,
    shards: Vec<S>,
    picker: Box<dyn Picker + 'p>,
    /// Whether the labeled centers were sent.
    has_begun: bool,
    /// Centers sent so far.
    centers: usize,
    /// This round's frontier: its rows where no key is above 0, and the first row that follows it.
    zeros: Option<Vec<Candidate>>,
    outside: Option<Candidate>,
    /// The refreshed row of largest key, if the last frontier left no row live.
    reached: Option<Candidate>,
    statistics: Statistics,
}

impl<'p, S: Shard> Sharded<'p, S> {
    /// `shards` hold all rows of `ground`, in order.
    pub fn new(
        ground: &'p Ground<'p>,
        shards: Vec<S>,
        picker: Box<dyn Picker + 'p>,
    ) -> Sharded<'p, S> {
        let held: usize = shards.iter().map(|shard| shard.held().len()).sum();
        assert_eq!(held, ground.rows.len(), "the shards hold the pool");
        Sharded {
            ground,
            shards,
            picker,
            has_begun: false,
            centers: 0,
            zeros: None,
            outside: None,
            reached: None,
            statistics: Statistics::default(),
        }
    }

    /// Send the labeled centers, before any other.
    fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        self.send_rows(self.ground.labeled)?;
        let vectors: Vec<usize> =
            (self.ground.labeled.len()..self.ground.labeled_count()).collect();
        let mut scratch = RowScratch::new();
        for vectors in vectors.chunks(AT_ONCE) {
            let mut block = CenterBlock::default();
            for &vector in vectors {
                block.push(None, self.ground.labeled_vector(vector, &mut scratch));
            }
            self.send(&block)?;
        }
        Ok(())
    }

    /// Pool rows become centers: their values come from the shards that hold them and go to all.
    fn send_rows(&mut self, rows: &[usize]) -> Result<()> {
        let d = self.ground.rows.dimensions();
        for rows in rows.chunks(AT_ONCE) {
            let mut block = CenterBlock::default();
            for &row in rows {
                let values = self.holder(row).values(row)?;
                self.statistics.exchange_bytes += (ROW + values.bytes()) as u64;
                block.push(Some(row), values.row(0, d));
            }
            self.send(&block)?;
        }
        Ok(())
    }

    fn holder(&self, row: usize) -> &S {
        let at = self.shards.partition_point(|shard| shard.held().end <= row);
        &self.shards[at]
    }

    fn send(&mut self, block: &CenterBlock) -> Result<()> {
        let bytes = ROW * block.rows.len() + block.values.bytes();
        for shard in &mut self.shards {
            shard.take(block)?;
            self.statistics.exchange_bytes += bytes as u64;
        }
        self.centers += block.rows.len();
        Ok(())
    }

    /// Every shard's part of a frontier of `size` rows, merged.
    fn merge(&mut self, size: usize) -> Result<FrontierRows> {
        let (mut rows, mut outside) = (Vec::new(), None);
        let reached = self.reached.take();
        self.statistics.sweeps += usize::from(reached.is_some());
        for shard in &mut self.shards {
            let part = shard.frontier(size, reached)?;
            self.statistics.exchange_bytes += (CANDIDATE * (part.rows.len() + 1)) as u64;
            rows.extend(part.rows);
            outside = Candidate::first(outside, part.outside);
        }
        self.statistics.exchanges += 1;
        if rows.len() > size {
            let (_, &mut next, _) = rows.select_nth_unstable_by(size, Candidate::order);
            rows.truncate(size);
            outside = Candidate::first(outside, Some(next));
        }
        Ok(FrontierRows { rows, outside })
    }

    /// The live rows of all shards, the lowest first, and how many of them each shard lent.
    fn borrow_all(&mut self) -> Result<(LiveBlock<'static>, Vec<usize>)> {
        let (mut rows, mut states, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        let mut values = RowBlock::default();
        let mut weights = self.ground.weights.map(|_| Vec::new());
        let mut scratch = RowScratch::new();
        let d = self.ground.rows.dimensions();
        for shard in &mut self.shards {
            let block = shard.lend()?;
            (0..block.rows.len()).for_each(|i| values.push(block.value(i, &mut scratch)));
            parts.push(block.rows.len());
            rows.extend(block.rows);
            states.extend(block.states);
            if let Some((all, part)) = weights.as_mut().zip(block.weights) {
                all.extend(part);
            }
        }
        let row_bytes = ROW + STATE + size_of::<f32>() * usize::from(weights.is_some());
        self.statistics.exchange_bytes += (rows.len() * row_bytes + values.bytes()) as u64;
        let values = LiveValues::Lent { values, d };
        Ok((LiveBlock { rows, states, values, weights }, parts))
    }

    /// Gives each shard the new states of the rows that it lent.
    fn give_back(&mut self, states: &[RowState], parts: &[usize]) -> Result<()> {
        let mut rest = states;
        for (shard, &part) in self.shards.iter_mut().zip(parts) {
            let (own, others) = rest.split_at(part);
            shard.lower(own)?;
            rest = others;
        }
        self.statistics.exchange_bytes += (STATE * states.len()) as u64;
        Ok(())
    }

    /// The picks become centers of all shards. Their values came with the live rows.
    fn send_picks(&mut self, picked: &Picked, live: &LiveBlock) -> Result<()> {
        let mut scratch = RowScratch::new();
        for picks in picked.picks.chunks(AT_ONCE) {
            let mut block = CenterBlock::default();
            for pick in picks {
                let index = live.rows.binary_search(&pick.row).expect("a pick was a live row");
                block.push(Some(pick.row), live.value(index, &mut scratch));
            }
            self.send(&block)?;
        }
        Ok(())
    }
}

impl<S: Shard> Middle for Sharded<'_, S> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        let mut sums = Sums::new(self.ground.rows.dimensions());
        self.shards.iter_mut().try_for_each(|shard| shard.add_sums(&mut sums))?;
        let mean = sums.mean();
        let mut nearest: Option<NearPoint> = None;
        for shard in &mut self.shards {
            let found = shard.nearest_to(&mean)?;
            nearest = nearest.into_iter().chain(found).reduce(NearPoint::nearer);
        }
        Ok(nearest.expect("the budget was checked: a row may be chosen").row)
    }
}

impl<S: Shard> Backend for Sharded<'_, S> {
    fn sweeps(&self) -> bool {
        true
    }

    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        self.begin()?;
        self.send_rows(rows)
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        self.begin()?;
        let frontier = self.merge(size)?;
        if frontier.rows.is_empty() {
            return Ok(0);
        }
        self.statistics.rounds += 1;
        self.outside = frontier.outside;
        self.zeros = zeros(&frontier.rows);
        if self.zeros.is_some() {
            return Ok(frontier.rows.len());
        }
        let outside = self.outside;
        let mut refreshed = Refreshed::default();
        for shard in &mut self.shards {
            refreshed = refreshed.and(shard.refresh(outside)?);
        }
        self.reached = refreshed.reached(outside);
        Ok(refreshed.rows)
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        if let Some(rows) = self.zeros.take() {
            let picked = pick_zeros(rows, limit, stop);
            self.send_rows(&picked.picks.iter().map(|pick| pick.row).collect::<Vec<_>>())?;
            return Ok(picked);
        }
        let (live, parts) = self.borrow_all()?;
        self.statistics.exchanges += 1;
        if live.rows.is_empty() {
            return Ok(Picked::default());
        }
        let started = Instant::now();
        let (picked, states) = self.picker.pick(&live, self.centers, self.outside, limit, stop)?;
        self.statistics.pick_seconds += started.elapsed().as_secs_f64();
        self.give_back(&states, &parts)?;
        self.send_picks(&picked, &live)?;
        Ok(picked)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        self.begin()?;
        let (mut distances, mut nearest) = (Vec::new(), Vec::new());
        for shard in &mut self.shards {
            let (own, centers) = shard.settle()?;
            distances.extend(own);
            nearest.extend(centers);
        }
        Ok((distances, nearest))
    }

    fn statistics(&self) -> Statistics {
        let shards = self.shards.iter().map(Shard::statistics);
        let all = shards.chain([self.picker.statistics(), self.statistics.clone()]);
        all.reduce(Statistics::and).expect("there is a picker")
    }
}
