//! What a caller lends: a stream of a GPU, and a pool in its memory. Their unsafe functions are promises of the caller's.

mod pool;
mod rows;
mod stream;

pub use pool::DevicePool;
pub use stream::{Allocation, Allocator, Stream};
