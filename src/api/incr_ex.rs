//! Numbers in strings that are counted within bounds and for a time (`INCREX` of Redis 8.8).

use std::cmp::Ordering;
use std::time::{Duration, SystemTime};

use super::expiry::time_after;
use super::{Db, Scope};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::keyspace::event::{DEL, EXPIRE, INCRBY, INCRBYFLOAT, PERSIST};
use crate::keyspace::{Key, Tx};
use crate::text::extended::Extended;
use crate::value::string::{Digits, StringRef, StringValue};

/// What is added to a number, and what the sum has to be within, both ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Int { by: i64, low: i64, high: i64 },
    Float { by: Extended, low: Extended, high: Extended },
}

/// A number as it is stored: the text of a float is that of its 64 bits of mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Int(i64),
    Float(Extended),
}

/// What becomes of the key's expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CountExpiry {
    #[default]
    Keep,
    Persist,
    At(Millis),
    /// Only if the key does not expire yet (`ENX`).
    AtIfNone(Millis),
}

impl Tx<'_> {
    /// Adds to the number under a key, 0 if it is missing, and sets when it expires (`INCREX`). A sum that is out of
    /// bounds is moved to the bound if it is to `saturate`; else nothing is changed. Returns the number that is there
    /// then, and what was added.
    pub(crate) fn incr_ex(
        &mut self,
        key: Key<'_>,
        step: Step,
        saturate: bool,
        expiry: CountExpiry,
    ) -> Result<(Number, Number)> {
        let now = self.time_of_expiries();
        self.change(key, |slot| {
            let old = slot.entry();
            let string = old.map(|entry| entry.string()).transpose()?;
            let told: (Number, Number, bool) = count(string, step, saturate)?;
            let (number, answer) = (told.0, (told.0, told.1));
            if !told.2 {
                return Ok(slot.unchanged(answer));
            }
            let present = old.and_then(|entry| entry.expiry());
            let new = match expiry {
                CountExpiry::Keep => present,
                CountExpiry::Persist => None,
                CountExpiry::At(at) => Some(at),
                CountExpiry::AtIfNone(at) => present.or(Some(at)),
            };
            let set = new.filter(|_| new != present || matches!(expiry, CountExpiry::At(_)));
            if set.is_some_and(|at| at <= now) {
                return Ok(match slot.entry().is_some() {
                    false => slot.unchanged(answer),
                    true => {
                        slot.discard();
                        slot.changed(answer, &[DEL], |effect| effect.command(&[b"DEL", key.bytes]))
                    }
                });
            }
            let mut text = Vec::with_capacity(24);
            number.write(&mut text);
            let value = match number {
                Number::Int(number) => StringValue::Int(number),
                Number::Float(_) => StringValue::Bytes(&text),
            };
            slot.put_string(value, new);
            let counted = if matches!(number, Number::Int(_)) { INCRBY } else { INCRBYFLOAT };
            let events: &[_] = match () {
                () if set.is_some() => &[counted, EXPIRE],
                () if present.is_some() && new.is_none() => &[counted, PERSIST],
                () => &[counted],
            };
            Ok(slot.changed(answer, events, |effect| match new {
                None => effect.command(&[b"SET", key.bytes, &text]),
                Some(at) => {
                    let at = at.0.to_string();
                    effect.command(&[b"SET", key.bytes, &text, b"PXAT", at.as_bytes()]);
                }
            }))
        })
    }
}

impl Number {
    /// Appends it as it is stored and shown.
    pub(crate) fn write(self, text: &mut Vec<u8>) {
        match self {
            Number::Int(number) => text.extend(itoa::Buffer::new().format(number).as_bytes()),
            Number::Float(number) => number.write(text),
        }
    }
}

/// The number that comes of a step, what was added for that, and whether the step was made.
fn count(old: Option<StringRef<'_>>, step: Step, saturate: bool) -> Result<(Number, Number, bool)> {
    match step {
        Step::Int { by, low, high } => {
            let present = old.map_or(Ok(0), |old| old.as_int().ok_or(Error::NotInteger))?;
            // Two numbers of 64 bits have a sum and a difference of 128.
            let sum = i128::from(present) + i128::from(by);
            let wanted = sum.clamp(i128::from(low), i128::from(high));
            if wanted != sum && !saturate {
                return Ok((Number::Int(present), Number::Int(0), false));
            }
            let added = i64::try_from(wanted - i128::from(present)).or(Err(Error::Overflow))?;
            let wanted = i64::try_from(wanted).or(Err(Error::Overflow))?;
            Ok((Number::Int(wanted), Number::Int(added), true))
        }
        Step::Float { by, low, high } => {
            let zero = Extended::from(0);
            let present = match old {
                Some(old) => {
                    Extended::parse(old.bytes(&mut Digits::new())).ok_or(Error::NotFloat)?
                }
                None => zero,
            };
            let infinite = || Error::reply("ERR value or increment would produce Infinity");
            if [present, by].iter().any(|number| matches!(number, Extended::Infinite(_))) {
                return Err(infinite());
            }
            // A sum that no number is as large as is beyond the bound on its side.
            let beyond = Extended::Infinite(by.order(zero) == Ordering::Less);
            let sum = present.add(by).unwrap_or(beyond);
            let wanted = match () {
                () if sum.order(low) == Ordering::Less => low,
                () if sum.order(high) == Ordering::Greater => high,
                () => sum,
            };
            if wanted == sum {
                return Ok((Number::Float(sum), Number::Float(by), true));
            }
            if !saturate {
                return Ok((Number::Float(present), Number::Float(zero), false));
            }
            let added = wanted.add(present.negated()).ok_or_else(infinite)?;
            Ok((Number::Float(wanted), Number::Float(added), true))
        }
    }
}

