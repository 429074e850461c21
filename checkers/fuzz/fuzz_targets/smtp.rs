//! Any bytes through `checkers::exercise::smtp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkers::exercise::smtp(bytes));
