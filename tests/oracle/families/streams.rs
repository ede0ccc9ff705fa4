//! Streams and consumer groups, with explicit ids: those from the clock differ.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    let name = dice.weighted(&[
        (40, "XADD"),
        (3, "XLEN"),
        (8, "XRANGE"),
        (6, "XREVRANGE"),
        (7, "XREAD"),
        (10, "XDEL"),
        (6, "XTRIM"),
        (3, "XSETID"),
        (14, "XGROUP"),
        (22, "XREADGROUP"),
        (10, "XACK"),
        (8, "XPENDING"),
        (9, "XCLAIM"),
        (7, "XAUTOCLAIM"),
        (10, "XINFO"),
        (2, "CONFIG"),
        (1, "SET"),
        (1, "DEL"),
        (1, "COPY"),
        (1, "RENAME"),
        (2, "OBJECT"),
        (1, "TYPE"),
    ]);
    let line = Line::new(dice, name);
    match name {
        "XADD" => xadd(line),
        "XRANGE" => count(range(stream(line))).end(),
        "XREVRANGE" => count(range(stream(line))).end(),
        "XREAD" => xread(line, dialect),
        "XDEL" => ids(stream(line), 3).end(),
        "XTRIM" => trim(stream(line)).end(),
        // Redis 7.0 takes an id below that of a deleted entry.
        "XSETID" if dialect < Dialect::Valkey9 => line.end(),
        "XSETID" => xsetid(line),
        "XGROUP" => xgroup(line),
        "XREADGROUP" => xreadgroup(line),
        "XACK" => ids(group(stream(line)), 3).end(),
        "XPENDING" => xpending(line),
        "XCLAIM" => xclaim(line),
        "XAUTOCLAIM" => xautoclaim(line),
        "XINFO" => xinfo(line),
        "CONFIG" => {
            let entries = line.dice.pick(&["3", "5", "10", "100"]);
            line.word("SET").word("stream-node-max-entries").word(entries).end()
        }
        "SET" => stream(line).value().end(),
        "COPY" | "RENAME" => stream(stream(line)).end(),
        "OBJECT" => stream(line.option("ENCODING")).end(),
        _ => stream(line).end(),
    }
}

