//! What the commands about fields that expire share: `FIELDS`, how many, and the fields; the options
//! before them.

use crate::api::Presence;
use crate::clock::Millis;
use crate::command::args::Args;
use crate::command::parse::{self, is};
use crate::error::{Error, Result};
use crate::keyspace::Tx;

/// The words from one to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    args: Args<'a>,
    from: usize,
    past: usize,
}

impl<'a> Words<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        (self.from..self.past).map(move |i| self.args.at(i))
    }

    /// The words two and two.
    pub(super) fn pairs(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone {
        (self.from..self.past).step_by(2).map(move |i| (self.args.at(i), self.args.at(i + 1)))
    }
}

/// Where `FIELDS` stands among the words from `from` on: it is not the last.
fn fields_at(args: Args<'_>, from: usize) -> Option<usize> {
    (from..args.len() - 1).find(|i| is(&args[*i], "fields"))
}

/// The number of fields behind word `at`, and them, `each` words a field.
///
/// # Errors
/// `NotInteger`; Redis's words for a number that is not that of the words that follow.
fn counted(args: Args<'_>, at: Option<usize>, each: usize) -> Result<Words<'_>> {
    const WRONG: Error = Error::Reply(std::borrow::Cow::Borrowed(
        "ERR numfields should be greater than 0 and match the provided number of fields",
    ));
    let at = at.ok_or(WRONG)?;
    let count = parse::integer(&args[at + 1])?;
    let words = Words { args, from: at + 2, past: args.len() };
    let there = args.len() - (at + 2);
    let said = usize::try_from(count).ok().and_then(|count| count.checked_mul(each));
    if count > 0 && said == Some(there) { Ok(words) } else { Err(WRONG) }
}

/// What stands before `FIELDS` from `from` on, read by `read`, and the fields.
///
/// # Errors
/// What `read` returns, and as [`counted`].
pub(super) fn options_and_fields<'a, R: Default>(
    args: Args<'a>,
    from: usize,
    each: usize,
    read: impl FnOnce(Words<'a>) -> Result<R>,
) -> Result<(R, Words<'a>)> {
    let at = fields_at(args, from);
    let options = match at {
        Some(past) => read(Words { args, from, past })?,
        None => R::default(),
    };
    Ok((options, counted(args, at, each)?))
}

/// The fields of a command that takes nothing before `FIELDS`, word 2.
///
/// # Errors
/// `Syntax` for another word; as [`counted`].
pub(super) fn only_fields(args: Args<'_>) -> Result<Words<'_>> {
    if !is(&args[2], "fields") {
        return Err(Error::Syntax);
    }
    counted(args, Some(2), 1)
}

/// Which options a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taker {
    GetEx,
    SetEx,
}

/// What an option says of the expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Expiry<'a> {
    #[default]
    Unsaid,
    Keep,
    Persist,
    Given(Unit, &'a [u8]),
}

/// How a number means a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds from now.
    Ex,
    /// Milliseconds from now.
    Px,
    /// Seconds since 1970.
    ExAt,
    /// Milliseconds since 1970.
    PxAt,
}

impl Unit {
    fn named(word: &[u8]) -> Option<Unit> {
        match word {
            word if is(word, "ex") => Some(Unit::Ex),
            word if is(word, "px") => Some(Unit::Px),
            word if is(word, "exat") => Some(Unit::ExAt),
            word if is(word, "pxat") => Some(Unit::PxAt),
            _ => None,
        }
    }

    /// The time that a number of this unit means, which may be past; `command` is who asks.
    ///
    /// # Errors
    /// `NotInteger`, or `InvalidExpire` if it is negative or does not fit.
    pub(super) fn read(self, word: &[u8], tx: &Tx<'_>, command: &'static str) -> Result<Millis> {
        let number = parse::integer(word)?;
        let (unit, base) = match self {
            Unit::Ex => (1000, tx.now().0),
            Unit::Px => (1, tx.now().0),
            Unit::ExAt => (1000, 0),
            Unit::PxAt => (1, 0),
        };
        let time = number.checked_mul(unit).and_then(|time| time.checked_add(base));
        let time = time.filter(|_| number >= 0).ok_or(Error::InvalidExpire(command))?;
        Ok(Millis(time))
    }
}

/// Options as they were given, expiry still unread.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    /// `NX`, `XX`
    pub(super) key: Presence,
    /// `FNX`, `FXX`
    pub(super) fields: Presence,
    pub(super) expiry: Expiry<'a>,
}

impl<'a> Options<'a> {
    /// # Errors
    /// `Syntax` for words that are none and for those that do not go together.
    pub(super) fn parse(words: Words<'a>, taker: Taker) -> Result<Options<'a>> {
        let mut options = Options::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if let Some(unit) = Unit::named(word) {
                let same = matches!(options.expiry, Expiry::Given(given, _) if given == unit);
                if !same && options.expiry != Expiry::Unsaid {
                    return Err(Error::Syntax);
                }
                options.expiry = Expiry::Given(unit, words.next().ok_or(Error::Syntax)?);
            } else if is(word, "persist") && taker == Taker::GetEx {
                only(&mut options.expiry, Expiry::Persist)?;
            } else if taker == Taker::GetEx {
                return Err(Error::Syntax);
            } else if is(word, "keepttl") {
                only(&mut options.expiry, Expiry::Keep)?;
            } else if is(word, "fnx") {
                only(&mut options.fields, Presence::Absent)?;
            } else if is(word, "fxx") {
                only(&mut options.fields, Presence::Present)?;
            } else if is(word, "nx") {
                only(&mut options.key, Presence::Absent)?;
            } else if is(word, "xx") {
                only(&mut options.key, Presence::Present)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }
}

/// Sets an option that may be said again, but not otherwise.
fn only<T: PartialEq + Default>(option: &mut T, value: T) -> Result<()> {
    if *option != T::default() && *option != value {
        return Err(Error::Syntax);
    }
    *option = value;
    Ok(())
}
