//! RDB: the format of Redis's snapshots and of `DUMP`'s payloads.
//!
//! ```text
//! file:    REDIS0011 | aux ... | select db, sizes | key ... | ... | end | checksum
//! key:     [ expiry ][ idle or frequency ] type | name | value
//! payload: type | value | version u16 | checksum
//! ```
//!
//! Pure: bytes in, entries out, and back; no locks and no time of its own. What is read and written
//! is told in `docs/PERSISTENCE.md`. The layout of each value is that of Valkey's `rdb.c`,
//! `listpack.md`, `ziplist.c` and `zipmap.c` (BSD); the types that Redis has added since 7.4 are read after
//! their published descriptions.
//!
//! | file | what |
//! |---|---|
//! | `input` | where bytes come from: memory or a stream; lengths and strings |
//! | `output` | lengths and strings as they are written |
//! | `lzf`, `crc` | compressed strings, checksums |
//! | `listpack`, `ziplist`, `zipmap` | the packed sequences of Redis, checked as they are read |
//! | `decode` | values of every type and version |
//! | `encode` | values as they are written |
//! | `payload` | `DUMP` and `RESTORE` |
//! | `export`, `import` | whole snapshots, to and from any stream |
//! | `file` | whole snapshots in files |
//! | `load`, `scan` | files as several threads read them |
//!
//! Bytes that come from outside are never trusted: each length is checked against what is there
//! before anything is allocated for it, every element of a packed sequence is looked at, and nothing
//! that passes can make the engine fail later.

mod crc;
mod decode;
mod encode;
mod export;
mod file;
mod import;
mod input;
mod listpack;
mod load;
mod lzf;
mod output;
mod payload;
mod scan;
#[cfg(test)]
mod tests;
mod ziplist;
mod zipmap;

#[cfg(feature = "aof")]
pub(crate) use encode::asks_for;
#[cfg(feature = "aof")]
pub(crate) use export::export_still;
pub(crate) use export::{Style, export};
pub(crate) use file::{Place, save, save_still};
#[cfg(feature = "aof")]
pub(crate) use import::read;
pub(crate) use import::{How, Loaded, import, payload_of, read_file};
#[cfg(fuzzing)]
pub(crate) use load::load as load_bytes;
#[cfg(feature = "aof")]
pub(crate) use payload::dump_for;
#[cfg(fuzzing)]
pub(crate) use payload::restore_unsealed;
pub(crate) use payload::{dump, restore};

use std::io;

/// The types of values.
mod kind {
    pub(super) const STRING: u8 = 0;
    pub(super) const LIST: u8 = 1;
    pub(super) const SET: u8 = 2;
    /// Scores as text.
    pub(super) const ZSET: u8 = 3;
    pub(super) const HASH: u8 = 4;
    /// Scores as they are.
    pub(super) const ZSET_2: u8 = 5;
    pub(super) const HASH_ZIPMAP: u8 = 9;
    pub(super) const LIST_ZIPLIST: u8 = 10;
    pub(super) const SET_INTSET: u8 = 11;
    pub(super) const ZSET_ZIPLIST: u8 = 12;
    pub(super) const HASH_ZIPLIST: u8 = 13;
    pub(super) const LIST_QUICKLIST: u8 = 14;
    pub(super) const STREAM: u8 = 15;
    pub(super) const HASH_LISTPACK: u8 = 16;
    pub(super) const ZSET_LISTPACK: u8 = 17;
    pub(super) const LIST_QUICKLIST_2: u8 = 18;
    pub(super) const STREAM_2: u8 = 19;
    pub(super) const SET_LISTPACK: u8 = 20;
    pub(super) const STREAM_3: u8 = 21;
    /// Fields with times: Valkey's since 9.0; of Redis only before 7.4 was released.
    pub(super) const HASH_2: u8 = 22;
    /// The same, packed, before Redis 7.4 was released.
    pub(super) const HASH_LISTPACK_EX_EARLY: u8 = 23;
    /// Fields with times: Redis's since 7.4.
    pub(super) const HASH_METADATA: u8 = 24;
    pub(super) const HASH_LISTPACK_EX: u8 = 25;
    /// With producers that repeat themselves: Redis 8.6.
    pub(super) const STREAM_4: u8 = 26;
    /// With entries that were given back: Redis 8.8.
    pub(super) const STREAM_5: u8 = 27;
}

