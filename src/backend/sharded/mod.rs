//! A backend of several shards, the coordinator: it merges their frontiers, picks among the live rows that they lend, and sends them the
//! new centers. It holds the live rows of one round, and nothing that grows with the pool except for settled distances that a caller asks
//! for.
//!
//! A round is two exchanges with every shard. The first sends the centers chosen since the last, and the new states of the rows that the
//! shard lent, and asks how the keys of its part of the frontier lie; the second sends the edge of the merged frontier and brings the live
//! rows. If there was no live row, the first of the refreshed rows goes with the next round, and every shard applies the centers to all
//! rows that may precede it.
//!
//! | file | what it has |
//! | --- | --- |
//! | this one | the backend |
//! | `messages` | what is said, as plain data with a version, and its bytes |
//! | `transport` | how bytes reach shards: a trait, and shards of this process |
//! | `apart` | shards of this process that have threads of their own |
//! | `calls` | calls to shards, counted; shards that were started again are told everything again |
//! | `server` | the shard's side: it answers messages |
//! | `marks` | where a frontier ends that several shards have parts of |

#[cfg(feature = "cuda")]
pub(crate) mod apart;
mod calls;
mod marks;
pub(crate) mod messages;
pub(crate) mod server;
pub(crate) mod transport;

use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use super::shard::{CenterBlock, LiveBlock, LiveValues, Picker, Refreshed, RowState};
use super::zeros::pick_zeros;
use super::{Backend, Candidate, Middle, Picked};
use crate::error::Result;
use crate::mean::{NearPoint, Sums};
use crate::rows::{Gather, Rows};
use crate::statistics::Statistics;
use crate::values::{RowBlock, RowScratch, RowValues};
use calls::Called;
pub(crate) use calls::Calls;
use marks::merge;
use messages::{Answer, Lent, Own, Request};
use transport::Transport;

/// Centers that travel in one block, at most: 4 MB of values at 1,024 dimensions.
const AT_ONCE: usize = 1024;

/// The pool as the coordinator knows it.
pub(crate) struct Held<'p> {
    /// The pool rows that each shard holds.
    pub ranges: Vec<Range<usize>>,
    pub dimensions: usize,
    pub labeled: &'p [usize],
    /// Labeled vectors from outside the pool.
    pub vectors: Option<&'p Rows<'p>>,
    pub has_weights: bool,
    /// Where the weights of rows that are picked are kept, if nobody else has them.
    pub weights: Option<&'p Weights>,
}

/// Weights of some rows, each beside its row.
pub(crate) type Weights = Mutex<std::collections::HashMap<usize, f32>>;

/// Shards in the order of their rows, which together are the pool's.
pub(crate) struct Sharded<'p, T: Transport> {
    held: Held<'p>,
    calls: Calls<T>,
    picker: Box<dyn Picker + 'p>,
    /// Whether the labeled centers were sent.
    has_begun: bool,
    /// Centers chosen since the last exchange.
    news: CenterBlock,
    /// New states of the rows that each shard lent, since then; empty where it lent none.
    lowered: Vec<Vec<RowState>>,
    /// Whether no key of this round's frontier is above 0.
    are_zeros: bool,
    /// The first row after this round's frontier.
    outside: Option<Candidate>,
    live: Vec<Lent>,
    /// The refreshed row of largest key, if the last frontier left no row live.
    reached: Option<Candidate>,
    /// The shards' latest.
    of_shards: Vec<Statistics>,
    statistics: Statistics,
}

