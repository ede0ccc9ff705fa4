//! The bytes of a HyperLogLog, from whoever sends them.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::hyperloglog(data));
