//! Payloads and whole snapshots: whatever the bytes, a sound value or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::rdb(data));
