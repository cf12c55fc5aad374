//! What a selection is given beside its pool: labeled, excluded and weighted rows, and what of that a part of the pool is given.

use crate::error::{Error, Result};
use crate::ground::mark;
use crate::options::Options;
use crate::pool::{Pool, Sample};

/// Bytes that a labeled row takes: its number, in two lists, and its place among the centers.
const LABELED_BYTES: u64 = 32;
/// Bytes that an excluded row takes, in two lists.
const EXCLUDED_BYTES: u64 = 16;
/// Bytes that a weight takes.
const WEIGHT_BYTES: u64 = 4;
/// Bytes that a labeled vector takes beside its values: its place, and its norm.
const VECTOR_BYTES: u64 = 32;

/// What is labeled, excluded and weighted.
pub(super) struct Given<'a> {
    /// Rows of the pool.
    n: usize,
    options: &'a Options<'a>,
    /// Rows that are excluded, and not labeled as well.
    excluded: usize,
    /// Some of the labeled vectors.
    vectors: Option<Sample>,
}

/// What a part of the pool is given.
pub(super) struct Part {
    pub labeled: Vec<usize>,
    pub excluded: Vec<usize>,
    pub weights: Option<Vec<f32>>,
    pub vectors: Option<Sample>,
    /// Rows that may be chosen.
    pub available: usize,
}

impl<'a> Given<'a> {
    /// Of a pool of `n` rows.
    ///
    /// # Errors
    /// Rows and weights that [`crate::select`] refuses; what has no part in a plan; vectors that cannot be read.
    pub fn new(n: usize, d: usize, options: &'a Options<'a>) -> Result<Given<'a>> {
        check_options(n, d, options)?;
        let is_labeled = mark("labeled", &options.labeled, n)?;
        let is_excluded = mark("excluded", &options.excluded, n)?;
        let excluded =
            is_excluded.iter().zip(&is_labeled).filter(|&(&out, &labeled)| out && !labeled).count();
        let vectors = options.labeled_vectors.map(Sample::of).transpose()?;
        Ok(Given { n, options, excluded, vectors })
    }

    /// Rows that may be chosen.
    pub fn available(&self) -> usize {
        self.n - self.options.labeled.len() - self.excluded
    }

    /// Centers from the start: rows, and vectors from elsewhere.
    pub fn labeled(&self) -> usize {
        self.options.labeled.len() + self.options.labeled_vectors.map_or(0, Pool::rows)
    }

    /// Rows that are neither chosen nor counted.
    pub fn excluded(&self) -> usize {
        self.options.excluded.len()
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> u64 {
        let Options { labeled, excluded, weights, labeled_vectors, .. } = self.options;
        let rows = LABELED_BYTES * labeled.len() as u64 + EXCLUDED_BYTES * excluded.len() as u64;
        let weights = WEIGHT_BYTES * weights.as_ref().map_or(0, Vec::len) as u64;
        let vectors = |pool: &&Pool| pool.bytes() as u64 + VECTOR_BYTES * pool.rows() as u64;
        rows + weights + labeled_vectors.as_ref().map_or(0, vectors)
    }

    /// Of those, the ones that the caller holds already.
    pub fn held_bytes(&self) -> u64 {
        self.options.labeled_vectors.map_or(0, |pool| (pool.bytes() - pool.disk_bytes()) as u64)
    }

    /// Of all rows what is given; of some of them as much in proportion, on rows that lie evenly.
    pub fn part(&self, rows: &Sample) -> Part {
        let s = rows.rows();
        if s == self.n {
            return self.whole();
        }
        let share = |count: usize| share(count, s, self.n);
        // A row is left to be picked.
        let labeled = share(self.options.labeled.len()).min(s - 1);
        let excluded = share(self.excluded).min(s - 1 - labeled);
        let (labeled, excluded) = spread(s, labeled, excluded);
        let weights = self.options.weights.as_ref();
        let weights = weights.map(|weights| (0..s).map(|row| weights[row * self.n / s]).collect());
        let vectors = self.vectors.as_ref().map(|vectors| {
            let wanted = share(self.options.labeled_vectors.map_or(0, Pool::rows)).max(1);
            vectors.every((vectors.rows() / wanted).max(1))
        });
        let available = s - labeled.len() - excluded.len();
        Part { labeled, excluded, weights, vectors, available }
    }

    fn whole(&self) -> Part {
        Part {
            labeled: self.options.labeled.clone(),
            excluded: self.options.excluded.clone(),
            weights: self.options.weights.clone(),
            vectors: self.vectors.clone(),
            available: self.available(),
        }
    }
}

impl Part {
    /// Centers from the start.
    pub fn centers(&self) -> usize {
        self.labeled.len() + self.vectors.as_ref().map_or(0, Sample::rows)
    }
}

