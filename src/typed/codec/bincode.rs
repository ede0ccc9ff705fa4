//! bincode 1.3.

use bincode::{DefaultOptions, Options};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::guard::Guarded;
use super::{Codec, Fault};

/// [bincode](https://docs.rs/bincode/1.3) 1.3, with its default options: little-endian, integers in as few bytes as they
/// need.
///
/// It is complete, and its authors have stopped maintaining it (RUSTSEC-2025-0141); no fault of it is known. Its
/// format does not change any more, so that what was written stays readable.
#[cfg_attr(
    feature = "postcard",
    doc = "For data that are to be kept for years [`Postcard`](super::Postcard) has a specification and maintainers."
)]
///
/// What is read may nest 256 levels deep, and have as many elements as it has bytes (and 65,536 that take none). What
/// nests deeper can be written, and not be read.
#[derive(Debug, Clone, Copy)]
pub struct Bincode;

impl Codec for Bincode {
    const NAME: &'static str = "bincode";
    const NUMBER: u8 = 1;

    fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), Fault> {
        Ok(DefaultOptions::new().serialize_into(into, value)?)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
        let limits = super::guard::Limits::of(bytes);
        let options = DefaultOptions::new().with_limit(bytes.len() as u64);
        Ok(options.deserialize_seed(Guarded::<T>::new(&limits), bytes)?)
    }
}
