//! Commands that no packaged server has yet (Redis 8.4), against what their documentation says.
//!
//! Each script is a list of inline commands with the replies to them in RESP2.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

#[path = "support/server.rs"]
mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use support::Kind;

/// A reply: a status or an integer as its line, a bulk string in quotes, an error by its start.
fn reply(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let line = line.trim_end();
    match line.split_at(1) {
        ("*", "-1") => "nil".to_owned(),
        ("*", length) => {
            let items = (0..length.parse().unwrap()).map(|_| self::reply(reader));
            format!("[{}]", items.collect::<Vec<_>>().join(" "))
        }
        ("$", "-1") => "nil".to_owned(),
        ("$", length) => {
            let mut bytes = vec![0; length.parse::<usize>().unwrap() + 2];
            reader.read_exact(&mut bytes).unwrap();
            format!("\"{}\"", bytes[..bytes.len() - 2].escape_ascii())
        }
        _ => line.to_owned(),
    }
}

/// Sends the commands to an empty server and compares the replies; `-` stands for any error.
fn script(lines: &[(&str, &str)]) {
    let Some(server) = Kind::Danio.start_or_skip() else { return };
    let mut reader = BufReader::new(TcpStream::connect(server.address()).unwrap());
    for (command, expected) in lines {
        reader.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let reply = reply(&mut reader);
        match *expected {
            "-" => assert!(reply.starts_with('-'), "{command}: {reply}"),
            expected => assert_eq!(reply, expected, "{command}"),
        }
    }
}

#[test]
fn digest() {
    script(&[
        ("DIGEST missing", "nil"),
        ("SET key1 \"Hello world\"", "+OK"),
        ("DIGEST key1", "\"b6acb9d84a38ff74\""),
        ("SET key1 test", "+OK"),
        ("DIGEST key1", "\"9ec9f7918d7dfc40\""),
        // A number's digest is that of its text.
        ("SET n 12345", "+OK"),
        ("SET t \"\"", "+OK"),
        ("APPEND t 12345", ":5"),
        ("SET copy same IFDEQ 0000000000000000", "nil"),
        ("DIGEST", "-ERR wrong number of arguments for 'digest' command"),
    ]);
}

#[test]
fn set_compares_values() {
    script(&[
        ("SET k v IFEQ v", "nil"),
        ("EXISTS k", ":0"),
        ("SET k v IFNE w", "+OK"),
        ("GET k", "\"v\""),
        ("SET k w IFEQ x", "nil"),
        ("SET k w IFEQ v", "+OK"),
        ("SET k x IFNE w", "nil"),
        ("GET k", "\"w\""),
        // With GET the old value comes back, set or not.
        ("SET k x IFEQ nope GET", "\"w\""),
        ("GET k", "\"w\""),
        ("SET k x IFEQ w GET EXAT 33177117420", "\"w\""),
        ("GET k", "\"x\""),
        ("EXPIRETIME k", ":33177117420"),
        ("SET k y IFEQ x KEEPTTL", "+OK"),
        ("EXPIRETIME k", ":33177117420"),
        ("SET k z IFEQ y", "+OK"),
        ("TTL k", ":-1"),
        // A number is compared as its text.
        ("SET n 42", "+OK"),
        ("SET n 43 IFEQ 42", "+OK"),
        ("SET n 44 IFEQ 043", "nil"),
        ("SET k a IFEQ", "-ERR syntax error"),
        ("SET k a NX IFEQ z", "-ERR syntax error"),
        ("SET k a IFEQ z XX", "-ERR syntax error"),
        ("SET k a IFEQ z IFNE y", "-ERR syntax error"),
    ]);
}

#[test]
fn set_compares_digests() {
    script(&[
        ("SET k \"Hello world\" IFDEQ b6acb9d84a38ff74", "nil"),
        ("SET k \"Hello world\" IFDNE b6acb9d84a38ff74", "+OK"),
        ("SET k other IFDNE b6acb9d84a38ff74", "nil"),
        ("SET k other IFDEQ 0000000000000000", "nil"),
        ("SET k other IFDEQ b6acb9d84a38ff74", "+OK"),
        ("GET k", "\"other\""),
        ("SET k \"Hello world\"", "+OK"),
        ("SET k upper IFDEQ B6ACB9D84A38FF74", "+OK"),
    ]);
}

