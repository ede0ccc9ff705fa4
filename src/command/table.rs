//! The command table: every row, found by name in a few nanoseconds.
//!
//! A name is looked up in an open-addressed table that is built once and kept at most a quarter
//! full, as it is written: it has the names in capitals and in small letters. One that is written in
//! both is folded to small letters first, eight bytes at a time.

use std::sync::LazyLock;

use super::args::Args;
use super::row::{Command, Flags, Locks};
use crate::keyspace::Access;

/// A row with what was worked out about it when the table was built.
#[derive(Debug)]
pub struct Node {
    /// The row.
    pub row: &'static Command,
    /// Counts rows and subcommands from zero: the index of its statistics.
    pub id: usize,
    /// The name; `container|name` for a subcommand.
    pub full_name: &'static str,
    /// How its keys are found.
    pub(super) plan: Plan,
    /// Whether each call is timed: it may take long.
    pub(super) timed: bool,
    /// Whether it runs as soon as its name is known: it has no subcommands, and nobody is kept from it.
    pub(super) direct: bool,
    /// Whether it is [`direct`](Node::direct), no call is timed but by sampling, and none leaves anything to be done
    /// behind it: it does not wait and does not end the conversation.
    pub(super) swift: bool,
    /// How what it locks is locked.
    pub(super) access: Access,
    /// How many words it takes at least, and how many more at most.
    least_words: usize,
    more_words: usize,
    /// The subcommands.
    pub children: Vec<Node>,
}

/// The quick ways to find a command's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// No keys and no locks.
    None,
    /// Word 1 is the only key.
    First,
    /// As the key specs say.
    Specs,
    /// What the session's queue needs.
    Queue,
    /// Every stripe.
    All,
}

impl Node {
    fn new(row: &'static Command, container: Option<&str>, ids: &mut usize) -> Node {
        let full_name = match container {
            None => row.name,
            Some(container) => &*Box::leak(format!("{container}|{}", row.name).into_boxed_str()),
        };
        let id = *ids;
        *ids += 1;
        let plan = match (row.locks, row.keys) {
            (_, [first, ..]) if !first.is_of_keys() => Plan::None,
            (Locks::All, _) => Plan::All,
            (Locks::Queue, _) => Plan::Queue,
            (Locks::Keys | Locks::Alone, []) => Plan::None,
            (Locks::Keys | Locks::Alone, [only]) if only.is_first() => Plan::First,
            (Locks::Keys | Locks::Alone | Locks::AloneIf(_) | Locks::AllIf(_), _) => Plan::Specs,
        };
        let children =
            row.subcommands.iter().map(|sub| Node::new(sub, Some(row.name), ids)).collect();
        // SET is not fast by its flag, but its cost does not grow with the data.
        let timed = !row.flags.contains(Flags::FAST) && row.name != "set";
        let direct = row.subcommands.is_empty() && !row.flags.contains(Flags::PROTECTED);
        // QUIT is among those that need no password.
        let swift =
            direct && !timed && !row.flags.intersects(Flags::BLOCKING.union(Flags::NO_AUTH));
        let least_words = row.arity.unsigned_abs() as usize;
        let more_words = if row.arity < 0 { usize::MAX - least_words } else { 0 };
        Node {
            row,
            id,
            full_name,
            plan,
            timed,
            direct,
            swift,
            access: access(row),
            least_words,
            more_words,
            children,
        }
    }

    /// As [`Command::accepts`], in one comparison.
    #[inline]
    pub(super) fn accepts(&self, words: usize) -> bool {
        words.wrapping_sub(self.least_words) <= self.more_words
    }

