//! The chunked list against a deque.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::list(data));
