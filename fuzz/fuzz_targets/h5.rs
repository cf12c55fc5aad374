#![no_main]

#[path = "../entry.rs"]
mod entry;
#[path = "../decoders.rs"]
mod decoders;

libfuzzer_sys::fuzz_target!(init: decoders::may_panic(), |bytes: &[u8]| entry::read("h5", bytes));
