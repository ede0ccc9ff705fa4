//! Several keys at once: memory is asked for what later keys need while earlier ones are worked at.
//!
//! A look-up waits for memory twice, for the bucket and for the entry. Fetched twelve keys ahead
//! each, the waits of a batch overlap, and what is left is the work.

use smallvec::SmallVec;

use super::entry::Entry;
use super::stripe::{DueFrom, StripeData};
use super::tx::Tx;
use super::{Key, Keyspace};
use crate::ds::table::Table;
use crate::error::Result;
use crate::sync::RwLockReadGuard;
use crate::value::Big;

type Keys = Table<Entry, DueFrom>;

/// How many keys a bucket is fetched before its entries, and those before their use.
const AHEAD: usize = 12;

/// Fetches what the keys after number `i` need; called with each `i` in turn.
#[inline(always)]
fn fetch_after<'t>(keys: &[Key<'_>], i: usize, table: impl Fn(usize) -> Option<&'t Keys>) {
    let fetch = |first: usize, last: usize, hint: fn(&Keys, u64)| {
        let soon = keys.get(first..(last + 1).min(keys.len())).unwrap_or_default();
        for (j, key) in (first..).zip(soon) {
            if let Some(table) = table(j) {
                hint(table, key.hash);
            }
        }
    };
    let first = |ahead: usize| if i == 0 { 0 } else { i + ahead };
    fetch(first(2 * AHEAD), i + 2 * AHEAD, |table, hash| table.prefetch(hash));
    fetch(first(AHEAD), i + AHEAD, |table, hash| table.candidates(hash, Entry::prefetch));
}

impl Tx<'_> {
    /// The live entries of several keys, side by side, each a hit or a miss but not a use.
    ///
    /// # Errors
    /// `UndeclaredKey` if the transaction does not hold one of the keys.
    pub(crate) fn entries<'t>(
        &'t self,
        keys: &'t [Key<'t>],
    ) -> Result<impl ExactSizeIterator<Item = Option<&'t Entry>>> {
        let mut tables = Vec::with_capacity(keys.len());
        for key in keys {
            tables.push(self.table(*key)?);
        }
        Ok(keys.iter().enumerate().map(move |(i, key)| {
            fetch_after(keys, i, |j| tables[j]);
            self.look_in(tables[i], *key)
        }))
    }

    /// Fetches what the keys after number `i` need; to be called with each `i` in turn, before key `i`
    /// is changed.
    pub(crate) fn fetch_ahead(&self, keys: &[Key<'_>], i: usize) {
        fetch_after(keys, i, |j| self.table(keys[j]).ok().flatten());
    }
}

/// The hash of a key that will be looked up soon, and the member or field that will be looked for there.
pub(crate) type Soon<'a> = (u64, Option<&'a [u8]>);

/// How many stripes are locked at a time for the sake of [`Keyspace::fetch_soon`].
const AT_A_TIME: usize = 16;

impl Keyspace {
    /// Hints that these are looked up soon: their buckets are fetched, then their entries, and then the
    /// members of big collections. What lies in a busy stripe is left out.
    ///
    /// A stripe is locked once, shared, for all steps, since a lock costs as much as a step.
    pub(crate) fn fetch_soon(&self, db: u32, soon: &[Soon<'_>]) {
        soon.chunks(AT_A_TIME).for_each(|soon| self.fetch_now(db, soon));
    }

    fn fetch_now(&self, db: u32, soon: &[Soon<'_>]) {
        let mut stripes =
            SmallVec::<[(RwLockReadGuard<'_, StripeData>, &[Soon<'_>]); AT_A_TIME]>::new();
        for run in soon.chunk_by(|(a, _), (b, _)| a == b) {
            let hash = run[0].0;
            if let Some(data) = self.stripes[self.stripe_of(hash)].data.try_read()
                && let Some(space) = data.space(db)
            {
                space.table.prefetch(hash);
                stripes.push((data, run));
            }
        }
        let tables = stripes.iter().filter_map(|(data, run)| Some((&data.space(db)?.table, *run)));
        for (table, run) in tables.clone() {
            table.candidates(run[0].0, Entry::prefetch);
        }
        if soon.iter().all(|(_, member)| member.is_none()) {
            return;
        }
        let mut collections = SmallVec::<[(&dyn Big, &[Soon<'_>]); AT_A_TIME]>::new();
        for (table, run) in tables {
            table.candidates(run[0].0, |entry| {
                collections.extend(entry.big().map(|big| (big, run)))
            });
        }
        for near in [false, true] {
            for (big, run) in &collections {
                run.iter()
                    .filter_map(|(_, member)| *member)
                    .for_each(|name| big.prefetch(name, near));
            }
        }
    }
}
