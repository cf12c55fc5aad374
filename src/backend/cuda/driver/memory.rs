//! Device memory: one allocation, and the regions laid out in it.

use std::sync::{Arc, OnceLock};

use cudarc::driver::{CudaSlice, CudaStream, DriverError};

use super::Pointer;
use super::context::bind_to_free;

/// Pieces of an arena begin at multiples of this, as allocations do.
const ALIGNMENT: u64 = 256;

/// What gives memory: of a stream, or of a caller's.
pub type Allocate<'a> = dyn Fn(usize) -> Result<Arena, DriverError> + 'a;

/// For tests: every region gets an allocation of its own, and this is told its name and where it begins.
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

/// What `carve` lays out, in one allocation, and what keeps it.
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

/// Memory of ours, which a thread may free that has another device's context, or none.
struct Owned(CudaSlice<u8>);

impl Drop for Owned {
    fn drop(&mut self) {
        bind_to_free(self.0.context());
    }
}

/// One allocation on a device, freed when dropped, once the work queued before that is done.
pub struct Arena {
    address: u64,
    /// What frees it: a slice of our own, or whatever a caller's allocator gave with it.
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
        Ok(Arena { address, _memory: Box::new(Owned(memory)) })
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
    /// Where it begins, at a multiple of 256.
    pub address: u64,
    /// Dropped when the memory is needed no more by work that is yet to be queued.
    pub keeper: Box<dyn Send + Sync>,
}
