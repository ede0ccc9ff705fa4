//! Rust types in Redis's types: handles over keys that hold values of one type each.
//!
//! A handle is a key and a [`Schema`]: how its values become bytes. It is cheap to clone and holds no lock, its methods
//! are named as those of Rust's collections, and each is one call of [`Db`](crate::Db), with that call's
//! guarantees. What is stored are Redis's own types: redis-cli sees a hash where the program has a [`Map`].
//!
//! ```
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct UserId(u64);
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Profile {
//!     name: String,
//!     logins: u32,
//! }
//!
//! let db = danio::Db::in_memory();
//! let profiles = db.map::<UserId, Profile>("profiles");
//! profiles.insert(&UserId(7), &Profile { name: "Ann".into(), logins: 1 })?;
//! assert_eq!(profiles.get(&UserId(7))?.map(|profile| profile.name), Some("Ann".into()));
//! // Keys are text: HGET profiles 7.
//! assert!(db.hexists("profiles", "7")?);
//! # Ok::<(), danio::Error>(())
//! ```
//!
//! # Which handle
//!
//! | handle | key holds | made by | for |
//! |---|---|---|---|
//! | [`Value`] | a string | [`value_with`](crate::Db::value_with) | one value |
//! | [`Family`] | strings, a key each | [`family_with`](crate::Db::family_with) | values that expire and are evicted each by itself |
//! | [`Map`] | a hash | [`map_with`](crate::Db::map_with) | values that belong together |
//! | [`List`] | a list | [`list_with`](crate::Db::list_with) | queues |
//! | [`Set`] | a set | [`set_of`](crate::Db::set_of) | membership |
//! | [`SortedSet`] | a sorted set | [`sorted_set`](crate::Db::sorted_set) | rankings, schedules |
//! | [`Stream`], [`StreamGroup`] | a stream | [`stream_with`](crate::Db::stream_with) | logs, work that must not be lost |
//! | [`Counter`] | a number | [`counter`](crate::Db::counter) | counts |
//! | [`Bitmap`] | a string of bits | [`bitmap`](crate::Db::bitmap) | sets of small numbers |
//! | [`HyperLogLog`] | a sketch | [`hyperloglog`](crate::Db::hyperloglog) | how many different ones |
//! | [`GeoIndex`] | a sorted set of places | [`geo_index`](crate::Db::geo_index) | what is near |
//!
//! # Codecs
//!
//! Feature `serde` has the handles and schemas without a codec; [`Bincode`], [`Postcard`] and [`Json`] are features of
//! their own. The methods without `_with` ([`Db::map`](crate::Db::map) and its kin) write bincode, the default codec,
//! and are there with its feature; they never mean another, so that a feature that somebody turns on changes
//! nothing that is stored.
//!
//! What they write and what that costs (`cargo bench --features bincode,postcard,json --bench codecs`, two cores, the
//! codec alone; the mark is counted):
//!
//! | value | codec | bytes | to write | to read |
//! |---|---|---|---|---|
//! | a profile of seven fields | bincode | 48 | 22 ns | 126 ns |
//! | | postcard | 44 | 46 ns | 84 ns |
//! | | JSON | 149 | 123 ns | 395 ns |
//! | two hundred measurements of four numbers | bincode | 3,002 | 1.0 us | 1.7 us |
//! | | postcard | 2,403 | 1.8 us | 1.0 us |
//! | | JSON | 12,986 | 14 us | 25 us |
//! | an article, 3.9 KB of text | bincode | 3,898 | 60 ns | 234 ns |
//! | | postcard | 3,897 | 62 ns | 277 ns |
//! | | JSON | 4,004 | 2.4 us | 1.7 us |
//!
//! What one codec wrote and another reads is an error that names both and no garbage, and so is what
//! another version of a type wrote: [`Schema`] says how to go on from there.
//!
//! Keys of maps and families, and members of sets, are written as text that is the same for equal values:
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
//! In a part `:` and `%` are written as `%3A` and `%25`. Maps have no such form, and a `HashSet`, which has no order,
//! must not be used.
//!
//! # In transactions
//!
//! A handle is made in a [`Transaction`](crate::Transaction) as it is in a [`Db`](crate::Db), or taken into it by
//! `on`; its `key` is what the transaction declares.
//!
//! ```
//! use danio::typed::Schema;
//!
//! let db = danio::Db::in_memory();
//! let stock = db.map_with::<String, u32>("stock", Schema::json());
//! let orders = db.list_with::<String>("orders", Schema::json());
//! stock.insert("apple", &3)?;
//!
//! db.transaction([stock.key(), orders.key()], |tx| {
//!     let left = stock.on(tx).get("apple")?.unwrap_or_default();
//!     stock.on(tx).insert("apple", &(left - 1))?;
//!     orders.on(tx).push_back(&"apple".to_owned())
//! })?;
//! assert_eq!((stock.get("apple")?, orders.len()?), (Some(2), 1));
//! # Ok::<(), danio::Error>(())
//! ```
//!
//! With [`Db::watch`](crate::Db::watch) it is the same: look through the handle, commit through `on`.
//!
//! # What waits
//!
//! Calls whose names end in `_wait` let their thread sleep until there is something; with feature `async` those that end
//! in `_async` are futures of any runtime. Everything else returns at once, and may be called from async code.
//!
//! # Errors
//!
//! Every method that reads or writes values fails with [`Error::Codec`](crate::Error::Codec) if a value cannot be written, or what is
//! stored is no such value, and as the method of [`Db`](crate::Db) that it calls: with
//! [`Error::WrongType`](crate::Error::WrongType) if the key holds another of Redis's types,
//! [`Error::OutOfMemory`](crate::Error::OutOfMemory) if it needs room that there is not. Nothing is changed then.

mod mark;
mod schema;

#[cfg(feature = "serde")]
mod bitmap;
#[cfg(feature = "serde")]
mod codec;
#[cfg(feature = "serde")]
mod counter;
#[cfg(feature = "serde")]
mod family;
#[cfg(feature = "serde")]
mod geo;
#[cfg(feature = "serde")]
mod group;
#[cfg(feature = "serde")]
mod handle;
#[cfg(feature = "serde")]
mod hyperloglog;
#[cfg(feature = "serde")]
mod key;
#[cfg(all(feature = "serde", feature = "async"))]
mod later;
#[cfg(feature = "serde")]
mod list;
#[cfg(feature = "serde")]
mod map;
#[cfg(feature = "serde")]
mod patience;
#[cfg(feature = "serde")]
mod set;
#[cfg(feature = "serde")]
mod sorted_set;
#[cfg(feature = "serde")]
mod stream;
#[cfg(feature = "serde")]
mod value;

#[cfg(feature = "bincode")]
pub use codec::Bincode;
#[cfg(feature = "json")]
pub use codec::Json;
#[cfg(feature = "postcard")]
pub use codec::Postcard;
#[cfg(all(feature = "serde", feature = "async"))]
pub use later::Later;
pub use schema::Schema;
#[cfg(feature = "serde")]
pub use {
    bitmap::Bitmap, codec::Codec, codec::Fault, counter::Counter, family::Family, geo::GeoIndex,
    group::Delivery, group::StreamGroup, hyperloglog::HyperLogLog, list::List, map::Map, set::Set,
    sorted_set::SortedSet, stream::Stream, value::Value,
};
