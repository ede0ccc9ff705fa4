//! Strings as arrays of bits: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP.

use std::ops::{Bound, RangeBounds};

use super::{Db, Scope};
use crate::ds::bits::{self, BitOp};
use crate::ds::blob::Blob;
use crate::error::{Error, Result};
use crate::keyspace::event::{SET, SETBIT};
use crate::keyspace::{Access, Key, Slot, Tx};
use crate::value::Encoding;
use crate::value::string::{Digits, INLINE_MAX, StringRef, StringValue};

/// What is said of a bit past the limit for strings.
pub(crate) const BIT_OFFSET: Error =
    Error::Reply(std::borrow::Cow::Borrowed("ERR bit offset is not an integer or out of range"));

/// A part of a string, in bytes or bits, both ends included as Redis has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitRange {
    start: i64,
    /// `None` if the range was given without one: BITPOS then looks beyond the string.
    end: Option<i64>,
    in_bits: bool,
}

impl BitRange {
    /// Bytes by number; negative ones count from the end of the string, -1 being the last.
    ///
    /// ```
    /// use danio::{BitRange, Db};
    /// let db = Db::in_memory();
    /// db.set("k", "foobar")?;
    /// assert_eq!(db.bit_count_in("k", BitRange::bytes(1..=1))?, 6);
    /// assert_eq!(db.bit_count_in("k", BitRange::bytes(-2..))?, 7);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bytes(range: impl RangeBounds<i64>) -> BitRange {
        BitRange::new(&range, false)
    }

    /// Bits by number; negative ones count from the end of the string, -1 being the last.
    ///
    /// ```
    /// use danio::{BitRange, Db};
    /// let db = Db::in_memory();
    /// db.set("k", "foobar")?;
    /// assert_eq!(db.bit_count_in("k", BitRange::bits(5..=30))?, 17);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bits(range: impl RangeBounds<i64>) -> BitRange {
        BitRange::new(&range, true)
    }

    /// From `start` to `end` as a command has them.
    pub(crate) fn given(start: i64, end: Option<i64>, in_bits: bool) -> BitRange {
        BitRange { start, end, in_bits }
    }

    fn new(range: &impl RangeBounds<i64>, in_bits: bool) -> BitRange {
        const NOTHING: (i64, Option<i64>) = (1, Some(0));
        let (start, end) = match (range.start_bound(), range.end_bound()) {
            // What is next to the last, or before the first, is nothing and not the other end.
            (Bound::Excluded(-1), _) | (_, Bound::Excluded(0 | &i64::MIN)) => NOTHING,
            (start, end) => (
                match start {
                    Bound::Included(start) => *start,
                    Bound::Excluded(before) => before.saturating_add(1),
                    Bound::Unbounded => 0,
                },
                match end {
                    Bound::Included(end) => Some(*end),
                    Bound::Excluded(behind) => Some(*behind - 1),
                    Bound::Unbounded => None,
                },
            ),
        };
        BitRange { start, end, in_bits }
    }

    /// The first and the last bit, of a string of `len` bytes; `None` if there is none.
    fn of(self, len: usize) -> Option<(u64, u64)> {
        let unit = if self.in_bits { 1 } else { 8 };
        // A string is at most 2^29 bytes long.
        let total = len as i64 * (8 / unit);
        let from_end = |i: i64| if i < 0 { (total + i).max(0) } else { i };
        let (start, end) = (from_end(self.start), from_end(self.end.unwrap_or(-1)).min(total - 1));
        let bit = |i: i64| (i * unit).cast_unsigned();
        (start <= end).then(|| (bit(start), bit(end) + (unit - 1).cast_unsigned()))
    }
}

