//! Any bytes through `checkers::exercise::genhash`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkers::exercise::genhash(bytes));
