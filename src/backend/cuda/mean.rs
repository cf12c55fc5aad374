//! The row nearest the mean, of a pool that lies on the device.

use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::number;
use crate::backend::cuda::driver::copies::{fetch, fill, send};
use crate::backend::cuda::driver::memory::{Carver, Region};
use crate::backend::cuda::gpu::Gpu;
use crate::backend::cuda::lent::{DevicePool, Stream};
use crate::backend::cuda::roles::roles;
use crate::error::Result;
use crate::ground::Ground;
use crate::limits::{EXCLUDED, MEAN_BLOCK};
use crate::options::Metric;

/// Values that sums of blocks hold at most: 64 MB.
const MOST_SUMS: usize = 8 << 20;

struct Buffers {
    roles: Region<u8>,
    norms: Region<f64>,
    sums: Region<f64>,
    mean: Region<f64>,
    /// The least distance, and the lowest row at it.
    least: Region<u64>,
    nearest: Region<u32>,
}

impl Buffers {
    fn carve(pool: &DevicePool, metric: Metric, c: &mut Carver) -> Buffers {
        let blocks = at_once(pool.d).min(pool.rows.div_ceil(MEAN_BLOCK as usize));
        Buffers {
            roles: c.region("roles", pool.rows),
            norms: c.region("norms", if metric == Metric::Cosine { pool.rows } else { 0 }),
            sums: c.region("sums", blocks * pool.d),
            mean: c.region("mean", pool.d),
            least: c.region("least", 1),
            nearest: c.region("nearest", 1),
        }
    }
}

/// Blocks whose sums are kept together.
fn at_once(d: usize) -> usize {
    (MOST_SUMS / d).max(1)
}

/// The eligible row nearest the mean of the rows that are not excluded. Reads the pool three times, under cosine four. The selection
/// that follows checks the values; of a pool whose values are not finite, any row may be the answer.
pub fn nearest_the_mean(ground: &Ground, pool: &DevicePool, stream: &Stream) -> Result<usize> {
    let metric = ground.rows.metric();
    let laid_out = stream.laid_out(|carver| Buffers::carve(pool, metric, carver));
    let (buffers, _arena) = stream.checked(laid_out)?;
    let search = NearestToMean { pool, stream, buffers: &buffers };
    let counted = search.send_roles(ground)?;
    search.compute_norms()?;
    search.sum(counted)?;
    // No distance is known of values that are not finite: a row out of the pool is found then.
    let any = ground.eligible_rows().next().expect("the budget was checked: a row may be chosen");
    let found = search.nearest()?;
    Ok(if found < pool.rows { found } else { any })
}

struct NearestToMean<'s> {
    pool: &'s DevicePool<'s>,
    stream: &'s Stream,
    buffers: &'s Buffers,
}

impl NearestToMean<'_> {
    fn gpu(&self) -> &Gpu {
        self.stream.gpu()
    }

    fn rows(&self) -> kernel::Rows {
        let norms = self.buffers.norms.pointer_if_any();
        kernel::Rows { values: self.pool.address, norms }
    }

    /// Returns how many rows are not excluded.
    fn send_roles(&self, ground: &Ground) -> Result<usize> {
        let roles = roles(ground, &[]);
        let stream = self.stream.cuda_stream();
        self.stream.checked(send(stream, &roles, self.buffers.roles))?;
        self.stream.synchronize()?; // the roles are dropped here
        Ok(roles.iter().filter(|&&role| role != EXCLUDED).count())
    }

    /// Computes norms, under cosine. The selection repeats the other checks.
    fn compute_norms(&self) -> Result<()> {
        if self.buffers.norms.len() == 0 {
            return Ok(());
        }
        let (stream, b) = (self.stream.cuda_stream(), self.buffers);
        let check = kernel::PrepareCheckArguments {
            values: self.pool.address,
            norms: b.norms.pointer(),
            not_finite: b.nearest.pointer(),
            without_direction: b.nearest.pointer(),
            first: 0,
            count: self.pool.rows as u64,
            d: number(self.pool.d),
        };
        self.stream.checked(self.gpu().kernels().prepare_check(stream, self.pool.dtype, &check))
    }

    fn arguments(&self) -> kernel::MeanArguments {
        let b = self.buffers;
        kernel::MeanArguments {
            rows: self.rows(),
            roles: b.roles.pointer(),
            sums: b.sums.pointer(),
            mean: b.mean.pointer(),
            least: b.least.pointer(),
            nearest: b.nearest.pointer(),
            n: self.pool.rows as u64,
            first_block: 0,
            count: 0.0,
            blocks: 0,
            d: number(self.pool.d),
        }
    }

    fn sum(&self, counted: usize) -> Result<()> {
        let stream = self.stream.cuda_stream();
        self.stream.checked(fill(stream, self.buffers.mean, 0))?;
        let (blocks, at_once) =
            (self.pool.rows.div_ceil(MEAN_BLOCK as usize), at_once(self.pool.d));
        for first in (0..blocks).step_by(at_once) {
            let end = blocks.min(first + at_once);
            let arguments = kernel::MeanArguments {
                first_block: first as u64,
                blocks: number(end - first),
                count: if end == blocks { counted as f64 } else { 0.0 },
                ..self.arguments()
            };
            let kernels = self.gpu().kernels();
            self.stream.checked(kernels.mean_sums(stream, self.pool.dtype, &arguments))?;
        }
        Ok(())
    }

    fn nearest(&self) -> Result<usize> {
        let (stream, b) = (self.stream.cuda_stream(), self.buffers);
        self.stream.checked(fill(stream, b.least, 0xff))?;
        self.stream.checked(fill(stream, b.nearest, 0xff))?;
        let arguments = self.arguments();
        let kernels = self.gpu().kernels();
        self.stream.checked(kernels.mean_nearest(stream, self.pool.dtype, &arguments))?;
        let mut nearest = [0u32];
        self.stream.checked(fetch(stream, b.nearest, &mut nearest))?;
        self.stream.synchronize()?;
        Ok(nearest[0] as usize)
    }
}
