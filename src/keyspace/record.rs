//! The effects of one transaction, as canonical commands.

use super::spell;

/// Commands that, run in order on the data as it was, give the data as it became.
///
/// An effect names what came out, not what was asked for: absolute times, the element that
/// chance picked. Each belongs to one database. They are kept as they are written to files, so that each word is copied once
/// on its way here and the whole record once on its way from here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// All commands [spelled](spell), end to end.
    bytes: Vec<u8>,
    /// For each command: its database, and where it ends in `bytes`.
    commands: Vec<(u32, usize)>,
}

impl Record {
    /// Adds a command.
    #[inline]
    pub(crate) fn push(&mut self, db: u32, words: &[&[u8]]) {
        self.push_all(db, words, std::iter::empty());
    }

    /// Adds a command, whose last words are several.
    #[inline]
    pub(crate) fn push_all<'w>(
        &mut self,
        db: u32,
        first: &[&[u8]],
        more: impl Iterator<Item = &'w [u8]> + Clone,
    ) {
        spell::begin(&mut self.bytes, first.len() + more.clone().count());
        for word in first {
            spell::word(&mut self.bytes, word);
        }
        more.for_each(|word| spell::word(&mut self.bytes, word));
        self.commands.push((db, self.bytes.len()));
    }

    /// Has it hold nothing, and keep its memory if that is little.
    pub(crate) fn clear(&mut self) {
        const LITTLE: usize = 16 << 10;
        const FEW: usize = 256;
        self.bytes.clear();
        self.bytes.shrink_to(LITTLE);
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

    /// The commands: the database of each, and how it is spelled.
    #[cfg_attr(not(any(test, feature = "aof")), expect(dead_code, reason = "the journal asks"))]
    pub(crate) fn commands(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let mut begin = 0;
        self.commands.iter().map(move |&(db, end)| {
            let spelled = &self.bytes[begin..end];
            begin = end;
            (db, spelled)
        })
    }
}

/// The words of a command that is spelled in RESP.
#[cfg(test)]
pub(crate) fn words(mut spelled: &[u8]) -> Vec<Vec<u8>> {
    fn number(spelled: &mut &[u8], sign: u8) -> usize {
        let end = spelled.iter().position(|&byte| byte == b'\n').expect("a line");
        let (line, rest) = spelled.split_at(end + 1);
        *spelled = rest;
        assert_eq!(line[0], sign);
        std::str::from_utf8(&line[1..line.len() - 2]).expect("digits").parse().expect("a number")
    }
    let count = number(&mut spelled, b'*');
    let words = (0..count)
        .map(|_| {
            let length = number(&mut spelled, b'$');
            let (word, rest) = spelled.split_at(length);
            spelled = rest.strip_prefix(b"\r\n").expect("the word's end");
            word.to_vec()
        })
        .collect();
    assert!(spelled.is_empty(), "nothing is behind the last word");
    words
}

#[cfg(test)]
mod tests {
    use super::{Record, words};

    #[test]
    fn gives_back_what_was_pushed() {
        let mut record = Record::default();
        assert!(record.is_empty());
        record.push(0, &[b"DEL", b"a"]);
        record.push(3, &[b"SET", b"", b"x y"]);
        record.push_all(3, &[b"DEL"], [&b"a"[..], b"b"].into_iter());
        let commands: Vec<_> =
            record.commands().map(|(db, spelled)| (db, words(spelled))).collect();
        let told = |words: &[&[u8]]| words.iter().map(|word| word.to_vec()).collect::<Vec<_>>();
        assert_eq!(
            commands,
            [
                (0, told(&[b"DEL", b"a"])),
                (3, told(&[b"SET", b"", b"x y"])),
                (3, told(&[b"DEL", b"a", b"b"])),
            ]
        );
    }
}
