//! The options that SET, GETEX and MSETEX share.

use crate::api::Compare;
use crate::clock::Millis;
use crate::command::args::Args;
use crate::command::parse::{self, is};
use crate::error::{Error, Result};
use crate::keyspace::Tx;

/// Which options a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taker {
    /// Everything but `PERSIST`.
    Set,
    /// An expiry or `PERSIST`.
    GetEx,
    /// `NX`, `XX` and everything about expiry but `PERSIST`.
    MsetEx,
}

/// Options as they were given, expiry still unread.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    pub(super) condition: Compare<'a>,
    /// `GET`
    pub(super) get: bool,
    pub(super) expiry: Expiry<'a>,
}

/// What an option says of the expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Expiry<'a> {
    /// Nothing.
    #[default]
    Unsaid,
    /// `KEEPTTL`
    Keep,
    /// `PERSIST`
    Persist,
    /// `EX`, `PX`, `EXAT`, `PXAT`
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
    pub(super) fn named(word: &[u8]) -> Option<Unit> {
        match word {
            word if is(word, "ex") => Some(Unit::Ex),
            word if is(word, "px") => Some(Unit::Px),
            word if is(word, "exat") => Some(Unit::ExAt),
            word if is(word, "pxat") => Some(Unit::PxAt),
            _ => None,
        }
    }

    /// The time that a number of this unit means; `command` is who asks.
    ///
    /// # Errors
    /// `NotInteger`, or `InvalidExpire` if it is not positive or does not fit.
    pub(super) fn read(self, word: &[u8], tx: &Tx<'_>, command: &'static str) -> Result<Millis> {
        let invalid = || Error::InvalidExpire(command);
        let mut time = parse::integer(word)?;
        if time <= 0 {
            return Err(invalid());
        }
        if matches!(self, Unit::Ex | Unit::ExAt) {
            time = time.checked_mul(1000).ok_or_else(invalid)?;
        }
        if matches!(self, Unit::Ex | Unit::Px) {
            time = time.checked_add(tx.now().0).ok_or_else(invalid)?;
        }
        Ok(Millis(time))
    }
}

impl<'a> Options<'a> {
    /// Reads the words from `from` on.
    ///
    /// # Errors
    /// `Syntax`, or Redis's words for a digest that is none.
    pub(super) fn parse(args: Args<'a>, from: usize, taker: Taker) -> Result<Options<'a>> {
        let mut options = Options::default();
        let mut at = from;
        while let Some(word) = args.get(at) {
            at += 1;
            if let Some(unit) = Unit::named(word) {
                let same = matches!(options.expiry, Expiry::Given(given, _) if given == unit);
                if !same && options.expiry != Expiry::Unsaid {
                    return Err(Error::Syntax);
                }
                options.expiry = Expiry::Given(unit, args.get(at).ok_or(Error::Syntax)?);
                at += 1;
            } else if is(word, "keepttl") && taker != Taker::GetEx {
                options.expire(Expiry::Keep)?;
            } else if is(word, "persist") && taker == Taker::GetEx {
                options.expire(Expiry::Persist)?;
            } else if is(word, "get") && taker == Taker::Set {
                options.get = true;
            } else if is(word, "nx") && taker != Taker::GetEx {
                options.only(Compare::Absent)?;
            } else if is(word, "xx") && taker != Taker::GetEx {
                options.only(Compare::Present)?;
            } else if taker == Taker::Set {
                let value = args.get(at).ok_or(Error::Syntax)?;
                options.only(comparison(word, value)?)?;
                at += 1;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    fn expire(&mut self, expiry: Expiry<'a>) -> Result<()> {
        if self.expiry != Expiry::Unsaid && self.expiry != expiry {
            return Err(Error::Syntax);
        }
        self.expiry = expiry;
        Ok(())
    }

    /// Adds a condition; the same may be given twice, but no two.
    fn only(&mut self, condition: Compare<'a>) -> Result<()> {
        let same = std::mem::discriminant(&self.condition) == std::mem::discriminant(&condition);
        let twice = matches!(condition, Compare::Absent | Compare::Present) && same;
        if self.condition != Compare::Always && !twice {
            return Err(Error::Syntax);
        }
        self.condition = condition;
        Ok(())
    }
}

/// `IFEQ`, `IFNE`, `IFDEQ` or `IFDNE` with its value.
///
/// # Errors
/// `Syntax` for another word, Redis's words for a digest that is none.
pub(super) fn comparison<'a>(word: &[u8], value: &'a [u8]) -> Result<Compare<'a>> {
    match word {
        word if is(word, "ifeq") => Ok(Compare::Equal(value)),
        word if is(word, "ifne") => Ok(Compare::NotEqual(value)),
        word if is(word, "ifdeq") => digest(value).map(Compare::DigestEqual),
        word if is(word, "ifdne") => digest(value).map(Compare::DigestNotEqual),
        _ => Err(Error::Syntax),
    }
}

fn digest(word: &[u8]) -> Result<u64> {
    let digits = word.len() == 16 && word.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(word).ok().filter(|_| digits);
    let number = text.and_then(|text| u64::from_str_radix(text, 16).ok());
    number.ok_or(Error::reply("ERR must be exactly 16 hexadecimal characters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(taker: Taker, words: &[&str]) -> Result<(bool, bool)> {
        let words: Vec<&[u8]> = words.iter().map(|w| w.as_bytes()).collect();
        let options = Options::parse(Args::new(&words), 0, taker)?;
        Ok((options.condition != Compare::Always, options.expiry != Expiry::Unsaid))
    }

    #[test]
    fn contradictions_are_refused() {
        use Taker::{GetEx, MsetEx, Set};
        for (taker, words) in [
            (Set, "nx xx"),
            (Set, "ex 1 px 1"),
            (Set, "ex 1 keepttl"),
            (Set, "keepttl ex 1"),
            (Set, "ex"),
            (Set, "ifeq"),
            (Set, "ifeq 1 nx"),
            (Set, "xx ifne 1"),
            (Set, "persist"),
            (GetEx, "persist ex 1"),
            (GetEx, "keepttl"),
            (GetEx, "nx"),
            (GetEx, "get"),
            (MsetEx, "get"),
            (MsetEx, "ifeq 1"),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            assert_eq!(parse(taker, &words), Err(Error::Syntax), "{words:?}");
        }
        assert_eq!(parse(Set, &["NX", "nx", "Ex", "1", "EX", "2", "GET"]), Ok((true, true)));
        assert_eq!(parse(GetEx, &["PERSIST"]), Ok((false, true)));
        assert!(parse(Set, &["ifdeq", "00006C38adf31777"]).is_ok());
        assert!(parse(Set, &["ifdeq", "+0006c38adf31777"]).is_err());
    }
}
