//! The connection and the server: PING, HELLO, CLIENT, COMMAND, CONFIG, and what is refused.
//!
//! Left to scripts of their own: whatever answers with no reply, or ends the connection.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    let name = dice.weighted(&[
        (3, "PING"),
        (3, "ECHO"),
        (3, "SELECT"),
        (3, "HELLO"),
        (2, "AUTH"),
        (1, "RESET"),
        (8, "CLIENT"),
        (6, "COMMAND"),
        (6, "CONFIG"),
        (1, "TIME"),
        (2, "WAIT"),
        (2, "WAITAOF"),
        (1, "QUITE"),
    ]);
    let line = Line::new(dice, name);
    match name {
        "PING" => line.maybe(2, Line::value).end(),
        "ECHO" => line.value().end(),
        "SELECT" => line.integer().end(),
        "HELLO" => hello(line),
        "AUTH" => line.maybe(2, |line| line.word("default")).value().end(),
        "CLIENT" => client(line, dialect),
        "COMMAND" => command(line),
        "CONFIG" => config(line),
        "WAIT" => wait(line),
        "WAITAOF" if dialect < Dialect::Valkey9 => wait(Line::new(dice, "WAIT")),
        "WAITAOF" => {
            let local = line.dice.pick(&["0", "0", "0", "1", "2", "-1", "x"]);
            wait(line.word(local))
        }
        "QUITE" => line.maybe(2, Line::value).maybe(2, Line::key).end(),
        _ => line.end(),
    }
}

/// For replicas that are not there.
fn wait(line: Line<'_>) -> Words {
    let replicas = line.dice.pick(&["0", "0", "1", "3", "-1", "x", "9223372036854775808"]);
    let millis = line.dice.pick(&["1", "2", "1", "-1", "x", "1.5", "9223372036854775808"]);
    line.word(replicas).word(millis).maybe(20, Line::value).end()
}

fn hello(line: Line<'_>) -> Words {
    let line = match line.dice.below(10) {
        0 => return line.end(),
        1 => line.integer(),
        2..=5 => line.word("2"),
        _ => line.word("3"),
    };
    line.maybe(12, |line| line.option("NOPE"))
        .maybe(4, |line| {
            let name = line.dice.pick(&["app", "", "with space", "new\nline", "ok-name"]);
            line.option("SETNAME").word(name)
        })
        .maybe(6, |line| line.option("AUTH").word("default").value())
        .end()
}

fn client(line: Line<'_>, dialect: Dialect) -> Words {
    let about = line.dice.weighted(&[
        (3, "ID"),
        (2, "INFO"),
        (3, "GETNAME"),
        (4, "SETNAME"),
        (3, "SETINFO"),
        (2, "NO-EVICT"),
        (2, "NO-TOUCH"),
        (3, "KILL"),
        (3, "LIST"),
        (3, "UNBLOCK"),
        (1, "UNPAUSE"),
        (1, "NOPE"),
    ]);
    if matches!(about, "SETINFO" | "NO-TOUCH") && dialect < Dialect::Valkey9 {
        return line.option("GETNAME").end();
    }
    let line = line.option(about);
    match about {
        "SETNAME" => line.maybe(3, |line| line.word("")).value().end(),
        "SETINFO" => {
            let attribute = line.dice.pick(&["LIB-NAME", "LIB-VER", "lib-name", "NOPE"]);
            line.word(attribute).value().end()
        }
        "NO-EVICT" | "NO-TOUCH" => {
            let switch = line.dice.pick(&["ON", "OFF", "MAYBE"]);
            line.option(switch).end()
        }
        "KILL" => match line.dice.below(8) {
            0 => line.word("127.0.0.1:1").end(),
            1 => id(line.option("ID")).end(),
            2 => line.option("TYPE").word("nope").end(),
            3 => line.option("ADDR").word("1.2.3.4:5").option("SKIPME").word("maybe").end(),
            4 => line.option("LADDR").word("1.2.3.4:5").end(),
            5 => filter(line).maybe(3, filter).end(),
            _ => line.option("USER").word("nobody").end(),
        },
        "LIST" => match line.dice.below(5) {
            0 => line.option("TYPE").word("nope").end(),
            1 => line.option("TYPE").word("pubsub").end(),
            2 => id(line.option("ID")).end(),
            3 => filter(line).maybe(3, filter).end(),
            _ => line.end(),
        },
        "UNBLOCK" => {
            id(line).maybe(2, |line| line.option("ERROR")).maybe(4, |line| line.word("x")).end()
        }
        _ => line.end(),
    }
}

