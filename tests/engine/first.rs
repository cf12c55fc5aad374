//! First centers that are searched for: those of the plain definition, wherever distances are computed.

use farpoint::synth::{Shape, pool};
use farpoint::{Element, First, Metric, Options, Pool, Selection, select};

use crate::common::filter::{self, Filter};
use crate::common::pools;
use crate::select::check;

const SEARCHED: [First; 3] = [First::FarthestFromMean, First::FarthestPair, First::Loneliest];
const FILTERS: [Filter; 4] = [filter::CPU, filter::CPU_F32, filter::CPU_3_SHARDS, filter::CUDA];

/// Pools of ties, duplicates, outliers and values far from 0.
#[test]
fn of_hostile_pools() {
    for (at, named) in pools::hostile(90, 5).iter().enumerate() {
        let pool = Pool::new(&named.values, 5).unwrap();
        let excluded: Vec<usize> = (0..90).filter(|row| row % 4 == 0).collect();
        for first in SEARCHED {
            for excluded in [vec![], excluded.clone()] {
                let options = Options { first, excluded, ..Options::default() };
                check(named.name, &pool, 9, &options, &FILTERS[at % 4].with_frontier(20));
            }
        }
    }
}

#[test]
fn under_cosine_and_with_weights() {
    let values = pool(Shape::Text, 120, 24, 2);
    let pool = Pool::new(&values, 24).unwrap();
    let weights = (0..120).map(|row| [1.0, 0.5, 3.0][row % 3]).collect();
    for filter in FILTERS {
        for first in SEARCHED {
            let cosine = Options { metric: Metric::Cosine, first, ..Options::default() };
            check("cosine", &pool, 12, &cosine, &filter.with_frontier(20));
        }
    }
    let weighted =
        Options { weights: Some(weights), first: First::FarthestPair, ..Options::default() };
    check("weights", &pool, 12, &weighted, &filter::CPU);
}

#[test]
fn of_one_row_and_of_equal_rows() {
    for n in [1, 2, 7] {
        let values = vec![2.5f32; 3 * n];
        for first in SEARCHED {
            let options = Options { first, ..Options::default() };
            check("equal", &Pool::new(&values, 3).unwrap(), n, &options, &filter::CPU);
        }
    }
}

/// Differences that f32 has not decide in f64.
#[test]
fn of_f64() {
    let numbers = (0..40u16).map(|row| row * row % 37);
    of_type(&numbers.clone().map(|number| 1e9 + f64::from(number)).collect::<Vec<f64>>());
    of_type(&numbers.map(f32::from).collect::<Vec<f32>>());
}

fn of_type<T: Element>(values: &[T]) {
    for first in SEARCHED {
        let options = Options { first, ..Options::default() };
        check("numbers", &Pool::new(values, 1).unwrap(), 5, &options, &filter::CPU);
    }
}

/// The farthest two come first, the lower of them before the other.
#[test]
fn the_farthest_pair_are_the_first_picks() {
    let values = [5.0f32, 1.0, 9.0, 0.0, 9.0, 4.0];
    let options = Options { first: First::FarthestPair, ..Options::default() };
    let found = select(&Pool::new(&values, 1).unwrap(), 3, &options).unwrap();
    assert_eq!((&found.centers[..], found.radii[0]), (&[2, 3, 0][..], 9.0));
}

/// With labeled rows there is no first center; from earlier picks it is the first of them.
#[test]
fn labeled_rows_and_earlier_picks() {
    let values = pool(Shape::Gaussian, 300, 4, 1);
    let pool = Pool::new(&values, 4).unwrap();
    let same = |selection: Selection| (selection.centers, selection.radii);
    for first in SEARCHED {
        let labeled = |first| Options { first, labeled: vec![7, 8], ..Options::default() };
        let expected = same(select(&pool, 20, &labeled(First::Lowest)).unwrap());
        assert_eq!(same(select(&pool, 20, &labeled(first)).unwrap()), expected);
        let whole = same(select(&pool, 20, &Options { first, ..Options::default() }).unwrap());
        let resume = whole.0[..5].to_vec();
        let resumed = select(&pool, 20, &Options { first, resume, ..Options::default() }).unwrap();
        assert_eq!(same(resumed), whole);
        let other = (0..300).find(|row| !whole.0.contains(row)).unwrap();
        let resume = Options { first, resume: vec![other], ..Options::default() };
        assert!(select(&pool, 20, &resume).is_err());
    }
}