/// Few keys, so that a stream lives long enough to be read.
fn stream(line: Line<'_>) -> Line<'_> {
    match line.dice.below(12) {
        0 => line.key(),
        n => line.word(["a", "a", "a", "b", "k:1"][n % 5]),
    }
}

fn group(line: Line<'_>) -> Line<'_> {
    let name = line.dice.pick(&["g", "g", "g", "h", "h", "nope", "", "g\0x"]);
    line.word(name)
}

fn consumer(line: Line<'_>) -> Line<'_> {
    let name = line.dice.pick(&["ann", "ann", "bob", "bob", "cid", ""]);
    line.word(name)
}

/// The greatest time that ids have, which a stream comes to soon and stays at.
const LAST_MS: usize = 40;

fn id(dice: &mut Dice) -> Vec<u8> {
    let wrong = ["", "-", "+", "x", "1-", "-1", "1-x", "1-2-3", "(1-1", "1-*", "$", ">"];
    let edge = [
        "0",
        "0-0",
        "0-1",
        "01-02",
        " 7-+1",
        "18446744073709551615",
        "18446744073709551615-18446744073709551615",
        "18446744073709551616-0",
        "0-18446744073709551615",
        "9223372036854775808-9223372036854775808",
        "3-1\0x",
    ];
    match dice.below(30) {
        0 => dice.pick(&wrong).as_bytes().to_vec(),
        1 => dice.pick(&edge).as_bytes().to_vec(),
        2 => dice.below(LAST_MS + 1).to_string().into_bytes(),
        n if n < 16 => format!("{LAST_MS}-{}", dice.below(20)).into_bytes(),
        _ => format!("{}-{}", dice.below(LAST_MS), dice.below(3)).into_bytes(),
    }
}

fn ids(mut line: Line<'_>, most: usize) -> Line<'_> {
    for _ in 0..1 + line.dice.below(most) {
        let id = id(line.dice);
        line = line.word(id);
    }
    line
}

/// An id that an entry may get: mostly one above all others.
fn new_id(dice: &mut Dice) -> Vec<u8> {
    match dice.below(20) {
        0 => id(dice),
        1 => dice.pick(&["0-*", "18446744073709551615-*", "x-*", "-*", "1-**"]).as_bytes().to_vec(),
        n if n < 12 => format!("{LAST_MS}-*").into_bytes(),
        n if n < 16 => format!("{}-*", dice.below(LAST_MS)).into_bytes(),
        _ => format!("{}-{}", dice.below(LAST_MS), dice.below(3)).into_bytes(),
    }
}

fn xadd(line: Line<'_>) -> Words {
    let mut line = stream(line);
    line = line.maybe(12, |line| line.option("NOMKSTREAM"));
    line = line.maybe(6, trim);
    let id = new_id(line.dice);
    let mut line = line.word(id);
    match line.dice.below(4) {
        0 => {
            for _ in 0..1 + line.dice.below(3) {
                line = line.value().value();
            }
            line.maybe(20, Line::value).end()
        }
        1 => line.word("n").value().end(),
        _ => {
            let user = format!("{:08}", line.dice.below(1000));
            line.word("type").word("login").word("user").word(user).end()
        }
    }
}

fn trim(line: Line<'_>) -> Line<'_> {
    let strategy = line.dice.pick(&["MAXLEN", "MAXLEN", "MINID"]);
    let mut line = line.option(strategy);
    let operator = line.dice.weighted(&[(4, ""), (2, "="), (5, "~")]);
    if !operator.is_empty() {
        line = line.word(operator);
    }
    let threshold = match line.dice.below(12) {
        0 => words::integer(line.dice),
        _ if strategy == "MINID" => id(line.dice),
        _ => line.dice.below(20).to_string().into_bytes(),
    };
    line = line.word(threshold);
    let odds = if operator == "~" { 3 } else { 20 };
    let line = line.maybe(odds, |line| {
        let limit = line.dice.pick(&["0", "1", "3", "10", "20", "100", "-1", "x"]);
        line.option("LIMIT").word(limit)
    });
    line.maybe(40, |line| line.option("MINID").word("5"))
}

fn end(dice: &mut Dice) -> Vec<u8> {
    match dice.below(5) {
        0 | 1 => dice.pick(&["-", "+"]).as_bytes().to_vec(),
        2 => [b"(", &id(dice)[..]].concat(),
        _ => id(dice),
    }
}

fn range(line: Line<'_>) -> Line<'_> {
    let (from, to) = match line.dice.below(3) {
        0 => (b"-".to_vec(), b"+".to_vec()),
        1 => (b"+".to_vec(), b"-".to_vec()),
        _ => (end(line.dice), end(line.dice)),
    };
    line.word(from).word(to)
}

fn number(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => words::integer(dice),
        1 => dice.pick(&["0", "-1", "-5"]).as_bytes().to_vec(),
        _ => (1 + dice.below(8)).to_string().into_bytes(),
    }
}

fn count(line: Line<'_>) -> Line<'_> {
    line.maybe(3, |line| {
        let number = number(line.dice);
        line.option("COUNT").word(number)
    })
}

fn xread(line: Line<'_>, dialect: Dialect) -> Words {
    let line = count(line);
    let line = line.maybe(30, |line| line.option("NOACK"));
    let mut line = line.maybe(30, |line| line.option("GROUP").word("g").word("ann"));
    line = line.option("STREAMS");
    let streams = line.dice.weighted(&[(6, 1), (3, 2), (1, 3)]);
    for _ in 0..streams {
        line = stream(line);
    }
    for _ in 0..streams {
        let id = match line.dice.below(8) {
            0 => b"$".to_vec(),
            1 => b">".to_vec(),
            // Redis 7.0 does not know it.
            2 if dialect >= Dialect::Valkey9 => b"+".to_vec(),
            2 | 3 => b"0".to_vec(),
            _ => id(line.dice),
        };
        line = line.word(id);
    }
    line.end()
}

fn xreadgroup(line: Line<'_>) -> Words {
    let mut line = consumer(group(line.option("GROUP")));
    line = count(line);
    line = line.maybe(6, |line| line.option("NOACK"));
    line = line.option("STREAMS");
    let streams = line.dice.weighted(&[(8, 1), (3, 2), (1, 3)]);
    for _ in 0..streams {
        line = stream(line);
    }
    for _ in 0..streams {
        let id = match line.dice.below(12) {
            0 => id(line.dice),
            1 | 2 => b"0".to_vec(),
            3 => line.dice.pick(&["$", "5", "0-0"]).as_bytes().to_vec(),
            _ => b">".to_vec(),
        };
        line = line.word(id);
    }
    line.end()
}

fn xsetid(line: Line<'_>) -> Words {
    let line = stream(line);
    let id = match line.dice.below(3) {
        0 => id(line.dice),
        _ => format!("{LAST_MS}-{}", line.dice.below(60)).into_bytes(),
    };
    line.word(id)
        .some(|line| match line.dice.below(3) {
            0 => {
                let added = number(line.dice);
                line.option("ENTRIESADDED").word(added)
            }
            1 => line.option("ENTRIESADDED").word("50"),
            _ => {
                let id = self::id(line.dice);
                line.option("MAXDELETEDID").word(id)
            }
        })
        .end()
}

fn xgroup(line: Line<'_>) -> Words {
    let name = line.dice.weighted(&[
        (12, "CREATE"),
        (5, "SETID"),
        (2, "DESTROY"),
        (3, "CREATECONSUMER"),
        (3, "DELCONSUMER"),
        (1, "HELP"),
        (1, "NOPE"),
    ]);
    let line = line.option(name);
    if name == "HELP" {
        return line.end();
    }
    let line = group(stream(line));
    match name {
        "CREATE" | "SETID" => {
            let start = match line.dice.below(5) {
                0 => b"$".to_vec(),
                1 | 2 => b"0".to_vec(),
                _ => id(line.dice),
            };
            let odds = if name == "CREATE" { 2 } else { 20 };
            line.word(start)
                .maybe(odds, |line| line.option("MKSTREAM"))
                .maybe(3, |line| {
                    let read = number(line.dice);
                    line.option("ENTRIESREAD").word(read)
                })
                .end()
        }
        "CREATECONSUMER" | "DELCONSUMER" => consumer(line).end(),
        _ => line.end(),
    }
}

fn xpending(line: Line<'_>) -> Words {
    let line = group(stream(line));
    if line.dice.one_in(3) {
        return line.end();
    }
    let line = line.maybe(3, |line| {
        let idle = idle(line.dice);
        line.option("IDLE").word(idle)
    });
    let line = range(line);
    let number = number(line.dice);
    line.word(number).maybe(3, consumer).end()
}

/// Nothing, or far more than a sequence takes.
fn idle(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => words::integer(dice),
        n => ["0", "0", "150000", "350000", "999999999"][n % 5].as_bytes().to_vec(),
    }
}

fn xclaim(line: Line<'_>) -> Words {
    let line = consumer(group(stream(line)));
    let idle = idle(line.dice);
    ids(line.word(idle), 3)
        .some(|line| match line.dice.below(7) {
            0 | 1 => {
                let idle = self::idle(line.dice);
                line.option("IDLE").word(idle)
            }
            2 => {
                let time = line.dice.pick(&["0", "-1", "-5", "x", "99999999999999", "1000"]);
                line.option("TIME").word(time)
            }
            3 => {
                let count = number(line.dice);
                line.option("RETRYCOUNT").word(count)
            }
            4 => line.option("FORCE"),
            5 => line.option("JUSTID"),
            _ => {
                let id = id(line.dice);
                line.option("LASTID").word(id)
            }
        })
        .end()
}

fn xautoclaim(line: Line<'_>) -> Words {
    let line = consumer(group(stream(line)));
    let (idle, start) = (idle(line.dice), end(line.dice));
    // A count that is very large is one that Redis finds no memory for.
    let line = line.word(idle).word(start).maybe(3, |line| {
        let counts = ["1", "2", "3", "10", "0", "-1", "x", "9223372036854775807"];
        let count = line.dice.pick(&counts);
        line.option("COUNT").word(count)
    });
    line.maybe(3, |line| line.option("JUSTID")).end()
}

fn xinfo(line: Line<'_>) -> Words {
    let name = line.dice.weighted(&[
        (5, "STREAM"),
        (4, "FULL"),
        (4, "GROUPS"),
        (4, "CONSUMERS"),
        (1, "HELP"),
        (1, "NOPE"),
    ]);
    match name {
        "HELP" => line.option("HELP").end(),
        "CONSUMERS" => group(stream(line.option(name))).end(),
        "FULL" => {
            let line = stream(line.option("STREAM")).option("FULL");
            line.maybe(2, |line| {
                let number = number(line.dice);
                line.option("COUNT").word(number)
            })
            .end()
        }
        _ => stream(line.option(name)).end(),
    }
}
