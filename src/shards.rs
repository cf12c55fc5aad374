//! One selection from rows that several processes hold: the ranks of a training job, actors on many machines. [`coordinate`] is the one
//! side, [`serve`] the other; what lies between is a [`Transport`], which delivers bytes and knows nothing of them.
//!
//! A front end starts one shard for each part of the pool, calls [`serve`] there with the part, and [`coordinate`] once, anywhere, with a
//! transport of its own. The answer is that of [`crate::select_with`] on all rows together, to the bit, however they are parted.
//!
//! - A message has two parts: one that is common to all shards, which holds the values of new centers, and one of a shard's own, which is
//!   small. A transport that can broadcast sends the first once.
//! - A round of some dozens of picks is two calls of all shards. Their bytes grow with the rows that are about to be picked and with the
//!   picks, not with the pool.
//! - Messages carry the version of this crate, and one of another version is refused with both.
//! - A shard may be lost and started again with its rows and nothing else. Where [`Transport::restarts`] says so, it is told all centers
//!   again, and the answer is the same.
//! - Calls must end by a time limit of the transport's, with an error that names the shard: [`crate::Error::Shard`].
//!
//! ```
//! use std::sync::mpsc::{Receiver, Sender, channel};
//!
//! use farpoint::shards::{Message, Reply, Transport, coordinate, serve};
//! use farpoint::{Options, Pool};
//!
//! /// Shards on threads, over channels.
//! struct Threads(Vec<(Sender<Message>, Receiver<Reply>)>);
//!
//! impl Transport for Threads {
//!     fn shards(&self) -> usize {
//!         self.0.len()
//!     }
//!
//!     fn name(&self, shard: usize) -> String {
//!         format!("thread {shard}")
//!     }
//!
//!     fn call(&mut self, common: &[u8], own: &[(usize, Vec<u8>)]) -> farpoint::Result<Vec<Vec<u8>>> {
//!         for (shard, own) in own {
//!             self.0[*shard].0.send(Message { common: common.into(), own: own.clone() }).unwrap();
//!         }
//!         Ok(own.iter().map(|(shard, _)| self.0[*shard].1.recv().unwrap().bytes).collect())
//!     }
//! }
//!
//! let parts: [&[f32]; 2] = [&[0.0, 1.0, 2.0], &[9.0, 10.0]];
//! let selection = std::thread::scope(|scope| {
//!     let start = |part: &'static [f32]| {
//!         let (to_shard, messages) = channel();
//!         let (answers, from_shard) = channel();
//!         scope.spawn(move || {
//!             let pool = Pool::new(part, 1).unwrap();
//!             serve(&pool, &Options::default(), &mut move |reply| {
//!                 reply.map(|reply| answers.send(reply));
//!                 messages.recv().ok()
//!             });
//!         });
//!         (to_shard, from_shard)
//!     };
//!     let threads = Threads(parts.map(|part| start(part.to_vec().leak())).into());
//!     coordinate(threads, Some(2), &Options::default(), &mut |_| std::ops::ControlFlow::Continue(()))
//! })?;
//! assert_eq!(selection.centers, [0, 4]);
//! assert_eq!(selection.radii, [10.0, 2.0]);
//! # Ok::<(), farpoint::Error>(())
//! ```

pub use crate::backend::sharded::transport::Transport;
pub use crate::engine::{coordinate, serve};

/// A message to a shard.
#[derive(Debug, Clone)]
pub struct Message {
    /// What all shards are told.
    pub common: Vec<u8>,
    /// What this one is told.
    pub own: Vec<u8>,
}

/// A shard's answer.
#[derive(Debug)]
pub struct Reply {
    /// For the coordinator.
    pub bytes: Vec<u8>,
    /// For whoever holds the rows, at the end of a selection with [`crate::Options::assign`].
    pub settled: Option<Settled>,
}

/// What a selection says of every row held.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The distance to its nearest center.
    pub min_distances: Vec<f64>,
    /// Its nearest center: `p >= 0` is a position among the picks, `-1 - l` labeled entry `l`.
    pub assignment: Vec<i64>,
}

/// Takes the answer to the last message, of which there is none at first, and waits for the next; none ends the shard.
pub type Messages<'m> = &'m mut (dyn FnMut(Option<Reply>) -> Option<Message> + Send);
