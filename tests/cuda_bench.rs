//! `farpoint bench --device cuda` and the probes, on the test bed or a GPU.

mod bed;

use farpoint::tuning::{gpu_facts, gpu_rates};

#[test]
fn facts_and_rates_are_there() {
    if !bed::has_cuda() {
        return;
    }
    let facts = gpu_facts(0).unwrap();
    assert!(facts.multiprocessors > 0 && facts.memory_bytes >= facts.free_bytes, "{facts:?}");
    assert_eq!(facts.is_test_bed, bed::load().is_some(), "{facts:?}");
    let rates = serde_json::to_value(gpu_rates(0).unwrap()).unwrap();
    for (name, rate) in rates.as_object().unwrap() {
        // JSON has no infinity and no NaN: a rate of either is null.
        assert!(rate.as_f64().is_some_and(|rate| rate > 0.0), "{name}: {rate}");
    }
    eprintln!("{rates:#}");
}

#[test]
fn a_gpu_that_is_not_there_is_an_error() {
    if bed::has_cuda() {
        assert!(gpu_facts(99).unwrap_err().to_string().contains("no GPU number 99"));
        assert!(gpu_rates(99).is_err());
    }
}
