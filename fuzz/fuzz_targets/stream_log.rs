//! A stream's log against an ordered map.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::stream_log(data));
