//! `test_bignum.rs` of the redis crate.

#![allow(
    warnings,
    macro_expanded_macro_exports_accessed_by_absolute_paths,
    reason = "this is another crate's code"
)]

include!(concat!(env!("OUT_DIR"), "/test_bignum.rs"));
