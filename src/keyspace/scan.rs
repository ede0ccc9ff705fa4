//! Looking over all keys of a database: SCAN, KEYS, DBSIZE, RANDOMKEY.
//!
//! These lock one stripe at a time, unless the transaction holds all.

use super::Key;
use super::entry::Entry;
use super::tx::Tx;
use crate::error::Result;
use crate::rng::Rng;

/// How many keys a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Size {
    /// All keys, those past their time but not yet reclaimed included.
    pub(crate) keys: usize,
    /// Those that have an expiry.
    pub(crate) volatile: usize,
    /// Hashes with fields that expire.
    pub(crate) timed: usize,
    /// Bytes of the tables that find them.
    pub(crate) tables: usize,
    /// The tables' slots.
    pub(crate) slots: usize,
}

impl Tx<'_> {
    /// Shows at least `count` keys, if there are, from `cursor` on; returns the cursor to go on from,
    /// 0 at the end (`SCAN`). A key that is there from start to end is shown at least once.
    ///
    /// The cursor's low bits are the stripe, the others the cursor of its table. Any number is
    /// safe as a cursor. Looks at no more than ten buckets for each key asked for.
    ///
    /// Shows the keys that `wants` says yes to. Those of them whose time is over are reclaimed, unless the
    /// scope holds stripes.
    pub(crate) fn scan(
        &self,
        cursor: u64,
        count: usize,
        wants: impl Fn(&Entry) -> bool,
        mut visit: impl FnMut(&Entry),
    ) -> Result<u64> {
        let mut past: Vec<Box<[u8]>> = Vec::new();
        let next = self.walk(cursor, count, |entry, is_past| match (wants(entry), is_past) {
            (true, false) => visit(entry),
            (true, true) => past.push(entry.key().into()),
            (false, _) => {}
        })?;
        if !past.is_empty() && self.holds_none() {
            let keys: Vec<Key<'_>> = past.iter().map(|key| self.key(key)).collect();
            self.keyspace.reclaim_met(self.db(), &keys)?;
        }
        Ok(next)
    }

    /// Goes on through the tables from a cursor; shows each entry, and whether its time is over.
    fn walk(&self, cursor: u64, count: usize, mut visit: impl FnMut(&Entry, bool)) -> Result<u64> {
        let bits = self.keyspace.stripes.len().trailing_zeros();
        let (mut stripe, mut inner) =
            (cursor as usize & (self.keyspace.stripes.len() - 1), cursor >> bits);
        let (mut shown, mut looked) = (0, 0);
        let limit = count.saturating_mul(10);
        loop {
            inner = self.with_stripe(stripe, |data| {
                let Some(space) = data.space(self.db()) else { return 0 };
                loop {
                    inner = space.table.scan(inner, |entry| {
                        let is_past = self.time.is_past(entry);
                        shown += usize::from(!is_past);
                        visit(entry, is_past);
                    });
                    looked += 1;
                    if inner == 0 || shown >= count || looked >= limit {
                        return inner;
                    }
                }
            })?;
            if inner == 0 {
                stripe += 1;
                if stripe == self.keyspace.stripes.len() {
                    return Ok(0);
                }
            }
            if shown >= count || looked >= limit {
                return Ok(inner << bits | stripe as u64);
            }
        }
    }

    /// Shows every live key.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Entry)) -> Result<()> {
        for stripe in 0..self.keyspace.stripes.len() {
            self.with_stripe(stripe, |data| {
                if let Some(space) = data.space(self.db()) {
                    space.table.for_each(|entry| {
                        if !self.time.is_past(entry) {
                            visit(entry);
                        }
                    });
                }
            })?;
        }
        Ok(())
    }

    /// How many keys the database has. O(stripes).
    pub(crate) fn size(&self) -> Result<Size> {
        let mut size = Size::default();
        for stripe in 0..self.keyspace.stripes.len() {
            self.with_stripe(stripe, |data| {
                if let Some(space) = data.space(self.db()) {
                    size.keys += space.table.len();
                    size.volatile += space.volatile;
                    size.timed += space.timed;
                    size.tables += space.table.heap_size();
                    size.slots += space.table.slots();
                }
            })?;
        }
        Ok(size)
    }

    /// Shows one live key, each as likely as any other; `None` if there is none (`RANDOMKEY`).
    /// O(stripes).
    pub(crate) fn random<R>(&self, show: impl Fn(&Entry) -> R) -> Result<Option<R>> {
        self.random_by(&self.keyspace.rng, show)
    }

    /// As [`random`](Tx::random), by a generator of the caller's.
    pub(crate) fn random_by<R>(&self, rng: &Rng, show: impl Fn(&Entry) -> R) -> Result<Option<R>> {
        const TRIES: usize = 100;
        for _ in 0..TRIES {
            let keys = self.size()?.keys;
            if keys == 0 {
                return Ok(None);
            }
            let mut place = rng.below(keys);
            for stripe in 0..self.keyspace.stripes.len() {
                let found = self.with_stripe(stripe, |data| {
                    let table = &data.space(self.db())?.table;
                    if place >= table.len() {
                        place -= table.len();
                        return None;
                    }
                    Some(
                        table.sample(|n| rng.below(n)).filter(|e| !self.time.is_past(e)).map(&show),
                    )
                })?;
                match found {
                    Some(Some(result)) => return Ok(Some(result)),
                    Some(None) => break,
                    None => {}
                }
            }
        }
        // Nearly all keys are past their time: take any that is not.
        let mut any = None;
        self.for_each(|entry| {
            any.get_or_insert_with(|| show(entry));
        })?;
        Ok(any)
    }
}
