//! The id of a stream's entry.

use std::fmt;
use std::str::FromStr;

/// The id of an entry in a stream: milliseconds and a sequence number, `1526919030474-55` in text.
///
/// Ids are ordered, by time first. `0-0` is [`MIN`](StreamId::MIN), which no entry has.
///
/// ```
/// use danio::StreamId;
///
/// let id: StreamId = "1526919030474-55".parse()?;
/// assert_eq!((id.ms, id.seq), (1526919030474, 55));
/// assert!(id < StreamId::new(1526919030475, 0) && id.to_string() == "1526919030474-55");
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StreamId {
    /// Milliseconds since 1970, if the id was made from the clock.
    pub ms: u64,
    /// Tells apart entries of the same millisecond.
    pub seq: u64,
}

impl StreamId {
    /// The least id, `0-0`, which no entry has: where ranges over everything start.
    pub const MIN: StreamId = StreamId { ms: 0, seq: 0 };
    /// The greatest id.
    pub const MAX: StreamId = StreamId { ms: u64::MAX, seq: u64::MAX };

    /// The id `ms-seq`.
    pub const fn new(ms: u64, seq: u64) -> StreamId {
        StreamId { ms, seq }
    }

    /// The id right after this one; `None` after [`MAX`](StreamId::MAX).
    ///
    /// ```
    /// use danio::StreamId;
    /// assert_eq!(StreamId::new(5, u64::MAX).next(), Some(StreamId::new(6, 0)));
    /// assert_eq!(StreamId::MAX.next(), None);
    /// ```
    pub const fn next(self) -> Option<StreamId> {
        if self.seq < u64::MAX {
            Some(StreamId::new(self.ms, self.seq + 1))
        } else if self.ms < u64::MAX {
            Some(StreamId::new(self.ms + 1, 0))
        } else {
            None
        }
    }

    /// The id right before this one; `None` before [`MIN`](StreamId::MIN).
    ///
    /// ```
    /// use danio::StreamId;
    /// assert_eq!(StreamId::new(6, 0).prev(), Some(StreamId::new(5, u64::MAX)));
    /// assert_eq!(StreamId::MIN.prev(), None);
    /// ```
    pub const fn prev(self) -> Option<StreamId> {
        if self.seq > 0 {
            Some(StreamId::new(self.ms, self.seq - 1))
        } else if self.ms > 0 {
            Some(StreamId::new(self.ms - 1, u64::MAX))
        } else {
            None
        }
    }

    /// Writes the id's text into `text`.
    pub(crate) fn format(self, text: &mut IdText) -> &[u8] {
        let mut digits = itoa::Buffer::new();
        let ms = digits.format(self.ms).as_bytes();
        text.0[..ms.len()].copy_from_slice(ms);
        text.0[ms.len()] = b'-';
        let seq_at = ms.len() + 1;
        let seq = digits.format(self.seq).as_bytes();
        text.0[seq_at..seq_at + seq.len()].copy_from_slice(seq);
        &text.0[..seq_at + seq.len()]
    }
}

/// Room for an id's text.
#[derive(Debug)]
pub(crate) struct IdText([u8; 41]);

impl IdText {
    pub(crate) fn new() -> IdText {
        IdText([0; 41])
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

impl FromStr for StreamId {
    type Err = crate::error::Error;

    /// Reads `ms-seq`, or `ms` for `ms-0`.
    ///
    /// # Errors
    /// [`Error::Reply`](crate::Error::Reply) with Redis's words for what is no id.
    fn from_str(text: &str) -> Result<StreamId, Self::Err> {
        let number = |text: &str| {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u64>().ok().filter(|_| digits)
        };
        let (ms, seq) = text.split_once('-').unwrap_or((text, "0"));
        let id = number(ms).zip(number(seq)).map(|(ms, seq)| StreamId { ms, seq });
        id.ok_or_else(crate::error::Error::invalid_stream_id)
    }
}

impl From<(u64, u64)> for StreamId {
    fn from((ms, seq): (u64, u64)) -> StreamId {
        StreamId { ms, seq }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        for id in [StreamId::MIN, StreamId::MAX, StreamId::new(1, 2), StreamId::new(0, u64::MAX)] {
            let text = id.to_string();
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(id.format(&mut IdText::new()), text.as_bytes());
        }
        assert_eq!("7".parse(), Ok(StreamId::new(7, 0)));
        for text in
            ["", "-", "+", "a", "1-", "-1", "1-a", "1-2-3", "+1-0", "1-+2", "18446744073709551616"]
        {
            assert!(text.parse::<StreamId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn neighbours() {
        let id = StreamId::new(3, 4);
        assert_eq!(id.next().and_then(StreamId::prev), Some(id));
        assert!(id < id.next().expect("more") && id > id.prev().expect("less"));
    }
}
