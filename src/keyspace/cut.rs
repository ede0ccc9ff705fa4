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
use crate::sync::{Mutex, MutexGuard};

/// Buckets that one step looks at, if nobody waits for the stripe.
const STEP: usize = 128;

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
    /// The stripes that the walk has not been through, but those that a walker is in.
    stripes: Mutex<VecDeque<usize>>,
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
        let stripes = Mutex::new((0..self.stripes.len()).collect());
        Cut { keyspace: self, observer, sizes, stamp, stripes, _alone: alone }
    }
}

impl Cut<'_> {
    /// One who walks. Several may, side by side: each is in a stripe of its own.
    pub(crate) fn walker(&self) -> Walker<'_> {
        Walker { cut: self, stripe: None }
    }
}

/// What comes of an entry that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Others may follow.
    More,
    /// The step should end.
    Enough,
}

/// One who walks through a cut; made by [`Cut::walker`].
pub(crate) struct Walker<'c> {
    cut: &'c Cut<'c>,
    /// The stripe that it is in.
    stripe: Option<usize>,
}

impl Walker<'_> {
    /// Shows some of the entries that were there at the cut and were not shown yet, each with the number
    /// that its database has now: they are of one. Returns false when there are no more, but those that other
    /// walkers are about to show. It ends soon after `show` has said that it is enough.
    pub(crate) fn step(&mut self, mut show: impl FnMut(u32, &Entry) -> Shown) -> bool {
        let Cut { keyspace, stamp, stripes, .. } = self.cut;
        loop {
            let next = self.stripe.take().or_else(|| stripes.lock().pop_front());
            let Some(stripe) = next else { return false };
            let mut tx = keyspace.begin_stripe(stripe, Access::Exclusive);
            let step = step(&mut tx, stripe, *stamp, &mut show);
            drop(tx);
            match step {
                Step::Through => {}
                Step::Looked => {
                    self.stripe = Some(stripe);
                    return true;
                }
                // Who waits is to have it next, and would not if it were asked for again at once.
                Step::Wanted => {
                    stripes.lock().push_back(stripe);
                    return true;
                }
            }
        }
    }
}

impl Drop for Walker<'_> {
    /// Leaves its stripe to others.
    fn drop(&mut self) {
        if let Some(stripe) = self.stripe {
            self.cut.stripes.lock().push_front(stripe);
        }
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
fn step(
    tx: &mut Tx<'_>,
    stripe: usize,
    stamp: u8,
    show: &mut impl FnMut(u32, &Entry) -> Shown,
) -> Step {
    let waiting = &tx.keyspace.stripes[stripe].waiting;
    let parts = tx.parts(stripe).expect("begun with this stripe");
    for (db, space) in parts.data.spaces.iter_mut().enumerate() {
        let Some(mut cursor) = space.walk else { continue };
        let mut ahead = space.table.ahead(cursor, Entry::fetch);
        let (mut shown, mut wanted, mut enough) = (false, false, false);
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
                enough |= show(db as u32, entry) == Shown::Enough;
                entry.set_stamp(stamp);
            });
            if wanted {
                // What this bucket has left is seen next time, which knows the others by their stamp.
                break;
            }
            cursor = next;
            if cursor == 0 || enough {
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
        let mut walker = self.walker();
        while walker.step(|_, _| Shown::More) {}
        drop(walker);
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
        let cut = keyspace.cut(|_, _| Arc::new(Nobody));
        let mut walker = cut.walker();
        let mut seen = Vec::new();
        let mut step = |walker: &mut Walker<'_>| {
            let before = seen.len();
            let more = walker.step(|_, entry| {
                seen.push(entry.key().to_vec());
                Shown::More
            });
            (seen.len() - before, more)
        };
        assert!(step(&mut walker).0 > 1, "nobody waits");
        let first = walker.stripe.expect("it is in one");
        keyspace.stripes[first].waiting.fetch_add(1, Ordering::Relaxed);
        assert_eq!(step(&mut walker), (1, true));
        assert_eq!(walker.stripe, None, "the walk goes on elsewhere");
        assert_eq!(cut.stripes.lock().back(), Some(&first));
        while step(&mut walker).1 {}
        keyspace.stripes[first].waiting.fetch_sub(1, Ordering::Relaxed);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), KEYS);
    }

    #[test]
    fn several_walkers_show_each_key_once() {
        let engine = crate::Engine::open(Config::new().stripes(64)).expect("valid");
        let db = engine.db(0).expect("exists");
        (0..KEYS).for_each(|i| db.set(format!("key:{i}"), "v").expect("set"));
        let cut = engine.keyspace().cut(|_, _| Arc::new(Nobody));
        // One that ends early leaves its stripe to the others.
        let early = Mutex::new(Vec::new());
        cut.walker().step(|_, entry| {
            early.lock().push(entry.key().to_vec());
            Shown::Enough
        });
        let mut seen = early.into_inner();
        assert!(!seen.is_empty() && seen.len() < 50, "no more than a bucket's");
        std::thread::scope(|scope| {
            let walk = || {
                let (mut walker, mut seen) = (cut.walker(), Vec::new());
                let mut show = |entry: &Entry| {
                    seen.push(entry.key().to_vec());
                    Shown::More
                };
                while walker.step(|_, entry| show(entry)) {}
                seen
            };
            let walks: Vec<_> = (0..4).map(|_| scope.spawn(walk)).collect();
            walks.into_iter().for_each(|walk| seen.extend(walk.join().expect("no panic")));
        });
        assert_eq!(seen.len(), KEYS);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), KEYS);
    }
}
