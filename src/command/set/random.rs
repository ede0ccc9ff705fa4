//! Members by chance: SPOP, SRANDMEMBER.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::value::set::{Member, SetRef};

/// The most draws that one reply may hold: what clients can count.
const MOST_DRAWS: u64 = i32::MAX as u64;

pub(super) const SPOP: Command = Command::new("spop", -2, spop)
    .group(Group::Set)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .complexity("O(1) without a count, O(N) where N is the count")
    .summary("Takes members out of a set, picked by chance.")
    .history(&[("3.2.0", "Argument `count`.")])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0), Arg::integer("count").optional().since("3.2.0")]);

fn spop(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Some(count) = optional_count(ctx)? else {
        match ctx.tx.spop(ctx.key(), 1)?.pop() {
            Some(member) => ctx.reply.bulk(&member),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let refused = Error::reply("ERR value is out of range, must be positive");
    let count = parse::integer(count).ok().and_then(|count| usize::try_from(count).ok());
    let popped = ctx.tx.spop(ctx.key(), count.ok_or(refused)?)?;
    ctx.reply.set(popped.len());
    popped.iter().for_each(|member| ctx.reply.bulk(member));
    Ok(())
}

/// The word behind the key, if there is one.
fn optional_count<'c>(ctx: &Context<'c, '_>) -> Result<Option<&'c [u8]>> {
    if ctx.args.len() > 3 {
        return Err(Error::Syntax);
    }
    Ok(ctx.args.get(2))
}

pub(super) const SRANDMEMBER: Command = Command::new("srandmember", -2, srandmember)
    .group(Group::Set)
    .flags(&[Flags::READONLY])
    .categories(&[Categories::SET])
    .keys(&[KeySpec::one(1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .complexity("O(1) without a count, O(N) where N is the count's absolute value")
    .summary("Returns members of a set, picked by chance.")
    .history(&[("2.6.0", "Argument `count`.")])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0), Arg::integer("count").optional().since("2.6.0")]);

fn srandmember(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Some(word) = optional_count(ctx)? else {
        match ctx.tx.srandmember(ctx.key())? {
            Some(member) => super::write(ctx.reply, [member]),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let count = parse::integer(word)?;
    if count == i64::MIN {
        return Err(Error::reply(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ));
    }
    let size = count.unsigned_abs();
    if count >= 0 {
        let members =
            ctx.tx.srandmembers(ctx.key(), usize::try_from(size).unwrap_or(usize::MAX))?;
        ctx.reply.array(members.len());
        super::write(ctx.reply, members);
        return Ok(());
    }
    let Some(set) = ctx.tx.set_at(ctx.key())? else {
        ctx.reply.array(0);
        return Ok(());
    };
    if size > MOST_DRAWS {
        return Err(Error::reply("ERR value is out of range"));
    }
    ctx.reply.array(size as usize);
    let rng = &ctx.tx.keyspace().rng;
    // A small set is read once, since finding a member by its place is a walk there.
    let listed: Vec<Member<'_>> = match set {
        SetRef::Table(_) => Vec::new(),
        SetRef::Ints(_) | SetRef::Packed(_) => set.iter().collect(),
    };
    let draw = |_| match set {
        SetRef::Table(_) => set.sample(|n| rng.below(n)).expect("no set is empty"),
        SetRef::Ints(_) | SetRef::Packed(_) => listed[rng.below(listed.len())],
    };
    super::write(ctx.reply, (0..size).map(draw));
    Ok(())
}
