//! Integers at any bit of a string: BITFIELD.

use super::bitmap::{BIT_OFFSET, edited};
use super::{Db, Scope};
use crate::ds::bits::{self, BitOverflow};
use crate::error::{Error, Result};
use crate::keyspace::event::SETBIT;
use crate::keyspace::{Key, Tx};
use crate::value::string::StringRef;

/// An integer inside a string: how wide it is, whether it has a sign, and at which bit it begins.
///
/// ```
/// use danio::BitInt;
/// // The third of a row of 12-bit numbers, and 5 bits with a sign at bit 100.
/// let (third, other) = (BitInt::unsigned(12).nth(2), BitInt::signed(5).at(100));
/// assert_ne!(third, other);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BitInt {
    signed: bool,
    bits: u8,
    /// `None` if it lies beyond what can be counted.
    offset: Option<u64>,
}

impl BitInt {
    /// An integer of 1 to 63 bits without a sign, at the string's first bit.
    pub fn unsigned(bits: u8) -> BitInt {
        BitInt { signed: false, bits, offset: Some(0) }
    }

    /// An integer of 1 to 64 bits in two's complement, at the string's first bit.
    pub fn signed(bits: u8) -> BitInt {
        BitInt { signed: true, bits, offset: Some(0) }
    }

    /// The same integer beginning at this bit.
    pub fn at(self, bit: u64) -> BitInt {
        BitInt { offset: Some(bit), ..self }
    }

    /// The same integer as number `n`, from zero, of a row of such integers.
    pub fn nth(self, n: u64) -> BitInt {
        BitInt { offset: n.checked_mul(u64::from(self.bits)), ..self }
    }

    /// Refuses a field that no string has; `limit` is how long strings may be.
    fn checked(self, limit: usize) -> Result<bits::Field> {
        if !(1..=if self.signed { 64 } else { 63 }).contains(&self.bits) {
            return Err(BAD_TYPE);
        }
        let offset = self.offset.filter(|offset| *offset / 8 < limit as u64).ok_or(BIT_OFFSET)?;
        Ok(bits::Field { offset, bits: self.bits, signed: self.signed })
    }
}

/// What is said of a type that fields do not have.
pub(crate) const BAD_TYPE: Error = Error::Reply(std::borrow::Cow::Borrowed(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
));

/// What is done with one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Get(BitInt),
    Set(BitInt, i64, BitOverflow),
    IncrBy(BitInt, i64, BitOverflow),
}

impl Step {
    fn field(self) -> BitInt {
        match self {
            Step::Get(field) | Step::Set(field, ..) | Step::IncrBy(field, ..) => field,
        }
    }
}

/// Steps on the integers of one string, done in order as one ([`Db::bitfield`]).
///
/// ```
/// use danio::{Bitfield, Db, BitInt, BitOverflow};
///
/// let db = Db::in_memory();
/// let hits = BitInt::unsigned(8).nth(3);
/// let count = Bitfield::new().overflow(BitOverflow::Saturate).incr_by(hits, 200).incr_by(hits, 200);
/// assert_eq!(db.bitfield("day", &count)?, [Some(200), Some(255)]);
/// assert_eq!(db.bitfield_get("day", [hits])?, [255]);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bitfield {
    steps: Vec<Step>,
    overflow: BitOverflow,
}

impl Bitfield {
    /// No step yet; what does not fit will be wrapped.
    pub fn new() -> Bitfield {
        Bitfield::default()
    }

    /// Reads a field (`GET`).
    pub fn get(mut self, field: BitInt) -> Bitfield {
        self.steps.push(Step::Get(field));
        self
    }

    /// Writes a field and answers with what it was (`SET`).
    pub fn set(mut self, field: BitInt, value: i64) -> Bitfield {
        self.steps.push(Step::Set(field, value, self.overflow));
        self
    }

    /// Adds to a field and answers with what it is then (`INCRBY`).
    pub fn incr_by(mut self, field: BitInt, by: i64) -> Bitfield {
        self.steps.push(Step::IncrBy(field, by, self.overflow));
        self
    }

    /// Decides what the steps after this do with numbers that do not fit (`OVERFLOW`).
    pub fn overflow(mut self, overflow: BitOverflow) -> Bitfield {
        self.overflow = overflow;
        self
    }

    /// Whether no step writes.
    pub(crate) fn only_reads(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Get(_)))
    }
}

