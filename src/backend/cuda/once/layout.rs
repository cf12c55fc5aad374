//! All device memory of a launch.

use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::{PoolResult, seen_bytes};
use crate::backend::cuda::driver::memory::{Carver, Region};
use crate::limits::OFFER_SETS;
use crate::options::Metric;
use crate::pool::Dtype;

/// The numbers that decide how much memory a launch takes.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Pool p's rows are `offsets[p] .. offsets[p + 1]`.
    pub offsets: Vec<usize>,
    /// Picks of each pool at most.
    pub budgets: Vec<usize>,
    pub d: usize,
    pub dtype: Dtype,
    pub metric: Metric,
    /// Centers applied before the first pick.
    pub given: usize,
    pub has_firsts: bool,
    pub has_roles: bool,
    pub has_weights: bool,
    /// Bytes of a pool copied to the device; 0 if it lies there already.
    pub pool_bytes: usize,
}

impl Layout {
    pub fn pools(&self) -> usize {
        self.budgets.len()
    }

    pub fn rows(&self) -> usize {
        self.offsets[self.pools()]
    }

    pub fn largest(&self) -> usize {
        self.offsets.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
    }

    /// Where each pool's picks begin, and where the last one's end.
    pub fn starts(&self) -> Vec<usize> {
        let sums = self.budgets.iter().scan(0, |sum, budget| {
            *sum += budget;
            Some(*sum)
        });
        std::iter::once(0).chain(sums).collect()
    }
}

/// What is where.
#[derive(Debug, Clone, Copy)]
pub struct Buffers {
    pub pool: Region<u8>,
    pub bounds: Region<f64>,
    pub nearest: Region<u32>,
    pub norms: Region<f64>,
    pub roles: Region<u8>,
    pub weights: Region<f32>,
    pub given_rows: Region<u32>,
    /// `(given, d)`: of centers that are no pool rows.
    pub centers: Region<u8>,
    pub offsets: Region<u64>,
    pub budgets: Region<u32>,
    pub firsts: Region<u32>,
    pub starts: Region<u64>,
    pub offers: Region<kernel::Offer>,
    pub barriers: Region<u32>,
    pub results: Region<PoolResult>,
    pub picks: Region<u32>,
    /// Of each pool, the largest key left before each pick, and after the last.
    pub curve: Region<f64>,
}

impl Buffers {
    pub fn carve(l: &Layout, group: u32, c: &mut Carver) -> Buffers {
        let (n, pools) = (l.rows(), l.pools());
        let picks: usize = l.budgets.iter().sum();
        let if_any = |condition: bool, count: usize| if condition { count } else { 0 };
        Buffers {
            pool: c.region("pool", l.pool_bytes),
            bounds: c.region("bounds", n),
            nearest: c.region("nearest", n),
            norms: c.region("norms", if_any(l.metric == Metric::Cosine, n)),
            roles: c.region("roles", if_any(l.has_roles, n)),
            weights: c.region("weights", if_any(l.has_weights, n)),
            given_rows: c.region("given_rows", l.given),
            centers: c.region("centers", l.given * l.d * seen_bytes(l.dtype)),
            offsets: c.region("offsets", pools + 1),
            budgets: c.region("budgets", pools),
            firsts: c.region("firsts", if_any(l.has_firsts, pools)),
            starts: c.region("starts", pools),
            offers: c.region("offers", (OFFER_SETS * group) as usize * pools),
            barriers: c.region("barriers", pools),
            results: c.region("results", pools),
            picks: c.region("picks", picks),
            curve: c.region("curve", picks + pools),
        }
    }
}
