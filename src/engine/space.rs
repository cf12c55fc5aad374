//! Naive, for now.
use super::Tuning;
use crate::backend::{Neighbour, Space};
use crate::distance::distance;
use crate::error::Result;
use crate::options::Options;
use crate::pool::Pool;
use crate::problem::Problem;
use crate::threads::on_engine_threads;

pub fn with_space<T: Send>(
    pool: &Pool,
    options: &Options,
    _: &Tuning,
    work: impl FnOnce(&Problem, &mut dyn Space) -> Result<T> + Send,
) -> Result<T> {
    on_engine_threads(options.threads, || {
        let problem = Problem::new(pool, 1, options)?.keep_norms()?;
        work(&problem, &mut Naive(&problem))
    })?
}
struct Naive<'a>(&'a Problem<'a>);
impl Space for Naive<'_> {
    fn labeled_distances(&mut self) -> Result<(Vec<f64>, Vec<u32>)> {
        let mut out = (vec![f64::INFINITY; self.0.rows.len()], vec![u32::MAX; self.0.rows.len()]);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for l in 0..self.0.labeled_count() {
            let c = self.0.labeled_vector(l, &mut b);
            for i in 0..self.0.rows.len() {
                let t = distance(self.0.rows.get(i, &mut a), c);
                if t < out.0[i] {
                    out.0[i] = t;
                    out.1[i] = l as u32;
                }
            }
        }
        Ok(out)
    }
    fn min_distances(&mut self, centers: &[usize]) -> Result<(Vec<f64>, Vec<u32>)> {
        let mut out = (vec![f64::INFINITY; self.0.rows.len()], vec![u32::MAX; self.0.rows.len()]);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for (l, &row) in centers.iter().enumerate() {
            let c = self.0.rows.get(row, &mut b);
            for i in 0..self.0.rows.len() {
                let t = distance(self.0.rows.get(i, &mut a), c);
                if t < out.0[i] {
                    out.0[i] = t;
                    out.1[i] = l as u32;
                }
            }
        }
        for (l, &row) in centers.iter().enumerate() {
            out.1[row] = l as u32;
        }
        Ok(out)
    }
    fn within(
        &mut self,
        rows: &[usize],
        reach: f64,
        most: usize,
    ) -> Result<Option<Vec<Neighbour>>> {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let mut out = Vec::new();
        for (slot, &row) in rows.iter().enumerate() {
            let from = out.len();
            let x = self.0.rows.get(row, &mut a);
            for j in (0..self.0.rows.len()).filter(|&j| self.0.eligible[j]) {
                let t = distance(x, self.0.rows.get(j, &mut b));
                if t <= reach {
                    out.push(Neighbour { slot: slot as u32, row: j as u32, distance: t });
                }
            }
            out[from..].sort_by(|x: &Neighbour, y| {
                x.distance.total_cmp(&y.distance).then(x.row.cmp(&y.row))
            });
            if out.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(out))
    }
}
