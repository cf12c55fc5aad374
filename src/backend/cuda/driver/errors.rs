//! The meaning of the driver's errors.

use cudarc::driver::sys::CUresult;
use cudarc::driver::{CudaContext, DriverError};

use super::context::cuda_version;

/// The oldest driver that runs what the pinned compiler makes.
const DRIVER_NEEDED: &str = "580";

/// Whether a context answers nothing else after this error.
pub fn is_fatal(code: CUresult) -> bool {
    use CUresult as C;
    matches!(
        code,
        C::CUDA_ERROR_ILLEGAL_ADDRESS
            | C::CUDA_ERROR_LAUNCH_FAILED
            | C::CUDA_ERROR_LAUNCH_TIMEOUT
            | C::CUDA_ERROR_ILLEGAL_INSTRUCTION
            | C::CUDA_ERROR_MISALIGNED_ADDRESS
            | C::CUDA_ERROR_HARDWARE_STACK_ERROR
            | C::CUDA_ERROR_ASSERT
            | C::CUDA_ERROR_ECC_UNCORRECTABLE
            | C::CUDA_ERROR_CONTAINED
            | C::CUDA_ERROR_DEVICE_UNAVAILABLE
            | C::CUDA_ERROR_DEINITIALIZED
            | C::CUDA_ERROR_CONTEXT_IS_DESTROYED
            | C::CUDA_ERROR_UNKNOWN
    )
}

/// The meaning of an error with which a device could not be opened.
pub fn explain_start(ordinal: usize, error: DriverError) -> String {
    use CUresult as C;
    match error.0 {
        C::CUDA_ERROR_STUB_LIBRARY => {
            "the library found as NVIDIA's driver is a toolkit's stub: take its folder off LD_LIBRARY_PATH, or use the CPU".into()
        }
        C::CUDA_ERROR_NO_DEVICE => "the driver sees no GPU (CUDA_VISIBLE_DEVICES hides them, or there is none): use the CPU".into(),
        C::CUDA_ERROR_INVALID_DEVICE => {
            let count = CudaContext::device_count().unwrap_or(0);
            format!("there is no GPU number {ordinal}: this machine has {count}, numbered from 0; name one of them, or use the CPU")
        }
        C::CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
        | C::CUDA_ERROR_UNSUPPORTED_PTX_VERSION
        | C::CUDA_ERROR_NO_BINARY_FOR_GPU
        | C::CUDA_ERROR_INVALID_IMAGE
        | C::CUDA_ERROR_INVALID_SOURCE => format!(
            "the driver (for CUDA {}) or the GPU is too old for the kernels of this build: install driver {DRIVER_NEEDED} or later, build with \
             FARPOINT_CUDA_ARCHITECTURES for this GPU, or use the CPU ({})",
            cuda_version(),
            name_of(error)
        ),
        C::CUDA_ERROR_OUT_OF_MEMORY => "no device memory is left to load the kernels: free some, or use the CPU".into(),
        _ => format!(
            "the driver could not start ({}): see its log (dmesg, nvidia-smi), or use the CPU",
            name_of(error)
        ),
    }
}

/// The driver's name for an error, which asks the driver for nothing else.
pub fn name_of(error: DriverError) -> String {
    format!("{:?}", error.0)
}
