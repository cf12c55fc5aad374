//! A GPU, opened: its context, its kernels, and what goes wrong before any work is done.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cudarc::driver::sys::CUdevice_attribute as Attribute;
use cudarc::driver::sys::CUresult;
use cudarc::driver::{CudaContext, CudaStream, DriverError};

use super::abi::Kernels;
use super::driver::context as driver;
use super::driver::errors::{explain_start, is_fatal, name_of};
use super::driver::launch::{Image, Modules};
use super::driver::launched;
use crate::error::{Error, Result};
use crate::foreign::guarded;
use crate::options::Device;

include!(concat!(env!("OUT_DIR"), "/images.rs"));

/// The compute capability of 90a.
const WGMMA_CAPABILITY: (i32, i32) = (9, 0);

/// A GPU with the kernels loaded on it.
#[cfg_attr(not(feature = "lab"), allow(dead_code, reason = "the laboratory reads it"))]
pub struct Gpu {
    context: Arc<CudaContext>,
    kernels: Kernels,
    name: String,
    multiprocessors: u32,
    shared_limit: u32,
    /// The driver's name for the error by which the device was lost, if it was.
    lost: OnceLock<String>,
}

/// Devices opened so far. A context and its kernels cost a fraction of a second, which every selection would pay.
static OPENED: Mutex<Option<HashMap<usize, Arc<Gpu>>>> = Mutex::new(None);

/// The process that first opened a GPU; 0 before that.
static OPENED_BY: AtomicU32 = AtomicU32::new(0);

/// A context does not outlive a fork, nor does a thread that held a lock at the time. So a child process must touch
/// neither contexts nor locks.
fn check_not_forked(device: usize) -> Result<()> {
    let this = std::process::id();
    match OPENED_BY.compare_exchange(0, this, Ordering::SeqCst, Ordering::SeqCst) {
        Err(opener) if opener != this => Err(Error::Unavailable {
            device,
            reason: "this process was forked from one that had opened a GPU, and CUDA cannot be used in such a child: start it by \
                     spawn or forkserver, or use the CPU"
                .into(),
        }),
        _ => Ok(()),
    }
}

/// Whether to try a GPU where none was asked for. Looking for the driver tries dozens of names, so it is done once a
/// process.
pub fn has_driver() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(driver::is_present)
}

/// Does `work`, and leaves the thread's current context as it was.
pub fn keeping_current<T>(work: impl FnOnce() -> T) -> T {
    // Looking for a driver takes long, and a forked child must not touch it.
    let opener = OPENED_BY.load(Ordering::SeqCst);
    if !has_driver() || (opener != 0 && opener != std::process::id()) {
        return work();
    }
    let _before = driver::CurrentContext::remember();
    work()
}

#[cfg_attr(not(feature = "lab"), allow(dead_code, reason = "the laboratory reads it"))]
impl Gpu {
    /// The device of this number, opened once a process.
    ///
    /// # Errors
    /// [`Error::Unsupported`]: no kernels in this build. [`Error::Unavailable`]: no driver, no such device, a driver too old for the
    /// kernels, or a device that was lost.
    pub fn open(ordinal: usize) -> Result<Arc<Gpu>> {
        check_not_forked(ordinal)?;
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = opened.get_or_insert_default();
        if let Some(gpu) = opened.get(&ordinal) {
            return gpu.check_not_lost().map(|()| gpu.clone());
        }
        let gpu = Arc::new(Gpu::start(ordinal)?);
        opened.insert(ordinal, gpu.clone());
        Ok(gpu)
    }

    /// The numbers of all devices that the driver sees, at least one.
    ///
    /// # Errors
    /// As [`Gpu::open`] of the first.
    pub fn every() -> Result<Vec<usize>> {
        let first = Gpu::open(0)?;
        let count = CudaContext::device_count().map_err(|error| first.explain(error))?;
        Ok((0..usize::try_from(count).unwrap_or(0)).collect())
    }

    /// A library that is no driver may lack functions that cudarc looks for; cudarc then panics.
    fn start(ordinal: usize) -> Result<Gpu> {
        if let Some(reason) = ABSENT {
            let device = Device::Cuda(ordinal);
            return Err(Error::Unsupported { device, reason: reason.into() });
        }
        let refuse = |reason: String| Err(Error::Unavailable { device: ordinal, reason });
        if !driver::is_present() {
            return refuse(
                "no NVIDIA driver was found (libcuda.so.1): install one, or use the CPU".into(),
            );
        }
        match guarded(|| Gpu::load(ordinal)) {
            Some(Ok(gpu)) => Ok(gpu),
            Some(Err(error)) => refuse(explain_start(ordinal, error)),
            None => refuse(
                "the library found as NVIDIA's driver (libcuda.so.1) is not one: it lacks functions a driver has. It may be a \
                 toolkit's stub; take its folder off LD_LIBRARY_PATH, or use the CPU"
                    .into(),
            ),
        }
    }

