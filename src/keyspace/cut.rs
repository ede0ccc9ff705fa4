//! Cuts: all keys as they were at one moment, read while they change.
//!
//! Every entry bears a stamp, eight bits of its access word, and the engine has a current one, which all
//! entries bear as long as there is no cut. A cut locks all stripes for the microseconds that it
//! takes to go on to the next stamp: from then on, entries that bear it are of after the cut, all
//! others of before. A walker visits the stripes in small steps, shows what is still of
//! before, and stamps it; whoever changes an entry in the meantime shows it first (the door in
//! `change.rs` tells the observer that the cut has registered) and stamps it. So each
//! entry is shown once, as it was, and nobody waits for more than a step.
//!
//! A walk has to go to its end, even if nobody cares any more, so that all entries bear the
//! same stamp again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::entry::Entry;
use super::load::Loading;
use super::observer::Observer;
use super::stripe::{Space, StripeData};
use super::tx::Access;
use super::{Keyspace, Tx};
use crate::sync::MutexGuard;

/// Buckets that one step looks at, if nobody waits for the stripe.
const STEP: usize = 32;

/// How many keys a database had at a cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CutSize {
    pub(crate) keys: usize,
    pub(crate) volatile: usize,
    /// Hashes with fields that expire.
    pub(crate) timed: usize,
}

/// A cut that is being walked. There is one at a time.
pub(crate) struct Cut<'k> {
    keyspace: &'k Keyspace,
    observer: Arc<dyn Observer>,
    /// By database.
    pub(crate) sizes: Vec<CutSize>,
    stamp: u8,
    /// The stripes that the walk has not been through. It goes on in the first.
    stripes: VecDeque<usize>,
    _alone: MutexGuard<'k, ()>,
}

impl Keyspace {
    /// Makes a cut, once no other is being walked. `observer` is asked for under all locks, told the
    /// stamp and the sizes, and shown from then on what changes: [`Observer::before`].
    pub(crate) fn cut(
        &self,
        observer: impl FnOnce(u8, &[CutSize]) -> Arc<dyn Observer>,
    ) -> Cut<'_> {
        let alone = self.cuts.lock();
        let mut tx = self.begin_all(0, Access::Exclusive);
        let mut sizes = vec![CutSize::default(); self.databases as usize];
        for stripe in tx.held_stripes() {
            let parts = tx.parts(stripe).expect("every stripe is held");
            for (space, size) in parts.data.spaces.iter_mut().zip(&mut sizes) {
                space.walk = Some(0);
                size.add(space);
            }
        }
        let stamp = self.settings.stamp.load(Ordering::Relaxed).wrapping_add(1);
        self.settings.stamp.store(stamp, Ordering::Relaxed);
        let observer = observer(stamp, &sizes);
        self.observers.add(observer.clone());
        drop(tx);
        let stripes = (0..self.stripes.len()).collect();
        Cut { keyspace: self, observer, sizes, stamp, stripes, _alone: alone }
    }
}

impl Cut<'_> {
    /// Shows some of the entries that were there at the cut and were not shown yet, each with the number
    /// that its database has now. Returns false when there are no more.
    pub(crate) fn step(&mut self, mut show: impl FnMut(u32, &Entry)) -> bool {
        while let Some(stripe) = self.stripes.front().copied() {
            let mut tx = self.keyspace.begin_stripe(stripe, Access::Exclusive);
            let step = step(&mut tx, stripe, self.stamp, &mut show);
            drop(tx);
            match step {
                Step::Through => _ = self.stripes.pop_front(),
                Step::Looked => return true,
                // Who waits is to have it next, and would not if it were asked for again at once.
                Step::Wanted => {
                    self.stripes.rotate_left(1);
                    return true;
                }
            }
        }
        false
    }
}

/// What became of a step.
enum Step {
    /// It looked at some buckets.
    Looked,
    /// It ended early, because somebody waits for the stripe.
    Wanted,
    /// There was nothing left to look at.
    Through,
}

/// Everything, while nothing moves.
pub(crate) struct Still<'k> {
    tx: Tx<'k>,
    _alone: Option<MutexGuard<'k, ()>>,
}

impl Keyspace {
    /// Holds everything still, once no cut is being walked.
    pub(crate) fn still(&self) -> Still<'_> {
        let alone = self.cuts.lock();
        Still { tx: self.begin_all(0, Access::Exclusive), _alone: Some(alone) }
    }

    /// As [`still`](Keyspace::still), though a cut may be in the middle of its walk.
    #[cfg(feature = "aof")]
    pub(crate) fn halted(&self) -> Still<'_> {
        Still { tx: self.begin_all(0, Access::Exclusive), _alone: None }
    }
}

