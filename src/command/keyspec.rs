//! Where a command's keys are: Redis's key specifications, and the search they stand for.

use bitflags::bitflags;

use super::args::Args;

bitflags! {
    /// What a command does with the keys of one key spec.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct KeyFlags: u16 {
        /// Reads the value.
        const RO = 1;
        /// Changes the value.
        const RW = 1 << 1;
        /// Overwrites the value without regard to what it was.
        const OW = 1 << 2;
        /// Removes the key.
        const RM = 1 << 3;
        /// Returns, copies or uses the user's data.
        const ACCESS = 1 << 4;
        /// Changes data.
        const UPDATE = 1 << 5;
        /// Only adds data.
        const INSERT = 1 << 6;
        /// Removes data.
        const DELETE = 1 << 7;
        /// Is not a key, but is routed like one.
        const NOT_KEY = 1 << 8;
        /// May not find all keys.
        const INCOMPLETE = 1 << 9;
        /// Depends on other arguments.
        const VARIABLE_FLAGS = 1 << 10;
    }
}

impl KeyFlags {
    /// Every flag with its name in `COMMAND INFO`, in its order.
    pub(super) const NAMED: &[(KeyFlags, &str)] = &[
        (KeyFlags::RO, "RO"),
        (KeyFlags::RW, "RW"),
        (KeyFlags::OW, "OW"),
        (KeyFlags::RM, "RM"),
        (KeyFlags::ACCESS, "access"),
        (KeyFlags::UPDATE, "update"),
        (KeyFlags::INSERT, "insert"),
        (KeyFlags::DELETE, "delete"),
        (KeyFlags::NOT_KEY, "not_key"),
        (KeyFlags::INCOMPLETE, "incomplete"),
        (KeyFlags::VARIABLE_FLAGS, "variable_flags"),
    ];
}

/// Where the search for keys begins.
#[derive(Debug, Clone, Copy)]
pub enum Begin {
    /// At this word.
    Index(usize),
    /// Behind this word (any case), where it first stands from word `from` on.
    Keyword {
        /// The word.
        word: &'static str,
        /// Where the search for it begins.
        from: usize,
    },
    /// Behind this option, where it last stands from word `from` on. An option's value is no option.
    Option {
        /// The word.
        word: &'static str,
        /// Where the options begin.
        from: usize,
    },
    /// Where the function says, which clients are not told: nowhere, if the keys are not known before
    /// the command runs.
    Unknown(fn(&Args<'_>) -> Option<usize>),
}

impl Begin {
    /// The word at which the search begins.
    fn position(self, args: &Args<'_>) -> Option<usize> {
        let is = |at: usize, word: &str| args.at(at).eq_ignore_ascii_case(word.as_bytes());
        match self {
            Begin::Index(start) => Some(start),
            Begin::Unknown(find) => find(args),
            Begin::Keyword { word, from } => {
                (from..args.len()).find(|&at| is(at, word)).map(|at| at + 1)
            }
            Begin::Option { word, from } => {
                let (mut at, mut found) = (from, None);
                while at + 1 < args.len() {
                    if is(at, word) {
                        at += 1;
                        found = Some(at);
                    }
                    at += 1;
                }
                found
            }
        }
    }
}

/// Which words from there on are keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Find {
    /// From the first on, every `step`th.
    Range {
        /// The last one, from the first on; negative counts from the end.
        last: i32,
        /// How far apart keys are.
        step: usize,
        /// With `last` -1: how much of the rest is searched (0 and 1: all, 2: half, …).
        limit: usize,
    },
    /// As many as a number among the words says; all positions from the beginning of the search.
    Count {
        /// Where the number is.
        count: usize,
        /// Where the first key is.
        first: usize,
        /// How far apart keys are.
        step: usize,
    },
}

/// One key specification of a command.
#[derive(Debug, Clone, Copy)]
pub struct KeySpec {
    /// What is done with these keys.
    pub flags: KeyFlags,
    /// Where to begin.
    pub begin: Begin,
    /// What to take.
    pub find: Find,
    /// A remark, or nothing.
    pub notes: &'static str,
    /// What is done with the keys of these very words, where it depends on them.
    pub refine: Option<fn(&Args<'_>) -> KeyFlags>,
}

impl KeySpec {
    /// The one key at word `index`.
    pub const fn one(index: usize, flags: &[KeyFlags]) -> KeySpec {
        KeySpec::range(index, 0, 1, flags)
    }

    /// Every `step`th word from `index` to `last` (from `index` on; negative: from the end).
    pub const fn range(index: usize, last: i32, step: usize, flags: &[KeyFlags]) -> KeySpec {
        KeySpec::new(index, Find::Range { last, step, limit: 0 }, flags)
    }

    /// As many keys as word `index` says, every `step`th word after it.
    pub const fn counted(index: usize, step: usize, flags: &[KeyFlags]) -> KeySpec {
        KeySpec::new(index, Find::Count { count: 0, first: 1, step }, flags)
    }

    /// Every second half of the words behind the first `word` from word `from` on: keys, and then as
    /// many other words.
    pub const fn half_behind(word: &'static str, from: usize, flags: &[KeyFlags]) -> KeySpec {
        let find = Find::Range { last: -1, step: 1, limit: 2 };
        KeySpec { begin: Begin::Keyword { word, from }, ..KeySpec::new(0, find, flags) }
    }

    /// The one key behind the option `word`, options beginning at word `from`.
    pub const fn option(word: &'static str, from: usize, flags: &[KeyFlags]) -> KeySpec {
        KeySpec { begin: Begin::Option { word, from }, ..KeySpec::one(0, flags) }
    }