    fn load(ordinal: usize) -> std::result::Result<Gpu, DriverError> {
        driver::start()?;
        let count = usize::try_from(CudaContext::device_count()?).unwrap_or(0);
        if ordinal >= count {
            return Err(DriverError(CUresult::CUDA_ERROR_INVALID_DEVICE));
        }
        let context = CudaContext::new(ordinal)?;
        driver::prepare(&context)?;
        let limit =
            context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?;
        let processors = context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
        let processors = u32::try_from(processors).unwrap_or(1);
        let limit = u32::try_from(limit).unwrap_or(0);
        let modules =
            Modules::load(&context, images_for(&context)?.filter(|&&(file, _)| !is_probe(file)))?;
        Ok(Gpu {
            kernels: Kernels::load(&modules, processors, limit)?,
            name: context.name()?,
            multiprocessors: processors,
            shared_limit: limit,
            lost: OnceLock::new(),
            context,
        })
    }

    /// The laboratory's kernels, which no selection loads.
    pub fn load_probes(&self) -> std::result::Result<Modules, DriverError> {
        let images = images_for(&self.context)?;
        Modules::load(&self.context, images.filter(|&&(file, _)| is_probe(file)))
    }

    pub fn kernels(&self) -> &Kernels {
        &self.kernels
    }

    pub fn context(&self) -> &Arc<CudaContext> {
        &self.context
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn multiprocessors(&self) -> u32 {
        self.multiprocessors
    }

    /// Bytes of shared memory a block may ask for.
    pub fn shared_limit(&self) -> u32 {
        self.shared_limit
    }

    /// A stream of our own, beside the caller's.
    pub fn stream(&self) -> Result<Arc<CudaStream>> {
        self.context.new_stream().map_err(|error| self.explain(error))
    }

    /// A device that was lost answers nothing else in this process.
    fn check_not_lost(&self) -> Result<()> {
        let Some(name) = self.lost.get() else { return Ok(()) };
        let reason = format!(
            "the device was lost while it worked ({name}), and nothing more can be done with it in this process: start again, or use the CPU"
        );
        Err(Error::Unavailable { device: self.context.ordinal(), reason })
    }

    /// Turns a driver's error during a selection into an error that says what it means.
    pub fn explain(&self, error: DriverError) -> Error {
        if error.0 == CUresult::CUDA_ERROR_OUT_OF_MEMORY {
            return self.out_of_memory();
        }
        let name = name_of(error);
        let reason = if is_fatal(error.0) {
            let _ = self.lost.set(name.clone());
            format!("the device was lost while it worked ({name})")
        } else {
            format!("the driver refused to go on ({name})")
        };
        let (device, during) = (self.context.ordinal(), launched::last());
        Error::Lost { device, during, reason, selection: None }
    }

    /// The error for memory that was not granted.
    pub fn out_of_memory(&self) -> Error {
        let reason = "out of memory, on the device or pinned for it on the host: free some, select from a smaller pool, or use the CPU";
        Error::CudaMemory { device: self.context.ordinal(), reason: reason.into() }
    }

    /// The error for a device with less memory than a selection needs at once.
    pub fn too_small(&self, needed: u64, free: u64) -> Error {
        let reason = format!(
            "this selection needs {} MB of device memory and {} MB are free: free some, choose a smaller budget or pool, or use the CPU",
            needed.div_ceil(1 << 20),
            free >> 20
        );
        Error::CudaMemory { device: self.context.ordinal(), reason }
    }
}

/// The compiled files that run on a device: those named after 90a have its instructions, and no other GPU has them.
fn images_for(
    context: &CudaContext,
) -> std::result::Result<impl Iterator<Item = &'static Image>, DriverError> {
    let is_wgmma = context.compute_capability()? == WGMMA_CAPABILITY;
    Ok(IMAGES.iter().filter(move |(file, _)| is_wgmma || !file.ends_with("_90a")))
}

fn is_probe(file: &str) -> bool {
    file.starts_with("probe")
}
