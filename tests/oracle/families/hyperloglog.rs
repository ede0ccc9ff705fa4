//! HyperLogLog: PFADD, PFCOUNT, PFMERGE, and strings that are none or hardly one.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{Line, Words};

pub(crate) fn next(dice: &mut Dice, _: Dialect) -> Words {
    let name = dice.weighted(&[
        (24, "PFADD"),
        (14, "PFCOUNT"),
        (12, "PFMERGE"),
        (10, "PFDEBUG"),
        (5, "SET"),
        (4, "SETRANGE"),
        (3, "APPEND"),
        (5, "GET"),
        (2, "STRLEN"),
        (3, "DEL"),
        (2, "COPY"),
        (3, "OBJECT"),
        (1, "EXPIRE"),
        (1, "TTL"),
        (1, "CONFIG"),
    ]);
    let line = Line::new(dice, name);
    match name {
        "PFADD" => {
            let most = line.dice.weighted(&[(2, 1), (12, 4), (3, 60), (1, 900)]);
            let (count, range) = (line.dice.below(most), [6, 300, 20_000][line.dice.below(3)]);
            if line.dice.one_in(8) {
                let element = format!("e{}", line.dice.below(range));
                return damaged(line).word(element).end();
            }
            let mut line = line.key();
            for _ in 0..count {
                let element = format!("e{}", line.dice.below(range));
                line = line.word(element);
            }
            line.maybe(8, Line::value).end()
        }
        "PFCOUNT" => {
            let most = line.dice.weighted(&[(6, 1), (3, 3)]);
            line.keys(1, most).maybe(8, damaged).end()
        }
        "PFMERGE" => line.keys(1, 4).maybe(8, damaged).end(),
        "PFDEBUG" => {
            let about = line.dice.weighted(&[
                (8, "DECODE"),
                (4, "ENCODING"),
                (1, "GETREG"),
                (2, "TODENSE"),
                (1, "X"),
            ]);
            let line = line.option(about);
            if line.dice.one_in(5) { damaged(line).end() } else { line.key().end() }
        }
        "SET" => {
            let sound = !line.dice.one_in(3);
            let value = sketch(line.dice, sound);
            if sound { line.key() } else { damaged(line) }.word(value).end()
        }
        // Behind the header are registers; in it, what makes it a sketch at all.
        "SETRANGE" => {
            let header = line.dice.one_in(2);
            let at = if header { line.dice.below(16) } else { 16 + line.dice.below(40) };
            let byte = [line.dice.next() as u8];
            if header { line.key() } else { damaged(line) }.word(at.to_string()).word(byte).end()
        }
        "APPEND" => {
            // Not the first byte of two: servers read the second past the end.
            let byte = [line.dice.next() as u8 | 0x80];
            damaged(line).word(byte).end()
        }
        "COPY" => line.keys(2, 2).option("REPLACE").end(),
        "OBJECT" => line.option("ENCODING").key().end(),
        "EXPIRE" => line.key().word("100000").end(),
        "CONFIG" => {
            let limit = line.dice.pick(&["3000", "3000", "100", "30", "500", "0", "16000"]);
            line.option("SET").word("hll-sparse-max-bytes").word(limit).end()
        }
        _ => line.key().end(),
    }
}

/// A key whose sketch may have registers that cannot be read. It is given one element at a time: of
/// several, Redis keeps those before the one that fails, and Danio none.
fn damaged(line: Line<'_>) -> Line<'_> {
    let key = line.dice.pick(&["damaged", "spoilt"]);
    line.word(key)
}

/// A sparse sketch as a client might have kept it, or one that no server made.
fn sketch(dice: &mut Dice, sound: bool) -> Vec<u8> {
    let mut bytes = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
    if dice.one_in(6) {
        let at = dice.below(bytes.len());
        bytes[at] = dice.next() as u8;
    }
    // Redis calls a string `raw` that a command opened even if it then refused it: what is not sound
    // is so long that it is `raw` from the start.
    let (most, longest) = if sound && dice.one_in(2) { (20, 9000) } else { (64, 300) };
    let mut left = 16384;
    while left > 0 {
        let run = match dice.below(4) {
            0 if left > 64 => {
                let len = 1 + dice.below(left.min(longest));
                bytes.extend([0x40 | ((len - 1) >> 8) as u8, (len - 1) as u8]);
                len
            }
            1 => {
                let len = 1 + dice.below(left.min(64));
                bytes.push((len - 1) as u8);
                len
            }
            _ => {
                let len = 1 + dice.below(left.min(4));
                bytes.push(0x80 | (dice.below(32) << 2 | (len - 1)) as u8);
                len
            }
        };
        left -= run;
        if bytes.len() > most && left > 0 {
            bytes.extend([0x40 | ((left - 1) >> 8) as u8, (left - 1) as u8]);
            break;
        }
    }
    if !sound {
        match dice.below(3) {
            0 => bytes.truncate(50 + dice.below(bytes.len() - 50)),
            1 => bytes.push(dice.next() as u8),
            _ => {
                let at = 16 + dice.below(bytes.len() - 16);
                bytes[at] = dice.next() as u8;
            }
        }
        bytes.push(0x80);
    }
    bytes
}
