//! Any bytes through `parser::exercise::expansion`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parser::exercise::expansion(bytes));
