//! Lists: both ends, indexes, edits in the middle, and the encodings at low limits.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, _: Dialect) -> Words {
    let name = dice.weighted(&[
        (12, "RPUSH"),
        (12, "LPUSH"),
        (3, "LPUSHX"),
        (3, "RPUSHX"),
        (6, "LPOP"),
        (6, "RPOP"),
        (4, "LLEN"),
        (6, "LINDEX"),
        (8, "LSET"),
        (10, "LINSERT"),
        (6, "LRANGE"),
        (4, "LTRIM"),
        (6, "LREM"),
        (8, "LPOS"),
        (8, "LMOVE"),
        (3, "RPOPLPUSH"),
        (5, "LMPOP"),
        (10, "OBJECT"),
        (2, "CONFIG"),
        (2, "DEL"),
    ]);
    let line = Line::new(dice, name);
    match name {
        "RPUSH" | "LPUSH" | "LPUSHX" | "RPUSHX" => elements(line.key()).end(),
        "LPOP" | "RPOP" => line.key().maybe(2, count).maybe(40, count).end(),
        "LINDEX" => index(line.key()).end(),
        // Valkey 9 takes the low half of LSET's index for the whole, and then changes something.
        "LSET" => {
            let line = line.key();
            let index = narrow(line.dice, index_word);
            element(line.word(index)).end()
        }
        "LINSERT" => {
            let line = line.key();
            let side = line.dice.weighted(&[(8, "BEFORE"), (8, "AFTER"), (1, "BESIDE")]);
            element(element(line.option(side))).end()
        }
        "LRANGE" | "LTRIM" => index(index(line.key())).end(),
        // Redis 7.0 takes the count that has no opposite.
        "LREM" => {
            let line = line.key();
            let count = narrow(line.dice, count_word);
            element(line.word(count)).end()
        }
        "LPOS" => element(line.key())
            .some(|line| match line.dice.below(3) {
                0 => count(line.option("RANK")),
                1 => count(line.option("COUNT")),
                _ => count(line.option("MAXLEN")),
            })
            .end(),
        "LMOVE" => side(side(line.key().key())).end(),
        "RPOPLPUSH" => line.key().key().end(),
        "LMPOP" => lmpop(line),
        "OBJECT" => line.option("ENCODING").key().end(),
        "CONFIG" => {
            let size = line.dice.weighted(&[
                (6, "-2"),
                (1, "-1"),
                (1, "-5"),
                (2, "0"),
                (2, "1"),
                (3, "2"),
                (3, "3"),
                (3, "5"),
                (3, "16"),
                (1, "128"),
            ]);
            line.option("SET").option("list-max-listpack-size").word(size).end()
        }
        _ => line.key().end(),
    }
}

/// One of a few strings, so that they are found again; numbers at the edges of their spellings; now
/// and then one that takes a node, or does not fit any.
fn element(line: Line<'_>) -> Line<'_> {
    let word = match line.dice.below(40) {
        0..18 => vec![b'a' + line.dice.below(5) as u8],
        18..28 => (line.dice.below(8) as i64 - 3).to_string().into_bytes(),
        28..31 => words::integer(line.dice),
        31..34 => words::value(line.dice),
        34..37 => vec![b'm'; 10 + line.dice.below(120)],
        37 => vec![b'n'; 1000 + line.dice.below(4000)],
        38 => vec![b'o'; 8100 + line.dice.below(120)],
        _ => Vec::new(),
    };
    line.word(word)
}

fn elements(mut line: Line<'_>) -> Line<'_> {
    for _ in 0..1 + line.dice.weighted(&[(8, 0), (4, 1), (3, 3), (1, 12)]) {
        line = element(line);
    }
    line
}

fn index(line: Line<'_>) -> Line<'_> {
    let index = index_word(line.dice);
    line.word(index)
}

fn index_word(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => words::integer(dice),
        _ => (dice.below(24) as i64 - 12).to_string().into_bytes(),
    }
}

fn count(line: Line<'_>) -> Line<'_> {
    let count = count_word(line.dice);
    line.word(count)
}

fn count_word(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => words::integer(dice),
        _ => (dice.below(9) as i64 - 3).to_string().into_bytes(),
    }
}

/// A word that is no number of more than 32 bits.
fn narrow(dice: &mut Dice, word: fn(&mut Dice) -> Vec<u8>) -> Vec<u8> {
    loop {
        let word = word(dice);
        let number = std::str::from_utf8(&word).ok().and_then(|word| word.parse::<i64>().ok());
        if number.is_none_or(|number| i32::try_from(number).is_ok()) {
            return word;
        }
    }
}

fn side(line: Line<'_>) -> Line<'_> {
    let side = line.dice.weighted(&[(8, "LEFT"), (8, "RIGHT"), (1, "UP")]);
    line.option(side)
}

fn lmpop(line: Line<'_>) -> Words {
    let keys = 1 + line.dice.below(3);
    let line = match line.dice.below(15) {
        0 => line.integer(),
        _ => line.word(keys.to_string()),
    };
    side(line.keys(keys, keys)).some(|line| count(line.option("COUNT"))).end()
}
