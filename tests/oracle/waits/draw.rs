//! What connections say to each other's waits.

use super::CONNECTIONS;
use super::party::words;
use crate::dice::Dice;
use crate::support::Kind;
use crate::words::Words;

/// What drawing needs to know.
pub(super) struct Drawer {
    pub(super) kind: Kind,
    /// Of a list, a sorted set and a stream.
    pub(super) payloads: Vec<Vec<u8>>,
}

const LISTS: [&str; 4] = ["l1", "l1", "l2", "l3"];
const ZSETS: [&str; 4] = ["z1", "z1", "z2", "z3"];
const STREAMS: [&str; 3] = ["s1", "s1", "s2"];

/// One command, or a transaction sent at once; from a connection that is between MULTI and EXEC, or `queues` not.
pub(super) fn draw(dice: &mut Dice, drawer: &Drawer, queues: bool) -> Vec<Words> {
    // MULTI and WATCH in a transaction are refused: Redis 7.0 goes on behind that, and Valkey 9 has other words.
    if queues || !dice.one_in(10) {
        let drawn = command(dice, drawer);
        let refused = queues && [&b"MULTI"[..], b"WATCH"].contains(&drawn[0].as_slice());
        return vec![if refused { words("EXEC") } else { drawn }];
    }
    // Redis 7.0 has its own order of serving after a transaction that makes several keys ready.
    let most = if drawer.kind == Kind::Redis { 1 } else { 4 };
    let mut all = vec![words("MULTI")];
    for _ in 0..1 + dice.below(most) {
        all.push(if dice.one_in(4) { wait(dice, drawer) } else { write(dice, drawer) });
    }
    all.push(words("EXEC"));
    all
}

fn command(dice: &mut Dice, drawer: &Drawer) -> Words {
    match dice.below(40) {
        0..=15 => wait(dice, drawer),
        16 => words(dice.pick(&["SELECT 0", "SELECT 0", "SELECT 1"])),
        17..=19 => {
            let who = dice.below(CONNECTIONS);
            words(&format!("CLIENT UNBLOCK {{{who}}}{}", dice.pick(&["", " TIMEOUT", " ERROR"])))
        }
        20 => words(&format!("WATCH {} {}", dice.pick(&LISTS), dice.pick(&ZSETS))),
        21 => words(dice.pick(&["UNWATCH", "DISCARD", "MULTI", "EXEC", "EXEC"])),
        22 if drawer.kind != Kind::Redis => words("MULTI"),
        _ => write(dice, drawer),
    }
}

