//! Shards of this process, called all at once: each has threads of its own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};

use super::server::Server;
use super::transport::Transport;
use crate::error::{Error, Result};
use crate::threads::on_engine_threads;

/// A shard to be called, and its name.
pub(crate) struct Named<'p> {
    pub name: String,
    pub server: Server<'p>,
}

/// The threads end when this is dropped.
pub(crate) struct Apart<'s> {
    shards: Vec<Called<'s>>,
}

struct Called<'s> {
    name: String,
    calls: Sender<Call>,
    answers: Receiver<Result<Vec<u8>>>,
    thread: Option<ScopedJoinHandle<'s, Result<()>>>,
}

/// The two parts of a message.
struct Call {
    common: Arc<[u8]>,
    own: Vec<u8>,
}

impl<'s> Apart<'s> {
    /// Each shard gets so many of the engine's threads.
    pub fn start<'p: 's>(
        scope: &'s Scope<'s, 'p>,
        shards: Vec<Named<'p>>,
        threads: usize,
    ) -> Apart<'s> {
        let start = |Named { name, mut server }| {
            let (calls, called) = channel();
            let (answer, answers) = channel();
            let serve =
                move || on_engine_threads(threads, move || serve(&mut server, &called, &answer));
            Called { name, calls, answers, thread: Some(scope.spawn(serve)) }
        };
        Apart { shards: shards.into_iter().map(start).collect() }
    }
}

/// Answers until nobody calls any more.
fn serve(server: &mut Server, called: &Receiver<Call>, answer: &Sender<Result<Vec<u8>>>) {
    for Call { common, own } in called {
        if answer.send(server.answer(&common, &own)).is_err() {
            return;
        }
    }
}

impl Called<'_> {
    fn call(&self, call: Call) {
        // A thread that has ended is told of where its answer is waited for.
        let _ = self.calls.send(call);
    }

    fn answer(&mut self) -> Result<Vec<u8>> {
        self.answers.recv().unwrap_or_else(|_| Err(self.ended()))
    }

    /// Why the thread has ended: it could not start threads.
    ///
    /// # Panics
    /// As the thread did.
    fn ended(&mut self) -> Error {
        let ended = self.thread.take().expect("nobody is asked again after an error").join();
        let ended = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        ended.expect_err("it answers as long as it is called")
    }
}

impl Transport for Apart<'_> {
    fn shards(&self) -> usize {
        self.shards.len()
    }

    fn name(&self, shard: usize) -> String {
        self.shards[shard].name.clone()
    }

    fn call(&mut self, common: &[u8], own: &[(usize, Vec<u8>)]) -> Result<Vec<Vec<u8>>> {
        let common: Arc<[u8]> = common.into();
        for (shard, own) in own {
            self.shards[*shard].call(Call { common: common.clone(), own: own.clone() });
        }
        // All are waited for, whatever the first says.
        let answers: Vec<_> = own.iter().map(|(shard, _)| self.shards[*shard].answer()).collect();
        answers.into_iter().collect()
    }
}
