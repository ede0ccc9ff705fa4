//! INCREX of Redis 8.8: numbers that are counted within bounds and for a time. After its documentation.

use super::options::{Expiry, Unit};
use crate::api::{CountExpiry, Number, Step};
use crate::command::args::Args;
use crate::command::context::Context;
use crate::command::keyspec::{KeyFlags, KeySpec};
use crate::command::parse::{self, is};
use crate::command::reply::Reply;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};
use crate::text::extended::Extended;

pub(super) const INCREX: Command = Command::new("increx", -2, increx)
    .group(Group::String)
    .flags(&[Flags::WRITE, Flags::DENYOOM, Flags::FAST])
    .categories(&[Categories::STRING])
    .keys(&[KeySpec::one(1, &[KeyFlags::RW, KeyFlags::ACCESS, KeyFlags::UPDATE])])
    .since("8.8.0")
    .summary("Adds to the number at a key within bounds, and sets when it expires.")
    .args(&[
        Arg::key("key", 0),
        Arg::one_of(
            "increment",
            &[Arg::double("float").token("BYFLOAT"), Arg::integer("integer").token("BYINT")],
        )
        .optional(),
        Arg::word("saturate", "SATURATE").optional(),
        Arg::string("lowerbound").token("LBOUND").optional(),
        Arg::string("upperbound").token("UBOUND").optional(),
        Arg::one_of(
            "expiration",
            &[
                Arg::integer("seconds").token("EX"),
                Arg::integer("milliseconds").token("PX"),
                Arg::unix_time("unix-time-seconds").token("EXAT"),
                Arg::unix_time("unix-time-milliseconds").token("PXAT"),
                Arg::word("persist", "PERSIST"),
            ],
        )
        .optional(),
        Arg::word("enx", "ENX").optional(),
    ]);

fn increx(ctx: &mut Context<'_, '_>) -> Result<()> {
    let key = ctx.key();
    let options = Options::parse(ctx.args)?;
    let step = options.step()?;
    let expiry = match options.expiry {
        Expiry::Given(unit, word) => {
            let at = unit.read(word, ctx.tx, "increx")?;
            if options.if_none { CountExpiry::AtIfNone(at) } else { CountExpiry::At(at) }
        }
        Expiry::Persist => CountExpiry::Persist,
        Expiry::Unsaid | Expiry::Keep => CountExpiry::Keep,
    };
    let (number, added) = ctx.tx.incr_ex(key, step, options.saturate, expiry)?;
    ctx.reply.array(2);
    say(ctx.reply, number);
    say(ctx.reply, added);
    Ok(())
}

fn say(reply: &mut dyn Reply, number: Number) {
    match number {
        Number::Int(number) => reply.integer(number),
        Number::Float(float) => {
            let mut text = Vec::with_capacity(24);
            number.write(&mut text);
            reply.long_double(float.to_f64(), &String::from_utf8_lossy(&text));
        }
    }
}

/// The options as they were given, numbers still unread.
#[derive(Debug, Default)]
struct Options<'a> {
    /// What is added, and whether as a float.
    by: Option<(&'a [u8], bool)>,
    low: Option<&'a [u8]>,
    high: Option<&'a [u8]>,
    saturate: bool,
    expiry: Expiry<'a>,
    if_none: bool,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>) -> Result<Options<'a>> {
        let mut options = Options::default();
        let mut at = 2;
        while let Some(word) = args.get(at) {
            let value = || args.get(at + 1).ok_or(Error::Syntax);
            at += match word {
                word if is(word, "saturate") => {
                    options.saturate = true;
                    1
                }
                word if is(word, "enx") => {
                    options.if_none = true;
                    1
                }
                word if is(word, "persist") => {
                    options.expire(Expiry::Persist)?;
                    1
                }
                word if is(word, "byint") || is(word, "byfloat") => {
                    let float = is(word, "byfloat");
                    if options.by.is_some_and(|(_, other)| other != float) {
                        return Err(Error::Syntax);
                    }
                    options.by = Some((value()?, float));
                    2
                }
                word if is(word, "lbound") => {
                    options.low = Some(value()?);
                    2
                }
                word if is(word, "ubound") => {
                    options.high = Some(value()?);
                    2
                }
                word => {
                    let unit = Unit::named(word).ok_or(Error::Syntax)?;
                    options.expire(Expiry::Given(unit, value()?))?;
                    2
                }
            };
        }
        match (options.if_none, options.expiry) {
            (true, Expiry::Persist) => Err(Error::Syntax),
            (true, Expiry::Unsaid) => Err(Error::reply("ERR ENX flag requires an expiration")),
            _ => Ok(options),
        }
    }

    /// Only one kind of expiry may be said.
    fn expire(&mut self, expiry: Expiry<'a>) -> Result<()> {
        let same = match (self.expiry, expiry) {
            (Expiry::Given(one, _), Expiry::Given(other, _)) => one == other,
            (present, new) => present == Expiry::Unsaid || present == new,
        };
        self.expiry = expiry;
        if same { Ok(()) } else { Err(Error::Syntax) }
    }

    fn step(&self) -> Result<Step> {
        match self.by {
            Some((by, true)) => {
                let read = |word: &[u8]| Extended::parse(word).ok_or(Error::NotFloat);
                let (low, high) =
                    (self.low.map(read).transpose()?, self.high.map(read).transpose()?);
                Step::floats(read(by)?, low, high)
            }
            by => {
                let by = by.map_or(Ok(1), |(by, _)| parse::integer(by))?;
                let low = self.low.map_or(Ok(i64::MIN), parse::integer)?;
                Step::ints(by, low, self.high.map_or(Ok(i64::MAX), parse::integer)?)
            }
        }
    }
}
