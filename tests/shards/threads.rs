//! Shards on threads, which a test can have lost at any call.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use farpoint::shards::{Message, Reply, Settled, Transport, serve};
use farpoint::{Dtype, Options, Pool, Result};

/// The rows of one shard, and what it says of them by itself.
#[derive(Clone)]
pub struct Part {
    pub values: Values,
    pub d: usize,
    pub options: Options<'static>,
}

#[derive(Clone)]
pub enum Values {
    F32(Arc<Vec<f32>>),
    F64(Arc<Vec<f64>>),
    /// Stored values, row-major.
    Stored(Arc<Vec<u8>>, Dtype),
}

impl Part {
    pub fn pool(&self) -> Pool<'_> {
        match &self.values {
            Values::F32(values) => Pool::new(values, self.d),
            Values::F64(values) => Pool::new(values, self.d),
            Values::Stored(bytes, dtype) => Pool::of_bytes(bytes, self.d, *dtype, None),
        }
        .unwrap()
    }
}

/// What is lost at this call of this shard.
#[derive(Debug, Clone, Copy)]
pub struct Lost {
    pub call: usize,
    pub shard: usize,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The shard, before the message reaches it.
    Shard,
    /// The shard, after it answered, and its answer.
    ShardAndAnswer,
    /// The answer alone: the message is sent once more.
    Answer,
}

pub struct Threads {
    parts: Vec<Part>,
    shards: Vec<Shard>,
    pub lost: Vec<Lost>,
    pub calls: usize,
}

struct Shard {
    messages: Sender<Message>,
    replies: Receiver<Reply>,
}

impl Shard {
    fn start(part: &Part) -> Shard {
        let (messages, to_thread) = channel();
        let (from_thread, replies) = channel();
        let part = part.clone();
        thread::spawn(move || {
            serve(&part.pool(), &part.options, &mut move |reply| {
                // A shard that was lost is heard by nobody.
                reply.map(|reply| from_thread.send(reply));
                to_thread.recv().ok()
            });
        });
        Shard { messages, replies }
    }
}

impl Threads {
    pub fn new(parts: Vec<Part>, lost: Vec<Lost>) -> Threads {
        let shards = parts.iter().map(Shard::start).collect();
        Threads { parts, shards, lost, calls: 0 }
    }

    /// The shards that lose this at this call.
    fn losing(&self, what: What) -> Vec<usize> {
        let now = |lost: &&Lost| lost.call == self.calls && lost.what == what;
        self.lost.iter().filter(now).map(|lost| lost.shard).collect()
    }

    fn start_again(&mut self, shards: &[usize]) {
        shards.iter().for_each(|&shard| self.shards[shard] = Shard::start(&self.parts[shard]));
    }

    fn deliver(&mut self, shard: usize, common: &[u8], own: &[u8]) -> Reply {
        let message = Message { common: common.into(), own: own.into() };
        self.shards[shard].messages.send(message).unwrap();
        self.shards[shard].replies.recv().unwrap()
    }
}

/// Also leaves there what the shards said of every row.
pub struct Kept<'k> {
    pub threads: Threads,
    pub settled: &'k mut Vec<Option<Settled>>,
}

impl Transport for Kept<'_> {
    fn shards(&self) -> usize {
        self.threads.shards.len()
    }

    fn name(&self, shard: usize) -> String {
        format!("thread {shard}")
    }

    fn call(&mut self, common: &[u8], own: &[(usize, Vec<u8>)]) -> Result<Vec<Vec<u8>>> {
        self.threads.start_again(&self.threads.losing(What::Shard));
        let mut replies: Vec<Reply> =
            own.iter().map(|(shard, own)| self.threads.deliver(*shard, common, own)).collect();
        let lost = self.threads.losing(What::ShardAndAnswer);
        self.threads.start_again(&lost);
        let unheard = [lost, self.threads.losing(What::Answer)].concat();
        for ((shard, own), reply) in own.iter().zip(&mut replies) {
            if unheard.contains(shard) {
                // What it says of its rows is not lost with the answer: it is for who holds them.
                let settled = reply.settled.take();
                *reply = self.threads.deliver(*shard, common, own);
                reply.settled = reply.settled.take().or(settled);
            }
        }
        self.threads.calls += 1;
        let bytes = own.iter().zip(replies).map(|((shard, _), reply)| {
            if reply.settled.is_some() {
                self.settled[*shard] = reply.settled;
            }
            reply.bytes
        });
        Ok(bytes.collect())
    }

    fn restarts(&self) -> bool {
        true
    }
}
