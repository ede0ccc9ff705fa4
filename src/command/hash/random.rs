//! HRANDFIELD.

use super::all::{name, value};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::{Protocol, Reply};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::hash::Field;

pub(super) const HRANDFIELD: Command = Command::new("hrandfield", -2, hrandfield)
    .group(Group::Hash)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::HASH])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("6.2.0")
    .complexity("O(N) where N is the number of fields that are returned")
    .summary("Picks fields of a hash by chance.")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::block(
            "options",
            &[Arg::integer("count"), Arg::word("withvalues", "WITHVALUES").optional()],
        )
        .optional(),
    ]);

fn hrandfield(ctx: &mut Context<'_, '_>) -> Result<()> {
    let rng = &ctx.engine.keyspace().rng;
    let below = |n| rng.below(n);
    if ctx.args.len() == 2 {
        match ctx.tx.hash(ctx.key())?.and_then(|hash| hash.random(below)) {
            Some(field) => name(ctx.reply, field),
            None => ctx.reply.null(),
        }
        return Ok(());
    }
    let (count, with_values) = options(ctx)?;
    let Some(hash) = ctx.tx.hash(ctx.key())? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count >= 0 {
        let fields = hash.sample(wanted, below);
        begin(ctx.reply, fields.len(), with_values);
        fields.into_iter().for_each(|field| show(ctx.reply, field, with_values));
    } else {
        // An empty hash is one whose fields are all past their time.
        let wanted = if hash.len() == 0 { 0 } else { wanted };
        begin(ctx.reply, wanted, with_values);
        hash.randoms(wanted, below).for_each(|field| show(ctx.reply, field, with_values));
    }
    Ok(())
}

/// How many, and whether with values.
fn options(ctx: &Context<'_, '_>) -> Result<(i64, bool)> {
    let count = parse::integer(&ctx.args[2])?;
    if count == i64::MIN {
        return Err(Error::reply(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ));
    }
    let Some(word) = ctx.args.get(3) else { return Ok((count, false)) };
    if ctx.args.len() > 4 || !is(word, "withvalues") {
        return Err(Error::Syntax);
    }
    if !(-(i64::MAX / 2)..=i64::MAX / 2).contains(&count) {
        return Err(Error::reply("ERR value is out of range"));
    }
    Ok((count, true))
}

/// Begins the answer: pairs are flat to a RESP2 client, and arrays to a RESP3 client.
fn begin(reply: &mut dyn Reply, count: usize, with_values: bool) {
    let flat = with_values && reply.protocol() == Protocol::Resp2;
    reply.array(if flat { count * 2 } else { count });
}

fn show(reply: &mut dyn Reply, field: Field<'_>, with_values: bool) {
    if with_values && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    name(reply, field);
    if with_values {
        value(reply, field);
    }
}
