//! DUMP and RESTORE: payloads of every form that both servers take, and damaged ones.

use super::Dialect;
use crate::dice::Dice;
use crate::dumps::sealed;
use crate::words::{self, Line, Words};

/// Values as Redis 7.0 takes them: a type, and what follows it.
const BODIES: &[&[u8]] = &[
    // Strings: a number, text, compressed.
    b"\x00\xC1\x39\x30",
    b"\x00\x05hello",
    b"\x00\xC3\x09\x40\x64\x01aa\xe0\x57\x00\x01aa",
    // Lists: by element, a ziplist, a quicklist of ziplists, one of listpacks.
    b"\x01\x03\xC0\x05\x01x\x01y",
    b"\x0a\x13\x13\0\0\0\x0f\0\0\0\x03\0\0\x01a\x03\x01b\x03\xF2\xFF",
    b"\x0e\x02\x0f\x0f\0\0\0\x0d\0\0\0\x02\0\0\x01a\x03\xF2\xFF\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\0\x01b\xFF",
    b"\x12\x01\x02\x10\x10\0\0\0\x03\0\x81a\x02\x81b\x02\xC1\x2C\x02\xFF",
    b"\x12\x02\x01\x03big\x02\x0a\x0a\0\0\0\x01\0\x81a\x02\xFF",
    // Sets: members, numbers.
    b"\x02\x03\xC0\x05\x01x\x01y",
    b"\x0b\x0e\x02\0\0\0\x03\0\0\0\x01\0\x02\0\x03\0",
    // Sorted sets: scores as text, as they are, a ziplist, a listpack.
    b"\x03\x03\x01a\x032.5\x01b\xFE\x01c\xFF",
    b"\x05\x02\x01a\0\0\0\0\0\0\xF0\x3F\x01b\0\0\0\0\0\0\xF0\xBF",
    b"\x0c\x16\x16\0\0\0\x10\0\0\0\x04\0\0\x01a\x03\xF2\x02\x01b\x03\x032.5\xFF",
    b"\x11\x1b\x1b\0\0\0\x06\0\x81c\x02\x82-5\x03\x81a\x02\x01\x01\x81b\x02\x832.5\x04\xFF",
    // Hashes: fields, a zipmap, a ziplist, a listpack.
    b"\x04\x02\x01a\xC0\x01\x01b\x01y",
    b"\x09\x14\x02\x01a\x01\x00x\x05hello\x05\x00world\xFF",
    b"\x0d\x14\x14\0\0\0\x10\0\0\0\x04\0\0\x01a\x03\xF2\x02\x01b\x03\x01c\xFF",
    b"\x10\x13\x13\0\0\0\x04\0\x81a\x02\x01\x01\x81b\x02\x82xx\x03\xFF",
    // Nothing, twice the same, and of no type.
    b"\x04\0",
    b"\x02\0",
    b"\x12\0",
    b"\x02\x02\x01x\x01x",
    b"\x08\x01x",
];

/// What Valkey 9 takes besides.
const NEWER: &[&[u8]] = &[
    b"\x14\x0c\x0c\0\0\0\x02\0\x81a\x02\x07\x01\xFF",
    b"\x16\x02\x01a\x01x\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01b\x01y\xFF\xFF\xFF\xFF\xFF\xFF\x00\x00",
];

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    if dice.one_in(4) {
        return Line::new(dice, "DUMP").key().end();
    }
    let newer = dialect >= Dialect::Valkey9 && dice.one_in(4);
    let body: &[u8] = if newer { dice.pick(NEWER) } else { dice.pick(BODIES) };
    let payload = match dice.below(12) {
        // Cut off. With a new checksum other servers would read the checksum as part of the value.
        0 | 1 => body[..dice.below(body.len())].to_vec(),
        2 => sealed(body, 99),
        3 => words::value(dice),
        _ => sealed(body, if newer { 80 } else { *dice.pick(&[&6, &9, &10]) }),
    };
    let ttl = match dice.below(6) {
        // Not so short that it is over on one server before the other is asked.
        0 => dice.pick(&["100000", "99999999", "9223372036854775807"]).as_bytes().to_vec(),
        1 => dice.pick(&["-1", "x", "", "1.5", "18446744073709551616"]).as_bytes().to_vec(),
        _ => b"0".to_vec(),
    };
    let line = Line::new(dice, "RESTORE").key().word(ttl).word(payload);
    line.maybe(2, |line| line.option("REPLACE"))
        .some(|line| match line.dice.below(5) {
            0 => line.option("ABSTTL"),
            1 => line.option("REPLACE"),
            2 => {
                let seconds = words::integer(line.dice);
                line.option("IDLETIME").word(seconds)
            }
            3 => {
                let frequency = line.dice.pick(&["0", "5", "255", "256", "-1", "x"]).to_owned();
                line.option("FREQ").word(frequency)
            }
            _ => line.option("NOPE"),
        })
        .end()
}
