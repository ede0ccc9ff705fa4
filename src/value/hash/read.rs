//! Reading a hash as it is at a time.

use bytes::Bytes;

use super::BigHash;
use super::packed::Fields;
use crate::clock::Millis;
use crate::ds::packed::{Item, PackedRef};
use crate::ds::pair::Pair;
use crate::text::int;
use crate::value::{Big, Packing, StoredRef, Type, View};

/// The shortest value that a reader takes by reference: below, copying is cheaper.
const SHARE_MIN: usize = 16 * 1024;

/// A stored hash, of which nothing can be read before a time is named.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredHash<'a>(Form<'a>);

#[derive(Debug, Clone, Copy)]
enum Form<'a> {
    Packed(Fields<'a>),
    Big(&'a BigHash),
}

impl<'a> StoredHash<'a> {
    /// Reads it as it is at a time; `now` is asked only if a field has one.
    #[inline]
    pub(crate) fn at(self, now: impl FnOnce() -> Millis) -> HashRef<'a> {
        let timed = match self.0 {
            Form::Packed(fields) => fields.is_timed(),
            Form::Big(big) => big.due().is_some(),
        };
        // Without times, any time will do.
        HashRef { form: self.0, now: if timed { now() } else { Millis(i64::MIN) } }
    }

    /// How many fields it has, those past their time included.
    pub(crate) fn fields(self) -> usize {
        match self.0 {
            Form::Packed(fields) => fields.len(),
            Form::Big(big) => big.len(),
        }
    }

    /// When the first of its fields expires, or a while before: a bound. `None` if none does.
    pub(crate) fn due(self) -> Option<Millis> {
        match self.0 {
            Form::Packed(fields) => fields.soonest(),
            Form::Big(big) => big.due(),
        }
    }

    /// Whether all its fields are past their time, and so it is no hash any more.
    pub(crate) fn is_past(self, now: Millis) -> bool {
        match self.0 {
            Form::Packed(fields) => {
                fields.iter().all(|field| field.expiry.is_some_and(|at| at <= now))
            }
            Form::Big(big) => big.is_past(now),
        }
    }
}

impl<'a> View<'a> for StoredHash<'a> {
    const TYPE: Type = Type::Hash;

    #[inline]
    fn of(stored: StoredRef<'a>) -> StoredHash<'a> {
        StoredHash(match stored {
            StoredRef::Packed(packing, bytes) => {
                Form::Packed(Fields::new(PackedRef::new(bytes), packing == Packing::TimedHash))
            }
            StoredRef::Big(big) => Form::Big(StoredRef::expect_big(big)),
        })
    }
}

/// A hash as it is at a time: fields past theirs are absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HashRef<'a> {
    form: Form<'a>,
    now: Millis,
}

/// A field of a hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) name: Item<'a>,
    pub(crate) value: Value<'a>,
    /// When it expires, if it does.
    pub(crate) expiry: Option<Millis>,
}

impl<'a> From<&'a Pair> for Field<'a> {
    #[inline]
    fn from(pair: &'a Pair) -> Field<'a> {
        Field {
            name: Item::Bytes(pair.field()),
            value: Value::Pair(pair),
            expiry: pair.stamp().map(Millis),
        }
    }
}

impl<'a> HashRef<'a> {
    pub(super) fn packed(fields: Fields<'a>, now: Millis) -> HashRef<'a> {
        HashRef { form: Form::Packed(fields), now }
    }

    pub(super) fn big(big: &'a BigHash, now: Millis) -> HashRef<'a> {
        HashRef { form: Form::Big(big), now }
    }

    /// How many fields. O(1), or what is due if some is.
    pub(crate) fn len(self) -> usize {
        match self.form {
            Form::Packed(fields) if !fields.is_timed() => fields.len(),
            Form::Packed(fields) => {
                fields.iter().filter(|field| self.is_live(field.expiry)).count()
            }
            Form::Big(big) => big.len() - big.past(self.now),
        }
    }

    /// The value of a field.
    #[inline]
    pub(crate) fn get(self, field: &[u8]) -> Option<Value<'a>> {
        self.find(field).map(|(value, _)| value)
    }

    /// The value of a field, and when it expires, if it does.
    #[inline]
    pub(crate) fn find(self, field: &[u8]) -> Option<(Value<'a>, Option<Millis>)> {
        let found = match self.form {
            Form::Packed(fields) => fields.find(field),
            Form::Big(big) => {
                big.find(field).map(|pair| (Value::Pair(pair), pair.stamp().map(Millis)))
            }
        };
        found.filter(|(_, expiry)| self.is_live(*expiry))
    }

    #[inline]
    pub(crate) fn contains(self, field: &[u8]) -> bool {
        self.find(field).is_some()
    }

    /// Every field: of a small hash in the order in which they came, else in no order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Field<'a>> {
        let (packed, big) = match self.form {
            Form::Packed(fields) => (Some(fields.iter()), None),
            Form::Big(big) => (None, Some(big.iter().map(Field::from))),
        };
        let all = packed.into_iter().flatten().chain(big.into_iter().flatten());
        all.filter(move |field| self.is_live(field.expiry))
    }

