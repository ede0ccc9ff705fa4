//! Whole snapshots as they are read.

use std::borrow::Cow;
use std::io::Read;

use super::decode::{decode, skip};
use super::input::Input;
use super::{Fault, Result, VALKEY, is_known, malformed, opcode, payload};
use crate::clock::Millis;
use crate::error::Error;
use crate::keyspace::{Keyspace, Loading, access};

/// A module's value before modules were released: there is no telling where it ends.
const MODULE_EARLY: u8 = 6;
/// A module's value.
const MODULE: u8 = 7;

/// What was read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Loaded {
    /// Keys that are there now.
    pub(crate) keys: u64,
    /// Keys whose time is over.
    pub(crate) expired: u64,
    /// Empty keys, and values of modules.
    pub(crate) skipped: u64,
    /// Libraries of functions, and what modules keep beside keys.
    pub(crate) foreign: u64,
    pub(crate) bytes: u64,
}

/// Reads a snapshot and puts its keys in the place of all there are, once all of it was read; an error
/// leaves everything as it is. `progress` is told now and then what has been read so far.
pub(crate) fn import(
    keyspace: &Keyspace,
    reader: impl Read,
    progress: &mut dyn FnMut(&Loaded),
) -> crate::error::Result<Loaded> {
    let mut input = Input::stream(reader);
    let mut load = Load {
        keyspace,
        loading: Loading::new(keyspace),
        loaded: Loaded::default(),
        version: 0,
        db: 0,
        now: keyspace.clock.now(),
    };
    match load.run(&mut input, progress) {
        Ok(()) => {
            let Load { loading, loaded, .. } = load;
            loading.commit(|entry| payload::dump(entry, Millis(i64::MIN), true));
            Ok(loaded)
        }
        Err(fault) => Err(told(fault, input.offset())),
    }
}

fn told(fault: Fault, offset: u64) -> Error {
    let reason = match fault {
        Fault::Io(error) => return Error::io(&error),
        Fault::Short => "it ends too early".into(),
        Fault::Malformed(reason) => reason.into(),
        Fault::Empty => "an empty collection".into(),
        Fault::Foreign(reason) => Cow::Owned(reason),
    };
    Error::Snapshot { offset, reason }
}

/// What stands before a key.
#[derive(Debug, Default)]
struct Prefix {
    expiry: Option<Millis>,
    idle: Option<u64>,
    frequency: Option<u8>,
}

struct Load<'k> {
    keyspace: &'k Keyspace,
    loading: Loading<'k>,
    loaded: Loaded,
    version: u16,
    db: u32,
    now: Millis,
}

