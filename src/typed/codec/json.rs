//! JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Codec, Fault};

/// JSON, by [serde_json](https://docs.rs/serde_json/1): text without a mark, which redis-cli shows and any Redis client
/// reads and writes. That costs up to five times the bytes of the others, little more for what is mostly
/// text, and three to forty times their time ([measured](crate::typed#codecs)).
///
/// Arrays and objects may nest 127 levels deep. JSON has no NaN and no infinities: they are written as `null`, which
/// no number is read from.
///
/// ```
/// use danio::typed::Schema;
///
/// let db = danio::Db::in_memory();
/// let point = db.value_with("point", Schema::json());
/// point.set(&(1, "one".to_owned()))?;
/// assert_eq!(db.get("point")?.as_deref(), Some(&b"[1,\"one\"]"[..]));
/// // What another program writes is read as well.
/// db.set("point", "[ 2, \"two\" ]")?;
/// assert_eq!(point.get()?, Some((2, "two".to_owned())));
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Codec for Json {
    const NAME: &'static str = "JSON";
    const NUMBER: u8 = 3;
    const TEXT: bool = true;

    fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), Fault> {
        Ok(serde_json::to_writer(into, value)?)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
        Ok(serde_json::from_slice(bytes)?)
    }
}