mod sealed {
    /// What only the engine needs to know of the two: each is one of them, and comes from either.
    pub trait Sealed: Copy {
        fn int(self) -> Option<i64>;
        fn float(self) -> f64;
        fn from_int(number: i64) -> Self;
        fn from_float(number: f64) -> Self;
    }
}

/// What [`Db::incr_ex`] counts in: [`i64`] or [`f64`].
pub trait Counted: sealed::Sealed {}

impl Counted for i64 {}
impl Counted for f64 {}

impl sealed::Sealed for i64 {
    fn int(self) -> Option<i64> {
        Some(self)
    }

    fn float(self) -> f64 {
        self as f64
    }

    fn from_int(number: i64) -> i64 {
        number
    }

    fn from_float(number: f64) -> i64 {
        number as i64
    }
}

impl sealed::Sealed for f64 {
    fn int(self) -> Option<i64> {
        None
    }

    fn float(self) -> f64 {
        self
    }

    fn from_int(number: i64) -> f64 {
        number as f64
    }

    fn from_float(number: f64) -> f64 {
        number
    }
}

/// A step of the one kind or the other.
fn step<N: Counted>(by: N, options: &CountOptions<N>) -> Result<Step> {
    if let Some(by) = by.int() {
        let low = options.low.and_then(N::int).unwrap_or(i64::MIN);
        return Step::ints(by, low, options.high.and_then(N::int).unwrap_or(i64::MAX));
    }
    let read = |number: N| Extended::from_f64(number.float()).ok_or(Error::NotFloat);
    let (low, high) = (options.low.map(read).transpose()?, options.high.map(read).transpose()?);
    Step::floats(read(by)?, low, high)
}

fn told<N: Counted>(number: Number) -> N {
    match number {
        Number::Int(number) => N::from_int(number),
        Number::Float(number) => N::from_float(number.to_f64()),
    }
}

impl Step {
    pub(crate) fn ints(by: i64, low: i64, high: i64) -> Result<Step> {
        if low > high { Err(crossed()) } else { Ok(Step::Int { by, low, high }) }
    }

    pub(crate) fn floats(
        by: Extended,
        low: Option<Extended>,
        high: Option<Extended>,
    ) -> Result<Step> {
        let low = low.unwrap_or(Extended::MAX.negated());
        let high = high.unwrap_or(Extended::MAX);
        let crossing = low.order(high) == Ordering::Greater;
        if crossing { Err(crossed()) } else { Ok(Step::Float { by, low, high }) }
    }
}

fn crossed() -> Error {
    Error::reply("ERR LBOUND can't be greater than UBOUND")
}

/// How [`Db::incr_ex`] counts: within which bounds, and for how long; made by methods named after INCREX's options.
///
/// ```
/// use std::time::Duration;
/// use danio::{CountOptions, Db};
///
/// // A hundred requests a minute, the minute beginning with the first.
/// let db = Db::in_memory();
/// let window = CountOptions::new().at_most(100).expire_in(Duration::from_secs(60)).if_no_expiry();
/// let request = db.incr_ex("requests:ann", 1, &window)?;
/// assert!(request.added != 0, "a request more");
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct CountOptions<N = i64> {
    low: Option<N>,
    high: Option<N>,
    saturate: bool,
    expiry: Option<Time>,
    if_none: bool,
}

#[derive(Debug, Clone)]
enum Time {
    In(Duration),
    At(SystemTime),
    Never,
}

impl<N> Default for CountOptions<N> {
    fn default() -> CountOptions<N> {
        CountOptions { low: None, high: None, saturate: false, expiry: None, if_none: false }
    }
}

impl<N: Counted> CountOptions<N> {
    /// Counts as far as numbers reach; a key that expires goes on to.
    pub fn new() -> CountOptions<N> {
        CountOptions::default()
    }

    /// The sum is to be no less (`LBOUND`).
    pub fn at_least(mut self, low: N) -> CountOptions<N> {
        self.low = Some(low);
        self
    }

