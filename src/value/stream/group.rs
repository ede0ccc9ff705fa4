//! Consumer groups: who was given which entry, and what is not acknowledged yet.

use crate::clock::Millis;
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
    /// To whom.
    pub(crate) consumer: ConsumerId,
}

impl Pending {
    /// Milliseconds since the delivery; negative if it lies ahead.
    pub(crate) fn idle(&self, now: Millis) -> i64 {
        now.0.saturating_sub(self.delivered.0)
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
        self.name.len() + self.pending.heap_size()
    }
}

/// A consumer group.
///
/// Each pending entry stands once in `pending` and once in its consumer's list, and nowhere else.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// The greatest id that was delivered to anyone, or that the group was set to.
    pub(crate) last_id: StreamId,
    /// How many entries of those ever added come up to `last_id`, if that is known.
    pub(crate) entries_read: Option<i64>,
    pending: Ordered<StreamId, Pending>,
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
            consumers: Vec::new(),
            by_name: Vec::new(),
            owned: 0,
        }
    }

    /// Bytes allocated.
    pub(crate) fn heap_size(&self) -> usize {
        self.pending.heap_size()
            + self.consumers.capacity() * size_of::<Option<Consumer>>()
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
        let consumer =
            Consumer { name: name.into(), seen: now, active: None, pending: Ordered::default() };
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

    /// Makes an entry pending for a consumer, whoever had it.
    pub(crate) fn assign(&mut self, id: StreamId, pending: Pending) {
        let before = self.pending.insert(id, pending).map(|before| before.consumer);
        if before == Some(pending.consumer) {
            return;
        }
        if let Some(before) = before {
            self.edit_pending(before, |pending| pending.remove(&id));
        }
        self.edit_pending(pending.consumer, |pending| pending.insert(id, ()));
    }

    /// Takes an entry off the pending ones. Returns whether it was one.
    pub(crate) fn acknowledge(&mut self, id: StreamId) -> bool {
        let Some(pending) = self.pending.remove(&id) else { return false };
        self.edit_pending(pending.consumer, |pending| pending.remove(&id));
        true
    }

    /// Whether an entry is still of use to the group: pending, or not delivered yet.
    pub(crate) fn needs(&self, id: StreamId) -> bool {
        id > self.last_id || self.pending.contains(&id)
    }
}
