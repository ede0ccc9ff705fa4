//! One configuration parameter: its names, what it may be, and the words that refuse anything else.

use std::borrow::Cow;

use bitflags::bitflags;
use bytes::Bytes;

use crate::text::{int, memory};

/// Why a value was refused: the part of the message behind the dash.
pub type Refusal = Cow<'static, str>;

bitflags! {
    /// When a parameter may be changed.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Limits: u8 {
        /// Only at start-up.
        const IMMUTABLE = 1;
        /// At run time only where `enable-protected-configs` allows it.
        const PROTECTED = 1 << 1;
        /// Not shown by a pattern, only by its full name.
        const HIDDEN = 1 << 2;
        /// At run time only to what it is already.
        const FIXED = 1 << 3;
    }
}

/// Checks words against the present value and brings them to one form.
pub type Canonical = fn(words: &[&[u8]], present: &[u8]) -> Result<Vec<u8>, Refusal>;

/// What values a parameter takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `yes` or `no`; 1 or 0 as a number.
    Bool,
    /// A decimal integer.
    Int {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A decimal integer that is not negative, and is brought within bounds.
    Clamped {
        /// What less is taken for.
        min: i64,
        /// What more is taken for.
        max: i64,
    },
    /// An octal integer, as file modes are written.
    Octal {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A size in bytes, with an optional unit.
    Memory {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// One of several words; as a number, what stands beside it.
    Enum(&'static [(&'static str, i64)]),
    /// Any bytes.
    Text,
    /// Words that a function checks against the present value and brings to one form.
    Words(Canonical),
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// That of a boolean, integer, size or choice.
    Number(i64),
    /// That of text and words.
    Text(Bytes),
}

impl Setting {
    /// The number; zero for text.
    pub fn number(&self) -> i64 {
        match self {
            Setting::Number(number) => *number,
            Setting::Text(_) => 0,
        }
    }

    /// The text; empty for a number.
    pub fn text(&self) -> &[u8] {
        match self {
            Setting::Number(_) => b"",
            Setting::Text(text) => text,
        }
    }
}

/// One row of the registry.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its older name, if it has one.
    pub alias: Option<&'static str>,
    /// What it takes.
    pub kind: Kind,
    /// When it may be changed.
    pub limits: Limits,
    /// What it is unless set, as `CONFIG SET` would be given it.
    pub default: &'static str,
}

impl Parameter {
    /// A parameter that may be changed at any time.
    pub const fn new(name: &'static str, kind: Kind, default: &'static str) -> Parameter {
        Parameter { name, alias: None, kind, limits: Limits::empty(), default }
    }

    /// Sets when it may be changed.
    pub const fn limits(mut self, limits: Limits) -> Parameter {
        self.limits = limits;
        self
    }

