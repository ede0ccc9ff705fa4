//! SAVE, BGSAVE, LASTSAVE.

use std::time::UNIX_EPOCH;

use crate::command::context::Context;
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const SAVE: Command = Command::new("save", 1, save)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::NO_ASYNC_LOADING, Flags::NO_MULTI])
    .complexity("O(N) where N is the total number of keys in all databases")
    .summary("Saves all data to a file, and answers when that is done.");

fn save(ctx: &mut Context<'_, '_>) -> Result<()> {
    match ctx.engine.save() {
        // What it was is in the log, as with Redis.
        Err(Error::Io { .. }) => Err(Error::reply("ERR")),
        Err(error) => Err(error),
        Ok(_) => ctx.ok(),
    }
}

pub(super) const BGSAVE: Command = Command::new("bgsave", -1, bgsave)
    .group(Group::Server)
    .flags(&[Flags::ADMIN, Flags::NOSCRIPT, Flags::NO_ASYNC_LOADING])
    .summary("Saves all data to a file in the background.")
    .history(&[("3.2.2", "Option `SCHEDULE`."), ("8.1.0", "Option `CANCEL`, of Valkey.")])
    .args(&[Arg::one_of(
        "operation",
        &[
            Arg::word("schedule", "SCHEDULE").since("3.2.2"),
            Arg::word("cancel", "CANCEL").since("8.1.0"),
        ],
    )
    .optional()]);

fn bgsave(ctx: &mut Context<'_, '_>) -> Result<()> {
    let saves = ctx.engine.saves();
    let mut schedule = false;
    match (ctx.args.get(1), ctx.args.len()) {
        (None, _) => {}
        (Some(word), 2) if is(word, "schedule") => schedule = true,
        (Some(word), 2) if is(word, "cancel") => {
            let Some(done) = saves.cancel() else {
                return Err(Error::reply(
                    "ERR Background saving is currently not in progress or scheduled",
                ));
            };
            tracing::info!("{done}");
            ctx.reply.simple(done);
            return Ok(());
        }
        _ => return Err(Error::Syntax),
    }
    if saves.told().running.is_some() {
        return Err(Error::reply("ERR Background save already in progress"));
    }
    let rewriting = saves.background.is_rewriting();
    if ctx.session.executing || rewriting && schedule {
        saves.schedule();
        ctx.reply.simple("Background saving scheduled");
        return Ok(());
    }
    if rewriting {
        return Err(Error::reply(
            "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to \
             schedule a BGSAVE whenever possible.",
        ));
    }
    saves.start()?;
    ctx.reply.simple("Background saving started");
    Ok(())
}

pub(super) const LASTSAVE: Command = Command::new("lastsave", 1, lastsave)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE, Flags::FAST])
    .categories(&[Categories::ADMIN, Categories::DANGEROUS])
    .summary("Tells when the last save was complete, in seconds since 1970.")
    .tips(&["nondeterministic_output"]);

fn lastsave(ctx: &mut Context<'_, '_>) -> Result<()> {
    let last = ctx.engine.save_status().last.duration_since(UNIX_EPOCH).unwrap_or_default();
    ctx.integer(i64::try_from(last.as_secs()).unwrap_or(i64::MAX))
}
