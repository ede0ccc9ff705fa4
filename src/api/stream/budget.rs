//! How much one call reads: of each stream, of all together, and in bytes.

use crate::ds::stream_log::{Entry, Fields, IdText, StreamId};

/// How many entries one call reads; made by methods named after XREAD's options. A number alone is
/// [`count`](ReadLimit::count).
///
/// ```
/// use std::time::Duration;
/// use danio::{Db, ReadLimit, StreamId};
///
/// let db = Db::in_memory();
/// for n in 0..5 {
///     db.xadd("a", [("n", n.to_string())])?;
///     db.xadd("b", [("n", n.to_string())])?;
/// }
/// let streams = [("a", StreamId::MIN), ("b", StreamId::MIN)];
/// let read = |limit| db.xread_blocking(streams, limit, Duration::ZERO);
/// let sizes = |limit| Ok::<_, danio::Error>(read(limit)?.iter().map(|(_, read)| read.len()).collect::<Vec<_>>());
/// assert_eq!(sizes(ReadLimit::new().count(3))?, [3, 3]);
/// assert_eq!(sizes(ReadLimit::new().count(3).max_count(4))?, [3, 1]);
/// // One entry there is always, whatever its size.
/// assert_eq!(sizes(ReadLimit::new().max_size(1))?, [1]);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    count: usize,
    max_count: usize,
    max_size: usize,
}

impl Default for ReadLimit {
    fn default() -> ReadLimit {
        ReadLimit { count: usize::MAX, max_count: usize::MAX, max_size: usize::MAX }
    }
}

impl From<usize> for ReadLimit {
    fn from(count: usize) -> ReadLimit {
        ReadLimit::new().count(count)
    }
}

impl ReadLimit {
    /// All there are.
    pub fn new() -> ReadLimit {
        ReadLimit::default()
    }

    /// So many entries of each stream (`COUNT`).
    pub fn count(mut self, count: usize) -> ReadLimit {
        self.count = count;
        self
    }

    /// So many of all streams together, those that are named first before others (`MAXCOUNT` of Redis 8.10).
    pub fn max_count(mut self, count: usize) -> ReadLimit {
        self.max_count = count;
        self
    }

    /// No more once what was read takes so many bytes, however many entries that are, one at least (`MAXSIZE` of Redis
    /// 8.10). Counted is what entries and the keys of their streams take in the protocol, so that what is read is
    /// longer than this by less than its last entry and key.
    pub fn max_size(mut self, bytes: usize) -> ReadLimit {
        self.max_size = bytes;
        self
    }

    /// One entry at least, of each stream and of all.
    pub(super) fn at_least_one(self) -> ReadLimit {
        ReadLimit { count: self.count.max(1), max_count: self.max_count.max(1), ..self }
    }
}

/// What one call has read, and may read still.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: ReadLimit,
    entries: usize,
    bytes: usize,
    /// What the key of the stream that is read takes, until that has given an entry.
    head: usize,
}

impl Budget {
    pub(crate) fn new(limit: ReadLimit) -> Budget {
        Budget { limit, entries: 0, bytes: 0, head: 0 }
    }

    /// Whether nothing more is to be read.
    pub(crate) fn is_spent(&self) -> bool {
        let full = self.entries > 0 && self.bytes >= self.limit.max_size;
        full || self.entries >= self.limit.max_count
    }

    /// How many entries the next stream may give at most.
    pub(crate) fn room(&self) -> usize {
        self.limit.count.min(self.limit.max_count - self.entries)
    }

    fn counts_bytes(&self) -> bool {
        self.limit.max_size != usize::MAX
    }

    /// Notes that a stream is read.
    pub(crate) fn begin(&mut self, key: &[u8]) {
        self.head = bulk(key.len());
    }

    /// Notes an entry that is read; with its share in earlier deliveries, if that is told.
    pub(crate) fn take(
        &mut self,
        id: StreamId,
        fields: Option<&Fields<'_>>,
        claimed: Option<(i64, i64)>,
    ) {
        self.entries += 1;
        if self.counts_bytes() {
            let head = std::mem::take(&mut self.head);
            self.bytes = self.bytes.saturating_add(head + size(id, fields, claimed));
        }
    }

