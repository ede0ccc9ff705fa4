//! What a key can hold: one file per Redis type, without keys, locks or time.

pub(crate) mod lcs;
pub(crate) mod string;

use std::fmt;

/// The type of a value, as `TYPE` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// A byte string or a number.
    String,
}

impl Type {
    /// Redis's name for the type.
    ///
    /// ```
    /// assert_eq!(danio::Type::String.name(), "string");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Type::String => "string",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a value is stored, as `OBJECT ENCODING` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// A 64-bit integer.
    Int,
    /// A string of at most 44 bytes that was set whole.
    Embstr,
    /// Any other string.
    Raw,
}

impl Encoding {
    /// Redis's name for the encoding.
    ///
    /// ```
    /// assert_eq!(danio::Encoding::Embstr.name(), "embstr");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Int => "int",
            Encoding::Embstr => "embstr",
            Encoding::Raw => "raw",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
