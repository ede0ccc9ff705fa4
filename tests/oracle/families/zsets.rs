//! Sorted sets: members with scores that tie, ranges of every kind, combinations.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    let name = dice.weighted(&[
        (40, "ZADD"),
        (8, "ZINCRBY"),
        (6, "ZSCORE"),
        (4, "ZMSCORE"),
        (3, "ZCARD"),
        (8, "ZCOUNT"),
        (6, "ZLEXCOUNT"),
        (8, "ZRANK"),
        (8, "ZREVRANK"),
        (24, "ZRANGE"),
        (8, "ZRANGESTORE"),
        (4, "ZREVRANGE"),
        (8, "ZRANGEBYSCORE"),
        (8, "ZREVRANGEBYSCORE"),
        (5, "ZRANGEBYLEX"),
        (5, "ZREVRANGEBYLEX"),
        (10, "ZREM"),
        (3, "ZREMRANGEBYRANK"),
        (3, "ZREMRANGEBYSCORE"),
        (3, "ZREMRANGEBYLEX"),
        (5, "ZPOPMIN"),
        (5, "ZPOPMAX"),
        (5, "ZMPOP"),
        (5, "ZRANDMEMBER"),
        (5, "ZUNION"),
        (5, "ZINTER"),
        (4, "ZDIFF"),
        (5, "ZUNIONSTORE"),
        (5, "ZINTERSTORE"),
        (4, "ZDIFFSTORE"),
        (4, "ZINTERCARD"),
        (5, "ZSCAN"),
        (3, "SADD"),
        (6, "OBJECT"),
        (3, "COPY"),
        (1, "CONFIG"),
    ]);
    let line = |dice| Line::new(dice, name);
    match name {
        "ZADD" if dice.one_in(4) => lex_add(dice),
        "ZADD" => zadd(dice),
        "ZINCRBY" => {
            let by = score(dice);
            member(line(dice).key().word(by)).end()
        }
        "ZSCORE" => member(line(dice).key()).end(),
        "ZMSCORE" | "ZREM" => members(line(dice).key()).end(),
        "ZRANK" | "ZREVRANK" => {
            let line = member(line(dice).key());
            if dialect < Dialect::Valkey9 {
                return line.end();
            }
            line.maybe(3, |line| line.option("WITHSCORE")).maybe(40, Line::value).end()
        }
        "ZCOUNT" | "ZREMRANGEBYSCORE" => scores(line(dice).key()).end(),
        "ZLEXCOUNT" | "ZREMRANGEBYLEX" => lexes(lex_key(line(dice))).end(),
        "ZRANGE" => zrange(line(dice), true).end(),
        "ZRANGESTORE" => zrange(line(dice).key(), false).end(),
        "ZREVRANGE" => ranks(line(dice).key()).maybe(2, |line| line.option("WITHSCORES")).end(),
        "ZRANGEBYSCORE" | "ZREVRANGEBYSCORE" => scores(line(dice).key())
            .maybe(3, |line| line.option("WITHSCORES"))
            .maybe(3, limit)
            .end(),
        "ZRANGEBYLEX" | "ZREVRANGEBYLEX" => lexes(lex_key(line(dice))).maybe(3, limit).end(),
        "ZREMRANGEBYRANK" => ranks(line(dice).key()).end(),
        "ZPOPMIN" | "ZPOPMAX" => line(dice).key().maybe(2, count).end(),
        "ZMPOP" => zmpop(dice),
        "ZRANDMEMBER" => zrandmember(dice),
        "ZUNION" | "ZINTER" | "ZDIFF" => {
            combine(line(dice), name != "ZDIFF").maybe(2, |line| line.option("WITHSCORES")).end()
        }
        "ZUNIONSTORE" | "ZINTERSTORE" | "ZDIFFSTORE" => {
            combine(line(dice).key(), name != "ZDIFFSTORE").end()
        }
        "ZINTERCARD" => counted(line(dice)).maybe(2, |line| count(line.option("LIMIT"))).end(),
        "ZSCAN" => zscan(line(dice), dialect),
        "SADD" => members(line(dice).key()).end(),
        "OBJECT" => line(dice).option("ENCODING").key().end(),
        "COPY" => line(dice).keys(2, 2).maybe(2, |line| line.option("REPLACE")).end(),
        "CONFIG" => {
            let (parameter, values) = if dice.one_in(2) {
                ("zset-max-listpack-entries", ["0", "3", "12", "128"])
            } else {
                ("zset-max-listpack-value", ["0", "8", "30", "64"])
            };
            let value = values[dice.below(values.len())];
            line(dice).option("SET").word(parameter).word(value).end()
        }
        _ => line(dice).key().end(),
    }
}

