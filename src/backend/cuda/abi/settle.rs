//! Rows that only the order left out, brought back before settling: `kernels/settle.cu`.

use cudarc::driver::{CudaStream, DriverError};

use super::Kernels;
use super::types::State;
use crate::backend::cuda::driver::Pointer;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct SettleArguments {
    pub state: State,
    pub roles: Pointer<u8>,
    pub n: u64,
}

impl Kernels {
    /// Bring excluded rows back before settling.
    pub fn settle_start(
        &self,
        stream: &CudaStream,
        a: &SettleArguments,
    ) -> Result<(), DriverError> {
        let n = usize::try_from(a.n).expect("rows are numbered by usize");
        self.settle_start.launch(stream, self.by_row(n), a)
    }
}
