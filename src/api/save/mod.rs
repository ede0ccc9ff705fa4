//! Snapshots in the engine's folder: now, in the background, and when enough has changed.

mod saves;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use saves::{SavePoint, Saves};

use super::Engine;
use super::snapshot::{Exported, Imported};
use crate::error::Result;
use crate::persist::rdb::Loaded;

/// How saving stands; see [`Engine::save_status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveStatus {
    /// When the last snapshot was complete (`LASTSAVE`); when the engine was opened, if there was none.
    pub last: SystemTime,
    /// Changes since the moment that the last snapshot is of (`rdb_changes_since_last_save`), as Redis counts them.
    pub changes: u64,
    /// Whether the last one in the background could be saved.
    pub ok: bool,
    /// For how long one is being saved in the background, if one is.
    pub running: Option<Duration>,
    /// How long the last one in the background took.
    pub took: Option<Duration>,
    /// Keys of the one that is being saved that were written, and how many there are.
    pub progress: (u64, u64),
    /// How many were begun.
    pub begun: u64,
}

/// How far loading is; see [`Engine::load_with`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress {
    /// Keys so far.
    pub keys: u64,
    /// Bytes read so far.
    pub bytes: u64,
    /// Bytes in all.
    pub total: u64,
}

/// A snapshot that is being saved in the background; made by [`Engine::background_save`]. Dropping it changes
/// nothing: the saving goes on.
#[derive(Debug)]
pub struct BackgroundSave {
    saves: std::sync::Arc<Saves>,
    number: u64,
}

impl BackgroundSave {
    /// Waits until it is saved. Returns at once if it is.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if it could not be: the file that was there is there as it was.
    pub fn wait(self) -> Result<Exported> {
        self.saves.wait_for(self.number)
    }

    /// Whether it is saved, or could not be.
    pub fn is_done(&self) -> bool {
        self.saves.is_done(self.number)
    }
}

impl Engine {
    /// Saves all keys of all databases, as they are at the moment of the call, to `dump.rdb` in the engine's
    /// [folder](crate::Config::dir) (`SAVE`, O(all there is)). Others go on reading and writing meanwhile, as
    /// with [`export`](Engine::export), whose locks it takes.
    ///
    /// The file is written beside, synced, renamed, and its folder synced: whatever happens, there is a whole one,
    /// the old or the new.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if it cannot be written: the file that was there is there as it was;
    /// [`Error::Reply`](crate::Error::Reply) if one is being saved in the background.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let folder = std::env::temp_dir().join(format!("danio-doc-save-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// let engine = Engine::open(Config::new().dir(&folder))?;
    /// engine.db(0)?.set("k", "v")?;
    /// assert_eq!(engine.save()?.keys, 1);
    ///
    /// let other = Engine::open(Config::new())?;
    /// other.import(std::fs::File::open(folder.join("dump.rdb"))?)?;
    /// assert!(other.db(0)?.exists("k"));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self) -> Result<Exported> {
        self.saves().save()
    }

    /// As [`save`](Engine::save), on a thread of its own: returns at once (`BGSAVE`). What is saved is of one moment, which
    /// comes when the thread begins and no other export runs: after the call, so that what was written before it is
    /// saved, and what is written next may be.
    ///
    /// # Errors
    /// [`Error::Reply`](crate::Error::Reply) if one is being saved already; [`Error::Io`](crate::Error::Io) if there is
    /// no thread to be had.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let folder = std::env::temp_dir().join(format!("danio-doc-bgsave-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// let engine = Engine::open(Config::new().dir(&folder))?;
    /// engine.db(0)?.set("k", "v")?;
    /// let saving = engine.background_save()?;
    /// assert_eq!(saving.wait()?.keys, 1);
    /// engine.db(0)?.set("another", "v")?;
    /// assert_eq!(engine.save_status().changes, 1);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn background_save(&self) -> Result<BackgroundSave> {
        let saves = self.saves().clone();
        let number = saves.start()?;
        Ok(BackgroundSave { saves, number })
    }

    /// Reads the snapshot in the engine's [folder](crate::Config::dir) and puts its keys in the place of all there
    /// are, as [`import`](Engine::import) does. Returns what was read, `None` if there is no file.
    ///
    /// # Errors
    /// [`Error::Snapshot`](crate::Error::Snapshot) says where and why it cannot be read;
    /// [`Error::Io`](crate::Error::Io) if it cannot be opened. Nothing is changed.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let folder = std::env::temp_dir().join(format!("danio-doc-load-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// let engine = Engine::open(Config::new().dir(&folder))?;
    /// assert_eq!(engine.load()?, None);
    /// engine.db(0)?.set("k", "v")?;
    /// engine.save()?;
    /// engine.flush_all();
    /// assert_eq!(engine.load()?.map(|loaded| loaded.keys), Some(1));
    /// assert!(engine.db(0)?.exists("k"));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(&self) -> Result<Option<Imported>> {
        self.load_with(|_| {})
    }

    /// As [`load`](Engine::load); `progress` is told what has been read so far: when the file was
    /// found, each thousand keys or so, and at the end.
    ///
    /// # Errors
    /// As [`load`](Engine::load).
    pub fn load_with(&self, mut progress: impl FnMut(LoadProgress)) -> Result<Option<Imported>> {
        let saves = self.saves();
        let total = saves.size()?;
        let mut tell = |loaded: &Loaded| {
            progress(LoadProgress { keys: loaded.keys, bytes: loaded.bytes, total });
        };
        Ok(saves.load(saves.how(), &mut tell)?.map(Imported::from))
    }

    /// How saving stands (`LASTSAVE`, INFO's `persistence`). Takes no stripe's lock.
    ///
    /// ```
    /// let engine = danio::Engine::open(danio::Config::new())?;
    /// engine.db(0)?.rpush("list", ["a", "b"])?;
    /// assert_eq!(engine.save_status().changes, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn save_status(&self) -> SaveStatus {
        let saves = self.saves();
        let told = saves.told();
        SaveStatus {
            last: UNIX_EPOCH + Duration::from_secs(told.last.max(0).unsigned_abs()),
            changes: told.changes,
            ok: told.ok,
            running: told.running,
            took: told.took,
            progress: told.progress,
            begun: told.begun,
        }
    }
}
