//! The end of a server: SHUTDOWN, and signals.

use crate::api::Engine;
use crate::command::Instance;
use crate::error::{Error, Result};

/// How a server ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ending {
    /// Whether a last snapshot is saved; if it is not said, it is if there are `save` points.
    pub save: Option<bool>,
    /// Whether it ends even if that cannot be saved.
    pub force: bool,
}

impl Ending {
    /// As the words of `shutdown-on-sigterm` say.
    pub fn of_signal(words: &[u8]) -> Ending {
        let says =
            |name: &str| words.split(|byte| *byte == b' ').any(|word| word == name.as_bytes());
        let (save, nosave) = (says("save"), says("nosave"));
        Ending { save: (save || nosave).then_some(save), force: says("force") }
    }

    /// Ends the server on an engine, if there is one: saves, and then, while nothing moves, has the process exit, or the
    /// server stop if the process is not its own. So nothing is answered behind what was saved.
    ///
    /// # Errors
    /// [`Error::Reply`] if there is no server, or nothing can be saved: it goes on then.
    pub fn run(self, engine: &Engine) -> Result<()> {
        let instance = Instance::of(engine);
        let failed = || Error::reply("ERR Errors trying to SHUTDOWN. Check logs.");
        let exit = instance.exit.lock().clone();
        let listener = instance.listener.lock().clone();
        let end = move || match (&exit, &listener) {
            (Some(exit), _) => exit.run(),
            (None, Some(listener)) => listener.shutdown(),
            (None, None) => {}
        };
        if instance.listener.lock().is_none() {
            return Err(failed());
        }
        tracing::info!("User requested shutdown...");
        self.save_and(engine, &instance, end).map_err(|_| {
            tracing::warn!(
                "Errors trying to shut down the server. Check the logs for more information."
            );
            failed()
        })
    }

    #[cfg(feature = "snapshot")]
    fn save_and(self, engine: &Engine, instance: &Instance, end: impl FnOnce()) -> Result<()> {
        let saves = engine.saves();
        // What is not all there yet must not take the place of what is.
        let save = self.save.unwrap_or(saves.has_points()) && !instance.loading.is_on();
        end_rewrite(engine, self.force)?;
        if save {
            tracing::info!("Saving the final RDB snapshot before exiting.");
        }
        saves.save_still(save, |saved, _| {
            match saved {
                Err(error) if !self.force => {
                    tracing::warn!("Error trying to save the DB, can't exit.");
                    return Err(error);
                }
                Err(_) => tracing::warn!("Error trying to save the DB. Exit anyway."),
                Ok(()) => {}
            }
            finish_log(engine);
            end();
            Ok(())
        })
    }

    #[cfg(not(feature = "snapshot"))]
    fn save_and(self, _: &Engine, _: &Instance, end: impl FnOnce()) -> Result<()> {
        if self.save == Some(true) && !self.force {
            return Err(Error::reply("ERR there is nothing to save to"));
        }
        end();
        Ok(())
    }
}

/// Ends a rewrite that runs, which is of no use any more; but not the first, as long as what is in memory is nowhere
/// else.
#[cfg(feature = "aof")]
fn end_rewrite(engine: &Engine, force: bool) -> Result<()> {
    let aof = engine.aof();
    if aof.is_beginning() {
        if !force {
            tracing::warn!("Writing initial AOF, can't exit.");
            return Err(Error::reply("ERR Errors trying to SHUTDOWN. Check logs."));
        }
        tracing::warn!("Writing initial AOF. Exiting anyway.");
    }
    if aof.cancel_rewrite() {
        tracing::warn!("There is a child rewriting the AOF. Killing it!");
    }
    Ok(())
}

#[cfg(all(feature = "snapshot", not(feature = "aof")))]
fn end_rewrite(_: &Engine, _: bool) -> Result<()> {
    Ok(())
}

/// Makes safe what was appended; nothing is appended any more.
#[cfg(feature = "aof")]
fn finish_log(engine: &Engine) {
    let aof = engine.aof();
    if aof.is_on() {
        tracing::info!("Calling fsync() on the AOF file.");
        // That it fails is in the log, and there is nobody left to be told.
        let _ = aof.sync_up_to(aof.journal.all());
    }
}

#[cfg(all(feature = "snapshot", not(feature = "aof")))]
fn finish_log(_: &Engine) {}