    /// The subcommand of that name (any case), if there is one.
    pub fn child(&'static self, name: &[u8]) -> Option<&'static Node> {
        self.children.iter().find(|c| c.row.name.as_bytes().eq_ignore_ascii_case(name))
    }

    /// Whether these words name keys that are not known before it runs.
    pub(super) fn reaches(&self, args: &Args<'_>) -> bool {
        matches!(self.row.locks, Locks::AllIf(reaches) if reaches(args))
    }

    /// Whether these words make it change more than readers do.
    pub(super) fn is_alone_with(&self, args: &Args<'_>) -> bool {
        matches!(self.row.locks, Locks::AloneIf(alone) if alone(args))
    }

    /// Where its keys are in these words, which fit its arity.
    pub(crate) fn keys(&self, args: &Args<'_>) -> impl Iterator<Item = usize> {
        let specs = self.row.keys.iter().filter(|spec| spec.is_of_keys());
        specs.flat_map(|spec| spec.positions(args).into_iter().flatten())
    }
}

/// How what a command locks is locked: alone to change data, or to stop the world. A reader that keeps what it found
/// beside the data changes them too.
fn access(row: &Command) -> Access {
    const ALONE: Flags = Flags::WRITE.union(Flags::PROTECTED).union(Flags::MAY_REPLICATE);
    // Channels are no data.
    let changes = row.flags.intersects(ALONE) && !row.flags.contains(Flags::PUBSUB);
    match changes || matches!(row.locks, Locks::Alone) {
        true => Access::Exclusive,
        false => Access::Shared,
    }
}

/// Slots for names, a power of two: how many is known here, so that a look needs not check where it goes.
const SLOTS: usize = 4096;

/// All commands.
#[derive(Debug)]
pub struct Table {
    nodes: &'static [Node],
    slots: Box<[Option<(Spelling, &'static Node)>; SLOTS]>,
    /// Full names by id.
    names: Vec<&'static str>,
}

impl Table {
    /// The table of all families.
    pub fn get() -> &'static Table {
        static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(super::FAMILIES));
        &TABLE
    }

    fn of(families: &'static [&'static [Command]]) -> Table {
        let mut ids = 0;
        let mut nodes: Vec<Node> = families
            .iter()
            .flat_map(|rows| rows.iter())
            .map(|row| Node::new(row, None, &mut ids))
            .collect();
        nodes.sort_by_key(|node| node.row.name);
        let nodes: &'static [Node] = nodes.leak();
        assert!(nodes.len() * 8 <= SLOTS, "a quarter of {SLOTS} slots is full");
        // Not made on a stack, which may be small.
        let slots = vec![None; SLOTS].into_boxed_slice();
        let mut slots: Box<[_; SLOTS]> = slots.try_into().expect("so many");
        for node in nodes {
            for name in [node.row.name, &node.row.name.to_ascii_uppercase()] {
                let name = Spelling::of(name.as_bytes());
                let mut at = name.slot();
                while slots[at].is_some() {
                    at = (at + 1) % SLOTS;
                }
                slots[at] = Some((name, node));
            }
        }
        let mut names = vec![""; ids];
        for node in nodes.iter().flat_map(|node| std::iter::once(node).chain(&node.children)) {
            names[node.id] = node.full_name;
        }
        Table { nodes, slots, names }
    }

