//! DBSIZE, FLUSHALL, FLUSHDB, SWAPDB: databases as wholes.

use crate::command::context::Context;
use crate::command::parse::{self, is};
#[cfg(feature = "snapshot")]
use crate::command::persistence::After;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

pub(super) const DBSIZE: Command = Command::new("dbsize", 1, dbsize)
    .group(Group::Server)
    .flags(&[Flags::READONLY, Flags::FAST])
    .categories(&[Categories::KEYSPACE])
    .summary("Counts the keys of the database.")
    .tips(&["request_policy:all_shards", "response_policy:agg_sum"]);

fn dbsize(ctx: &mut Context<'_, '_>) -> Result<()> {
    let keys = ctx.tx.size()?.keys;
    ctx.count(keys)
}

/// Whether FLUSHALL and FLUSHDB free what was removed before they answer.
const WHEN: Arg = Arg::one_of(
    "flush-type",
    &[Arg::word("async", "ASYNC").since("4.0.0"), Arg::word("sync", "SYNC").since("6.2.0")],
)
.optional();

const HISTORY: &[(&str, &str)] = &[("4.0.0", "Option `ASYNC`."), ("6.2.0", "Option `SYNC`.")];

pub(super) const FLUSHALL: Command = Command::new("flushall", -1, flushall)
    .group(Group::Server)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::KEYSPACE, Categories::DANGEROUS])
    .complexity("O(N) where N is the number of keys in all databases")
    .summary("Removes every key of every database.")
    .history(HISTORY)
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[WHEN])
    .locks_all();

fn flushall(ctx: &mut Context<'_, '_>) -> Result<()> {
    flush(ctx, None)
}

pub(super) const FLUSHDB: Command = Command::new("flushdb", -1, flushdb)
    .group(Group::Server)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::KEYSPACE, Categories::DANGEROUS])
    .complexity("O(N) where N is the number of keys in the database")
    .summary("Removes every key of the database.")
    .history(HISTORY)
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[WHEN])
    .locks_all();

fn flushdb(ctx: &mut Context<'_, '_>) -> Result<()> {
    let db = ctx.tx.db();
    flush(ctx, Some(db))
}

fn flush(ctx: &mut Context<'_, '_>, db: Option<u32>) -> Result<()> {
    let later = match ctx.args.get(1) {
        None => ctx.instance.parameters.number("lazyfree-lazy-user-flush") != 0,
        Some(word) if ctx.args.len() == 2 && is(word, "async") => true,
        Some(word) if ctx.args.len() == 2 && is(word, "sync") => false,
        Some(_) => return Err(Error::Syntax),
    };
    ctx.tx.flush(db, later)?;
    #[cfg(feature = "snapshot")]
    if db.is_none() {
        // What is being saved is nothing that anybody wants any more.
        ctx.engine.saves().abort();
        if ctx.engine.saves().has_points() {
            ctx.session.after = Some(After::Save);
        }
    }
    ctx.ok()
}

pub(super) const SWAPDB: Command = Command::new("swapdb", 3, swapdb)
    .group(Group::Server)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::KEYSPACE, Categories::DANGEROUS])
    .since("4.0.0")
    .complexity(
        "O(N) where N is the count of clients watching or blocking on keys from both databases.",
    )
    .summary("Exchanges the keys of two databases.")
    .args(&[Arg::integer("index1"), Arg::integer("index2")])
    .locks_all();

fn swapdb(ctx: &mut Context<'_, '_>) -> Result<()> {
    // Both are read before either is looked for.
    for (i, which) in [(1, "first"), (2, "second")] {
        let invalid = Error::reply(format!("ERR invalid {which} DB index"));
        parse::small_integer(&ctx.args[i], Some(invalid))?;
    }
    let first = parse::database(&ctx.args[1], ctx.engine, None)?;
    let second = parse::database(&ctx.args[2], ctx.engine, None)?;
    ctx.tx.swap(first, second)?;
    ctx.ok()
}
