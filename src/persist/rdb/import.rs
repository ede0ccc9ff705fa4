//! Whole snapshots as they are read.

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use super::decode::{decode, skip};
use super::input::Input;
use super::load;
use super::{Fault, Result, VALKEY, is_known, malformed, opcode, payload};
use crate::clock::Millis;
use crate::disk::Disk;
use crate::ds::mapped::Mapped;
use crate::error::Error;
use crate::keyspace::entry::Entry;
use crate::keyspace::{Keyspace, Loading, access};

/// A module's value before modules were released: there is no telling where it ends.
pub(super) const MODULE_EARLY: u8 = 6;
/// A module's value.
pub(super) const MODULE: u8 = 7;

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

/// How a snapshot is read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct How {
    /// Whether keys are kept whose time is over: what follows the snapshot may be about them.
    pub(crate) keep_expired: bool,
    /// `key-load-delay`: microseconds to sleep for each key, for tests.
    pub(crate) delay: u64,
}

/// Reads a snapshot and puts its keys in the place of all there are, once all of it was read; an error
/// leaves everything as it is. `progress` is told now and then what has been read so far.
pub(crate) fn import(
    keyspace: &Keyspace,
    reader: impl Read,
    progress: &mut dyn FnMut(&Loaded),
) -> crate::error::Result<Loaded> {
    let (loading, loaded) = read(keyspace, reader, How::default(), progress)?;
    loading.commit(payload_of);
    Ok(loaded)
}

/// A value as what was changed by an import is recorded.
pub(crate) fn payload_of(entry: &Entry) -> Vec<u8> {
    payload::dump(entry, Millis(i64::MIN), true)
}

/// Reads a file, if there is one: mapped, and on as many threads as there are cores.
pub(crate) fn read_file<'k>(
    keyspace: &'k Keyspace,
    disk: &dyn Disk,
    path: &Path,
    how: How,
    progress: &mut dyn FnMut(&Loaded),
) -> crate::error::Result<Option<(Loading<'k>, Loaded)>> {
    let file = match disk.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(path, &error)),
    };
    progress(&Loaded::default());
    // What is to be slow need not be mapped; nor can a file be that is empty.
    if let Some(system) = file.system().filter(|_| how.delay == 0)
        && file.len().is_ok_and(|len| len > 0)
    {
        let mapped = Mapped::new(system).map_err(|error| Error::file(path, &error))?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        return load::load(keyspace, mapped.bytes(), how, threads, progress).map(Some);
    }
    read(keyspace, file, how, progress).map(Some)
}

/// Reads a snapshot, aside. `progress` is told now and then what has been read so far.
pub(crate) fn read<'k>(
    keyspace: &'k Keyspace,
    reader: impl Read,
    how: How,
    progress: &mut dyn FnMut(&Loaded),
) -> crate::error::Result<(Loading<'k>, Loaded)> {
    let mut input = Input::stream(reader);
    let loading = Loading::new(keyspace);
    let mut load = Load::new(keyspace, &loading, 0, how);
    let result = load.run(&mut input, progress);
    let loaded = load.loaded;
    match result {
        Ok(()) => Ok((loading, loaded)),
        Err(fault) => Err(told(fault, input.offset())),
    }
}

/// Where keys are put that were read.
pub(super) trait Sink {
    /// Takes one; false if there is one of that name already.
    fn take(&mut self, db: u32, entry: Entry) -> bool;
}

impl Sink for &Loading<'_> {
    fn take(&mut self, db: u32, entry: Entry) -> bool {
        self.insert(db, entry)
    }
}

pub(super) fn told(fault: Fault, offset: u64) -> Error {
    match fault {
        Fault::Io(error) => Error::io(&error),
        fault => Error::Snapshot { offset, reason: reason(&fault) },
    }
}

/// Why something could not be read.
pub(super) fn reason(fault: &Fault) -> Cow<'static, str> {
    match fault {
        Fault::Io(error) => error.to_string().into(),
        Fault::Short => "it ends too early".into(),
        Fault::Malformed(reason) => (*reason).into(),
        Fault::Empty => "an empty collection".into(),
        Fault::Foreign(reason) => reason.clone().into(),
    }
}

/// What stands before a key.
#[derive(Debug, Default)]
struct Prefix {
    expiry: Option<Millis>,
    idle: Option<u64>,
    frequency: Option<u8>,
}

/// Reading of keys, which are put into `sink`.
pub(super) struct Load<'k, S> {
    keyspace: &'k Keyspace,
    pub(super) sink: S,
    pub(super) loaded: Loaded,
    version: u16,
    pub(super) db: u32,
    now: Millis,
    how: How,
    prefix: Prefix,
}

