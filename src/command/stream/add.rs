//! XADD and XTRIM.

use super::ids::{id, new_id, write_id};
use crate::api::{AddArgs, Named, NewId};
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::config::EncodingLimit;
use crate::ds::stream_log::Keep;
use crate::error::{Error, Result};
use crate::keyspace::Tx;
use crate::value::stream::{References, Trim};

/// What happens to references, as three commands can be told.
pub(super) const REFERENCES: Arg = Arg::one_of(
    "condition",
    &[Arg::word("keepref", "KEEPREF"), Arg::word("delref", "DELREF"), Arg::word("acked", "ACKED")],
)
.optional()
.since("8.2.0");

const TRIM: &[Arg] = &[
    Arg::one_of(
        "strategy",
        &[Arg::word("maxlen", "MAXLEN"), Arg::word("minid", "MINID").since("6.2.0")],
    ),
    Arg::one_of("operator", &[Arg::word("equal", "="), Arg::word("approximately", "~")]).optional(),
    Arg::string("threshold"),
    Arg::integer("count").token("LIMIT").optional().since("6.2.0"),
];

pub(super) const XADD: Command = Command::new("xadd", -5, xadd)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::UPDATE])
        .notes("It may also trim the stream, hence more than an insertion.")])
    .since("5.0.0")
    .complexity("O(1) to add, O(N) to trim N entries")
    .summary("Adds an entry to a stream, which is made if there is none.")
    .history(&[
        ("6.2.0", "Options `NOMKSTREAM`, `MINID` and `LIMIT`."),
        ("7.0.0", "Ids of the form `<ms>-*`."),
        ("8.2.0", "Options `KEEPREF`, `DELREF` and `ACKED`."),
        ("8.6.0", "Options `IDMP` and `IDMPAUTO`."),
    ])
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key", 0),
        Arg::word("nomkstream", "NOMKSTREAM").optional().since("6.2.0"),
        REFERENCES,
        Arg::one_of(
            "idmp",
            &[
                Arg::string("pid").token("IDMPAUTO"),
                Arg::block("idmp", &[Arg::string("pid"), Arg::string("iid")]).token("IDMP"),
            ],
        )
        .optional()
        .since("8.6.0"),
        Arg::block("trim", TRIM).optional(),
        Arg::one_of("id-selector", &[Arg::word("auto-id", "*"), Arg::string("id")]),
        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
    ]);

fn xadd(ctx: &mut Context<'_, '_>) -> Result<()> {
    let words = ctx.args;
    // Most calls have no options.
    let (args, fields_at) = if words.at(2) == b"*" {
        (AddArgs::default(), 3)
    } else {
        let options = Options::parse(words, true, ctx.tx)?;
        (options.args, options.end + 1)
    };
    let count = words.len().saturating_sub(fields_at);
    if count < 2 || count % 2 == 1 {
        return Err(Error::WrongArity("xadd".into()));
    }
    if args.id == NewId::Given(crate::StreamId::MIN) {
        return Err(Error::reply("ERR The ID specified in XADD must be greater than 0-0"));
    }
    args.check()?;
    let field = move |i: usize| (words.at(fields_at + 2 * i), words.at(fields_at + 2 * i + 1));
    match ctx.tx.xadd(ctx.key(), (0..count / 2).map(field), &args)? {
        Some(id) => write_id(ctx.reply, id),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) const XTRIM: Command = Command::new("xtrim", -4, xtrim)
    .group(Group::Stream)
    .flags(&[Flags::WRITE])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::DELETE])])
    .since("5.0.0")
    .complexity("O(N) for N entries, next to nothing for whole blocks of them")
    .summary("Deletes a stream's oldest entries.")
    .history(&[
        ("6.2.0", "Options `MINID` and `LIMIT`."),
        ("8.2.0", "Options `KEEPREF`, `DELREF` and `ACKED`."),
    ])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key", 0), Arg::block("trim", TRIM), REFERENCES]);

fn xtrim(ctx: &mut Context<'_, '_>) -> Result<()> {
    let options = Options::parse(ctx.args, false, ctx.tx)?;
    let trim = options.args.trim.expect("XTRIM without a threshold is refused");
    let deleted = ctx.tx.xtrim(ctx.key(), &trim)?;
    ctx.count(deleted)
}

