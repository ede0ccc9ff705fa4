use proptest::prelude::*;

use super::*;
use crate::command::Words;

const LIMITS: Limits = Limits { max_bulk: 512 << 20, unauthenticated: false, commands: usize::MAX };

type Commands = Vec<Vec<Vec<u8>>>;

/// A connection's reading side in small: pieces come in, commands and at last an error come out.
#[derive(Default)]
struct Reader {
    parser: Parser,
    buffer: Vec<u8>,
    commands: Commands,
    error: Option<ProtocolError>,
}

impl Reader {
    fn feed(&mut self, piece: &[u8], limits: Limits) {
        self.buffer.extend_from_slice(piece);
        while self.error.is_none() {
            let mut batch = Batch::default();
            self.error = self.parser.parse(&mut self.buffer, limits, &mut batch).err();
            for (args, _) in batch.commands(&words(&batch, &self.buffer)) {
                self.commands.push(args.iter_from(0).map(<[u8]>::to_vec).collect());
            }
            let done = self.parser.needed_from();
            self.buffer.drain(..done);
            self.parser.discard(done);
            if batch.len() == 0 {
                break;
            }
        }
    }
}

fn words<'b>(batch: &Batch, buffer: &'b [u8]) -> Words<'b> {
    let mut words = Words::new();
    batch.add_words(&mut words, buffer);
    words
}

fn read_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
) -> (Commands, Option<ProtocolError>) {
    let mut reader = Reader::default();
    for piece in pieces {
        reader.feed(piece, limits);
    }
    (reader.commands, reader.error)
}

fn read(bytes: &[u8]) -> (Commands, Option<ProtocolError>) {
    read_pieces([bytes], LIMITS)
}

fn commands(list: &[&[&str]]) -> Commands {
    list.iter().map(|words| words.iter().map(|w| w.as_bytes().to_vec()).collect()).collect()
}

/// Requests, the commands in them, and how the connection ends.
fn messages() -> Vec<(Vec<u8>, Commands, Option<ProtocolError>)> {
    use ProtocolError::*;
    let long = "v".repeat(300);
    let ok = |bytes: &str, list: &[&[&str]]| (bytes.as_bytes().to_vec(), commands(list), None);
    let bad = |bytes: &str, error| (bytes.as_bytes().to_vec(), commands(&[]), Some(error));
    vec![
        ok("", &[]),
        ok("*1\r\n$4\r\nPING\r\n", &[&["PING"]]),
        ok(
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
            &[&["SET", "k", ""], &["GET", "k"]],
        ),
        ok("*2\r\n$04\r\n", &[]),
        ok(
            &format!("*2\r\n$4\r\nECHO\r\n$300\r\n{long}\r\nPING\r\n"),
            &[&["ECHO", &long], &["PING"]],
        ),
        ok("*2\r\n$4\r\nECHO\r\n$12\r\nline\r\n*1\r\nxx\r\n", &[&["ECHO", "line\r\n*1\r\nxx"]]),
        ok("\r\n\n  \r\nPING\r\n", &[&["PING"]]),
        ok("*0\r\n*-1\r\n*-10\r\nPING\r\n", &[&["PING"]]),
        ok("SET k \"a \\x41\\n\"  'b c'\nGET k", &[&["SET", "k", "a A\n", "b c"]]),
        ok("ECHO \"\" ''\n", &[&["ECHO", "", ""]]),
        ok("ping\0ignored\r\nPING\n", &[&["ping"], &["PING"]]),
        ok("a\x0bb \x0bc\n", &[&["a\x0bb", "c"]]),
        ok("*1\r\n$4\r\nPINGxy*1\r\n$4\r\nPONG\r\n", &[&["PING"], &["PONG"]]),
        bad("*3000000000\r\n", MultibulkLength),
        bad("*99999999999999999999\r\n", MultibulkLength),
        bad("*x\r\n", MultibulkLength),
        bad("*\r\n", MultibulkLength),
        bad("*+1\r\n", MultibulkLength),
        bad("*01\r\nPING", MultibulkLength),
        bad("*1\r\nfoo\r\n", ExpectedBulk(b'f')),
        bad("*1\r\n\r\n\r\n", ExpectedBulk(b'\r')),
        bad("*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", ExpectedBulk(b'f')),
        bad("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n", BulkLength),
        bad("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n", BulkLength),
        bad("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n", BulkLength),
        bad("set \"\"\"key\"\"\" value\r\nping\r\n", UnbalancedQuotes),
    ]
}

