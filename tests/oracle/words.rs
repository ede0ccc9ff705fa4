//! What commands are made of: few keys, so that they collide, and values at the edges.

use crate::dice::Dice;

/// The words of one command.
pub(crate) type Words = Vec<Vec<u8>>;

/// Builds a command word by word.
#[derive(Debug)]
pub(crate) struct Line<'d> {
    pub dice: &'d mut Dice,
    words: Words,
}

impl<'d> Line<'d> {
    /// Starts with the command's name, now and then in odd case.
    pub(crate) fn new(dice: &'d mut Dice, name: &str) -> Line<'d> {
        Line { dice, words: Vec::new() }.option(name)
    }

    pub(crate) fn word(mut self, word: impl AsRef<[u8]>) -> Self {
        self.words.push(word.as_ref().to_vec());
        self
    }

    /// A name or an option: Redis takes either case.
    pub(crate) fn option(self, word: &str) -> Self {
        let word = match self.dice.below(8) {
            0 => word.to_ascii_lowercase(),
            1 => {
                let mut mixed = String::new();
                for c in word.chars() {
                    mixed.push(if self.dice.one_in(2) { c.to_ascii_lowercase() } else { c });
                }
                mixed
            }
            _ => word.to_owned(),
        };
        self.word(word)
    }

    pub(crate) fn key(self) -> Self {
        let key = key(self.dice);
        self.word(key)
    }

    pub(crate) fn value(self) -> Self {
        let value = value(self.dice);
        self.word(value)
    }

    pub(crate) fn integer(self) -> Self {
        let integer = integer(self.dice);
        self.word(integer)
    }

    pub(crate) fn float(self) -> Self {
        let float = float(self.dice);
        self.word(float)
    }

    /// `low..=high` keys.
    pub(crate) fn keys(mut self, low: usize, high: usize) -> Self {
        for _ in 0..low + self.dice.below(high - low + 1) {
            self = self.key();
        }
        self
    }

    /// Calls `add` with probability 1 in `n`.
    pub(crate) fn maybe(self, n: usize, add: impl FnOnce(Self) -> Self) -> Self {
        if self.dice.one_in(n) { add(self) } else { self }
    }

    /// Calls `add` a few times, so that options repeat and contradict one another.
    pub(crate) fn some(mut self, add: impl Fn(Self) -> Self) -> Self {
        for _ in 0..self.dice.weighted(&[(4, 0), (8, 1), (4, 2), (1, 3)]) {
            self = add(self);
        }
        self
    }

    pub(crate) fn end(self) -> Words {
        self.words
    }
}

const KEYS: &[&[u8]] = &[
    b"a",
    b"b",
    b"c",
    b"k:1",
    b"k:2",
    b"k:10",
    b"{t}1",
    b"{t}2",
    b"1",
    b"",
    b"\0\xff\r\n",
    b"with space",
    b"\xc3\xa4",
];

/// One of a dozen keys.
pub(crate) fn key(dice: &mut Dice) -> Vec<u8> {
    match dice.below(40) {
        0 => vec![b'L'; 70],
        1 => vec![b'l'; 300],
        // Where the key's length decides how the entry is laid out.
        2 => vec![b'm'; 20 + dice.below(4)],
        n => KEYS[n % KEYS.len()].to_vec(),
    }
}

const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "7",
    "10",
    "-10",
    "42",
    "100",
    "9999",
    "10000",
    "-9999",
    "2147483647",
    "2147483648",
    "-2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775806",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999",
];

const NOT_INTEGERS: &[&str] = &[
    "", "+1", "01", "-01", "-0", "+0", "00", " 1", "1 ", "1.0", "1e3", "0x10", "abc", "-", "+",
    "1\0", "١",
];

/// Mostly an integer's text, at the edges of the types; now and then almost one.
pub(crate) fn integer(dice: &mut Dice) -> Vec<u8> {
    match dice.below(10) {
        0 => dice.pick(NOT_INTEGERS).as_bytes().to_vec(),
        1 | 2 => (dice.below(2000) as i64 - 1000).to_string().into_bytes(),
        3 => (dice.next() as i64).to_string().into_bytes(),
        _ => dice.pick(INTEGERS).as_bytes().to_vec(),
    }
}