impl<'k, S: Sink> Load<'k, S> {
    pub(super) fn new(keyspace: &'k Keyspace, sink: S, version: u16, how: How) -> Load<'k, S> {
        let (loaded, prefix) = (Loaded::default(), Prefix::default());
        let now = keyspace.clock.now();
        Load { keyspace, sink, loaded, version, db: 0, now, how, prefix }
    }

    /// Reads a whole snapshot.
    fn run(&mut self, input: &mut Input<'_>, progress: &mut dyn FnMut(&Loaded)) -> Result<()> {
        self.version = version(input)?;
        loop {
            let code = input.byte()?;
            if code == opcode::END {
                break;
            }
            if self.one(code, input)? {
                let read = self.loaded.keys + self.loaded.expired + self.loaded.skipped;
                if read.is_multiple_of(1024) || self.how.delay > 0 {
                    self.loaded.bytes = input.offset();
                    progress(&self.loaded);
                }
            }
        }
        if self.version >= 5 {
            let sum = input.checksum();
            verify(u64::from_le_bytes(input.array()?), sum)?;
        }
        self.loaded.bytes = input.offset();
        progress(&self.loaded);
        Ok(())
    }

    /// Reads a part of one that begins and ends between keys.
    pub(super) fn run_to_end(&mut self, input: &mut Input<'_>) -> Result<()> {
        while !input.is_at_end() {
            let code = input.byte()?;
            self.one(code, input)?;
        }
        Ok(())
    }

    /// Reads what `code` begins. Returns whether it is a key.
    fn one(&mut self, code: u8, input: &mut Input<'_>) -> Result<bool> {
        match code {
            opcode::AUX => {
                let name = input.string()?.into_owned();
                let value = input.string()?;
                tracing::debug!(
                    name = %name.escape_ascii(),
                    value = %value.escape_ascii(),
                    "the snapshot says"
                );
            }
            opcode::SELECT => self.db = database(self.keyspace, input.number()?)?,
            opcode::SIZES => input.skip_numbers(2)?,
            opcode::SLOT => input.skip_numbers(3)?,
            opcode::EXPIRY => {
                let seconds = i32::from_le_bytes(input.array()?);
                self.prefix.expiry = Some(Millis(i64::from(seconds) * 1000));
            }
            opcode::EXPIRY_MS => self.prefix.expiry = Some(Millis(input.i64()?)),
            opcode::IDLE => self.prefix.idle = Some(input.number()?),
            opcode::FREQUENCY => self.prefix.frequency = Some(input.byte()?),
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
                let prefix = std::mem::take(&mut self.prefix);
                self.key(of, prefix, input)?;
                return Ok(true);
            }
        }
        Ok(false)
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
                    tracing::info!("skipping empty key: {}", key.escape_ascii());
                    return Ok(());
                }
                Err(fault) => {
                    let (what, key) = (payload::name(of), key.escape_ascii());
                    tracing::warn!(
                        "{what} integrity check failed, key '{key}': {}",
                        reason(&fault)
                    );
                    return Err(fault);
                }
                Ok(content) => content,
            },
        };
        let access = match (prefix.idle, prefix.frequency) {
            (Some(seconds), _) => access::idle_since(settings, self.now.into(), seconds),
            (_, Some(frequency)) => access::counted(settings, self.now.into(), frequency),
            _ => access::fresh(settings, self.now.into()),
        };
        let entry = content.into_entry(&key, prefix.expiry, access);
        if self.how.delay > 0 {
            std::thread::sleep(Duration::from_micros(self.how.delay));
        }
        if !self.how.keep_expired && entry.may_be_past() && entry.is_past(self.now) {
            self.loaded.expired += 1;
            return Ok(());
        }
        if !self.sink.take(self.db, entry) {
            return Err(Fault::Foreign(format!("the key '{}' comes twice", key.escape_ascii())));
        }
        self.loaded.keys += 1;
        Ok(())
    }
}

/// Compares a checksum with what it should be.
pub(super) fn verify(expected: u64, sum: u64) -> Result<()> {
    // None was written if it is 0.
    if expected == 0 || expected == sum {
        return Ok(());
    }
    tracing::warn!("Wrong RDB checksum expected: ({expected:x}) but got ({sum:x}). RDB CRC error");
    malformed("the checksum is wrong")
}

/// A database that there is.
pub(super) fn database(keyspace: &Keyspace, db: u64) -> Result<u32> {
    match u32::try_from(db) {
        Ok(db) if db < keyspace.databases() => Ok(db),
        _ => Err(Fault::Foreign(format!(
            "it has keys in database {db}, and there are {} databases",
            keyspace.databases()
        ))),
    }
}

/// The version in the first bytes.
pub(super) fn version(input: &mut Input<'_>) -> Result<u16> {
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
