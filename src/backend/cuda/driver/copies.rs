//! Pinned memory, and copies between it and a device: what cudarc offers as unsafe, made safe by lengths.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaStream, DriverError, result};

use super::context::bind_to_free;
use super::memory::Region;

/// Host memory that a device reads and writes itself.
pub struct Pinned<T> {
    address: *mut T,
    len: usize,
    context: Arc<CudaContext>,
}

// SAFETY: it owns its memory, as a `Vec` does.
unsafe impl<T: Send> Send for Pinned<T> {}

impl<T: bytemuck::Pod> Pinned<T> {
    pub fn zeroed(context: &Arc<CudaContext>, len: usize) -> Result<Pinned<T>, DriverError> {
        context.bind_to_thread()?;
        // SAFETY: no flags; the memory is freed once, in `drop`.
        let address: *mut T =
            unsafe { result::malloc_host(len.max(1) * size_of::<T>(), 0) }?.cast();
        // SAFETY: `len` values were just allocated, and zero bytes are a value of any Pod.
        unsafe { address.write_bytes(0, len.max(1)) };
        Ok(Pinned { address, len, context: context.clone() })
    }

    /// What is there once the stream that copied into it has been synchronized.
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: `len` values, initialised by `zeroed`; copies into it end before the stream's `synchronize` returns, and
        // every reader in this backend synchronizes first.
        unsafe { std::slice::from_raw_parts(self.address, self.len) }
    }

    /// As [`Pinned::as_slice`]; copies out of it must have ended too.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`, and borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.address, self.len) }
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        bind_to_free(&self.context);
        // A copy may still be under way after an error; a device that was lost has none.
        let _ = result::ctx::synchronize();
        // SAFETY: allocated by `malloc_host`, freed here alone.
        let freed = unsafe { result::free_host(self.address.cast()) };
        self.context.record_err(freed);
    }
}

/// Queue a copy of `source` to the device. The driver stages pageable memory before it returns; pinned memory must stay
/// as it is until the stream has been synchronized.
pub fn send<T: bytemuck::Pod>(
    stream: &CudaStream,
    source: &[T],
    target: Region<T>,
) -> Result<(), DriverError> {
    assert_eq!(source.len(), target.len());
    stream.context().bind_to_thread()?;
    if source.is_empty() {
        return Ok(());
    }
    // SAFETY: the target has as many values as the source.
    unsafe { result::memcpy_htod_async(target.pointer().address, source, stream.cu_stream()) }
}

/// Queue a copy from the device. What is in `target` counts once the stream has been synchronized.
pub fn fetch<T: bytemuck::Pod>(
    stream: &CudaStream,
    source: Region<T>,
    target: &mut [T],
) -> Result<(), DriverError> {
    assert_eq!(source.len(), target.len());
    stream.context().bind_to_thread()?;
    if target.is_empty() {
        return Ok(());
    }
    // SAFETY: the target has as many values as the source, and any bytes are a value of a Pod; callers synchronize before it
    // is read or goes out of scope.
    unsafe { result::memcpy_dtoh_async(target, source.pointer().address, stream.cu_stream()) }
}

/// Queue filling `target` with one byte.
pub fn fill<T>(stream: &CudaStream, target: Region<T>, byte: u8) -> Result<(), DriverError> {
    stream.context().bind_to_thread()?;
    if target.len() == 0 {
        return Ok(());
    }
    // SAFETY: within the region.
    unsafe {
        result::memset_d8_async(target.pointer().address, byte, target.bytes(), stream.cu_stream())
    }
}
