//! XREAD and XREADGROUP.

use super::ids::{id, write_copy, write_delivered};
use super::range::write_entries;
use crate::api::{
    Budget, Delivered, GroupRead, GroupWant, Read, ReadArgs, ReadLimit, ReadWant, Source,
};
use crate::blocking::Want;
use crate::clock::Millis;
use crate::command::args::Args;
use crate::command::blocking::{self, Limit};
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::{Protocol, Reply};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::ds::stream_log::StreamId;
use crate::error::{Error, Result};
use crate::keyspace::Key;

pub(super) const XREAD: Command = Command::new("xread", -4, xread)
    .group(Group::Stream)
    .flags(&[Flags::READONLY, Flags::BLOCKING])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::half_behind("STREAMS", 1, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .locks_alone_if(|args| args.iter_from(1).any(|word| is(word, "block")))
    .since("5.0.0")
    .complexity("O(log(N) + M) for M of a stream's N entries")
    .summary("Returns the entries of streams that come after given ids.")
    .history(&[("8.10.0", "Options `MAXCOUNT` and `MAXSIZE`.")])
    .args(&[
        Arg::integer("count").token("COUNT").optional(),
        MAXCOUNT,
        MAXSIZE,
        Arg::integer("milliseconds").token("BLOCK").optional(),
        STREAMS,
    ]);

const MAXCOUNT: Arg = Arg::integer("maxcount").token("MAXCOUNT").optional().since("8.10.0");
const MAXSIZE: Arg = Arg::integer("maxsize").token("MAXSIZE").optional().since("8.10.0");

const STREAMS: Arg =
    Arg::block("streams", &[Arg::key("key", 0).multiple(), Arg::string("id").multiple()])
        .token("STREAMS");

pub(super) const XREADGROUP: Command = Command::new("xreadgroup", -7, xreadgroup)
    .group(Group::Stream)
    .flags(&[Flags::WRITE, Flags::BLOCKING])
    .categories(&[Categories::STREAM])
    .keys(&[KeySpec::half_behind("STREAMS", 4, &[KeyFlags::RO, KeyFlags::ACCESS])])
    .since("5.0.0")
    .complexity("O(log(N) + M) for M of a stream's N entries; with CLAIM also O(P) for P that are pending")
    .summary("Delivers entries of streams to a consumer of a group: new ones, or those that it was given before.")
    .history(&[
        ("8.4.0", "Option `CLAIM`."),
        ("8.10.0", "Options `MAXCOUNT` and `MAXSIZE`."),
    ])
    .args(&[
        Arg::block("group-block", &[Arg::string("group"), Arg::string("consumer")]).token("GROUP"),
        Arg::integer("count").token("COUNT").optional(),
        MAXCOUNT,
        MAXSIZE,
        Arg::integer("milliseconds").token("BLOCK").optional(),
        Arg::integer("min-idle-time").token("CLAIM").optional().since("8.4.0"),
        Arg::word("noack", "NOACK").optional(),
        STREAMS,
    ]);

/// What both commands are told before the keys.
struct Options<'a> {
    limit: ReadLimit,
    group: Option<(&'a [u8], &'a [u8])>,
    noack: bool,
    claim: Option<i64>,
    /// How long to wait where there is nothing, if at all.
    block: Option<Limit>,
    /// Where the keys begin.
    keys: usize,
    /// How many keys, and ids behind them, there are.
    streams: usize,
}

