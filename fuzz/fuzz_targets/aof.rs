//! Append-only files: what is recovered of whole, torn and damaged ones.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::aof(data));
