//! Any bytes through `parser::exercise::lexer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parser::exercise::lexer(bytes));
