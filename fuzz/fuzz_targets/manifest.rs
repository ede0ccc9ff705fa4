//! Manifests of append-only files: refused, or read back as they are written.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| danio::fuzzing::manifest(data));