    /// The sum is to be no more (`UBOUND`).
    pub fn at_most(mut self, high: N) -> CountOptions<N> {
        self.high = Some(high);
        self
    }

    /// Goes as far as the bound where the sum is beyond it (`SATURATE`); else nothing is changed then.
    ///
    /// ```
    /// use danio::{CountOptions, Db};
    ///
    /// let db = Db::in_memory();
    /// let bounds = CountOptions::new().at_least(0).at_most(10);
    /// assert_eq!(db.incr_ex("volume", 7, &bounds)?.value, 7);
    /// let refused = db.incr_ex("volume", 7, &bounds)?;
    /// assert_eq!((refused.value, refused.added), (7, 0));
    /// let most = db.incr_ex("volume", 7, &bounds.saturating())?;
    /// assert_eq!((most.value, most.added), (10, 3));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn saturating(mut self) -> CountOptions<N> {
        self.saturate = true;
        self
    }

    /// Lets the key live for so long (`PX`): more than zero.
    pub fn expire_in(mut self, ttl: Duration) -> CountOptions<N> {
        self.expiry = Some(Time::In(ttl));
        self
    }

    /// Lets the key live until then (`PXAT`); a time that is past removes the key.
    pub fn expire_at(mut self, at: SystemTime) -> CountOptions<N> {
        self.expiry = Some(Time::At(at));
        self
    }

    /// Lets the key live for ever (`PERSIST`).
    pub fn persist(mut self) -> CountOptions<N> {
        self.expiry = Some(Time::Never);
        self
    }

    /// Sets when the key expires only if it does not yet (`ENX`).
    pub fn if_no_expiry(mut self) -> CountOptions<N> {
        self.if_none = true;
        self
    }

    fn expiry(&self, now: Millis) -> Result<CountExpiry> {
        let at = match (&self.expiry, self.if_none) {
            (None, false) => return Ok(CountExpiry::Keep),
            (None, true) => return Err(Error::reply("ERR ENX flag requires an expiration")),
            (Some(Time::Never), false) => return Ok(CountExpiry::Persist),
            (Some(Time::Never), true) => return Err(Error::Syntax),
            (Some(Time::At(at)), _) => Millis::from_system_time(*at),
            (Some(Time::In(ttl)), _) => {
                time_after(now, *ttl).ok_or(Error::InvalidExpire("increx"))?
            }
        };
        Ok(if self.if_none { CountExpiry::AtIfNone(at) } else { CountExpiry::At(at) })
    }
}

/// What [`Db::incr_ex`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counting<N> {
    /// The number that is there now.
    pub value: N,
    /// What was added: not what was asked for if a bound was met.
    pub added: N,
}

/// Numbers within bounds.
impl<S: Scope> Db<S> {
    /// Adds `by`, which may be negative, to the number under `key`, 0 if it is missing, within bounds, and sets when the
    /// key expires (`INCREX` of Redis 8.8 and Valkey 9.2, O(1), locks one stripe). A sum that is out of bounds changes nothing,
    /// neither the number nor when it expires, or goes as far as the bound if it is to
    /// [saturate](CountOptions::saturating). Floats are calculated with 64 bits of mantissa, as
    /// [`incr_by_float`](Db::incr_by_float) does.
    ///
    /// # Errors
    /// [`Error::NotInteger`] or [`Error::NotFloat`] if the string is no such number, [`Error::Overflow`] if what would be
    /// added to get to a bound does not fit, [`Error::InvalidExpire`] if the time does not fit, [`Error::WrongType`] if
    /// the key holds no string; [`Error::Reply`] or [`Error::Syntax`] if the bounds are crossed, a number is infinite, or
    /// [`if_no_expiry`](CountOptions::if_no_expiry) comes without a time. Nothing is changed then.
    ///
    /// ```
    /// use danio::{CountOptions, Db};
    ///
    /// let db = Db::in_memory();
    /// db.set("stock", "3")?;
    /// let left = CountOptions::new().at_least(0);
    /// assert_eq!(db.incr_ex("stock", -2, &left)?.value, 1);
    /// let none = db.incr_ex("stock", -2, &left)?;
    /// assert_eq!((none.value, none.added), (1, 0));
    /// let last = db.incr_ex("stock", -2, &left.saturating())?;
    /// assert_eq!((last.value, last.added), (0, -1));
    /// assert_eq!(db.incr_ex("litres", 0.5, &CountOptions::new())?.value, 0.5);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn incr_ex<N: Counted>(
        &self,
        key: impl AsRef<[u8]>,
        by: N,
        options: &CountOptions<N>,
    ) -> Result<Counting<N>> {
        let step = step(by, options)?;
        let (value, added) = self.grow(key.as_ref(), |tx, key| {
            let expiry = options.expiry(tx.now())?;
            tx.incr_ex(key, step, options.saturate, expiry)
        })?;
        Ok(Counting { value: told(value), added: told(added) })
    }
}
