//! A stream of a GPU, ours or a caller's.

use std::ffi::c_void;
use std::sync::Arc;

use cudarc::driver::sys::CUresult;
use cudarc::driver::{CudaContext, CudaStream, DriverError};

pub use crate::backend::cuda::driver::memory::Allocation;
use crate::backend::cuda::driver::memory::{Arena, Carver, laid_out};
use crate::backend::cuda::gpu::Gpu;
use crate::error::{Error, Result};
use crate::options::Device;

/// A stream of a GPU, ours or the caller's: work is queued on it in order, after what is queued there already.
pub struct Stream {
    gpu: Arc<Gpu>,
    stream: Arc<CudaStream>,
    /// The caller's allocator, if memory does not come from the driver.
    allocator: Option<Allocator>,
}

/// A caller's allocator: gives so many bytes of memory for a stream, or `None` if it cannot.
pub type Allocator = Box<dyn Fn(usize) -> Option<Allocation> + Send + Sync>;

impl Stream {
    /// A stream of its own on GPU `device`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the GPU cannot be used.
    pub fn new(device: usize) -> Result<Stream> {
        let gpu = Gpu::open(device)?;
        Ok(Stream { stream: gpu.stream()?, gpu, allocator: None })
    }

    /// A stream that the caller owns.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the GPU cannot be used; [`Error::Unsupported`] if the stream is not of its primary context.
    pub fn of(stream: &Arc<CudaStream>) -> Result<Stream> {
        let gpu = opened(stream.context())?;
        Ok(Stream { gpu, stream: stream.clone(), allocator: None })
    }

    /// A stream that the caller owns, by its `CUstream`, such as PyTorch's current one; null is the default stream.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the GPU cannot be used.
    ///
    /// # Safety
    /// `handle` is a stream of the device's primary context, and lives as long as this.
    pub unsafe fn borrowed(device: usize, handle: *mut c_void) -> Result<Stream> {
        let gpu = Gpu::open(device)?;
        // SAFETY: by the caller, a stream of this context that outlives this; it is not destroyed on drop.
        let stream = unsafe { gpu.context().wrap_borrowed_stream(handle.cast()) };
        Ok(Stream { stream, gpu, allocator: None })
    }

    /// The same stream. Selections on it take their memory from `allocator`: PyTorch's, say, so that the memory is
    /// counted there and reused.
    ///
    /// # Safety
    /// `allocator` must give memory of this stream's GPU, as many bytes as asked for, that begins at a multiple of 256.
    /// Work queued on this stream may use it until its keeper is dropped, and the next owner must use it after that
    /// work.
    #[must_use]
    pub unsafe fn allocating(self, allocator: Allocator) -> Stream {
        Stream { allocator: Some(allocator), ..self }
    }

    /// Allocates so many bytes of device memory.
    pub(crate) fn arena(&self, bytes: usize) -> std::result::Result<Arena, DriverError> {
        let Some(allocator) = &self.allocator else {
            return Arena::allocate(&self.stream, bytes);
        };
        let lent = allocator(bytes.max(1)).map(Arena::lent);
        lent.ok_or(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY))
    }

    /// Allocates what `carve` lays out in device memory; also returns what keeps the memory.
    pub(crate) fn laid_out<B>(
        &self,
        carve: impl Fn(&mut Carver) -> B,
    ) -> std::result::Result<(B, Arena), DriverError> {
        laid_out(&|bytes| self.arena(bytes), carve)
    }

    /// Wait until all that was queued is done.
    ///
    /// # Errors
    /// [`Error::Lost`] if the device was lost while it worked.
    pub fn synchronize(&self) -> Result<()> {
        self.checked(self.stream.synchronize())
    }

    /// The stream itself.
    pub fn cuda_stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    pub(crate) fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    pub(crate) fn checked<T>(&self, result: std::result::Result<T, DriverError>) -> Result<T> {
        result.map_err(|error| self.gpu.explain(error))
    }
}

/// The GPU of a context, which must be the primary one: kernels are loaded there, as PyTorch's are.
pub(super) fn opened(context: &CudaContext) -> Result<Arc<Gpu>> {
    let gpu = Gpu::open(context.ordinal())?;
    if context.cu_ctx() == gpu.context().cu_ctx() {
        return Ok(gpu);
    }
    let reason = "this is of another context than the GPU's primary one: use CudaContext::new";
    Err(Error::Unsupported { device: Device::Cuda(context.ordinal()), reason: reason.into() })
}
