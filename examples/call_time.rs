//! How long one call takes on a small pool, where what a call costs whatever it selects is most of it: the median of many, in
//! microseconds.
//!
//!     cargo run --release --example call_time -- [POOL.npy] [BUDGET] [CALLS]

use std::env;
use std::time::Instant;

use farpoint::synth::{Shape, pool};
use farpoint::{Device, Options, Pool, select};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (budget, calls): (usize, usize) = (number(1, 10)?, number(2, 2000)?);
    let values = pool(Shape::Gaussian, 1000, 64, 1);
    let pool = match arguments.first() {
        Some(path) => Pool::open(path)?,
        None => Pool::new(&values, 64)?,
    };
    let options = Options { device: Device::Cpu, ..Options::default() };
    let mut seconds = Vec::with_capacity(calls);
    for _ in 0..calls {
        let started = Instant::now();
        select(&pool, budget, &options)?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    println!("{:.1}", seconds[calls / 2] * 1e6);
    Ok(())
}
