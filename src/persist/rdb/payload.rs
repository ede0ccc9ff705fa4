//! What `DUMP` gives and `RESTORE` takes: one value without its key.
//!
//! ```text
//! [ what modules keep beside the key ] type | value | version u16 | checksum u64
//! ```
//!
//! The version is the least that knows the type, so that as many servers as can take the value.

use super::crc::checksum;
use super::decode::{Content, decode, skip};
use super::encode;
use super::input::Input;
use super::output::{Output, Scratch};
use super::{Result, Target, is_known, kind, malformed, opcode};
use crate::clock::Millis;
use crate::config::Limits;
use crate::error::Error;
use crate::keyspace::entry::Entry;

/// Version and checksum.
const FOOTER: usize = 10;
/// The versions of Redis that may write it.
const WITH_METADATA: std::ops::Range<u16> = 13..super::VALKEY;

/// The value of an entry at a time, as a payload.
pub(crate) fn dump(entry: &Entry, now: Millis, compress: bool) -> Vec<u8> {
    dump_for(entry, Target::PAYLOAD, now, compress)
}

/// As [`dump`], in the form that a reader of snapshots knows.
pub(crate) fn dump_for(entry: &Entry, target: Target, now: Millis, compress: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let of = encode::kind_of(entry, target);
    Scratch::with(|scratch| {
        let mut out = Output { bytes: &mut bytes, scratch, compress };
        out.byte(of);
        encode::value(entry, of, now, &mut out);
    });
    bytes.extend_from_slice(&Target::least(of).to_le_bytes());
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// The value of a payload.
///
/// # Errors
/// In Redis's words: its version is not known or its checksum is wrong; or it is damaged all the same.
pub(crate) fn restore(
    payload: &[u8],
    limits: &Limits,
    skip_checksum: bool,
) -> crate::error::Result<Content> {
    let (body, version) = verified(payload, skip_checksum)
        .ok_or(Error::reply("ERR DUMP payload version or checksum are wrong"))?;
    value(body, version, limits).map_err(|fault| {
        let what = body.first().map_or("Payload", |of| name(*of));
        tracing::debug!("{what} integrity check failed: {}", super::import::reason(&fault));
        Error::reply("ERR Bad data format")
    })
}

/// What a type is called where it is damaged.
pub(super) fn name(of: u8) -> &'static str {
    match of {
        kind::HASH_ZIPMAP => "Zipmap",
        kind::HASH_ZIPLIST => "Hash ziplist",
        kind::HASH_LISTPACK => "Hash listpack",
        kind::ZSET_ZIPLIST => "Zset ziplist",
        kind::ZSET_LISTPACK => "Zset listpack",
        kind::SET_INTSET => "Intset",
        kind::SET_LISTPACK => "Set listpack",
        kind::LIST_ZIPLIST | kind::LIST_QUICKLIST => "List ziplist",
        kind::LIST_QUICKLIST_2 => "List listpack",
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 | kind::STREAM_4 | kind::STREAM_5 => {
            "Stream listpack"
        }
        _ => "Value",
    }
}

/// The bytes of the value, and the version.
fn verified(payload: &[u8], skip_checksum: bool) -> Option<(&[u8], u16)> {
    let (body, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER)?)?;
    let (version, sum) = footer.split_first_chunk::<2>()?;
    let version = u16::from_le_bytes(*version);
    let is_right = skip_checksum || checksum(&payload[..body.len() + 2]).to_le_bytes() == *sum;
    (is_known(version) && is_right).then_some((body, version))
}

/// The value of a payload whose checksum is not looked at.
pub(super) fn value(body: &[u8], version: u16, limits: &Limits) -> Result<Content> {
    let mut input = Input::memory(body);
    let mut of = input.byte()?;
    if of == opcode::KEY_METADATA && WITH_METADATA.contains(&version) {
        skip::key_metadata(&mut input)?;
        of = input.byte()?;
    }
    let content = decode(of, version, &mut input, limits)?;
    if !input.is_at_end() {
        return malformed("bytes follow the value");
    }
    Ok(content)
}

/// As [`value`], for the fuzzer.
#[cfg(fuzzing)]
pub(crate) fn restore_unsealed(body: &[u8], version: u16, limits: &Limits) -> Option<Content> {
    value(body, version, limits).ok()
}
