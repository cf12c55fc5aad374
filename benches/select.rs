//! Selections of the sizes a change is likely to slow down. `farpoint bench` is the comparison with the plain loop.

use criterion::{Criterion, criterion_group, criterion_main};
use farpoint::synth::{Shape, pool};
use farpoint::{Device, Options, Pool, select};

fn selections(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("select");
    group.sample_size(10);
    for (name, shape, n, d, budget) in [
        ("small pool, 5 of 100 x 16", Shape::Gaussian, 100, 16, 5),
        ("training step, 256 of 4096 x 768", Shape::Text, 4096, 768, 256),
        ("text-like, 500 of 10000 x 384", Shape::Text, 10_000, 384, 500),
        ("low dimension, 1000 of 50000 x 3", Shape::Gaussian, 50_000, 3, 1000),
    ] {
        let values = pool(shape, n, d, 1);
        let pool = Pool::new(&values, d).expect("synthetic values are finite");
        let options = Options { device: Device::Cpu, ..Options::default() };
        group.bench_function(name, |bencher| bencher.iter(|| select(&pool, budget, &options)));
    }
    group.finish();
}

fn distances(criterion: &mut Criterion) {
    let values = pool(Shape::Gaussian, 2, 768, 1);
    let (x, c) = values.split_at(768);
    criterion.bench_function("canonical distance, 768", |bencher| {
        bencher.iter(|| farpoint::distance(x, c))
    });
}

criterion_group!(benches, selections, distances);
criterion_main!(benches);
