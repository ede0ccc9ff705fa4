//! LPOP, RPOP.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::packed::Item;
use crate::error::{Error, Result};
use crate::keyspace::Key;
use crate::value::list::End;
use crate::value::string::Digits;

pub(super) const LPOP: Command = Command::new("lpop", -2, |ctx| pop(ctx, End::Front, "lpop"))
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .complexity("O(N) where N is the number of elements returned")
    .summary("Takes elements off the left end of a list.")
    .history(&[("6.2.0", "Takes a count.")])
    .args(&[Arg::key("key", 0), Arg::integer("count").optional().since("6.2.0")]);

pub(super) const RPOP: Command = Command::new("rpop", -2, |ctx| pop(ctx, End::Back, "rpop"))
    .group(Group::List)
    .flags(&[Flags::WRITE, Flags::FAST])
    .categories(&[Categories::LIST])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::DELETE])])
    .complexity("O(N) where N is the number of elements returned")
    .summary("Takes elements off the right end of a list.")
    .history(&[("6.2.0", "Takes a count.")])
    .args(&[Arg::key("key", 0), Arg::integer("count").optional().since("6.2.0")]);

fn pop(ctx: &mut Context<'_, '_>, end: End, name: &'static str) -> Result<()> {
    let key = ctx.key();
    let count = match ctx.args.len() {
        2 => {
            let reply = &mut *ctx.reply;
            let show = |item: Item<'_>| reply.bulk(item.bytes(&mut Digits::new()));
            if ctx.tx.pop(key, end, 1, show)? == 0 {
                ctx.reply.null();
            }
            return Ok(());
        }
        3 => super::count(&ctx.args[2], "ERR value is out of range, must be positive")?,
        _ => return Err(Error::WrongArity(name.into())),
    };
    match ctx.tx.peek_list(key)?.map(|list| list.len()) {
        Some(len) => pop_array(ctx, end, key, count.min(len)),
        None => {
            ctx.reply.null_array();
            Ok(())
        }
    }
}

/// Pops `count` elements, of as many at least, and answers with an array of them.
pub(super) fn pop_array(
    ctx: &mut Context<'_, '_>,
    end: End,
    key: Key<'_>,
    count: usize,
) -> Result<()> {
    let reply = &mut *ctx.reply;
    reply.array(count);
    ctx.tx.pop(key, end, count, |item| reply.bulk(item.bytes(&mut Digits::new())))?;
    Ok(())
}
