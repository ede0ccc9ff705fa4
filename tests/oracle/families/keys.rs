//! Keys whatever they hold: DEL, RENAME, COPY, MOVE, KEYS, SCAN, databases.

use super::Dialect;
use crate::dice::Dice;
use crate::words::{self, Line, Words};

pub(crate) fn next(dice: &mut Dice, _: Dialect) -> Words {
    let name = dice.weighted(&[
        (8, "SET"),
        (6, "DEL"),
        (3, "UNLINK"),
        (5, "EXISTS"),
        (5, "TYPE"),
        (3, "TOUCH"),
        (6, "RENAME"),
        (6, "RENAMENX"),
        (10, "COPY"),
        (8, "MOVE"),
        (3, "RANDOMKEY"),
        (4, "KEYS"),
        (8, "SCAN"),
        (4, "DBSIZE"),
        (8, "SELECT"),
        (4, "SWAPDB"),
        (1, "FLUSHDB"),
        (1, "FLUSHALL"),
        (8, "OBJECT"),
    ]);
    let line = Line::new(dice, name);
    match name {
        "SET" => line.key().value().end(),
        "DEL" | "UNLINK" | "EXISTS" | "TOUCH" => line.keys(1, 4).end(),
        "TYPE" => line.key().end(),
        "RENAME" | "RENAMENX" => line.keys(2, 2).end(),
        "COPY" => line.keys(2, 2).some(copy_option).end(),
        "MOVE" => {
            let db = database(line.dice);
            line.key().word(db).end()
        }
        "KEYS" => {
            let pattern = words::pattern(line.dice);
            line.word(pattern).end()
        }
        "SCAN" => scan(line),
        "SELECT" => {
            let db = database(line.dice);
            line.word(db).end()
        }
        "SWAPDB" => {
            let (a, b) = (database(line.dice), database(line.dice));
            line.word(a).word(b).end()
        }
        "FLUSHDB" | "FLUSHALL" => {
            line.maybe(3, |line| line.option("ASYNC")).maybe(3, |line| line.option("SYNC")).end()
        }
        "OBJECT" => {
            let about = line
                .dice
                .pick(&["ENCODING", "REFCOUNT", "IDLETIME", "FREQ", "ENCODING", "HELP", "NOPE"]);
            let line = line.option(about);
            if about == "HELP" { line.end() } else { line.key().end() }
        }
        _ => line.end(),
    }
}

fn copy_option(line: Line<'_>) -> Line<'_> {
    if line.dice.one_in(2) {
        return line.option("REPLACE");
    }
    let db = database(line.dice);
    line.option("DB").word(db)
}

/// Mostly one of three databases.
fn database(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => words::integer(dice),
        1 => dice.pick(&["15", "16", "-1", "x"]).as_bytes().to_vec(),
        n => (n % 3).to_string().into_bytes(),
    }
}

/// A whole iteration (the harness follows the cursor), or a cursor that is refused.
fn scan(line: Line<'_>) -> Words {
    let cursor = if line.dice.one_in(15) {
        *line.dice.pick(&[&"x", &"-1", &"", &"1.0", &" 0", &"+0"])
    } else {
        "0"
    };
    line.word(cursor)
        .some(|line| match line.dice.below(3) {
            0 => {
                let pattern = words::pattern(line.dice);
                line.option("MATCH").word(pattern)
            }
            1 => {
                let count = *line.dice.pick(&[&"1", &"2", &"10", &"1000", &"0", &"-1", &"x", &""]);
                line.option("COUNT").word(count)
            }
            _ => {
                let kind = *line.dice.pick(&[&"string", &"STRING", &"list", &"nope", &""]);
                line.option("TYPE").word(kind)
            }
        })
        .end()
}
