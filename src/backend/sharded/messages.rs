//! What is said between the coordinator and its shards: plain data with a version, in bytes. A message to a shard has two parts: one that
//! all shards are sent alike, and one of the shard's own. It is answered by one message.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::backend::Candidate;
use crate::backend::shard::{CenterBlock, RowState};
use crate::mean::{NearPoint, Sums};
use crate::names::Metric;
use crate::pool::Dtype;
use crate::raw;
use crate::statistics::Statistics;
use crate::values::RowBlock;

/// Messages of one version are of one form. Every message begins with it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a shard is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// What rows it holds.
    Hello,
    /// A selection begins; what the shard knew of an earlier one is void.
    Begin(Begin),
    /// Whether each of these rows may be chosen, and its weight. Rows that another shard holds are left aside.
    Roles { rows: Vec<usize> },
    /// The row held that may be chosen before which so many others held may.
    Eligible { nth: usize },
    /// The values of these rows, which it holds.
    Values { rows: Vec<usize> },
    /// The sums of the rows before those held, to be added to.
    AddSums { sums: Sums },
    /// Its row nearest this point.
    Nearest { point: Vec<f64> },
    /// Centers from the start.
    Take { news: News },
    /// Its part of a frontier of `size` rows, after it took in the news.
    Frontier { news: News, size: usize, reached: Option<Candidate> },
    /// The live rows, after it refreshed those of its part that precede `outside`.
    Live { outside: Option<Candidate> },
    /// At most so many rows of its part that precede `outside`, the lowest first, where no key is above 0.
    Lowest { outside: Option<Candidate>, most: usize },
    /// Each row's distance to its nearest center, after it took in the news.
    Settle { news: News, are_kept: bool },
}

/// Centers chosen since the last news.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct News {
    /// How many centers were sent before: news that come twice are taken in once.
    pub after: usize,
    pub centers: CenterBlock,
}

/// A selection, as far as a shard must know of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Begin {
    pub metric: Metric,
    /// Labeled centers, rows and vectors.
    pub labeled: usize,
    /// Centers that there can be at most.
    pub centers: usize,
}

/// The part of a message that is a shard's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Own {
    Nothing,
    /// Beside [`Request::Begin`].
    Part(Part),
    /// Beside news: the states of the rows that it lent, as they are now.
    Lowered(#[serde(with = "raw")] Vec<RowState>),
}

/// What a shard's rows are. Rows are numbered from its first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The pool row that is its first.
    pub first: usize,
    pub labeled: Vec<usize>,
    /// Beside those that the shard excludes by itself.
    pub excluded: Vec<usize>,
    /// Instead of those that the shard has by itself.
    pub weights: Option<Vec<f32>>,
}

/// What a shard answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Hello(Held),
    Begun(Begun),
    Roles(Vec<Role>),
    Eligible(usize),
    Values(RowBlock),
    Sums(Sums),
    Nearest(Option<NearPoint>),
    Taken,
    Frontier(Marks),
    Live(Lent),
    Settled(Settled),
    /// The shard lacks what the message rests on: it was started again.
    Behind,
    Failed(Failure),
}

impl Answer {
    pub fn held(self) -> Option<Held> {
        if let Answer::Hello(held) = self { Some(held) } else { None }
    }

    pub fn begun(self) -> Option<Begun> {
        if let Answer::Begun(begun) = self { Some(begun) } else { None }
    }

    pub fn roles(self) -> Option<Vec<Role>> {
        if let Answer::Roles(roles) = self { Some(roles) } else { None }
    }

    pub fn eligible(self) -> Option<usize> {
        if let Answer::Eligible(row) = self { Some(row) } else { None }
    }

    pub fn values(self) -> Option<RowBlock> {
        if let Answer::Values(values) = self { Some(values) } else { None }
    }

    pub fn sums(self) -> Option<Sums> {
        if let Answer::Sums(sums) = self { Some(sums) } else { None }
    }

    pub fn nearest(self) -> Option<Option<NearPoint>> {
        if let Answer::Nearest(nearest) = self { Some(nearest) } else { None }
    }

    pub fn frontier(self) -> Option<Marks> {
        if let Answer::Frontier(marks) = self { Some(marks) } else { None }
    }

    pub fn live(self) -> Option<Lent> {
        if let Answer::Live(lent) = self { Some(lent) } else { None }
    }

    pub fn settled(self) -> Option<Settled> {
        if let Answer::Settled(settled) = self { Some(settled) } else { None }
    }
}

/// The rows that a shard holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub rows: usize,
    pub dimensions: usize,
    pub dtype: Dtype,
    pub has_weights: bool,
}

/// What a selection's rows are like at a shard.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// Rows that may be chosen.
    pub eligible: usize,
    /// The one of largest weight, the lowest of equal ones: a pool row.
    pub heaviest: Option<(usize, f32)>,
}

impl Begun {
    /// The heavier of two rows in their order, the lower of equal ones.
    pub fn heavier(best: (usize, f32), next: (usize, f32)) -> (usize, f32) {
        if next.1 > best.1 { next } else { best }
    }
}

/// What a row may be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Role {
    pub row: usize,
    pub is_eligible: bool,
    pub weight: Option<f32>,
}

/// A shard's part of a frontier: how its keys lie, not which rows they are of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// Its row of largest key.
    pub first: Option<Candidate>,
    /// Some of its rows in order, each with how many rows there are from the mark before to this one, itself included.
    pub marks: Vec<(Candidate, usize)>,
}

/// Rows that a shard lends, the lowest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Lent {
    /// Rows refreshed.
    pub refreshed: usize,
    /// The first of them.
    pub best: Option<Candidate>,
    pub rows: Vec<usize>,
    #[serde(with = "raw")]
    pub states: Vec<RowState>,
    /// Under the metric, `(rows.len(), d)`.
    pub values: RowBlock,
    pub weights: Option<Vec<f32>>,
    /// The shard's counts and times so far.
    pub statistics: Statistics,
}

/// Each row's distance to its nearest center and that center's number; none where the shard keeps them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Settled {
    #[serde(with = "raw")]
    pub distances: Vec<f64>,
    #[serde(with = "raw")]
    pub nearest: Vec<u32>,
    pub statistics: Statistics,
}

/// Why a shard cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub reason: String,
    /// Whether what it was given is at fault, rather than the machine.
    pub is_input: bool,
}

/// The bytes of a message.
pub(crate) fn encode(message: &impl Serialize) -> Vec<u8> {
    let began = postcard::to_stdvec(VERSION).expect("a text is encoded");
    postcard::to_extend(message, began).expect("plain data is encoded")
}

/// The message of these bytes.
///
/// # Errors
/// Why they are none: mostly a message of another version, which is named.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let cut = || "a message between shards was cut off or is none".to_string();
    let (version, rest) = postcard::take_from_bytes::<&str>(bytes).map_err(|_| cut())?;
    if version != VERSION {
        return Err(format!(
            "farpoint {version} there and {VERSION} here do not understand each other: install one version everywhere"
        ));
    }
    postcard::from_bytes(rest).map_err(|_| cut())
}
