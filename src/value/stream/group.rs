//! Consumer groups: who was given which entry, and what is not acknowledged yet.

use crate::clock::Millis;
use crate::ds::blocks::block_size;
use crate::ds::ordered::Ordered;
use crate::ds::stream_log::StreamId;

/// A consumer's number within its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConsumerId(u32);

/// A delivery that was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pending {
    /// When the entry was last delivered.
    pub(crate) delivered: Millis,
    /// How often it was delivered.
    pub(crate) count: i64,
    /// To whom; nobody has what was given back.
    pub(crate) consumer: Option<ConsumerId>,
}

impl Pending {
    /// What nobody has any more, and anybody may claim at once.
    pub(crate) fn given_back(count: i64) -> Pending {
        Pending { delivered: Millis(0), count, consumer: None }
    }

    /// Milliseconds since the delivery; negative if it lies ahead.
    pub(crate) fn idle(&self, now: Millis) -> i64 {
        now.0.saturating_sub(self.delivered.0)
    }

    /// Whether the delivery was so long ago, as that of what was given back always was.
    pub(crate) fn is_idle_for(&self, min_idle: i64, now: Millis) -> bool {
        self.consumer.is_none() || self.idle(now) >= min_idle
    }

    /// How often it will have been delivered after one delivery more.
    pub(crate) fn once_more(&self) -> i64 {
        self.count.saturating_add(1)
    }
}

/// One consumer.
#[derive(Debug, Clone)]
pub(crate) struct Consumer {
    name: Box<[u8]>,
    /// When it last tried to read or claim.
    pub(crate) seen: Millis,
    /// When it was last given an entry.
    pub(crate) active: Option<Millis>,
    /// The ids among the group's pending ones that are this consumer's.
    pending: Ordered<StreamId, ()>,
}

impl Consumer {
    /// One that has nothing.
    pub(crate) fn new(name: &[u8], now: Millis) -> Consumer {
        Consumer { name: name.into(), seen: now, active: None, pending: Ordered::default() }
    }

    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    /// How many entries wait for this consumer's acknowledgement.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The ids of those entries, from one on.
    pub(crate) fn pending_from(&self, from: StreamId) -> impl Iterator<Item = StreamId> {
        self.pending.iter_from(self.pending.ceiling(&from)).map(|(id, ())| *id)
    }

    fn heap_size(&self) -> usize {
        block_size(self.name.len()) + self.pending.heap_size()
    }
}

/// A consumer group.
///
/// Each pending entry stands once in `pending` and once in its consumer's list, or in `given_back` if it is nobody's,
/// and nowhere else.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// The greatest id that was delivered to anyone, or that the group was set to.
    pub(crate) last_id: StreamId,
    /// How many entries of those ever added come up to `last_id`, if that is known.
    pub(crate) entries_read: Option<i64>,
    pending: Ordered<StreamId, Pending>,
    /// Those that nobody has, with their turns: who gives back first is claimed from first.
    given_back: Ordered<StreamId, u64>,
    /// The next of those turns.
    next_turn: u64,
    /// By number; freed numbers are used again.
    consumers: Vec<Option<Consumer>>,
    /// The numbers, in the order of their consumers' names.
    by_name: Vec<u32>,
    /// What the consumers own.
    owned: usize,
}

impl Group {
    pub(crate) fn new(last_id: StreamId, entries_read: Option<i64>) -> Group {
        Group {
            last_id,
            entries_read,
            pending: Ordered::default(),
            given_back: Ordered::default(),
            next_turn: 0,
            consumers: Vec::new(),
            by_name: Vec::new(),
            owned: 0,
        }
    }

    /// Bytes allocated.
    pub(crate) fn heap_size(&self) -> usize {
        self.pending.heap_size()
            + self.given_back.heap_size()
            + block_size(self.consumers.capacity() * size_of::<Option<Consumer>>())
            + self.by_name.capacity() * size_of::<u32>()
            + self.owned
    }

    /// About how many allocations freeing the group gives back.
    pub(super) fn effort(&self) -> usize {
        // Each pending entry lies in two lists.
        self.pending.effort() * 2 + self.by_name.len() * 2
    }

    /// What a clone's parts own, which have less room than those they were cloned from.
    pub(super) fn recount(&mut self) {
        self.owned = self.consumers.iter().flatten().map(Consumer::heap_size).sum();
    }

    /// Entries that are not acknowledged.
    pub(crate) fn pending(&self) -> &Ordered<StreamId, Pending> {
        &self.pending
    }

    /// Those of them that were given back, each with its turn.
    pub(crate) fn given_back(&self) -> &Ordered<StreamId, u64> {
        &self.given_back
    }