    /// How many of the entries of one stream are read.
    pub(crate) fn share<'e>(
        &mut self,
        key: &[u8],
        entries: impl Iterator<Item = Entry<'e>>,
    ) -> usize {
        if self.limit.max_count == usize::MAX && !self.counts_bytes() {
            return self.limit.count;
        }
        let before = self.entries;
        self.begin(key);
        for entry in entries.take(self.room()) {
            if self.is_spent() {
                break;
            }
            self.take(entry.id, Some(&entry.fields), None);
        }
        self.entries - before
    }
}

/// The bytes that an entry takes.
fn size(id: StreamId, fields: Option<&Fields<'_>>, claimed: Option<(i64, i64)>) -> usize {
    // `*2` or `*4`, the id, the fields; where they are gone `*-1`.
    let fields = fields.map_or(head(1) + 1, |fields| {
        let pairs = fields.clone().map(|(field, value)| bulk(field.len()) + bulk(value.len()));
        head(fields.len() * 2) + pairs.sum::<usize>()
    });
    let number = |number: i64| 3 + itoa::Buffer::new().format(number).len();
    let share = claimed.map_or(0, |(idle, count)| number(idle.max(0)) + number(count));
    head(2) + bulk(id.format(&mut IdText::new()).len()) + fields + share
}

/// The bytes of a line that says a length.
fn head(count: usize) -> usize {
    3 + itoa::Buffer::new().format(count).len()
}

/// The bytes of a string of so many.
fn bulk(len: usize) -> usize {
    head(len) + len + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::stream_log::{BlockLimits, StreamLog};

    #[test]
    fn bytes_are_those_of_the_protocol() {
        let mut log = StreamLog::default();
        let fields = [(&b"name"[..], &b"-12345"[..]), (b"", &[b'x'; 300])];
        let limits = BlockLimits { bytes: 0, entries: 0 };
        log.append(StreamId::new(17, 4), fields.into_iter(), limits);
        let entry = log.get(StreamId::new(17, 4)).expect("it is there");
        let text =
            format!("$4\r\nname\r\n$6\r\n-12345\r\n$0\r\n\r\n$300\r\n{}\r\n", "x".repeat(300));
        let plain = format!("*2\r\n$4\r\n17-4\r\n*4\r\n{text}");
        assert_eq!(size(entry.id, Some(&entry.fields), None), plain.len());
        let claimed = format!("*4\r\n$4\r\n17-4\r\n*4\r\n{text}:1000\r\n:12\r\n");
        assert_eq!(size(entry.id, Some(&entry.fields), Some((1000, 12))), claimed.len());
        assert_eq!(size(entry.id, None, None), "*2\r\n$4\r\n17-4\r\n*-1\r\n".len());
        assert_eq!(bulk(10), "$10\r\n0123456789\r\n".len());
    }

    #[test]
    fn nothing_is_counted_without_end() {
        let mut budget = Budget::new(ReadLimit::new().count(3));
        assert_eq!((budget.room(), budget.is_spent()), (3, false));
        let log = StreamLog::default();
        let entries = || log.range(StreamId::MIN, StreamId::MAX);
        assert_eq!(budget.share(b"k", entries()), 3);
        let mut budget = Budget::new(ReadLimit::new().count(3).max_count(2));
        assert_eq!((budget.room(), budget.share(b"k", entries())), (2, 0));
        budget.take(StreamId::MIN, None, None);
        assert_eq!((budget.room(), budget.is_spent()), (1, false));
        budget.take(StreamId::MIN, None, None);
        assert_eq!((budget.room(), budget.is_spent()), (0, true));
        // The first entry is read whatever it takes.
        let mut budget = Budget::new(ReadLimit::from(3).max_size(1));
        budget.begin(b"k");
        assert!(!budget.is_spent());
        budget.take(StreamId::MIN, None, None);
        assert!(budget.is_spent());
    }
}
