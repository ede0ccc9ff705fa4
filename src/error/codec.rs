//! What is wrong with a typed value.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

/// A typed value that cannot be written, or something stored that its reader does not understand; in
/// [`Error::Codec`](super::Error::Codec).
///
/// Whatever was stored is in it, so that an element that was popped and is not understood is not lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodecError {
    /// The key that was read or written.
    pub key: Bytes,
    /// What within it: a hash's field, a set's member, a stream's id; empty if it is the whole or a list's element.
    pub entry: Bytes,
    /// What the handle reads and writes.
    pub expected: Written,
    /// What is wrong.
    pub problem: CodecProblem,
    /// What was stored; empty if nothing was to be read.
    pub bytes: Bytes,
}

/// How a value was written: by which codec, in which version of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The codec's name; that of its number if it is not known.
    pub codec: Cow<'static, str>,
    /// The version; 0 where none is written down.
    pub version: u32,
}

/// What is wrong with a typed value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecProblem {
    /// It was written by another codec, or in a version that the reader was given nothing to read with.
    Found(Written),
    /// It is marked as expected, and is cut short, too long, or says what its type does not allow.
    Damaged(Box<str>),
    /// The codec cannot write a value of this kind.
    Unwritable(Box<str>),
}

// Only typed values have a codec, and caches of them.
#[cfg(any(feature = "serde", feature = "cache"))]
impl Written {
    pub(crate) fn new(codec: impl Into<Cow<'static, str>>, version: u32) -> Written {
        Written { codec: codec.into(), version }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            0 => f.write_str(&self.codec),
            version => write!(f, "{} of version {version}", self.codec),
        }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CodecError { key, entry, expected, problem, .. } = self;
        let (inside, entry) = match &entry[..] {
            [] => ("", String::new()),
            entry => (" in ", format!("'{}'", entry.escape_ascii())),
        };
        let key = key.escape_ascii();
        match problem {
            CodecProblem::Found(found) => {
                write!(f, "expected {expected} at {entry}{inside}'{key}', and found {found}")
            }
            CodecProblem::Damaged(reason) => {
                write!(f, "what stands at {entry}{inside}'{key}' is no sound {expected}: {reason}")
            }
            CodecProblem::Unwritable(reason) => {
                write!(f, "{expected} cannot be written to {entry}{inside}'{key}': {reason}")
            }
        }
    }
}

impl std::error::Error for CodecError {}
