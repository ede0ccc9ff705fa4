//! The rank tree against an ordered set and a map of the standard library.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::rank_tree(data));
