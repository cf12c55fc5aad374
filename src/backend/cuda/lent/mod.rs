//! A stream of a GPU and a pool in its memory, which a caller lends. Their unsafe functions rest on the caller's
//! promises.
//!
//! `stream` and `pool` are what is lent; `rows` has what the host must know of the rows of such a pool.

mod pool;
mod rows;
mod stream;

pub use pool::DevicePool;
pub use stream::{Allocation, Allocator, Stream};
