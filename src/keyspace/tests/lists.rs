//! Commands of lists whose record is replayed.

use proptest::prelude::*;

/// A command on a list, of few elements.
pub(super) fn command() -> impl Strategy<Value = Vec<String>> {
    const LINES: [&str; 22] = [
        "LPUSH k e e e",
        "RPUSH k e e",
        "RPUSH k long e",
        "LPUSHX k e",
        "RPUSHX k e",
        "LPOP k",
        "RPOP k",
        "LPOP k n",
        "RPOP k n",
        "LSET k n e",
        "LINSERT k BEFORE e e",
        "LINSERT k AFTER e e",
        "LREM k n e",
        "LTRIM k n n",
        "LMOVE k k LEFT RIGHT",
        "LMOVEM k k LEFT LEFT COUNT n OBO",
        "LMOVEM k k LEFT RIGHT EXACTLY n BULK",
        "LMOVEM k k RIGHT RIGHT COUNT n BULK",
        "LMOVEM k k RIGHT LEFT EXACTLY n OBO",
        "LMOVE k k RIGHT RIGHT",
        "RPOPLPUSH k k",
        "LMPOP 2 k k RIGHT COUNT n",
    ];
    let draws = proptest::collection::vec(0..1000_usize, 6);
    (0..LINES.len(), draws).prop_map(|(line, draws)| {
        let mut draws = draws.into_iter();
        let mut draw = |n: usize| draws.next().map_or(0, |draw| draw % n);
        let word = |word: &str| match word {
            "k" => ["l", "l", "m", "a"][draw(4)].to_owned(),
            "e" => ["1", "x", "", "-5000"][draw(4)].to_owned(),
            "n" => (draw(8) as i64 - 3).to_string(),
            // Moves a list out of its entry.
            "long" => "l".repeat(500 + draw(100)),
            other => other.to_owned(),
        };
        LINES[line].split(' ').map(word).collect()
    })
}
