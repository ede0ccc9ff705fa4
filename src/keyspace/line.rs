//! Callers who wait for keys, in line: a line for each key, first come first served.
//!
//! A waiter stands in the lines of all its keys. The door that changes pass notes keys that have
//! lines (`change.rs`); when a transaction ends, its stripes still locked, who stands there is served
//! in order (`serve.rs`). What waits, and for what, the layers above say ([`Waiter`]). While
//! nobody waits in a stripe, all this is one pointer that is null.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::tx::{Access, Tx};
use super::{Key, Keyspace};
use crate::error::Result;
use crate::value::Type;

/// Somebody who waits for one of some keys.
pub(crate) trait Waiter: Send + Sync + fmt::Debug {
    /// Looks whether the wait is over now that `key` has changed, and takes what it was for. `tx` holds the
    /// stripe of `key`, and that of what the waiter [reaches](Tx::stand_in_line) for.
    fn serve(&self, tx: &mut Tx<'_>, key: Key<'_>) -> Served;
    /// Tells whoever waits that the wait is over, or sees to it that it is tried again when time alone may
    /// bring what it is for; no stripe is locked.
    fn wake(&self);
}

/// What came of serving a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// There was nothing for it; it keeps its place.
    Waits,
    /// As before, and it is to be [woken](Waiter::wake): when time may bring it something is another moment now.
    Ripens,
    /// Its wait is over.
    Done,
    /// It had given up before.
    Gone,
}

/// Which changes of a key a waiter is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    /// Those after which it holds a list,
    List,
    /// a sorted set,
    SortedSet,
    /// or a stream.
    Stream,
    /// All: that a stream is gone ends the wait for its entries on behalf of a group.
    Any,
}

const CONCERNS: usize = 4;

impl Concern {
    fn admits(self, kind: Option<Type>) -> bool {
        match self {
            Concern::List => kind == Some(Type::List),
            Concern::SortedSet => kind == Some(Type::SortedSet),
            Concern::Stream => kind == Some(Type::Stream),
            Concern::Any => true,
        }
    }

    const ALL: [Concern; CONCERNS] =
        [Concern::List, Concern::SortedSet, Concern::Stream, Concern::Any];
}

/// How many wait, and where the next one stands.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// The number of the last who came.
    last_ticket: AtomicU64,
    /// Keys with a line.
    keys: AtomicUsize,
    /// Keys with somebody whom it concerns that they are gone.
    keys_of_any: AtomicUsize,
}

/// The lines of one stripe.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// By the hash of the key.
    by_hash: HashMap<u64, Vec<Line>, BuildHasherDefault<KeyHash>>,
    /// Stripes that waiters of these lines need besides this one, and how many do.
    reaches: Vec<(usize, usize)>,
}

/// Those who wait for one key of one database.
#[derive(Debug)]
struct Line {
    db: u32,
    key: Box<[u8]>,
    /// Whether the transaction that holds the stripe has changed the key, and has not served yet.
    noted: bool,
    /// By ticket, and so in the order in which they came.
    standing: BTreeMap<u64, Standing>,
    /// How many there are of each concern.
    counts: [usize; CONCERNS],
}

/// A waiter in line.
#[derive(Debug, Clone)]
struct Standing {
    waiter: Arc<dyn Waiter>,
    concern: Concern,
    /// A stripe that must be held to serve it, besides that of the key.
    reach: Option<usize>,
}

/// Keys are hashed already; all of a stripe have the same top bits.
#[derive(Debug, Default)]
struct KeyHash(u64);

