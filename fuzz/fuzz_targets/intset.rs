//! The set of integers against a set of the standard library.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::intset(data));