impl<'a> Options<'a> {
    /// # Errors
    /// Redis's words, in its order.
    fn parse(words: Args<'a>, group: bool, now: Millis) -> Result<Options<'a>> {
        let only_group = |option: &str| {
            Error::reply(format!(
                "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
            ))
        };
        let (mut count, mut max_count) = (0, None);
        let mut options = Options {
            limit: ReadLimit::new(),
            group: None,
            noack: false,
            claim: None,
            block: None,
            keys: 0,
            streams: 0,
        };
        let mut at = 1;
        while let Some(word) = words.get(at) {
            let value = words.get(at + 1);
            match (word, value) {
                (word, Some(value)) if is(word, "block") => {
                    options.block = Some(blocking::millis(value, now)?);
                    at += 1;
                }
                (word, Some(value)) if is(word, "count") => {
                    count = usize::try_from(parse::integer(value)?).unwrap_or(0);
                    at += 1;
                }
                (word, Some(value)) if is(word, "maxcount") => {
                    max_count = Some(positive(value, "MAXCOUNT")?);
                    at += 1;
                }
                (word, Some(value)) if is(word, "maxsize") => {
                    options.limit = options.limit.max_size(positive(value, "MAXSIZE")?);
                    at += 1;
                }
                (word, Some(_)) if is(word, "streams") => {
                    options.keys = at + 1;
                    let words = words.len() - options.keys;
                    if words % 2 == 1 {
                        return Err(unbalanced(group));
                    }
                    options.streams = words / 2;
                    break;
                }
                (word, Some(name)) if is(word, "group") && words.get(at + 2).is_some() => {
                    if !group {
                        return Err(only_group("GROUP"));
                    }
                    options.group = Some((name, words.at(at + 2)));
                    at += 2;
                }
                (word, _) if is(word, "noack") => {
                    if !group {
                        return Err(only_group("NOACK"));
                    }
                    options.noack = true;
                }
                (word, Some(value)) if is(word, "claim") => {
                    if !group {
                        return Err(only_group("CLAIM"));
                    }
                    let bad = Error::reply("ERR min-idle-time is not an integer");
                    let idle = parse::integer_or(value, bad)?;
                    if idle < 0 {
                        return Err(Error::reply("ERR min-idle-time must be a positive integer"));
                    }
                    options.claim = Some(idle);
                    at += 1;
                }
                _ => return Err(Error::Syntax),
            }
            at += 1;
        }
        if options.keys == 0 {
            return Err(Error::Syntax);
        }
        if group && options.group.is_none() {
            return Err(Error::reply("ERR Missing GROUP option for XREADGROUP"));
        }
        if max_count.is_some_and(|most| most < count) {
            return Err(Error::reply("ERR MAXCOUNT must be greater than or equal to COUNT"));
        }
        let all = |count: Option<usize>| count.unwrap_or(usize::MAX);
        let count = all(Some(count).filter(|count| *count > 0));
        options.limit = options.limit.count(count).max_count(all(max_count));
        Ok(options)
    }

    /// Key `i`, hashed, and the word that says what is read of it.
    fn stream(&self, ctx: &Context<'a, '_>, i: usize) -> (Key<'a>, &'a [u8]) {
        let word = ctx.args.at(self.keys + i);
        let found = ctx.keys.get(i).copied().filter(|key| key.bytes == word);
        // Where an option's value is `streams`, the key specs point elsewhere.
        (found.unwrap_or_else(|| ctx.tx.key(word)), ctx.args.at(self.keys + self.streams + i))
    }
}

/// The value of an option that is a number above zero.
fn positive(value: &[u8], option: &str) -> Result<usize> {
    let bad = Error::reply(format!("ERR {option} must be a positive integer"));
    let number = parse::integer_or(value, bad.clone())?;
    if number <= 0 {
        return Err(bad);
    }
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

fn unbalanced(group: bool) -> Error {
    let (name, symbol) = if group { ("xreadgroup", '>') } else { ("xread", '$') };
    Error::reply(format!(
        "ERR Unbalanced '{name}' list of streams: for each stream key an ID or '{symbol}' must be specified."
    ))
}

/// A word up to its first NUL, which is where C ends it.
fn special(word: &[u8]) -> &[u8] {
    word.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn xread(ctx: &mut Context<'_, '_>) -> Result<()> {
    let options = Options::parse(ctx.args, false, ctx.engine.clock().now())?;
    let mut sources = Vec::with_capacity(options.streams);
    let mut wanted = Vec::new();
    for i in 0..options.streams {
        let (key, word) = options.stream(ctx, i);
        let stream = ctx.tx.stream(key)?;
        let after = match special(word) {
            b"$" => stream.map_or(StreamId::MIN, |stream| stream.position().last_id),
            b"+" => {
                let last = stream.map(|stream| stream.position().last_id);
                last.and_then(StreamId::prev).unwrap_or_default()
            }
            b">" => {
                return Err(Error::reply(
                    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> \
                     option.",
                ));
            }
            _ => id(word, 0)?,
        };
        if options.block.is_some() {
            wanted.push((key, after));
        }
        let last = stream.and_then(|stream| stream.log().last_id());
        if let (Some(stream), true) = (stream, last > Some(after)) {
            sources.push((key, stream, after.next().expect("another comes after it")));
        }
    }
    if sources.is_empty() {
        let Some(limit) = options.block.filter(|_| ctx.may_wait()) else {
            ctx.reply.null_array();
            return Ok(());
        };
        return ctx.wait(ReadWant::new(&wanted, options.limit), limit, write_read);
    }
    // How many streams are answered with is said first.
    let mut budget = Budget::new(options.limit);
    let mut shares = Vec::with_capacity(sources.len());
    for (key, stream, from) in sources {
        if budget.is_spent() {
            break;
        }
        let entries = stream.log().range(from, StreamId::MAX);
        let count = budget.share(key.bytes, entries.clone());
        shares.push((key, entries, count));
    }
    write_head(ctx.reply, shares.len());
    for (key, entries, count) in shares {
        write_key(ctx.reply, key.bytes);
        write_entries(ctx.reply, entries, count);
    }
    Ok(())
}

/// Writes entries that were waited for.
fn write_read(want: &ReadWant, read: Read, reply: &mut dyn Reply) {
    write_head(reply, read.len());
    for (place, entries) in read {
        write_key(reply, want.key(place));
        reply.array(entries.len());
        entries.into_iter().for_each(|entry| write_copy(reply, entry.id, Some(entry), None));
    }
}

/// Writes entries of groups, by the places of their keys.
fn write_group_read<'k>(
    reply: &mut dyn Reply,
    read: Vec<(usize, Vec<GroupRead>)>,
    key: impl Fn(usize) -> &'k [u8],
) {
    write_head(reply, read.len());
    for (place, entries) in read {
        write_key(reply, key(place));
        reply.array(entries.len());
        for ((id, entry), claimed) in entries {
            write_copy(reply, id, entry, claimed);
        }
    }
}

fn write_head(reply: &mut dyn Reply, streams: usize) {
    match reply.protocol() {
        Protocol::Resp2 => reply.array(streams),
        Protocol::Resp3 => reply.map(streams),
    }
}

fn write_key(reply: &mut dyn Reply, key: &[u8]) {
    if reply.protocol() == Protocol::Resp2 {
        reply.array(2);
    }
    reply.bulk(key);
}

fn xreadgroup(ctx: &mut Context<'_, '_>) -> Result<()> {
    let options = Options::parse(ctx.args, true, ctx.engine.clock().now())?;
    let (group, consumer) = options.group.expect("XREADGROUP without a group is refused");
    let mut sources = Vec::with_capacity(options.streams);
    for i in 0..options.streams {
        let (key, word) = options.stream(ctx, i);
        let known = ctx.tx.stream(key)?.and_then(|stream| stream.group(group)).is_some();
        if !known {
            return Err(Error::no_group(key.bytes, group, " in XREADGROUP with GROUP option"));
        }
        let meaningless = |id: char| {
            Error::reply(format!(
                "ERR The {id} ID is meaningless in the context of XREADGROUP: you want to read the history of this \
                 consumer by specifying a proper ID, or use the > ID to get new messages. The {id} ID would just \
                 return an empty result set."
            ))
        };
        sources.push((
            key,
            match special(word) {
                b"$" => return Err(meaningless('$')),
                b"+" => return Err(meaningless('+')),
                b">" => Source::New,
                // The greatest id is how Redis writes down `>`.
                _ => match id(word, 0)? {
                    StreamId::MAX => Source::New,
                    after => Source::History(after),
                },
            },
        ));
    }
    let args = ReadArgs {
        group,
        consumer,
        limit: options.limit,
        noack: options.noack,
        claim: options.claim,
    };
    let mut shown = false;
    for (key, source) in &sources {
        shown |= serves(ctx, *key, &args, *source)?;
    }
    if !shown
        && ctx.may_wait()
        && let Some(limit) = options.block
    {
        let mut want = GroupWant::new(sources.iter().map(|(key, _)| *key), &args);
        want.prepare(ctx.tx)?;
        return ctx.wait(want, limit, |want, read, reply| {
            write_group_read(reply, read, |place| want.key(place));
        });
    }
    if let [(key, source)] = sources[..] {
        return read_one(ctx, key, &args, source);
    }
    // How many streams have something is said before what they have, and is known only when all
    // were read: one may stand here twice.
    let mut read = Vec::new();
    let mut budget = Budget::new(args.limit);
    for (place, (key, source)) in sources.iter().copied().enumerate() {
        if budget.is_spent() {
            break;
        }
        let shown = serves(ctx, key, &args, source)?;
        let own = |entries: Vec<Delivered<'_>>| {
            entries.iter().map(|read| (read.to_owned(), read.claimed)).collect::<Vec<GroupRead>>()
        };
        let entries = ctx.tx.xreadgroup(key, &args, source, &mut budget, own)?;
        if shown {
            read.push((place, entries));
        }
    }
    if read.is_empty() {
        ctx.reply.null_array();
        return Ok(());
    }
    write_group_read(ctx.reply, read, |place| sources[place].0.bytes);
    Ok(())
}

fn read_one(
    ctx: &mut Context<'_, '_>,
    key: Key<'_>,
    args: &ReadArgs<'_>,
    source: Source,
) -> Result<()> {
    let shown = serves(ctx, key, args, source)?;
    let reply = &mut *ctx.reply;
    let mut budget = Budget::new(args.limit);
    ctx.tx.xreadgroup(key, args, source, &mut budget, |entries| {
        if shown {
            write_head(reply, 1);
            write_key(reply, key.bytes);
            write_delivered(reply, entries);
        } else {
            reply.null_array();
        }
    })
}

fn serves(
    ctx: &Context<'_, '_>,
    key: Key<'_>,
    args: &ReadArgs<'_>,
    source: Source,
) -> Result<bool> {
    let Some(stream) = ctx.tx.stream(key)? else { return Ok(false) };
    let Some(group) = stream.group(args.group) else { return Ok(false) };
    Ok(stream.serves(group, source, args.claim, || ctx.tx.now()))
}
