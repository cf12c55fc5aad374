//! Panics inside the Parquet, Arrow and HDF5 crates are caught and refused; only our own are findings.

/// Replaces libFuzzer's hook, which aborts at every panic.
pub fn may_panic() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let foreign = info.location().is_some_and(|place| place.file().contains("/registry/"));
        if !foreign {
            abort(info);
        }
    }));
}
