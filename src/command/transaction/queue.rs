//! The commands between MULTI and EXEC.

use crate::command::args::{Args, Span, Words};
use crate::command::row::{Flags, Group};
use crate::command::table::{Node, Plan};
use crate::keyspace::{Access, Key, Keyspace, Tx};

/// Commands that wait for EXEC: the words of all, end to end.
#[derive(Debug)]
pub(in crate::command) struct Queue {
    bytes: Vec<u8>,
    words: Vec<Span>,
    commands: Vec<Queued>,
    /// What any of them is.
    flags: Flags,
    /// Whether a command was refused: EXEC will do nothing.
    pub(in crate::command) aborted: bool,
}

#[derive(Debug)]
struct Queued {
    node: &'static Node,
    /// Where its words end in `words`.
    end: usize,
}

impl Default for Queue {
    fn default() -> Queue {
        let (bytes, words, commands) = Default::default();
        Queue { bytes, words, commands, flags: Flags::empty(), aborted: false }
    }
}

impl Queue {
    /// Adds a command.
    pub(in crate::command) fn push(&mut self, node: &'static Node, args: Args<'_>) {
        for word in args.iter_from(0) {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(word);
            self.words.push(Span { start, end: self.bytes.len() });
        }
        self.flags |= node.row.flags;
        self.commands.push(Queued { node, end: self.words.len() });
    }

    pub(in crate::command) fn len(&self) -> usize {
        self.commands.len()
    }

    /// Bytes that it takes.
    pub(in crate::command) fn heap_size(&self) -> usize {
        self.bytes.capacity()
            + self.words.capacity() * size_of::<Span>()
            + self.commands.capacity() * size_of::<Queued>()
    }

    /// What any of the commands is.
    pub(in crate::command) fn flags(&self) -> Flags {
        self.flags
    }

    /// The words of all commands.
    pub(in crate::command) fn words(&self) -> Words<'_> {
        let mut words = Words::new();
        Span::add_words(&mut words, &self.words, &self.bytes);
        words
    }

    /// The commands in their order, whose [words](Queue::words) these are.
    pub(in crate::command) fn commands<'q>(
        &'q self,
        words: &'q [&'q [u8]],
    ) -> impl Iterator<Item = (&'static Node, Args<'q>)> {
        let mut start = 0;
        self.commands.iter().map(move |Queued { node, end }| {
            (*node, Args::new(&words[std::mem::replace(&mut start, *end)..*end]))
        })
    }

    /// Locks what all commands need, and the stripes of `watched` keys.
    pub(in crate::command) fn begin<'k>(
        &self,
        keyspace: &'k Keyspace,
        db: u32,
        watched: &[Key<'_>],
    ) -> Tx<'k> {
        let writes = self.commands.iter().any(|queued| queued.node.access == Access::Exclusive);
        // Watched keys are taken off their stripes, which is a change.
        let alone = writes || !watched.is_empty();
        let access = if alone { Access::Exclusive } else { Access::Shared };
        let words = self.words();
        if self.commands(&words).any(|(node, args)| looks_around(node) || node.reaches(&args)) {
            return keyspace.begin_all(db, access);
        }
        let mut keys = watched.to_vec();
        for (node, args) in self.commands(&words) {
            keys.extend(node.keys(&args).map(|at| keyspace.key(args.at(at))));
        }
        match keys.is_empty() {
            true => keyspace.begin_none(db),
            false => keyspace.begin_many(db, &keys, access),
        }
    }
}

/// Whether a command may look at keys that it does not name.
fn looks_around(node: &Node) -> bool {
    match node.plan {
        Plan::All | Plan::Queue => true,
        Plan::None => matches!(node.row.group, Group::Generic | Group::Server),
        Plan::First | Plan::Specs => false,
    }
}
