//! Pools that break things, by name.

use farpoint::synth::{Shape, pool};

/// A pool's values, `(n, d)`.
pub struct Named {
    pub name: &'static str,
    pub values: Vec<f32>,
}

/// Pools of every kind that has broken a tool like this, `(n, d)` each.
pub fn hostile(n: usize, d: usize) -> Vec<Named> {
    let gaussian = || pool(Shape::Gaussian, n, d, 11);
    let scaled = |scale: f32| gaussian().iter().map(|v| v * scale).collect::<Vec<f32>>();
    let named = |name, values: Vec<f32>| Named { name, values };
    vec![
        named("random", gaussian()),
        named("clustered", pool(Shape::Mixture, n, d, 12)),
        named("text-like", pool(Shape::Text, n, d, 13)),
        named("integers with ties", pool(Shape::Integers, n, d, 14)),
        named(
            "binary",
            pool(Shape::Integers, n, d, 15).iter().map(|v| (*v > 0.0).into()).collect(),
        ),
        named("all duplicates", vec![0.7; n * d]),
        named("nine copies of each", copies(&gaussian(), d, 9)),
        named("offset by 1e4", gaussian().iter().map(|v| v + 1e4).collect()),
        named("tiny", scaled(1e-30)),
        named("subnormal", scaled(1e-39)),
        named("huge", scaled(1e18)),
        named("largest", gaussian().iter().map(|v| v * 6e37).collect()),
        named("one outlier", with_outlier(gaussian(), d)),
        named("magnitudes", magnitudes(gaussian(), d)),
        named("near duplicates", near_duplicates(gaussian(), d)),
    ]
}

/// Pools some of whose rows lie orders beyond the rest, `(n, d)` each.
pub fn beyond(n: usize, d: usize) -> Vec<Named> {
    let scaled = |name, factor: f32, is_scaled: fn(usize) -> bool| {
        let mut values = pool(Shape::Gaussian, n, d, 16);
        let rows = values.chunks_exact_mut(d).enumerate().filter(|(row, _)| is_scaled(*row));
        rows.for_each(|(_, values)| values.iter_mut().for_each(|value| *value *= factor));
        Named { name, values }
    };
    let moved = |name, by: f32, is_moved: fn(usize) -> bool| {
        let mut values = pool(Shape::Gaussian, n, d, 17);
        let rows = values.chunks_exact_mut(d).enumerate().filter(|(row, _)| is_moved(*row));
        rows.for_each(|(_, values)| values.iter_mut().for_each(|value| *value += by));
        Named { name, values }
    };
    vec![
        scaled("one row of 1e18", 1e18, |row| row == 300),
        scaled("one row of 1e22, the first", 1e22, |row| row == 0),
        scaled("one row of 1e37, not sampled", 1e37, |row| row == 301),
        scaled("a twentieth of 1e12", 1e12, |row| row % 20 == 3),
        scaled("a twentieth of 1e37", 1e37, |row| row % 20 == 3),
        scaled("two in five of 1e15", 1e15, |row| row % 5 < 2),
        scaled("two in five of 1e37", 1e37, |row| row % 5 < 2),
        scaled("half of 1e9", 1e9, |row| row % 2 == 0),
        scaled("half of 1e-30", 1e-30, |row| row % 2 == 0),
        moved("an offset of 1e6", 1e6, |_| true),
        moved("two clusters 1e6 apart", 1e6, |row| row % 2 == 0),
    ]
}

/// Pools of whole numbers of one number of few bits, all within 256 of them, `(n, d)` each.
pub fn whole_numbers(n: usize, d: usize) -> Vec<Named> {
    let each = |name, value: fn(f32) -> f32| {
        let values = pool(Shape::Integers, n, d, 18).into_iter().map(value).collect();
        Named { name, values }
    };
    let one_hot: Vec<f32> =
        (0..n * d).map(|at| f32::from(u8::from(at / d % d == at % d))).collect();
    vec![
        each("whole numbers", |value| value),
        each("of 2^-20", |value| value * 2f32.powi(-20)),
        each("of 2^20", |value| value * 2f32.powi(20)),
        each("binary", |value| (value > 0.0).into()),
        each("beside 1000", |value| value * 7.0 + 1000.0),
        each("of 0.75", |value| value * 0.75),
        each("of -5, beside 1000", |value| value * -5.0 + 1000.0),
        Named { name: "codes of 0.3", values: one_hot.iter().map(|v| v * 0.3).collect() },
        Named { name: "one-hot", values: one_hot },
        Named { name: "all equal", values: vec![3.0; n * d] },
    ]
}

