//! Reading over a snapshot: where keys begin and end, without making values of them.
//!
//! One thread goes ahead in this way, so that others can read keys at several places at once. What is read over
//! is not looked at: whoever reads the keys does.

use super::decode::{decode, skip};
use super::input::Input;
use super::{Fault, Result, VALKEY, kind, malformed, opcode};
use crate::config::Limits;

/// What a step read over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// A key with its value.
    Key,
    /// How many keys a database has, says the file.
    Sizes(u64),
    /// Keys belong to this database from now on.
    Database(u64),
    /// What stands before a key, or beside keys.
    Other,
    End,
}

/// Reads over one thing.
pub(super) fn pass(input: &mut Input<'_>, version: u16, limits: &Limits) -> Result<Passed> {
    match input.byte()? {
        opcode::END => return Ok(Passed::End),
        opcode::AUX => {
            input.skip_string()?;
            input.skip_string()?;
        }
        opcode::SELECT => return input.number().map(Passed::Database),
        opcode::SIZES => {
            let keys = input.number()?;
            input.number()?;
            return Ok(Passed::Sizes(keys));
        }
        opcode::SLOT => input.skip_numbers(3)?,
        opcode::EXPIRY => {
            input.bytes(4)?;
        }
        opcode::EXPIRY_MS => {
            input.bytes(8)?;
        }
        opcode::IDLE => input.skip_numbers(1)?,
        opcode::FREQUENCY => {
            input.byte()?;
        }
        opcode::FUNCTION => input.skip_string()?,
        opcode::MODULE => {
            input.number()?;
            skip::module_value(input)?;
        }
        opcode::KEY_METADATA if version >= VALKEY => {
            input.skip_string()?;
            for _ in 0..input.number()? {
                input.skip_numbers(2)?;
            }
        }
        opcode::KEY_METADATA if version > 12 => skip::key_metadata(input)?,
        of => {
            input.skip_string()?;
            value(of, version, input, limits)?;
            return Ok(Passed::Key);
        }
    }
    Ok(Passed::Other)
}

/// Reads over a value.
fn value(of: u8, version: u16, input: &mut Input<'_>, limits: &Limits) -> Result<()> {
    match of {
        kind::STRING
        | kind::HASH_ZIPMAP
        | kind::LIST_ZIPLIST
        | kind::SET_INTSET
        | kind::SET_LISTPACK
        | kind::ZSET_ZIPLIST
        | kind::ZSET_LISTPACK
        | kind::HASH_ZIPLIST
        | kind::HASH_LISTPACK
        | kind::HASH_LISTPACK_EX_EARLY => input.skip_string(),
        kind::HASH_LISTPACK_EX => {
            input.bytes(8)?;
            input.skip_string()
        }
        kind::LIST | kind::SET | kind::LIST_QUICKLIST => each(input, |input| input.skip_string()),
        kind::LIST_QUICKLIST_2 => each(input, |input| {
            input.number()?;
            input.skip_string()
        }),
        kind::ZSET => each(input, |input| {
            input.skip_string()?;
            match input.byte()? {
                253.. => Ok(()),
                len => input.bytes(len.into()).map(drop),
            }
        }),
        kind::ZSET_2 => each(input, |input| {
            input.skip_string()?;
            input.bytes(8).map(drop)
        }),
        kind::HASH => each(input, |input| {
            input.skip_string()?;
            input.skip_string()
        }),
        kind::HASH_2 if version >= VALKEY => each(input, |input| {
            input.skip_string()?;
            input.skip_string()?;
            input.bytes(8).map(drop)
        }),
        kind::HASH_2 => each(input, timed_field),
        kind::HASH_METADATA => {
            input.bytes(8)?;
            each(input, timed_field)
        }
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 => stream(of, input),
        super::import::MODULE => {
            input.number()?;
            skip::module_value(input)
        }
        super::import::MODULE_EARLY => {
            malformed("a module's value of before modules were released")
        }
        // What is rare is read whole.
        _ => match decode(of, version, input, limits) {
            Ok(_) | Err(Fault::Empty) => Ok(()),
            Err(fault) => Err(fault),
        },
    }
}

fn each(input: &mut Input<'_>, mut pass: impl FnMut(&mut Input<'_>) -> Result<()>) -> Result<()> {
    for _ in 0..input.number()? {
        pass(input)?;
    }
    Ok(())
}

fn timed_field(input: &mut Input<'_>) -> Result<()> {
    input.number()?;
    input.skip_string()?;
    input.skip_string()
}

fn stream(of: u8, input: &mut Input<'_>) -> Result<()> {
    each(input, |input| {
        input.skip_string()?;
        input.skip_string()
    })?;
    let later = of != kind::STREAM;
    input.skip_numbers(if later { 8 } else { 3 })?;
    each(input, |input| {
        input.skip_string()?;
        input.skip_numbers(if later { 3 } else { 2 })?;
        each(input, |input| {
            input.bytes(24)?;
            input.skip_numbers(1)
        })?;
        each(input, |input| {
            input.skip_string()?;
            input.bytes(if of == kind::STREAM_3 { 16 } else { 8 })?;
            each(input, |input| input.bytes(16).map(drop))
        })
    })
}