impl<'k> Still<'k> {
    pub(crate) fn keyspace(&self) -> &'k Keyspace {
        self.tx.keyspace
    }

    /// By database.
    pub(crate) fn sizes(&self) -> Vec<CutSize> {
        let mut sizes = vec![CutSize::default(); self.tx.keyspace.databases as usize];
        self.spaces(|db, space| sizes[db as usize].add(space));
        sizes
    }

    /// Puts keys in the place of all there are.
    pub(crate) fn replace(&mut self, loading: Loading<'_>, payload: impl Fn(&Entry) -> Vec<u8>) {
        loading.commit_in(&mut self.tx, payload);
    }

    /// Adds keys to those that there are. Returns the name of the first that was there before, unless such
    /// are to be `replaced`.
    pub(crate) fn merge(&mut self, loading: Loading<'_>, replaced: bool) -> Option<Box<[u8]>> {
        loading.merge_in(&mut self.tx, replaced)
    }

    /// Calls `visit` with every entry and its database.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u32, &Entry)) {
        self.spaces(|db, space| {
            space.table.iter(Entry::prefetch).for_each(|entry| visit(db, entry))
        });
    }

    fn spaces(&self, mut visit: impl FnMut(u32, &Space)) {
        for stripe in 0..self.tx.keyspace.stripes.len() {
            let look = |data: &StripeData| {
                (0..).zip(&data.spaces).for_each(|(db, space)| visit(db, space));
            };
            self.tx.with_stripe(stripe, look).expect("every stripe is held");
        }
    }
}

impl CutSize {
    fn add(&mut self, space: &Space) {
        self.keys += space.table.len();
        self.volatile += space.volatile;
        self.timed += space.timed;
    }
}

impl std::fmt::Debug for Still<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Still").finish_non_exhaustive()
    }
}

/// Looks at some buckets of a stripe, or at one entry at least if somebody waits for it.
fn step(tx: &mut Tx<'_>, stripe: usize, stamp: u8, show: &mut impl FnMut(u32, &Entry)) -> Step {
    let waiting = &tx.keyspace.stripes[stripe].waiting;
    let parts = tx.parts(stripe).expect("begun with this stripe");
    for (db, space) in parts.data.spaces.iter_mut().enumerate() {
        let Some(mut cursor) = space.walk else { continue };
        let mut ahead = space.table.ahead(cursor, Entry::fetch);
        let (mut shown, mut wanted) = (false, false);
        for _ in 0..STEP {
            space.table.hint(&mut ahead, Entry::fetch);
            let next = space.table.scan(cursor, |entry| {
                if entry.stamp() == stamp || wanted {
                    return;
                }
                if shown && waiting.load(Ordering::Relaxed) > 0 {
                    wanted = true;
                    return;
                }
                shown = true;
                show(db as u32, entry);
                entry.set_stamp(stamp);
            });
            if wanted {
                // What this bucket has left is seen next time, which knows the others by their stamp.
                break;
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        space.walk = (wanted || cursor != 0).then_some(cursor);
        return if wanted { Step::Wanted } else { Step::Looked };
    }
    Step::Through
}

impl Drop for Cut<'_> {
    /// Walks to the end, showing nobody, and takes the observer off.
    fn drop(&mut self) {
        while self.step(|_, _| {}) {}
        let _all = self.keyspace.begin_all(0, Access::Exclusive);
        self.keyspace.observers.remove(&self.observer);
    }
}

impl std::fmt::Debug for Cut<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cut").field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::observer::Observer;
    use super::*;
    use crate::config::Config;

    const KEYS: usize = 100_000;

    struct Nobody;

    impl Observer for Nobody {
        fn wants(&self) -> u8 {
            0
        }
    }

    #[test]
    fn who_waits_for_a_stripe_has_it_after_one_entry() {
        let engine = crate::Engine::open(Config::new().stripes(64)).expect("valid");
        let keyspace = engine.keyspace();
        let db = engine.db(0).expect("exists");
        // More in each stripe than a step looks at.
        (0..KEYS).for_each(|i| db.set(format!("key:{i}"), "v").expect("set"));
        let mut cut = keyspace.cut(|_, _| Arc::new(Nobody));
        let first = cut.stripes[0];
        let mut seen = Vec::new();
        let mut step = |cut: &mut Cut<'_>| {
            let before = seen.len();
            let more = cut.step(|_, entry| seen.push(entry.key().to_vec()));
            (seen.len() - before, more)
        };
        assert!(step(&mut cut).0 > 1, "nobody waits");
        assert_eq!(cut.stripes[0], first);
        keyspace.stripes[first].waiting.fetch_add(1, Ordering::Relaxed);
        assert_eq!(step(&mut cut), (1, true));
        assert_eq!(cut.stripes[0], first + 1, "the walk goes on elsewhere");
        assert_eq!(cut.stripes.back(), Some(&first));
        while step(&mut cut).1 {}
        keyspace.stripes[first].waiting.fetch_sub(1, Ordering::Relaxed);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), KEYS);
    }
}