#[test]
fn delex() {
    script(&[
        ("DELEX missing", ":0"),
        ("DELEX missing IFEQ v", ":0"),
        ("DELEX missing IFNE v", ":0"),
        ("SET k v", "+OK"),
        ("DELEX k IFEQ w", ":0"),
        ("DELEX k IFNE v", ":0"),
        ("DELEX k IFEQ v", ":1"),
        ("EXISTS k", ":0"),
        ("SET k v", "+OK"),
        ("DELEX k IFNE w", ":1"),
        ("SET k \"Hello world\"", "+OK"),
        ("DELEX k IFDNE b6acb9d84a38ff74", ":0"),
        ("DELEX k IFDEQ 0000000000000000", ":0"),
        ("DELEX k IFDEQ b6acb9d84a38ff74", ":1"),
        ("SET k v", "+OK"),
        ("DELEX k", ":1"),
        ("SET k v", "+OK"),
        ("DELEX k NOPE v", "-"),
        ("DELEX k IFEQ", "-"),
        ("DELEX k IFEQ v IFEQ v", "-"),
        ("EXISTS k", ":1"),
        ("DELEX", "-ERR wrong number of arguments for 'delex' command"),
    ]);
}

#[test]
fn msetex() {
    script(&[
        ("MSETEX 2 a 1 b 2 EXAT 33177117420", ":1"),
        ("EXPIRETIME a", ":33177117420"),
        ("MSETEX 2 b 3 c 4 NX", ":0"),
        ("EXISTS c", ":0"),
        ("MSETEX 2 a 5 b 6 XX KEEPTTL", ":1"),
        ("EXPIRETIME b", ":33177117420"),
        ("GET b", "\"6\""),
        ("MSETEX 2 a 7 c 8 XX", ":0"),
        ("GET a", "\"5\""),
        ("MSETEX 1 c 9", ":1"),
        ("TTL c", ":-1"),
        ("MSETEX 0 a 1", "-"),
        ("MSETEX 3 a 1 b 2", "-"),
        ("MSETEX x a 1", "-"),
        ("MSETEX 1 a 1 EX 0", "-ERR invalid expire time in 'msetex' command"),
        ("MSETEX 1 a 1 NX XX", "-ERR syntax error"),
    ]);
}

/// Redis 8.2: what happens to what is pending when entries are deleted.
#[test]
fn streams_and_references() {
    script(&[
        ("XDELEX missing IDS 2 1-1 2-1", "[:-1 :-1]"),
        ("XACKDEL missing g IDS 1 1-1", "[:-1]"),
        ("XADD s 1-0 f a", "\"1-0\""),
        ("XADD s 2-0 f b", "\"2-0\""),
        ("XADD s 3-0 f c", "\"3-0\""),
        // Without groups nobody has acknowledged.
        ("XDELEX s ACKED IDS 1 1-0", "[:2]"),
        ("XGROUP CREATE s g 0", "+OK"),
        ("XGROUP CREATE s h 0", "+OK"),
        (
            "XREADGROUP GROUP g ann COUNT 2 STREAMS s >",
            "[[\"s\" [[\"1-0\" [\"f\" \"a\"]] [\"2-0\" [\"f\" \"b\"]]]]]",
        ),
        ("XACKDEL s nope IDS 1 1-0", "[:-1]"),
        ("XACKDEL s g IDS 1 3-0", "[:-1]"),
        // The other group has not read it.
        ("XACKDEL s g ACKED IDS 1 1-0", "[:2]"),
        ("XLEN s", ":3"),
        (
            "XREADGROUP GROUP h bob COUNT 2 STREAMS s >",
            "[[\"s\" [[\"1-0\" [\"f\" \"a\"]] [\"2-0\" [\"f\" \"b\"]]]]]",
        ),
        ("XACKDEL s h ACKED IDS 2 1-0 9-0", "[:1 :-1]"),
        ("XLEN s", ":2"),
        ("XDELEX s KEEPREF IDS 1 2-0", "[:1]"),
        ("XPENDING s g", "[:1 \"2-0\" \"2-0\" [[\"ann\" \"1\"]]]"),
        // The entry is gone, what points to it is not.
        ("XDELEX s DELREF IDS 1 2-0", "[:-1]"),
        ("XPENDING s g", "[:0 nil nil nil]"),
        ("XPENDING s h", "[:0 nil nil nil]"),
        ("XDELEX s IDS 1 3-0 extra", "-ERR syntax error"),
        ("XDELEX s IDS 0 3-0", "-ERR Number of IDs must be a positive integer"),
        ("XDELEX s IDS 2 3-0", "-ERR The `numids` parameter must match the number of arguments"),
        ("XDELEX s KEEPREF ACKED IDS 1 3-0", "-ERR syntax error"),
        ("XDELEX s IDS 1 x", "-ERR Invalid stream ID specified as stream command argument"),
    ]);
}

