//! Keys, members and fields: bytes that are the same for equal values, and that people read.
//!
//! | value | bytes |
//! |---|---|
//! | text, bytes, a character | as they are |
//! | integers, `true`, floats | decimal, in their shortest form |
//! | a struct around one value | that value |
//! | a variant without values | its name |
//! | tuples, structs, variants with values | the parts (for a variant, behind its name), with `:` between them |
//! | a sequence | its length, and then its elements, as parts |
//! | `None`; `Some` | `%0`; the value, as a part |
//!
//! In a part `:` and `%` are written as `%3A` and `%25`, so that no two values have the same bytes. Maps have no
//! form: theirs would depend on the order in which they are walked through. (So would that of a `HashSet`, which serde does
//! not tell from a sequence.)

mod read;
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

/// What most keys fit in.
pub(super) type KeyBytes = SmallVec<[u8; 32]>;

/// Why something is no key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit(Box<str>);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

impl serde::ser::Error for Unfit {
    fn custom<T: std::fmt::Display>(text: T) -> Unfit {
        Unfit(text.to_string().into())
    }
}

impl serde::de::Error for Unfit {
    fn custom<T: std::fmt::Display>(text: T) -> Unfit {
        Unfit(text.to_string().into())
    }
}

/// Writes a key.
pub(super) fn write<K: Serialize + ?Sized>(key: &K) -> Result<KeyBytes, Unfit> {
    let mut writer = write::Writer::default();
    key.serialize(&mut writer)?;
    Ok(writer.into_bytes())
}

/// Reads a key that [`write()`] wrote.
pub(super) fn read<K: DeserializeOwned>(bytes: &[u8]) -> Result<K, Unfit> {
    let mut reader = read::Reader::new(bytes);
    let key = K::deserialize(&mut reader)?;
    reader.finish()?;
    Ok(key)
}

#[cfg(test)]
mod tests;
