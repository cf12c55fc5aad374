//! The launches before the first round: the pool, the given centers, the packing, and center 0 applied to every row.

use std::ops::Range;
use std::time::Instant;

use super::Cuda;
use super::int8::Filter;
use crate::backend::cuda::abi as kernel;
use crate::backend::cuda::abi::number;
use crate::backend::cuda::driver::Pointer;
use crate::backend::cuda::driver::copies::{fetch, fill, send};
use crate::backend::cuda::feed::Feed;
use crate::backend::cuda::packing::{SAMPLE, packing};
use crate::backend::cuda::roles::roles;
use crate::error::{Error, Result};
use crate::values::{RowBlock, RowScratch};

/// The entries of `farthest` that are of centers: of center 0, and of those that are no rows here. The first is of rows.
const CENTER_0: usize = 1;
pub(super) const ELSEWHERE: usize = 2;
/// Room for the rounding of distances themselves.
pub(super) const ROUNDING: f64 = 1.0 + 1e-6;

impl Cuda<'_> {
    pub(super) fn prepare(&mut self) -> Result<()> {
        let started = Instant::now();
        self.send_roles()?;
        self.checked(fill(self.stream.cuda_stream(), self.buffers().farthest, 0))?;
        self.checked(fill(self.stream.cuda_stream(), self.buffers().answer, 0))?;
        let centers = [number(self.centers)];
        let target = self.buffers().centers_of_round();
        self.checked(send(self.stream.cuda_stream(), &centers, target))?;
        self.clear_select()?;
        if self.is_staged() {
            self.look_at_staged_rows()?
        } else {
            self.look_at_rows()?
        }
        self.measure_reach()?;
        // Of centers given to be settled at once, some may be given twice.
        self.left = self.ground.eligible_count().saturating_sub(self.given.len());
        self.statistics.row_reads += self.extent().n as u64;
        self.statistics.prepare_seconds += started.elapsed().as_secs_f64();
        Ok(())
    }

    /// What each frontier leaves as it found it.
    fn clear_select(&self) -> Result<()> {
        let (stream, b) = (self.stream.cuda_stream(), self.buffers());
        let cleared = fill(stream, b.select, 0)
            .and_then(|()| fill(stream, b.histograms, 0))
            .and_then(|()| fill(stream, b.list_slots, 0));
        self.checked(cleared)
    }

    fn send_roles(&mut self) -> Result<()> {
        let roles = roles(self.ground, &self.given);
        self.checked(send(self.stream.cuda_stream(), &roles, self.buffers().roles))?;
        if let Some(weights) = self.ground.weights {
            self.checked(send(self.stream.cuda_stream(), weights, self.buffers().weights))?;
        }
        Ok(())
    }

    /// Values of centers `first` to `end`, labeled ones and picks given, under the metric.
    fn send_centers(&self, first: usize, end: usize) -> Result<()> {
        let (d, row_bytes) = (self.extent().d, self.extent().d * self.extent().seen_bytes);
        let labeled = self.ground.labeled_count();
        let at_once = (SAMPLE * SAMPLE / d).max(1);
        let mut scratch = RowScratch::new();
        for first in (first..end).step_by(at_once) {
            let end = end.min(first + at_once);
            let mut values = RowBlock::default();
            for center in first..end {
                values.push(match center.checked_sub(labeled) {
                    None => self.ground.labeled_vector(center, &mut scratch),
                    Some(pick) => self.ground.rows.get(self.given[pick], &mut scratch),
                });
            }
            let values = values.seen_in(self.dtype());
            let target = self.buffers().centers.part(first * row_bytes, values.len());
            self.checked(send(self.stream.cuda_stream(), values, target))?;
            // The values are dropped here.
            self.stream.synchronize()?;
        }
        Ok(())
    }

    /// Values of the pool rows `rows` from the pool on the device, as centers from `first` on.
    fn gather_centers(&self, rows: &[usize], mut first: usize) -> Result<()> {
        for rows in rows.chunks(self.extent().capacity) {
            let numbers: Vec<u32> = rows.iter().map(|&row| number(row)).collect();
            let target = self.buffers().rows.part(0, rows.len());
            self.checked(send(self.stream.cuda_stream(), &numbers, target))?;
            let (d, row_bytes) = (self.extent().d, self.extent().d * self.extent().seen_bytes);
            let values = self.buffers().centers.part(first * row_bytes, rows.len() * row_bytes);
            let gather = kernel::GatherRowsArguments {
                rows: self.rows(),
                pool_rows: target.pointer(),
                values: values.pointer(),
                count: number(rows.len()),
                d: number(d),
            };
            let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
            self.checked(kernels.gather_rows(stream, self.dtype(), &gather))?;
            first += rows.len();
        }
        Ok(())
    }

    /// Copy the pool to the device, where that is its place and it is not there yet.
    pub(super) fn send_pool(&mut self) -> Result<()> {
        let target = self.buffers().pool;
        let Some(rows) = self.placement.on_host().filter(|_| target.len() > 0 && !self.is_sent)
        else {
            return Ok(());
        };
        let (gpu, stream) = (self.stream.gpu(), self.stream.cuda_stream());
        Feed::copy_all(gpu, stream, rows.pool(), rows.range(), target)?;
        self.is_sent = true;
        Ok(())
    }

    fn look_at_rows(&mut self) -> Result<()> {
        let n = self.extent().n;
        self.send_pool()?;
        self.clear_bad_rows()?;
        self.check(0, n)?;
        if !self.is_shard() {
            let (rows, labeled) = (self.ground.labeled.len(), self.ground.labeled_count());
            self.gather_centers(self.ground.labeled, 0)?;
            self.send_centers(rows, labeled)?;
            self.gather_centers(&self.given, labeled)?;
        }
        self.apply_first(0, n)?;
        self.mean(n, n.div_ceil(SAMPLE))
    }

    /// As many rows at a time as can be staged.
    fn look_at_staged_rows(&mut self) -> Result<()> {
        let (n, at_once) = (self.extent().n, self.extent().full_rows());
        if !self.is_shard() {
            self.send_centers(0, self.centers)?;
        }
        let sampled = self.mean_of_staged_sample()?;
        if self.is_int8() {
            self.quantizer = Some(self.quantizer_of_sample(sampled)?);
        }
        self.clear_bad_rows()?;
        for first in (0..n).step_by(at_once) {
            let count = at_once.min(n - first);
            self.send_rows(count, |i| first + i)?;
            self.check(first, count)?;
            self.apply_first(first, count)?;
            if let Some(quantizer) = &self.quantizer {
                self.quantize_rows(quantizer, first, count)?;
            }
        }
        Ok(())
    }

    /// The sample's norms overwrite the first rows' places in `norms`, and `bad_rows` then names rows of the sample: both are made anew
    /// with all rows of the pool, after this.
    /// Returns how many rows the sample has.
    fn mean_of_staged_sample(&mut self) -> Result<usize> {
        let (n, most) = (self.extent().n, self.extent().full_rows().min(SAMPLE));
        let step = n.div_ceil(most);
        let count = n.div_ceil(step);
        self.send_rows(count, |i| i * step)?;
        self.check_rows(0, count)?;
        self.mean(count, 1)?;
        Ok(count)
    }

    /// A vector near the middle: the mean of every `step`-th of `count` rows.
    fn mean(&self, count: usize, step: usize) -> Result<()> {
        let mean = kernel::PrepareMeanArguments {
            rows: self.rows(),
            mean: self.buffers().mean.pointer(),
            count: count as u64,
            d: number(self.extent().d),
            step: number(step),
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.prepare_mean(stream, self.dtype(), &mean))
    }

    fn clear_bad_rows(&self) -> Result<()> {
        self.checked(fill(self.stream.cuda_stream(), self.buffers().bad_rows, 0xff))
    }

    /// The host checked the values of its pools when it made them: of those, only norms are missing.
    fn check(&self, first: usize, count: usize) -> Result<()> {
        if self.placement.lent().is_none() && self.buffers().norms.len() == 0 {
            return Ok(());
        }
        self.check_rows(first, count)
    }

    fn check_rows(&self, first: usize, count: usize) -> Result<()> {
        let b = self.buffers();
        let check = kernel::PrepareCheckArguments {
            values: self.rows().values,
            norms: b.norms.pointer_if_any(),
            not_finite: b.bad_rows.part(0, 1).pointer(),
            without_direction: b.bad_rows.part(1, 1).pointer(),
            first: first as u64,
            count: count as u64,
            d: number(self.extent().d),
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.prepare_check(stream, self.dtype(), &check))
    }

    fn apply_first(&self, first: usize, count: usize) -> Result<()> {
        self.apply(first, count, self.buffers().centers.pointer())
    }

    /// Each row's distance to this vector, and the largest of them.
    pub(super) fn apply(&self, first: usize, count: usize, vector: Pointer<u8>) -> Result<()> {
        let b = self.buffers();
        let apply = kernel::PrepareFirstArguments {
            rows: self.rows(),
            state: b.state(),
            roles: b.roles.pointer(),
            center: vector,
            farthest: b.farthest.pointer(),
            first: first as u64,
            count: count as u64,
            d: number(self.extent().d),
        };
        let (kernels, stream) = (self.stream.gpu().kernels(), self.stream.cuda_stream());
        self.checked(kernels.prepare_first(stream, self.dtype(), &apply))
    }

    /// The largest distance of centers `first` to `end` from the mean, into slot `slot` of `farthest`.
    pub(super) fn reach_of_centers(&self, first: usize, end: usize, slot: usize) -> Result<()> {
        let b = self.buffers();
        let reach = kernel::PrepareReachArguments {
            centers: b.centers.pointer(),
            mean: b.mean.pointer(),
            farthest: b.farthest.part(slot, 1).pointer(),
            first: number(first),
            end: number(end),
            d: number(self.extent().d),
        };
        let kernels = self.stream.gpu().kernels();
        self.checked(kernels.prepare_reach(self.stream.cuda_stream(), self.dtype(), &reach))
    }

    /// How far from the mean any row or center lies, which sets the scale.
    fn measure_reach(&mut self) -> Result<()> {
        self.reach_of_centers(0, 1, CENTER_0)?;
        let elsewhere = self.centers_from_elsewhere();
        self.reach_of_centers(elsewhere.start, elsewhere.end, ELSEWHERE)?;
        let (mut found, mut bad_rows) = ([0u64; 3], [0u32; 2]);
        self.checked(fetch(self.stream.cuda_stream(), self.buffers().farthest, &mut found))?;
        self.checked(fetch(self.stream.cuda_stream(), self.buffers().bad_rows, &mut bad_rows))?;
        self.stream.synchronize()?;
        let first_bad = |row: u32| (row != u32::MAX).then_some(row as usize);
        if let Some(row) = first_bad(bad_rows[0]) {
            let pool = self.placement.lent().expect("the host checked the values of its own pool");
            return Err(pool.not_finite(row, self.stream));
        }
        if let Some(row) = first_bad(bad_rows[1]) {
            return Err(Error::ZeroRow { what: "row", row });
        }
        let [farthest, first, vectors] = found.map(f64::from_bits);
        // The triangle inequality, so that the pool need not be read again.
        self.reach = (farthest + first).max(vectors) * ROUNDING;
        self.filter = Some(match self.is_int8() {
            true => self.int8_filter_for(self.reach)?,
            false => Filter::Halves(self.packing_for(self.reach)),
        });
        Ok(())
    }

    /// The centers that are none of the rows here, and so may lie farther out than any of them.
    fn centers_from_elsewhere(&self) -> Range<usize> {
        match self.is_shard() {
            true => 0..self.centers,
            false => self.ground.labeled.len()..self.ground.labeled_count(),
        }
    }

    pub(super) fn packing_for(&self, reach: f64) -> kernel::Packing {
        packing(self.extent().d, reach, self.buffers().mean.pointer(), self.width)
    }
}
