//! An append-only file as it is read: commands, one after the other, and where each begins.
//!
//! What is read is RESP as Redis writes it: `*count`, and for each word `$length` and its bytes. Lines that begin with `#`
//! say something about what follows, such as the time, and are passed over.
//!
//! The file may have been torn by a crash: its last command is not whole, or, where the disk had made room for
//! bytes that it never wrote, there is a hole of zeros. Both are the **end** of what was written. Anything else that is no
//! command is damage.

use std::io::{self, Read};

/// What is read at a time.
const PIECE: usize = 1 << 20;
/// The longest line: a count or a length.
const LONGEST_LINE: usize = 64;
/// The longest word.
const LONGEST_WORD: usize = crate::config::MAX_STRING;
/// Disks write in pieces of this size: a hole ends at a multiple of it, or with the file.
const SECTOR: u64 = 512;

/// Where a word lies in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A command's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it begins in the file.
    pub(crate) offset: u64,
    /// Its words, among all.
    pub(crate) first_word: usize,
    pub(crate) words: usize,
}

/// Why there is no next command.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The file ends behind a whole command.
    End,
    /// It ends within a command.
    Torn,
    /// What comes next is no command.
    Damaged(&'static str),
    Failed(io::Error),
}

/// A file that is read command by command, some at a time.
pub(crate) struct Reader<R> {
    file: R,
    window: Vec<u8>,
    /// Where what was read ends in the window.
    end: usize,
    /// Up to where commands were taken.
    at: usize,
    /// The offset of the window's first byte in the file.
    offset: u64,
    /// Whether the file has no more.
    over: bool,
    /// The words of the commands that were taken last.
    pub(crate) words: Vec<Word>,
}

/// Within a command: more is needed, or it is none.
enum Halt {
    More,
    /// Why, and the place in the window where something else should stand.
    Damaged(&'static str, usize),
}

impl<R: Read> Reader<R> {
    /// Reads a file whose next byte is that at `offset`.
    pub(crate) fn new(file: R, offset: u64) -> Reader<R> {
        let (window, words) = (Vec::new(), Vec::new());
        Reader { file, window, end: 0, at: 0, offset, over: false, words }
    }

    /// Up to where in the file commands were taken.
    pub(crate) fn offset(&self) -> u64 {
        self.offset + self.at as u64
    }

    /// The bytes that words lie in.
    pub(crate) fn window(&self) -> &[u8] {
        &self.window[..self.end]
    }

    /// Takes up to `most` commands, at least one, in the place of those taken before. Says why there are not more, if
    /// that is known; those that were taken come first.
    pub(crate) fn take(&mut self, most: usize, places: &mut Vec<Place>) -> Option<Stop> {
        places.clear();
        self.words.clear();
        while places.len() < most {
            match self.command() {
                Ok(Some(place)) => places.push(place),
                // A comment.
                Ok(None) => {}
                // What was taken lies in the window, which may move: the rest is for the next time.
                Err(Halt::Damaged(..)) if !places.is_empty() => return None,
                Err(Halt::Damaged(why, at)) => return Some(self.torn_or_damaged(why, at)),
                Err(Halt::More) if self.over => {
                    let left = self.end - self.at;
                    return Some(if left == 0 { Stop::End } else { Stop::Torn });
                }
                Err(Halt::More) if !places.is_empty() => return None,
                Err(Halt::More) => {
                    if let Err(error) = self.fill() {
                        return Some(Stop::Failed(error));
                    }
                }
            }
        }
        None
    }

    /// Reads a command, or passes over a comment.
    fn command(&mut self) -> Result<Option<Place>, Halt> {
        let mut at = self.at;
        let (first_word, begin) = (self.words.len(), at);
        if let Some(other) = self.window().get(at)
            && !matches!(other, b'*' | b'#')
        {
            return Err(Halt::Damaged("a command should begin here", begin));
        }
        let line = self.line(&mut at)?;
        if line.first() == Some(&b'#') {
            self.at = at;
            return Ok(None);
        }
        let count = count(line, b'*').filter(|count| *count > 0);
        // Each word takes six bytes at least, so that no count is taken at its word.
        let count = count.ok_or(Halt::Damaged("a command should begin here", begin))?;
        for _ in 0..count {
            if let Err(halt) = self.word(&mut at) {
                self.words.truncate(first_word);
                return Err(halt);
            }
        }
        let offset = self.offset();
        self.at = at;
        Ok(Some(Place { offset, first_word, words: count }))
    }

