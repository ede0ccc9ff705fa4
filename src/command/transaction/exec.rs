//! MULTI, EXEC and DISCARD.

use crate::command::context::Context;
use crate::command::row::{Categories, Command, Flags, Group};
use crate::command::stats::Tally;
use crate::error::{Error, Result};
use crate::keyspace::Key;

pub(super) const MULTI: Command = Command::new("multi", 1, multi)
    .group(Group::Transactions)
    .flags(&[
        Flags::NOSCRIPT,
        Flags::LOADING,
        Flags::STALE,
        Flags::FAST,
        Flags::ALLOW_BUSY,
        Flags::AT_ONCE,
    ])
    .categories(&[Categories::TRANSACTION])
    .since("1.2.0")
    .summary("Begins a transaction: the commands that follow wait for EXEC.");

fn multi(ctx: &mut Context<'_, '_>) -> Result<()> {
    if let Some(queue) = &mut ctx.session.queue {
        // As in Valkey 9, EXEC will do nothing: the client has lost count.
        queue.aborted = true;
        return Err(Error::reply("ERR MULTI calls can not be nested"));
    }
    ctx.session.queue = Some(Box::default());
    ctx.session.show_queue();
    ctx.ok()
}

pub(super) const DISCARD: Command = Command::new("discard", 1, discard)
    .group(Group::Transactions)
    .flags(&[
        Flags::NOSCRIPT,
        Flags::LOADING,
        Flags::STALE,
        Flags::FAST,
        Flags::ALLOW_BUSY,
        Flags::AT_ONCE,
    ])
    .categories(&[Categories::TRANSACTION])
    .since("2.0.0")
    .complexity("O(N), when N is the number of queued commands")
    .summary("Ends a transaction without running its commands.");

fn discard(ctx: &mut Context<'_, '_>) -> Result<()> {
    if ctx.session.queue.take().is_none() {
        return Err(Error::reply("ERR DISCARD without MULTI"));
    }
    ctx.session.show_queue();
    ctx.session.watched.clear(ctx.engine.keyspace());
    ctx.ok()
}

pub(super) const EXEC: Command = Command::new("exec", 1, exec)
    .group(Group::Transactions)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::SKIP_SLOWLOG, Flags::AT_ONCE])
    .categories(&[Categories::TRANSACTION])
    .since("1.2.0")
    .complexity("Depends on commands in the transaction")
    .summary("Runs the commands of a transaction, with nobody else's in between.")
    .locks_queue();

/// Runs the queued commands, whose keys are locked, and those that are watched.
fn exec(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Some(queue) = ctx.session.queue.take() else {
        return Err(Error::reply("ERR EXEC without MULTI"));
    };
    ctx.session.show_queue();
    let changed = ctx.session.watched.has_changed(ctx.tx)?;
    ctx.session.watched.clear_in(ctx.tx)?;
    if queue.aborted {
        return Err(Error::reply("EXECABORT Transaction discarded because of previous errors."));
    }
    if changed {
        ctx.reply.null_array();
        return Ok(());
    }
    ctx.reply.array(queue.len());
    let stats = &ctx.instance.stats;
    let mut tally = Tally::new();
    ctx.session.executing = true;
    let words = queue.words();
    for (node, args) in queue.commands(&words) {
        let keys: Vec<Key<'_>> = node.keys(&args).map(|at| ctx.tx.key(args.at(at))).collect();
        // SELECT may be one of the commands.
        ctx.tx.select(ctx.session.db);
        let timed = tally.before(node.timed || ctx.instance.timing.every());
        let can = ctx.instance.cannot(node, args, &ctx.session.client).map_err(|error| *error);
        let result = can.and_then(|()| {
            (node.row.handler)(&mut Context {
                args,
                keys: &keys,
                tx: ctx.tx,
                engine: ctx.engine,
                instance: ctx.instance,
                session: ctx.session,
                reply: ctx.reply,
                node,
            })
        });
        let took = tally.after(stats, node.id, timed);
        ctx.session.client.count_command();
        let clock = ctx.engine.clock();
        ctx.instance.timing.note(took, node, args, &ctx.session.client, clock);
        ctx.tx.announce();
        if ctx.instance.monitors.any() {
            let (client, micros) = (&ctx.session.client, ctx.engine.clock().micros());
            ctx.instance.monitors.show(client, ctx.session.db, micros, node, args);
        }
        if ctx.session.remembers(node) {
            keys.iter().for_each(|key| ctx.tx.note_read(*key));
        }
        if let Err(error) = result {
            stats.on_error(error.code(), Some(node.id), false);
            ctx.reply.error(&error);
        }
    }
    ctx.session.executing = false;
    tally.settle(stats);
    Ok(())
}
