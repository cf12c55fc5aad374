//! Questions without an answer.

use farpoint::{Error, Metric, Options, Pool, RobustOptions, robust};

use crate::asked::Asked;

#[track_caller]
fn refused(change: impl FnOnce(&mut Asked), expected: &[&str]) {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1).unwrap();
    let mut asked = Asked::new("refused", &pool, 2, 0);
    change(&mut asked);
    let answer = robust(&pool, asked.budget, &asked.options, &asked.robust);
    let message = answer.expect_err("it was answered").to_string();
    assert!(expected.iter().all(|part| message.contains(part)), "{message}");
    assert!(!message.ends_with('.') && message.lines().count() == 1, "{message}");
}

#[test]
fn what_has_no_answer_is_refused() {
    refused(|asked| asked.budget = 0, &["budget 0"]);
    refused(|asked| asked.budget = 6, &["budget 6", "5 rows"]);
    refused(|asked| asked.options.labeled = vec![5], &["labeled row 5"]);
    refused(|asked| asked.options.excluded = vec![1, 1], &["excluded row 1"]);
    refused(|asked| asked.options.metric = Metric::Cosine, &["row 0 is all zeros"]);
}

#[test]
fn as_many_outliers_as_rows_are_refused() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0, 9.0, 10.0], 1).unwrap();
    let options = Options { labeled: vec![4], excluded: vec![0], ..Options::default() };
    let outliers = |outliers| RobustOptions { outliers, ..RobustOptions::default() };
    assert_eq!(robust(&pool, 1, &options, &outliers(2)).unwrap().upper, 0.0);
    for many in [3, 4, usize::MAX] {
        let error = robust(&pool, 1, &options, &outliers(many)).unwrap_err();
        let Error::OutliersTooMany { outliers, available } = error else { panic!("{error}") };
        assert_eq!((outliers, available), (many, 3));
    }
}

#[test]
fn options_without_a_part_are_refused() {
    refused(|asked| asked.options.weights = Some(vec![1.0; 5]), &["weights"]);
    refused(|asked| asked.options.stop_radius = Some(1.0), &["stop"]);
    refused(|asked| asked.options.resume = vec![3], &["resume"]);
}

#[test]
fn gaps_that_are_none_are_refused() {
    for gap in [-0.1, f64::NAN, f64::NEG_INFINITY] {
        refused(|asked| asked.robust.gap = gap, &["gap"]);
    }
}

/// Distances over a pool are one GPU's.
#[test]
fn several_gpus_are_refused() {
    let pool = Pool::new(&[0.0f32, 1.0, 2.0], 1).unwrap();
    let options =
        Options { device: farpoint::Device::of_gpus(&[0, 1]).unwrap(), ..Options::default() };
    let error = robust(&pool, 1, &options, &RobustOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cuda:0,1: distances over a pool are computed on one GPU: name one, such as cuda:0, or use the CPU"
    );
}