/// What stands in a file beside keys.
mod opcode {
    /// What modules keep beside a key (Redis 8.6); in Valkey's files, slots that are being moved here.
    pub(super) const KEY_METADATA: u8 = 243;
    /// How many keys a slot of a cluster has.
    pub(super) const SLOT: u8 = 244;
    pub(super) const FUNCTION: u8 = 245;
    /// What modules keep beside all keys.
    pub(super) const MODULE: u8 = 247;
    pub(super) const IDLE: u8 = 248;
    pub(super) const FREQUENCY: u8 = 249;
    pub(super) const AUX: u8 = 250;
    pub(super) const SIZES: u8 = 251;
    pub(super) const EXPIRY_MS: u8 = 252;
    pub(super) const EXPIRY: u8 = 253;
    pub(super) const SELECT: u8 = 254;
    pub(super) const END: u8 = 255;
}

/// The first version of Valkey's own; below are Redis's.
const VALKEY: u16 = 80;
/// The versions that are read: Redis 2.4 to 8.8, and Valkey 9.
const fn is_known(version: u16) -> bool {
    matches!(version, 1..=14 | 80)
}

/// Who is to read what is written: the newest version that it may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target(u16);

impl Target {
    /// Redis 7.0: sets of words member by member, streams without what 7.2 knows of consumers.
    pub(crate) const REDIS_7_0: Target = Target(10);
    /// Redis 7.2, and Valkey before 9.
    pub(crate) const REDIS_7_2: Target = Target(11);
    /// Redis 7.4, whose hashes have fields with times.
    pub(crate) const REDIS_7_4: Target = Target(12);
    /// Redis 8.6, whose streams remember what their producers have sent.
    pub(crate) const REDIS_8_6: Target = Target(13);
    /// Redis 8.8, whose consumers give entries back.
    pub(crate) const REDIS_8_8: Target = Target(14);
    /// Valkey 9, whose hashes have fields with times in another form.
    pub(crate) const VALKEY_9: Target = Target(VALKEY);

    /// One value by itself, whose version may be any.
    const PAYLOAD: Target = Target(u16::MAX);

    /// How a file begins.
    fn magic(self) -> String {
        let Target(version) = self;
        if version >= VALKEY { format!("VALKEY{version:03}") } else { format!("REDIS{version:04}") }
    }

    /// Whether the fields of a hash may have times.
    fn knows_timed_fields(self) -> bool {
        self.0 >= 12
    }

    /// The least version that knows a type, 10 at least, that of Redis 7.0.
    fn least(of: u8) -> u16 {
        match of {
            kind::HASH_2 => VALKEY,
            kind::STREAM_5 => 14,
            kind::STREAM_4 => 13,
            kind::HASH_METADATA => 12,
            kind::SET_LISTPACK | kind::STREAM_3 => 11,
            _ => 10,
        }
    }

    /// Whether a type may be written.
    fn has(self, of: u8) -> bool {
        let known = Target::least(of) <= self.0;
        // What Redis has added since 7.4 is none of Valkey's.
        let only_redis = matches!(of, kind::STREAM_4 | kind::STREAM_5);
        known && (!only_redis || self.0 < VALKEY || self == Target::PAYLOAD)
    }

    /// How a hash is written that has fields with times.
    fn timed_hash(self) -> u8 {
        if self.0 >= VALKEY { kind::HASH_2 } else { kind::HASH_METADATA }
    }
}

/// Why bytes could not be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// They end too early.
    Short,
    /// They are not what they should be.
    Malformed(&'static str),
    /// They are sound, and ask for what there is not.
    Foreign(String),
    /// A collection without elements: no key holds one, though old files may.
    Empty,
    /// The stream that they come from failed.
    Io(io::Error),
}

type Result<T> = std::result::Result<T, Fault>;

const fn malformed<T>(what: &'static str) -> Result<T> {
    Err(Fault::Malformed(what))
}
