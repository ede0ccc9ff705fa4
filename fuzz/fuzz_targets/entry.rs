//! A key's entry against plain vectors.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::entry(data));
