#![no_main]

#[path = "../decoders.rs"]
mod decoders;
#[path = "../entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(init: decoders::may_panic(), |bytes: &[u8]| entry::read("arrow", bytes));
