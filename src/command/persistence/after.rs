//! What a command does when its locks are let go: it needs all of them itself, or must not hold them for as
//! long as a disk takes.

use crate::api::Engine;
use crate::command::reply::Reply;
use crate::error::Result;

/// What is to be done behind a command or transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command) enum After {
    /// All was emptied, and snapshots are wanted: the empty one is saved.
    Save,
    /// `DEBUG RELOAD`: saved and read again. It is what answers.
    Reload { save: bool, merged: bool, replaced: bool },
    /// `DEBUG LOADAOF`: what the append-only file says takes the place of all there is. It is what answers.
    #[cfg(feature = "aof")]
    LoadAof,
}

impl After {
    /// Does it, with no lock held.
    pub(in crate::command) fn run(self, engine: &Engine, reply: &mut dyn Reply) -> Result<()> {
        let saves = engine.saves();
        match self {
            After::Save => {
                // As in Redis, that it fails is told by the log alone.
                let _ = saves.save_still(true, |saved, _| saved);
                Ok(())
            }
            After::Reload { save, merged, replaced } => {
                if let Err(error) = saves.reload(save, merged, replaced) {
                    tracing::warn!("The snapshot cannot be loaded again: {error}");
                    return Err(error);
                }
                tracing::warn!("DB reloaded by DEBUG RELOAD");
                reply.simple("OK");
                Ok(())
            }
            #[cfg(feature = "aof")]
            After::LoadAof => {
                crate::command::replay::reload(engine)?;
                tracing::warn!("Append Only File loaded by DEBUG LOADAOF");
                reply.simple("OK");
                Ok(())
            }
        }
    }
}