    /// Those that were given back, in the order in which they were.
    pub(crate) fn in_turn(&self) -> Vec<StreamId> {
        let mut turns: Vec<(u64, StreamId)> =
            self.given_back.iter().map(|(id, turn)| (*turn, *id)).collect();
        turns.sort_unstable();
        turns.into_iter().map(|(_, id)| id).collect()
    }

    /// The consumers, in the order of their names.
    pub(crate) fn consumers(&self) -> impl ExactSizeIterator<Item = &Consumer> {
        self.by_name.iter().map(|number| self.consumer(ConsumerId(*number)))
    }

    pub(crate) fn consumer(&self, id: ConsumerId) -> &Consumer {
        self.consumers[id.0 as usize].as_ref().expect("consumers outlive what is theirs")
    }

    pub(crate) fn consumer_mut(&mut self, id: ConsumerId) -> &mut Consumer {
        self.consumers[id.0 as usize].as_mut().expect("consumers outlive what is theirs")
    }

    /// The name of the consumer that has an entry; empty if nobody has.
    pub(crate) fn name_of(&self, pending: &Pending) -> &[u8] {
        pending.consumer.map_or(&[], |consumer| self.consumer(consumer).name())
    }

    fn search(&self, name: &[u8]) -> Result<usize, usize> {
        self.by_name.binary_search_by(|number| (*self.consumer(ConsumerId(*number)).name).cmp(name))
    }

    pub(crate) fn find_consumer(&self, name: &[u8]) -> Option<ConsumerId> {
        self.search(name).ok().map(|at| ConsumerId(self.by_name[at]))
    }

    /// The consumer of that name, made if there is none; whether it was made.
    pub(crate) fn ensure_consumer(&mut self, name: &[u8], now: Millis) -> (ConsumerId, bool) {
        let at = match self.search(name) {
            Ok(at) => return (ConsumerId(self.by_name[at]), false),
            Err(at) => at,
        };
        let consumer = Consumer::new(name, now);
        self.owned += consumer.heap_size();
        let free = self.consumers.iter().position(Option::is_none).unwrap_or(self.consumers.len());
        if free == self.consumers.len() {
            self.consumers.push(None);
        }
        self.consumers[free] = Some(consumer);
        let number = u32::try_from(free).expect("a consumer takes more than a byte");
        self.by_name.insert(at, number);
        (ConsumerId(number), true)
    }

    /// Removes a consumer with what is pending for it. Returns how much that was.
    pub(crate) fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let at = self.search(name).ok()?;
        let number = self.by_name.remove(at);
        let consumer = self.consumers[number as usize].take().expect("it has a name");
        self.owned -= consumer.heap_size();
        for (id, ()) in consumer.pending.iter() {
            self.pending.remove(id);
        }
        Some(consumer.pending.len())
    }

    fn edit_pending<R>(
        &mut self,
        id: ConsumerId,
        edit: impl FnOnce(&mut Ordered<StreamId, ()>) -> R,
    ) -> R {
        let pending = &mut self.consumer_mut(id).pending;
        let before = pending.heap_size();
        let result = edit(pending);
        let after = pending.heap_size();
        self.owned = self.owned + after - before;
        result
    }

    /// Makes an entry pending for a consumer, whoever had it; or for nobody, behind all others that are.
    pub(crate) fn assign(&mut self, id: StreamId, pending: Pending) {
        let before = self.pending.insert(id, pending).map(|before| before.consumer);
        if before != Some(pending.consumer) {
            if let Some(before) = before {
                self.take_from(before, id);
            }
            if let Some(consumer) = pending.consumer {
                self.edit_pending(consumer, |pending| pending.insert(id, ()));
            }
        }
        if pending.consumer.is_none() {
            self.given_back.insert(id, self.next_turn);
            self.next_turn += 1;
        }
    }

    /// Takes an entry off the list in which it is beside `pending`.
    fn take_from(&mut self, owner: Option<ConsumerId>, id: StreamId) {
        match owner {
            Some(consumer) => drop(self.edit_pending(consumer, |pending| pending.remove(&id))),
            None => drop(self.given_back.remove(&id)),
        }
    }

    /// Takes an entry off the pending ones. Returns whether it was one.
    pub(crate) fn acknowledge(&mut self, id: StreamId) -> bool {
        let Some(pending) = self.pending.remove(&id) else { return false };
        self.take_from(pending.consumer, id);
        true
    }

    /// Whether an entry is still of use to the group: pending, or not delivered yet.
    pub(crate) fn needs(&self, id: StreamId) -> bool {
        id > self.last_id || self.pending.contains(&id)
    }
}
