//! What can be said about the append-only file.

use super::Config;
use crate::error::{Error, Result};

/// When what was appended is made safe (`appendfsync`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum AppendFsync {
    /// Before it is acknowledged: a write that has returned outlives a crash of the machine. Those who write at the same
    /// time share one sync.
    Always,
    /// Each second: a crash of the machine loses what was written in the last second.
    #[default]
    EverySec,
    /// When the system sees fit.
    No,
}

impl AppendFsync {
    pub(crate) fn of(number: u8) -> AppendFsync {
        match number {
            0 => AppendFsync::Always,
            1 => AppendFsync::EverySec,
            _ => AppendFsync::No,
        }
    }
}

/// The append-only file's part of a [`Config`].
#[derive(Debug, Clone)]
pub(crate) struct AofConfig {
    pub(crate) on: bool,
    pub(crate) fsync: AppendFsync,
    pub(crate) filename: String,
    pub(crate) dirname: String,
    pub(crate) no_sync_on_rewrite: bool,
    pub(crate) rewrite_percentage: u32,
    pub(crate) rewrite_min_size: u64,
    pub(crate) rdb_base: bool,
    pub(crate) load_truncated: bool,
    pub(crate) fallback: bool,
    pub(crate) timestamps: bool,
    /// Whether nothing is read or begun when the engine is opened.
    pub(crate) deferred: bool,
}

impl Default for AofConfig {
    fn default() -> AofConfig {
        AofConfig {
            on: false,
            fsync: AppendFsync::default(),
            filename: "appendonly.aof".into(),
            dirname: "appendonlydir".into(),
            no_sync_on_rewrite: false,
            rewrite_percentage: 100,
            rewrite_min_size: 64 << 20,
            rdb_base: true,
            load_truncated: true,
            fallback: false,
            timestamps: false,
            deferred: false,
        }
    }
}

impl AofConfig {
    pub(super) fn check(&self) -> Result<()> {
        for (name, value) in [("appendfilename", &self.filename), ("appenddirname", &self.dirname)]
        {
            let plain = !value.is_empty() && !value.contains(['/', '\\', '\0']) && value != "..";
            if !plain || value == "." {
                return Err(Error::Config(
                    format!("{name} must be a plain name, not '{value}'").into(),
                ));
            }
        }
        Ok(())
    }
}

/// The append-only file: every change is kept in files below [`dir`](Config::dir), and is there again when an engine is
/// opened with the same settings.
impl Config {
    /// Whether all changes are kept in an append-only file (`appendonly`): not unless set.
    ///
    /// ```
    /// use danio::{AppendFsync, Config, Engine};
    ///
    /// let dir = std::env::temp_dir().join(format!("danio-doc-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let config = || Config::new().dir(&dir).append_only(true).append_fsync(AppendFsync::Always);
    /// {
    ///     let engine = Engine::open(config())?;
    ///     engine.db(0)?.set("kept", "yes")?; // on disk when it returns
    /// }
    /// let engine = Engine::open(config())?;
    /// assert_eq!(engine.db(0)?.get("kept")?.as_deref(), Some(&b"yes"[..]));
    /// # drop(engine);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_only(mut self, yes: bool) -> Config {
        self.aof.on = yes;
        self
    }

    /// Leaves the append-only file alone until [`Engine::open_append_only`](crate::Engine::open_append_only) is called, for a
    /// server that is to answer while it loads. Until then what is written is not kept.
    pub fn append_only_deferred(mut self) -> Config {
        self.aof.deferred = true;
        self
    }

    /// When changes are made safe (`appendfsync`): each second unless set.
    pub fn append_fsync(mut self, when: AppendFsync) -> Config {
        self.aof.fsync = when;
        self
    }

    /// How the names of the files begin (`appendfilename`): `appendonly.aof` unless set.
    pub fn append_filename(mut self, name: impl Into<String>) -> Config {
        self.aof.filename = name.into();
        self
    }

    /// The folder below [`dir`](Config::dir) that the files are in (`appenddirname`): `appendonlydir` unless set.
    pub fn append_dirname(mut self, name: impl Into<String>) -> Config {
        self.aof.dirname = name.into();
        self
    }

    /// By how many per cent the files have to have grown since they were rewritten for that to be done again by itself
    /// (`auto-aof-rewrite-percentage`): 100 unless set, and 0 is never.
    pub fn auto_aof_rewrite_percentage(mut self, percentage: u32) -> Config {
        self.aof.rewrite_percentage = percentage;
        self
    }

    /// Below how many bytes that is not done (`auto-aof-rewrite-min-size`): 64 MB unless set.
    pub fn auto_aof_rewrite_min_size(mut self, bytes: u64) -> Config {
        self.aof.rewrite_min_size = bytes;
        self
    }

    /// Whether the base that a rewrite writes is a snapshot (`aof-use-rdb-preamble`), as it is unless set. Otherwise it is
    /// commands, which take longer to write and to read, and more room.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let dir = std::env::temp_dir().join(format!("danio-doc-commands-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let config = Config::new().dir(&dir).append_only(true).aof_use_rdb_preamble(false);
    /// let engine = Engine::open(config)?;
    /// engine.db(0)?.set("k", "v")?;
    /// engine.rewrite()?;
    /// let base = std::fs::read_to_string(dir.join("appendonlydir/appendonly.aof.2.base.aof"))?;
    /// assert!(base.ends_with("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"));
    /// # drop(engine);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn aof_use_rdb_preamble(mut self, yes: bool) -> Config {
        self.aof.rdb_base = yes;
        self
    }

    /// Whether a file whose end is torn, as a crash leaves it, is cut off behind its last whole command
    /// (`aof-load-truncated`), as it is unless set. Otherwise opening the engine fails.
    pub fn aof_load_truncated(mut self, yes: bool) -> Config {
        self.aof.load_truncated = yes;
        self
    }

    /// Whether an engine whose append-only file cannot be read opens with its snapshot (`aof-fallback-to-rdb`, Danio's own):
    /// not unless set. What was written since that was saved is not there then. The folder of files that cannot be read is
    /// kept as it is, under another name, and the log says which; if there is no snapshot that can be read, opening fails
    /// all the same.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let dir = std::env::temp_dir().join(format!("danio-doc-fallback-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let config = || Config::new().dir(&dir).append_only(true);
    /// let engine = Engine::open(config())?;
    /// engine.db(0)?.set("k", "v")?;
    /// engine.save()?;
    /// drop(engine);
    /// std::fs::write(dir.join("appendonlydir/appendonly.aof.1.incr.aof"), "no command")?;
    /// assert!(Engine::open(config()).is_err());
    /// let engine = Engine::open(config().aof_fallback_to_rdb(true))?;
    /// assert!(engine.db(0)?.exists("k"));
    /// assert!(dir.join("appendonlydir.unreadable-1").exists());
    /// # drop(engine);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn aof_fallback_to_rdb(mut self, yes: bool) -> Config {
        self.aof.fallback = yes;
        self
    }

    /// Whether the files say each second what time it is (`aof-timestamp-enabled`), so that Redis's tools can cut them off at
    /// a time: not unless set. Redis reads such files since 7.0.
    pub fn aof_timestamp_enabled(mut self, yes: bool) -> Config {
        self.aof.timestamps = yes;
        self
    }

    /// Whether nothing is synced while a rewrite writes much (`no-appendfsync-on-rewrite`): not unless set. It has no
    /// effect on [`AppendFsync::Always`].
    pub fn no_appendfsync_on_rewrite(mut self, yes: bool) -> Config {
        self.aof.no_sync_on_rewrite = yes;
        self
    }
}