    /// The command of that name, in any case.
    #[inline(always)]
    pub fn find(&'static self, name: &[u8]) -> Option<&'static Node> {
        let spelling = Spelling::of(name);
        match self.spelled(spelling, name) {
            Some(node) => Some(node),
            None => self.find_mixed(spelling, name),
        }
    }

    #[cold]
    fn find_mixed(&'static self, spelling: Spelling, name: &[u8]) -> Option<&'static Node> {
        self.spelled(spelling.lower(), name)
    }

    /// The command of that name, which is spelled so.
    #[inline(always)]
    fn spelled(&'static self, spelling: Spelling, name: &[u8]) -> Option<&'static Node> {
        let mut at = spelling.slot();
        while let Some((stored, node)) = &self.slots[at] {
            if *stored == spelling
                && (spelling.is_whole() || node.row.name.as_bytes().eq_ignore_ascii_case(name))
            {
                return Some(node);
            }
            at = (at + 1) % SLOTS;
        }
        None
    }

    /// The command or subcommand of that full name (`container|name`), in any case.
    pub fn find_full(&'static self, name: &[u8]) -> Option<&'static Node> {
        match memchr::memchr(b'|', name) {
            None => self.find(name),
            Some(bar) => self.find(&name[..bar])?.child(&name[bar + 1..]),
        }
    }

    /// All commands, by name.
    pub fn iter(&'static self) -> impl Iterator<Item = &'static Node> {
        self.nodes.iter()
    }

    /// How many commands there are, subcommands not counted.
    #[expect(clippy::len_without_is_empty, reason = "the table is never empty")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many rows there are, subcommands counted.
    pub fn ids(&self) -> usize {
        self.names.len()
    }

    /// The full name of row `id`.
    pub(super) fn full_name(&self, id: usize) -> &'static str {
        self.names[id]
    }
}

/// A name as two words and its length; all of it up to 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spelling {
    first: u64,
    last: u64,
    len: usize,
}

impl Spelling {
    #[inline(always)]
    fn of(name: &[u8]) -> Spelling {
        let len = name.len();
        let (first, last) = if let (Some(a), Some(z)) = (name.first_chunk(), name.last_chunk()) {
            (u64::from_le_bytes(*a), u64::from_le_bytes(*z))
        } else if let (Some(a), Some(z)) = (name.first_chunk(), name.last_chunk()) {
            let (a, z) = (u32::from_le_bytes(*a), u32::from_le_bytes(*z));
            (u64::from(a) | u64::from(z) << 32, 0)
        } else if let [a, .., z] = *name {
            (u64::from(a) | u64::from(name[len / 2]) << 8 | u64::from(z) << 16, 0)
        } else {
            (name.first().copied().map_or(0, u64::from), 0)
        };
        Spelling { first, last, len }
    }

    /// The same in small letters.
    fn lower(self) -> Spelling {
        Spelling { first: lower(self.first), last: lower(self.last), len: self.len }
    }

    /// Whether the two words hold every byte of the name.
    #[inline]
    fn is_whole(&self) -> bool {
        self.len <= 16
    }

    /// The slot where the look for it begins.
    #[inline]
    fn slot(&self) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(29) ^ self.len as u64)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize % SLOTS
    }
}

/// Turns each of eight bytes that is an ASCII capital to lower case.
#[inline]
fn lower(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7F * ONES);
    let from_a = low + (0x80 - b'A' as u64) * ONES;
    let past_z = low + (0x80 - b'Z' as u64 - 1) * ONES;
    let capital = (from_a ^ past_z) & !word & (0x80 * ONES);
    word | capital >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_name_in_any_case() {
        let table = Table::get();
        for node in table.iter() {
            let upper = node.row.name.to_ascii_uppercase();
            let mixed = format!("{}{}", &upper[..1], &node.row.name[1..]);
            for name in [node.row.name, &upper, &mixed] {
                let found = table.find(name.as_bytes()).map(|n| n.row.name);
                assert_eq!(found, Some(node.row.name));
            }
            assert!(table.find(format!("{}?", node.row.name).as_bytes()).is_none());
            for child in &node.children {
                assert_eq!(
                    table.find_full(child.full_name.as_bytes()).map(|n| n.id),
                    Some(child.id)
                );
            }
        }
        for absent in ["", "g", "ge", "gez", "g\0t", "GEt ", "averyveryverylongcommandname"] {
            assert!(table.find(absent.as_bytes()).is_none(), "{absent}");
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let names: Vec<_> = Table::get().iter().map(|n| n.row.name).collect();
        assert!(names.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn rows_are_complete() {
        fn check(node: &Node) {
            let row = node.row;
            assert!(!row.summary.is_empty() && row.summary.ends_with('.'), "{}", node.full_name);
            assert_eq!(row.name, row.name.to_ascii_lowercase());
            assert!(row.arity != 0 && !row.since.is_empty() && !row.complexity.is_empty());
            node.children.iter().for_each(check);
        }
        Table::get().iter().for_each(check);
    }

    #[test]
    fn folding_leaves_other_bytes_alone() {
        for byte in 0..=255u8 {
            let word = u64::from_le_bytes([byte; 8]);
            assert_eq!(lower(word).to_le_bytes(), [byte.to_ascii_lowercase(); 8]);
        }
    }
}
