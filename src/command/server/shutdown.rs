//! SHUTDOWN.

use crate::command::context::Context;
use crate::command::parse::is;
use crate::command::persistence::Ending;
use crate::command::row::{Arg, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const SHUTDOWN: Command = Command::new("shutdown", -1, shutdown)
    .group(Group::Server)
    .flags(&[
        Flags::ADMIN,
        Flags::NOSCRIPT,
        Flags::LOADING,
        Flags::STALE,
        Flags::NO_MULTI,
        Flags::ALLOW_BUSY,
    ])
    .complexity(
        "O(N) when saving, where N is the total number of keys in all databases; otherwise O(1)",
    )
    .summary("Saves if that is wanted, and ends the server.")
    .history(&[("7.0.0", "Options `NOW`, `FORCE` and `ABORT`.")])
    .args(&[Arg::one_of(
        "abort-selector",
        &[
            Arg::block(
                "save-selector-block",
                &[
                    Arg::one_of(
                        "save-selector",
                        &[Arg::word("nosave", "NOSAVE"), Arg::word("save", "SAVE")],
                    )
                    .optional(),
                    Arg::word("now", "NOW").optional().since("7.0.0"),
                    Arg::word("force", "FORCE").optional().since("7.0.0"),
                    Arg::word("safe", "SAFE").optional(),
                    Arg::word("failover", "FAILOVER").optional(),
                ],
            ),
            Arg::word("abort", "ABORT").since("7.0.0"),
        ],
    )
    .optional()]);

fn shutdown(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (mut save, mut nosave, mut force) = (false, false, false);
    let (mut abort, mut failover, mut others) = (false, false, false);
    for word in ctx.args.iter_from(1) {
        match word {
            word if is(word, "nosave") => nosave = true,
            word if is(word, "save") => save = true,
            word if is(word, "force") => force = true,
            // There are no replicas to wait for, so there is nothing to hurry.
            word if is(word, "now") || is(word, "safe") => {}
            word if is(word, "failover") => failover = true,
            word if is(word, "abort") => {
                abort = true;
                continue;
            }
            _ => return Err(Error::Syntax),
        }
        others = true;
    }
    if (abort && others) || (save && nosave) {
        return Err(Error::Syntax);
    }
    if failover {
        return Err(Error::reply("ERR SHUTDOWN FAILOVER is only supported in cluster mode."));
    }
    if abort {
        return Err(Error::reply("ERR No shutdown in progress."));
    }
    let save = (save || nosave).then_some(save);
    Ending { save, force }.run(ctx.engine)?;
    ctx.session.closing = true;
    Ok(())
}
