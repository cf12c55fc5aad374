//! The oracle of robust k-center: every choice of centers is tried.

use farpoint::{Options, Pool};

use super::{distance, rows};

/// A pool with what is labeled and excluded.
pub struct Oracle {
    /// Rows that may be chosen.
    pub eligible: Vec<usize>,
    /// Rows to be covered.
    pub counted: Vec<usize>,
    /// Per row, the distance to its nearest labeled center and that center's name; a labeled row's nearest is itself.
    pub labeled: Vec<(f64, i64)>,
    /// Between rows, `(n, n)`.
    pub distances: Vec<Vec<f64>>,
}

impl Oracle {
    pub fn new(pool: &Pool, options: &Options) -> Oracle {
        let x = rows(pool, options.metric);
        let outside = options.labeled_vectors.map_or(Vec::new(), |v| rows(v, options.metric));
        let centers: Vec<&Vec<f64>> =
            options.labeled.iter().map(|&i| &x[i]).chain(&outside).collect();
        let nearest = |i: usize| match options.labeled.iter().position(|&row| row == i) {
            Some(l) => (0.0, -1 - l as i64),
            None => (0i64..)
                .zip(&centers)
                .map(|(l, c)| (distance(&x[i], c), -1 - l))
                .fold((f64::INFINITY, 0), |a, b| if b.0 < a.0 { b } else { a }),
        };
        let counted: Vec<usize> = (0..x.len()).filter(|i| !options.excluded.contains(i)).collect();
        Oracle {
            eligible: counted.iter().copied().filter(|i| !options.labeled.contains(i)).collect(),
            counted,
            labeled: (0..x.len()).map(nearest).collect(),
            distances: x.iter().map(|a| x.iter().map(|b| distance(a, b)).collect()).collect(),
        }
    }

    /// Per row, the distance to its nearest center and that center's name: the first of equals, a center's own is itself.
    pub fn nearest(&self, centers: &[usize]) -> Vec<(f64, i64)> {
        let nearest = |i: usize| match centers.iter().position(|&row| row == i) {
            Some(p) => (0.0, p as i64),
            None => (0i64..)
                .zip(centers)
                .map(|(p, &row)| (self.distances[i][row], p))
                .fold(self.labeled[i], |a, b| if b.0 < a.0 { b } else { a }),
        };
        (0..self.labeled.len()).map(nearest).collect()
    }

    /// The least radius that leaves at most `outliers` counted rows out.
    pub fn radius(&self, centers: &[usize], outliers: usize) -> f64 {
        let nearest = self.nearest(centers);
        let mut distances: Vec<f64> = self.counted.iter().map(|&i| nearest[i].0).collect();
        distances.sort_by(|a, b| b.total_cmp(a));
        distances.get(outliers).copied().unwrap_or(0.0)
    }

    /// The least such radius of any `budget` rows that may be chosen.
    pub fn optimum(&self, budget: usize, outliers: usize) -> f64 {
        self.least(&self.eligible, budget, outliers, &mut Vec::new())
    }

    /// The least radius of `chosen` and any `more` of `rows`.
    fn least(&self, rows: &[usize], more: usize, outliers: usize, chosen: &mut Vec<usize>) -> f64 {
        if more == 0 {
            return self.radius(chosen, outliers);
        }
        let mut least = f64::INFINITY;
        for (at, &row) in rows.iter().enumerate() {
            chosen.push(row);
            least = least.min(self.least(&rows[at + 1..], more - 1, outliers, chosen));
            chosen.pop();
        }
        least
    }
}