    /// The one key that `find` finds, if there is one; clients are told that it may be anywhere.
    pub const fn unknown(find: fn(&Args<'_>) -> Option<usize>, flags: &[KeyFlags]) -> KeySpec {
        KeySpec { begin: Begin::Unknown(find), ..KeySpec::one(0, flags) }
    }

    const fn new(index: usize, find: Find, flags: &[KeyFlags]) -> KeySpec {
        let mut all = KeyFlags::empty();
        let mut i = 0;
        while i < flags.len() {
            all = all.union(flags[i]);
            i += 1;
        }
        KeySpec { flags: all, begin: Begin::Index(index), find, notes: "", refine: None }
    }

    /// Adds a remark.
    pub const fn notes(mut self, notes: &'static str) -> KeySpec {
        self.notes = notes;
        self
    }

    /// Lets `refine` say what is done with the keys of given words.
    pub const fn refined(mut self, refine: fn(&Args<'_>) -> KeyFlags) -> KeySpec {
        self.refine = Some(refine);
        self
    }

    /// What is done with the keys among `args`, which leave nothing variable.
    pub fn flags_for(&self, args: &Args<'_>) -> KeyFlags {
        self.refine.map_or(self.flags, |refine| refine(args)) - KeyFlags::VARIABLE_FLAGS
    }

    /// Whether what it finds are keys, and not channels that are routed like keys.
    pub(super) fn is_of_keys(&self) -> bool {
        !self.flags.contains(KeyFlags::NOT_KEY)
    }

    /// Whether the search finds word 1 and nothing else, whatever the words.
    pub(super) fn is_first(&self) -> bool {
        matches!((self.begin, self.find), (Begin::Index(1), Find::Range { last: 0, .. }))
    }

    /// Whether words may fit the command and hold no such key.
    pub(super) fn is_optional(&self) -> bool {
        matches!(self.begin, Begin::Option { .. } | Begin::Unknown(_))
    }

    /// Finds the positions of the keys among `args`: first, last and step.
    ///
    /// `None` when the words do not fit the specification.
    pub fn positions(&self, args: &Args<'_>) -> Option<Positions> {
        let start = self.begin.position(args)?;
        let words = args.len();
        let (first, last, step) = match self.find {
            Find::Range { last, step, limit } => {
                let last = match last {
                    0.. => start + last.unsigned_abs() as usize,
                    -1 if limit > 1 => start + words.checked_sub(start)? / limit - 1,
                    _ => words.checked_sub(last.unsigned_abs() as usize)?,
                };
                (start, last, step)
            }
            Find::Count { count, first, step } => {
                let number = std::str::from_utf8(args.get(start + count)?).ok()?;
                let number: usize = number.parse().ok()?;
                let first = start + first;
                let last = first.checked_add(number.checked_sub(1)?.checked_mul(step)?)?;
                (first, last, step)
            }
        };
        (first <= last && last < words).then_some(Positions { next: first, last, step })
    }
}

/// Positions of keys among a command's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Positions {
    next: usize,
    last: usize,
    step: usize,
}

impl Iterator for Positions {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.next > self.last {
            return None;
        }
        let position = self.next;
        self.next += self.step;
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(spec: KeySpec, words: &[&str]) -> Option<Vec<usize>> {
        let words: Vec<&[u8]> = words.iter().map(|w| w.as_bytes()).collect();
        spec.positions(&Args::new(&words)).map(Iterator::collect)
    }

    #[test]
    fn ranges() {
        let flags = &[KeyFlags::RO];
        assert_eq!(found(KeySpec::one(1, flags), &["get", "k"]), Some(vec![1]));
        assert_eq!(found(KeySpec::one(2, flags), &["object", "encoding"]), None);
        assert_eq!(found(KeySpec::range(1, -1, 1, flags), &["del", "a", "b"]), Some(vec![1, 2]));
        assert_eq!(
            found(KeySpec::range(1, -1, 2, flags), &["mset", "a", "1", "b", "2"]),
            Some(vec![1, 3])
        );
        assert_eq!(found(KeySpec::range(1, 1, 1, flags), &["rename", "a", "b"]), Some(vec![1, 2]));
        assert_eq!(found(KeySpec::range(1, -1, 1, flags), &["del"]), None);
    }

    #[test]
    fn behind_words() {
        let spec = KeySpec::half_behind("STREAMS", 1, &[KeyFlags::RO]);
        assert_eq!(found(spec, &["xread", "streams", "a", "b", "0", "0"]), Some(vec![2, 3]));
        assert_eq!(found(spec, &["xread", "count", "streams"]), None);
        let spec = KeySpec::option("STORE", 3, &[KeyFlags::OW]);
        assert_eq!(found(spec, &["x", "store", "a", "store", "b"]), Some(vec![4]));
        assert_eq!(found(spec, &["x", "k", "1", "store", "store", "asc"]), Some(vec![4]));
        assert_eq!(found(spec, &["x", "k", "1", "Store", "a", "STORE", "b"]), Some(vec![6]));
        assert_eq!(found(spec, &["x", "k", "1", "asc", "store"]), None);
    }

    #[test]
    fn counts() {
        let spec = KeySpec::counted(1, 2, &[KeyFlags::OW]);
        assert_eq!(found(spec, &["msetex", "2", "a", "1", "b", "2"]), Some(vec![2, 4]));
        for bad in ["0", "-1", "x", "9", "18446744073709551615"] {
            assert_eq!(found(spec, &["msetex", bad, "a", "1", "b", "2"]), None);
        }
    }
}