impl Hasher for KeyHash {
    fn write(&mut self, _: &[u8]) {
        unreachable!("hashes are looked up by hash");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash ^ (hash << 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Line {
    fn is(&self, db: u32, key: &[u8]) -> bool {
        self.db == db && *self.key == *key
    }

    /// Whether anybody is concerned by a key of this type, or a missing one.
    fn concerns(&self, kind: Option<Type>) -> bool {
        Concern::ALL.iter().any(|c| self.counts[*c as usize] > 0 && c.admits(kind))
    }
}

impl Lines {
    fn line(&self, db: u32, key: Key<'_>) -> Option<&Line> {
        self.by_hash.get(&key.hash)?.iter().find(|line| line.is(db, key.bytes))
    }

    fn line_mut(&mut self, db: u32, key: Key<'_>) -> Option<&mut Line> {
        self.by_hash.get_mut(&key.hash)?.iter_mut().find(|line| line.is(db, key.bytes))
    }

    fn join(&mut self, db: u32, key: Key<'_>, ticket: u64, new: Standing, totals: &Waiting) {
        let lines = self.by_hash.entry(key.hash).or_default();
        let at = lines.iter().position(|line| line.is(db, key.bytes)).unwrap_or_else(|| {
            totals.keys.fetch_add(1, Ordering::Relaxed);
            lines.push(Line {
                db,
                key: key.bytes.into(),
                noted: false,
                standing: BTreeMap::new(),
                counts: [0; CONCERNS],
            });
            lines.len() - 1
        });
        let line = &mut lines[at];
        let (concern, reach) = (new.concern, new.reach);
        if line.standing.insert(ticket, new).is_some() {
            // The key was named twice.
            return;
        }
        line.counts[concern as usize] += 1;
        if concern == Concern::Any && line.counts[concern as usize] == 1 {
            totals.keys_of_any.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(reach) = reach {
            match self.reaches.iter_mut().find(|(stripe, _)| *stripe == reach) {
                Some((_, count)) => *count += 1,
                None => self.reaches.push((reach, 1)),
            }
        }
    }

    fn leave(&mut self, db: u32, key: Key<'_>, ticket: u64, totals: &Waiting) {
        let Some(line) = self.line_mut(db, key) else { return };
        let Some(left) = line.standing.remove(&ticket) else { return };
        line.counts[left.concern as usize] -= 1;
        if left.concern == Concern::Any && line.counts[left.concern as usize] == 0 {
            totals.keys_of_any.fetch_sub(1, Ordering::Relaxed);
        }
        let ends = line.standing.is_empty();
        if let Some(reach) = left.reach {
            self.reaches.retain_mut(|(stripe, count)| {
                *count -= usize::from(*stripe == reach);
                *count > 0
            });
        }
        if ends && let Some(lines) = self.by_hash.get_mut(&key.hash) {
            totals.keys.fetch_sub(1, Ordering::Relaxed);
            lines.retain(|line| !line.is(db, key.bytes));
            if lines.is_empty() {
                self.by_hash.remove(&key.hash);
            }
        }
    }

    /// Notes that a key has changed. Returns whether it has a line and was not noted before.
    pub(super) fn note(&mut self, db: u32, key: Key<'_>) -> bool {
        self.line_mut(db, key).is_some_and(|line| !std::mem::replace(&mut line.noted, true))
    }

    /// Notes the keys of a database that have lines. Returns those that were not noted before.
    pub(super) fn note_all(&mut self, db: u32) -> Vec<(Box<[u8]>, u64)> {
        let mut noted = Vec::new();
        for (hash, lines) in &mut self.by_hash {
            for line in lines.iter_mut().filter(|line| line.db == db && !line.noted) {
                line.noted = true;
                noted.push((line.key.clone(), *hash));
            }
        }
        noted
    }

    /// The stripes that must be held besides this one to serve who stands here.
    #[inline(always)]
    pub(super) fn reaches(&self) -> &[(usize, usize)] {
        &self.reaches
    }

    pub(super) fn is_noted(&self, db: u32, key: Key<'_>) -> bool {
        self.line(db, key).is_some_and(|line| line.noted)
    }

    /// Ends what [`note`](Lines::note) began.
    pub(super) fn settle(&mut self, db: u32, key: Key<'_>) {
        if let Some(line) = self.line_mut(db, key) {
            line.noted = false;
        }
    }

    /// The next in line behind a ticket whom it concerns that the key holds this type, or nothing.
    pub(super) fn next(
        &self,
        db: u32,
        key: Key<'_>,
        kind: Option<Type>,
        behind: u64,
    ) -> Option<(u64, Arc<dyn Waiter>)> {
        let line = self.line(db, key).filter(|line| line.concerns(kind))?;
        let mut behind = line.standing.range((Bound::Excluded(behind), Bound::Unbounded));
        let (ticket, next) = behind.find(|(_, standing)| standing.concern.admits(kind))?;
        Some((*ticket, next.waiter.clone()))
    }
}

/// Takes a waiter out of the line of a key.
pub(super) fn leave(
    waiting: &mut Option<Box<Lines>>,
    db: u32,
    key: Key<'_>,
    ticket: u64,
    totals: &Waiting,
) {
    if let Some(lines) = waiting {
        lines.leave(db, key, ticket, totals);
        if lines.by_hash.is_empty() {
            *waiting = None;
        }
    }
}

impl Tx<'_> {
    /// Puts a waiter at the end of the lines of keys, whose stripes are held exclusively. To be served
    /// it needs the stripe of `reach` too.
    pub(crate) fn stand_in_line<'a>(
        &mut self,
        keys: impl Iterator<Item = Key<'a>>,
        reach: Option<Key<'_>>,
        ticket: u64,
        concern: Concern,
        waiter: &Arc<dyn Waiter>,
    ) -> Result<()> {
        let (db, keyspace) = (self.db(), self.keyspace());
        let reach = reach.map(|key| key.stripe);
        for key in keys {
            let stripe = key.stripe;
            let reach = reach.filter(|reach| *reach != stripe);
            let new = Standing { waiter: waiter.clone(), concern, reach };
            let lines = self.parts(stripe)?.data.waiting.get_or_insert_default();
            lines.join(db, key, ticket, new, &keyspace.waiting);
        }
        Ok(())
    }

    /// Has a waiter woken when the transaction has ended.
    pub(crate) fn wake_at_end(&mut self, waiter: Arc<dyn Waiter>) {
        self.pending.get_mut().waking().wake(waiter);
    }

    /// Has those in the lines of keys served at the end, as if the keys had changed; their stripes are held
    /// exclusively.
    pub(crate) fn note_lines<'a>(&mut self, keys: impl Iterator<Item = Key<'a>>) {
        for key in keys {
            let stripe = key.stripe;
            if let Ok(mut parts) = self.parts(stripe) {
                parts.note(key.bytes);
            }
        }
    }

    /// Whether this transaction has changed a key for which somebody waits, and has not served yet.
    pub(crate) fn is_noted(&self, key: Key<'_>) -> bool {
        let data = self.stripe(key);
        data.is_ok_and(|data| data.waiting.as_ref().is_some_and(|l| l.is_noted(self.db(), key)))
    }
}

impl Keyspace {
    /// The number of one who comes now, greater than all before.
    pub(crate) fn next_ticket(&self) -> u64 {
        self.waiting.last_ticket.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes a waiter out of its lines, one stripe at a time; no stripe may be held.
    pub(crate) fn leave_lines<'a>(
        &self,
        db: u32,
        keys: impl Iterator<Item = Key<'a>>,
        ticket: u64,
    ) {
        for key in keys {
            let mut tx = self.begin_one(db, key, Access::Exclusive);
            let parts = tx.parts(key.stripe).expect("the stripe is held exclusively");
            leave(&mut parts.data.waiting, db, key, ticket, &self.waiting);
        }
    }

    /// Keys that somebody waits for, and those whose removal would end a wait
    /// (`total_blocking_keys`, `total_blocking_keys_on_nokey`).
    pub(crate) fn waited_for(&self) -> (usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (of(&self.waiting.keys), of(&self.waiting.keys_of_any))
    }

    /// Whether what may need memory is refused: there is a limit, it is exceeded, and nothing may be
    /// evicted.
    pub(crate) fn refuses_growth(&self) -> bool {
        let limit = self.settings.maxmemory.load(Ordering::Relaxed);
        limit != 0
            && self.settings.policy() == crate::config::EvictionPolicy::NoEviction
            && self.used_memory() > limit
    }
}
