//! A connection to a store, and the one place where requests are waited for.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::future::{Either, select};
use object_store::ObjectStore;
use tokio::runtime::{Builder, Runtime};

use super::address::Address;
use super::failure::Failure;
use super::store;
use crate::pool::is_set;

/// Between two looks at the interrupt.
const TICK: Duration = Duration::from_millis(50);

/// A client with threads of its own, which end with it. A pool that is open has none: so a process may fork.
pub(super) struct Connection {
    pub store: Box<dyn ObjectStore>,
    /// There until the end.
    runtime: Option<Runtime>,
    interrupt: Option<Arc<AtomicBool>>,
}

impl Connection {
    /// Nothing is sent yet.
    pub fn to(
        address: &Address,
        interrupt: Option<&Arc<AtomicBool>>,
    ) -> Result<Connection, Failure> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("farpoint-objects")
            .enable_all()
            .build()
            .map_err(|error| Failure::other(format!("no thread can be started: {error}")))?;
        let store = store::client(address)?;
        Ok(Connection { store, runtime: Some(runtime), interrupt: interrupt.cloned() })
    }

    /// The result of `work`, whose requests all have timeouts; an interrupt ends the wait at once.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let runtime = self.runtime.as_ref().expect("there until the end");
        runtime.block_on(async {
            match select(std::pin::pin!(work), std::pin::pin!(self.interrupted())).await {
                Either::Left((done, _)) => done,
                Either::Right(_) => Err(Failure::Interrupted),
            }
        })
    }

    /// Returns when the run is told to end.
    async fn interrupted(&self) {
        while !is_set(self.interrupt.as_deref()) {
            tokio::time::sleep(TICK).await;
        }
    }
}

impl Drop for Connection {
    /// Without waiting for the system's look-up of a name, which nothing ends.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
