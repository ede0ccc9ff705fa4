//! postcard 1.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::guard::{Guarded, Limits};
use super::{Codec, Fault};

/// [postcard](https://docs.rs/postcard/1): a compact format with a written
/// [specification](https://postcard.jamesmunns.com), stable since its version 1, and maintained.
///
/// Integers take as few bytes as they need, names of fields none: it is the smallest of those that are here
/// ([measured](crate::typed#codecs)), and its bytes mean the same in later releases, which bitcode does not promise;
/// MessagePack writes a type in front of each item.
///
/// What is read may nest 256 levels deep, and have as many elements as it has bytes (and 65,536 that take none). What
/// nests deeper can be written, and not be read.
#[derive(Debug, Clone, Copy)]
pub struct Postcard;

impl Codec for Postcard {
    const NAME: &'static str = "postcard";
    const NUMBER: u8 = 2;

    fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), Fault> {
        Ok(postcard::serialize_with_flavor(value, Into(into))?)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
        let limits = Limits::of(bytes);
        let mut from = postcard::Deserializer::from_bytes(bytes);
        let value = Guarded::<T>::new(&limits).deserialize(&mut from)?;
        match from.finalize()?.len() {
            0 => Ok(value),
            more => Err(format!("{more} bytes too many").into()),
        }
    }
}

/// Writes at the end of a vector.
struct Into<'v>(&'v mut Vec<u8>);

impl Flavor for Into<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
