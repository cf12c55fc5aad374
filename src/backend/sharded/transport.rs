//! How messages reach shards and their answers come back.

use super::server::Server;
use crate::error::Result;

/// A way to call shards. It knows nothing of what is said.
pub trait Transport {
    /// How many shards there are. Their numbers are those of their rows' order.
    fn shards(&self) -> usize;

    /// What to call this shard in an error: where it is, and what it holds.
    fn name(&self, shard: usize) -> String;

    /// Delivers to each shard that `own` names, in order, the message of these two parts, `common` to all of them, and returns their
    /// answers in the same order. It waits for all of them, and no longer than a limit of its own.
    ///
    /// A shard answers a message that it is sent once more, with no other in between, as it did before. So a transport that lost an answer, and
    /// does not know whether the message arrived, sends it again.
    ///
    /// # Errors
    /// A shard that cannot be reached: [`crate::Error::Shard`], which ends the run.
    fn call(&mut self, common: &[u8], own: &[(usize, Vec<u8>)]) -> Result<Vec<Vec<u8>>>;

    /// Whether a shard that was lost may be started again, with its rows and nothing else. It then answers so, and is told everything again;
    /// the coordinator keeps the values of all centers for that.
    fn restarts(&self) -> bool {
        false
    }

    /// Is told of picks once they are certain, those before the first round included, in order: for who keeps them in case this process ends.
    fn picked(&mut self, _rows: &[usize]) {}
}

/// Shards of this process, called one after another.
pub(crate) struct Local<'p> {
    servers: Vec<Server<'p>>,
}

impl<'p> Local<'p> {
    pub fn new(servers: Vec<Server<'p>>) -> Local<'p> {
        Local { servers }
    }
}

impl Transport for Local<'_> {
    fn shards(&self) -> usize {
        self.servers.len()
    }

    fn name(&self, shard: usize) -> String {
        format!("shard {shard}")
    }

    fn call(&mut self, common: &[u8], own: &[(usize, Vec<u8>)]) -> Result<Vec<Vec<u8>>> {
        own.iter().map(|(shard, own)| self.servers[*shard].answer(common, own)).collect()
    }
}