impl Tx<'_> {
    /// How many bytes a string needs for a bit; an error if that is too many.
    fn bytes_for_bit(&self, at: u64) -> Result<usize> {
        let byte = usize::try_from(at / 8).ok().filter(|byte| *byte < self.max_string());
        byte.map(|byte| byte + 1).ok_or(BIT_OFFSET)
    }

    /// Sets or clears a bit (`SETBIT`). Returns what it was.
    pub(crate) fn set_bit(&mut self, key: Key<'_>, at: u64, on: bool) -> Result<bool> {
        let needed = self.bytes_for_bit(at)?;
        self.change(key, |slot| {
            let (len, was) = match slot.entry() {
                Some(entry) => {
                    let (string, mut digits) = (entry.string()?, Digits::new());
                    let bytes = string.bytes(&mut digits);
                    (bytes.len(), bits::bit(bytes, at))
                }
                None => (0, false),
            };
            if len >= needed && was == on {
                keep_as_raw(slot, len);
                return Ok(slot.same(was));
            }
            let byte = &mut edited(slot, len.max(needed))[needed - 1];
            *byte = *byte & !bits::mask(at) | if on { bits::mask(at) } else { 0 };
            Ok(slot.changed(was, &[SETBIT], |effect| {
                let (at, on) = (at.to_string(), if on { b"1" } else { b"0" });
                effect.command(&[b"SETBIT", key.bytes, at.as_bytes(), on]);
            }))
        })
    }

    /// Clears a bit that is set (`SETBIT`); what is shorter stays so. Returns what it was.
    pub(crate) fn clear_bit(&mut self, key: Key<'_>, at: u64) -> Result<bool> {
        if !self.get_bit(key, at)? {
            return Ok(false);
        }
        self.set_bit(key, at, false)
    }

    /// The bit at `at`, zero past the end (`GETBIT`).
    pub(crate) fn get_bit(&self, key: Key<'_>, at: u64) -> Result<bool> {
        self.bytes_for_bit(at)?;
        self.with_bytes(key, |bytes| bits::bit(bytes, at))
    }

    /// How many bits are set (`BITCOUNT`).
    pub(crate) fn bit_count(&self, key: Key<'_>, range: Option<BitRange>) -> Result<u64> {
        self.with_bytes(key, |bytes| {
            let Some(range) = range else { return bits::count(bytes) };
            // Both ends before the string would otherwise meet at its start.
            if range.start < 0 && range.end.is_some_and(|end| end < 0 && range.start > end) {
                return 0;
            }
            let part = range.of(bytes.len());
            part.map_or(0, |(first, last)| bits::count_in(bytes, first, last))
        })
    }

    /// Where the first bit is that is `wanted` (`BITPOS`). Behind a string is a clear one, unless the
    /// range has an end.
    pub(crate) fn bit_pos(
        &self,
        key: Key<'_>,
        wanted: bool,
        range: BitRange,
    ) -> Result<Option<u64>> {
        let Some(string) = self.string(key)? else { return Ok((!wanted).then_some(0)) };
        let mut digits = Digits::new();
        let bytes = string.bytes(&mut digits);
        let Some((first, last)) = range.of(bytes.len()) else { return Ok(None) };
        let found = bits::find_in(bytes, wanted, first, last);
        Ok(found.or_else(|| (!wanted && range.end.is_none()).then_some(last + 1)))
    }

    /// Combines the strings under `sources` into `target`, which is removed if they are all empty
    /// (`BITOP`). Returns how long the result is.
    pub(crate) fn bit_op(
        &mut self,
        op: BitOp,
        target: Key<'_>,
        sources: &[Key<'_>],
    ) -> Result<usize> {
        let in_place = sources.iter().all(|source| source.bytes != target.bytes);
        let sources_read: Vec<Source> = sources
            .iter()
            .map(|source| Ok(self.string(*source)?.map_or(Source::Short(Vec::new()), Source::from)))
            .collect::<Result<_>>()?;
        let bytes: Vec<&[u8]> = sources_read.iter().map(Source::bytes).collect();
        let len = bytes.iter().map(|bytes| bytes.len()).max().unwrap_or(0);
        if len == 0 {
            self.remove(target)?;
            return Ok(0);
        }
        self.change(target, |slot| {
            // Memory that is new comes page by page from the system, which takes longer than to
            // combine: a string of about this size is overwritten.
            let old = slot.entry().filter(|_| in_place).and_then(|entry| entry.string().ok());
            if matches!(old, Some(StringRef::Long(old)) if (len..=2 * len).contains(&old.len()))
                && let Some(entry) = slot.entry_mut()
            {
                bits::combine(op, entry.edit(len), &bytes);
                entry.set_expiry(None);
            } else {
                let mut result = Blob::with_capacity(len);
                bits::combine(op, result.resized(len), &bytes);
                // A short result lies behind its key.
                let value = match len <= INLINE_MAX {
                    true => StringValue::Edited(&result),
                    false => StringValue::Apart(result),
                };
                slot.put_string(value, None);
            }
            Ok(slot.changed(len, &[SET], |effect| {
                let mut words = vec![b"BITOP", op_name(op).as_bytes(), target.bytes];
                words.extend(sources.iter().map(|source| source.bytes));
                effect.command(&words);
            }))
        })
    }

    /// Calls `look` with the bytes of a string, none if it is missing.
    pub(super) fn with_bytes<R>(&self, key: Key<'_>, look: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let mut digits = Digits::new();
        Ok(look(self.string(key)?.map_or(&b""[..], |string| string.bytes(&mut digits))))
    }
}

