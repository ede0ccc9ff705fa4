//! CLIENT TRACKING and its kin: caches that clients keep of what they have read.

use crate::command::context::Context;
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::command::tracking::{Caching, Wish};
use crate::error::{Error, Result};

pub(super) const TRACKING: Command = Command::new("tracking", -3, tracking)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("6.0.0")
    .complexity("O(N) where N is the number of prefixes, else O(1)")
    .summary("Has the connection told when keys change that it may have cached.")
    .args(&[
        Arg::one_of("status", &[Arg::word("on", "ON"), Arg::word("off", "OFF")]),
        Arg::integer("client-id").token("REDIRECT").optional(),
        Arg::string("prefix").token("PREFIX").optional().multiple().multiple_token(),
        Arg::word("bcast", "BCAST").optional(),
        Arg::word("optin", "OPTIN").optional(),
        Arg::word("optout", "OPTOUT").optional(),
        Arg::word("noloop", "NOLOOP").optional(),
    ]);

/// The options of CLIENT TRACKING.
struct Options<'a> {
    wish: Wish,
    redirect: u64,
    prefixes: Vec<&'a [u8]>,
}

fn tracking(ctx: &mut Context<'_, '_>) -> Result<()> {
    let options = options(ctx)?;
    let (client, tracking) = (&ctx.session.client, &ctx.instance.tracking);
    let keyspace = ctx.engine.keyspace();
    match ctx.args.at(2) {
        word if is(word, "on") => {
            let present = client.tracking.wish();
            options.check(present)?;
            if options.wish.contains(Wish::BCAST) {
                options.check_prefixes(&client.tracking.prefixes())?;
            }
            let Options { wish, redirect, prefixes } = options;
            tracking.enable(client, keyspace, wish, redirect, &prefixes);
        }
        word if is(word, "off") => tracking.disable(client, keyspace),
        _ => return Err(Error::Syntax),
    }
    ctx.ok()
}

fn options<'a>(ctx: &Context<'a, '_>) -> Result<Options<'a>> {
    let mut options = Options { wish: Wish::empty(), redirect: 0, prefixes: Vec::new() };
    let mut words = ctx.args.iter_from(3);
    while let Some(word) = words.next() {
        match word {
            word if is(word, "bcast") => options.wish |= Wish::BCAST,
            word if is(word, "optin") => options.wish |= Wish::OPTIN,
            word if is(word, "optout") => options.wish |= Wish::OPTOUT,
            word if is(word, "noloop") => options.wish |= Wish::NOLOOP,
            word if is(word, "prefix") => options.prefixes.push(words.next().ok_or(Error::Syntax)?),
            word if is(word, "redirect") => {
                let id = words.next().ok_or(Error::Syntax)?;
                if options.redirect != 0 {
                    return Err(Error::reply(
                        "ERR A client can only redirect to a single other client",
                    ));
                }
                let id = u64::try_from(parse::integer(id)?).unwrap_or(0);
                if ctx.instance.clients.get(id).is_none() {
                    return Err(Error::reply(
                        "ERR The client ID you want redirect to does not exist",
                    ));
                }
                options.redirect = id;
            }
            _ => return Err(Error::Syntax),
        }
    }
    Ok(options)
}

