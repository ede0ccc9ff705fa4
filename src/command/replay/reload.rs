//! The append-only file in the place of what is in memory, while an engine goes on (`DEBUG LOADAOF`).

use super::set::load;
use crate::api::Engine;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::journal::Outcome;
use crate::persist::Progress;
use crate::persist::rdb::{self, How, Style};

/// Makes all that was written safe, and puts what the files say in the place of all keys, while nothing moves. Nothing of
/// that is recorded, for it is in the files.
///
/// # Errors
/// If they cannot be read, which the log tells more of; or there are none. Nothing is changed.
pub(in crate::command) fn reload(engine: &Engine) -> Result<()> {
    let aof = engine.aof();
    let failed = || Error::reply("ERR Error trying to load the AOF files, check server logs.");
    aof.alone(|| {
        let mut still = engine.keyspace().halted();
        if aof.sync_up_to(aof.journal.all()) == Outcome::Failed {
            return Err(failed());
        }
        let bytes = read(engine)?.ok_or_else(failed)?;
        let how = How { keep_expired: true, ..How::default() };
        let (loading, loaded) = rdb::read(engine.keyspace(), &bytes[..], how, &mut |_| {})?;
        aof.unrecorded(|| still.replace(loading, rdb::payload_of));
        engine.saves().note_loaded(loaded.keys, loaded.expired);
        Ok(())
    })
    .inspect_err(|error| tracing::warn!("The append only file cannot be loaded again: {error}"))
}

/// What the files say, as a snapshot; `None` if there are none. The commands run on an engine of their own, since all of
/// this one's stripes are held.
fn read(engine: &Engine) -> Result<Option<Vec<u8>>> {
    let config = Config::new().databases(engine.databases()).clock(engine.clock().clone());
    let scratch = Engine::bare(config)?;
    let loaded = load(&scratch, &engine.aof().folder(), false, &mut |_| {});
    let loaded = loaded
        .map_err(|_| Error::reply("ERR Error trying to load the AOF files, check server logs."))?;
    if loaded.found.is_none() {
        return Ok(None);
    }
    let still = scratch.keyspace().still();
    let (style, mut bytes) = (Style::default(), Vec::new());
    rdb::export_still(&still, &mut bytes, style, &Progress::default())?;
    Ok(Some(bytes))
}
