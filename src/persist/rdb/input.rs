//! Where bytes come from: from memory, or from a stream piece by piece; and the two things that all
//! else is made of, lengths and strings.
//!
//! ```text
//! 00LLLLLL                    a length
//! 01LLLLLL LLLLLLLL           a longer one
//! 10000000 u32, 10000001 u64  longer still, big-endian
//! 11000000 i8, 11000001 i16, 11000010 i32     a string that spells a number, little-endian
//! 11000011 length length      a compressed string: its length here, and as it was
//! ```

use std::borrow::Cow;
use std::io::Read;

use super::crc::Running;
use super::{Fault, Result, lzf, malformed};
use crate::config::MAX_STRING;

/// What is read from a stream at a time.
const PIECE: usize = 256 << 10;

/// Bytes as they are read, and their checksum if one is asked for.
pub(super) struct Input<'a> {
    memory: &'a [u8],
    stream: Option<Stream<'a>>,
    /// Where reading goes on, in the window.
    at: usize,
    /// Up to where the window has been added to the checksum.
    summed: usize,
    /// Bytes that came before the window.
    gone: u64,
    checksum: Option<Running>,
}

struct Stream<'a> {
    reader: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    /// Where the bytes that have come end, in the buffer.
    end: usize,
}

/// A length, or what stands in the place of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Plain(u64),
    /// The code of another form of a string.
    Special(u8),
}

impl<'a> Input<'a> {
    /// Reads bytes that are all here.
    pub(super) fn memory(bytes: &'a [u8]) -> Input<'a> {
        Input { memory: bytes, stream: None, at: 0, summed: 0, gone: 0, checksum: None }
    }

    /// Reads a stream piece by piece, and sums up what is read.
    pub(super) fn stream(reader: impl Read + 'a) -> Input<'a> {
        let stream = Stream { reader: Box::new(reader), buffer: Vec::new(), end: 0 };
        let checksum = Some(Running::new());
        Input { memory: &[], stream: Some(stream), at: 0, summed: 0, gone: 0, checksum }
    }

    /// The checksum of what was read.
    pub(super) fn checksum(&mut self) -> u64 {
        let window = match &self.stream {
            Some(stream) => &stream.buffer[..stream.end],
            None => self.memory,
        };
        let Some(checksum) = &mut self.checksum else { return 0 };
        checksum.add(&window[self.summed..self.at]);
        self.summed = self.at;
        checksum.get()
    }

    /// How many bytes were read.
    pub(super) fn offset(&self) -> u64 {
        self.gone + self.at as u64
    }

    fn window(&self) -> &[u8] {
        match &self.stream {
            Some(stream) => &stream.buffer[..stream.end],
            None => self.memory,
        }
    }

    /// Whether nothing is left of bytes that are all here.
    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.window().len()
    }

    /// The next `n` bytes.
    pub(super) fn bytes(&mut self, n: usize) -> Result<&[u8]> {
        if n > self.window().len() - self.at {
            self.fill(n)?;
        }
        let from = self.at;
        self.at += n;
        Ok(&self.window()[from..self.at])
    }

    /// Brings `n` bytes into the window. What is allocated grows with what comes.
    #[cold]
    fn fill(&mut self, n: usize) -> Result<()> {
        let unsummed = self.summed..self.at;
        if let Some(checksum) = &mut self.checksum {
            let window = match &self.stream {
                Some(stream) => &stream.buffer[..stream.end],
                None => self.memory,
            };
            checksum.add(&window[unsummed]);
        }
        self.summed = self.at;
        let Some(stream) = &mut self.stream else { return Err(Fault::Short) };
        stream.buffer.copy_within(self.at..stream.end, 0);
        stream.end -= self.at;
        self.gone += self.at as u64;
        (self.at, self.summed) = (0, 0);
        while stream.end < n {
            if stream.end == stream.buffer.len() {
                let more = stream.buffer.len().clamp(PIECE, 64 * PIECE);
                stream.buffer.resize(stream.buffer.len() + more, 0);
            }
            match stream.reader.read(&mut stream.buffer[stream.end..]) {
                Ok(0) => return Err(Fault::Short),
                Ok(came) => stream.end += came,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Io(error)),
            }
        }
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(*self.bytes(N)?.first_chunk().expect("as many as were asked for"))
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A time, or any other signed number of eight bytes.
    pub(super) fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// A length, or what stands in its place.
    pub(super) fn length(&mut self) -> Result<Length> {
        let first = self.byte()?;
        Ok(match first >> 6 {
            0 => Length::Plain(first.into()),
            1 => Length::Plain(u64::from(first & 0x3F) << 8 | u64::from(self.byte()?)),
            3 => Length::Special(first & 0x3F),
            _ => match first {
                0x80 => Length::Plain(u32::from_be_bytes(self.array()?).into()),
                0x81 => Length::Plain(u64::from_be_bytes(self.array()?)),
                _ => return malformed("a length of an unknown form"),
            },
        })
    }

    /// A number.
    pub(super) fn number(&mut self) -> Result<u64> {
        match self.length()? {
            Length::Plain(number) => Ok(number),
            Length::Special(_) => malformed("a string where a number belongs"),
        }
    }

    /// Reads over some numbers.
    pub(super) fn skip_numbers(&mut self, count: usize) -> Result<()> {
        (0..count).try_for_each(|_| self.number().map(drop))
    }

    /// Reads over a string.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Result<()> {
        let len = match self.length()? {
            Length::Plain(len) => within(len)?,
            Length::Special(0) => 1,
            Length::Special(1) => 2,
            Length::Special(2) => 4,
            Length::Special(3) => {
                let packed = within(self.number()?)?;
                within(self.number()?)?;
                packed
            }
            Length::Special(_) => return malformed("a string of an unknown form"),
        };
        self.bytes(len).map(drop)
    }

    /// A string.
    pub(super) fn string(&mut self) -> Result<Cow<'_, [u8]>> {
        let number = match self.length()? {
            Length::Plain(len) => return self.bytes(within(len)?).map(Cow::Borrowed),
            Length::Special(0) => self.array().map(i8::from_le_bytes)?.into(),
            Length::Special(1) => self.array().map(i16::from_le_bytes)?.into(),
            Length::Special(2) => self.array().map(i32::from_le_bytes)?,
            Length::Special(3) => {
                let packed = within(self.number()?)?;
                let len = within(self.number()?)?;
                let bytes = self.bytes(packed)?;
                return match lzf::decompress(bytes, len) {
                    Some(string) => Ok(Cow::Owned(string)),
                    None => malformed("a compressed string is damaged"),
                };
            }
            Length::Special(_) => return malformed("a string of an unknown form"),
        };
        Ok(Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec()))
    }
}

/// The length of a string, which may not be longer than any may be.
fn within(len: u64) -> Result<usize> {
    match usize::try_from(len) {
        Ok(len) if len <= MAX_STRING => Ok(len),
        _ => malformed("a string is longer than any may be"),
    }
}
