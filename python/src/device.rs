//! Pools that lie on a GPU, selected from on their owner's stream, in memory of its allocator.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ops::ControlFlow;

use farpoint::cuda::{
    Allocation, Allocator, DevicePool, Stream, keeping_current_context, select_with,
};
use farpoint::shards::Messages;
use farpoint::{Options, Progress, Selection};
use pyo3::prelude::*;

use crate::lent::Place;
use crate::view::View;

/// The driver's handle of the default stream that each thread has for itself.
const PER_THREAD: u64 = 2;

/// [`farpoint::cuda::select_with`].
pub fn select(
    view: &View,
    budget: usize,
    options: &Options,
    allocate: Option<&Py<PyAny>>,
    watch: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
) -> farpoint::Result<Selection> {
    // This may be the caller's thread, in which the array's library keeps a current GPU of its own.
    keeping_current_context(|| {
        select_with(&pool(view)?, budget, options, &stream(view, allocate)?, watch)
    })
}

/// Whether the GPU of a view can be worked on.
pub fn opens(view: &View) -> farpoint::Result<()> {
    keeping_current_context(|| pool(view).and_then(|_| stream(view, None)).map(drop))
}

/// [`farpoint::cuda::serve`].
pub fn serve(view: &View, options: &Options, messages: Messages) -> farpoint::Result<()> {
    farpoint::cuda::serve(&pool(view)?, options, &stream(view, None)?, messages);
    Ok(())
}

/// The pool of a view, as the engine takes it.
pub fn pool(view: &View) -> farpoint::Result<DevicePool<'_>> {
    // SAFETY: the array's library says that such values lie there on the device, contiguous (`View` has looked) and aligned as its
    // allocator does; the view keeps them. That nobody writes to them meanwhile is the caller's part, in the docstring of `select`.
    unsafe { DevicePool::borrowed(number(view), view.address, view.shape, view.dtype) }
}

/// The stream that the view's owner works on. Memory comes from `allocate`, if it is given.
pub fn stream(view: &View, allocate: Option<&Py<PyAny>>) -> farpoint::Result<Stream> {
    let stream = stream_of(number(view), view.stream)?;
    let Some(allocate) = allocate else { return Ok(stream) };
    let allocate = Python::attach(|py| allocate.clone_ref(py));
    // SAFETY: `allocate` is farpoint's own (`farpoint._frameworks`): it allocates as many bytes on the view's device and stream by an
    // allocator that reuses memory in the order of the stream, and aligns it.
    Ok(unsafe { stream.allocating(allocator(allocate)) })
}

/// The handle of a thread's own default stream means another stream in the engine's threads. So the caller's thread
/// waits for it, and the work goes to the default stream, which is ordered after it.
pub fn leave_own_stream(view: &mut View) -> farpoint::Result<()> {
    if view.place != Place::Host && view.stream == PER_THREAD {
        keeping_current_context(|| stream_of(number(view), PER_THREAD)?.synchronize())?;
        view.stream = 0;
    }
    Ok(())
}

/// A stream of an array library, by the driver's handle.
pub fn stream_of(device: usize, handle: u64) -> farpoint::Result<Stream> {
    let handle = usize::try_from(handle).expect("64-bit machines alone have CUDA");
    let handle = std::ptr::with_exposed_provenance_mut::<c_void>(handle);
    // SAFETY: the current stream of the array's library, on the device where the array lies, which outlives the call.
    unsafe { Stream::borrowed(device, handle) }
}

/// The number of the GPU that the view lies on.
pub fn number(view: &View) -> usize {
    match view.place {
        Place::Cuda(device) => device,
        Place::Host => unreachable!("the caller has looked where it lies"),
    }
}

fn allocator(allocate: Py<PyAny>) -> Allocator {
    Box::new(move |bytes| {
        Python::attach(|py| {
            // Any exception means that there is no memory.
            let (address, keeper) = allocate.call1(py, (bytes,)).ok()?.extract(py).ok()?;
            Some(Allocation { address, keeper: Box::new(Keeper(Some(keeper))) })
        })
    })
}

/// A Python object, let go with the interpreter attached, whatever thread that is on.
struct Keeper(Option<Py<PyAny>>);

impl Drop for Keeper {
    fn drop(&mut self) {
        Python::attach(|_| drop(self.0.take()));
    }
}
