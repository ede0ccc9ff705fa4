//! RESP requests.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::resp(data));