/// What XADD and XTRIM are told before the fields.
struct Options<'a> {
    args: AddArgs<'a>,
    /// Where the id is, if there is one.
    end: usize,
}

impl<'a> Options<'a> {
    /// Reads the words from the third on, up to the id if `add`.
    ///
    /// # Errors
    /// Redis's words, in its order.
    fn parse(words: Args<'a>, add: bool, tx: &Tx<'_>) -> Result<Options<'a>> {
        let (mut id_given, mut only_existing) = (NewId::Auto, false);
        let (mut keep, mut whole, mut limit) = (None, false, None);
        let (mut references, mut named) = (None, None);
        let mut at = 2;
        while let Some(word) = words.get(at) {
            let value = words.get(at + 1);
            match (word, value) {
                (b"*", _) if add => break,
                (word, Some(value)) if is(word, "maxlen") || is(word, "minid") => {
                    if keep.is_some() {
                        return Err(Error::reply(
                            "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
                        ));
                    }
                    let operator = matches!(value, b"~" | b"=") && words.get(at + 2).is_some();
                    whole = operator && value == b"~";
                    at += 1 + usize::from(operator);
                    keep = Some(threshold(word, words.at(at))?);
                }
                (word, Some(value)) if is(word, "limit") => {
                    let number = parse::integer(value)?;
                    let number = usize::try_from(number)
                        .map_err(|_| Error::reply("ERR The LIMIT argument must be >= 0."))?;
                    limit = Some(number);
                    at += 1;
                }
                (word, _) if add && is(word, "nomkstream") => only_existing = true,
                (word, Some(producer)) if add && (is(word, "idmp") || is(word, "idmpauto")) => {
                    let name = if is(word, "idmp") { Some(at + 2) } else { None };
                    let name = match name.map(|at| words.get(at).ok_or(Error::Syntax)) {
                        Some(name) => Some(name?),
                        None => None,
                    };
                    if named.replace(Named { producer, name }).is_some() {
                        return Err(Error::reply("ERR IDMP/IDMPAUTO specified multiple times"));
                    }
                    at += 1 + usize::from(name.is_some());
                }
                (word, _) => match policy(word) {
                    Some(policy) if references.is_none_or(|given| given == policy) => {
                        references = Some(policy);
                    }
                    None if add => {
                        id_given = new_id(word)?;
                        break;
                    }
                    _ => return Err(Error::Syntax),
                },
            }
            at += 1;
        }
        if keep.is_none() && limit.is_some_and(|limit| limit > 0) {
            return Err(Error::reply(
                "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
            ));
        }
        if keep.is_none() && !add {
            return Err(Error::reply(
                "ERR syntax error, XTRIM must be called with a trimming strategy",
            ));
        }
        if limit.is_some() && !whole {
            return Err(Error::reply(
                "ERR syntax error, LIMIT cannot be used without the special ~ option",
            ));
        }
        let limit = if whole { limit.unwrap_or_else(|| usual_limit(tx)) } else { 0 };
        let references = references.unwrap_or_default();
        let trim = keep.map(|keep| Trim { keep, whole, limit, references });
        Ok(Options { args: AddArgs { id: id_given, only_existing, trim, named }, end: at })
    }
}

fn threshold(strategy: &[u8], word: &[u8]) -> Result<Keep> {
    if is(strategy, "minid") {
        return id(word, 0).map(Keep::From);
    }
    let len = usize::try_from(parse::integer(word)?);
    len.map(Keep::Newest).map_err(|_| Error::reply("ERR The MAXLEN argument must be >= 0."))
}

/// The word for what happens to references.
pub(super) fn policy(word: &[u8]) -> Option<References> {
    match word {
        word if is(word, "keepref") => Some(References::Keep),
        word if is(word, "delref") => Some(References::Delete),
        word if is(word, "acked") => Some(References::Acked),
        _ => None,
    }
}

/// How many entries an approximate trim removes at most: a hundred blocks of them.
fn usual_limit(tx: &Tx<'_>) -> usize {
    let entries = tx.keyspace().settings.limits.size(EncodingLimit::StreamNodeMaxEntries);
    match entries.saturating_mul(100) {
        0 => 10_000,
        limit => limit.min(1_000_000),
    }
}
