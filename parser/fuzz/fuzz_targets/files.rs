//! Any bytes through `parser::exercise::files`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parser::exercise::files(bytes));
