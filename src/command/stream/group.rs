//! XGROUP.

use super::ids::{id, id_or_end};
use crate::api::Start;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::{errors, help};
use crate::error::{Error, Result};

pub(super) const XGROUP: Command = Command::new("xgroup", -2, help::container)
    .group(Group::Stream)
    .since("5.0.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands for consumer groups.")
    .subcommands(&[CREATE, CREATECONSUMER, DELCONSUMER, DESTROY, HELP, SETID]);

const ID: Arg = Arg::one_of("id-selector", &[Arg::string("id"), Arg::word("new-id", "$")]);
const ENTRIESREAD: Arg = Arg::integer("entriesread").token("ENTRIESREAD").optional();

const CREATE: Command = Command::new("create", -5, create)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("5.0.0")
    .summary("Makes a consumer group.")
    .history(&[("7.0.0", "The argument `ENTRIESREAD`.")])
    .args(&[
        Arg::key("key", 0),
        Arg::string("group"),
        ID,
        Arg::word("mkstream", "MKSTREAM").optional(),
        ENTRIESREAD,
    ]);

fn create(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Options { make, entries_read } = Options::parse(ctx, true)?;
    let stream = ctx.tx.peek_stream(ctx.key())?;
    if stream.is_none() && !make {
        // The operation has the words for this.
        let start = Start::End;
        return ctx.tx.xgroup_create(ctx.key(), ctx.args.at(3), start, false, entries_read);
    }
    if ctx.args.len() > 8 {
        return Err(refused(ctx));
    }
    let start = match ctx.args.at(4) {
        b"$" => Start::End,
        word => Start::After(id(word, 0)?),
    };
    ctx.tx.xgroup_create(ctx.key(), ctx.args.at(3), start, make, entries_read)?;
    ctx.ok()
}

const SETID: Command = Command::new("setid", -5, setid)
    .group(Group::Stream)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(2, &[KeyFlags::RW, KeyFlags::UPDATE])])
    .since("5.0.0")
    .summary("Sets where a consumer group goes on reading.")
    .history(&[("7.0.0", "The argument `ENTRIESREAD`.")])
    .args(&[Arg::key("key", 0), Arg::string("group"), ID, ENTRIESREAD]);

fn setid(ctx: &mut Context<'_, '_>) -> Result<()> {
    let Options { entries_read, .. } = Options::parse(ctx, false)?;
    ctx.tx.check_group(ctx.key(), ctx.args.at(3))?;
    if ctx.args.len() != 5 && ctx.args.len() != 7 {
        return Err(refused(ctx));
    }
    let start = match ctx.args.at(4) {
        b"$" => Start::End,
        word => Start::After(id_or_end(word, 0)?),
    };
    ctx.tx.xgroup_setid(ctx.key(), ctx.args.at(3), start, entries_read)?;
    ctx.ok()
}

/// What CREATE and SETID can be told at the end.
#[derive(Default)]
struct Options {
    make: bool,
    entries_read: Option<i64>,
}

impl Options {
    fn parse(ctx: &Context<'_, '_>, create: bool) -> Result<Options> {
        let mut options = Options::default();
        let mut at = 5;
        while let Some(word) = ctx.args.get(at) {
            let value = ctx.args.get(at + 1);
            match (word, value) {
                (word, _) if create && is(word, "mkstream") => options.make = true,
                (word, Some(value)) if is(word, "entriesread") => {
                    options.entries_read = match parse::integer(value)? {
                        -1 => None,
                        read @ 0.. => Some(read),
                        _ => {
                            return Err(Error::reply(
                                "ERR value for ENTRIESREAD must be positive or -1",
                            ));
                        }
                    };
                    at += 1;
                }
                _ => return Err(refused(ctx)),
            }
            at += 1;
        }
        Ok(options)
    }
}

fn refused(ctx: &Context<'_, '_>) -> Error {
    errors::refused_subcommand("xgroup", ctx.args.at(1))
}

const DESTROY: Command = Command::new("destroy", 4, destroy)
    .group(Group::Stream)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(2, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("5.0.0")
    .complexity("O(N) for N pending entries")
    .summary("Removes a consumer group.")
    .args(&[Arg::key("key", 0), Arg::string("group")]);

fn destroy(ctx: &mut Context<'_, '_>) -> Result<()> {
    let removed = ctx.tx.xgroup_destroy(ctx.key(), ctx.args.at(3))?;
    ctx.integer(removed.into())
}

const CREATECONSUMER: Command = Command::new("createconsumer", 5, create_consumer)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::DENYOOM])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(2, &[KeyFlags::RW, KeyFlags::INSERT])])
    .since("6.2.0")
    .summary("Makes a consumer in a group.")
    .args(&[Arg::key("key", 0), Arg::string("group"), Arg::string("consumer")]);

fn create_consumer(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (group, consumer) = (ctx.args.at(3), ctx.args.at(4));
    let made = ctx.tx.xgroup_create_consumer(ctx.key(), group, consumer)?;
    ctx.integer(made.into())
}

const DELCONSUMER: Command = Command::new("delconsumer", 5, delete_consumer)
    .group(Group::Stream)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(2, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("5.0.0")
    .complexity("O(N) for N entries pending with it")
    .summary("Removes a consumer from its group, with what is pending for it.")
    .args(&[Arg::key("key", 0), Arg::string("group"), Arg::string("consumer")]);

fn delete_consumer(ctx: &mut Context<'_, '_>) -> Result<()> {
    let (group, consumer) = (ctx.args.at(3), ctx.args.at(4));
    let pending = ctx.tx.xgroup_delete_consumer(ctx.key(), group, consumer)?;
    ctx.count(pending)
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Stream)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::STREAM])
    .since("5.0.0")
    .summary("Lists the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            (
                "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <n>]",
                "Make a group, and the stream if need be.",
            ),
            ("CREATECONSUMER <key> <group> <consumer>", "Make a consumer."),
            ("DELCONSUMER <key> <group> <consumer>", "Remove a consumer."),
            ("DESTROY <key> <group>", "Remove a group."),
            ("SETID <key> <group> <id|$> [ENTRIESREAD <n>]", "Set where a group goes on reading."),
        ],
    )
}