impl<'p, T: Transport> Sharded<'p, T> {
    pub fn new(held: Held<'p>, calls: Calls<T>, picker: Box<dyn Picker + 'p>) -> Sharded<'p, T> {
        let shards = held.ranges.len();
        Sharded {
            held,
            calls,
            picker,
            has_begun: false,
            news: CenterBlock::default(),
            lowered: vec![Vec::new(); shards],
            are_zeros: false,
            outside: None,
            live: Vec::new(),
            reached: None,
            of_shards: vec![Statistics::default(); shards],
            statistics: Statistics::default(),
        }
    }

    pub fn dimensions(&self) -> usize {
        self.held.dimensions
    }

    /// Send the labeled centers, before any other.
    fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        self.add_rows(self.held.labeled)?;
        let Some(vectors) = self.held.vectors else { return Ok(()) };
        let mut scratch = RowScratch::new();
        for vector in 0..vectors.len() {
            self.add_center(None, vectors.get(vector, &mut scratch))?;
        }
        Ok(())
    }

    /// Pool rows become centers: their values come from the shards that hold them, and go to all with the next exchange.
    fn add_rows(&mut self, rows: &[usize]) -> Result<()> {
        let d = self.held.dimensions;
        for rows in rows.chunks(AT_ONCE) {
            let values = self.values(rows)?;
            for (at, &row) in rows.iter().enumerate() {
                self.add_center(Some(row), values.row(at, d))?;
            }
        }
        Ok(())
    }

    fn add_center(&mut self, row: Option<usize>, values: RowValues) -> Result<()> {
        self.news.push(row, values);
        // The last block goes with the next round.
        if self.news.rows.len() >= AT_ONCE {
            let news = self.calls.news(std::mem::take(&mut self.news));
            let own = self.own();
            self.calls.all(&Request::Take { news }, own)?;
        }
        Ok(())
    }

    /// Values of any rows, from the shards that hold them, `(rows.len(), d)`.
    pub fn values(&mut self, rows: &[usize]) -> Result<RowBlock> {
        let (d, mut all) = (self.held.dimensions, RowBlock::default());
        let mut of_shards: Vec<Vec<usize>> = vec![Vec::new(); self.held.ranges.len()];
        rows.iter().for_each(|&row| of_shards[self.holder(row)].push(row));
        let mut blocks = Vec::new();
        for (shard, rows) in of_shards.into_iter().enumerate() {
            let block = match rows.is_empty() {
                true => RowBlock::default(),
                false => {
                    let answer = self.calls.one(shard, &Request::Values { rows })?;
                    self.calls.asked(shard, answer.values())?
                }
            };
            blocks.push((block, 0));
        }
        for &row in rows {
            let (block, next) = &mut blocks[self.holder(row)];
            all.push(block.row(*next, d));
            *next += 1;
        }
        Ok(all)
    }

    fn holder(&self, row: usize) -> usize {
        self.held.ranges.partition_point(|range| range.end <= row)
    }

    /// The states that go back to each shard.
    fn own(&mut self) -> Vec<Own> {
        let own = |states: &mut Vec<RowState>| match states.is_empty() {
            true => Own::Nothing,
            false => Own::Lowered(std::mem::take(states)),
        };
        self.lowered.iter_mut().map(own).collect()
    }

    fn nothing(&self) -> Vec<Own> {
        vec![Own::Nothing; self.held.ranges.len()]
    }

    /// The live rows of a merged frontier of about `size` rows. How many were refreshed, none if no row is left.
    fn round(&mut self, size: usize) -> Result<usize> {
        let reached = self.reached.take();
        self.statistics.sweeps += usize::from(reached.is_some());
        loop {
            let news = self.calls.news(std::mem::take(&mut self.news));
            let own = self.own();
            let request = Request::Frontier { news, size, reached };
            let parts = self.calls.all(&request, own)?;
            self.statistics.exchanges += 1;
            let edge = merge(&self.calls.each(parts, Answer::frontier)?, size);
            let Some(first) = edge.first else { return Ok(0) };
            self.outside = edge.outside;
            self.are_zeros = first.key <= 0.0;
            if self.are_zeros {
                return Ok(1);
            }
            let nothing = self.nothing();
            let called = self.calls.in_round(&Request::Live { outside: edge.outside }, nothing)?;
            self.statistics.exchanges += 1;
            if let Called::Answers(live) = called {
                return self.take_live(live);
            }
        }
    }

    fn take_live(&mut self, answers: Vec<Answer>) -> Result<usize> {
        self.live = self.calls.each(answers, Answer::live)?;
        let mut refreshed = Refreshed::default();
        for (lent, of_shard) in self.live.iter_mut().zip(&mut self.of_shards) {
            refreshed = refreshed.and(Refreshed { rows: lent.refreshed, best: lent.best });
            *of_shard = std::mem::take(&mut lent.statistics);
        }
        self.reached = refreshed.reached(self.outside);
        Ok(refreshed.rows)
    }

    /// The live rows of all shards, the lowest first, and how many of them each shard lent.
    fn live_block(&mut self) -> (LiveBlock<'static>, Vec<usize>) {
        let (mut rows, mut states, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut all, d) = (RowBlock::default(), self.held.dimensions);
        let mut weights = self.held.has_weights.then(Vec::new);
        for lent in std::mem::take(&mut self.live) {
            parts.push(lent.rows.len());
            all.append(&lent.values);
            rows.extend(lent.rows);
            states.extend(lent.states);
            if let Some((all, part)) = weights.as_mut().zip(lent.weights) {
                all.extend(part);
            }
        }
        let values = LiveValues::Lent { values: all, d };
        (LiveBlock { rows, states, values, weights }, parts)
    }

    /// The picks become centers of all shards. Their values came with the live rows.
    fn take_picks(&mut self, picked: &Picked, live: &LiveBlock) -> Result<()> {
        let mut scratch = RowScratch::new();
        let place = |row| live.rows.binary_search(&row).expect("a pick was a live row");
        if let Some((kept, weights)) = self.held.weights.zip(live.weights.as_ref()) {
            let mut kept = kept.lock().expect("nothing panics while it is held");
            let known = picked.picks.iter().chain(&picked.next).map(|pick| pick.row);
            kept.extend(known.map(|row| (row, weights[place(row)])));
        }
        let rows: Vec<usize> = picked.picks.iter().map(|pick| pick.row).collect();
        self.calls.picked(&rows);
        for pick in &picked.picks {
            self.add_center(Some(pick.row), live.value(place(pick.row), &mut scratch))?;
        }
        Ok(())
    }

    /// Keeps the weights of rows that are picked without having been live.
    fn learn_weights(&mut self, rows: &[usize]) -> Result<()> {
        let Some(kept) = self.held.weights.filter(|_| self.held.has_weights) else { return Ok(()) };
        let nothing = self.nothing();
        let answers = self.calls.all(&Request::Roles { rows: rows.to_vec() }, nothing)?;
        let roles = self.calls.each(answers, Answer::roles)?.into_iter().flatten();
        let weights = roles.filter_map(|role| Some((role.row, role.weight?)));
        kept.lock().expect("nothing panics while it is held").extend(weights);
        Ok(())
    }

    /// Picks where no key is above 0: the lowest rows.
    fn pick_lowest(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        let most = limit.saturating_add(1);
        let request = Request::Lowest { outside: self.outside, most };
        let nothing = self.nothing();
        let called = self.calls.in_round(&request, nothing)?;
        self.statistics.exchanges += 1;
        // Without a pick the round is gone through again.
        let Called::Answers(answers) = called else { return Ok(Picked::default()) };
        self.live = self.calls.each(answers, Answer::live)?;
        let (live, _) = self.live_block();
        let rows = live.rows.iter().map(|&row| Candidate { key: 0.0, row }).collect();
        let picked = pick_zeros(rows, limit, stop);
        self.take_picks(&picked, &live)?;
        Ok(picked)
    }

    /// Applies all centers to all rows, each shard to its own, and has the shards keep what comes of it.
    pub fn settle_and_keep(&mut self) -> Result<()> {
        self.settle_all(true).map(drop)
    }

    fn settle_all(&mut self, are_kept: bool) -> Result<Vec<(Vec<f64>, Vec<u32>)>> {
        self.begin()?;
        let news = self.calls.news(std::mem::take(&mut self.news));
        let own = self.own();
        let answers = self.calls.all(&Request::Settle { news, are_kept }, own)?;
        let settled = self.calls.each(answers, Answer::settled)?;
        let parts = settled.into_iter().zip(&mut self.of_shards).map(|(part, of_shard)| {
            *of_shard = part.statistics;
            (part.distances, part.nearest)
        });
        Ok(parts.collect())
    }
}