/// A command that may wait, mostly for ever.
fn wait(dice: &mut Dice, drawer: &Drawer) -> Words {
    // Redis 7.0 serves who waits for several keys by the one that became ready, where Danio and Valkey look at
    // them in their order: that differs once another that was served has made an earlier one ready.
    let several = drawer.kind != Kind::Redis;
    let some = |dice: &mut Dice, from: &[&'static str]| {
        let count = if several { 1 + dice.below(2) } else { 1 };
        (0..count).map(|_| dice.pick(from)).collect::<Vec<_>>().join(" ")
    };
    let other = |dice: &mut Dice, from: &[&'static str], first: &'static str| {
        let drawn = dice.pick(from);
        if several { drawn } else { first }
    };
    let time = if dice.one_in(15) { "0.01" } else { "0" };
    let (list, zset) = (dice.pick(&LISTS), dice.pick(&ZSETS));
    let end = |dice: &mut Dice| dice.pick(&["LEFT", "RIGHT"]);
    let text = match dice.below(14) {
        0 | 1 => format!("BLPOP {} {time}", some(dice, &LISTS)),
        2 => format!("BRPOP {} {time}", some(dice, &LISTS)),
        3 | 4 => {
            format!("BLMOVE {list} {} {} {} {time}", dice.pick(&LISTS), end(dice), end(dice))
        }
        5 => format!("BRPOPLPUSH {list} {} {time}", dice.pick(&LISTS)),
        6 => {
            let (count, end) = (1 + dice.below(3), end(dice));
            format!("BLMPOP {time} 2 {list} {} {end} COUNT {count}", other(dice, &LISTS, list))
        }
        7 => format!("BZPOPMIN {} {time}", some(dice, &ZSETS)),
        8 => format!("BZPOPMAX {} {time}", some(dice, &ZSETS)),
        9 => {
            let (count, end) = (1 + dice.below(3), dice.pick(&["MIN", "MAX"]));
            format!("BZMPOP {time} 2 {zset} {} {end} COUNT {count}", other(dice, &ZSETS, zset))
        }
        10 | 11 => {
            let millis = if time == "0" { "0" } else { "10" };
            let stream = dice.pick(&STREAMS);
            let from = dice.pick(&["$", "$", "0", "950"]);
            format!("XREAD BLOCK {millis} STREAMS {stream} {from}")
        }
        _ => {
            let consumer = dice.pick(&["c1", "c2"]);
            let noack = if dice.one_in(3) { " NOACK" } else { "" };
            let count = if dice.one_in(2) { " COUNT 1" } else { "" };
            let from = if dice.one_in(8) { "0" } else { ">" };
            let stream = dice.pick(&STREAMS);
            format!("XREADGROUP GROUP g {consumer}{count} BLOCK 0{noack} STREAMS {stream} {from}")
        }
    };
    words(&text)
}

/// A command that changes something, and may serve who waits.
fn write(dice: &mut Dice, drawer: &Drawer) -> Words {
    let (list, other) = (dice.pick(&LISTS), dice.pick(&LISTS));
    let (zset, zother) = (dice.pick(&ZSETS), dice.pick(&ZSETS));
    let stream = dice.pick(&STREAMS);
    let value = |dice: &mut Dice| format!("v{}", dice.below(9));
    let values =
        |dice: &mut Dice| (0..1 + dice.below(3)).map(|_| value(dice)).collect::<Vec<_>>().join(" ");
    let any = |dice: &mut Dice| {
        let kind = [&LISTS[..], &ZSETS, &STREAMS][dice.below(3)];
        (dice.pick(kind), dice.pick(kind))
    };
    let text = match dice.below(36) {
        0..=3 => format!("{} {list} {}", dice.pick(&["LPUSH", "RPUSH"]), values(dice)),
        4 => format!("{} {list} {}", dice.pick(&["LPUSHX", "RPUSHX"]), values(dice)),
        5 => format!("LMOVE {list} {other} LEFT RIGHT"),
        6 => format!("LPOP {list}"),
        7 => format!("SORT {list} ALPHA STORE {other}"),
        8..=10 => format!("ZADD {zset} {} {}", dice.below(5), value(dice)),
        11 => format!("ZADD {zset} {} {} 9 last", dice.below(5), value(dice)),
        12 => format!("ZUNIONSTORE {zother} 2 {zset} {zother}"),
        13 => format!("ZRANGESTORE {zother} {zset} 0 -1"),
        14 => format!("ZINCRBY {zset} 1 {}", value(dice)),
        15 => format!("ZPOPMIN {zset}"),
        // Ids are seldom in order: what is too small is refused on either side.
        16..=19 => {
            format!("XADD {stream} {}-{} f {}", 900 + dice.below(90), dice.below(9), value(dice))
        }
        20 => format!("XGROUP CREATE {stream} g {} MKSTREAM", dice.pick(&["$", "0"])),
        21 => format!("XGROUP DESTROY {stream} g"),
        22 => format!("XDEL {stream} {}-{}", 900 + dice.below(90), dice.below(9)),
        23 | 24 => {
            let (from, to) = any(dice);
            format!("RENAME {from} {to}")
        }
        25 => {
            let (from, to) = any(dice);
            format!("RENAMENX {from} {to}")
        }
        26 | 27 => {
            let (from, to) = any(dice);
            format!("COPY {from} {to}{}", dice.pick(&["", " REPLACE", " DB 1", " DB 0 REPLACE"]))
        }
        28 | 29 => format!("MOVE {} {}", any(dice).0, dice.below(2)),
        30 => format!("DEL {}", any(dice).0),
        31 | 32 => {
            let which = dice.below(3);
            let key = dice.pick([&LISTS[..], &ZSETS, &STREAMS][which]);
            let mut restore = words(&format!("RESTORE {key} 0"));
            restore.push(drawer.payloads[which].clone());
            if dice.one_in(2) {
                restore.push(b"REPLACE".to_vec());
            }
            return restore;
        }
        // Of several keys that are ready then, Redis 7.0 takes the first of a hash table.
        33 if drawer.kind != Kind::Redis => "SWAPDB 0 1".to_string(),
        34 if dice.one_in(4) => "FLUSHDB".to_string(),
        35 if dice.one_in(2) => format!("SET {stream} text"),
        _ => format!("LINSERT {list} BEFORE {} {}", value(dice), value(dice)),
    };
    words(&text)
}
