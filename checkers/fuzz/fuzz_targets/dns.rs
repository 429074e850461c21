//! Any bytes through `checkers::exercise::dns`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkers::exercise::dns(bytes));
