//! What stands in front of a value: which codec wrote it, and in which version of its type.
//!
//! ```text
//! 0x80 + number                 a binary codec, no version
//! 0xA0 + number, LEB128         a binary codec, and a version
//! anything else                 text, no version
//! '@' digits ' '                text, and a version
//! ```
//!
//! No UTF-8 begins with a byte between 0x80 and 0xBF, and no JSON with `@`.

use crate::error::Written;

const PLAIN: u8 = 0x80;
const VERSIONED: u8 = 0xA0;
const NUMBERS: u8 = 0x1F;
const TEXT_VERSION: u8 = b'@';

/// A codec, as a mark tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    Text,
    Binary(u8),
}

/// What was found in front of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) author: Author,
    pub(super) version: u32,
}

impl Mark {
    /// Writes the mark.
    pub(super) fn write(self, into: &mut Vec<u8>) {
        match (self.author, self.version) {
            (Author::Text, 0) => {}
            (Author::Text, version) => {
                into.push(TEXT_VERSION);
                into.extend_from_slice(itoa::Buffer::new().format(version).as_bytes());
                into.push(b' ');
            }
            (Author::Binary(number), 0) => into.push(PLAIN | number & NUMBERS),
            (Author::Binary(number), mut version) => {
                into.push(VERSIONED | number & NUMBERS);
                while version >= 0x80 {
                    into.push(version as u8 | 0x80);
                    version >>= 7;
                }
                into.push(version as u8);
            }
        }
    }

    /// Reads a mark; what is left is the value. `None` if it is cut short or in no form in which it is written.
    pub(super) fn read(bytes: &[u8]) -> Option<(Mark, &[u8])> {
        let text = |version| Mark { author: Author::Text, version };
        let Some((first, rest)) = bytes.split_first() else { return Some((text(0), bytes)) };
        let author = Author::Binary(first & NUMBERS);
        match first & !NUMBERS {
            PLAIN => Some((Mark { author, version: 0 }, rest)),
            VERSIONED => {
                let (version, rest) = leb128(rest)?;
                Some((Mark { author, version }, rest))
            }
            _ if *first == TEXT_VERSION => {
                let space = rest.iter().take(11).position(|byte| *byte == b' ')?;
                let digits = std::str::from_utf8(&rest[..space]).ok()?;
                let version = digits.parse().ok().filter(|version: &u32| *version > 0)?;
                (itoa::Buffer::new().format(version) == digits)
                    .then_some((text(version), &rest[space + 1..]))
            }
            _ => Some((text(0), bytes)),
        }
    }

    /// In words.
    pub(super) fn describe(self) -> Written {
        match self.author {
            Author::Text => Written::new("text", self.version),
            Author::Binary(1) => Written::new("bincode", self.version),
            Author::Binary(2) => Written::new("postcard", self.version),
            Author::Binary(number) => Written::new(format!("codec number {number}"), self.version),
        }
    }
}

/// A version above 0, in its shortest form.
fn leb128(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut version = 0_u32;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        let bits = u32::from(byte & 0x7F);
        if at == 4 && bits > 0xF {
            return None;
        }
        version |= bits << (7 * at);
        if byte & 0x80 == 0 {
            return (*byte != 0).then_some((version, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number in 1..32_u8, text: bool, version: u32, tail: Vec<u8>) {
            let author = if text { Author::Text } else { Author::Binary(number) };
            let mark = Mark { author, version };
            let mut bytes = Vec::new();
            mark.write(&mut bytes);
            // What follows text is text.
            let tail = if text { b"{}".to_vec() } else { tail };
            bytes.extend_from_slice(&tail);
            prop_assert_eq!(Mark::read(&bytes), Some((mark, &tail[..])));
        }

        #[test]
        fn whatever_is_read_is_as_it_is_written(bytes: Vec<u8>) {
            if let Some((mark, rest)) = Mark::read(&bytes) {
                let mut again = Vec::new();
                mark.write(&mut again);
                again.extend_from_slice(rest);
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
