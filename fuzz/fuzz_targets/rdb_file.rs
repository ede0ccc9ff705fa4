//! Whole snapshots: read alike from a stream and by several threads, and written again.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::rdb_file(data));