    /// Its fields and values in turn, if that is how it lies.
    #[cfg(feature = "snapshot")]
    pub(crate) fn plain(self) -> Option<PackedRef<'a>> {
        match self.form {
            Form::Packed(fields) => fields.plain(),
            Form::Big(_) => None,
        }
    }

    #[inline]
    fn is_live(self, expiry: Option<Millis>) -> bool {
        expiry.is_none_or(|at| at > self.now)
    }

    /// One field, each as likely as any other.
    pub(crate) fn random(self, below: impl Fn(usize) -> usize) -> Option<Field<'a>> {
        match self.form {
            Form::Big(big) => big.random(self.now, &below).map(Field::from),
            Form::Packed(_) => {
                let len = self.len();
                let index = (len > 0).then(|| below(len))?;
                self.iter().nth(index)
            }
        }
    }

    /// `count` fields, each picked from all, so that one may come several times; none if the hash
    /// is empty.
    pub(crate) fn randoms(
        self,
        count: usize,
        below: impl Fn(usize) -> usize,
    ) -> impl Iterator<Item = Field<'a>> {
        // A small hash is looked through once, and not for each pick.
        let all: Vec<Field<'a>> = match self.form {
            Form::Packed(_) => self.iter().collect(),
            Form::Big(_) => Vec::new(),
        };
        (0..count).map_while(move |_| match self.form {
            Form::Packed(_) => (!all.is_empty()).then(|| all[below(all.len())]),
            Form::Big(big) => big.random(self.now, &below).map(Field::from),
        })
    }

    /// `count` different fields, all if there are not as many, each choice of them as likely as
    /// any other.
    pub(crate) fn sample(self, count: usize, below: impl Fn(usize) -> usize) -> Vec<Field<'a>> {
        let len = self.len();
        let count = count.min(len);
        if let Form::Big(big) = self.form
            && count.saturating_mul(3) < len
        {
            let mut seen = std::collections::HashSet::with_capacity(count);
            let picks = std::iter::repeat_with(|| big.random(self.now, &below)).flatten();
            let new = picks.filter(|pair| seen.insert(std::ptr::from_ref(*pair)));
            return new.take(count).map(Field::from).collect();
        }
        // Selection sampling (Knuth, 3.4.2 S): a field is taken with the chance of what is still
        // wanted among what is left.
        let (mut wanted, mut left) = (count, len);
        let taken = self.iter().filter(|_| {
            let take = wanted > 0 && below(left) < wanted;
            wanted -= usize::from(take);
            left = left.saturating_sub(1).max(1);
            take
        });
        taken.collect()
    }

    /// Shows about `count` fields from a cursor on, 0 at first, and all that are there from the first
    /// call to the last at least once. Returns the next cursor, 0 at the end.
    pub(crate) fn scan(self, cursor: u64, count: usize, mut visit: impl FnMut(Field<'a>)) -> u64 {
        let big = match self.form {
            Form::Big(big) if big.encoding() == crate::value::Encoding::Hashtable => big,
            // What Redis calls packed it shows at once.
            _ => {
                self.iter().for_each(visit);
                return 0;
            }
        };
        let (mut cursor, mut shown) = (cursor, 0);
        // As Redis: a sparse table is not looked through for ever.
        for _ in 0..count.saturating_mul(10) {
            cursor = big.scan(cursor, |pair| {
                shown += 1;
                if !big.is_gone(pair, self.now) {
                    visit(Field::from(pair));
                }
            });
            if cursor == 0 || shown >= count {
                break;
            }
        }
        cursor
    }
}

/// A field's value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    /// What this pair holds.
    Pair(&'a Pair),
}

impl<'a> From<Item<'a>> for Value<'a> {
    #[inline]
    fn from(item: Item<'a>) -> Value<'a> {
        match item {
            Item::Int(number) => Value::Int(number),
            Item::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

impl<'a> Value<'a> {
    /// The bytes, written into `digits` if the value is stored as a number.
    #[inline]
    pub(crate) fn bytes<'b>(self, digits: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Value::Int(number) => digits.format(number).as_bytes(),
            Value::Bytes(bytes) => bytes,
            Value::Pair(pair) => pair.value(),
        }
    }

    /// The bytes, to keep: a copy if they are few, else a reference.
    pub(crate) fn to_bytes(self) -> Bytes {
        if let Value::Pair(pair) = self
            && pair.value().len() >= SHARE_MIN
            && let Some(blob) = pair.shared_value()
        {
            return Bytes::from_owner(blob);
        }
        Bytes::copy_from_slice(self.bytes(&mut itoa::Buffer::new()))
    }

    /// Length in bytes.
    pub(crate) fn len(self) -> usize {
        self.bytes(&mut itoa::Buffer::new()).len()
    }

    /// The integer that the value is or spells.
    pub(crate) fn as_int(self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(number),
            Value::Bytes(bytes) => int::parse_i64(bytes),
            Value::Pair(pair) => int::parse_i64(pair.value()),
        }
    }

    /// The packed element of a value that came out of one.
    pub(super) fn item(self) -> Item<'a> {
        match self {
            Value::Int(number) => Item::Int(number),
            Value::Bytes(bytes) => Item::from(bytes),
            Value::Pair(pair) => Item::from(pair.value()),
        }
    }
}
