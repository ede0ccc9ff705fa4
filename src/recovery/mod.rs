//! How an engine is opened: in memory, and then what files say.
//!
//! It stands above the commands because an append-only file is commands, which are run again. What is read, in which
//! order, is Redis's: with `appendonly` the append-only file alone, if there is one or not.

#[cfg(all(test, feature = "aof"))]
mod tests;

use crate::api::Engine;
#[cfg(feature = "aof")]
use crate::command::replay::{self, Progress, Refused};
use crate::config::Config;
#[cfg(feature = "aof")]
use crate::error::Error;
use crate::error::Result;

impl Engine {
    /// Opens an engine: in memory, or, as far as the configuration says so, with what its files hold. Starts threads only if
    /// the configuration asks for what needs them.
    ///
    #[cfg_attr(
        feature = "aof",
        doc = "With [`Config::append_only`] it holds what its append-only file says, from the first call on, and keeps \
               all changes there. If there is no such file, one is begun with no keys, as Redis begins it, whatever \
               snapshots there are."
    )]
    ///
    /// # Errors
    /// [`Error::Config` says](crate::Error::Config) which setting is out of its range, or that a thread could not be started;
    #[cfg_attr(
        feature = "aof",
        doc = "[`Error::AppendOnlyFile`] which file cannot be read, from where on and why; [`Error::Io`] that one cannot \
               be opened or made, or, its kind being `ResourceBusy`, that another engine, of this process or another, \
               writes them. Files are left as they are then."
    )]
    pub fn open(config: Config) -> Result<Engine> {
        #[cfg(feature = "aof")]
        let append_only = config.aof.on && !config.aof.deferred;
        let engine = Engine::bare(config)?;
        #[cfg(feature = "aof")]
        if append_only {
            open_aof(&engine, &mut |progress| {
                tracing::debug!(
                    "{} of {} bytes of the append only file",
                    progress.done,
                    progress.total
                );
            })?;
        }
        Ok(engine)
    }
}

#[cfg(feature = "aof")]
impl Engine {
    /// Loads the append-only file of an engine that was opened with [`Config::append_only_deferred`], which must have no keys,
    /// and keeps all changes there from now on; if that is what its configuration, or `CONFIG SET appendonly` since, asks
    /// for. Returns whether it is. `progress` is told now and then how many bytes of how many have been read.
    ///
    /// # Errors
    /// As [`Engine::open`].
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let engine = Engine::open(Config::new().append_only_deferred())?;
    /// assert!(!engine.open_append_only(|_, _| {})?);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn open_append_only(&self, mut progress: impl FnMut(u64, u64)) -> Result<bool> {
        use std::sync::atomic::Ordering::SeqCst;

        let (aof, told) = (self.aof(), &mut |so_far: Progress| progress(so_far.done, so_far.total));
        let wanted = aof.is_wanted();
        let result = if wanted { open_aof(self, told) } else { Ok(()) };
        aof.deferred.store(false, SeqCst);
        result.map(|()| wanted)
    }
}

/// Loads the append-only file into an engine that has no keys, and has it written from now on.
///
/// # Errors
/// As [`Engine::open`].
#[cfg(feature = "aof")]
pub(crate) fn open_aof(engine: &Engine, progress: &mut dyn FnMut(Progress)) -> Result<()> {
    let aof = engine.aof();
    // Before it is read: what another engine has begun to write looks torn, and would be cut off.
    aof.lock().map_err(|error| engine.aof_error(&error))?;
    load_aof(engine, progress).inspect_err(|_| aof.unlock())
}

#[cfg(feature = "aof")]
fn load_aof(engine: &Engine, progress: &mut dyn FnMut(Progress)) -> Result<()> {
    let aof = engine.aof();
    let cut_torn = aof.settings.load_truncated.load(std::sync::atomic::Ordering::Relaxed);
    match replay::load(engine, &aof.folder(), cut_torn, progress) {
        Ok(loaded) => aof.attach(loaded.found).map_err(|error| engine.aof_error(&error)),
        Err(why) if aof.settings.fallback.load(std::sync::atomic::Ordering::Relaxed) => {
            fall_back(engine, refused(engine, why))
        }
        Err(why) => Err(refused(engine, why)),
    }
}

/// Loads the snapshot in the place of an append-only file that cannot be read, and begins another.
///
/// # Errors
/// Why the file cannot be read, if there is no snapshot that can be; or that its folder cannot be set aside.
#[cfg(feature = "aof")]
fn fall_back(engine: &Engine, why: Error) -> Result<()> {
    let loaded = match engine.load() {
        Ok(Some(loaded)) => loaded,
        Ok(None) => {
            tracing::warn!("There is no snapshot to fall back to.");
            return Err(why);
        }
        Err(error) => {
            tracing::warn!("The snapshot to fall back to cannot be read: {error}");
            return Err(why);
        }
    };
    let aof = engine.aof();
    // The lock's file goes with them.
    aof.unlock();
    let aside = aof.folder().set_aside().map_err(|error| engine.aof_error(&error))?;
    tracing::warn!(
        "The append only file cannot be read ({why}), and aof-fallback-to-rdb is enabled: {} keys were loaded from the \
         snapshot, and what was written since it was saved is lost. The files are kept in {}.",
        loaded.keys,
        aside.display()
    );
    aof.start().map_err(|error| engine.aof_error(&error))
}

/// The error for a file that cannot be used.
#[cfg(feature = "aof")]
fn refused(engine: &Engine, why: Refused) -> Error {
    let told = |file: String, offset: u64, reason: std::borrow::Cow<'static, str>| {
        Error::AppendOnlyFile { file: file.into(), offset, reason }
    };
    match why {
        Refused::Manifest(why) => told("manifest".into(), 0, why.to_string().into()),
        Refused::Missing(name) => told(name, 0, "there is no such file".into()),
        Refused::Io(name, why) => Error::file(&engine.aof().folder().path.join(name), &why),
        Refused::Base(name, Error::Snapshot { offset, reason }) => told(name, offset, reason),
        Refused::Base(name, why) => told(name, 0, why.to_string().into()),
        Refused::Torn(name, at) => told(name, at, "it ends within a command or transaction".into()),
        Refused::TornBefore(name, at) => told(
            name,
            at,
            "it ends within a command or transaction, and is not the last file".into(),
        ),
        Refused::Damaged(name, at, reason) => told(name, at, reason.into()),
        Refused::Unknown(name, at, command) => {
            told(name, at, format!("unknown command '{command}'").into())
        }
    }
}
