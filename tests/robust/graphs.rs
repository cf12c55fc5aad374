//! Graphs as pools: what is known of their dominating sets.

use farpoint::Pool;

use crate::asked::Asked;

/// A vertex as the vector of its edges: neighbours are at distance sqrt(2 degree - 2), others at sqrt(2 degree). Centers
/// within the former are a dominating set.
fn regular_graph(vertices: usize, edges: &[(usize, usize)]) -> Vec<f32> {
    let ends = |vertex| edges.iter().map(move |&(a, b)| f32::from(a == vertex || b == vertex));
    (0..vertices).flat_map(ends).collect()
}

fn cycle(n: usize) -> Vec<(usize, usize)> {
    (0..n).map(|a| (a, (a + 1) % n)).collect()
}

fn petersen() -> Vec<(usize, usize)> {
    let inner = (0..5).map(|a| (5 + a, 5 + (a + 2) % 5));
    cycle(5).into_iter().chain((0..5).map(|a| (a, a + 5))).chain(inner).collect()
}

fn cube(dimensions: usize) -> Vec<(usize, usize)> {
    let flips = |a: usize| (0..dimensions).map(move |bit| (a, a ^ (1 << bit)));
    (0..1 << dimensions).flat_map(flips).filter(|(a, b)| a < b).collect()
}

/// Domination numbers that are known. Where the linear relaxation falls short of one, only a search proves it: the cube of five
/// dimensions needs 7 centers, the relaxation says 6.
#[test]
fn domination_numbers() {
    for (name, vertices, degree, edges, number) in [
        ("cycle of 7", 7, 2, cycle(7), 3),
        ("cycle of 30", 30, 2, cycle(30), 10),
        ("cycle of 31", 31, 2, cycle(31), 11),
        ("petersen", 10, 3, petersen(), 3),
        ("cube of 3", 8, 3, cube(3), 2),
        ("cube of 4", 16, 4, cube(4), 4),
        ("cube of 5", 32, 5, cube(5), 7),
    ] {
        let values = regular_graph(vertices, &edges);
        let pool = Pool::new(&values, edges.len()).unwrap();
        for (budget, squared) in [(number, 2 * degree - 2), (number - 1, 2 * degree)] {
            let answer = Asked::new(name, &pool, budget, 0).solved();
            assert_eq!(answer.upper, f64::from(squared).sqrt(), "{name}, {budget}");
        }
    }
}

/// Four balls of six vertices are all there is room for in the cube of five dimensions: 8 of its 32 vertices stay out.
#[test]
fn a_code_in_a_cube_with_outliers() {
    let values = regular_graph(32, &cube(5));
    let pool = Pool::new(&values, 80).unwrap();
    for (outliers, squared) in [(8, 8.0f64), (7, 10.0)] {
        let answer = Asked::new("cube of 5", &pool, 4, outliers).solved();
        assert_eq!((answer.upper, answer.outliers.len()), (squared.sqrt(), (outliers / 8) * 8));
    }
}
