//! A big hash: a table of pairs.
//!
//! A field that expires keeps its time in its pair's stamp; each segment of the table (64 buckets)
//! has a lower bound of its fields' times, and the hash the lowest of them. So fields that are due are
//! found by visiting the segments that are, and a hash without times pays eight bytes a
//! segment for it.

use crate::clock::Millis;
use crate::ds::blocks::block_size;
use crate::ds::pair::Pair;
use crate::ds::table::{Entry, Step, Summary, Table};
use crate::rng::FieldHasher;
use crate::value::undo::UndoLog;
use crate::value::{Big, Encoding, SetExpiry, Type};

/// Fields whose pairs are counted one by one when a random one is looked for in vain.
const TRIES: usize = 64;

/// The lower bound of a segment's times.
#[derive(Debug, Clone, Copy)]
struct Soonest(Millis);

impl Default for Soonest {
    fn default() -> Soonest {
        Soonest(Millis::NEVER)
    }
}

impl Summary for Soonest {
    // As dense as a set's.
    const FILL: usize = 7;
    const SPARSE: usize = 3;

    fn absorb(&mut self, other: Soonest) {
        self.0 = self.0.min(other.0);
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct BigHash {
    table: Table<Pair, Soonest>,
    hasher: FieldHasher,
    /// Bytes allocated for the pairs.
    bytes: usize,
    /// How many fields have a time.
    timed: usize,
    /// At most the lowest time of a field.
    soonest: Millis,
    /// What Redis would call it.
    encoding: Encoding,
    log: UndoLog<Change>,
}

/// A change that may be undone.
#[derive(Debug)]
enum Change {
    /// A field was set that was not there.
    Added(Box<[u8]>),
    /// A field was removed or changed, which was this.
    Was(Pair),
    /// Redis would have called it this.
    Called(Encoding),
}

impl BigHash {
    pub(super) fn new(hasher: FieldHasher, encoding: Encoding) -> BigHash {
        BigHash {
            table: Table::new(),
            hasher,
            bytes: 0,
            timed: 0,
            soonest: Millis::NEVER,
            encoding,
            log: UndoLog::default(),
        }
    }

    /// Makes room for so many fields.
    #[cfg(feature = "snapshot")]
    pub(super) fn reserve(&mut self, fields: usize) {
        self.table.reserve(fields);
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(super) fn set_encoding(&mut self, encoding: Encoding) {
        let before = std::mem::replace(&mut self.encoding, encoding);
        self.log.push(|| Change::Called(before));
    }

    /// How many fields, those past their time included.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// At most the lowest time of a field.
    pub(super) fn soonest(&self) -> Millis {
        self.soonest
    }

    #[inline]
    pub(super) fn find(&self, field: &[u8]) -> Option<&Pair> {
        self.table.find(self.hasher.hash(field), |pair| pair.has_field(field))
    }

    /// Every pair, in no order.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Pair> {
        self.table.iter(Pair::prefetch)
    }

    /// Whether a field that is there now has its time behind it.
    #[inline]
    pub(super) fn is_gone(&self, pair: &Pair, now: Millis) -> bool {
        self.soonest <= now && is_past(pair, now)
    }

    /// How many fields are past their time. O(1) if none is.
    pub(super) fn past(&self, now: Millis) -> usize {
        let mut past = 0;
        if self.soonest <= now {
            for segment in self.due_segments(now) {
                self.table.for_each_in(segment, |pair| past += usize::from(is_past(pair, now)));
            }
        }
        past
    }

    fn due_segments(&self, now: Millis) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.table.segments()).filter(move |&i| self.table.summary(i).0 <= now)
    }

