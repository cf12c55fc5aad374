//! A selection to be made, with everything about it checked.

use std::sync::atomic::AtomicBool;

use crate::distance::distance_to_point;
use crate::error::{Error, Result};
use crate::options::{First, Options};
use crate::pool::{Pool, is_set};
use crate::rows::Rows;

/// Rows summed at a time for the mean; part of the contract, so shards begin at its multiples.
pub(crate) const MEAN_BLOCK: usize = 1024;

/// The checked question. Centers are numbered in one list: labeled rows, then outside vectors, then picks.
pub(crate) struct Problem<'a> {
    pub rows: Rows<'a>,
    /// Labeled vectors from outside the pool.
    pub outside: Option<Rows<'a>>,
    pub labeled: &'a [usize],
    /// Picks already made by an earlier run.
    pub resume: &'a [usize],
    pub weights: Option<&'a [f32]>,
    /// Rows that may not be chosen and are not counted.
    pub excluded: Vec<bool>,
    /// Rows that may be chosen: neither labeled nor excluded.
    pub eligible: Vec<bool>,
    /// New centers wanted, those of `resume` included.
    pub budget: usize,
    pub stop_radius: Option<f64>,
    /// Whether every row's nearest center is asked for.
    pub assign: bool,
    first: First,
    seed: u64,
    interrupt: Option<&'a AtomicBool>,
}

impl<'a> Problem<'a> {
    /// # Errors
    /// Everything [`crate::select`] lists.
    pub fn new(pool: &'a Pool<'a>, budget: usize, options: &'a Options<'a>) -> Result<Problem<'a>> {
        Problem::of(Rows::new(pool, options.metric), budget, options)
    }

    /// The same of rows that need not be on the host. Where they are not, `First::Mean` must have been resolved.
    ///
    /// # Errors
    /// As [`Problem::new`].
    pub fn of(rows: Rows<'a>, budget: usize, options: &'a Options<'a>) -> Result<Problem<'a>> {
        let n = rows.len();
        let excluded = mark("excluded", &options.excluded, n)?;
        let labeled = mark("labeled", &options.labeled, n)?;
        let eligible: Vec<bool> = excluded.iter().zip(&labeled).map(|(e, l)| !e && !l).collect();
        check_budget(budget, eligible.iter().filter(|&&eligible| eligible).count())?;
        check_resume(options, budget, &eligible)?;
        check_first(options.first, &eligible)?;
        check_weights(options.weights.as_deref(), n)?;
        check_stop_radius(options.stop_radius)?;
        Ok(Problem {
            outside: outside(rows.dimensions(), options)?,
            rows,
            labeled: &options.labeled,
            resume: &options.resume,
            weights: options.weights.as_deref(),
            excluded,
            eligible,
            budget,
            stop_radius: options.stop_radius,
            assign: options.assign,
            first: options.first,
            seed: options.seed,
            interrupt: options.interrupt,
        })
    }

    /// Keep the pool's norms, for a backend on the CPU; a device sees to its own.
    ///
    /// # Errors
    /// A row of zeros under cosine.
    pub fn keep_norms(mut self) -> Result<Problem<'a>> {
        self.rows.keep_norms("row", self.interrupt)?;
        Ok(self)
    }

    /// Every row of the same pool under the same metric, none of them labeled, excluded or weighted, with room for `budget` centers.
    pub fn of_every_row(&self, budget: usize) -> Problem<'_> {
        let n = self.rows.len();
        Problem {
            rows: self.rows.again(),
            outside: None,
            labeled: &[],
            resume: &[],
            weights: None,
            excluded: vec![false; n],
            eligible: vec![true; n],
            budget,
            ..*self
        }
    }

    /// Whether the run must end. Once it must it always must, and what was being computed may be anything: only picks count.
    pub fn is_interrupted(&self) -> bool {
        is_set(self.interrupt)
    }

    /// Labeled centers, rows and vectors.
    pub fn labeled_count(&self) -> usize {
        self.labeled.len() + self.outside.as_ref().map_or(0, Rows::len)
    }

    /// Labeled center number `center`, `(d,)`.
    pub fn labeled_vector<'s>(&'s self, center: usize, scratch: &'s mut Vec<f32>) -> &'s [f32] {
        match self.labeled.get(center) {
            Some(&row) => self.rows.get(row, scratch),
            None => {
                let outside = self.outside.as_ref().expect("a labeled center is a row or a vector");
                outside.get(center - self.labeled.len(), scratch)
            }
        }
    }

    /// The key of `row` at `distance` from its nearest center: greedy takes the largest.
    pub fn key(&self, row: usize, distance: f64) -> f64 {
        match self.weights {
            None => distance,
            Some(weights) if weights[row] == 0.0 => 0.0,
            Some(weights) => f64::from(weights[row]) * distance,
        }
    }

    /// The first center, where nothing is labeled.
    pub fn first_center(&self) -> usize {
        let mut eligible = (0..self.rows.len()).filter(|&row| self.eligible[row]);
        let row = match (self.first, self.weights) {
            (First::Row(row), _) => Some(row),
            (First::Heaviest, Some(weights)) => {
                eligible.reduce(|best, row| if weights[row] > weights[best] { row } else { best })
            }
            (First::Lowest | First::Heaviest, _) => eligible.next(),
            (First::Mean, _) => self.nearest_the_mean(),
            (First::Random, _) => {
                let count = eligible.clone().count();
                eligible.nth(uniform(self.seed, count))
            }
        };
        row.expect("the budget was checked against the eligible rows, so there is one")
    }

    fn nearest_the_mean(&self) -> Option<usize> {
        let mean = self.mean();
        let mut scratch = Vec::new();
        let mut best: Option<(f64, usize)> = None;
        for row in (0..self.rows.len()).filter(|&row| self.eligible[row]) {
            if self.is_interrupted() && best.is_some() {
                break;
            }
            let distance = distance_to_point(self.rows.get(row, &mut scratch), &mean);
            if best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, row));
            }
        }
        best.map(|(_, row)| row)
    }

    /// Mean of the rows not excluded: f64 sums over blocks of consecutive rows, block sums added in block order.
    fn mean(&self) -> Vec<f64> {
        let (n, d) = (self.rows.len(), self.rows.dimensions());
        let mut total = vec![0.0; d];
        let mut scratch = Vec::new();
        for start in (0..n).step_by(MEAN_BLOCK).take_while(|_| !self.is_interrupted()) {
            let mut block = vec![0.0; d];
            for row in (start..n.min(start + MEAN_BLOCK)).filter(|&row| !self.excluded[row]) {
                let values = self.rows.get(row, &mut scratch);
                block.iter_mut().zip(values).for_each(|(sum, &v)| *sum += f64::from(v));
            }
            total.iter_mut().zip(&block).for_each(|(sum, block)| *sum += block);
        }
        let count = self.excluded.iter().filter(|&&excluded| !excluded).count();
        total.iter().map(|sum| sum / count as f64).collect()
    }
}