/// Values of f64, `(n, d)`.
pub struct NamedF64 {
    pub name: &'static str,
    pub values: Vec<f64>,
}

/// Pools that would be others if their values were rounded to f32, and those whose squares underflow, `(n, d)` each.
pub fn hostile_f64(n: usize, d: usize) -> Vec<NamedF64> {
    let gaussian = || pool(Shape::Gaussian, n, d, 21).into_iter().map(f64::from);
    let integers = || pool(Shape::Integers, n, d, 22).into_iter().map(f64::from);
    let named = |name, values: Vec<f64>| NamedF64 { name, values };
    let each = |scale: fn(f64) -> f64| -> Vec<f64> {
        gaussian().enumerate().map(|(at, v)| v * scale((at / d) as f64)).collect()
    };
    vec![
        named("map coordinates", gaussian().map(|v| 5e6 + v / 8.0).collect()),
        named("a millionth apart near 1e9", gaussian().map(|v| 1e9 + v * 1e-6).collect()),
        named("whole numbers beyond 2^24", integers().map(|v| (1u64 << 40) as f64 + v).collect()),
        named(
            "a unit in the last place apart",
            integers().map(|v| 1.0 + v * f64::EPSILON).collect(),
        ),
        named("f32's largest", gaussian().map(|v| (v * 1e38).clamp(-LARGEST, LARGEST)).collect()),
        named("squares that underflow", gaussian().map(|v| v * 1e-170).collect()),
        named("squares that almost underflow", each(|row| 10f64.powf(-150.0 - row % 15.0))),
        named("subnormal", integers().map(|v| v * 5e-324).collect()),
        named("below every scale", gaussian().map(|v| v * 1e-100).collect()),
        named("beside tiny ones", each(|row| 1e-150f64.powf(row % 3.0))),
        named("magnitudes", each(|row| 10f64.powf(row % 70.0 - 35.0))),
        named(
            "zeros of both signs",
            integers().map(|v| if v > 0.0 { 0.0 } else { -0.0 }).collect(),
        ),
    ]
}

const LARGEST: f64 = f32::MAX as f64;

/// Row `i` becomes row `i / times`.
fn copies(values: &[f32], d: usize, times: usize) -> Vec<f32> {
    (0..values.len()).map(|at| values[at / d / times * d + at % d]).collect()
}

fn with_outlier(mut values: Vec<f32>, d: usize) -> Vec<f32> {
    let row = values.len() / d / 2;
    values[row * d..(row + 1) * d].iter_mut().for_each(|v| *v *= 1e9);
    values
}

/// Each row at a scale of its own, over 24 decades.
fn magnitudes(mut values: Vec<f32>, d: usize) -> Vec<f32> {
    for (row, values) in values.chunks_exact_mut(d).enumerate() {
        let decade = i32::try_from(row % 25).expect("below 25");
        let scale = 10f32.powi(decade - 12);
        values.iter_mut().for_each(|v| *v *= scale);
    }
    values
}

/// Pairs of rows that differ in the last bit of one value.
fn near_duplicates(mut values: Vec<f32>, d: usize) -> Vec<f32> {
    for pair in values.chunks_exact_mut(2 * d) {
        let (a, b) = pair.split_at_mut(d);
        b.copy_from_slice(a);
        b[0] = b[0].next_up();
    }
    values
}

/// 1,500 numbers whose mean depends on how they are summed: 2^60 in one block of 1,024 and -2^60 in the next cancel only once each has
/// swallowed the numbers beside it. Summed as the contract says the mean is 0, and row 1,200 is the nearest.
pub fn summed_in_blocks() -> Vec<f32> {
    let mut values = vec![1.0f32; 1500];
    (values[0], values[1024]) = (2f32.powi(60), -(2f32.powi(60)));
    (values[1200], values[1201]) = (0.0, 0.3);
    values
}