    /// One pair, each that is not past its time as likely as any other.
    pub(super) fn random(&self, now: Millis, below: &impl Fn(usize) -> usize) -> Option<&Pair> {
        for _ in 0..TRIES {
            let pair = self.table.sample(below)?;
            if !self.is_gone(pair, now) {
                return Some(pair);
            }
        }
        // Most fields are past their time.
        let live = self.len() - self.past(now);
        let index = (live > 0).then(|| below(live))?;
        self.iter().filter(|pair| !self.is_gone(pair, now)).nth(index)
    }

    /// Shows the pairs of one bucket; returns the next cursor, 0 at the end.
    pub(super) fn scan<'s>(&'s self, cursor: u64, visit: impl FnMut(&'s Pair)) -> u64 {
        self.table.scan(cursor, visit)
    }

    /// Sets a field. Returns whether it was there.
    #[inline]
    pub(super) fn set(&mut self, field: &[u8], value: &[u8], time: SetExpiry) -> bool {
        let hash = self.hasher.hash(field);
        let at = match time {
            SetExpiry::At(at) => Some(at),
            SetExpiry::Clear | SetExpiry::Keep => None,
        };
        match self.table.entry(hash, |pair| pair.has_field(field)) {
            Entry::Occupied(mut place) => {
                let pair = place.get_mut();
                self.log.push(|| Change::Was(pair.clone()));
                let (bytes, old) = (pair.heap_size(), pair.stamp());
                let new = if time == SetExpiry::Keep { old } else { at.map(|at| at.0) };
                pair.set(value, new);
                self.bytes = self.bytes + pair.heap_size() - bytes;
                self.timed = self.timed + usize::from(new.is_some()) - usize::from(old.is_some());
                if let Some(at) = at {
                    place.summary_mut().absorb(Soonest(at));
                }
            }
            Entry::Vacant(place) => {
                let pair = Pair::new(field, Some(value), at.map(|at| at.0));
                self.bytes += pair.heap_size();
                let mut place = place.insert(pair, &self.hasher);
                if let Some(at) = at {
                    self.timed += 1;
                    self.soonest = self.soonest.min(at);
                    place.summary_mut().absorb(Soonest(at));
                }
                self.log.push(|| Change::Added(field.into()));
                return false;
            }
        }
        self.soonest = self.soonest.min(at.unwrap_or(Millis::NEVER));
        true
    }

    /// Sets, changes or removes the time of a field that is there.
    pub(super) fn set_time(&mut self, field: &[u8], at: Option<Millis>) {
        let hash = self.hasher.hash(field);
        let Entry::Occupied(mut place) = self.table.entry(hash, |pair| pair.has_field(field))
        else {
            return;
        };
        let pair = place.get_mut();
        self.log.push(|| Change::Was(pair.clone()));
        let (bytes, was_timed) = (pair.heap_size(), pair.stamp().is_some());
        pair.set_stamp(at.map(|at| at.0));
        self.bytes = self.bytes + pair.heap_size() - bytes;
        self.timed = self.timed + usize::from(at.is_some()) - usize::from(was_timed);
        if let Some(at) = at {
            place.summary_mut().absorb(Soonest(at));
            self.soonest = self.soonest.min(at);
        }
    }

    /// Removes a field; returns it.
    pub(super) fn remove(&mut self, field: &[u8]) -> Option<Pair> {
        let hash = self.hasher.hash(field);
        let Entry::Occupied(place) = self.table.entry(hash, |pair| pair.has_field(field)) else {
            return None;
        };
        let (pair, _) = place.remove();
        self.bytes -= pair.heap_size();
        self.timed -= usize::from(pair.stamp().is_some());
        self.log.push(|| Change::Was(pair.clone()));
        Some(pair)
    }

    /// Adds a field that is not there.
    fn insert(&mut self, pair: Pair) {
        let hash = self.hasher.hash(pair.field());
        let at = pair.stamp().map(Millis);
        self.bytes += pair.heap_size();
        // No two pairs of a table have the same field.
        if let Entry::Vacant(place) = self.table.entry(hash, |_| false) {
            let mut place = place.insert(pair, &self.hasher);
            if let Some(at) = at {
                self.timed += 1;
                self.soonest = self.soonest.min(at);
                place.summary_mut().absorb(Soonest(at));
            }
        }
    }