const FLOATS: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "0.1",
    "0.2",
    "0.3",
    "1.5",
    "-1.5",
    "3.0e3",
    "5.0e-3",
    "1e5",
    "1E5",
    "1e17",
    "1e18",
    "1e21",
    "1e-10",
    "1e-17",
    "1e-18",
    "1e300",
    "-1e300",
    "123456789.123456789",
    "3.14159265358979323846264338327950288",
    "0.30000000000000004",
    "17179869184.000000001",
    ".5",
    "5.",
    "+1.5",
    "0x1p3",
    "0x1.8",
    "inf",
    "-inf",
    "+inf",
    "INFINITY",
    "nan",
    "-nan",
    "NaN(1)",
    "1e5000",
    "-1e5000",
    "1e-5000",
    " 1.5",
    "1.5 ",
    "1,5",
    "1.5.5",
    "e5",
    "",
    "abc",
];

/// A floating-point number's text, or almost one.
pub(crate) fn float(dice: &mut Dice) -> Vec<u8> {
    match dice.below(6) {
        0 => integer(dice),
        1 => format!("{}.{}", dice.below(2000) as i64 - 1000, dice.below(1_000_000)).into_bytes(),
        2 => format!("{}e{}", dice.below(100), dice.below(40) as i64 - 20).into_bytes(),
        _ => dice.pick(FLOATS).as_bytes().to_vec(),
    }
}

/// A value at one of the edges: of integer and text, of embedded and separate, of text and bytes.
pub(crate) fn value(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => Vec::new(),
        1..=3 => integer(dice),
        4 => float(dice),
        5 => vec![b'x'; 40 + dice.below(10)],
        6 => vec![b'y'; dice.below(200)],
        7 => (0..dice.below(30)).map(|_| dice.next() as u8).collect(),
        8 => b"\r\n$3\r\nfoo\r\n".to_vec(),
        9 => vec![b'z'; 120 + dice.below(20)],
        _ => dice
            .pick(&["hallo", "Hello World", "ohmytext", "mynewtext", "foo", "bar"])
            .as_bytes()
            .to_vec(),
    }
}

/// A relative expiry that lies far ahead, drawn widely so that two are hardly ever equal, or one
/// that is refused. None falls due while a sequence runs; [`crate::families`] waits for those.
pub(crate) fn seconds(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => integer_out_of_reach(dice),
        1 => dice.pick(&["0", "-1", "-1000", "-9223372036854775808"]).as_bytes().to_vec(),
        _ => (1000 + dice.below(1_000_000)).to_string().into_bytes(),
    }
}

pub(crate) fn milliseconds(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => integer_out_of_reach(dice),
        1 => dice.pick(&["0", "-1", "-1000", "-9223372036854775808"]).as_bytes().to_vec(),
        _ => (1_000_000 + dice.below(1_000_000_000)).to_string().into_bytes(),
    }
}

/// A point in time in Unix seconds: long past, or decades ahead and often the same one.
pub(crate) fn unix_seconds(dice: &mut Dice) -> Vec<u8> {
    match dice.below(8) {
        0 => integer_out_of_reach(dice),
        1 => dice.pick(&["0", "1", "-1", "1000000000"]).as_bytes().to_vec(),
        _ => dice.pick(&["4102444800", "4102444801", "7258118400"]).as_bytes().to_vec(),
    }
}

pub(crate) fn unix_milliseconds(dice: &mut Dice) -> Vec<u8> {
    match dice.below(8) {
        0 => integer_out_of_reach(dice),
        1 => dice.pick(&["0", "1", "-1", "1000000000000"]).as_bytes().to_vec(),
        _ => dice
            .pick(&["4102444800000", "4102444800001", "4102444800999", "7258118400000"])
            .as_bytes()
            .to_vec(),
    }
}

/// Not an integer, or one that no expiry can be; never one that falls due soon.
fn integer_out_of_reach(dice: &mut Dice) -> Vec<u8> {
    dice.pick(&[
        "",
        "abc",
        "1.5",
        " 100",
        "+100",
        "1e3",
        "9223372036854775807",
        "9223372036854775",
        "9223372036854776",
        "9223370000000000",
        "9223372036854775808",
    ])
    .as_bytes()
    .to_vec()
}

/// A glob pattern over the keys above.
pub(crate) fn pattern(dice: &mut Dice) -> Vec<u8> {
    dice.pick(&[
        "*", "a", "k:*", "k:?", "k:1*", "*1", "[a-c]", "[^a-b]", "[c-a]", "{t}*", "[{]t}?", "\\*",
        "k\\:1", "**", "?", "", "[", "[a", "[^", "\\", "*[0-9]", "*\\", "L*L", "w[i]th *",
        "nomatch",
    ])
    .as_bytes()
    .to_vec()
}
