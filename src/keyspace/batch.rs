//! Several keys at once: memory is asked for what later keys need while earlier ones are worked at.
//!
//! A look-up waits for memory twice, for the bucket and for the entry. Fetched twelve keys ahead
//! each, the waits of a batch overlap, and what is left is the work.

use super::Key;
use super::entry::Entry;
use super::stripe::DueFrom;
use super::tx::Tx;
use crate::ds::table::Table;
use crate::error::Result;

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
