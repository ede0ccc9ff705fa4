//! The command `FAKE`, by which a client of `danio-server --fake` steers it.

use std::time::{Duration, UNIX_EPOCH};

use super::fault::{Fault, FaultId};
use super::rules::{Received, Rules};
use crate::api::Engine;
use crate::command::{Args, Reply};
use crate::error::Error;
use crate::text::int;

/// Its forms, and what they do.
const HELP: &[(&str, &str)] = &[
    (
        "ADVANCE <milliseconds>",
        "Move the clock forward; keys expire and waits end before the answer.",
    ),
    ("SET <unix-time-milliseconds>", "Set the clock."),
    ("NOW", "Tell the time, in milliseconds since 1970."),
    (
        "FAULT ADD ERROR <words>|OOM|LOADING|READONLY|DELAY <milliseconds>|DISCONNECT|REFUSE [ON <command>] [KEY <pattern>] [AFTER <count>] [TIMES <count>] [PERCONNECTION]",
        "Have something go wrong; answers the fault's number.",
    ),
    ("FAULT DEL <number>", "Have it go wrong no longer."),
    ("FAULT LIST", "List the numbers of the faults and how often each has struck."),
    ("FAULT CLEAR", "Remove all faults."),
    ("LOG [<command>]", "List the commands received: time, connection, database, words."),
    ("LOG CLEAR", "Forget them."),
    ("CHECKPOINT", "Remember the data and the time."),
    ("RESTORE", "Go back to the last checkpoint; faults and log are forgotten."),
    ("RESET", "Remove all data, faults and the log."),
    ("HELP", "Print this help."),
];

/// Runs one call of it.
pub(super) fn run(rules: &Rules, engine: &Engine, args: Args<'_>, reply: &mut dyn Reply) {
    let words: Vec<&[u8]> = args.iter_from(1).collect();
    if let Err(why) = steer(rules, engine, &words, reply) {
        reply.error(&Error::reply(format!("ERR {why}. Try FAKE HELP.")));
    }
}

fn steer(
    rules: &Rules,
    engine: &Engine,
    words: &[&[u8]],
    reply: &mut dyn Reply,
) -> Result<(), String> {
    let upper: Vec<String> = words
        .iter()
        .take(2)
        .map(|word| String::from_utf8_lossy(word).to_ascii_uppercase())
        .collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    match (&upper[..], words) {
        (["ADVANCE", ..], [_, ms]) => {
            clock(rules)?.advance(Duration::from_millis(number(ms)?));
            reply.simple("OK");
        }
        (["SET", ..], [_, ms]) => {
            clock(rules)?.set(UNIX_EPOCH + Duration::from_millis(number(ms)?));
            reply.simple("OK");
        }
        (["NOW"], _) => reply.integer(rules.clock.now().0),
        (["FAULT", "ADD"], [_, _, fault @ ..]) => {
            let id = rules.inject(Fault::parse(fault)?);
            reply.integer(i64::try_from(id.0).unwrap_or(i64::MAX));
        }
        (["FAULT", "DEL"], [_, _, id]) => {
            reply.integer(rules.remove(FaultId(number(id)?)).into());
        }
        (["FAULT", "LIST"], [_, _]) => {
            let struck = rules.struck();
            reply.array(struck.len());
            for (id, times) in struck {
                reply.array(2);
                reply.integer(i64::try_from(id.0).unwrap_or(i64::MAX));
                reply.integer(i64::try_from(times).unwrap_or(i64::MAX));
            }
        }
        (["FAULT", "CLEAR"], [_, _]) => {
            rules.clear_faults();
            reply.simple("OK");
        }
        (["LOG", "CLEAR"], [_, _]) => {
            rules.clear_log();
            reply.simple("OK");
        }
        (["LOG", ..], [_] | [_, _]) => {
            let wanted = upper.get(1);
            let log = rules.log();
            let shown: Vec<&Received> =
                log.iter().filter(|r| wanted.is_none_or(|name| r.name() == *name)).collect();
            reply.array(shown.len());
            shown.iter().for_each(|received| show(received, reply));
        }
        (["CHECKPOINT"], _) => {
            rules.checkpoint(engine);
            reply.simple("OK");
        }
        (["RESTORE"], _) => {
            if !rules.restore() {
                return Err("there is no checkpoint".to_string());
            }
            reply.simple("OK");
        }
        (["RESET"], _) => {
            engine.flush_all();
            rules.clear_faults();
            rules.clear_log();
            reply.simple("OK");
        }
        (["HELP"], _) => {
            reply.array(HELP.len() * 2 + 1);
            reply.simple("FAKE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
            for (form, meaning) in HELP {
                reply.simple(form);
                reply.simple(&format!("    {meaning}"));
            }
        }
        _ => return Err("unknown subcommand or wrong number of words".to_string()),
    }
    Ok(())
}

fn show(received: &Received, reply: &mut dyn Reply) {
    let since = received.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    reply.array(4);
    reply.integer(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    reply.integer(i64::try_from(received.client).unwrap_or(i64::MAX));
    reply.integer(i64::from(received.db));
    reply.array(received.words.len());
    received.words.iter().for_each(|word| reply.bulk(word));
}

fn clock(rules: &Rules) -> Result<&crate::clock::ManualClock, String> {
    rules
        .by_hand
        .as_ref()
        .ok_or_else(|| "the clock is the real one, which nobody moves".to_string())
}

fn number(word: &[u8]) -> Result<u64, String> {
    int::parse_i64(word)
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| format!("'{}' is no number", String::from_utf8_lossy(word)))
}
