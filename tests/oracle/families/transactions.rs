//! Transactions: MULTI, EXEC, DISCARD and WATCH, with commands of strings and keys between them, and
//! another connection that meddles.

use super::{Dialect, OTHER, keys, strings};
use crate::dice::Dice;
use crate::words::{Line, Words};

pub(crate) fn next(dice: &mut Dice, dialect: Dialect) -> Words {
    let name = dice.weighted(&[
        (6, "MULTI"),
        (7, "EXEC"),
        (1, "DISCARD"),
        (5, "WATCH"),
        (1, "UNWATCH"),
        (1, "SELECT"),
        (4, "strings"),
        (4, "keys"),
        (5, "other"),
    ]);
    match name {
        "WATCH" => Line::new(dice, name).keys(1, 3).end(),
        "SELECT" => {
            let db = dice.pick(&["0", "0", "1"]);
            Line::new(dice, name).word(db).end()
        }
        "strings" => strings::next(dice, dialect),
        "keys" => keys::next(dice, dialect),
        "other" => {
            let mut words = vec![OTHER.to_vec()];
            words.extend(match dice.one_in(3) {
                true => keys::next(dice, dialect),
                false => strings::next(dice, dialect),
            });
            // Counting keys and going through them wants more than one command; see the player.
            if matches!(words[1].to_ascii_uppercase().as_slice(), b"DBSIZE" | b"SCAN") {
                return vec![OTHER.to_vec(), b"PING".to_vec()];
            }
            words
        }
        _ => Line::new(dice, name).end(),
    }
}
