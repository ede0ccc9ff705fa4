//! Hashes: fields, numbers in them, encodings at low limits; and fields that expire, where the other
//! server knows them.

use super::{Dialect, WAIT};
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    if dialect >= Dialect::Valkey9 && dice.one_in(3) {
        return expiring(dice);
    }
    let name = dice.weighted(&[
        (20, "HSET"),
        (4, "HMSET"),
        (5, "HSETNX"),
        (6, "HGET"),
        (5, "HMGET"),
        (6, "HGETALL"),
        (10, "HDEL"),
        (4, "HLEN"),
        (4, "HEXISTS"),
        (3, "HKEYS"),
        (3, "HVALS"),
        (4, "HSTRLEN"),
        (7, "HINCRBY"),
        (7, "HINCRBYFLOAT"),
        (5, "HRANDFIELD"),
        (6, "HSCAN"),
        (10, "OBJECT"),
        (3, "CONFIG"),
        (2, "DEL"),
    ]);
    let line = Line::new(dice, name);
    match name {
        "HSET" | "HMSET" => pairs(line.key(), 4).maybe(15, field).end(),
        "HSETNX" => field_value(field(line.key())).end(),
        "HGET" | "HEXISTS" | "HSTRLEN" => field(line.key()).end(),
        "HMGET" | "HDEL" => fields(line.key(), 4).end(),
        "HINCRBY" => field(line.key()).integer().end(),
        "HINCRBYFLOAT" => field(line.key()).float().end(),
        "HRANDFIELD" => pick(line),
        "HSCAN" => scan(line, dialect),
        "OBJECT" => line.option("ENCODING").key().end(),
        "CONFIG" => {
            let names = ["hash-max-listpack-entries", "hash-max-listpack-value"];
            let name = line.dice.pick(&names);
            let value = line.dice.pick(&["0", "1", "2", "5", "8", "64", "128", "512"]);
            line.option("SET").option(name).option(value).end()
        }
        _ => line.key().end(),
    }
}

/// A command about fields that expire.
fn expiring(dice: &mut Dice) -> Words {
    let name = dice.weighted(&[
        (8, "HEXPIRE"),
        (8, "HPEXPIRE"),
        (6, "HEXPIREAT"),
        (6, "HPEXPIREAT"),
        (5, "HTTL"),
        (5, "HPTTL"),
        (4, "HEXPIRETIME"),
        (4, "HPEXPIRETIME"),
        (6, "HPERSIST"),
        (10, "HGETEX"),
        (12, "HSETEX"),
        (5, "HGETDEL"),
    ]);
    let line = Line::new(dice, name).key();
    match name {
        "HEXPIRE" => expire(line, words::seconds),
        "HPEXPIRE" => expire(line, words::milliseconds),
        "HEXPIREAT" => expire(line, words::unix_seconds),
        "HPEXPIREAT" => expire(line, words::unix_milliseconds),
        "HGETEX" => counted(line.maybe(2, |line| expiry(line, "PERSIST")), 1).end(),
        "HSETEX" => {
            let line = line.some(|line| match line.dice.below(8) {
                0 => line.option("NX"),
                1 => line.option("XX"),
                2 => line.option("FNX"),
                3 => line.option("FXX"),
                _ => expiry(line, "KEEPTTL"),
            });
            counted(line, 2).end()
        }
        _ => counted(line, 1).end(),
    }
}

fn expire(line: Line<'_>, number: fn(&mut Dice) -> Vec<u8>) -> Words {
    let number = number(line.dice);
    let line = line.word(number).maybe(2, |line| {
        let condition = line.dice.pick(&["NX", "XX", "GT", "LT", "XX", "GT", "LT", "nope"]);
        line.option(condition).maybe(12, |line| line.option("LT"))
    });
    counted(line, 1).end()
}

/// One of the four ways to say when, or the word that needs no number.
fn expiry<'d>(line: Line<'d>, bare: &str) -> Line<'d> {
    let (option, number): (_, fn(&mut Dice) -> Vec<u8>) = match line.dice.below(6) {
        0 => ("EX", words::seconds),
        1 => ("PX", words::milliseconds),
        2 => ("EXAT", words::unix_seconds),
        3 => ("PXAT", words::unix_milliseconds),
        _ => return line.option(bare),
    };
    let number = number(line.dice);
    line.option(option).word(number)
}