/// Mostly few that collide; some long, some that look like numbers, some bytes.
fn member(line: Line<'_>) -> Line<'_> {
    let member = match line.dice.below(14) {
        0 => (line.dice.below(20) as i64 - 5).to_string().into_bytes(),
        1 => vec![b'm'; line.dice.below(90)],
        2 => words::value(line.dice),
        3 => format!("member:{:05}", line.dice.below(400)).into_bytes(),
        _ => format!("m{}", line.dice.below(25)).into_bytes(),
    };
    line.word(member)
}

fn members(mut line: Line<'_>) -> Line<'_> {
    for _ in 0..1 + line.dice.below(5) {
        line = member(line);
    }
    line
}

/// Scores that tie, and scores at the edges.
fn score(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 | 1 => {
            let float = words::float(dice);
            // Redis reads hexadecimal scores, and Valkey 9 does not.
            if float.starts_with(b"0x") { b"1.5".to_vec() } else { float }
        }
        2 => format!("{}.{}", dice.below(6), dice.pick(&["5", "25", "1", "000001"])).into_bytes(),
        3 => dice
            .pick(&["inf", "-inf", "+inf", "-0", "1e15", "12345678901234567"])
            .as_bytes()
            .to_vec(),
        _ => (dice.below(12) as i64 - 4).to_string().into_bytes(),
    }
}

fn zadd(dice: &mut Dice) -> Words {
    let mut line = Line::new(dice, "ZADD").key();
    if line.dice.one_in(2) {
        line = line.some(|line| {
            let option = *line.dice.pick(&[&"NX", &"XX", &"GT", &"LT", &"CH", &"INCR"]);
            line.option(option)
        });
    }
    let pairs = line.dice.weighted(&[(10, 1), (6, 3), (3, 10), (1, 60)]);
    for _ in 0..pairs {
        let score = score(line.dice);
        line = member(line.word(score));
    }
    line.end()
}

/// Members that all have the same score, under keys of their own.
fn lex_add(dice: &mut Dice) -> Words {
    let mut line = lex_key(Line::new(dice, "ZADD"));
    for _ in 0..1 + line.dice.below(8) {
        line = line.word("0");
        let member = lex_member(line.dice);
        line = line.word(member);
    }
    line.end()
}

fn lex_key(line: Line<'_>) -> Line<'_> {
    if line.dice.one_in(12) {
        let string = words::key(line.dice);
        // A string, if anything.
        return line.word([&b"str:"[..], &string].concat());
    }
    let key = *line.dice.pick(&[&"lex:1", &"lex:2"]);
    line.word(key)
}

fn lex_member(dice: &mut Dice) -> Vec<u8> {
    match dice.below(6) {
        0 => dice.below(30).to_string().into_bytes(),
        1 => vec![b"abc\xff\0"[dice.below(5)]; dice.below(4)],
        _ => format!("{}{}", dice.pick(&["a", "b", "c"]), dice.below(40)).into_bytes(),
    }
}

fn lex_end(line: Line<'_>) -> Line<'_> {
    let mut end = match line.dice.below(10) {
        0 => return line.word("-"),
        1 => return line.word("+"),
        2 => {
            let bad = *line.dice.pick(&[&"", &"a", &"-x", &"+x", &"*", &"0"]);
            return line.word(bad);
        }
        n if n < 6 => b"[".to_vec(),
        _ => b"(".to_vec(),
    };
    end.extend(lex_member(line.dice));
    line.word(end)
}

fn lexes(line: Line<'_>) -> Line<'_> {
    if line.dice.one_in(3) {
        return if line.dice.one_in(2) {
            line.word("-").word("+")
        } else {
            line.word("+").word("-")
        };
    }
    lex_end(lex_end(line))
}

fn score_end(line: Line<'_>) -> Line<'_> {
    let mut end = if line.dice.one_in(4) { b"(".to_vec() } else { Vec::new() };
    let number = match line.dice.below(20) {
        0 => line.dice.pick(&["", "-", "nan", "a", "1e400", "1e-400"]).as_bytes().to_vec(),
        _ => score(line.dice),
    };
    // Valkey 9 takes no blanks in front.
    end.extend(number.iter().filter(|byte| **byte != b' '));
    line.word(end)
}

fn scores(line: Line<'_>) -> Line<'_> {
    match line.dice.below(6) {
        0 => line.word("-inf").word("+inf"),
        1 => line.word("inf").word("-inf"),
        _ => score_end(score_end(line)),
    }
}

fn ranks(line: Line<'_>) -> Line<'_> {
    let mut line = line;
    for _ in 0..2 {
        line = match line.dice.below(8) {
            0 => line.integer(),
            _ => {
                let rank = (line.dice.below(24) as i64 - 8).to_string();
                line.word(rank)
            }
        };
    }
    line
}

fn count(line: Line<'_>) -> Line<'_> {
    let count = match line.dice.below(12) {
        0 => line.dice.pick(&["-1", "x", "", "9223372036854775807"]).as_bytes().to_vec(),
        n => (n - 1).to_string().into_bytes(),
    };
    line.word(count)
}

fn limit(line: Line<'_>) -> Line<'_> {
    // Behind a negative offset Redis 7.0 finds nothing, and Valkey 9 counts from the other end if the
    // sorted set is not packed.
    let offset = match line.dice.below(14) {
        0 => line.dice.pick(&["x", "", "1.0", "9223372036854775807"]).as_bytes().to_vec(),
        n => (n - 1).to_string().into_bytes(),
    };
    let count = match line.dice.below(12) {
        0 => words::integer(line.dice),
        n => (n as i64 - 3).to_string().into_bytes(),
    };
    line.option("LIMIT").word(offset).word(count)
}

fn zrange(line: Line<'_>, returns: bool) -> Line<'_> {
    let by = line.dice.below(3);
    let line = match by {
        0 => ranks(line.key()),
        1 => scores(line.key()).option("BYSCORE"),
        _ => lexes(lex_key(line)).option("BYLEX"),
    };
    line.maybe(2, |line| line.option("REV"))
        .maybe(3, move |line| if by == 0 && !line.dice.one_in(8) { line } else { limit(line) })
        .maybe(3, move |line| {
            if returns && (by != 2 || line.dice.one_in(10)) {
                line.option("WITHSCORES")
            } else {
                line
            }
        })
}

/// A number of keys, and mostly as many.
fn counted(line: Line<'_>) -> Line<'_> {
    let keys = 1 + line.dice.below(3);
    let number = match line.dice.below(25) {
        0 => line.dice.pick(&["0", "-1", "x", "9", "9223372036854775807"]).as_bytes().to_vec(),
        _ => keys.to_string().into_bytes(),
    };
    line.word(number).keys(keys, keys)
}

fn combine(line: Line<'_>, weighs: bool) -> Line<'_> {
    let line = counted(line);
    if !weighs && !line.dice.one_in(15) {
        return line;
    }
    line.maybe(3, move |mut line| {
        line = line.option("WEIGHTS");
        for _ in 0..1 + line.dice.below(3) {
            let weight = match line.dice.below(4) {
                0 => score(line.dice),
                n => n.to_string().into_bytes(),
            };
            line = line.word(weight);
        }
        line
    })
    .maybe(3, |line| {
        let how = *line.dice.pick(&[&"SUM", &"MIN", &"MAX", &"AVG"]);
        line.option("AGGREGATE").option(how)
    })
}

fn zmpop(dice: &mut Dice) -> Words {
    let line = counted(Line::new(dice, "ZMPOP"));
    let end = *line.dice.pick(&[&"MIN", &"MAX", &"MIN", &"MAX", &"MID"]);
    line.option(end).maybe(2, |line| count(line.option("COUNT"))).end()
}

fn zrandmember(dice: &mut Dice) -> Words {
    let line = Line::new(dice, "ZRANDMEMBER").key();
    if line.dice.one_in(4) {
        return line.end();
    }
    let count = match line.dice.below(10) {
        0 => line
            .dice
            .pick(&["x", "-9223372036854775808", "9223372036854775807"])
            .as_bytes()
            .to_vec(),
        _ => (line.dice.below(40) as i64 - 20).to_string().into_bytes(),
    };
    line.word(count).maybe(2, |line| line.option("WITHSCORES")).end()
}

/// A whole iteration: the harness follows the cursor.
fn zscan(line: Line<'_>, dialect: Dialect) -> Words {
    let cursor = if line.dice.one_in(20) { "x" } else { "0" };
    line.key()
        .word(cursor)
        .some(|line| match line.dice.below(3) {
            0 => {
                let pattern = *line.dice.pick(&[&"m*", &"*1*", &"*", &"[0-9]*", &"nomatch"]);
                line.option("MATCH").word(pattern)
            }
            1 if dialect >= Dialect::Valkey9 => line.option("NOSCORES"),
            _ => {
                let count = *line.dice.pick(&[&"1", &"10", &"1000", &"0", &"x"]);
                line.option("COUNT").word(count)
            }
        })
        .end()
}
