//! Any bytes through `checkers::exercise::regex`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checkers::exercise::regex(bytes));
