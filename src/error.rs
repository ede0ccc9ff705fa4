//! Every way a Danio call can fail, and the exact words a Redis client sees.

mod codec;

use std::borrow::Cow;

pub use codec::{CodecError, CodecProblem, Written};

/// The result of every fallible Danio call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// [`Display`](std::fmt::Display) is the text that goes over the wire behind `-`,
/// code included: clients match on these words, so they are Redis's own.
/// Absence is never an error; it is `Option::None`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The key holds a value of another type. Nothing was changed.
    #[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
    WrongType,
    /// The value, or an argument, is not a decimal integer that fits 64 bits.
    #[error("ERR value is not an integer or out of range")]
    NotInteger,
    /// The value, or an argument, is not a floating-point number.
    #[error("ERR value is not a valid float")]
    NotFloat,
    /// The value of a hash's field is not a decimal integer that fits 64 bits.
    #[error("ERR hash value is not an integer")]
    HashNotInteger,
    /// The value of a hash's field is not a floating-point number.
    #[error("ERR hash value is not a float")]
    HashNotFloat,
    /// The sum would not fit a signed 64-bit integer.
    #[error("ERR increment or decrement would overflow")]
    Overflow,
    /// The sum would be NaN or infinite.
    #[error("ERR increment would produce NaN or Infinity")]
    NotFinite,
    /// Options contradict one another, or one is unknown.
    #[error("ERR syntax error")]
    Syntax,
    /// An offset is negative or past the limit.
    #[error("ERR offset is out of range")]
    OffsetOutOfRange,
    /// An index lies outside the list.
    #[error("ERR index out of range")]
    IndexOutOfRange,
    /// The string would outgrow `proto-max-bulk-len`.
    #[error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")]
    StringTooLong,
    /// The key does not exist and the command needs it.
    #[error("ERR no such key")]
    NoSuchKey,
    /// The database number is not below the configured count.
    #[error("ERR DB index is out of range")]
    DbOutOfRange,
    /// Source and destination are the same.
    #[error("ERR source and destination objects are the same")]
    SameObject,
    /// The expiry is not positive or overflows; carries the command's lower-case name.
    #[error("ERR invalid expire time in '{0}' command")]
    InvalidExpire(&'static str),
    /// A write was refused because `maxmemory` is reached.
    #[error("OOM command not allowed when used memory > 'maxmemory'.")]
    OutOfMemory,
    /// A write was refused, or it took effect in memory and could not be made safe, because the append-only file cannot be
    /// written; carries the system's words. Writes are accepted again as soon as the disk accepts them, and nothing that was
    /// acknowledged is lost meanwhile.
    #[error("MISCONF Errors writing to the AOF file: {0}")]
    AofFailing(Box<str>),
    /// A write was refused because the last snapshot could not be saved (`stop-writes-on-bgsave-error`).
    #[error(
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands \
         that may modify the data set are disabled, because this instance is configured to report errors during \
         writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for \
         details about the RDB error."
    )]
    SaveFailing,
    /// Too few or too many arguments; carries the command's lower-case name.
    #[error("ERR wrong number of arguments for '{0}' command")]
    WrongArity(Cow<'static, str>),
    /// A transaction touched a key that it had not declared. All of it was undone.
    #[error("ERR key was not declared to the transaction")]
    UndeclaredKey,
    /// A key that was watched has changed. Nothing was done.
    #[error("ERR a watched key has changed")]
    Conflict,
    /// A configuration value was refused; says which and why.
    #[error("ERR {0}")]
    Config(Box<str>),
    /// A snapshot cannot be read: at this byte it is damaged, or says what is not known here.
    #[error("ERR the snapshot cannot be read at byte {offset}: {reason}")]
    Snapshot {
        /// How many bytes of it were sound.
        offset: u64,
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// An append-only file cannot be read: it is damaged, or not whole and not to be cut off.
    #[error("ERR the append-only file '{file}' cannot be read at byte {offset}: {reason}")]
    AppendOnlyFile {
        /// The file's name in its folder.
        file: Box<str>,
        /// Up to where it is sound.
        offset: u64,
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// A stream or a file failed.
    #[error("ERR {text}")]
    Io {
        /// What kind of failure the system reports.
        kind: std::io::ErrorKind,
        /// The system's words.
        text: Box<str>,
    },
    /// A typed value cannot be written, or what is stored is not what its reader expects; names the key, and both.
    #[error("ERR {0}")]
    Codec(Box<CodecError>),
    /// Any other reply that starts with an error code; carries the whole text.
    #[error("{0}")]
    Reply(Cow<'static, str>),
    /// A reply that repeats words of the caller, which may be no text; carries its bytes.
    #[error("{}", String::from_utf8_lossy(.0))]
    Echo(Box<[u8]>),
}

impl Error {
    /// The upper-case word that clients switch on: `ERR`, `WRONGTYPE`, `OOM`, …
    ///
    /// ```
    /// assert_eq!(danio::Error::WrongType.code(), "WRONGTYPE");
    /// assert_eq!(danio::Error::Syntax.code(), "ERR");
    /// ```
    pub fn code(&self) -> &str {
        match self {
            Error::WrongType => "WRONGTYPE",
            Error::OutOfMemory => "OOM",
            Error::AofFailing(_) | Error::SaveFailing => "MISCONF",
            Error::Reply(text) => text.split(' ').next().unwrap_or("ERR"),
            // What echoes begins with a code of ours.
            Error::Echo(bytes) => {
                let code = bytes.split(|b| *b == b' ').next().unwrap_or(b"ERR");
                std::str::from_utf8(code).unwrap_or("ERR")
            }
            _ => "ERR",
        }
    }

    /// A failure of the system.
    #[cfg(feature = "snapshot")]
    pub(crate) fn io(error: &std::io::Error) -> Error {
        Error::Io { kind: error.kind(), text: error.to_string().into() }
    }

    /// A failure of the system, with the file or folder that it is of.
    #[cfg(feature = "snapshot")]
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Error {
        let text = format!("{}: {}", path.display(), words_of(error));
        Error::Io { kind: error.kind(), text: text.into() }
    }

    /// An error that repeats the caller's word, up to its first NUL, between two texts, the code
    /// in the first.
    pub(crate) fn echo(before: &str, word: &[u8], after: &str) -> Error {
        Error::Echo([before.as_bytes(), until_nul(word), after.as_bytes()].concat().into())
    }

    /// What names no entry of a stream.
    pub(crate) fn invalid_stream_id() -> Error {
        Error::reply("ERR Invalid stream ID specified as stream command argument")
    }

    /// There is no such stream, or no such group of it.
    pub(crate) fn no_group(key: &[u8], group: &[u8], where_: &str) -> Error {
        let parts: [&[u8]; 5] = [
            b"NOGROUP No such key '",
            until_nul(key),
            b"' or consumer group '",
            until_nul(group),
            b"'",
        ];
        Error::Echo([&parts.concat(), where_.as_bytes()].concat().into())
    }

    /// There is no such group of a stream that is there.
    pub(crate) fn no_group_of_key(key: &[u8], group: &[u8]) -> Error {
        let parts: [&[u8]; 5] = [
            b"NOGROUP No such consumer group '",
            until_nul(group),
            b"' for key name '",
            until_nul(key),
            b"'",
        ];
        Error::Echo(parts.concat().into())
    }

    /// An error with exactly these words, code included.
    pub(crate) fn reply(text: impl Into<Cow<'static, str>>) -> Error {
        Error::Reply(text.into())
    }
}

/// What the system says of a failure, as C's `strerror` has it.
pub(crate) fn words_of(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// A word up to its first NUL, which is where C ends it.
fn until_nul(word: &[u8]) -> &[u8] {
    word.split(|b| *b == 0).next().unwrap_or_default()
}
