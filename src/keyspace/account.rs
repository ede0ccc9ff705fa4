//! The account of bytes in use, which `maxmemory` limits.
//!
//! Each stripe counts its own bytes exactly. To add up the stripes at every write would cost more
//! than the write, and one counter that all writers change would have them wait for each other: so a
//! stripe reports its count to a common one only when it has moved by a *grain*. The grain is such
//! that all stripes together are off by a five-hundredth of the limit at most. Without a limit nothing
//! is reported, and a change costs one comparison.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::Keyspace;
use super::stripe::Stripe;

/// By what part of the limit the account may be off.
const PART: usize = 512;

/// What the stripes have reported.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Account {
    /// The sum of the reports. In between a report and its sum it may wrap below zero.
    sum: AtomicUsize,
    /// By how much a stripe may differ from its report; `usize::MAX` while there is no limit.
    grain: AtomicUsize,
}

impl Account {
    pub(super) fn new(limit: usize, stripes: usize) -> Account {
        Account { sum: AtomicUsize::new(0), grain: AtomicUsize::new(grain(limit, stripes)) }
    }

    /// Bytes in use, off by a five-hundredth of the limit at most.
    #[inline(always)]
    pub(super) fn used(&self) -> usize {
        let sum = self.sum.load(Relaxed);
        if sum.cast_signed() < 0 { 0 } else { sum }
    }

    /// Takes a stripe's count, if it has moved by a grain since it was last taken.
    #[inline(always)]
    pub(super) fn settle(&self, stripe: &Stripe, bytes: usize) {
        stripe.bytes.store(bytes, Relaxed);
        if bytes.abs_diff(stripe.reported.load(Relaxed)) > self.grain.load(Relaxed) {
            self.report(stripe, bytes);
        }
    }

    /// Takes a stripe's count, however little it has moved.
    pub(super) fn report_of(&self, stripe: &Stripe) {
        self.report(stripe, stripe.bytes.load(Relaxed));
    }

    /// Takes a stripe's count. Who reports at the same time as another may leave the older count behind,
    /// but never a sum that is not that of the reports.
    #[inline(never)]
    fn report(&self, stripe: &Stripe, bytes: usize) {
        let before = stripe.reported.swap(bytes, Relaxed);
        self.sum.fetch_add(bytes.wrapping_sub(before), Relaxed);
    }
}

/// What a stripe need not report, that all together keep to their part.
fn grain(limit: usize, stripes: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit / PART / stripes }
}

impl Keyspace {
    /// Sets `maxmemory`, in bytes; 0 is no limit. Takes no lock: it may be called while stripes are held.
    pub(crate) fn set_maxmemory(&self, limit: usize) {
        self.account.grain.store(grain(limit, self.stripes.len()), Relaxed);
        self.settings.maxmemory.store(limit, Relaxed);
        for stripe in &self.stripes {
            self.account.report_of(stripe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The account and the exact count.
    fn both(keyspace: &Keyspace) -> (usize, usize) {
        (keyspace.account.used(), keyspace.used_memory())
    }

    #[test]
    fn the_account_is_never_off_by_more_than_its_part() {
        const LIMIT: usize = 1 << 20;
        let config = Config::new().maxmemory(LIMIT).stripes(16);
        let engine = crate::Engine::open(config).expect("valid");
        let db = engine.db(0).expect("exists");
        for i in 0..5_000_usize {
            let i = i.wrapping_mul(0x9E37_79B9) % 1_000;
            match i % 3 {
                0 => drop(db.del(format!("k{i}"))),
                _ => db.set(format!("k{i}"), vec![b'v'; i % 500]).expect("room"),
            }
            let (used, exact) = both(engine.keyspace());
            assert!(used.abs_diff(exact) <= LIMIT / PART, "{used} for {exact}");
        }
    }

    #[test]
    fn a_limit_set_late_finds_what_is_there() {
        let engine = crate::Engine::open(Config::new()).expect("valid");
        let db = engine.db(0).expect("exists");
        (0..1_000).for_each(|i| db.set(format!("k{i}"), "v").expect("no limit"));
        assert_eq!(both(engine.keyspace()).0, 0, "nobody asked for it");
        engine.keyspace().set_maxmemory(1 << 30);
        let (used, exact) = both(engine.keyspace());
        assert_eq!(used, exact);
        engine.flush_all();
        let (used, exact) = both(engine.keyspace());
        assert!(used.abs_diff(exact) <= (1 << 30) / PART, "{used} for {exact}");
    }
}