/// A string to be combined, held apart from its key: another may be written meanwhile.
enum Source {
    Short(Vec<u8>),
    Shared(Blob),
}

impl Source {
    fn bytes(&self) -> &[u8] {
        match self {
            Source::Short(bytes) => bytes,
            Source::Shared(blob) => blob,
        }
    }
}

impl From<StringRef<'_>> for Source {
    fn from(string: StringRef<'_>) -> Source {
        match string {
            StringRef::Long(blob) => Source::Shared(blob.clone()),
            short => Source::Short(short.bytes(&mut Digits::new()).to_vec()),
        }
    }
}

/// The word for an operation.
fn op_name(op: BitOp) -> &'static str {
    match op {
        BitOp::And => "AND",
        BitOp::Or => "OR",
        BitOp::Xor => "XOR",
        BitOp::Not => "NOT",
        BitOp::Diff => "DIFF",
        BitOp::Diff1 => "DIFF1",
        BitOp::AndOr => "ANDOR",
        BitOp::One => "ONE",
    }
}

/// The string's bytes to be changed, `len` of them; made if the key is missing.
pub(super) fn edited<'s>(slot: &'s mut Slot<'_>, len: usize) -> &'s mut [u8] {
    if slot.entry().is_none() {
        slot.put_string(StringValue::Edited(&[]), None);
    }
    slot.entry_mut().expect("made above").edit(len)
}

/// What is opened for writing is `raw` ever after, as in Redis, even if nothing is written.
pub(super) fn keep_as_raw(slot: &mut Slot<'_>, len: usize) {
    if slot.entry().is_some_and(|entry| entry.encoding() != Encoding::Raw) {
        edited(slot, len);
    }
}

