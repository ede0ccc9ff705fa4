//! Several keys at once: memory is asked for what later keys need while earlier ones are worked at.
//!
//! A look-up waits for memory twice, for the bucket and for the entry. Fetched twelve keys ahead
//! each, the waits of a batch overlap, and what is left is the work.

use std::ops::Range;

use smallvec::SmallVec;

use super::entry::Entry;
use super::stripe::StripeData;
use super::tx::Tx;
use super::{Key, Keyspace};
use crate::ds::table::{self, Step};
use crate::error::Result;
use crate::sync::RwLockReadGuard;
use crate::value::Big;

type Spot<'t> = table::Spot<'t, Entry>;

/// How many keys each step of a look-up is taken before the next.
const AHEAD: usize = 10;

/// Fetches what the keys after number `i` need; called with each `i` in turn.
#[inline(always)]
fn fetch_after<'t>(i: usize, spot: impl Fn(usize) -> Option<Spot<'t>>) {
    for (step, ahead) in Step::ALL.into_iter().zip([3 * AHEAD, 2 * AHEAD, AHEAD]) {
        let fetch = |spot: Spot<'t>| spot.fetch(step, Entry::prefetch);
        if i == 0 {
            (0..ahead).filter_map(&spot).for_each(fetch);
        }
        spot(i + ahead).into_iter().for_each(fetch);
    }
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
        let mut spots = Vec::with_capacity(keys.len());
        for key in keys {
            spots.push(self.spot(*key)?);
        }
        Ok(keys.iter().enumerate().map(move |(i, key)| {
            fetch_after(i, |j| spots.get(j).copied().flatten());
            self.look_at(spots[i], *key)
        }))
    }

    /// Fetches what the keys after number `i` need; to be called with each `i` in turn, before key `i`
    /// is changed.
    pub(crate) fn fetch_ahead(&self, keys: &[Key<'_>], i: usize) {
        fetch_after(i, |j| self.spot(*keys.get(j)?).ok().flatten());
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
        let spots: SmallVec<[_; AT_A_TIME]> = stripes
            .iter()
            .filter_map(|(data, run)| Some((data.space(db)?.table.spot(run[0].0)?, *run)))
            .collect();
        let wants_members = soon.iter().any(|(_, member)| member.is_some());
        let mut entries = SmallVec::<[(&Entry, &[Soon<'_>]); AT_A_TIME]>::new();
        for step in [Step::Items, Step::Beyond] {
            for (spot, run) in &spots {
                spot.fetch(step, |entry| {
                    entry.prefetch();
                    if wants_members {
                        entries.push((entry, run));
                    }
                });
            }
        }
        if !wants_members {
            return;
        }
        let mut hashes = SmallVec::<[u64; AT_A_TIME]>::new();
        let mut members = SmallVec::<[(&dyn Big, Range<usize>); AT_A_TIME]>::new();
        for (entry, run) in entries {
            if let Some(big) = entry.big() {
                let first = hashes.len();
                let names = run.iter().filter_map(|(_, member)| *member);
                hashes.extend(names.map(|name| big.hash_of(name)));
                members.push((big, first..hashes.len()));
            }
        }
        for step in Step::ALL {
            members.iter().for_each(|(big, own)| big.prefetch(&hashes[own.clone()], step));
        }
    }
}
