//! What a caller lends: a pool in a GPU's memory, and a stream.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::sync::Arc;

use cudarc::driver::sys::CUresult;
use cudarc::driver::{CudaContext, CudaSlice, CudaStream, DevicePtr, DriverError};

use super::arguments::Pointer;
pub use super::memory::Allocation;
use super::memory::{Arena, Carver, Region, laid_out};
use crate::backend::cuda::device::Gpu;
use crate::backend::cuda::feed::Feed;
use crate::error::{Error, Result};
use crate::options::Device;
use crate::pool::{Dtype, Element, Pool};

/// A stream of a GPU, ours or the caller's: work is queued on it in order, after what is queued there already.
pub struct Stream {
    gpu: Arc<Gpu>,
    stream: Arc<CudaStream>,
    /// Where memory comes from, if not from the driver.
    allocator: Option<Allocator>,
}

/// A caller's allocator: so many bytes of memory for a stream, none if there are not that many.
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

    /// The same stream, the memory that selections on it need taken from `allocator`: PyTorch's, say, so that it is counted there and
    /// reused.
    ///
    /// # Safety
    /// What `allocator` gives is memory of this stream's GPU, as many bytes as asked for, that begins at a multiple of 256; work queued on
    /// this stream may use it until its keeper is dropped, and whoever gets it next uses it after that work.
    #[must_use]
    pub unsafe fn allocating(self, allocator: Allocator) -> Stream {
        Stream { allocator: Some(allocator), ..self }
    }

    /// So many bytes of device memory.
    pub(crate) fn arena(&self, bytes: usize) -> std::result::Result<Arena, DriverError> {
        let Some(allocator) = &self.allocator else {
            return Arena::allocate(&self.stream, bytes);
        };
        let lent = allocator(bytes.max(1)).map(Arena::lent);
        lent.ok_or(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY))
    }

    /// What `carve` lays out in device memory, and what keeps that.
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
fn opened(context: &CudaContext) -> Result<Arc<Gpu>> {
    let gpu = Gpu::open(context.ordinal())?;
    if context.cu_ctx() == gpu.context().cu_ctx() {
        return Ok(gpu);
    }
    let reason = "this is of another context than the GPU's primary one: use CudaContext::new";
    Err(Error::Unsupported { device: Device::Cuda(context.ordinal()), reason: reason.into() })
}

/// A pool that lies in a GPU's memory: `n` rows of `d` values, `(n, d)` row-major without gaps, of any [`Dtype`]. Its values
/// are checked by the selection that reads them, not before.
pub struct DevicePool<'a> {
    pub(crate) device: usize,
    pub(crate) address: Pointer<u8>,
    pub(crate) rows: usize,
    pub(crate) d: usize,
    pub(crate) dtype: Dtype,
    /// Where the memory is ours.
    _arena: Option<Arena>,
    borrowed: PhantomData<&'a [u8]>,
}

impl<'a> DevicePool<'a> {
    /// A copy of `pool` on the stream's GPU. Waits for the copy.
    ///
    /// # Errors
    /// [`Error::CudaMemory`] if the device has too little memory.
    pub fn upload(pool: &Pool, stream: &Stream) -> Result<DevicePool<'static>> {
        DevicePool::copied(pool, stream, stream.arena(pool.bytes()))
    }

    /// The same; none if the device has not that much memory free.
    pub(crate) fn upload_if_it_fits(
        pool: &Pool,
        stream: &Stream,
    ) -> Result<Option<DevicePool<'static>>> {
        match stream.arena(pool.bytes()) {
            Err(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => Ok(None),
            arena => DevicePool::copied(pool, stream, arena).map(Some),
        }
    }

    fn copied(
        pool: &Pool,
        stream: &Stream,
        arena: std::result::Result<Arena, DriverError>,
    ) -> Result<DevicePool<'static>> {
        let arena = stream.checked(arena)?;
        let region = Region::lent(arena.address(), pool.bytes());
        Feed::copy_all(&stream.gpu, &stream.stream, pool, region)?;
        let device = stream.gpu.context().ordinal();
        let shape = (pool.rows(), pool.dimensions());
        Ok(DevicePool {
            _arena: Some(arena),
            ..DevicePool::at(device, region, shape, pool.dtype())
        })
    }

    /// The pool in `values`, `(n, d)`. The stream that selects must come after the work that fills it.
    ///
    /// # Errors
    /// [`Error::Shape`] if the values do not form at least one row of `d >= 1`; [`Error::Unsupported`] if they are not memory of the
    /// GPU's primary context.
    pub fn of<T: Element>(values: &'a CudaSlice<T>, d: usize) -> Result<DevicePool<'a>> {
        if d == 0 || values.is_empty() || !values.len().is_multiple_of(d) {
            return Err(Error::Shape { values: values.len(), d });
        }
        opened(values.context())?;
        let (address, _) = values.device_ptr(values.stream());
        let region = Region::lent(address, values.num_bytes());
        let shape = (values.len() / d, d);
        Ok(DevicePool::at(values.ordinal(), region, shape, T::DTYPE))
    }

    /// The pool of shape `(n, d)` at `address` in the memory of GPU `device`.
    ///
    /// # Errors
    /// [`Error::Shape`] if it has no row or no dimension.
    ///
    /// # Safety
    /// `n d` values of `dtype` lie there, aligned to their size, in memory that the device can read through its primary
    /// context, and neither move nor change while a selection reads them, nor before `'a` ends.
    pub unsafe fn borrowed(
        device: usize,
        address: u64,
        (n, d): (usize, usize),
        dtype: Dtype,
    ) -> Result<DevicePool<'a>> {
        if n == 0 || d == 0 {
            return Err(Error::Shape { values: n * d, d });
        }
        let region = Region::lent(address, n * d * dtype.bytes());
        Ok(DevicePool::at(device, region, (n, d), dtype))
    }

    pub(crate) fn at(
        device: usize,
        values: Region<u8>,
        (rows, d): (usize, usize),
        dtype: Dtype,
    ) -> DevicePool<'a> {
        let address = values.pointer();
        DevicePool { device, address, rows, d, dtype, _arena: None, borrowed: PhantomData }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values a row.
    pub fn dimensions(&self) -> usize {
        self.d
    }

    /// How the values are stored.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The GPU's number.
    pub fn device(&self) -> usize {
        self.device
    }

    /// Refuse a stream of another GPU.
    pub(crate) fn check_on(&self, stream: &Stream) -> Result<()> {
        let device = stream.gpu.context().ordinal();
        if device == self.device {
            return Ok(());
        }
        Err(Error::Options(format!(
            "the pool lies on cuda:{}, the stream is of cuda:{device}",
            self.device
        )))
    }
}
