//! Calls to shards: their bytes are counted, and a shard that was started again is told everything again.

use super::messages::{Answer, Begin, News, Own, Part, Request, decode, encode};
use super::transport::Transport;
use crate::backend::shard::CenterBlock;
use crate::error::{Error, Result};
use crate::statistics::Statistics;

/// Times that one shard may be started again during one call.
const MOST_RESTARTS: usize = 8;

/// The shards as they are called.
pub(crate) struct Calls<T: Transport> {
    transport: T,
    /// How the selection began, and each shard's part; none where the shards began by themselves.
    begun: Option<(Begin, Vec<Part>)>,
    /// All centers sent so far, where shards may have to be told again.
    sent: Vec<CenterBlock>,
    centers: usize,
    /// Messages sent so far: each has its number, by which a shard knows one that comes twice.
    number: u64,
    pub statistics: Statistics,
}

/// What calling all shards came to.
pub(crate) enum Called {
    Answers(Vec<Answer>),
    /// A shard was started again, and has no part in the round that the call belongs to. It knows the centers again.
    RoundLost,
}

impl<T: Transport> Calls<T> {
    pub fn new(transport: T) -> Calls<T> {
        let statistics = Statistics::default();
        Calls { transport, begun: None, sent: Vec::new(), centers: 0, number: 0, statistics }
    }

    pub fn shards(&self) -> usize {
        self.transport.shards()
    }

    pub fn name(&self, shard: usize) -> String {
        self.transport.name(shard)
    }

    pub fn picked(&mut self, rows: &[usize]) {
        self.transport.picked(rows);
    }

    /// Centers sent so far.
    pub fn centers(&self) -> usize {
        self.centers
    }

    /// Begins a selection at every shard.
    pub fn begin(&mut self, begin: Begin, parts: Vec<Part>) -> Result<Vec<Answer>> {
        let own = parts.iter().cloned().map(Own::Part).collect();
        let answers = self.exchange(&Request::Begin(begin.clone()), own)?;
        self.begun = self.transport.restarts().then_some((begin, parts));
        Ok(answers)
    }

    /// `centers` as news, numbered on from those before.
    pub fn news(&mut self, centers: CenterBlock) -> News {
        let after = self.centers;
        self.centers += centers.rows.len();
        if self.transport.restarts() && !centers.rows.is_empty() {
            self.sent.push(centers.clone());
        }
        News { after, centers }
    }

    /// Calls all shards with what does not belong to a round.
    ///
    /// # Errors
    /// Those of shards and of the transport.
    pub fn all(&mut self, request: &Request, own: Vec<Own>) -> Result<Vec<Answer>> {
        match self.in_round(request, own)? {
            Called::Answers(answers) => Ok(answers),
            Called::RoundLost => {
                unreachable!("such a request is answered by a shard that was started again")
            }
        }
    }

    /// Calls all shards, each with its own part.
    ///
    /// # Errors
    /// As [`Calls::all`].
    pub fn in_round(&mut self, request: &Request, own: Vec<Own>) -> Result<Called> {
        let mut answers = self.exchange(request, own)?;
        for (shard, answer) in answers.iter_mut().enumerate() {
            if !matches!(answer, Answer::Behind) {
                continue;
            }
            match self.tell_again(shard, request)? {
                Some(again) => *answer = again,
                None => return Ok(Called::RoundLost),
            }
        }
        Ok(Called::Answers(answers))
    }

    /// Calls one shard.
    pub fn one(&mut self, shard: usize, request: &Request) -> Result<Answer> {
        let answer = self.exchange_with(request, &[(shard, Own::Nothing)])?.pop();
        match answer.expect("a shard answers") {
            Answer::Behind => {
                let again = self.tell_again(shard, request)?;
                Ok(again.expect("such a request belongs to no round"))
            }
            answer => Ok(answer),
        }
    }

    fn exchange(&mut self, request: &Request, own: Vec<Own>) -> Result<Vec<Answer>> {
        let own: Vec<(usize, Own)> = own.into_iter().enumerate().collect();
        self.exchange_with(request, &own)
    }

    fn exchange_with(&mut self, request: &Request, own: &[(usize, Own)]) -> Result<Vec<Answer>> {
        let common = encode(&(self.number, request));
        self.number += 1;
        let messages: Vec<(usize, Vec<u8>)> =
            own.iter().map(|(shard, own)| (*shard, encode(own))).collect();
        let answers = self.transport.call(&common, &messages)?;
        let sent: usize = messages.iter().map(|(_, own)| common.len() + own.len()).sum();
        let came: usize = answers.iter().map(Vec::len).sum();
        self.statistics.exchange_bytes += (sent + came) as u64;
        assert_eq!(answers.len(), own.len(), "every shard answers");
        let answered = answers.iter().zip(own).map(|(answer, (shard, _))| {
            let failed = |reason, is_input| self.failed(*shard, reason, is_input);
            match decode(answer) {
                Ok(Answer::Failed(failure)) => Err(failed(failure.reason, failure.is_input)),
                Ok(answer) => Ok(answer),
                Err(reason) => Err(failed(reason, true)),
            }
        });
        answered.collect()
    }

    /// What each answer holds, if it is one of those asked for.
    pub fn each<A>(
        &self,
        answers: Vec<Answer>,
        take: impl Fn(Answer) -> Option<A>,
    ) -> Result<Vec<A>> {
        let taken = answers.into_iter().enumerate();
        taken.map(|(shard, answer)| self.asked(shard, take(answer))).collect()
    }

    /// What an answer holds, if it is the one asked for.
    pub fn asked<A>(&self, shard: usize, answer: Option<A>) -> Result<A> {
        answer.ok_or_else(|| self.failed(shard, "it answered what it was not asked".into(), false))
    }

    pub fn failed(&self, shard: usize, reason: String, is_input: bool) -> Error {
        Error::Shard { shard: self.transport.name(shard), reason, is_input, selection: None }
    }

    /// Tells a shard that was started again how the selection began and all centers so far, then asks it again: its answer, or none where
    /// the request belongs to a round that it had no part in.
    fn tell_again(&mut self, shard: usize, request: &Request) -> Result<Option<Answer>> {
        for _ in 0..MOST_RESTARTS {
            self.statistics.replayed_shards += 1;
            if !self.replay(shard)? {
                continue;
            }
            if matches!(request, Request::Live { .. } | Request::Lowest { .. }) {
                return Ok(None);
            }
            let answer = self.exchange_with(request, &[(shard, Own::Nothing)])?.pop();
            match answer.expect("a shard answers") {
                Answer::Behind => {}
                answer => return Ok(Some(answer)),
            }
        }
        Err(self.failed(shard, format!("it was lost {MOST_RESTARTS} times in a row"), false))
    }

    /// False if the shard was lost meanwhile.
    fn replay(&mut self, shard: usize) -> Result<bool> {
        let Some((begin, parts)) = self.begun.clone() else {
            return Err(self.failed(shard, "it lost its state".into(), false));
        };
        let own = Own::Part(parts[shard].clone());
        self.exchange_with(&Request::Begin(begin), &[(shard, own)])?;
        let mut after = 0;
        for block in 0..self.sent.len() {
            let centers = self.sent[block].clone();
            let news = News { after, centers };
            after += news.centers.rows.len();
            let told = self.exchange_with(&Request::Take { news }, &[(shard, Own::Nothing)])?;
            if matches!(told[..], [Answer::Behind]) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
