//! Searches that end: the oracle's answer, or one known otherwise.

use farpoint::synth::{self, Shape};
use farpoint::{First, Options, Pool};

use crate::asked::Asked;
use crate::pools::{SMALL, each_medium, small};

#[test]
fn every_small_question_has_the_oracles_answer() {
    for seed in 0..SMALL {
        small(seed, |asked| _ = asked.agrees());
    }
}

/// With so few centers every choice can be tried on larger pools too.
#[test]
fn few_centers_of_many_rows() {
    each_medium(|name, pool, told| {
        for (budget, outliers) in [(1, 0), (1, 7), (2, 0), (2, 3)] {
            let name = format!("{name}, {budget} and {outliers} out");
            Asked { options: told.clone(), ..Asked::new(name, pool, budget, outliers) }.agrees();
        }
    });
}

/// Where the paper's own search starts from an invalid lower bound, 50, and does not end.
#[test]
fn the_papers_counter_example() {
    let pool = Pool::new(&[0.0f32, 0.1, 100.0, -100.0], 1).unwrap();
    let mut asked = Asked::new("line", &pool, 1, 1);
    asked.options.labeled = vec![0];
    let answer = asked.agrees();
    assert_eq!(answer.upper, f64::from(0.1f32));
    assert!(answer.outliers == [2] || answer.outliers == [3], "{answer:?}");
}

#[test]
fn where_nothing_need_be_far() {
    let pool = Pool::new(&[0.0f32, 0.0, 5.0, 5.0, 9.0, 7.0], 1).unwrap();
    for (budget, outliers, radius) in
        [(6, 0, 0.0), (5, 1, 0.0), (1, 5, 0.0), (4, 0, 0.0), (3, 1, 0.0), (3, 0, 2.0), (2, 1, 2.0)]
    {
        let answer = Asked::new("six", &pool, budget, outliers).agrees();
        assert_eq!(answer.upper, radius, "{budget} and {outliers} out");
    }
    let same = Pool::new(&[0.7f32; 40], 2).unwrap();
    assert_eq!(Asked::new("all duplicates", &same, 1, 0).agrees().upper, 0.0);
    let one = Pool::new(&[0.7f32; 2], 2).unwrap();
    assert_eq!(Asked::new("one row", &one, 1, 0).agrees().centers, [0]);
}

/// Labeled rows may cover all there is; the budget is spent all the same.
#[test]
fn where_nothing_is_left_to_cover() {
    let pool = Pool::new(&[3.0f32, 3.0, 3.0, 4.0], 1).unwrap();
    let mut asked = Asked::new("covered", &pool, 1, 1);
    asked.options.labeled = vec![1];
    assert_eq!(asked.agrees().upper, 0.0);
}

#[test]
fn excluded_rows_are_neither_covered_nor_centers() {
    let pool = Pool::new(&[0.0f32, 4.0, 5.0, 6.0, 1000.0], 1).unwrap();
    let mut asked = Asked::new("excluded", &pool, 1, 0);
    asked.options = Options { excluded: vec![2, 4], assign: true, ..asked.options };
    let answer = asked.agrees();
    assert_eq!((answer.upper, &*answer.centers), (4.0, &[1][..]));
    assert_eq!(answer.min_distances.unwrap(), [4.0, 0.0, 1.0, 2.0, 996.0]);
}

/// The first center says where greedy starts, not what is best.
#[test]
fn the_first_center_changes_no_radius() {
    let values = synth::pool(Shape::Integers, 60, 2, 8);
    let pool = Pool::new(&values, 2).unwrap();
    let mut asked = Asked::new("first", &pool, 8, 2);
    let radius = asked.solved().upper;
    for first in [First::Row(31), First::Mean] {
        asked.options.first = first;
        assert_eq!(asked.solved().upper, radius, "{first:?}");
    }
}

/// A center more, or an outlier more, is never worse; nor is a center instead of an outlier.
#[test]
fn more_is_never_worse() {
    each_medium(|name, pool, told| {
        let n = pool.rows();
        let radius = |budget, outliers| {
            let name = format!("{name}, {budget} and {outliers} out");
            let asked = Asked::new(name, pool, budget, outliers);
            Asked { options: told.clone(), ..asked }.solved().upper
        };
        for budget in [n / 12, n / 6, n / 3] {
            let plain = radius(budget, 0);
            let robust = radius(budget, 1);
            assert!(radius(budget + 1, 0) <= robust && robust <= plain, "{name}, {budget}");
            assert!(radius(budget, 4) <= robust, "{name}, {budget}");
        }
    });
}

/// The best radius knows no order of rows, and copies of rows change it only by the outliers they take.
#[test]
fn order_and_copies_do_not_matter() {
    let values = synth::pool(Shape::Gaussian, 60, 3, 17);
    let rows: Vec<&[f32]> = values.chunks_exact(3).collect();
    let reversed: Vec<f32> = rows.iter().rev().flat_map(|row| row.to_vec()).collect();
    let copied: Vec<f32> = rows.iter().flat_map(|row| [*row, *row].concat()).collect();
    let radius = |values: &[f32], outliers| {
        let pool = Pool::new(values, 3).unwrap();
        Asked::new(format!("{pool:?}"), &pool, 9, outliers).solved().upper
    };
    for outliers in 0..3 {
        assert_eq!(radius(&reversed, outliers), radius(&values, outliers));
        assert_eq!(radius(&copied, 2 * outliers), radius(&values, outliers));
    }
}