/// Redis 8.2: trimming that minds what is pending.
#[test]
fn streams_trimmed_with_references() {
    script(&[
        ("XADD s 1-0 f a", "\"1-0\""),
        ("XADD s ACKED MAXLEN 1 2-0 f b", "\"2-0\""),
        // Without groups ACKED says nothing.
        ("XLEN s", ":1"),
        ("XADD s 3-0 f c", "\"3-0\""),
        ("XGROUP CREATE s g 0", "+OK"),
        ("XTRIM s MAXLEN 0 ACKED", ":0"),
        (
            "XREADGROUP GROUP g ann NOACK STREAMS s >",
            "[[\"s\" [[\"2-0\" [\"f\" \"b\"]] [\"3-0\" [\"f\" \"c\"]]]]]",
        ),
        ("XADD s 4-0 f d", "\"4-0\""),
        ("XREADGROUP GROUP g ann STREAMS s >", "[[\"s\" [[\"4-0\" [\"f\" \"d\"]]]]]"),
        ("XTRIM s MAXLEN = 0 ACKED", ":2"),
        ("XRANGE s - +", "[[\"4-0\" [\"f\" \"d\"]]]"),
        ("XTRIM s MAXLEN 0 DELREF", ":1"),
        ("XPENDING s g", "[:0 nil nil nil]"),
        ("XTRIM s MAXLEN 0 KEEPREF DELREF", "-ERR syntax error"),
    ]);
}

/// Redis 8.4: XREADGROUP that takes over what others left.
#[test]
fn streams_claimed_while_reading() {
    script(&[
        ("XADD s 1-0 f a", "\"1-0\""),
        ("XGROUP CREATE s g 0", "+OK"),
        ("XREADGROUP GROUP g ann STREAMS s >", "[[\"s\" [[\"1-0\" [\"f\" \"a\"]]]]]"),
        ("XADD s 2-0 f b", "\"2-0\""),
        ("XCLAIM s g ann 0 1-0 IDLE 1000000 JUSTID", "[\"1-0\"]"),
        // What was not idle for long stays; what is new was never delivered.
        (
            "XREADGROUP GROUP g bob CLAIM 9000000 STREAMS s >",
            "[[\"s\" [[\"2-0\" [\"f\" \"b\"] :0 :0]]]]",
        ),
        ("XREADGROUP GROUP g bob CLAIM 9000000 STREAMS s >", "nil"),
        ("XCLAIM s g ann 0 1-0 TIME 0 RETRYCOUNT 4 JUSTID", "[\"1-0\"]"),
        ("XREADGROUP GROUP g bob CLAIM x STREAMS s >", "-ERR min-idle-time is not an integer"),
        (
            "XREADGROUP GROUP g bob CLAIM -1 STREAMS s >",
            "-ERR min-idle-time must be a positive integer",
        ),
        ("XREAD CLAIM 1 STREAMS s 0", "-"),
        // With an id of its own history CLAIM is not minded.
        ("XREADGROUP GROUP g bob CLAIM 5 STREAMS s 0", "[[\"s\" [[\"2-0\" [\"f\" \"b\"]]]]]"),
        ("XREADGROUP GROUP g bob COUNT 1 BLOCK 5 STREAMS s >", "nil"),
        ("XREADGROUP GROUP g bob BLOCK 5 STREAMS s 2-0", "[[\"s\" []]]"),
    ]);
}
