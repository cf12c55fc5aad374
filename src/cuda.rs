//! Pools that lie on an NVIDIA GPU already, selected from on a stream of the caller's: inside a training loop, say.
//!
//! ```no_run
//! use cudarc::driver::CudaContext;
//! use farpoint::Options;
//! use farpoint::cuda::{DevicePool, Stream, select};
//!
//! let context = CudaContext::new(0)?;
//! let embeddings = context.default_stream().clone_htod(&vec![0.5f32; 10_000 * 64])?;
//!
//! let stream = Stream::of(&context.default_stream())?;
//! let pool = DevicePool::of(&embeddings, 64)?;
//! let selection = select(&pool, 100, &Options::default(), &stream)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ops::ControlFlow;

use crate::backend::cuda::gpu::keeping_current;
pub use crate::backend::cuda::lent::{Allocation, Allocator, DevicePool, Stream};
pub use crate::batch::{Batch, BatchOptions};
pub use crate::engine::serve_lent as serve;
use crate::engine::{Tuning, select_lent};
use crate::error::Result;
use crate::options::Options;
use crate::selection::{Progress, Selection};

/// [`crate::select`] from a pool that lies on a GPU: the same rows and radii, to the bit. Nothing of the pool is copied to the
/// host but the rows it resumes from, and the first bad row for an error.
///
/// All work is queued on `stream`, after what is queued there, and is done when this returns. Takes at most 29 bytes of device memory a
/// row and a fixed workspace, allocated before the first kernel.
///
/// # Errors
/// As [`crate::select`], and [`crate::Error::NotFinite`], since the pool's values are checked here;
/// [`crate::Error::Options`] for a stream of another GPU, [`crate::Error::CudaMemory`], [`crate::Error::Lost`].
pub fn select(
    pool: &DevicePool,
    budget: usize,
    options: &Options,
    stream: &Stream,
) -> Result<Selection> {
    select_with(pool, budget, options, stream, &mut |_| ControlFlow::Continue(()))
}

/// [`select`], calling `watch` after every round of picks. `ControlFlow::Break` ends the run with what is chosen so far.
///
/// # Errors
/// As [`select`].
pub fn select_with(
    pool: &DevicePool,
    budget: usize,
    options: &Options,
    stream: &Stream,
    watch: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
) -> Result<Selection> {
    select_lent(pool, budget, options, stream, &Tuning::default(), watch)
}

/// Do `work`, and leave the calling thread's current CUDA context as it was: all else here makes a device's primary context current, which
/// a program that works on several GPUs may not expect.
pub fn keeping_current_context<T>(work: impl FnOnce() -> T) -> T {
    keeping_current(work)
}