/// Refuses what has no part in a plan, and what does not fit the pool.
fn check_options(n: usize, d: usize, options: &Options) -> Result<()> {
    let no_part = [
        (
            "stop radius: how many picks reach it is not known before they are made",
            options.stop_radius.is_some(),
        ),
        (
            "picks to resume from: give them as labeled rows, and a budget without them",
            !options.resume.is_empty(),
        ),
    ];
    if let Some((what, _)) = no_part.iter().find(|(_, given)| *given) {
        return Err(Error::Options(format!("a plan takes no {what}")));
    }
    if let Some(vectors) = options.labeled_vectors.filter(|vectors| vectors.dimensions() != d) {
        return Err(Error::Dimensions { pool: d, vectors: vectors.dimensions() });
    }
    match options.weights.as_ref().map(Vec::len) {
        Some(weights) if weights != n => {
            Err(Error::Weights(format!("{weights} given for {n} rows")))
        }
        _ => Ok(()),
    }
}

/// As many of `s` rows as `count` are of `n`, at least one of some.
fn share(count: usize, s: usize, n: usize) -> usize {
    let share = (count as u128 * s as u128 + n as u128 / 2) / n as u128;
    usize::try_from(share).expect("at most the count").max(count.min(1))
}

/// So many of `s` rows, labeled and excluded ones, evenly among them and among each other.
fn spread(s: usize, labeled: usize, excluded: usize) -> (Vec<usize>, Vec<usize>) {
    let both = labeled + excluded;
    let row = |at: usize| at * s / both;
    let is_labeled = |at: usize| (at + 1) * labeled / both > at * labeled / both;
    let (labeled, excluded): (Vec<usize>, Vec<usize>) = (0..both).partition(|&at| is_labeled(at));
    let rows = |places: Vec<usize>| places.into_iter().map(row).collect();
    (rows(labeled), rows(excluded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_given_as_much_in_proportion() {
        let values: Vec<f32> = (0..1000).map(|row| row as f32).collect();
        let (pool, vectors) =
            (Pool::new(&values, 1).unwrap(), Pool::new(&values[..90], 1).unwrap());
        let options = Options {
            labeled: (0..200).collect(),
            // One is labeled, too.
            excluded: (199..299).collect(),
            weights: Some((0..1000).map(|row| row as f32).collect()),
            labeled_vectors: Some(&vectors),
            ..Options::default()
        };
        let given = Given::new(1000, 1, &options).unwrap();
        assert_eq!((given.available(), given.labeled(), given.excluded()), (701, 290, 100));
        let sample = Sample::of(&pool).unwrap();
        let whole = given.part(&sample);
        assert_eq!((whole.available, whole.centers()), (701, 290));
        assert_eq!(whole.labeled, options.labeled);
        let part = given.part(&sample.every(10));
        assert_eq!((part.labeled.len(), part.excluded.len(), part.available), (20, 10, 70));
        assert_eq!(part.vectors.as_ref().map(Sample::rows), Some(9));
        let mut rows = [&part.labeled[..], &part.excluded[..]].concat();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!((rows.len(), rows[0]), (30, 0));
        assert!(rows.windows(2).all(|pair| pair[1] - pair[0] <= 4), "{rows:?}");
        assert_eq!(part.weights.unwrap()[7], 70.0);
    }

    #[test]
    fn a_row_is_always_left() {
        let values = vec![0.5f32; 1000];
        let pool = Pool::new(&values, 1).unwrap();
        let options = Options { labeled: (0..999).collect(), ..Options::default() };
        let part =
            Given::new(1000, 1, &options).unwrap().part(&Sample::of(&pool).unwrap().every(2));
        assert_eq!((part.labeled.len(), part.available), (499, 1));
    }

    #[test]
    fn what_has_no_part_in_a_plan_is_refused() {
        let refused = |options: Options| Given::new(9, 1, &options).err().unwrap().to_string();
        let resume = refused(Options { resume: vec![1], ..Options::default() });
        assert!(resume.contains("give them as labeled rows"), "{resume}");
        let stop = refused(Options { stop_radius: Some(1.0), ..Options::default() });
        assert!(stop.starts_with("a plan takes no stop radius"), "{stop}");
        let twice = refused(Options { labeled: vec![1, 1], ..Options::default() });
        assert_eq!(twice, "labeled row 1 is given twice");
        let far = refused(Options { excluded: vec![9], ..Options::default() });
        assert_eq!(far, "excluded row 9 is not in the pool, whose rows are 0 to 8");
        let weights = refused(Options { weights: Some(vec![1.0]), ..Options::default() });
        assert_eq!(weights, "weights: 1 given for 9 rows");
    }
}