impl<T: Transport> Middle for Sharded<'_, T> {
    fn nearest_the_mean(&mut self) -> Result<usize> {
        let mut sums = Sums::new(self.held.dimensions);
        for shard in 0..self.held.ranges.len() {
            let answer = self.calls.one(shard, &Request::AddSums { sums })?;
            sums = self.calls.asked(shard, answer.sums())?;
        }
        let nothing = self.nothing();
        let answers = self.calls.all(&Request::Nearest { point: sums.mean() }, nothing)?;
        let found = self.calls.each(answers, Answer::nearest)?;
        let nearest = found.into_iter().flatten().reduce(NearPoint::nearer);
        Ok(nearest.expect("the budget was checked: a row may be chosen").row)
    }
}

impl<T: Transport> Backend for Sharded<'_, T> {
    fn sweeps(&self) -> bool {
        true
    }

    fn add_centers(&mut self, rows: &[usize]) -> Result<()> {
        self.begin()?;
        self.calls.picked(rows);
        self.learn_weights(rows)?;
        self.add_rows(rows)
    }

    fn refresh(&mut self, size: usize) -> Result<usize> {
        self.begin()?;
        let refreshed = self.round(size)?;
        self.statistics.rounds += usize::from(refreshed > 0);
        Ok(refreshed)
    }

    fn pick(&mut self, limit: usize, stop: f64) -> Result<Picked> {
        if self.are_zeros {
            return self.pick_lowest(limit, stop);
        }
        let (live, parts) = self.live_block();
        if live.rows.is_empty() {
            return Ok(Picked::default());
        }
        let started = Instant::now();
        let centers = self.calls.centers();
        let (picked, states) = self.picker.pick(&live, centers, self.outside, limit, stop)?;
        self.statistics.pick_seconds += started.elapsed().as_secs_f64();
        let mut rest = &states[..];
        for (lowered, part) in self.lowered.iter_mut().zip(parts) {
            let (own, others) = rest.split_at(part);
            *lowered = own.to_vec();
            rest = others;
        }
        self.take_picks(&picked, &live)?;
        Ok(picked)
    }

    fn settle(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let (mut distances, mut nearest) = (Vec::new(), Vec::new());
        for (own, centers) in self.settle_all(false)? {
            distances.extend(own);
            nearest.extend(centers);
        }
        Ok((distances, nearest))
    }

    fn statistics(&self) -> Statistics {
        let own =
            [self.picker.statistics(), self.statistics.clone(), self.calls.statistics.clone()];
        let all = self.of_shards.iter().cloned().chain(own);
        all.reduce(Statistics::and).expect("there is a picker")
    }
}