#[test]
fn every_split_reads_alike() {
    for (bytes, expected, error) in messages() {
        // "$04" is an error once its line is complete.
        let error =
            if bytes.ends_with(b"$04\r\n") { Some(ProtocolError::BulkLength) } else { error };
        assert_eq!(read(&bytes), (expected.clone(), error), "{}", bytes.escape_ascii());
        for cut in 0..=bytes.len() {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(
                read_pieces([a, b], LIMITS),
                (expected.clone(), error),
                "{} at {cut}",
                bytes.escape_ascii()
            );
        }
        assert_eq!(
            read_pieces(bytes.chunks(1), LIMITS),
            (expected, error),
            "{} bytewise",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn commands_before_an_error_count() {
    let (list, error) = read(b"*1\r\n$4\r\nPING\r\nPING\r\n*1\r\n!\r\n");
    assert_eq!(list.len(), 2);
    assert_eq!(error, Some(ProtocolError::ExpectedBulk(b'!')));
}

#[test]
fn lines_are_bounded() {
    let endless = |start: &str| {
        let text = format!("{start}{}", "1".repeat(64 * 1024 + 2));
        read_pieces(text.as_bytes().chunks(1000), LIMITS).1
    };
    assert_eq!(endless(""), Some(ProtocolError::BigInline));
    assert_eq!(endless("*"), Some(ProtocolError::BigMultibulkLine));
    assert_eq!(endless("*1\r\n$"), Some(ProtocolError::BigBulkLine));
    assert_eq!(endless("*1\r\n"), Some(ProtocolError::BigBulkLine));
}

#[test]
fn strangers_may_send_little() {
    let limits = Limits { unauthenticated: true, ..LIMITS };
    let error = |bytes: &str| read_pieces([bytes.as_bytes()], limits).1;
    assert_eq!(error("*10\r\n$16384\r\n"), None);
    assert_eq!(error("*11\r\n"), Some(ProtocolError::UnauthenticatedMultibulk));
    assert_eq!(error("*1\r\n$16385\r\n"), Some(ProtocolError::UnauthenticatedBulk));
    let limits = Limits { max_bulk: 20, ..LIMITS };
    assert_eq!(read_pieces([&b"*1\r\n$21\r\n"[..]], limits).1, Some(ProtocolError::BulkLength));
}

#[test]
fn errors_have_redis_words() {
    let mut out = Vec::new();
    ProtocolError::MultibulkLength.write(&mut out);
    ProtocolError::ExpectedBulk(0xff).write(&mut out);
    ProtocolError::ExpectedBulk(b'\r').write(&mut out);
    let expected: &[u8] = b"-ERR Protocol error: invalid multibulk length\r\n\
        -ERR Protocol error: expected '$', got '\xff'\r\n\
        -ERR Protocol error: expected '$', got ' '\r\n";
    assert_eq!(out, expected);
}

#[test]
fn batches_can_be_cut() {
    let mut buffer =
        b"PING\r\n*2\r\n$4\r\nECHO\r\n$1\r\na\r\n*2\r\n$4\r\nECHO\r\n$1\r\nb\r\n*1\r\n$4\r\nPI"
            .to_vec();
    let mut parser = Parser::default();
    let mut batch = Batch::default();
    parser.parse(&mut buffer, LIMITS, &mut batch).expect("well-formed");
    assert_eq!(batch.len(), 3);
    let cut = batch.end(0);
    let rest = batch.take_from(1, cut);
    buffer.drain(..cut);
    parser.discard(cut);
    let echoed: Vec<_> =
        rest.commands(&words(&rest, &buffer)).map(|(args, _)| args.at(1).to_vec()).collect();
    assert_eq!((batch.len(), echoed), (1, vec![b"a".to_vec(), b"b".to_vec()]));
    assert_eq!(parser.wanted(), Some(buffer.len() + 4));
    buffer.extend_from_slice(b"NG\r\n");
    let mut more = Batch::default();
    parser.parse(&mut buffer, LIMITS, &mut more).expect("well-formed");
    assert_eq!(*words(&more, &buffer), [b"PING"]);
}

#[test]
fn many_words_come_in_many_pieces() {
    let word = |i: usize| i.to_string().into_bytes();
    let list: Commands = [3, 200, 2, 500, 1].iter().map(|&n| (0..n).map(word).collect()).collect();
    let bytes = encode(&list);
    for size in [1, 7, 100, 1000] {
        assert_eq!(read_pieces(bytes.chunks(size), LIMITS), (list.clone(), None));
    }
}

fn encode(list: &Commands) -> Vec<u8> {
    let mut bytes = Vec::new();
    for words in list {
        bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            bytes.extend_from_slice(word);
            bytes.extend_from_slice(b"\r\n");
        }
    }
    bytes
}

proptest! {
    #[test]
    fn reads_what_clients_write(
        list in proptest::collection::vec(
            proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 1..12), 0..12),
        size in 1usize..200,
    ) {
        let bytes = encode(&list);
        prop_assert_eq!(read_pieces(bytes.chunks(size), LIMITS), (list, None));
    }

    #[test]
    fn any_bytes_read_alike_in_any_pieces(
        pieces in proptest::collection::vec("(\\*[0-3]\r\n|\\$[0-5]\r\n|[a-c \"'\r\n*$0-9\0-]{0,6}|PING\r\n)", 0..20),
        size in 1usize..40,
    ) {
        let bytes = pieces.concat().into_bytes();
        let (mut whole, error) = read(&bytes);
        let (parts, parts_error) = read_pieces(bytes.chunks(size), LIMITS);
        prop_assert_eq!(error, parts_error);
        prop_assert_eq!(&whole, &parts);
        // One command at a time is no different either.
        whole.clear();
        let mut reader = Reader::default();
        reader.feed(&bytes, Limits { commands: 1, ..LIMITS });
        prop_assert_eq!(reader.commands, parts);
    }
}