impl Options<'_> {
    /// Refuses what does not go together, or not with what the connection does at `present`.
    fn check(&self, present: Wish) -> Result<()> {
        let wish = self.wish;
        let bcast = wish.contains(Wish::BCAST);
        let refusal = if !bcast && !self.prefixes.is_empty() {
            "ERR PREFIX option requires BCAST mode to be enabled"
        } else if present.contains(Wish::ON) && present.contains(Wish::BCAST) != bcast {
            "ERR You can't switch BCAST mode on/off before disabling tracking for this client, \
             and then re-enabling it with a different mode."
        } else if bcast && wish.intersects(Wish::OPTIN | Wish::OPTOUT) {
            "ERR OPTIN and OPTOUT are not compatible with BCAST"
        } else if wish.contains(Wish::OPTIN | Wish::OPTOUT) {
            "ERR You can't specify both OPTIN mode and OPTOUT mode"
        } else if wish.contains(Wish::OPTIN) && present.contains(Wish::OPTOUT)
            || wish.contains(Wish::OPTOUT) && present.contains(Wish::OPTIN)
        {
            "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, \
             and then re-enabling it with a different mode."
        } else {
            return Ok(());
        };
        Err(Error::reply(refusal))
    }

    /// Refuses prefixes of which one begins with another: a key would be told twice.
    fn check_prefixes(&self, present: &[Box<[u8]>]) -> Result<()> {
        let overlap = |a: &[u8], b: &[u8]| a.iter().zip(b).all(|(a, b)| a == b);
        let refusal = |prefix: &[u8], with: &str, other: &[u8]| {
            let text = [
                b"ERR Prefix '",
                prefix,
                b"' overlaps with ",
                with.as_bytes(),
                b" prefix '",
                other,
                b"'. Prefixes for a single client must not overlap.",
            ]
            .concat();
            Err(Error::reply(String::from_utf8_lossy(&text).replace(['\r', '\n'], " ")))
        };
        for (i, prefix) in self.prefixes.iter().enumerate() {
            if let Some(other) = present.iter().find(|other| overlap(prefix, other)) {
                return refusal(prefix, "an existing", other);
            }
            if let Some(other) = self.prefixes[i + 1..].iter().find(|other| overlap(prefix, other))
            {
                return refusal(prefix, "another provided", other);
            }
        }
        Ok(())
    }
}

pub(super) const CACHING: Command = Command::new("caching", 3, caching)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("6.0.0")
    .summary("Says whether what the next command reads is tracked.")
    .args(&[Arg::one_of("mode", &[Arg::word("yes", "YES"), Arg::word("no", "NO")])]);

fn caching(ctx: &mut Context<'_, '_>) -> Result<()> {
    let mode = &ctx.session.client.tracking;
    if !mode.is_on() {
        return Err(Error::reply(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
        ));
    }
    let said = match ctx.args.at(2) {
        word if is(word, "yes") => Caching::Yes,
        word if is(word, "no") => Caching::No,
        _ => return Err(Error::Syntax),
    };
    match said {
        Caching::Yes if mode.wish().contains(Wish::OPTIN) => {}
        Caching::No if mode.wish().contains(Wish::OPTOUT) => {}
        Caching::Yes => {
            return Err(Error::reply(
                "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
            ));
        }
        Caching::No => {
            return Err(Error::reply(
                "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
            ));
        }
    }
    mode.say_caching();
    ctx.ok()
}

pub(super) const GETREDIR: Command = Command::new("getredir", 2, getredir)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("6.0.0")
    .summary("Tells which connection gets this one's invalidation messages.");

fn getredir(ctx: &mut Context<'_, '_>) -> Result<()> {
    let redirect = shown(ctx.session.client.tracking.redirect());
    ctx.integer(redirect)
}

/// -1 for a connection that does not track.
fn shown(redirect: Option<u64>) -> i64 {
    redirect.map_or(-1, |id| i64::try_from(id).unwrap_or(i64::MAX))
}

pub(super) const TRACKINGINFO: Command = Command::new("trackinginfo", 2, trackinginfo)
    .group(Group::Connection)
    .flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE])
    .categories(&[Categories::CONNECTION])
    .since("6.2.0")
    .summary("Tells what of the connection's reads is tracked, and how.");

fn trackinginfo(ctx: &mut Context<'_, '_>) -> Result<()> {
    let mode = &ctx.session.client.tracking;
    let wish = mode.wish();
    let mut flags = vec![if wish.contains(Wish::ON) { "on" } else { "off" }];
    for (flag, name, caching) in [
        (Wish::BCAST, "bcast", None),
        (Wish::OPTIN, "optin", Some("caching-yes")),
        (Wish::OPTOUT, "optout", Some("caching-no")),
        (Wish::NOLOOP, "noloop", None),
        (Wish::BROKEN, "broken_redirect", None),
    ] {
        if wish.contains(flag) {
            flags.push(name);
            flags.extend(caching.filter(|_| wish.contains(Wish::CACHING)));
        }
    }
    let reply = &mut *ctx.reply;
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.bulk(flag.as_bytes()));
    reply.bulk(b"redirect");
    reply.integer(shown(mode.redirect()));
    reply.bulk(b"prefixes");
    let prefixes = mode.prefixes();
    reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| reply.bulk(prefix));
    Ok(())
}
