//! A pool in a GPU's memory, a caller's or a copy.

use std::marker::PhantomData;

use cudarc::driver::sys::CUresult;
use cudarc::driver::{CudaSlice, DevicePtr, DriverError};

use super::Stream;
use super::stream::opened;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::memory::{Arena, Region};
use crate::backend::cuda::feed::Feed;
use crate::error::{Error, Result};
use crate::pool::{Dtype, Element, Pool};

/// A pool that lies in a GPU's memory: `n` rows of `d` values, `(n, d)` row-major without gaps, of any [`Dtype`]. Its values
/// are checked by the selection that reads them, not before.
pub struct DevicePool<'a> {
    pub(crate) device: usize,
    pub(crate) address: Pointer<u8>,
    pub(crate) rows: usize,
    pub(crate) d: usize,
    pub(crate) dtype: Dtype,
    /// The owner of the memory, if the memory is ours.
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

    /// The same; `None` if the device does not have that much memory free.
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
        Feed::copy_all(stream.gpu(), stream.cuda_stream(), pool, 0..pool.rows(), region)?;
        let device = stream.gpu().context().ordinal();
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
        let device = stream.gpu().context().ordinal();
        if device == self.device {
            return Ok(());
        }
        Err(Error::Options(format!(
            "the pool lies on cuda:{}, the stream is of cuda:{device}",
            self.device
        )))
    }
}
