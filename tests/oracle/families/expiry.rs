//! Expiry: EXPIRE and its three kin with their conditions, and the commands that read it back.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, _: Dialect) -> Words {
    let name = dice.weighted(&[
        (6, "SET"),
        (8, "EXPIRE"),
        (8, "PEXPIRE"),
        (8, "EXPIREAT"),
        (8, "PEXPIREAT"),
        (5, "TTL"),
        (5, "PTTL"),
        (5, "EXPIRETIME"),
        (5, "PEXPIRETIME"),
        (5, "PERSIST"),
        (2, "GET"),
        (1, "RENAME"),
        (1, "COPY"),
    ]);
    let number: fn(&mut Dice) -> Vec<u8> = match name {
        "EXPIRE" => words::seconds,
        "PEXPIRE" => words::milliseconds,
        "EXPIREAT" => words::unix_seconds,
        "PEXPIREAT" => words::unix_milliseconds,
        "SET" => return Line::new(dice, name).key().value().end(),
        "RENAME" | "COPY" => return Line::new(dice, name).keys(2, 2).end(),
        _ => return Line::new(dice, name).key().end(),
    };
    let line = Line::new(dice, name).key();
    let number = number(line.dice);
    line.word(number)
        .some(|line| {
            let condition =
                line.dice.pick(&["NX", "XX", "GT", "LT", "NX", "XX", "GT", "LT", "nope"]);
            line.option(condition)
        })
        .end()
}
