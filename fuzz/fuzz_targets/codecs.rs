//! Stored values and keys from anybody: refused or read, and what is read is written and read again.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::codecs(data));