/// `rows` as flags over the pool.
pub(crate) fn mark(role: &'static str, rows: &[usize], n: usize) -> Result<Vec<bool>> {
    let mut marked = vec![false; n];
    for &row in rows {
        let flag = marked.get_mut(row).ok_or(Error::RowOutOfRange { role, row, rows: n })?;
        if std::mem::replace(flag, true) {
            return Err(Error::Row { role, row, reason: "is given twice" });
        }
    }
    Ok(marked)
}

pub(crate) fn check_budget(budget: usize, available: usize) -> Result<()> {
    if budget == 0 {
        return Err(Error::BudgetZero);
    }
    if budget > available {
        return Err(Error::BudgetTooLarge { budget, available });
    }
    Ok(())
}

fn check_resume(options: &Options, budget: usize, eligible: &[bool]) -> Result<()> {
    mark("resume", &options.resume, eligible.len())?;
    if let Some(&row) = options.resume.iter().find(|&&row| !eligible[row]) {
        return Err(Error::Row { role: "resume", row, reason: "is labeled or excluded" });
    }
    if options.resume.len() > budget {
        let picks = options.resume.len();
        return Err(Error::Options(format!(
            "the {picks} picks to resume from exceed the budget {budget}, which counts them"
        )));
    }
    Ok(())
}

fn check_first(first: First, eligible: &[bool]) -> Result<()> {
    let First::Row(row) = first else { return Ok(()) };
    match eligible.get(row) {
        None => Err(Error::RowOutOfRange { role: "first", row, rows: eligible.len() }),
        Some(false) => Err(Error::Row { role: "first", row, reason: "is labeled or excluded" }),
        Some(true) => Ok(()),
    }
}

fn check_weights(weights: Option<&[f32]>, n: usize) -> Result<()> {
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != n {
        return Err(Error::Weights(format!("{} given for {n} rows", weights.len())));
    }
    match weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        Some(row) => Err(Error::Weights(format!(
            "row {row} has {}; a weight is a finite number of at least 0",
            weights[row]
        ))),
        None => Ok(()),
    }
}

pub(crate) fn check_stop_radius(stop_radius: Option<f64>) -> Result<()> {
    match stop_radius {
        Some(radius) if !(radius.is_finite() && radius >= 0.0) => Err(Error::Options(format!(
            "stop radius {radius} is not a finite number of at least 0"
        ))),
        _ => Ok(()),
    }
}

fn outside<'a>(d: usize, options: &Options<'a>) -> Result<Option<Rows<'a>>> {
    let Some(vectors) = options.labeled_vectors else { return Ok(None) };
    if vectors.dimensions() != d {
        return Err(Error::Dimensions { pool: d, vectors: vectors.dimensions() });
    }
    let mut vectors = Rows::new(vectors, options.metric);
    vectors.keep_norms("labeled vector", options.interrupt)?;
    Ok(Some(vectors))
}

/// A number below `count` from `seed`: SplitMix64, then Lemire's reduction with rejection. Fixed for good.
fn uniform(seed: u64, count: usize) -> usize {
    let count = count as u64;
    let mut state = seed;
    loop {
        let product = u128::from(splitmix64(&mut state)) * u128::from(count);
        if product & u128::from(u64::MAX) >= u128::from(count.wrapping_neg() % count) {
            return usize::try_from(product >> 64).expect("below count, a usize");
        }
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
