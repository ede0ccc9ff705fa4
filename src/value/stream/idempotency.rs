//! What producers have added lately, so that what they send again is not added again (Redis 8.6's
//! idempotent message processing).
//!
//! A producer names each of its messages; for each producer a stream remembers the newest names and
//! the ids of their entries, so many and for so long.

use std::collections::VecDeque;
use std::mem::size_of;

use xxhash_rust::xxh3::xxh3_128;

use crate::clock::Millis;
use crate::ds::blocks::block_size;
use crate::ds::ordered::Ordered;
use crate::ds::stream_log::StreamId;

/// How many names are remembered of a producer, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Seconds, 1 to 86,400.
    pub(crate) duration: u32,
    /// Names, 1 to 10,000.
    pub(crate) max_size: u32,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { duration: 100, max_size: 100 }
    }
}

/// What a stream remembers of its producers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Idempotency {
    pub(crate) memory: Memory,
    producers: Ordered<Box<[u8]>, Producer>,
    /// What producers and their names own.
    owned: usize,
    /// Messages that were added with a name, ever.
    pub(crate) added: u64,
    /// Messages that were not added since they had been before, ever.
    pub(crate) duplicates: u64,
}

/// The newest messages of one producer.
#[derive(Debug, Clone, Default)]
struct Producer {
    /// Oldest first.
    messages: VecDeque<Message>,
    /// How many were forgotten before the first one.
    forgotten: u64,
    /// The numbers of the messages, counted from the producer's first, in the order of their names.
    by_name: Vec<u64>,
    /// Bytes allocated for all names.
    names: usize,
}

#[derive(Debug, Clone)]
struct Message {
    name: Box<[u8]>,
    entry: StreamId,
    added: Millis,
}

impl Producer {
    fn message(&self, number: u64) -> &Message {
        &self.messages[(number - self.forgotten) as usize]
    }

    fn search(&self, name: &[u8]) -> Result<usize, usize> {
        self.by_name.binary_search_by(|&number| (*self.message(number).name).cmp(name))
    }

    fn find(&self, name: &[u8]) -> Option<StreamId> {
        let at = self.search(name).ok()?;
        Some(self.message(self.by_name[at]).entry)
    }

    fn push(&mut self, message: Message) {
        let at = self.search(&message.name).expect_err("a name is remembered once");
        self.by_name.insert(at, self.forgotten + self.messages.len() as u64);
        self.names += block_size(message.name.len());
        self.messages.push_back(message);
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.messages.front() else { return };
        let at = self.search(&oldest.name).expect("every message is in both");
        self.by_name.remove(at);
        self.names -= block_size(oldest.name.len());
        self.messages.pop_front();
        self.forgotten += 1;
    }

    /// Forgets what was added up to `then`.
    fn forget_until(&mut self, then: Millis) {
        while self.messages.front().is_some_and(|message| message.added <= then) {
            self.forget_oldest();
        }
    }

    fn heap_size(&self) -> usize {
        self.messages.capacity() * size_of::<Message>()
            + self.by_name.capacity() * size_of::<u64>()
            + self.names
    }
}

impl Idempotency {
    /// What was added up to this time is forgotten.
    fn horizon(&self, now: Millis) -> Millis {
        Millis(now.0.saturating_sub(i64::from(self.memory.duration) * 1000))
    }

    /// The entry that a producer's message became, if that is remembered.
    pub(crate) fn find(&mut self, producer: &[u8], name: &[u8], now: Millis) -> Option<StreamId> {
        self.forget_in(producer, now);
        self.producers.get(producer)?.find(name)
    }

    /// As [`remember`](Idempotency::remember), of a message that was added just now.
    pub(crate) fn add(&mut self, producer: &[u8], name: &[u8], entry: StreamId, now: Millis) {
        self.remember(producer, name, entry, now);
        self.added += 1;
    }

