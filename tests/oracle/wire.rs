//! A client that keeps each reply's bytes, and the tree they spell, for comparisons that need it.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::words::Words;

/// One reply, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raw {
    pub bytes: Vec<u8>,
    pub tree: Tree,
}

/// What a reply's bytes spell in RESP2 or RESP3. The first field is the type's byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    /// `+`, `-`, `:`, `,`, `#`, `_`, `(`: one line.
    Line(u8, Vec<u8>),
    /// `$`, `=`, `!`; `None` is RESP2's null.
    Bulk(u8, Option<Vec<u8>>),
    /// `*`, `~`, `>`, `%`, with a map's keys and values in turn; `None` is RESP2's null array.
    List(u8, Option<Vec<Tree>>),
}

impl Raw {
    /// True for exactly this line.
    pub(crate) fn is(&self, line: &str) -> bool {
        self.bytes.strip_suffix(b"\r\n") == Some(line.as_bytes())
    }

    pub(crate) fn starts_with(&self, text: &str) -> bool {
        self.bytes.starts_with(text.as_bytes())
    }
}

impl Tree {
    /// The bytes that spell it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let head = |kind: &u8, rest: &str| [&[*kind], rest.as_bytes(), b"\r\n"].concat();
        match self {
            Tree::Line(kind, text) => [&[*kind], text.as_slice(), b"\r\n"].concat(),
            Tree::Bulk(kind, None) | Tree::List(kind, None) => head(kind, "-1"),
            Tree::Bulk(kind, Some(text)) => {
                [head(kind, &text.len().to_string()).as_slice(), text, b"\r\n"].concat()
            }
            Tree::List(kind, Some(items)) => {
                let count = if *kind == b'%' { items.len() / 2 } else { items.len() };
                let mut bytes = head(kind, &count.to_string());
                items.iter().for_each(|item| bytes.extend(item.bytes()));
                bytes
            }
        }
    }

    /// The text of a leaf.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        match self {
            Tree::Line(_, text) | Tree::Bulk(_, Some(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Tree]> {
        match self {
            Tree::List(_, Some(items)) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Tree::Line(b':', text) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Tree::Line(b'-', _) | Tree::Bulk(b'!', _))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Tree::Bulk(_, None) | Tree::List(_, None) | Tree::Line(b'_', _))
    }
}

/// Long enough for a busy machine; a server that is silent this long has hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Client { reader: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// Sends one command and reads its one reply.
    pub(crate) fn call(&mut self, words: &Words) -> Result<Raw> {
        self.send(words)?;
        self.receive()
    }

    /// Sends one command.
    pub(crate) fn send(&mut self, words: &Words) -> Result<()> {
        let mut message = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            message.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            message.extend_from_slice(word);
            message.extend_from_slice(b"\r\n");
        }
        self.reader.get_mut().write_all(&message)
    }

    /// Reads one reply, or whatever else comes.
    pub(crate) fn receive(&mut self) -> Result<Raw> {
        let mut bytes = Vec::new();
        let tree = self.read(&mut bytes)?;
        Ok(Raw { bytes, tree })
    }

    /// Reads one reply if it begins within some time.
    pub(crate) fn receive_within(&mut self, time: Duration) -> Result<Option<Raw>> {
        if self.reader.buffer().is_empty() {
            self.reader.get_ref().set_read_timeout(Some(time))?;
            let came = self.reader.fill_buf().map(|bytes| bytes.is_empty());
            self.reader.get_ref().set_read_timeout(Some(PATIENCE))?;
            match came {
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(e) => return Err(e),
                Ok(true) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(false) => {}
            }
        }
        self.receive().map(Some)
    }

    /// Sends bytes as they are, ends the sending side, and reads what comes until the end.
    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        let sent = self.reader.get_mut().write_all(bytes);
        let ended = self.reader.get_ref().shutdown(std::net::Shutdown::Write);
        let mut reply = Vec::new();
        match self.reader.read_to_end(&mut reply) {
            // The server may cut a connection that sends nonsense before all of it is sent.
            Err(e) if e.kind() == ErrorKind::ConnectionReset => Ok(reply),
            Err(e) => Err(e),
            Ok(_) => sent.and(ended).or(Ok(())).map(|()| reply),
        }
    }

    fn read(&mut self, bytes: &mut Vec<u8>) -> Result<Tree> {
        let from = bytes.len();
        self.reader.read_until(b'\n', bytes)?;
        let line = bytes[from..].strip_suffix(b"\r\n").ok_or(ErrorKind::UnexpectedEof)?;
        let (&kind, text) = line.split_first().ok_or(ErrorKind::InvalidData)?;
        let length = || std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
        match kind {
            b'+' | b'-' | b':' | b',' | b'#' | b'_' | b'(' => Ok(Tree::Line(kind, text.to_vec())),
            b'$' | b'=' | b'!' => match length().ok_or(ErrorKind::InvalidData)? {
                -1 => Ok(Tree::Bulk(kind, None)),
                length => {
                    let start = bytes.len();
                    bytes.resize(start + length as usize + 2, 0);
                    self.reader.read_exact(&mut bytes[start..])?;
                    Ok(Tree::Bulk(kind, Some(bytes[start..bytes.len() - 2].to_vec())))
                }
            },
            b'*' | b'~' | b'>' | b'%' => match length().ok_or(ErrorKind::InvalidData)? {
                -1 => Ok(Tree::List(kind, None)),
                length => {
                    let length = if kind == b'%' { 2 * length } else { length };
                    let items: Result<Vec<Tree>> = (0..length).map(|_| self.read(bytes)).collect();
                    Ok(Tree::List(kind, Some(items?)))
                }
            },
            _ => Err(Error::new(
                ErrorKind::InvalidData,
                format!("not a reply: {}", line.escape_ascii()),
            )),
        }
    }
}