    /// Gives it a second name.
    pub const fn alias(mut self, alias: &'static str) -> Parameter {
        self.alias = Some(alias);
        self
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Redis's words for why these are no value of this parameter.
    pub fn parse(&self, words: &[&[u8]], present: &[u8]) -> Result<Setting, Refusal> {
        self.parse_but(&[], words, present)
    }

    /// As [`parse`](Parameter::parse), without these among the choices.
    pub(super) fn parse_but(
        &self,
        unknown: &[&str],
        words: &[&[u8]],
        present: &[u8],
    ) -> Result<Setting, Refusal> {
        if let Kind::Words(check) = self.kind {
            return check(words, present).map(|text| Setting::Text(text.into()));
        }
        let [word] = words else {
            return Err("wrong number of arguments".into());
        };
        match self.kind {
            Kind::Bool => match () {
                () if word.eq_ignore_ascii_case(b"yes") => Ok(Setting::Number(1)),
                () if word.eq_ignore_ascii_case(b"no") => Ok(Setting::Number(0)),
                () => Err("argument must be 'yes' or 'no'".into()),
            },
            Kind::Int { min, max } => integer(word, min, max).map(Setting::Number),
            Kind::Clamped { min, max } => {
                let value = integer(word, 0, i64::from(i32::MAX))?;
                Ok(Setting::Number(value.clamp(min, max)))
            }
            Kind::Octal { min, max } => {
                let digits = std::str::from_utf8(word).ok();
                let value = digits.and_then(|d| i64::from_str_radix(d, 8).ok());
                let value = value.ok_or("argument couldn't be parsed as an octal number")?;
                if value < min || value > max {
                    return Err(
                        format!("argument must be between {min:o} and {max:o} inclusive").into()
                    );
                }
                Ok(Setting::Number(value))
            }
            Kind::Memory { min, max } => {
                let value = memory::parse_size(word).ok_or("argument must be a memory value")?;
                within(i64::try_from(value).unwrap_or(i64::MAX), min, max).map(Setting::Number)
            }
            Kind::Enum(choices) => {
                let choices = || choices.iter().filter(|(name, _)| !unknown.contains(name));
                let found = choices().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word));
                found.map(|(_, value)| Setting::Number(*value)).ok_or_else(|| {
                    let names: Vec<_> = choices().map(|(name, _)| *name).collect();
                    format!("argument(s) must be one of the following: {}", names.join(", ")).into()
                })
            }
            Kind::Text | Kind::Words(_) => Ok(Setting::Text(Bytes::copy_from_slice(word))),
        }
    }

    /// Writes a value as `CONFIG GET` shows it.
    pub fn show(&self, setting: &Setting) -> Bytes {
        let number = match setting {
            Setting::Text(text) => return text.clone(),
            Setting::Number(number) => *number,
        };
        match self.kind {
            Kind::Bool => Bytes::from_static(if number != 0 { b"yes" } else { b"no" }),
            Kind::Octal { .. } => format!("{number:o}").into(),
            Kind::Enum(choices) => {
                let found = choices.iter().find(|(_, value)| *value == number);
                Bytes::from_static(found.map_or("", |(name, _)| name).as_bytes())
            }
            _ => number.to_string().into(),
        }
    }
}

fn integer(word: &[u8], min: i64, max: i64) -> Result<i64, Refusal> {
    let value = int::parse_i64(word).ok_or("argument couldn't be parsed into an integer")?;
    within(value, min, max)
}

fn within(value: i64, min: i64, max: i64) -> Result<i64, Refusal> {
    if value < min || value > max {
        return Err(format!("argument must be between {min} and {max} inclusive").into());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_refusals() {
        let refused = |kind, word: &str| {
            let parsed = Parameter::new("x", kind, "").parse(&[word.as_bytes()], b"");
            parsed.map(|s| Parameter::new("x", kind, "").show(&s))
        };
        assert_eq!(refused(Kind::Bool, "YES"), Ok("yes".into()));
        assert_eq!(refused(Kind::Bool, "1"), Err("argument must be 'yes' or 'no'".into()));
        let int = Kind::Int { min: 0, max: 9 };
        assert_eq!(refused(int, "9"), Ok("9".into()));
        assert_eq!(refused(int, "10"), Err("argument must be between 0 and 9 inclusive".into()));
        assert_eq!(refused(int, "x"), Err("argument couldn't be parsed into an integer".into()));
        let clamped = Kind::Clamped { min: 1, max: 500 };
        for (word, shown) in [("0", "1"), ("1", "1"), ("77", "77"), ("2147483647", "500")] {
            assert_eq!(refused(clamped, word), Ok(shown.into()));
        }
        for word in ["-1", "2147483648"] {
            let refusal = "argument must be between 0 and 2147483647 inclusive";
            assert_eq!(refused(clamped, word), Err(refusal.into()));
        }
        let octal = Kind::Octal { min: 0, max: 0o777 };
        assert_eq!(refused(octal, "700"), Ok("700".into()));
        assert_eq!(
            refused(octal, "8"),
            Err("argument couldn't be parsed as an octal number".into())
        );
        assert_eq!(
            refused(octal, "1000"),
            Err("argument must be between 0 and 777 inclusive".into())
        );
        let size = Kind::Memory { min: 0, max: i64::MAX };
        assert_eq!(refused(size, "1kb"), Ok("1024".into()));
        assert_eq!(refused(size, "-1"), Err("argument must be a memory value".into()));
        let choice = Kind::Enum(&[("a", 0), ("b", 5)]);
        assert_eq!(refused(choice, "B"), Ok("b".into()));
        assert_eq!(
            refused(choice, "c"),
            Err("argument(s) must be one of the following: a, b".into())
        );
    }
}