impl Tx<'_> {
    /// Refuses a field that no string has.
    pub(crate) fn check_field(&self, field: BitInt) -> Result<()> {
        field.checked(self.max_string()).map(drop)
    }

    /// Does steps that only read (`BITFIELD_RO`).
    pub(crate) fn bitfield_get(
        &self,
        key: Key<'_>,
        fields: impl Iterator<Item = BitInt>,
    ) -> Result<Vec<i64>> {
        let limit = self.max_string();
        self.with_bytes(key, |bytes| {
            fields.map(|field| Ok(field.checked(limit)?.get(bytes))).collect()
        })?
    }

    /// Does steps (`BITFIELD`). The answers are in their order.
    pub(crate) fn bitfield(&mut self, key: Key<'_>, steps: &Bitfield) -> Result<Vec<Option<i64>>> {
        let limit = self.max_string();
        let mut longest = 0;
        for step in &steps.steps {
            let field = step.field().checked(limit)?;
            if !matches!(step, Step::Get(_)) {
                longest = longest.max(field.last() as usize / 8 + 1);
            }
        }
        if longest == 0 {
            let fields = steps.steps.iter().map(|step| step.field());
            return Ok(self.bitfield_get(key, fields)?.into_iter().map(Some).collect());
        }
        self.change(key, |slot| {
            let old = slot.entry().map(|entry| entry.string().map(StringRef::len)).transpose()?;
            let grows = old.is_none_or(|len| len < longest);
            let bytes = edited(slot, old.unwrap_or(0).max(longest));
            let (mut answers, mut written) = (Vec::with_capacity(steps.steps.len()), Vec::new());
            let mut changes = 0;
            for step in &steps.steps {
                let field = step.field().checked(limit)?;
                let before = field.get(bytes);
                let (after, overflow) = match *step {
                    Step::Get(_) => {
                        answers.push(Some(before));
                        continue;
                    }
                    Step::Set(_, value, overflow) => (field.fit(value, 0, overflow), overflow),
                    Step::IncrBy(_, by, overflow) => (field.fit(before, by, overflow), overflow),
                };
                debug_assert!(after.is_some() || overflow == BitOverflow::Fail);
                if let Some(after) = after {
                    field.set(bytes, after);
                    changes += usize::from(grows || before != after);
                    written.push((field, after));
                }
                let answer =
                    if matches!(step, Step::Set(..)) { before } else { after.unwrap_or(0) };
                answers.push(after.map(|_| answer));
            }
            if changes == 0 && !grows {
                return Ok(slot.same(answers));
            }
            slot.count_as(changes);
            let events = if changes > 0 { &[SETBIT][..] } else { &[] };
            Ok(slot.changed(answers, events, |effect| {
                let mut words = vec![b"BITFIELD".to_vec(), key.bytes.to_vec()];
                let mut step = |what: &str, field: bits::Field, value: i64| {
                    let sign = if field.signed { 'i' } else { 'u' };
                    words.push(what.into());
                    words.push(format!("{sign}{}", field.bits).into());
                    words.push(field.offset.to_string().into());
                    words.push(value.to_string().into());
                };
                written.iter().for_each(|(field, value)| step("SET", *field, *value));
                // However little is written, the string has grown.
                let last = bits::Field { offset: longest as u64 * 8 - 1, bits: 1, signed: false };
                step("INCRBY", last, 0);
                effect.command(&words.iter().map(Vec::as_slice).collect::<Vec<_>>());
            }))
        })
    }
}

impl<S: Scope> Db<S> {
    /// Does steps on the integers of the string under `key`, which is made, or lengthened with zeros, as
    /// far as they write (`BITFIELD`, O(steps), locks one stripe). Answers in their order: what a field holds,
    /// held before it was set, or holds after adding; `None` if [`BitOverflow::Fail`] kept a step from writing.
    ///
    /// # Errors
    /// [`Error::Reply`] if a field is too wide or lies beyond the longest string; [`Error::WrongType`] if the
    /// key holds no string. No step is done then.
    ///
    /// ```
    /// use danio::{Bitfield, Db, BitInt};
    /// let db = Db::in_memory();
    /// let (x, y) = (BitInt::signed(16).at(0), BitInt::signed(16).at(16));
    /// db.bitfield("point", &Bitfield::new().set(x, -5).set(y, 300))?;
    /// let moved = db.bitfield("point", &Bitfield::new().incr_by(x, 1).get(y))?;
    /// assert_eq!(moved, [Some(-4), Some(300)]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bitfield(&self, key: impl AsRef<[u8]>, steps: &Bitfield) -> Result<Vec<Option<i64>>> {
        self.grow(key.as_ref(), |tx, key| tx.bitfield(key, steps))
    }

    /// Reads integers of the string under `key`, zeros past its end (`BITFIELD_RO`, O(fields), locks one
    /// stripe shared).
    ///
    /// # Errors
    /// As [`bitfield`](Db::bitfield).
    ///
    /// ```
    /// use danio::{Db, BitInt};
    /// let db = Db::in_memory();
    /// db.set("k", "ab")?;
    /// let byte = BitInt::unsigned(8);
    /// assert_eq!(db.bitfield_get("k", [byte, byte.nth(1), byte.nth(2)])?, [97, 98, 0]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn bitfield_get(
        &self,
        key: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = BitInt>,
    ) -> Result<Vec<i64>> {
        self.read(key.as_ref(), |tx, key| tx.bitfield_get(key, fields.into_iter()))
    }
}
