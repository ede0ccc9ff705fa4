//! Sets: small enough that every encoding and every conversion comes up, with thresholds that are
//! lowered and raised on the way.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    let name = dice.weighted(&[
        (30, "SADD"),
        (10, "SREM"),
        (5, "SISMEMBER"),
        (4, "SMISMEMBER"),
        (6, "SMEMBERS"),
        (5, "SCARD"),
        (4, "SPOP"),
        (5, "SRANDMEMBER"),
        (6, "SMOVE"),
        (5, "SINTER"),
        (5, "SINTERCARD"),
        (4, "SINTERSTORE"),
        (5, "SUNION"),
        (4, "SUNIONSTORE"),
        (5, "SDIFF"),
        (4, "SDIFFSTORE"),
        (5, "SSCAN"),
        (8, "OBJECT"),
        (2, "COPY"),
        (1, "CONFIG"),
    ]);
    match name {
        "SADD" => some_members(dice, name, 8),
        "SREM" | "SMISMEMBER" => some_members(dice, name, 4),
        "SISMEMBER" => some_members(dice, name, 1),
        "SPOP" => pop(dice),
        "SRANDMEMBER" => pick(dice),
        "SMOVE" => {
            let member = member(dice);
            Line::new(dice, name).keys(2, 2).word(member).end()
        }
        "SINTER" | "SUNION" | "SDIFF" => Line::new(dice, name).keys(1, 6).end(),
        "SINTERSTORE" | "SUNIONSTORE" | "SDIFFSTORE" => Line::new(dice, name).keys(2, 6).end(),
        "SINTERCARD" => intersection_card(dice),
        "SSCAN" => scan(dice),
        "OBJECT" => Line::new(dice, name).option("ENCODING").key().end(),
        "COPY" => Line::new(dice, name).keys(2, 2).some(|line| line.option("REPLACE")).end(),
        "CONFIG" => threshold(dice, dialect),
        _ => Line::new(dice, name).key().end(),
    }
}

/// Integers of every width, words, what only looks like a number; few enough that sets meet.
fn member(dice: &mut Dice) -> Vec<u8> {
    match dice.below(24) {
        0..10 => dice.below(14).to_string().into_bytes(),
        10..16 => vec![b'a' + dice.below(12) as u8],
        16 => (dice.below(80_000) as i64 - 40_000).to_string().into_bytes(),
        17 => dice
            .pick(&[
                "-32768",
                "32768",
                "2147483648",
                "-2147483649",
                "9223372036854775807",
                "-9223372036854775808",
            ])
            .as_bytes()
            .to_vec(),
        18 => dice
            .pick(&["", "01", "-0", "+1", "1.0", " 1", "9223372036854775808"])
            .as_bytes()
            .to_vec(),
        19 => vec![b'x'; 60 + dice.below(10)],
        20 => vec![b'y'; dice.below(8)],
        _ => words::value(dice),
    }
}

fn some_members(dice: &mut Dice, name: &str, most: usize) -> Words {
    let mut line = Line::new(dice, name).key();
    for _ in 0..1 + line.dice.below(most) {
        let member = member(line.dice);
        line = line.word(member);
    }
    line.end()
}

/// Chance decides what goes, so that servers differ ever after; only what leaves no choice is popped.
fn pop(dice: &mut Dice) -> Words {
    let count = dice.pick(&["1000", "0", "-1", "x", "4294967296", "9223372036854775808", ""]);
    Line::new(dice, "SPOP").key().option(count).end()
}

fn pick(dice: &mut Dice) -> Words {
    let counts =
        ["1000", "0", "2", "-3", "-1", "x", "9223372036854775807", "-9223372036854775808", "1"];
    let count = dice.pick(&counts);
    Line::new(dice, "SRANDMEMBER").key().maybe(2, |line| line.option(count)).end()
}

fn intersection_card(dice: &mut Dice) -> Words {
    let keys = 1 + dice.below(4);
    let count = match dice.below(12) {
        0 => words::integer(dice),
        _ => keys.to_string().into_bytes(),
    };
    Line::new(dice, "SINTERCARD")
        .word(count)
        .keys(keys, keys)
        .some(|line| {
            let limit = match line.dice.below(5) {
                0 => words::integer(line.dice),
                _ => line.dice.below(4).to_string().into_bytes(),
            };
            line.option("LIMIT").word(limit)
        })
        .end()
}

fn scan(dice: &mut Dice) -> Words {
    let cursor = if dice.one_in(10) { "x" } else { "0" };
    Line::new(dice, "SSCAN")
        .key()
        .option(cursor)
        .some(|line| match line.dice.below(6) {
            0 => line.option("MATCH").option("*"),
            1 => line.option("MATCH").option("[0-9]*"),
            2 => line.option("COUNT").integer(),
            // All at once: how many come at a time is each server's own.
            _ => line.option("COUNT").option("1000"),
        })
        .end()
}

/// Integers may be as many in an array as members in a pack, or more: otherwise a set's encoding
/// depends on the order in which members came, and that is each server's own.
fn threshold(dice: &mut Dice, dialect: Dialect) -> Words {
    let sizes = ["0", "1", "3", "5", "8", "64", "128", "512"];
    let ints = dice.below(sizes.len());
    let mut words = vec!["CONFIG", "SET", "set-max-intset-entries", sizes[ints]];
    // Redis 7.0 packs no sets.
    if dialect >= Dialect::Valkey9 {
        words.extend(["set-max-listpack-entries", sizes[dice.below(ints + 1)]]);
        words.extend(["set-max-listpack-value", dice.pick(&sizes)]);
    }
    words.into_iter().map(|word| word.as_bytes().to_vec()).collect()
}
