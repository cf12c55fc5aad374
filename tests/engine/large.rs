//! Numbers past what narrower types hold: rows past 2^24, where f32 loses count, and values past 2^32.

use farpoint::{Options, Pool, Selection, select};

/// `rows` of `d` bytes, all zero but for the last two, and three picks of them.
fn last_two_stand_out(rows: usize, d: usize) -> Selection {
    let mut values = vec![0u8; rows * d];
    values[(rows - 2) * d] = 100;
    values[(rows - 1) * d] = 200;
    let pool = Pool::new(&values, d).unwrap();
    select(&pool, 4, &Options { assign: true, ..Options::default() }).unwrap()
}

fn check(rows: usize, found: &Selection) {
    assert_eq!(found.centers, [0, rows - 1, rows - 2, 1]);
    assert_eq!(found.radii, [200.0, 100.0, 0.0, 0.0]);
    let assignment = found.assignment.as_ref().unwrap();
    assert_eq!(assignment[..4], [0, 3, 0, 0]);
    assert_eq!(assignment[rows - 3..], [0, 2, 1]);
    assert!(found.min_distances.as_ref().unwrap().iter().all(|&distance| distance == 0.0));
}

#[test]
fn more_rows_than_f32_counts() {
    let rows = (1 << 24) + 5;
    check(rows, &last_two_stand_out(rows, 1));
}

#[test]
#[ignore = "needs 6 GB of memory"]
fn more_values_than_32_bits_count() {
    let rows = (1 << 26) + 5;
    check(rows, &last_two_stand_out(rows, 65));
}