    /// Removes fields past their time, about `enough` of them.
    pub(super) fn reclaim(&mut self, now: Millis, enough: usize) -> Vec<Pair> {
        let mut out = Vec::new();
        for i in 0..self.table.segments() {
            if out.len() >= enough {
                break;
            }
            if self.table.summary(i).0 > now {
                continue;
            }
            let mut soonest = Soonest::default();
            let take = |pair: &Pair| {
                let past = is_past(pair, now);
                if let Some(stamp) = pair.stamp().filter(|_| !past) {
                    soonest.absorb(Soonest(Millis(stamp)));
                }
                past
            };
            self.table.extract(i, &self.hasher, take, &mut out);
            self.table.set_summary(i, soonest);
        }
        self.table.shrink(out.len());
        self.bytes -= out.iter().map(Pair::heap_size).sum::<usize>();
        self.timed -= out.len();
        out.iter().for_each(|pair| self.log.push(|| Change::Was(pair.clone())));
        let bounds = (0..self.table.segments()).map(|i| self.table.summary(i).0);
        self.soonest = bounds.min().unwrap_or(Millis::NEVER);
        out
    }
}

#[cfg(test)]
impl BigHash {
    /// Counts anew what is kept count of.
    pub(super) fn check(&self) {
        let pairs: usize = self.iter().map(Pair::heap_size).sum();
        assert_eq!(self.bytes, pairs);
        assert_eq!(self.timed, self.iter().filter(|pair| pair.stamp().is_some()).count());
        let soonest = self.iter().filter_map(|pair| pair.stamp()).min();
        assert!(soonest.is_none_or(|at| self.soonest <= Millis(at)));
    }
}

/// Whether a pair's time is over.
#[inline]
fn is_past(pair: &Pair, now: Millis) -> bool {
    pair.stamp().is_some_and(|at| at <= now.0)
}

impl Clone for BigHash {
    fn clone(&self) -> BigHash {
        let mut copy = BigHash::new(self.hasher.clone(), self.encoding);
        self.iter().for_each(|pair| copy.insert(pair.clone()));
        copy
    }
}

impl Big for BigHash {
    fn kind(&self) -> Type {
        Type::Hash
    }

    fn encoding(&self) -> Encoding {
        self.encoding
    }

    fn heap_size(&self) -> usize {
        block_size(size_of::<BigHash>()) + self.table.heap_size() + self.bytes
    }

    fn effort(&self) -> usize {
        self.len() + self.table.segments()
    }

    fn due(&self) -> Option<Millis> {
        (self.timed > 0).then_some(self.soonest)
    }

    fn is_past(&self, now: Millis) -> bool {
        self.timed == self.len()
            && self.soonest <= now
            && self.table.iter(|_| {}).all(|pair| is_past(pair, now))
    }

    fn keep_undo(&mut self) -> bool {
        self.log.begin();
        true
    }

    fn keeps_undo(&self) -> bool {
        self.log.is_on()
    }

    fn undo(&mut self) {
        for change in self.log.end() {
            match change {
                Change::Added(field) => drop(self.remove(&field)),
                Change::Was(pair) => {
                    self.remove(pair.field());
                    self.insert(pair);
                }
                Change::Called(encoding) => self.encoding = encoding,
            }
        }
    }

    fn settle(&mut self) {
        drop(self.log.end());
    }

    fn duplicate(&self) -> Box<dyn Big> {
        Box::new(self.clone())
    }

    fn hash_of(&self, name: &[u8]) -> u64 {
        self.hasher.hash(name)
    }

    fn prefetch(&self, hashes: &[u64], step: Step) {
        hashes.iter().for_each(|hash| self.table.fetch(*hash, step, Pair::prefetch));
    }
}
