//! What each GPU would hold of a pool.

use serde::Serialize;

use super::ways::{GPU_STATE, GPU_WORKSPACE};
use crate::engine::{every_gpu, first_rows};
use crate::error::Result;
use crate::options::Device;
use crate::pool::Outline;

/// A GPU's part of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GpuShare {
    /// The GPU's number.
    pub gpu: usize,
    /// The first of its rows.
    pub first: usize,
    /// How many follow on it, itself included.
    pub rows: usize,
    /// Bytes of the GPU's memory, at most, if its part of the pool lies there.
    pub memory_bytes: u64,
    /// The same if the pool stays in the host's memory.
    pub staged_memory_bytes: u64,
}

/// What each GPU of `device` would hold of this pool; nothing where no GPU is named. A pool of few rows may leave some GPUs without any.
/// GPUs are counted for [`Device::CudaAll`], and asked nothing.
///
/// # Errors
/// As a selection on every GPU, where they are to be counted.
pub fn gpu_shares(outline: &Outline, device: Device) -> Result<Vec<GpuShare>> {
    let gpus: Vec<usize> = match device {
        Device::Auto | Device::Cpu => return Ok(Vec::new()),
        Device::Cuda(gpu) => vec![gpu],
        Device::CudaMany(gpus) => gpus.numbers().collect(),
        Device::CudaAll => return gpu_shares(outline, every_gpu()?),
    };
    let firsts = first_rows(outline.rows, gpus.len());
    let ends = firsts.iter().copied().skip(1).chain([outline.rows]);
    let shares = gpus.into_iter().zip(firsts.iter().copied().zip(ends));
    Ok(shares.map(|(gpu, (first, end))| share(outline, gpu, first, end - first)).collect())
}

fn share(outline: &Outline, gpu: usize, first: usize, rows: usize) -> GpuShare {
    let staged = GPU_STATE * rows as u64 + GPU_WORKSPACE;
    let values = outline.bytes / outline.rows as u64 * rows as u64;
    GpuShare { gpu, first, rows, memory_bytes: values + staged, staged_memory_bytes: staged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Pool;

    #[test]
    fn gpus_share_whole_blocks() {
        let values = vec![1.0f32; 5000 * 3];
        let outline = Outline::of(&Pool::new(&values, 3).unwrap());
        let shares = |device: &str| gpu_shares(&outline, device.parse().unwrap()).unwrap();
        let rows = |device: &str| -> Vec<_> {
            shares(device).iter().map(|share| (share.gpu, share.first, share.rows)).collect()
        };
        assert_eq!(rows("cuda:4,0"), [(0, 0, 2048), (4, 2048, 2952)]);
        assert_eq!(rows("cuda:1"), [(1, 0, 5000)]);
        assert_eq!((rows("cpu"), rows("auto")), (vec![], vec![]));
        assert_eq!(rows("cuda:0,1,2,3,4,5,6,7").len(), 5);
        let one = &shares("cuda:0,4")[0];
        assert_eq!(one.memory_bytes - one.staged_memory_bytes, 2048 * 12);
    }
}
