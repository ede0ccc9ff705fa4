//! Integers, doubles, sizes and quoted words.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::numbers(data));
