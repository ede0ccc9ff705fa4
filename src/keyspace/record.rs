//! The effects of one transaction, as canonical commands.

/// Commands that, run in order on the data as it was, give the data as it became.
///
/// An effect names what came out, not what was asked for: absolute times, the element that
/// chance picked. Each belongs to one database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The words of all commands, end to end.
    bytes: Vec<u8>,
    /// Where each word ends in `bytes`.
    ends: Vec<usize>,
    /// For each command: its database, and how many words there are up to its end.
    commands: Vec<(u32, usize)>,
}

impl Record {
    /// Adds a command.
    pub(crate) fn push(&mut self, db: u32, words: &[&[u8]]) {
        for word in words {
            self.bytes.extend_from_slice(word);
            self.ends.push(self.bytes.len());
        }
        self.commands.push((db, self.ends.len()));
    }

    /// Has it hold nothing, and keep its memory if that is little.
    pub(crate) fn clear(&mut self) {
        const LITTLE: usize = 16 << 10;
        const FEW: usize = 256;
        self.bytes.clear();
        self.bytes.shrink_to(LITTLE);
        self.ends.clear();
        self.ends.shrink_to(FEW);
        self.commands.clear();
        self.commands.shrink_to(FEW);
    }

    #[cfg_attr(not(any(test, feature = "aof")), expect(dead_code, reason = "the journal asks"))]
    pub(crate) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// How many commands there are.
    #[cfg_attr(not(feature = "aof"), expect(dead_code, reason = "the journal asks"))]
    pub(crate) fn len(&self) -> usize {
        self.commands.len()
    }

    /// The commands: database and words.
    #[cfg_attr(not(any(test, feature = "aof")), expect(dead_code, reason = "the journal asks"))]
    pub(crate) fn commands(
        &self,
    ) -> impl Iterator<Item = (u32, impl ExactSizeIterator<Item = &[u8]>)> {
        let word = |i: usize| &self.bytes[if i == 0 { 0 } else { self.ends[i - 1] }..self.ends[i]];
        (0..self.commands.len()).map(move |c| {
            let first = if c == 0 { 0 } else { self.commands[c - 1].1 };
            let (db, past) = self.commands[c];
            (db, (first..past).map(word))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn gives_back_what_was_pushed() {
        let mut record = Record::default();
        assert!(record.is_empty());
        record.push(0, &[b"DEL", b"a"]);
        record.push(3, &[b"SET", b"", b"x y"]);
        let commands: Vec<_> =
            record.commands().map(|(db, words)| (db, words.collect::<Vec<_>>())).collect();
        assert_eq!(commands, [(0, vec![&b"DEL"[..], b"a"]), (3, vec![&b"SET"[..], b"", b"x y"])]);
    }
}
