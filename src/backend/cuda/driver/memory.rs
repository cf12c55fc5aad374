//! Device memory, pinned memory, and copies between them: what cudarc offers as unsafe, made safe by lengths.

use std::sync::{Arc, OnceLock};

use cudarc::driver::{CudaContext, CudaStream, DriverError, result};

use super::Pointer;

/// Pieces of an arena begin at multiples of this, as allocations do.
const ALIGNMENT: u64 = 256;

/// A source of memory: a stream, or a caller's allocator.
pub type Allocate<'a> = dyn Fn(usize) -> Result<Arena, DriverError> + 'a;

/// For tests: every region gets an allocation of its own, and this hears its name and its address.
static APART: OnceLock<fn(&'static str, u64)> = OnceLock::new();

/// From now on, in this process, regions are kept apart: a driver that guards allocations then sees every access outside one.
#[cfg(feature = "lab")]
pub fn keep_regions_apart(told: fn(name: &'static str, address: u64)) {
    APART.get_or_init(|| told);
}

/// Lays regions out one after another: once from address 0 to learn how many bytes they need, once for good.
pub struct Carver<'a> {
    next: u64,
    apart: Option<Apart<'a>>,
}

/// Regions with an allocation each.
struct Apart<'a> {
    allocate: &'a Allocate<'a>,
    told: fn(&'static str, u64),
    kept: Vec<Arena>,
    failed: Option<DriverError>,
}

impl Carver<'_> {
    /// Room for `len` values, by this name.
    pub fn region<T>(&mut self, name: &'static str, len: usize) -> Region<T> {
        if let Some(apart) = &mut self.apart {
            return Region::lent(apart.allocate(name, len * size_of::<T>()), len);
        }
        let region = Region { pointer: Pointer::new(self.next), len };
        self.next = (self.next + region.bytes() as u64).next_multiple_of(ALIGNMENT);
        region
    }
}

impl Apart<'_> {
    fn allocate(&mut self, name: &'static str, bytes: usize) -> u64 {
        match (self.allocate)(bytes) {
            Ok(arena) => {
                (self.told)(name, arena.address);
                self.kept.push(arena);
                self.kept[self.kept.len() - 1].address
            }
            Err(error) => {
                self.failed = Some(error);
                0
            }
        }
    }
}

/// Bytes of all that `carve` lays out.
pub fn bytes_of<B>(carve: impl Fn(&mut Carver) -> B) -> usize {
    let mut plan = Carver { next: 0, apart: None };
    carve(&mut plan);
    usize::try_from(plan.next).expect("64-bit machines alone have CUDA")
}

/// Allocates what `carve` lays out, in one piece; also returns what keeps the memory.
pub fn laid_out<B>(
    allocate: &Allocate,
    carve: impl Fn(&mut Carver) -> B,
) -> Result<(B, Arena), DriverError> {
    if let Some(&told) = APART.get() {
        return laid_apart(allocate, told, carve);
    }
    let arena = allocate(bytes_of(&carve))?;
    Ok((carve(&mut Carver { next: arena.address, apart: None }), arena))
}

fn laid_apart<B>(
    allocate: &Allocate,
    told: fn(&'static str, u64),
    carve: impl Fn(&mut Carver) -> B,
) -> Result<(B, Arena), DriverError> {
    let apart = Apart { allocate, told, kept: Vec::new(), failed: None };
    let mut carver = Carver { next: 0, apart: Some(apart) };
    let regions = carve(&mut carver);
    match carver.apart {
        Some(Apart { failed: Some(error), .. }) => Err(error),
        apart => Ok((regions, Arena { address: 0, _memory: Box::new(apart.map(|a| a.kept)) })),
    }
}

/// `len` values of `T` on a device.
#[derive(Debug)]
pub struct Region<T> {
    pointer: Pointer<T>,
    len: usize,
}

impl<T> Clone for Region<T> {
    fn clone(&self) -> Region<T> {
        *self
    }
}

impl<T> Copy for Region<T> {}

impl<T> Region<T> {
    /// Memory that a caller lends for the length of a run.
    pub fn lent(address: u64, len: usize) -> Region<T> {
        Region { pointer: Pointer::new(address), len }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn bytes(&self) -> usize {
        self.len * size_of::<T>()
    }

    pub fn pointer(&self) -> Pointer<T> {
        self.pointer
    }

    /// Null where there are no values: kernels take that for "not given".
    pub fn pointer_if_any(&self) -> Pointer<T> {
        if self.len == 0 { Pointer::NULL } else { self.pointer }
    }

    /// The `len` values from `first` on.
    pub fn part(&self, first: usize, len: usize) -> Region<T> {
        assert!(first + len <= self.len, "{first} + {len} of {}", self.len);
        let address = self.pointer.address + (first * size_of::<T>()) as u64;
        Region { pointer: Pointer::new(address), len }
    }
}

/// One allocation on a device, freed when dropped, once the work queued before that is done.
pub struct Arena {
    address: u64,
    /// Its owner, which frees it when dropped: a slice of our own, or what a caller's allocator gave with it.
    _memory: Box<dyn Send + Sync>,
}

impl Arena {
    pub fn allocate(stream: &Arc<CudaStream>, bytes: usize) -> Result<Arena, DriverError> {
        // SAFETY: the memory is not initialised; regions of it are written before they are read, which the test bed checks by
        // filling fresh memory with NaN.
        let memory = unsafe { stream.alloc::<u8>(bytes.max(1)) }?;
        let address = {
            use cudarc::driver::DevicePtr;
            memory.device_ptr(stream).0
        };
        Ok(Arena { address, _memory: Box::new(memory) })
    }

    /// Memory of a caller's, given back when this is dropped.
    pub fn lent(Allocation { address, keeper }: Allocation) -> Arena {
        Arena { address, _memory: keeper }
    }

    pub fn address(&self) -> u64 {
        self.address
    }
}

/// Memory that a caller's allocator gave.
pub struct Allocation {
    /// Its address, a multiple of 256.
    pub address: u64,
    /// Dropped when the memory is needed no more by work that is yet to be queued.
    pub keeper: Box<dyn Send + Sync>,
}

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

    /// The values, which are there once the stream that copied into it has been synchronized.
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
        // A copy may still be under way after an error; a device that was lost has none. Binding also tells an earlier error,
        // which is not this buffer's: it must not keep us from waiting.
        self.context.record_err(self.context.bind_to_thread());
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
    unsafe { result::memcpy_htod_async(target.pointer.address, source, stream.cu_stream()) }
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
    unsafe { result::memcpy_dtoh_async(target, source.pointer.address, stream.cu_stream()) }
}

/// Queue filling `target` with one byte.
pub fn fill<T>(stream: &CudaStream, target: Region<T>, byte: u8) -> Result<(), DriverError> {
    stream.context().bind_to_thread()?;
    if target.len() == 0 {
        return Ok(());
    }
    // SAFETY: within the region.
    unsafe {
        result::memset_d8_async(target.pointer.address, byte, target.bytes(), stream.cu_stream())
    }
}