    fn word(&mut self, at: &mut usize) -> Result<(), Halt> {
        let begin = *at;
        if self.window().get(begin).is_some_and(|other| *other != b'$') {
            return Err(Halt::Damaged("a word should begin here", begin));
        }
        let length =
            count(self.line(at)?, b'$').ok_or(Halt::Damaged("a word should begin here", begin))?;
        if length > LONGEST_WORD {
            return Err(Halt::Damaged("a word is longer than any may be", begin));
        }
        let (start, end) = (*at, *at + length);
        if self.end < end + 2 {
            return Err(Halt::More);
        }
        if &self.window[end..end + 2] != b"\r\n" {
            return Err(Halt::Damaged("a word does not end where it should", end));
        }
        self.words.push(Word { start, end });
        *at = end + 2;
        Ok(())
    }

    /// The next line, without its end.
    fn line(&self, at: &mut usize) -> Result<&[u8], Halt> {
        let rest = &self.window[*at..self.end];
        let comment = rest.first() == Some(&b'#');
        let longest = if comment { rest.len() } else { rest.len().min(LONGEST_LINE) };
        match memchr::memchr(b'\n', &rest[..longest]) {
            Some(end) => {
                *at += end + 1;
                Ok(rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]))
            }
            None if comment && rest.len() > PIECE => {
                Err(Halt::Damaged("a comment without end", *at))
            }
            None if !comment && rest.len() >= LONGEST_LINE => {
                Err(Halt::Damaged("a command should begin here", *at))
            }
            None => Err(Halt::More),
        }
    }

    /// Brings more of the file into the window, and the command that begins at `at` to its front.
    fn fill(&mut self) -> io::Result<()> {
        self.window.copy_within(self.at..self.end, 0);
        self.offset += self.at as u64;
        self.end -= self.at;
        self.at = 0;
        // A long command: the window grows with what has come of it.
        let wanted = self.end + PIECE.max(self.end);
        if self.window.len() < wanted {
            self.window.resize(wanted, 0);
        }
        while self.end < wanted {
            match self.file.read(&mut self.window[self.end..wanted]) {
                Ok(0) => {
                    self.over = true;
                    break;
                }
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is no command: the place where nothing was written any more, or damage, found at `at` in the window.
    fn torn_or_damaged(&mut self, why: &'static str, at: usize) -> Stop {
        match self.is_hole(at - self.at) {
            Ok(true) => Stop::Torn,
            Ok(false) => Stop::Damaged(why),
            Err(error) => Stop::Failed(error),
        }
    }

    /// Whether a hole begins where a line or the end of a word should stand, `beyond` the command's beginning: zeros up to
    /// the end of a sector or of the file. A sector is written as a whole, so that no hole ends within one.
    fn is_hole(&mut self, beyond: usize) -> io::Result<bool> {
        // The line, and as much as the sector in which it ends.
        while !self.over && self.end - self.at < beyond + LONGEST_LINE + SECTOR as usize {
            self.fill()?;
        }
        let (offset, rest) = (self.offset(), &self.window[self.at..self.end]);
        let line = &rest[beyond..rest.len().min(beyond + LONGEST_LINE)];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        // Lines have no zeros.
        let Some(first) = memchr::memchr(0, line).map(|first| beyond + first) else {
            return Ok(false);
        };
        let from = offset + first as u64;
        let to = (from / SECTOR + 1) * SECTOR;
        let last = usize::try_from(to - offset).unwrap_or(usize::MAX).min(rest.len());
        Ok(rest[first..last].iter().all(|byte| *byte == 0))
    }
}

/// The number behind `sign`.
fn count(line: &[u8], sign: u8) -> Option<usize> {
    let digits = line.strip_prefix(&[sign])?;
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    digits
        .iter()
        .try_fold(0, |n: usize, b| b.is_ascii_digit().then(|| n * 10 + usize::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All commands, each as its words between blanks, and how it stopped.
    fn all(bytes: &[u8], most: usize) -> (Vec<(u64, String)>, Stop, u64) {
        /// Gives a few bytes at a time.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
                let n = to.len().min(7).min(self.0.len());
                to[..n].copy_from_slice(&self.0[..n]);
                self.0 = &self.0[n..];
                Ok(n)
            }
        }
        let mut reader = Reader::new(Slow(bytes), 0);
        let (mut seen, mut places) = (Vec::new(), Vec::new());
        loop {
            let stop = reader.take(most, &mut places);
            for place in &places {
                let words = &reader.words[place.first_word..place.first_word + place.words];
                let words = words.iter().map(|w| reader.window()[w.start..w.end].escape_ascii());
                let words: Vec<String> = words.map(|w| w.to_string()).collect();
                seen.push((place.offset, words.join(" ")));
            }
            if let Some(stop) = stop {
                return (seen, stop, reader.offset());
            }
        }
    }

    const TWO: &[u8] =
        b"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n#TS:12\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n";

    #[test]
    fn reads_commands_and_says_where_they_begin() {
        for most in [1, 2, 64] {
            let (seen, stop, offset) = all(TWO, most);
            assert_eq!(seen, [(0, "DEL k".to_owned()), (28, "SET k ".to_owned())]);
            assert!(matches!(stop, Stop::End), "{stop:?}");
            assert_eq!(offset, TWO.len() as u64);
        }
        assert!(matches!(all(b"", 1).1, Stop::End));
    }

    #[test]
    fn every_prefix_ends_behind_its_last_whole_command() {
        for len in 0..TWO.len() {
            let (seen, stop, offset) = all(&TWO[..len], 64);
            let whole = if len < 20 { 0 } else { 1 };
            assert_eq!(seen.len(), whole, "{len}");
            let clean = matches!(len, 0 | 20 | 28);
            assert_eq!(matches!(stop, Stop::End), clean, "{len} {stop:?}");
            assert_eq!(matches!(stop, Stop::Torn), !clean, "{len} {stop:?}");
            assert_eq!(
                offset,
                if len < 20 {
                    0
                } else if len < 28 {
                    20
                } else {
                    28
                }
            );
        }
    }

    #[test]
    fn damage_is_told_from_what_was_never_written() {
        for bad in [
            "!!!",
            "*0\r\n",
            "*x\r\n",
            "*-1\r\n",
            "*1\r\n+OK\r\n",
            "*1\r\n$x\r\n",
            "*1\r\n$3\r\nDELxx*1\r\n$4\r\n",
            "*1\r\n$99999999999\r\n",
        ] {
            let bytes = [TWO, bad.as_bytes(), TWO].concat();
            let (seen, stop, offset) = all(&bytes, 64);
            assert_eq!((seen.len(), offset), (2, TWO.len() as u64), "{bad}");
            assert!(matches!(stop, Stop::Damaged(_)), "{bad}: {stop:?}");
        }
        // At the end as well: no more of it would make it a command.
        for bad in ["no command", "*1\r\nno word"] {
            let (seen, stop, _) = all(&[TWO, bad.as_bytes()].concat(), 64);
            assert_eq!(seen.len(), 2, "{bad}");
            assert!(matches!(stop, Stop::Damaged(_)), "{bad}: {stop:?}");
        }
        let hole = |zeros: usize, behind: &[u8]| {
            let bytes = [TWO, b"*2\r\n$3\r\nD", &vec![0; zeros], behind].concat();
            all(&bytes, 64)
        };
        let up_to_sector = 512 - TWO.len() - 9;
        for (zeros, behind) in [(3, &b""[..]), (5000, b""), (up_to_sector, TWO)] {
            let (seen, stop, offset) = hole(zeros, behind);
            assert_eq!((seen.len(), offset), (2, TWO.len() as u64));
            assert!(matches!(stop, Stop::Torn), "{zeros} {stop:?}");
        }
        assert!(matches!(hole(up_to_sector - 1, TWO).1, Stop::Damaged(_)));
    }
}
