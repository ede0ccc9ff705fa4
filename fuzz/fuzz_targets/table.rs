//! The hash table against a map of the standard library.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::table(data));
