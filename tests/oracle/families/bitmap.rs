//! Strings as arrays of bits: SETBIT, BITCOUNT, BITPOS, BITOP, BITFIELD.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    let name = dice.weighted(&[
        (12, "SETBIT"),
        (8, "GETBIT"),
        (10, "BITCOUNT"),
        (12, "BITPOS"),
        (10, "BITOP"),
        (16, "BITFIELD"),
        (5, "BITFIELD_RO"),
        (6, "SET"),
        (2, "GET"),
        (2, "APPEND"),
        (2, "SETRANGE"),
        (2, "DEL"),
        (4, "OBJECT"),
    ]);
    let line = Line::new(dice, name);
    match name {
        "SETBIT" => {
            let (offset, bit) = (offset(line.dice), bit(line.dice));
            line.key().word(offset).word(bit).end()
        }
        "GETBIT" => {
            let offset = match line.dice.one_in(8) {
                true => words::integer(line.dice),
                false => offset(line.dice),
            };
            line.key().word(offset).end()
        }
        "BITCOUNT" => {
            let line = line.key();
            // Redis 7.0 wants an end with every start, and a key before both.
            match dialect {
                Dialect::Redis7 if line.dice.one_in(3) => line.end(),
                Dialect::Redis7 => range(line, 2).end(),
                Dialect::Valkey9 => some_range(line).end(),
            }
        }
        "BITPOS" => {
            let line = line.key();
            let bit = bit(line.dice);
            some_range(line.word(bit)).end()
        }
        "BITOP" => {
            let op = line.dice.pick(&["AND", "OR", "XOR", "NOT", "AND", "OR", "XOR", "NAND"]);
            let sources = line.dice.weighted(&[(4, 1), (6, 2), (4, 3), (2, 8)]);
            line.option(op).key().keys(1, sources).end()
        }
        "BITFIELD" => steps(line, true).end(),
        "BITFIELD_RO" => steps(line, false).end(),
        "SET" => {
            let value = string(line.dice);
            line.key().word(value).end()
        }
        "APPEND" => line.key().value().end(),
        "SETRANGE" => {
            let at = line.dice.below(100).to_string();
            line.key().word(at).value().end()
        }
        "OBJECT" => line.option("ENCODING").key().end(),
        _ => line.key().end(),
    }
}

/// A bit's number that no server spends much memory on.
fn offset(dice: &mut Dice) -> Vec<u8> {
    let wrong = ["-1", "4294967296", "9223372036854775807", "-9223372036854775808", "x", "", "1.0"];
    match dice.below(12) {
        0 => dice.pick(&wrong).as_bytes().to_vec(),
        1 => (8000 + dice.below(300)).to_string().into_bytes(),
        2..=6 => dice.below(24).to_string().into_bytes(),
        _ => dice.below(900).to_string().into_bytes(),
    }
}

fn bit(dice: &mut Dice) -> Vec<u8> {
    match dice.below(14) {
        0 => dice.pick(&["2", "-1", "x", "", "01", "9223372036854775808"]).as_bytes().to_vec(),
        n => (n % 2).to_string().into_bytes(),
    }
}

/// Long runs of the same bits, or anything.
fn string(dice: &mut Dice) -> Vec<u8> {
    match dice.below(4) {
        0 => words::value(dice),
        _ => {
            let mut bytes = Vec::new();
            for _ in 0..1 + dice.below(3) {
                let byte = *dice.pick(&[&0_u8, &0xFF, &0x0F, &0x80, &0xFE, &0x55]);
                let len = dice.weighted(&[(6, 4), (3, 40), (1, 600)]);
                bytes.resize(bytes.len() + dice.below(len), byte);
            }
            bytes
        }
    }
}

fn some_range(line: Line<'_>) -> Line<'_> {
    let ends = line.dice.weighted(&[(3, 0), (4, 1), (8, 2)]);
    range(line, ends)
}

/// A start, or a start and an end, now and then with a unit and more.
fn range(mut line: Line<'_>, ends: usize) -> Line<'_> {
    for _ in 0..ends {
        let at = match line.dice.below(10) {
            0 => words::integer(line.dice),
            1..=3 => (line.dice.below(700) as i64 - 350).to_string().into_bytes(),
            _ => (line.dice.below(40) as i64 - 20).to_string().into_bytes(),
        };
        line = line.word(at);
    }
    if ends < 2 || line.dice.one_in(3) {
        return line;
    }
    let unit = line.dice.pick(&["BIT", "BYTE", "BIT", "BYTE", "BIT", "BITS"]);
    line.option(unit).maybe(20, Line::value)
}

fn steps(line: Line<'_>, writes: bool) -> Line<'_> {
    let mut line = line.key();
    for _ in 0..line.dice.below(5) {
        line = step(line, writes);
    }
    line
}

fn step(line: Line<'_>, writes: bool) -> Line<'_> {
    let what = match writes || line.dice.one_in(12) {
        true => line.dice.weighted(&[(3, "GET"), (4, "SET"), (6, "INCRBY"), (4, "OVERFLOW")]),
        false => "GET",
    };
    let line = line.option(what);
    if what == "OVERFLOW" {
        let how = line.dice.weighted(&[(4, "WRAP"), (6, "SAT"), (6, "FAIL"), (1, "NOPE")]);
        return line.option(how);
    }
    let kind = match line.dice.below(14) {
        0 => *line
            .dice
            .pick(&[&"u64", &"i65", &"u0", &"i0", &"x8", &"", &"u", &"U8", &"u+8", &"i-1"]),
        n => *line.dice.pick(&[&["u8", "i8", "u1", "u63", "i64", "i63", "i1", "u5", "i17"][n % 9]]),
    };
    let offset = match line.dice.below(4) {
        0 => format!("#{}", line.dice.below(12)).into_bytes(),
        1 if line.dice.one_in(8) => line.dice.pick(&["#", "#x", "#-1", "##1"]).as_bytes().to_vec(),
        _ => offset(line.dice),
    };
    let line = line.word(kind).word(offset);
    if what == "GET" { line } else { line.integer() }
}
