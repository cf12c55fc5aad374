//! The shard's side: it answers messages by the rows that it holds.

use super::messages::{
    Answer, Begun, Lent, Marks, News, Own, Request, Role, Settled, decode, encode,
};
use crate::backend::Candidate;
use crate::backend::shard::{CenterBlock, LiveBlock, Refreshed, Shard};
use crate::error::{Error, Result};
use crate::ground::Ground;
use crate::statistics::Statistics;
use crate::values::{RowBlock, RowScratch};

/// A shard, and how many centers it took in.
pub(crate) struct Server<'p> {
    shard: Box<dyn Shard + Send + 'p>,
    ground: &'p Ground<'p>,
    /// The pool row that is row 0 of the ground.
    first: usize,
    centers: usize,
    /// Rows held that are centers, each with the center's number.
    own_centers: Vec<(usize, usize)>,
    /// The part of the last frontier, until it is refreshed.
    part: Vec<Candidate>,
    /// What settling came to, where it is kept.
    kept: Option<Kept>,
    /// The number of the last message, and its answer.
    last: Option<(u64, Vec<u8>)>,
}

/// The answer for the rows of a shard that keeps it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// Each row's distance to its nearest center.
    pub distances: Vec<f64>,
    /// That center's number. A center's nearest is itself.
    pub nearest: Vec<u32>,
}