/// `FIELDS`, how many, and so many, each of `words` words; now and then another number.
fn counted(line: Line<'_>, words: usize) -> Line<'_> {
    let count = 1 + line.dice.below(4);
    let said = match line.dice.below(25) {
        // Valkey doubles the number of pairs, and does not mind when that is too much.
        0 if words == 2 => line.dice.pick(&["0", "-1", "x", "", "1000000"]).as_bytes().to_vec(),
        0 => words::integer(line.dice),
        1 => (count + 1).to_string().into_bytes(),
        _ => count.to_string().into_bytes(),
    };
    let mut line = line.option("FIELDS").word(said);
    for _ in 0..count {
        line = field(line);
        if words == 2 {
            line = field_value(line);
        }
    }
    line
}

/// Few names, so that they meet; now and then anything.
fn field(line: Line<'_>) -> Line<'_> {
    let field = match line.dice.below(24) {
        0 => words::value(line.dice),
        1 => vec![b'f'; 60 + line.dice.below(10)],
        2 => b"FIELDS".to_vec(),
        3..=8 => line.dice.below(12).to_string().into_bytes(),
        _ => format!("f{}", line.dice.below(12)).into_bytes(),
    };
    line.word(field)
}

fn fields(mut line: Line<'_>, most: usize) -> Line<'_> {
    for _ in 0..1 + line.dice.below(most) {
        line = field(line);
    }
    line
}

fn field_value(line: Line<'_>) -> Line<'_> {
    if line.dice.one_in(2) { line.value() } else { line.integer() }
}

fn pairs(mut line: Line<'_>, most: usize) -> Line<'_> {
    for _ in 0..1 + line.dice.below(most) {
        line = field_value(field(line));
    }
    line
}

fn pick(line: Line<'_>) -> Words {
    let counts =
        ["1000", "0", "2", "-3", "-1", "x", "9223372036854775807", "-9223372036854775808", "1"];
    let count = line.dice.pick(&counts);
    line.key()
        .maybe(2, |line| {
            let line = line.option(count);
            line.maybe(2, |line| line.option("WITHVALUES")).maybe(20, |line| line.option("nope"))
        })
        .end()
}

fn scan(line: Line<'_>, dialect: Dialect) -> Words {
    let cursor = if line.dice.one_in(10) { "x" } else { "0" };
    line.key()
        .option(cursor)
        .some(|line| match line.dice.below(6) {
            0 => line.option("MATCH").option("*"),
            1 => line.option("MATCH").option("f*"),
            2 => line.option("COUNT").integer(),
            3 if dialect >= Dialect::Valkey9 => line.option("NOVALUES"),
            _ => line.option("COUNT").option("1000"),
        })
        .end()
}

/// Fields that fall due within the sequence, the wait until the other server has reclaimed them, and
/// what is left.
pub(super) fn short_lived(dice: &mut Dice) -> Vec<Words> {
    let key = words::key(dice);
    let words = |line: &[&[u8]]| {
        let mut words: Words = line.iter().map(|word| word.to_vec()).collect();
        words.insert(1, key.clone());
        words
    };
    let ms = (1 + dice.below(20)).to_string();
    let field = format!("f{}", dice.below(12)).into_bytes();
    let set = match dice.below(3) {
        0 => words(&[b"HPEXPIRE", ms.as_bytes(), b"FIELDS", b"2", &field, b"f1"]),
        1 => words(&[b"HSETEX", b"PX", ms.as_bytes(), b"FIELDS", b"1", &field, b"soon gone"]),
        _ => words(&[b"HGETEX", b"PX", ms.as_bytes(), b"FIELDS", b"2", &field, b"f2"]),
    };
    let mut sequence = vec![set, vec![WAIT.to_vec(), b"400".to_vec()]];
    let asked: [&[&[u8]]; 8] = [
        &[b"HGET", &field],
        &[b"HTTL", b"FIELDS", b"1", &field],
        &[b"HLEN"],
        &[b"HGETALL"],
        &[b"EXISTS"],
        &[b"HSETNX", &field, b"1"],
        &[b"HINCRBY", &field, b"1"],
        &[b"HPERSIST", b"FIELDS", b"2", &field, b"f1"],
    ];
    sequence.extend(asked.map(words));
    sequence
}
