//! `used_memory` against the system's allocator: what was asked for, within 2 %.

#[path = "support/accounting.rs"]
mod accounting;

use std::alloc::System;

use accounting::Counting;

#[global_allocator]
static ALLOCATOR: Counting<System> =
    Counting { allocator: System, weigh: |_, layout| layout.size() };

#[test]
fn every_byte_is_counted() {
    accounting::check_all();
}
