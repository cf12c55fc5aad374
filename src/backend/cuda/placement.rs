//! How a device comes by the pool's rows, and how many it can number.

use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::error::{Error, Result};
use crate::ground::Ground;
use crate::options::{Device, Metric};
use crate::pool::Dtype;
use crate::rows::{Gather, Rows};

/// How a device comes by the pool's rows.
#[derive(Clone, Copy)]
pub(crate) enum Placement<'p> {
    /// The host's rows are copied to it if they fit, else staged.
    Copied(&'p Rows<'p>),
    /// The host's rows stay there, and the ones that a round needs travel.
    Staged(&'p Rows<'p>),
    /// They lie on the device already.
    Lent(&'p DevicePool<'p>),
}

impl<'p> Placement<'p> {
    /// The rows, where the host has them.
    pub fn on_host(self) -> Option<&'p Rows<'p>> {
        match self {
            Placement::Copied(rows) | Placement::Staged(rows) => Some(rows),
            Placement::Lent(_) => None,
        }
    }

    /// The pool, where it lies on the device already.
    pub fn lent(self) -> Option<&'p DevicePool<'p>> {
        match self {
            Placement::Lent(pool) => Some(pool),
            Placement::Copied(_) | Placement::Staged(_) => None,
        }
    }
}

/// Kernels number rows by u32, of which the last stands for none.
pub(crate) fn check_count(rows: usize, stream: &Stream) -> Result<()> {
    if u32::try_from(rows).is_ok_and(|rows| rows < u32::MAX) {
        return Ok(());
    }
    let device = Device::Cuda(stream.gpu().context().ordinal());
    let reason = format!("{rows} rows are more than the 2^32 - 2 that a GPU numbers: use the CPU");
    Err(Error::Unsupported { device, reason })
}

/// Kernels see labeled vectors as they see the pool's rows: of f64 beside a pool of another type they would be rounded. Under cosine
/// they are seen as f32.
pub(crate) fn check_vectors(ground: &Ground, stream: &Stream) -> Result<()> {
    let is_wide = |rows: &Rows| rows.dtype() == Dtype::F64 && rows.metric() == Metric::Euclidean;
    let dtype = ground.rows.dtype();
    if dtype == Dtype::F64 || !ground.outside.as_ref().is_some_and(is_wide) {
        return Ok(());
    }
    Err(too_wide(dtype, stream))
}

/// The error for vectors of f64 beside a pool of `dtype`.
pub(crate) fn too_wide(dtype: Dtype, stream: &Stream) -> Error {
    let device = Device::Cuda(stream.gpu().context().ordinal());
    let dtype = dtype.name();
    let reason = format!(
        "a GPU takes no f64 labeled vectors beside a pool of {dtype}: round them to f32, or use the CPU"
    );
    Error::Unsupported { device, reason }
}