    /// Remembers which entry a producer's message became.
    pub(crate) fn remember(&mut self, producer: &[u8], name: &[u8], entry: StreamId, now: Millis) {
        self.sweep(producer, now);
        if !self.producers.contains(producer) {
            self.owned += block_size(producer.len());
            self.producers.insert(producer.into(), Producer::default());
        }
        let most = self.memory.max_size as usize;
        self.edit(producer, |producer| {
            while producer.messages.len() >= most {
                producer.forget_oldest();
            }
            producer.push(Message { name: name.into(), entry, added: now });
        });
    }

    /// Sets how much is remembered; what is remembered goes if that is something else than before.
    pub(crate) fn set_memory(&mut self, memory: Memory) {
        if memory != self.memory {
            self.memory = memory;
            self.producers = Ordered::default();
            self.owned = 0;
        }
    }

    /// How many producers there are of whom a message is remembered, and how many messages.
    pub(crate) fn counts(&self, now: Millis) -> (usize, usize) {
        let horizon = self.horizon(now);
        let alive = self.producers.iter().map(|(_, producer)| {
            let past = producer.messages.partition_point(|message| message.added <= horizon);
            producer.messages.len() - past
        });
        alive.filter(|&messages| messages > 0).fold((0, 0), |(p, m), more| (p + 1, m + more))
    }

    /// The producers, each with the names that are remembered, oldest first, and their entries.
    #[cfg(feature = "snapshot")]
    pub(crate) fn producers(
        &self,
    ) -> impl ExactSizeIterator<Item = (&[u8], impl ExactSizeIterator<Item = (&[u8], StreamId)>)>
    {
        let count = self.producers.len();
        let mut producers = self.producers.iter();
        (0..count).map(move |_| {
            let (name, producer) = producers.next().expect("as many as there are");
            (&**name, producer.messages.iter().map(|m| (&*m.name, m.entry)))
        })
    }

    /// Everything that is remembered: producer, name and entry.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8], StreamId)> {
        self.producers.iter().flat_map(|(name, producer)| {
            producer.messages.iter().map(|m| (&**name, &*m.name, m.entry))
        })
    }

    fn edit(&mut self, producer: &[u8], edit: impl FnOnce(&mut Producer)) {
        if let Some(found) = self.producers.get_mut(producer) {
            let before = found.heap_size();
            edit(found);
            self.owned = self.owned + found.heap_size() - before;
        }
    }

    /// Forgets what is too old in a producer, and the producer if nothing is left.
    fn forget_in(&mut self, producer: &[u8], now: Millis) {
        let horizon = self.horizon(now);
        self.edit(producer, |producer| producer.forget_until(horizon));
        if self.producers.get(producer).is_some_and(|found| found.messages.is_empty())
            && let Some(gone) = self.producers.remove(producer)
        {
            self.owned -= block_size(producer.len()) + gone.heap_size();
        }
    }

    /// Forgets what is too old in the producer behind this one, so that a message more makes at
    /// most one producer more, and those who have gone silent are forgotten in their turn.
    fn sweep(&mut self, producer: &[u8], now: Millis) {
        let next =
            self.producers.ceiling(producer).and_then(|place| match self.producers.at(place) {
                Some((name, _)) if **name == *producer => self.producers.after(place),
                _ => Some(place),
            });
        let next = next.or_else(|| self.producers.first());
        if let Some((name, _)) = next.and_then(|place| self.producers.at(place)) {
            let name = name.clone();
            self.forget_in(&name, now);
        }
    }

    pub(crate) fn heap_size(&self) -> usize {
        block_size(size_of::<Idempotency>()) + self.producers.heap_size() + self.owned
    }

    /// About how many allocations there are.
    pub(crate) fn effort(&self) -> usize {
        self.producers.iter().map(|(_, producer)| 3 + producer.messages.len()).sum()
    }

    /// Counts anew what a clone owns, which has less room.
    pub(super) fn recount(&mut self) {
        let owned = self.producers.iter();
        self.owned = owned.map(|(name, it)| block_size(name.len()) + it.heap_size()).sum();
    }
}

