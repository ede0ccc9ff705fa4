//! Strings: SET and its options, ranges, numbers, LCS.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    let name = dice.weighted(&[
        (20, "SET"),
        (10, "GET"),
        (4, "SETNX"),
        (3, "SETEX"),
        (3, "PSETEX"),
        (3, "GETSET"),
        (3, "GETDEL"),
        (6, "GETEX"),
        (4, "MGET"),
        (4, "MSET"),
        (3, "MSETNX"),
        (6, "APPEND"),
        (4, "STRLEN"),
        (6, "GETRANGE"),
        (2, "SUBSTR"),
        (6, "SETRANGE"),
        (4, "INCR"),
        (4, "DECR"),
        (6, "INCRBY"),
        (6, "DECRBY"),
        (8, "INCRBYFLOAT"),
        (4, "LCS"),
        (4, "MSETEX"),
        (3, "DELIFEQ"),
        (6, "OBJECT"),
    ]);
    let line = |dice| Line::new(dice, name);
    match name {
        "SET" => set(dice, dialect),
        "SETNX" | "GETSET" | "APPEND" => line(dice).key().value().end(),
        "SETEX" => expiring(dice, name, words::seconds).value().end(),
        "PSETEX" => expiring(dice, name, words::milliseconds).value().end(),
        "GETEX" => line(dice).key().some(|line| expiry(line, "PERSIST")).end(),
        "MGET" => line(dice).keys(1, 8).end(),
        "MSET" | "MSETNX" => pairs(line(dice)).end(),
        "GETRANGE" | "SUBSTR" => line(dice).key().integer().integer().end(),
        "SETRANGE" => {
            let offset = offset(dice);
            line(dice).key().word(offset).value().end()
        }
        "INCRBY" | "DECRBY" => line(dice).key().integer().end(),
        "INCRBYFLOAT" => line(dice).key().float().end(),
        "LCS" => lcs(dice),
        "MSETEX" | "DELIFEQ" if dialect < Dialect::Valkey9 => Line::new(dice, "GET").key().end(),
        "MSETEX" => msetex(dice),
        "DELIFEQ" => line(dice).key().value().end(),
        "OBJECT" => line(dice).option("ENCODING").key().end(),
        _ => line(dice).key().end(),
    }
}

fn set(dice: &mut Dice, dialect: Dialect) -> Words {
    Line::new(dice, "SET")
        .key()
        .value()
        .some(|line| match line.dice.below(10) {
            0 | 1 => line.option("NX"),
            2 | 3 => line.option("XX"),
            4 | 5 => line.option("GET"),
            6 if dialect >= Dialect::Valkey9 => line.option("IFEQ").value(),
            _ => expiry(line, "KEEPTTL"),
        })
        .end()
}

/// One of the four ways to say when, or the word that needs no number; now and then cut short.
fn expiry<'d>(line: Line<'d>, bare: &str) -> Line<'d> {
    let (option, number): (_, fn(&mut Dice) -> Vec<u8>) = match line.dice.below(6) {
        0 => ("EX", words::seconds),
        1 => ("PX", words::milliseconds),
        2 => ("EXAT", words::unix_seconds),
        3 => ("PXAT", words::unix_milliseconds),
        _ => return line.option(bare),
    };
    let line = line.option(option);
    if line.dice.one_in(25) {
        return line;
    }
    let number = number(line.dice);
    line.word(number)
}

fn expiring<'d>(dice: &'d mut Dice, name: &str, number: fn(&mut Dice) -> Vec<u8>) -> Line<'d> {
    let line = Line::new(dice, name).key();
    let number = number(line.dice);
    line.word(number)
}

fn pairs(mut line: Line<'_>) -> Line<'_> {
    for _ in 0..1 + line.dice.below(4) {
        line = line.key().value();
    }
    line.maybe(12, Line::key)
}

fn msetex(dice: &mut Dice) -> Words {
    let pairs = 1 + dice.below(3);
    let count = match dice.below(12) {
        0 => words::integer(dice),
        _ => pairs.to_string().into_bytes(),
    };
    let mut line = Line::new(dice, "MSETEX").word(count);
    for _ in 0..pairs {
        line = line.key().value();
    }
    line.some(|line| match line.dice.below(5) {
        0 => line.option("NX"),
        1 => line.option("XX"),
        _ => expiry(line, "KEEPTTL"),
    })
    .end()
}

/// Small, or beyond what a string may hold; never one that takes the memory.
fn offset(dice: &mut Dice) -> Vec<u8> {
    match dice.below(8) {
        0 => dice
            .pick(&[
                "-1",
                "-9223372036854775808",
                "536870912",
                "4294967295",
                "9223372036854775807",
                "x",
                "",
                "1.0",
            ])
            .as_bytes()
            .to_vec(),
        _ => dice.below(120).to_string().into_bytes(),
    }
}

fn lcs(dice: &mut Dice) -> Words {
    Line::new(dice, "LCS")
        .keys(2, 2)
        .some(|line| match line.dice.below(4) {
            0 => line.option("LEN"),
            1 => line.option("IDX"),
            2 => line.option("WITHMATCHLEN"),
            _ => line.option("MINMATCHLEN").integer(),
        })
        .end()
}
