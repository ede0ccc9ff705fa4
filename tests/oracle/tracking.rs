//! Client-side caching: the same conversations on Danio and on real servers.

use crate::conversation::compare;
use crate::dice::Dice;
use crate::support::{Kind, Server};

fn servers() -> Option<[Server; 3]> {
    let [a, b, c] = [Kind::Danio, Kind::Redis, Kind::Valkey].map(Kind::start_or_skip);
    Some([a?, b?, c?])
}

#[test]
fn clients_are_told_what_real_servers_tell() {
    let Some(servers) = servers() else { return };
    let wrong: Vec<String> =
        SCRIPTS.iter().filter_map(|script| compare(&servers, script)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn generated_conversations_agree() {
    let Some(servers) = servers() else { return };
    let lines = crate::variable("DANIO_ORACLE_COMMANDS").unwrap_or(20_000) / 10;
    let first = crate::variable("DANIO_ORACLE_SEED").unwrap_or(1);
    let mut wrong = Vec::new();
    for seed in (first..).take((lines as usize).div_ceil(LENGTH)) {
        wrong.extend(compare(&servers, &conversation(&mut Dice::new(seed << 40))));
        if wrong.len() == 3 {
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// How many lines a generated conversation has, about.
const LENGTH: usize = 150;

/// `a`, `b` and `r` track, `b` through `r` now and then; `w` only writes.
fn conversation(dice: &mut Dice) -> String {
    let mut lines: Vec<String> = ["a", "b", "r"].map(|name| format!("{name} HELLO 3")).into();
    for name in ["a", "b", "r"] {
        lines.push(format!("{name} {}", mode(dice, name)));
    }
    while lines.len() < LENGTH {
        let name = dice.pick(&["a", "b", "a", "b", "r", "w", "w"]);
        if name == "w" {
            lines.push(format!("w {}", write(dice)));
            continue;
        }
        match dice.below(24) {
            0 => {
                lines.push(format!("{name} CLIENT TRACKING OFF"));
                lines.push(format!("{name} {}", mode(dice, name)));
            }
            1 => lines.push(format!("{name} {}", mode(dice, name))),
            2 => lines.push(format!("{name} CLIENT CACHING {}", dice.pick(&["YES", "NO"]))),
            3 => lines.push(format!("{name} CLIENT TRACKINGINFO")),
            4 | 5 => {
                lines.push(format!("{name} MULTI"));
                for _ in 0..1 + dice.below(4) {
                    let command = if dice.one_in(2) { read(dice) } else { write(dice) };
                    lines.push(format!("{name} {command}"));
                }
                lines.push(format!("{name} {}", dice.pick(&["EXEC", "EXEC", "DISCARD"])));
            }
            6..=10 => lines.push(format!("{name} {}", write(dice))),
            _ => lines.push(format!("{name} {}", read(dice))),
        }
    }
    lines.join("\n")
}

fn mode(dice: &mut Dice, name: &str) -> String {
    let mut words = "CLIENT TRACKING ON".to_string();
    match dice.below(8) {
        0 => words.push_str(" OPTIN"),
        1 => words.push_str(" OPTOUT"),
        2 => words.push_str(" BCAST"),
        3 => words.push_str(" BCAST PREFIX k1 PREFIX k2"),
        4 => words.push_str(" BCAST PREFIX k"),
        _ => {}
    }
    if dice.one_in(3) {
        words.push_str(" NOLOOP");
    }
    if name == "b" && dice.one_in(2) {
        words.push_str(" REDIRECT {r}");
    }
    words
}

fn key(dice: &mut Dice) -> &'static str {
    dice.pick(&["k1", "k2", "k11", "k3", "other"])
}

fn read(dice: &mut Dice) -> String {
    let (a, b) = (key(dice), key(dice));
    match dice.below(12) {
        0 => format!("MGET {a} {b}"),
        1 => format!("EXISTS {a} {b}"),
        2 => format!("TYPE {a}"),
        3 => format!("LRANGE {a} 0 -1"),
        4 => format!("SUNION {a} {b}"),
        5 => format!("OBJECT ENCODING {a}"),
        6 => format!("GETEX {a}"),
        7 => "DBSIZE".to_string(),
        _ => format!("GET {a}"),
    }
}

fn write(dice: &mut Dice) -> String {
    let (a, b) = (key(dice), key(dice));
    match dice.below(24) {
        0 => format!("DEL {a} {b}"),
        1 => format!("MSET {a} 1 {b} 2"),
        2 => format!("LPUSH {a} x"),
        3 => format!("SADD {a} x"),
        4 => format!("RENAME {a} {b}"),
        5 => format!("COPY {a} {b} REPLACE"),
        6 => format!("EXPIRE {a} 1000"),
        7 => format!("PERSIST {a}"),
        8 => format!("SORT {a} BY nosort STORE {b}"),
        9 => format!("SINTERSTORE {a} {b}"),
        10 => format!("LPOP {a}"),
        11 => format!("APPEND {a} x"),
        12 => dice.pick(&["FLUSHALL", "FLUSHDB"]).to_string(),
        13 => format!("SETNX {a} 1"),
        14 => format!("GETDEL {a}"),
        15 => format!("MOVE {a} 1"),
        _ => format!("SET {a} {}", dice.below(3)),
    }
}

const SCRIPTS: &[&str] = &[
    "a CLIENT TRACKING
     a CLIENT TRACKING maybe
     a CLIENT TRACKING maybe PREFIX
     a CLIENT TRACKING on PREFIX a
     a CLIENT TRACKING on BCAST PREFIX
     a CLIENT TRACKING on REDIRECT x
     a CLIENT TRACKING on REDIRECT 0
     a CLIENT TRACKING on REDIRECT -1
     a CLIENT TRACKING on REDIRECT 99999
     a CLIENT TRACKING on REDIRECT
     a CLIENT TRACKING on BCAST OPTIN
     a CLIENT TRACKING on OPTIN OPTOUT
     a CLIENT TRACKING off NONSENSE
     a CLIENT TRACKING off PREFIX a
     a CLIENT TRACKING off OPTIN OPTOUT
     a CLIENT CACHING YES
     a CLIENT CACHING foo
     a CLIENT CACHING
     a CLIENT CACHING yes no
     a CLIENT GETREDIR
     a CLIENT TRACKINGINFO
     a CLIENT TRACKINGINFO x
     a CLIENT TRACKING on
     a CLIENT CACHING YES
     a CLIENT CACHING NO
     a CLIENT CACHING foo
     a CLIENT TRACKING on BCAST
     a CLIENT TRACKING on OPTIN
     a CLIENT TRACKING on OPTOUT
     a CLIENT TRACKING on
     a CLIENT TRACKINGINFO
     a CLIENT TRACKING on OPTIN
     a CLIENT CACHING NO
     a CLIENT CACHING YES
     a CLIENT TRACKINGINFO
     a PING
     a CLIENT TRACKINGINFO
     a CLIENT GETREDIR",
    "b PING
     a CLIENT TRACKING on REDIRECT {a}
     a CLIENT TRACKINGINFO
     a CLIENT TRACKING on REDIRECT {b}
     a CLIENT TRACKING on REDIRECT {b} REDIRECT {b}
     a CLIENT TRACKINGINFO
     a CLIENT TRACKING on
     a CLIENT GETREDIR
     a CLIENT TRACKING off
     a CLIENT GETREDIR",
    "a CLIENT TRACKING on BCAST PREFIX foo PREFIX foobar
     a CLIENT TRACKING on BCAST PREFIX foo PREFIX foo
     a CLIENT TRACKING on BCAST PREFIX x PREFIX foo
     a CLIENT TRACKING on BCAST PREFIX foo
     a CLIENT TRACKING on BCAST PREFIX fo
     a CLIENT TRACKING on BCAST
     a CLIENT TRACKINGINFO
     a CLIENT TRACKING on
     a CLIENT TRACKING on NOLOOP
     a CLIENT TRACKING on BCAST PREFIX zz NOLOOP
     a CLIENT TRACKINGINFO
     a CLIENT TRACKING on BCAST PREFIX \"with space\"
     a CLIENT TRACKINGINFO
     a CLIENT TRACKING off
     a CLIENT TRACKING on BCAST
     a CLIENT TRACKINGINFO
     a CLIENT TRACKING on BCAST PREFIX a
     a CLIENT TRACKINGINFO",
    "a HELLO 3
     a CLIENT TRACKING on
     a CLIENT TRACKINGINFO
     b SET k 1
     a GET k
     b SET k 2
     b SET k 3
     a GET k
     a SET k 4
     a PING
     a MGET x y z
     b MSET z 1 y 1 x 1
     a MULTI
     a GET k
     a SET k 5
     a EXEC
     a MULTI
     a SET k 6
     a GET k
     a EXEC
     b SET k 7
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on NOLOOP
     a GET k
     a SET k 1
     b SET k 2
     a GET k
     a FLUSHALL
     a PING
     b FLUSHDB
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on BCAST PREFIX a PREFIX b
     b MSET a1 1 b1 1 c1 1 a2 1
     a MSET a1 1 b1 1 c1 1 a2 1
     a SET a3 1 | SET a4 1 | SET a3 2 | GET a3
     a FLUSHALL
     a MULTI | SET a1 1 | SET b1 1 | FLUSHALL | SET a2 2 | EXEC
     b SET b2 1 EX 1
     sleep 1200
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on BCAST
     a SET b 1 | SET a 1 | SET c 1
     a DEL a b c d
     a SET x 1 | DEL x
     a DEL x
     a EXPIRE x 1
     a SET x 1 | EXPIRE x 100 | PERSIST x | PERSIST x
     a RENAME x y
     a COPY y z
     a SELECT 1
     a MOVE y 0
     a SETRANGE q 0 \"\"
     a APPEND q \"\"
     a SADD s 1 | SADD s 1
     a PFADD h a | PFADD h a | PFCOUNT h
     a XGROUP CREATE st g $ MKSTREAM
     a XADD st 1-1 f v
     a XREADGROUP GROUP g c STREAMS st >
     a XGROUP DESTROY st g
     a SORT s STORE dst
     a GETEX q PERSIST
     a SET e 1 PX 1
     sleep 400
     a GET e
     a PING",
    "r SUBSCRIBE __redis__:invalidate
     a CLIENT TRACKING on REDIRECT {r}
     a GET k
     b SET k 1
     a GET k
     a SET k 2
     b FLUSHALL",
    "r SUBSCRIBE other
     a CLIENT TRACKING on REDIRECT {r}
     a GET k
     b SET k 1
     b FLUSHALL",
    "r PING
     a CLIENT TRACKING on REDIRECT {r}
     a GET k
     b SET k 1
     b FLUSHALL
     r PING",
    "r HELLO 3
     a CLIENT TRACKING on REDIRECT {r}
     a GET k
     b SET k 1
     r PING",
    "r SUBSCRIBE __redis__:invalidate
     a HELLO 3
     a CLIENT TRACKING on REDIRECT {r}
     a GET k
     b SET k 1",
    "r SUBSCRIBE __redis__:invalidate
     a HELLO 3
     a CLIENT TRACKING on REDIRECT {r}
     a GET k
     r QUIT
     b SET k 1
     a PING
     a CLIENT TRACKINGINFO
     a GET k
     b SET k 1
     a PING
     b FLUSHALL
     a PING
     a CLIENT TRACKING on
     a CLIENT TRACKINGINFO",
    "r SUBSCRIBE __redis__:invalidate
     a CLIENT TRACKING on REDIRECT {r} BCAST PREFIX a PREFIX b
     b MSET a1 1 b1 1 a2 1
     r QUIT
     b MSET a1 1 b1 1 a2 1
     a PING
     a CLIENT TRACKINGINFO
     a RESET
     a CLIENT TRACKINGINFO
     a CLIENT GETREDIR",
    "a HELLO 3
     a CLIENT TRACKING on
     a ~ CLIENT REPLY OFF
     a ~ GET k
     b SET k 1
     a ~ GET k
     a ~ SET k 2
     a CLIENT REPLY ON
     a GET k
     a ~ CLIENT REPLY SKIP | SET k 4 | PING",
    "a HELLO 3
     a CLIENT TRACKING on OPTIN
     a CLIENT CACHING YES
     a CLIENT GETNAME
     a GET k
     b SET k 1
     a PING
     a CLIENT CACHING YES
     a PING
     a GET k
     b SET k 1
     a PING
     a CLIENT CACHING YES
     a MULTI | GET k | GET l | EXEC
     b MSET k 1 l 2
     a PING
     a MULTI | CLIENT CACHING YES | GET k | GET l | EXEC
     b MSET k 1 l 2
     a PING
     a GET k
     b MSET k 1 l 2
     a PING
     a CLIENT CACHING YES
     a NOSUCH
     a GET k
     b SET k 1
     a PING
     a CLIENT CACHING YES
     a CLIENT NOSUCH
     a GET k
     b SET k 1
     a PING
     a CLIENT CACHING YES
     a GET
     a GET k
     b SET k 1
     a PING
     a CLIENT CACHING YES
     a MULTI
     a GET k
     a DISCARD
     a GET k
     b SET k 1
     a PING
     a CLIENT CACHING YES
     a CLIENT TRACKING on OPTIN
     a GET k
     b SET k 1
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on OPTOUT
     a GET k
     b SET k 1
     a CLIENT CACHING NO
     a GET k
     b SET k 1
     a PING
     a MULTI | GET k | CLIENT CACHING NO | GET l | EXEC
     b MSET k 1 l 2
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on
     b SET k 1 | LPUSH l a | HSET h f v | ZADD z 1 a | XADD x 1-1 f v | SADD s a | PFADD p a
     a EXISTS k | TYPE l | OBJECT ENCODING h | TTL z | XLEN x | SORT_RO s ALPHA | PFCOUNT p | GET l
     b DEL k l h z x s p
     a STRLEN m | SCAN 0 | RANDOMKEY | TOUCH t1 t2 | MEMORY USAGE u | XREAD STREAMS xx yy 0 0
     a ZUNION 2 z1 z2 | SINTERCARD 1 s1 | LCS c1 c2 | XPENDING xp g | GETEX gx | WATCH w | SUBSTR ss 0 1
     a BITCOUNT bc | GETRANGE gr 0 1 | GEORADIUS_RO geo 1 1 1 m | ZRANGESTORE d src 0 1 | SORT so | GETBIT gb 0
     a XREAD COUNT x STREAMS x3 0 | ZINTERCARD x zc | SINTERCARD 5 q1
     b MSET m 1 t1 1 t2 1 u 1 xx 1 yy 1 z1 1 z2 1 s1 1 c1 1 c2 1 xp 1 gx 1 w 1 ss 1 bc 1 gr 1 geo 1 d 1 src 1 so 1 gb 1 x3 1 zc 1 q1 1
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on
     a SELECT 1
     a GET k
     b SET k 1
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on
     a GET k
     a CLIENT TRACKING off
     b SET k 1
     a GET k
     a CLIENT TRACKING on
     b SET k 2
     a PING
     a GET k
     a CLIENT TRACKING off
     a CLIENT TRACKING on BCAST PREFIX zzz
     b SET k 2
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on
     b SET k 1 PX 50
     a GET k
     sleep 400
     a PING
     a GET k
     b SET k 2
     a PING",
    "a HELLO 3
     a CLIENT TRACKING on
     a GET k | GET k
     a HELLO 2
     b SET k 1
     a HELLO 3
     a PING
     a GET k
     b SET k 1
     a PING",
];