impl<S: Scope> Db<S> {
    /// Sets or clears the bit at `at` of the string under `key`, which is made, or lengthened with zeros,
    /// if it is too short (`SETBIT`, O(1), locks one stripe). Returns what the bit was. Bit 0 is the
    /// highest of the first byte.
    ///
    /// # Errors
    /// [`Error::Reply`] if `at` lies beyond the longest string (2^32 bits unless configured);
    /// [`Error::WrongType`] if the key holds no string. Nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(!db.set_bit("seen", 7, true)?);
    /// assert!(db.get_bit("seen", 7)?);
    /// assert_eq!(db.get("seen")?.as_deref(), Some(&b"\x01"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn set_bit(&self, key: impl AsRef<[u8]>, at: u64, on: bool) -> Result<bool> {
        self.grow(key.as_ref(), |tx, key| tx.set_bit(key, at, on))
    }

    /// Clears the bit at `at` of the string under `key` if it is set (`SETBIT`, O(1), locks one stripe). Returns what the
    /// bit was. Unlike [`set_bit`](Db::set_bit) it makes no key and no string longer, and so needs no memory.
    ///
    /// # Errors
    /// As [`set_bit`](Db::set_bit).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set_bit("seen", 7, true)?;
    /// assert!(db.clear_bit("seen", 7)? && !db.clear_bit("seen", 7_000)?);
    /// assert_eq!(db.strlen("seen")?, 1);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn clear_bit(&self, key: impl AsRef<[u8]>, at: u64) -> Result<bool> {
        self.write(key.as_ref(), |tx, key| tx.clear_bit(key, at))
    }

    /// Returns the bit at `at` of the string under `key`, false past its end (`GETBIT`, O(1), locks one
    /// stripe shared).
    ///
    /// # Errors
    /// As [`set_bit`](Db::set_bit).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "a")?; // 0110_0001
    /// assert!(db.get_bit("k", 1)? && !db.get_bit("k", 3)? && !db.get_bit("k", 1000)?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn get_bit(&self, key: impl AsRef<[u8]>, at: u64) -> Result<bool> {
        self.read(key.as_ref(), |tx, key| tx.get_bit(key, at))
    }

    /// Counts the bits that are set in the string under `key` (`BITCOUNT`, O(bytes), locks one stripe
    /// shared): as fast as memory can be read.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "foobar")?;
    /// assert_eq!(db.bit_count("k")?, 26);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bit_count(&self, key: impl AsRef<[u8]>) -> Result<u64> {
        self.read(key.as_ref(), |tx, key| tx.bit_count(key, None))
    }

    /// Counts the bits that are set in a part of the string under `key` (`BITCOUNT` with a range, O(bytes),
    /// locks one stripe shared).
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// use danio::{BitRange, Db};
    /// let db = Db::in_memory();
    /// db.set("k", "foobar")?;
    /// assert_eq!(db.bit_count_in("k", BitRange::bytes(0..1))?, 4);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bit_count_in(&self, key: impl AsRef<[u8]>, range: BitRange) -> Result<u64> {
        self.read(key.as_ref(), |tx, key| tx.bit_count(key, Some(range)))
    }

    /// Finds the first bit that is `wanted` in the string under `key` (`BITPOS`, O(bytes), locks one stripe
    /// shared). A missing key is an endless row of clear bits, and one follows any string; in an empty string
    /// there is none.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", [0xFF, 0xF0, 0x00])?;
    /// assert_eq!(db.bit_pos("k", false)?, Some(12));
    /// assert_eq!(db.bit_pos("nothing", true)?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bit_pos(&self, key: impl AsRef<[u8]>, wanted: bool) -> Result<Option<u64>> {
        self.bit_pos_in(key, wanted, BitRange::bytes(..))
    }

    /// Finds the first bit that is `wanted` in a part of the string under `key` (`BITPOS` with a range,
    /// O(bytes), locks one stripe shared). Where the range has an end, no clear bit follows it.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no string.
    ///
    /// ```
    /// use danio::{BitRange, Db};
    /// let db = Db::in_memory();
    /// db.set("k", [0x00, 0xFF])?;
    /// assert_eq!(db.bit_pos_in("k", true, BitRange::bits(3..))?, Some(8));
    /// assert_eq!(db.bit_pos_in("k", false, BitRange::bytes(1..=1))?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bit_pos_in(
        &self,
        key: impl AsRef<[u8]>,
        wanted: bool,
        range: BitRange,
    ) -> Result<Option<u64>> {
        self.read(key.as_ref(), |tx, key| tx.bit_pos(key, wanted, range))
    }

    /// Combines the strings under `sources` bit by bit and stores the result under `target`, which may be
    /// one of them (`BITOP`, O(bytes), locks their stripes). Shorter strings, and missing keys, end in zeros.
    /// If all are empty, `target` is removed. Returns the length of the result in bytes.
    ///
    /// # Errors
    /// [`Error::WrongType`] if a source holds no string; [`Error::Reply`] unless [`BitOp::Not`] has one source,
    /// and [`BitOp::Diff`], [`BitOp::Diff1`] and [`BitOp::AndOr`] have two at least. Nothing is changed then.
    ///
    /// ```
    /// use danio::{BitOp, Db};
    /// let db = Db::in_memory();
    /// db.set("monday", [0b1110_0000])?;
    /// db.set("tuesday", [0b0111_0000])?;
    /// db.bit_op(BitOp::And, "both", ["monday", "tuesday"])?;
    /// assert_eq!(db.bit_count("both")?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bit_op<K: AsRef<[u8]>>(
        &self,
        op: BitOp,
        target: impl AsRef<[u8]>,
        sources: impl IntoIterator<Item = K>,
    ) -> Result<usize> {
        let sources: Vec<K> = sources.into_iter().collect();
        check_sources(op, sources.len())?;
        let mut keys = vec![self.key(target.as_ref())];
        keys.extend(self.hashed(&sources));
        self.make_room()?;
        self.many(&keys, Access::Exclusive, |tx| tx.bit_op(op, keys[0], &keys[1..]))
    }
}

/// Refuses as many sources as an operation does not take.
pub(crate) fn check_sources(op: BitOp, sources: usize) -> Result<()> {
    match op {
        BitOp::Not if sources != 1 => {
            Err(Error::reply("ERR BITOP NOT must be called with a single source key."))
        }
        BitOp::Diff | BitOp::Diff1 | BitOp::AndOr if sources < 2 => Err(Error::reply(format!(
            "ERR BITOP {} must be called with at least two source keys.",
            op_name(op)
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_rust_s() {
        let of = |range: BitRange| range.of(3);
        assert_eq!(of(BitRange::bytes(..)), Some((0, 23)));
        assert_eq!(of(BitRange::bytes(1..2)), Some((8, 15)));
        assert_eq!(of(BitRange::bytes(-1..)), Some((16, 23)));
        assert_eq!(of(BitRange::bytes(..-1)), Some((0, 15)));
        assert_eq!(of(BitRange::bytes(..0)), None);
        assert_eq!(of(BitRange::bytes(3..)), None);
        assert_eq!(of(BitRange::bits(-100..=i64::MAX)), Some((0, 23)));
        assert_eq!(of(BitRange::bits(5..=5)), Some((5, 5)));
        assert_eq!(of(BitRange::bits((Bound::Excluded(-1), Bound::Unbounded))), None);
        assert_eq!(of(BitRange::bits(i64::MIN..i64::MIN)), None);
        assert_eq!(BitRange::bytes(..).of(0), None);
    }
}
