//! Any bytes through `checkers::exercise::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkers::exercise::http(bytes));