impl Load<'_> {
    fn run(&mut self, input: &mut Input<'_>, progress: &mut dyn FnMut(&Loaded)) -> Result<()> {
        self.version = version(input)?;
        let mut prefix = Prefix::default();
        loop {
            match input.byte()? {
                opcode::END => break,
                opcode::AUX => {
                    let name = input.string()?.into_owned();
                    let value = input.string()?;
                    tracing::debug!(
                        name = %name.escape_ascii(),
                        value = %value.escape_ascii(),
                        "the snapshot says"
                    );
                }
                opcode::SELECT => self.select(input.number()?)?,
                opcode::SIZES => input.skip_numbers(2)?,
                opcode::SLOT => input.skip_numbers(3)?,
                opcode::EXPIRY => {
                    let seconds = i32::from_le_bytes(input.array()?);
                    prefix.expiry = Some(Millis(i64::from(seconds) * 1000));
                }
                opcode::EXPIRY_MS => prefix.expiry = Some(Millis(input.i64()?)),
                opcode::IDLE => prefix.idle = Some(input.number()?),
                opcode::FREQUENCY => prefix.frequency = Some(input.byte()?),
                opcode::FUNCTION => {
                    input.string()?;
                    self.pass_over("a library of functions");
                }
                opcode::MODULE => {
                    // The module's name, in 60 bits.
                    input.number()?;
                    skip::module_value(input)?;
                    self.pass_over("what a module keeps beside the keys");
                }
                opcode::KEY_METADATA if self.version >= VALKEY => {
                    input.string()?;
                    for _ in 0..input.number()? {
                        input.skip_numbers(2)?;
                    }
                    self.pass_over("slots of a cluster that are being moved");
                }
                opcode::KEY_METADATA if self.version > 12 => {
                    skip::key_metadata(input)?;
                    self.pass_over("what a module keeps beside a key");
                }
                of => {
                    self.key(of, std::mem::take(&mut prefix), input)?;
                    let read = self.loaded.keys + self.loaded.expired + self.loaded.skipped;
                    if read.is_multiple_of(1024) {
                        self.loaded.bytes = input.offset();
                        progress(&self.loaded);
                    }
                }
            }
        }
        if self.version >= 5 {
            let sum = input.checksum();
            let expected = u64::from_le_bytes(input.array()?);
            // None was written if it is 0.
            if expected != 0 && expected != sum {
                return malformed("the checksum is wrong");
            }
        }
        self.loaded.bytes = input.offset();
        progress(&self.loaded);
        Ok(())
    }

    fn select(&mut self, db: u64) -> Result<()> {
        match u32::try_from(db) {
            Ok(db) if db < self.keyspace.databases() => {
                self.db = db;
                Ok(())
            }
            _ => Err(Fault::Foreign(format!(
                "it has keys in database {db}, and there are {} databases",
                self.keyspace.databases()
            ))),
        }
    }

    fn pass_over(&mut self, what: &str) {
        self.loaded.foreign += 1;
        tracing::warn!("the snapshot has {what}, which is passed over");
    }

    fn key(&mut self, of: u8, prefix: Prefix, input: &mut Input<'_>) -> Result<()> {
        let key = input.string()?.into_owned();
        if key.len() > crate::config::MAX_STRING {
            return malformed("a key is longer than any may be");
        }
        let settings = &self.keyspace.settings;
        let content = match of {
            MODULE => {
                input.number()?;
                skip::module_value(input)?;
                self.loaded.skipped += 1;
                tracing::warn!(key = %key.escape_ascii(), "a module's value is passed over");
                return Ok(());
            }
            MODULE_EARLY => return malformed("a module's value of before modules were released"),
            _ => match decode(of, self.version, input, &settings.limits) {
                Err(Fault::Empty) => {
                    self.loaded.skipped += 1;
                    tracing::warn!(key = %key.escape_ascii(), "an empty key is passed over");
                    return Ok(());
                }
                content => content?,
            },
        };
        let access = match (prefix.idle, prefix.frequency) {
            (Some(seconds), _) => access::idle_since(settings, self.now, seconds),
            (_, Some(frequency)) => access::counted(settings, self.now, frequency),
            _ => access::fresh(settings, self.now),
        };
        let entry = content.into_entry(&key, prefix.expiry, access);
        if entry.may_be_past() && entry.is_past(self.now) {
            self.loaded.expired += 1;
            return Ok(());
        }
        if !self.loading.insert(self.db, entry) {
            return Err(Fault::Foreign(format!("the key '{}' comes twice", key.escape_ascii())));
        }
        self.loaded.keys += 1;
        Ok(())
    }
}

/// The version in the first bytes.
fn version(input: &mut Input<'_>) -> Result<u16> {
    let magic: [u8; 9] = input.array()?;
    let digits = match (magic.strip_prefix(b"REDIS"), magic.strip_prefix(b"VALKEY")) {
        (Some(digits), _) | (_, Some(digits)) => digits,
        _ => return malformed("it is no snapshot of Redis or Valkey"),
    };
    let version = digits.iter().try_fold(0, |number: u16, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0'))
    });
    match version {
        Some(version) if is_known(version) => Ok(version),
        Some(version) => Err(Fault::Foreign(format!("version {version} of RDB is not known"))),
        None => malformed("it is no snapshot of Redis or Valkey"),
    }
}