/// One of Valkey's filters, which finds nobody, or what is no filter.
fn filter(line: Line<'_>) -> Line<'_> {
    let filters: [&[&str]; 14] = [
        &["NAME", "nobody"],
        &["NAME", "with space"],
        &["IDLE", "1000000"],
        &["IDLE", "0x"],
        &["IDLE", "-1"],
        &["FLAGS", "q"],
        &["FLAGS", "P"],
        &["LIB-NAME", "nolib"],
        &["LIB-VER", "9"],
        &["DB", "15"],
        &["DB", "99"],
        &["IP", "1.2.3.4"],
        &["MAXAGE", "1000000"],
        &["SKIPME", "maybe"],
    ];
    let filter = line.dice.pick(&filters);
    filter.iter().fold(line, |line, word| line.word(word))
}

/// An id that no client has, or what cannot be one.
fn id(line: Line<'_>) -> Line<'_> {
    let id = line.dice.pick(&["999999999", "0", "-1", "x", ""]);
    line.word(id)
}

fn command(line: Line<'_>) -> Words {
    let about = line.dice.pick(&[
        "GETKEYS",
        "GETKEYSANDFLAGS",
        "INFO",
        "GETKEYS",
        "GETKEYSANDFLAGS",
        "NOPE",
    ]);
    let line = line.option(about);
    match about {
        "INFO" => line.word("nosuchcommand").end(),
        "NOPE" => line.end(),
        _ => match line.dice.below(10) {
            0 => line.word("get").key().end(),
            7 => {
                let word = line.dice.pick(&["STORE", "STOREDIST", "ASC"]);
                let line = line.word("georadius").key().word("0").word("0").word("1").word("m");
                line.option(word).key().end()
            }
            8 => line.word("bitfield").key().option("GET").word("u8").word("0").end(),
            1 => line.word("MSET").key().value().key().value().end(),
            2 => line.word("set").key().value().option("GET").end(),
            3 => line.word("copy").keys(2, 2).end(),
            4 => line.word("ping").end(),
            5 => line.word("nosuchcommand").key().end(),
            6 => line.word("mget").keys(1, 4).end(),
            _ => line.word("get").end(),
        },
    }
}

fn config(line: Line<'_>) -> Words {
    if line.dice.one_in(3) {
        let pair = line.dice.pick(&[
            &["nosuchoption", "1"][..],
            &["databases", "4"],
            &["maxmemory", "x"],
            &["maxmemory-policy", "nope"],
            &["maxmemory-eviction-tenacity", "101"],
            &["maxmemory-clients", "101%"],
            &["maxmemory-clients", "5mb%"],
            &["maxmemory-clients", "x"],
            &["lfu-log-factor", "-1"],
            &["lfu-decay-time", "-1"],
            &["timeout", "-1"],
            &["timeout", "0", "timeout", "0"],
            &["timeout"],
            &["hz", "10", "nosuchoption", "x"],
        ]);
        return pair.iter().fold(line.option("SET"), |line, word| line.word(word)).end();
    }
    let name = line.dice.pick(&[
        "databases",
        "maxmemory-policy",
        "maxmemory-samples",
        "maxmemory-eviction-tenacity",
        "maxmemory-clients",
        "lfu-log-factor",
        "lfu-decay-time",
        "timeout",
        "nosuchoption",
        "maxmemory",
        "[",
        "proto-max-bulk-len",
    ]);
    line.option("GET").word(name).maybe(4, |line| line.word("databases")).end()
}
