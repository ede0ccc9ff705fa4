//! How values become bytes.

#[cfg(feature = "bincode")]
mod bincode;
#[cfg(any(feature = "bincode", feature = "postcard"))]
mod guard;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "postcard")]
mod postcard;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "bincode")]
pub use self::bincode::Bincode;
#[cfg(feature = "json")]
pub use json::Json;
#[cfg(feature = "postcard")]
pub use postcard::Postcard;

/// Why a codec failed; its text ends up in a [`CodecError`](crate::CodecError).
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A way to write values of any type that serde knows, and to read them back.
///
/// Values of different codecs are told apart by a mark in front of them, which [`Schema`](super::Schema) writes and
/// checks. A binary codec's mark is one byte, 0x80 and its number, or 0xA0 and its number followed by the version
/// of the type: bytes that no text begins with. A [text](Codec::TEXT) codec has no mark, so that Redis clients
/// read and write its values as they are; a version stands in front of it as `@2 `.
///
/// ```
/// use danio::typed::{Codec, Fault, Schema};
/// use serde::{Serialize, de::DeserializeOwned};
///
/// /// JSON with line breaks, for those who look at it often.
/// struct Pretty;
///
/// impl Codec for Pretty {
///     const NAME: &'static str = "pretty JSON";
///     const NUMBER: u8 = 16;
///     const TEXT: bool = true;
///
///     fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), Fault> {
///         Ok(serde_json::to_writer_pretty(into, value)?)
///     }
///
///     fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
///         Ok(serde_json::from_slice(bytes)?)
///     }
/// }
///
/// let db = danio::Db::in_memory();
/// let point = db.value_with("point", Schema::<(i32, i32)>::of::<Pretty>());
/// point.set(&(1, 2))?;
/// assert_eq!(db.get("point")?.as_deref(), Some(&b"[\n  1,\n  2\n]"[..]));
/// # Ok::<(), danio::Error>(())
/// ```
pub trait Codec: 'static {
    /// Its name in messages.
    const NAME: &'static str;

    /// What marks its values: 1 to 31. Those below 16 are Danio's own (bincode 1, postcard 2, JSON 3).
    const NUMBER: u8;

    /// Whether what it writes is text, and therefore has no mark: it must begin with a byte below 0x80 that is not
    /// `@`. Two text codecs are not told apart.
    const TEXT: bool = false;

    /// Writes a value at the end of `into`.
    ///
    /// # Errors
    /// If the codec has no form for such a value.
    fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), Fault>;

    /// Reads what [`encode`](Codec::encode) wrote. The bytes may be anybody's: it must neither panic nor
    /// take memory or time that has nothing to do with their number.
    ///
    /// # Errors
    /// If the bytes are no value of this type, or more than one.
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault>;
}

#[cfg(test)]
#[cfg(all(feature = "bincode", feature = "postcard", feature = "json"))]
mod tests;
