//! The oracle itself, against what a hand can work out.

use farpoint::{Metric, Options, Pool};

use crate::oracle::Oracle;

#[test]
fn the_oracle_knows_what_a_hand_can_work_out() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 10.0, 11.0, 30.0], 1).unwrap();
    let alone = Oracle::new(&pool, &Options::default());
    let optima: Vec<f64> = (1..=6).map(|budget| alone.optimum(budget, 0)).collect();
    assert_eq!(optima, [19.0, 9.0, 1.0, 1.0, 1.0, 0.0]);
    let optima: Vec<f64> = (0..4).map(|outliers| alone.optimum(1, outliers)).collect();
    assert_eq!(optima, [19.0, 9.0, 8.0, 1.0]);
    assert_eq!(alone.optimum(2, 4), 0.0);
    assert_eq!(
        alone.nearest(&[1, 4]),
        [(1.0, 0), (0.0, 0), (1.0, 0), (1.0, 1), (0.0, 1), (19.0, 1)]
    );
    assert_eq!((alone.radius(&[1, 4], 0), alone.radius(&[1, 4], 1)), (19.0, 1.0));
}

#[test]
fn the_oracle_knows_labeled_and_excluded_rows() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 10.0, 11.0, 30.0], 1).unwrap();
    let vectors = Pool::new(&[29.0f32, 31.0], 1).unwrap();
    let labeled_vectors = Some(&vectors);
    let options =
        Options { labeled: vec![4], labeled_vectors, excluded: vec![0], ..Options::default() };
    let oracle = Oracle::new(&pool, &options);
    assert_eq!((&*oracle.eligible, &*oracle.counted), (&[1, 2, 3, 5][..], &[1, 2, 3, 4, 5][..]));
    assert_eq!(oracle.labeled[4..], [(0.0, -1), (1.0, -2)]);
    assert_eq!((oracle.optimum(1, 0), oracle.optimum(2, 0), oracle.optimum(1, 3)), (1.0, 1.0, 0.0));
    assert_eq!(oracle.optimum(4, 0), 0.0);
}

#[test]
fn the_oracle_sees_chords_under_cosine() {
    let pool = Pool::new(&[1.0f32, 0.0, 5.0, 0.0, 0.0, 2.0, -3.0, 0.0], 2).unwrap();
    let oracle = Oracle::new(&pool, &Options { metric: Metric::Cosine, ..Options::default() });
    assert_eq!((oracle.optimum(1, 0), oracle.optimum(2, 1)), (2.0f64.sqrt(), 0.0));
}