/// The name of a message that got none: 16 bytes that follow from its fields and values, whatever their order.
pub(crate) fn name_of<'f>(fields: impl Iterator<Item = (&'f [u8], &'f [u8])>) -> [u8; 16] {
    let pairs = fields.map(|(field, value)| {
        let mut pair = Vec::with_capacity(8 + field.len() + value.len());
        pair.extend_from_slice(&(field.len() as u64).to_le_bytes());
        pair.extend_from_slice(field);
        pair.extend_from_slice(value);
        xxh3_128(&pair)
    });
    pairs.fold(0, u128::wrapping_add).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64) -> StreamId {
        StreamId::new(ms, 0)
    }

    /// What the counts should be, counted.
    fn check(seen: &Idempotency) {
        let mut counted = seen.clone();
        counted.recount();
        let capacities = |i: &Idempotency| {
            i.producers.iter().map(|(name, p)| name.len() + p.heap_size()).sum::<usize>()
        };
        assert_eq!(seen.owned, capacities(seen));
        assert_eq!(counted.owned, capacities(&counted));
        for (_, producer) in seen.producers.iter() {
            assert_eq!(producer.by_name.len(), producer.messages.len());
            assert!(producer.by_name.is_sorted_by_key(|number| &producer.message(*number).name));
        }
    }

    #[test]
    fn remembers_so_many_of_each_producer_and_so_long() {
        let mut seen = Idempotency::default();
        seen.set_memory(Memory { duration: 10, max_size: 3 });
        let name = |i: u64| (i * 7 % 11).to_string().into_bytes();
        for i in 1..=5 {
            seen.remember(b"p", &name(i), id(i), Millis(i as i64 * 1000));
            seen.remember(b"q", &name(i), id(i + 100), Millis(i as i64 * 1000));
            check(&seen);
        }
        assert_eq!(seen.counts(Millis(5000)), (2, 6));
        assert_eq!(seen.find(b"p", &name(2), Millis(5000)), None);
        assert_eq!(seen.find(b"p", &name(3), Millis(5000)), Some(id(3)));
        assert_eq!(seen.find(b"q", &name(3), Millis(12_999)), Some(id(103)));
        assert_eq!(seen.find(b"q", &name(3), Millis(13_000)), None);
        assert_eq!(seen.counts(Millis(14_000)), (2, 2));
        assert_eq!(seen.find(b"r", b"", Millis(14_000)), None);
        // One producer's message has those of the others forgotten in turn.
        seen.remember(b"r", b"1", id(200), Millis(99_000));
        seen.remember(b"r", b"2", id(201), Millis(99_000));
        assert_eq!(seen.iter().count(), 2);
        check(&seen);
        seen.set_memory(Memory { duration: 10, max_size: 3 });
        assert_eq!(seen.counts(Millis(99_000)), (1, 2));
        seen.set_memory(Memory { duration: 10, max_size: 4 });
        assert_eq!(seen.counts(Millis(99_000)), (0, 0));
        check(&seen);
    }

    #[test]
    fn a_name_follows_from_the_pairs_and_not_from_their_order() {
        let of = |pairs: &[(&str, &str)]| {
            name_of(pairs.iter().map(|(f, v)| (f.as_bytes(), v.as_bytes())))
        };
        assert_eq!(of(&[("a", "1"), ("b", "2")]), of(&[("b", "2"), ("a", "1")]));
        let different: &[&[(&str, &str)]] = &[
            &[("a", "1")],
            &[("a", "2")],
            &[("a1", "")],
            &[("", "a1")],
            &[("a", "1"), ("a", "1")],
        ];
        let names: std::collections::HashSet<_> = different.iter().map(|pairs| of(pairs)).collect();
        assert_eq!(names.len(), different.len());
    }
}
