//! The packed sequence against a vector, and bytes that claim to be one.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::packed(data));
