//! The driver itself: whether there is one, and settings of a context.

use std::ffi::c_void;
use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaEvent, DriverError, result, sys};

/// Whether a library that calls itself the driver can be loaded.
pub fn is_present() -> bool {
    // SAFETY: loads the system's driver library, whose initialisers the system's owner trusts.
    unsafe { sys::is_culib_present() }
}

/// The first call of all.
pub fn start() -> Result<(), DriverError> {
    result::init()
}

/// The CUDA version that the driver supports, as people write it.
pub fn cuda_version() -> String {
    let mut version = 0;
    // SAFETY: writes one int.
    match unsafe { sys::cuDriverGetVersion(&mut version) }.result() {
        Ok(()) => format!("{}.{}", version / 1000, version % 1000 / 10),
        Err(_) => "unknown".into(),
    }
}

/// No events behind every buffer: streams are ordered by this backend, and a captured stream must not wait for them. Freed
/// memory stays in the device's pool, so that the next selection's is there at once.
pub fn prepare(context: &Arc<CudaContext>) -> Result<(), DriverError> {
    // SAFETY: every piece of memory is used on one stream, and fetched after that stream was synchronized.
    unsafe { context.disable_event_tracking() };
    if !context.has_async_alloc() {
        return Ok(());
    }
    // SAFETY: the device is the context's own.
    let pool = unsafe { result::device::get_default_mem_pool(context.cu_device()) }?;
    let mut keep = u64::MAX;
    let keep: *mut c_void = (&raw mut keep).cast();
    let attribute = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: this attribute is a u64, which outlives the call.
    unsafe { sys::cuMemPoolSetAttribute(pool, attribute, keep) }.result()
}

/// Binds the context, in whatever thread its memory is freed. Binding also tells an earlier error, which is another's: it is kept, and
/// must not keep the memory.
pub fn bind_to_free(context: &CudaContext) {
    if let Err(earlier) = context.bind_to_thread() {
        context.record_err(context.bind_to_thread());
        context.record_err::<()>(Err(earlier));
    }
}

/// Between two events of a stream that has been synchronized since. cudarc's own function waits for each of them again.
pub fn milliseconds(from: &CudaEvent, to: &CudaEvent) -> Result<f32, DriverError> {
    from.context().bind_to_thread()?;
    // SAFETY: both events live until they are dropped; what is not reached yet is an error.
    unsafe { result::event::elapsed(from.cu_event(), to.cu_event()) }
}

/// The context that was current in this thread when this was made; current again when it is dropped.
pub struct CurrentContext(sys::CUcontext);

impl CurrentContext {
    /// Null where there is none yet. There is a driver: the caller has looked.
    pub fn remember() -> CurrentContext {
        let before = result::ctx::get_current().unwrap_or(None);
        CurrentContext(before.unwrap_or(std::ptr::null_mut()))
    }
}

impl Drop for CurrentContext {
    fn drop(&mut self) {
        // SAFETY: null, or a context that was current in this thread; one destroyed since is refused, and nothing could be done.
        let _ = unsafe { result::ctx::set_current(self.0) };
    }
}
