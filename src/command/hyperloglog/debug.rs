//! HyperLogLog from inside: PFDEBUG, PFSELFTEST.

use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::hll::Form;
use crate::error::{Error, Result};

pub(super) const PFDEBUG: Command = Command::new("pfdebug", 3, pfdebug)
    .group(Group::HyperLogLog)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::ADMIN])
    .categories(&[Categories::HYPERLOGLOG])
    .keys(&[KeySpec::one(2, &[KeyFlags::RW, KeyFlags::ACCESS])])
    .since("2.8.9")
    .complexity("O(1)")
    .summary("Shows a HyperLogLog from inside.")
    .internal()
    .args(&[Arg::string("subcommand"), Arg::key("key", 0)]);

fn pfdebug(ctx: &mut Context<'_, '_>) -> Result<()> {
    let key = ctx.key();
    let form = ctx.tx.pf_form(key)?;
    match ctx.args.at(1) {
        word if is(word, "getreg") => {
            let registers = ctx.tx.pf_registers(key)?;
            ctx.reply.array(registers.ranks().len());
            registers.ranks().iter().for_each(|rank| ctx.reply.integer(i64::from(*rank)));
        }
        word if is(word, "decode") => {
            if form != Form::Sparse {
                return Err(Error::reply("ERR HLL encoding is not sparse"));
            }
            let runs = ctx.tx.pf_runs(key)?;
            ctx.reply.bulk(runs.as_bytes());
        }
        word if is(word, "encoding") => {
            ctx.reply.simple(if form == Form::Dense { "dense" } else { "sparse" });
        }
        word if is(word, "todense") => {
            let made = ctx.tx.pf_make_dense(key)?;
            ctx.reply.integer(i64::from(made));
        }
        word => return Err(Error::echo("ERR Unknown PFDEBUG subcommand '", word, "'")),
    }
    Ok(())
}

pub(super) const PFSELFTEST: Command = Command::new("pfselftest", 1, pfselftest)
    .group(Group::HyperLogLog)
    .flags(&[Flags::ADMIN])
    .categories(&[Categories::HYPERLOGLOG])
    .since("2.8.9")
    .complexity("O(1)")
    .summary("Tests that HyperLogLogs keep and count what they should.")
    .internal();

fn pfselftest(ctx: &mut Context<'_, '_>) -> Result<()> {
    ctx.tx.pf_self_test()?;
    ctx.ok()
}