impl<'p> Server<'p> {
    /// `ground` is of the rows that `shard` holds.
    pub fn new(shard: Box<dyn Shard + Send + 'p>, ground: &'p Ground<'p>) -> Server<'p> {
        let first = shard.held().start;
        let (own_centers, part) = (Vec::new(), Vec::new());
        Server { shard, ground, first, centers: 0, own_centers, part, kept: None, last: None }
    }

    /// The distances that the last selection's settling left here.
    pub fn take_kept(&mut self) -> Option<Kept> {
        self.kept.take()
    }

    /// Answers a message of these two parts.
    ///
    /// # Errors
    /// The device's, and bytes that are no message.
    pub fn answer(&mut self, common: &[u8], own: &[u8]) -> Result<Vec<u8>> {
        let (number, request): (u64, Request) = decode(common).map_err(Error::Options)?;
        self.reply(number, request, own)
    }

    /// Answers anything but [`Request::Hello`] and [`Request::Begin`], which come before there is a shard. A message that comes twice,
    /// since its answer was lost, is answered as it was: what a round lends, and what settling takes down, is there once.
    pub fn reply(&mut self, number: u64, request: Request, own: &[u8]) -> Result<Vec<u8>> {
        if let Some((_, answer)) = self.last.as_ref().filter(|(last, _)| *last == number) {
            return Ok(answer.clone());
        }
        let answer = self.work(request, decode(own).map_err(Error::Options)?)?;
        let bytes = encode(&answer);
        self.last = Some((number, bytes.clone()));
        Ok(bytes)
    }

    fn work(&mut self, request: Request, own: Own) -> Result<Answer> {
        match request {
            Request::Hello | Request::Begin(_) => {
                Err(Error::Options("this shard has begun already".into()))
            }
            Request::Roles { rows } => Ok(Answer::Roles(self.roles(&rows))),
            Request::Eligible { nth } => Ok(Answer::Eligible(self.eligible(nth))),
            Request::Values { rows } => self.shard.values(&rows).map(Answer::Values),
            Request::AddSums { mut sums } => {
                self.shard.add_sums(&mut sums)?;
                Ok(Answer::Sums(sums))
            }
            Request::Nearest { point } => self.shard.nearest_to(&point).map(Answer::Nearest),
            Request::Take { news } => self.after(news, own, |_| Ok(Answer::Taken)),
            Request::Frontier { news, size, reached } => {
                self.after(news, own, |server| server.frontier(size, reached))
            }
            Request::Live { outside } => self.live(outside).map(Answer::Live),
            Request::Lowest { outside, most } => self.lowest(outside, most).map(Answer::Live),
            Request::Settle { news, are_kept } => {
                self.after(news, own, |server| server.settle(are_kept))
            }
        }
    }

    /// What a selection's rows are like here.
    pub fn begun(&self) -> Begun {
        let rows = self.ground.eligible_rows();
        let eligible = rows.clone().count();
        let weight = |row: usize| self.ground.weights.map_or(1.0, |weights| weights[row]);
        let heaviest = rows.map(|row| (self.first + row, weight(row))).reduce(Begun::heavier);
        Begun { eligible, heaviest }
    }

    fn roles(&self, rows: &[usize]) -> Vec<Role> {
        let held = self.shard.held();
        let own = rows.iter().copied().filter(|row| held.contains(row));
        own.map(|row| Role {
            row,
            is_eligible: self.ground.eligible[row - self.first],
            weight: self.ground.weights.map(|weights| weights[row - self.first]),
        })
        .collect()
    }

    fn eligible(&self, nth: usize) -> usize {
        let row = self.ground.eligible_rows().nth(nth);
        self.first + row.expect("the coordinator counted them")
    }

    /// Takes in the news, once, and then works. Without the centers before them it is behind.
    fn after(
        &mut self,
        news: News,
        own: Own,
        work: impl FnOnce(&mut Self) -> Result<Answer>,
    ) -> Result<Answer> {
        let News { after, centers } = news;
        if self.centers == after {
            if let Own::Lowered(states) = own {
                self.shard.lower(&states)?;
            }
            self.take(&centers)?;
        } else if self.centers != after + centers.rows.len() {
            return Ok(Answer::Behind);
        }
        work(self)
    }

    fn take(&mut self, centers: &CenterBlock) -> Result<()> {
        let held = self.shard.held();
        for (at, row) in centers.rows.iter().enumerate() {
            if let Some(row) = row.filter(|row| held.contains(row)) {
                self.own_centers.push((row - self.first, self.centers + at));
            }
        }
        self.centers += centers.rows.len();
        self.shard.take(centers)
    }

    fn frontier(&mut self, size: usize, reached: Option<Candidate>) -> Result<Answer> {
        let found = self.shard.frontier(size, reached)?;
        let marks = Marks::of(&found);
        self.part = found.rows;
        Ok(Answer::Frontier(marks))
    }

    fn live(&mut self, outside: Option<Candidate>) -> Result<Lent> {
        let refreshed = self.shard.refresh(outside)?;
        let lent = lent(&self.shard.lend()?, refreshed);
        Ok(Lent { statistics: self.shard.statistics(), ..lent })
    }

    /// Where no key is above 0, none can fall, and no bound need be exact.
    fn lowest(&mut self, outside: Option<Candidate>, most: usize) -> Result<Lent> {
        let mut rows: Vec<usize> = std::mem::take(&mut self.part)
            .into_iter()
            .filter(|row| row.precedes_outside(outside))
            .map(|row| row.row)
            .collect();
        rows.sort_unstable();
        rows.truncate(most);
        let weight = |row: &usize| self.ground.weights.map(|weights| weights[row - self.first]);
        Ok(Lent {
            refreshed: rows.len(),
            best: None,
            values: self.shard.values(&rows)?,
            weights: rows.iter().map(weight).collect(),
            states: Vec::new(),
            rows,
            statistics: self.shard.statistics(),
        })
    }

    fn settle(&mut self, are_kept: bool) -> Result<Answer> {
        let (distances, nearest) = self.shard.settle()?;
        let statistics = self.shard.statistics();
        if !are_kept {
            return Ok(Answer::Settled(Settled { distances, nearest, statistics }));
        }
        let mut kept = Kept { distances, nearest };
        for &(row, center) in &self.own_centers {
            kept.distances[row] = 0.0;
            kept.nearest[row] = u32::try_from(center).expect("centers are numbered below 2^32");
        }
        self.kept = Some(kept);
        Ok(Answer::Settled(Settled { distances: Vec::new(), nearest: Vec::new(), statistics }))
    }
}

/// Live rows, copied for a message.
fn lent(live: &LiveBlock, Refreshed { rows, best }: Refreshed) -> Lent {
    let (mut values, mut scratch) = (RowBlock::default(), RowScratch::new());
    (0..live.rows.len()).for_each(|i| values.push(live.value(i, &mut scratch)));
    Lent {
        refreshed: rows,
        best,
        rows: live.rows.clone(),
        states: live.states.clone(),
        values,
        weights: live.weights.clone(),
        statistics: Statistics::default(),
    }
}
