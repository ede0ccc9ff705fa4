//! SORT and what is about every type: DEBUG DIGEST, OBJECT, COPY, SCAN by type, MEMORY.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{Line, Words};

const LISTS: &[&str] = &["list:1", "list:2"];
const SETS: &[&str] = &["set:1", "set:2"];
const ZSETS: &[&str] = &["zset:1"];

pub(crate) fn next(dice: &mut Dice, _: Dialect) -> Words {
    let name = dice.weighted(&[
        (30, "SORT"),
        (10, "SORT_RO"),
        (8, "RPUSH"),
        (6, "SADD"),
        (5, "ZADD"),
        (6, "SET"),
        (5, "HSET"),
        (6, "DEBUG"),
        (4, "OBJECT"),
        (4, "COPY"),
        (3, "SCAN"),
        (2, "LRANGE"),
        (2, "DEL"),
        (3, "MEMORY"),
    ]);
    let line = Line::new(dice, name);
    match name {
        "SORT" | "SORT_RO" => sort(line, name == "SORT"),
        "RPUSH" | "SADD" => {
            let keys = if name == "RPUSH" { LISTS } else { SETS };
            let key = line.dice.pick(keys);
            let mut line = line.word(key);
            for _ in 0..1 + line.dice.below(6) {
                line = element(line);
            }
            line.end()
        }
        "ZADD" => {
            // Redis 7.0 digests scores by 17 digits, newer servers by as few as tell them apart.
            let line = line.word(ZSETS[0]);
            let line = match line.dice.below(4) {
                1 => {
                    let score = line.dice.pick(&["inf", "-inf", "1e18"]);
                    line.word(score)
                }
                _ => number(line),
            };
            element(line).end()
        }
        "SET" => {
            let key = format!("w:{}", line.dice.below(12));
            let line = line.word(key);
            if line.dice.one_in(8) { line.word("no number").end() } else { number(line).end() }
        }
        "HSET" => {
            let key = format!("h:{}", line.dice.below(12));
            let field = line.dice.pick(&["f", "g", "f->x"]);
            number(line.word(key).word(field)).end()
        }
        "DEBUG" => {
            let line = line.option("DIGEST-VALUE");
            let line = any(line);
            line.maybe(2, any).maybe(3, Line::key).end()
        }
        "OBJECT" => any(line.option("ENCODING")).end(),
        "COPY" => {
            // Not from the sorted set, whose encoding depends on whether it was sorted.
            let from = line.dice.pick(&["list:1", "set:1", "h:1", "h:2", "w:1"]);
            // A set stays under a set's name: what it holds comes out of SORT in no order.
            let to = match (from, line.dice.one_in(2)) {
                ("set:1", true) => "set:2",
                ("list:1", true) => "list:2",
                _ => "copy",
            };
            line.word(from).word(to).maybe(2, |line| line.option("REPLACE")).end()
        }
        "SCAN" => {
            let kind = line.dice.pick(&["list", "set", "zset", "hash", "string", "stream", "LIST"]);
            line.word("0").option("TYPE").word(kind).option("COUNT").word("100").end()
        }
        "LRANGE" => line.word("stored").word("0").word("-1").end(),
        "DEL" => any(line).end(),
        "MEMORY" => {
            let line = line.option("USAGE").key();
            line.some(|line| match line.dice.below(3) {
                0 => line.option("SAMPLES").integer(),
                1 => line.option("SAMPLES").word("0"),
                _ => line.value(),
            })
            .end()
        }
        _ => line.end(),
    }
}

/// One of the keys of this family.
fn any(line: Line<'_>) -> Line<'_> {
    let key =
        line.dice.pick(&["list:1", "list:2", "set:1", "set:2", "zset:1", "stored", "w:1", "h:1"]);
    line.word(key)
}

/// Mostly a number that names a weight.
fn element(line: Line<'_>) -> Line<'_> {
    match line.dice.below(12) {
        0 => {
            let word = line.dice.pick(&["a", "b", "Z", "1.5", "-3", "1e3"]);
            line.word(word)
        }
        n if n < 3 => number(line),
        _ => {
            let element = line.dice.below(12).to_string();
            line.word(element)
        }
    }
}

/// A number that every server reads alike.
fn number(line: Line<'_>) -> Line<'_> {
    let number = match line.dice.below(4) {
        0 => format!("{}.5", line.dice.below(20) as i64 - 10),
        _ => (line.dice.below(40) as i64 - 20).to_string(),
    };
    line.word(number)
}

fn sort(line: Line<'_>, stores: bool) -> Words {
    let kind = line.dice.weighted(&[(5, 0), (4, 1), (3, 2), (1, 3)]);
    let key = match kind {
        0 => *line.dice.pick(&[&LISTS[0], &LISTS[1]]),
        1 => *line.dice.pick(&[&SETS[0], &SETS[1]]),
        2 => ZSETS[0],
        _ => *line.dice.pick(&[&"w:1", &"h:1", &"nothing"]),
    };
    let mut line = line.word(key);
    let stores = stores && line.dice.one_in(3);
    // What comes out where two are alike is the server's own: texts by pattern are asked for of lists
    // alone, and whole; the native order of a set only where it is stored.
    let by = line.dice.below(4);
    match by {
        0 => {
            let pattern = line.dice.pick(&["w:*", "h:*->f", "h:*->g", "w:*->", "nope:*"]);
            line = line.option("BY").word(pattern);
        }
        1 if kind != 1 || stores => line = line.option("BY").word("nosort"),
        _ => {}
    }
    let may_cut = by != 0 || !matches!(kind, 0 | 3);
    let alpha = match (by, kind) {
        (0, 0) => line.dice.one_in(2),
        (0, _) => false,
        _ => !line.dice.one_in(3),
    };
    if alpha {
        line = line.option("ALPHA");
    }
    if line.dice.one_in(3) {
        let order = line.dice.pick(&["DESC", "ASC"]);
        line = line.option(order);
    }
    if line.dice.one_in(3) && (may_cut || !alpha) {
        let (offset, count) = (line.dice.below(8) as i64 - 2, line.dice.below(8) as i64 - 2);
        line = line.option("LIMIT").word(offset.to_string()).word(count.to_string());
    }
    for _ in 0..line.dice.weighted(&[(6, 0), (3, 1), (2, 2)]) {
        let pattern = line.dice.pick(&[
            "#",
            "w:*",
            "h:*->f",
            "h:*->f->x",
            "const",
            "w:*->",
            "*",
            "h:*->nope",
        ]);
        line = line.option("GET").word(pattern);
    }
    if stores {
        line = line.option("STORE").word("stored");
    }
    line.maybe(25, Line::value).maybe(40, |line| line.option("LIMIT").word("0")).end()
}
