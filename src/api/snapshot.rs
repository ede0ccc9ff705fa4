//! Whole snapshots, to and from any stream.

use std::io::{Read, Write};

use super::Engine;
use crate::error::Result;
use crate::persist::rdb::{self, Loaded, Style, Target};
use crate::persist::{Makers, Progress};

/// Who is to read a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RdbVersion {
    /// Redis 7.0 and all after it (version 10).
    Redis7_0,
    /// Redis 7.2, Valkey 7.2 and 8, and all after them (version 11).
    Redis7_2,
    /// Redis 7.4 and 8 (version 12); hashes may have fields that expire.
    Redis7_4,
    /// Redis 8.6 (version 13); as 7.4, and streams remember what their producers have sent.
    Redis8_6,
    /// Redis 8.8 (version 14); as 8.6, and consumers may have given entries back.
    Redis8_8,
    /// Valkey 9 (version 80); hashes may have fields that expire.
    Valkey9,
}

/// How [`Engine::export_with`] writes.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    version: Option<RdbVersion>,
    compress: bool,
    checksum: bool,
}

impl Default for ExportOptions {
    fn default() -> ExportOptions {
        ExportOptions { version: None, compress: true, checksum: true }
    }
}

impl ExportOptions {
    /// For Redis 7.2, and for Valkey 9 if there are hashes with fields that expire; compressed, with a
    /// checksum. What streams remember of their producers goes to [`RdbVersion::Redis8_6`] and later alone, and that
    /// entries are nobody's to [`RdbVersion::Redis8_8`]; for others they are those of a consumer whose name is empty.
    pub fn new() -> ExportOptions {
        ExportOptions::default()
    }

    /// For this reader.
    pub fn version(mut self, version: RdbVersion) -> ExportOptions {
        self.version = Some(version);
        self
    }

    /// Whether long strings are compressed (`rdbcompression`): they are by default.
    pub fn compress(mut self, yes: bool) -> ExportOptions {
        self.compress = yes;
        self
    }

    /// Whether there is a checksum at the end (`rdbchecksum`): there is by default.
    pub fn checksum(mut self, yes: bool) -> ExportOptions {
        self.checksum = yes;
        self
    }
}

/// What [`Engine::export`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Keys of all databases.
    pub keys: u64,
    /// Bytes in all.
    pub bytes: u64,
}

/// What [`Engine::import`] has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Keys that are there now.
    pub keys: u64,
    /// Keys that were left out because their time is over.
    pub expired: u64,
    /// Keys that were left out because they hold a module's value or nothing at all.
    pub skipped: u64,
    /// Libraries of functions, and other things beside keys, that were passed over.
    pub foreign: u64,
    /// Bytes read.
    pub bytes: u64,
}

impl From<Loaded> for Imported {
    fn from(loaded: Loaded) -> Imported {
        let Loaded { keys, expired, skipped, foreign, bytes } = loaded;
        Imported { keys, expired, skipped, foreign, bytes }
    }
}

impl Engine {
    /// Writes all keys of all databases, as they are at the moment of the call, as a file that Redis 7.2 and
    /// Valkey load, or Valkey 9 alone if there are hashes with fields that expire (what `SAVE` saves). O(all
    /// there is); locks all stripes for microseconds, then one at a time for some 30 keys.
    ///
    /// Others go on reading and writing meanwhile: the snapshot is of one moment all the same, across all
    /// keys, and no transaction is half in it. Who changes a key that was not written yet leaves it aside as it
    /// was, so that memory grows by what is changed meanwhile. One export runs at a time; another one
    /// waits for its end.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if the writer fails.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// engine.db(0)?.set("k", "v")?;
    /// let mut file = Vec::new();
    /// assert_eq!(engine.export(&mut file)?.keys, 1);
    /// assert!(file.starts_with(b"REDIS0011"));
    ///
    /// let other = Engine::open(Config::new())?;
    /// other.import(&file[..])?;
    /// assert_eq!(other.db(0)?.get("k")?.as_deref(), Some(&b"v"[..]));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn export(&self, writer: impl Write) -> Result<Exported> {
        self.export_with(writer, ExportOptions::new())
    }

    /// As [`export`](Engine::export), for the reader and in the way that `options` say.
    ///
    /// # Errors
    /// As [`export`](Engine::export), and [`Error::Config`](crate::Error::Config) if there are hashes with fields that expire, which the
    /// version does not know.
    ///
    /// ```
    /// use danio::{Config, Engine, ExportOptions, RdbVersion};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// let mut file = Vec::new();
    /// engine.export_with(&mut file, ExportOptions::new().version(RdbVersion::Redis7_0))?;
    /// assert!(file.starts_with(b"REDIS0010"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn export_with(&self, mut writer: impl Write, options: ExportOptions) -> Result<Exported> {
        let ExportOptions { version, compress, checksum } = options;
        let target = version.map(|version| match version {
            RdbVersion::Redis7_0 => Target::REDIS_7_0,
            RdbVersion::Redis7_2 => Target::REDIS_7_2,
            RdbVersion::Redis7_4 => Target::REDIS_7_4,
            RdbVersion::Redis8_6 => Target::REDIS_8_6,
            RdbVersion::Redis8_8 => Target::REDIS_8_8,
            RdbVersion::Valkey9 => Target::VALKEY_9,
        });
        let style = Style { target, compress, checksum, base: false };
        let progress = Progress::default();
        let written = rdb::export(
            self.keyspace(),
            &mut writer,
            style,
            Makers::Writer,
            &mut || {},
            &progress,
        )?;
        Ok(Exported { keys: written.keys, bytes: written.bytes })
    }

    /// Reads a snapshot that [`export`](Engine::export) wrote, or any Redis from 2.4 to 8 or Valkey, and puts its keys in
    /// the place of all there are. O(bytes); locks all stripes for a moment at the end, with the old
    /// keys going at once and the new ones coming at once.
    ///
    /// Keys whose time is over are left out; values of modules and libraries of functions are passed
    /// over, and counted. The snapshot is not trusted: whatever its bytes, it is read as sound values or
    /// refused, and what it asks memory for is there in bytes.
    ///
    /// # Errors
    /// [`Error::Snapshot`](crate::Error::Snapshot) says where and why it cannot be read; [`Error::Io`](crate::Error::Io) if the reader fails. Nothing is
    /// changed.
    ///
    /// ```
    /// use danio::{Config, Engine, Error};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// engine.db(0)?.set("k", "v")?;
    /// let refused = engine.import(&b"REDIS0011 and so on"[..]).unwrap_err();
    /// assert!(matches!(refused, Error::Snapshot { .. }));
    /// assert!(engine.db(0)?.exists("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn import(&self, reader: impl Read) -> Result<Imported> {
        self.import_with(reader, |_| {})
    }

    /// As [`import`](Engine::import); `progress` is told, each thousand keys or so, what has been read so far.
    ///
    /// # Errors
    /// As [`import`](Engine::import).
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// let mut file = Vec::new();
    /// engine.export(&mut file)?;
    /// let mut read = 0;
    /// engine.import_with(&file[..], |so_far| read = so_far.bytes)?;
    /// assert_eq!(read, file.len() as u64);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn import_with(
        &self,
        reader: impl Read,
        mut progress: impl FnMut(Imported),
    ) -> Result<Imported> {
        let mut told = |loaded: &Loaded| progress(Imported::from(*loaded));
        rdb::import(self.keyspace(), reader, &mut told).map(Imported::from)
    }
}
