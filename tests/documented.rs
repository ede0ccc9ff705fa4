//! Commands that no packaged server has yet (Redis 8.4 to 8.8), against what their documentation says.
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

/// Whether a reply is as expected, where `?` stands for any one word.
fn matches(reply: &str, expected: &str) -> bool {
    let same = |(word, wanted)| wanted == "?" || word == wanted;
    reply.split(' ').count() == expected.split(' ').count()
        && reply.split(' ').zip(expected.split(' ')).all(same)
}

/// Sends the commands to an empty server and compares the replies; `-` stands for any error, `?` in a longer one for
/// any word.
fn script(lines: &[(&str, &str)]) {
    let Some(server) = Kind::Danio.start_or_skip() else { return };
    let mut reader = BufReader::new(TcpStream::connect(server.address()).unwrap());
    for (command, expected) in lines {
        reader.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let reply = reply(&mut reader);
        match *expected {
            "-" => assert!(reply.starts_with('-'), "{command}: {reply}"),
            expected if matches(&reply, expected) => {}
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

/// Redis 8.8: consumers that give entries back.
#[test]
fn streams_given_back() {
    const MAX: &str = ":9223372036854775807";
    let nobody = |id: u8, count: &str| format!("[\"{id}-0\" \"\" :-1 {count}]");
    script(&[
        ("XNACK missing g FAIL IDS 1 1-0", "-NOGROUP No such key 'missing' or consumer group 'g'"),
        ("XADD s 1-0 f a", "\"1-0\""),
        ("XADD s 2-0 f b", "\"2-0\""),
        ("XADD s 3-0 f c", "\"3-0\""),
        ("XADD s 4-0 f d", "\"4-0\""),
        ("XNACK s g FAIL IDS 1 1-0", "-NOGROUP No such key 's' or consumer group 'g'"),
        ("XGROUP CREATE s g 0", "+OK"),
        ("XREADGROUP GROUP g ann COUNT 3 NOACK STREAMS s 0", "[[\"s\" []]]"),
        // What is not pending is passed over.
        ("XNACK s g FAIL IDS 2 1-0 9-0", ":0"),
        (
            "XREADGROUP GROUP g ann COUNT 3 STREAMS s >",
            "[[\"s\" [[\"1-0\" [\"f\" \"a\"]] [\"2-0\" [\"f\" \"b\"]] [\"3-0\" [\"f\" \"c\"]]]]]",
        ),
        ("XNACK s g SILENT IDS 2 3-0 9-0", ":1"),
        ("XNACK s g fail ids 1 1-0", ":1"),
        ("XPENDING s g", "[:3 \"1-0\" \"3-0\" [[\"ann\" \"1\"]]]"),
        ("XPENDING s g - + 1", &format!("[{}]", nobody(1, ":1"))),
        ("XPENDING s g 3-0 3-0 1", &format!("[{}]", nobody(3, ":0"))),
        // Any time is over, and nobody's is no consumer's.
        ("XPENDING s g IDLE 9000000 - + 9", &format!("[{} {}]", nobody(1, ":1"), nobody(3, ":0"))),
        ("XPENDING s g - + 9 \"\"", "[]"),
        ("XREADGROUP GROUP g ann STREAMS s 0", "[[\"s\" [[\"2-0\" [\"f\" \"b\"]]]]]"),
        // A second time it is as good, and behind the others.
        ("XNACK s g FAIL IDS 1 3-0", ":1"),
        // Of equals, the first that was given back is the first that is claimed, before what is idle.
        ("XCLAIM s g ann 0 2-0 TIME 0 JUSTID", "[\"2-0\"]"),
        ("XNACK s g FATAL IDS 1 3-0 RETRYCOUNT 7", ":1"),
        ("XAUTOCLAIM s g bob 9000000 0 COUNT 1 JUSTID", "[\"2-0\" [\"1-0\"] []]"),
        ("XPENDING s g - + 9 bob", "[[\"1-0\" \"bob\" ? :1]]"),
        ("XNACK s g FATAL IDS 1 1-0", ":1"),
        ("XPENDING s g - + 1", &format!("[{}]", nobody(1, MAX))),
        ("XCLAIM s g bob 9000000 3-0", "[[\"3-0\" [\"f\" \"c\"]]]"),
        ("XPENDING s g 3-0 + 9 bob", "[[\"3-0\" \"bob\" ? :8]]"),
        // As often as can be is never more often.
        ("XCLAIM s g bob 0 1-0", "[[\"1-0\" [\"f\" \"a\"]]]"),
        ("XNACK s g SILENT IDS 1 1-0 RETRYCOUNT 9223372036854775807", ":1"),
        ("XAUTOCLAIM s g bob 0 1 COUNT 1", "[\"2-0\" [[\"1-0\" [\"f\" \"a\"]]] []]"),
        ("XNACK s g FAIL IDS 1 1-0", ":1"),
        ("XPENDING s g - + 1", &format!("[{}]", nobody(1, MAX))),
        // FORCE: what was not delivered to anybody, if it is there.
        ("XNACK s g FAIL FORCE IDS 2 4-0 9-0", ":1"),
        ("XPENDING s g 4-0 + 9", &format!("[{}]", nobody(4, ":0"))),
        ("XACK s g 4-0", ":1"),
        ("XNACK s g FATAL IDS 1 4-0 FORCE", ":1"),
        ("XPENDING s g 4-0 + 9", &format!("[{}]", nobody(4, MAX))),
        ("XNACK s g FATAL IDS 1 4-0 FORCE RETRYCOUNT 2", ":1"),
        // It counts as less often delivered, but never as less than not at all.
        ("XNACK s g SILENT IDS 4 4-0 4-0 4-0 4-0", ":4"),
        ("XPENDING s g 4-0 + 9", &format!("[{}]", nobody(4, ":0"))),
        // Consumers come and go without it.
        ("XGROUP DELCONSUMER s g ann", ":1"),
        ("XGROUP DELCONSUMER s g bob", ":1"),
        ("XPENDING s g", "[:2 \"1-0\" \"4-0\" []]"),
        ("XINFO CONSUMERS s g", "[]"),
        // Deleted entries: it is claimed no more, and forgotten by whoever tries.
        ("XDEL s 1-0", ":1"),
        ("XNACK s g FAIL IDS 1 1-0", ":1"),
        ("XREADGROUP GROUP g ann COUNT 1 CLAIM 5 STREAMS s 0", "[[\"s\" []]]"),
        ("XAUTOCLAIM s g ann 0 0 COUNT 1", "[\"4-0\" [] [\"1-0\"]]"),
        ("XPENDING s g", "[:1 \"4-0\" \"4-0\" []]"),
        ("COPY s t", ":1"),
        ("XACKDEL s g IDS 1 4-0", "[:1]"),
        ("XPENDING s g", "[:0 nil nil nil]"),
        ("XPENDING t g", "[:1 \"4-0\" \"4-0\" []]"),
        ("XDELEX t DELREF IDS 1 4-0", "[:1]"),
        ("XPENDING t g", "[:0 nil nil nil]"),
        ("SET k v", "+OK"),
        (
            "XNACK k g FAIL IDS 1 1-0",
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        ("XNACK s g MAYBE IDS 1 1-0", "-ERR mode must be SILENT, FAIL, or FATAL"),
        ("XNACK s g FAIL FORCE RETRYCOUNT 1", "-ERR syntax error"),
        ("XNACK s g FAIL IDS 1 1-0 SOON", "-ERR syntax error"),
        ("XNACK s g FAIL IDS 1 1-0 RETRYCOUNT", "-ERR syntax error"),
        (
            "XNACK s g FAIL IDS 1 1-0 RETRYCOUNT -1",
            "-ERR Invalid RETRYCOUNT option argument for XNACK",
        ),
        ("XNACK s g FAIL IDS 1 1-0 IDS 1 1-0", "-ERR syntax error"),
        ("XNACK s g FAIL IDS 0 1-0", "-ERR Number of IDs must be a positive integer"),
        (
            "XNACK s g FAIL IDS 2 1-0",
            "-ERR The `numids` parameter must match the number of arguments",
        ),
        ("XNACK s g FAIL IDS 1 x", "-ERR Invalid stream ID specified as stream command argument"),
        ("XNACK s g FAIL IDS 1", "-ERR wrong number of arguments for 'xnack' command"),
    ]);
}

/// Redis 8.8: what is claimed while reading, and what XINFO tells.
#[test]
fn streams_given_back_are_read_first() {
    script(&[
        ("XADD s 1-0 f a", "\"1-0\""),
        ("XADD s 2-0 f b", "\"2-0\""),
        ("XADD s 3-0 f c", "\"3-0\""),
        ("XADD s 4-0 f d", "\"4-0\""),
        ("XGROUP CREATE s g 0", "+OK"),
        (
            "XCLAIM s g ann 0 1-0 2-0 3-0 TIME 1 FORCE JUSTID LASTID 3-0",
            "[\"1-0\" \"2-0\" \"3-0\"]",
        ),
        ("XNACK s g FAIL IDS 2 3-0 2-0", ":2"),
        (
            "XINFO STREAM s FULL COUNT 1",
            "[\"length\" :4 \"radix-tree-keys\" :1 \"radix-tree-nodes\" :2 \"last-generated-id\" \"4-0\" \
             \"max-deleted-entry-id\" \"0-0\" \"entries-added\" :4 \"recorded-first-entry-id\" \"1-0\" \
             \"entries\" [[\"1-0\" [\"f\" \"a\"]]] \"groups\" [[\"name\" \"g\" \"last-delivered-id\" \"3-0\" \
             \"entries-read\" nil \"lag\" nil \"pel-count\" :3 \"nacked-count\" :2 \"pending\" \
             [[\"1-0\" \"ann\" :1 :1]] \"consumers\" [[\"name\" \"ann\" \"seen-time\" ? \"active-time\" ? \"pel-count\" :1 \"pending\" \
             [[\"1-0\" :1 :1]]]]]]]",
        ),
        ("XREADGROUP GROUP g bob STREAMS s 0", "[[\"s\" []]]"),
        ("XACK s g 1-0", ":1"),
        (
            "XREADGROUP GROUP g bob COUNT 1 CLAIM 9000000000000000000 NOACK STREAMS s >",
            "[[\"s\" [[\"3-0\" [\"f\" \"c\"] ? :1]]]]",
        ),
        (
            "XREADGROUP GROUP g bob COUNT 1 CLAIM 9000000000000000000 STREAMS s >",
            "[[\"s\" [[\"2-0\" [\"f\" \"b\"] ? :1]]]]",
        ),
        (
            "XREADGROUP GROUP g bob CLAIM 9000000000000000000 STREAMS s >",
            "[[\"s\" [[\"4-0\" [\"f\" \"d\"] :0 :0]]]]",
        ),
        ("XPENDING s g", "[:3 \"2-0\" \"4-0\" [[\"bob\" \"3\"]]]"),
    ]);
}

/// Redis 8.10: how much one call reads of all streams together.
#[test]
fn streams_read_within_bounds() {
    // An entry is 31 bytes long: `*2`, its id, `*2`, the field and the value; a key 7.
    let entry = |id: u8| format!("[\"{id}-0\" [\"f\" \"v\"]]");
    let of = |key: &str, ids: &[u8]| {
        format!("[\"{key}\" [{}]]", ids.iter().map(|id| entry(*id)).collect::<Vec<_>>().join(" "))
    };
    let read = |streams: &[(&str, &[u8])]| {
        let streams: Vec<String> = streams.iter().map(|(key, ids)| of(key, ids)).collect();
        format!("[{}]", streams.join(" "))
    };
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut say = |line: &str, answer: &str| lines.push((line.to_owned(), answer.to_owned()));
    for key in ["a", "b", "c"] {
        for id in 1..=3 {
            say(&format!("XADD {key} {id}-0 f v"), &format!("\"{id}-0\""));
        }
        say(&format!("XGROUP CREATE {key} g 0"), "+OK");
    }
    let all = "STREAMS a b c 0 0 0";
    let two: &[u8] = &[1, 2];
    say(&format!("XREAD COUNT 2 {all}"), &read(&[("a", two), ("b", two), ("c", two)]));
    say(&format!("XREAD COUNT 2 MAXCOUNT 3 {all}"), &read(&[("a", two), ("b", &[1])]));
    say(&format!("XREAD MAXCOUNT 2 COUNT 2 {all}"), &read(&[("a", two)]));
    say(&format!("XREAD MAXCOUNT 4 {all}"), &read(&[("a", &[1, 2, 3]), ("b", &[1])]));
    say(&format!("XREAD MAXCOUNT 2 MAXSIZE 100000 {all}"), &read(&[("a", two)]));
    say(&format!("XREAD MAXCOUNT 9 MAXSIZE 1 {all}"), &read(&[("a", &[1])]));
    say(&format!("XREAD MAXSIZE 38 {all}"), &read(&[("a", &[1])]));
    say(&format!("XREAD MAXSIZE 39 {all}"), &read(&[("a", two)]));
    say(&format!("XREAD COUNT 1 MAXSIZE 39 {all}"), &read(&[("a", &[1]), ("b", &[1])]));
    say(&format!("XREAD COUNT 1 MAXSIZE 76 {all}"), &read(&[("a", &[1]), ("b", &[1])]));
    say(&format!("XREAD MAXSIZE 100 {all}"), &read(&[("a", &[1, 2, 3])]));
    say(&format!("XREAD MAXSIZE 101 {all}"), &read(&[("a", &[1, 2, 3]), ("b", &[1])]));
    say("XREAD MAXSIZE 1 MAXCOUNT 1 STREAMS a none 3-0 0", "nil");
    // Streams without entries cost nothing.
    say("XREAD MAXCOUNT 1 STREAMS none a b 0 2 2", &read(&[("a", &[3])]));
    say("XREAD MAXCOUNT 1 BLOCK 5 STREAMS a 3-0", "nil");

    // What a group's consumer is not given is not delivered.
    let new = "STREAMS a b c > > >";
    say(
        &format!("XREADGROUP GROUP g ann COUNT 2 MAXCOUNT 3 {new}"),
        &read(&[("a", two), ("b", &[1])]),
    );
    say("XPENDING a g", "[:2 \"1-0\" \"2-0\" [[\"ann\" \"2\"]]]");
    say("XPENDING b g", "[:1 \"1-0\" \"1-0\" [[\"ann\" \"1\"]]]");
    say("XINFO CONSUMERS c g", "[]");
    say(
        &format!("XREADGROUP GROUP g ann MAXSIZE 39 BLOCK 0 {new}"),
        &read(&[("a", &[3]), ("b", &[2])]),
    );
    say("XREADGROUP GROUP g ann MAXSIZE 1 STREAMS c >", &read(&[("c", &[1])]));
    say("XPENDING c g", "[:1 \"1-0\" \"1-0\" [[\"ann\" \"1\"]]]");
    // So it is with what is read again: 1, 2, 3 of a; 1, 2 of b; 1 of c.
    let again = "STREAMS a b c 0 0 0";
    say(
        &format!("XREADGROUP GROUP g ann MAXCOUNT 4 {again}"),
        &read(&[("a", &[1, 2, 3]), ("b", &[1])]),
    );
    say(&format!("XREADGROUP GROUP g ann MAXSIZE 69 {again}"), &read(&[("a", two)]));
    say("XREADGROUP GROUP g bob MAXCOUNT 1 STREAMS a c 0 >", &read(&[("a", &[]), ("c", &[2])]));
    // A deleted one is 18 bytes long: `*2`, its id, `*-1`.
    say("XDEL a 1-0", ":1");
    let gone = "[[\"a\" [[\"1-0\" nil]]]]";
    say("XREADGROUP GROUP g ann MAXSIZE 25 STREAMS a 0", gone);
    say(
        "XREADGROUP GROUP g ann MAXSIZE 26 STREAMS a 0",
        &gone.replace("nil]", &format!("nil] {}", entry(2))),
    );
    // And with what is claimed, which is longer by two numbers, `:0` and `:3`: 39 bytes.
    say("XNACK a g FAIL IDS 1 2-0 RETRYCOUNT 3", ":1");
    say("XCLAIM a g ann 0 3-0 TIME 0 JUSTID", "[\"3-0\"]");
    let claimed = "[[\"a\" [[\"2-0\" [\"f\" \"v\"] ? :3]]]]";
    say("XREADGROUP GROUP g bob CLAIM 5 MAXCOUNT 1 STREAMS a b > >", claimed);
    say("XPENDING a g - + 9 bob", "[[\"2-0\" \"bob\" ? :4]]");
    for (line, answer) in [
        ("XREAD MAXCOUNT 0 STREAMS a 0", "-ERR MAXCOUNT must be a positive integer"),
        ("XREAD MAXCOUNT x STREAMS a 0", "-ERR MAXCOUNT must be a positive integer"),
        ("XREAD MAXSIZE -1 STREAMS a 0", "-ERR MAXSIZE must be a positive integer"),
        ("XREADGROUP GROUP g ann MAXSIZE 0 STREAMS a >", "-ERR MAXSIZE must be a positive integer"),
        (
            "XREAD COUNT 5 MAXCOUNT 1 STREAMS a 0",
            "-ERR MAXCOUNT must be greater than or equal to COUNT",
        ),
        (
            "XREAD MAXCOUNT 1 COUNT 5 STREAMS a 0",
            "-ERR MAXCOUNT must be greater than or equal to COUNT",
        ),
        ("XREAD MAXCOUNT STREAMS a 0", "-"),
    ] {
        say(line, answer);
    }
    let lines: Vec<(&str, &str)> = lines.iter().map(|(l, a)| (l.as_str(), a.as_str())).collect();
    script(&lines);
}

/// Redis 8.10: how many members sets come to.
#[test]
fn sets_counted() {
    script(&[
        ("SADD key1 a b c", ":3"),
        ("SADD key2 c d e", ":3"),
        ("SUNIONCARD 2 key1 key2", ":5"),
        ("SUNIONCARD 2 key1 key2 LIMIT 3", ":3"),
        ("SUNIONCARD 3 key1 none key2 LIMIT 0", ":5"),
        ("SUNIONCARD 2 key1 key2 APPROX", ":5"),
        ("SUNIONCARD 2 key1 key2 LIMIT 2 approx", ":2"),
        ("SUNIONCARD 1 none APPROX", ":0"),
        ("SDIFFCARD 2 key1 key2", ":2"),
        ("SDIFFCARD 2 key1 key2 LIMIT 1", ":1"),
        ("SDIFFCARD 2 key1 key1", ":0"),
        ("SDIFFCARD 2 none key1", ":0"),
        ("SADD n1 1 2 3", ":3"),
        ("SADD n2 3 4", ":2"),
        ("SUNIONCARD 2 n1 n2 LIMIT 2", ":2"),
        ("SUNIONCARD 4 n1 n2 key1 key2", ":9"),
        ("SDIFFCARD 2 n1 n2", ":2"),
        ("SET k v", "+OK"),
        (
            "SUNIONCARD 2 none k",
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        (
            "SUNIONCARD 1 k APPROX",
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        (
            "SDIFFCARD 2 none k",
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        ("SUNIONCARD 0 key1", "-ERR numkeys should be greater than 0"),
        ("SDIFFCARD 2 key1", "-ERR Number of keys can't be greater than number of args"),
        ("SDIFFCARD 1 key1 LIMIT -1", "-ERR LIMIT can't be negative"),
        ("SDIFFCARD 1 key1 APPROX", "-ERR syntax error"),
        ("SUNIONCARD 1 key1 LIMIT", "-ERR syntax error"),
    ]);
}

/// Redis 8.10: several elements moved at once.
#[test]
fn lists_moved_by_many() {
    script(&[
        ("RPUSH mylist 1 2 3 4", ":4"),
        ("LMOVEM mylist myotherlist LEFT LEFT COUNT 2 OBO", "[\"2\" \"1\"]"),
        ("LRANGE mylist 0 -1", "[\"3\" \"4\"]"),
        ("LRANGE myotherlist 0 -1", "[\"2\" \"1\"]"),
        ("LMOVEM mylist myotherlist LEFT LEFT EXACTLY 5 BULK", "nil"),
        ("LMOVEM mylist myotherlist LEFT LEFT EXACTLY 2 BULK", "[\"3\" \"4\"]"),
        ("EXISTS mylist", ":0"),
        ("LRANGE myotherlist 0 -1", "[\"3\" \"4\" \"2\" \"1\"]"),
        ("LMOVEM mylist myotherlist LEFT LEFT", "nil"),
        ("LMOVEM mylist myotherlist LEFT LEFT COUNT 2 OBO", "nil"),
        ("RPUSH somelist a b c", ":3"),
        ("LMOVEM somelist somelist LEFT LEFT EXACTLY 2 OBO", "[\"b\" \"a\"]"),
        ("LRANGE somelist 0 -1", "[\"b\" \"a\" \"c\"]"),
        ("LMOVEM somelist somelist LEFT LEFT EXACTLY 3 BULK", "[\"b\" \"a\" \"c\"]"),
        ("LMOVEM somelist somelist LEFT RIGHT COUNT 2 BULK", "[\"b\" \"a\"]"),
        ("LRANGE somelist 0 -1", "[\"c\" \"b\" \"a\"]"),
        ("LMOVEM somelist somelist RIGHT LEFT COUNT 9 OBO", "[\"c\" \"b\" \"a\"]"),
        // All ends, in both orders.
        ("RPUSH s 1 2 3 4 5 6 7 8 9", ":9"),
        ("LMOVEM s d RIGHT RIGHT COUNT 2 OBO", "[\"9\" \"8\"]"),
        ("LMOVEM s d RIGHT RIGHT COUNT 2 BULK", "[\"6\" \"7\"]"),
        ("LRANGE d 0 -1", "[\"9\" \"8\" \"6\" \"7\"]"),
        ("LMOVEM s d RIGHT LEFT COUNT 2 OBO", "[\"4\" \"5\"]"),
        ("LMOVEM s d right left exactly 2 bulk", "[\"2\" \"3\"]"),
        ("LRANGE d 0 -1", "[\"2\" \"3\" \"4\" \"5\" \"9\" \"8\" \"6\" \"7\"]"),
        ("LMOVEM d s LEFT RIGHT COUNT 2 OBO", "[\"2\" \"3\"]"),
        ("LMOVEM d s LEFT RIGHT COUNT 99 BULK", "[\"4\" \"5\" \"9\" \"8\" \"6\" \"7\"]"),
        ("EXISTS d", ":0"),
        ("LMOVEM s d LEFT RIGHT", "[\"1\"]"),
        ("BLMOVEM s d LEFT RIGHT 0 COUNT 3 BULK", "[\"2\" \"3\" \"4\"]"),
        ("BLMOVEM s d LEFT RIGHT 0", "[\"5\"]"),
        ("BLMOVEM s d LEFT RIGHT 0.01 EXACTLY 5 OBO", "nil"),
        ("BLMOVEM none d LEFT RIGHT 0.01 COUNT 4 OBO", "nil"),
        ("MULTI", "+OK"),
        ("BLMOVEM s d LEFT RIGHT 0 EXACTLY 5 BULK", "+QUEUED"),
        ("BLMOVEM s d LEFT RIGHT 0 EXACTLY 3 BULK", "+QUEUED"),
        ("EXEC", "[nil [\"9\" \"8\" \"6\"]]"),
        ("SET k v", "+OK"),
        (
            "LMOVEM k d LEFT LEFT COUNT 2 OBO",
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        (
            "LMOVEM d k LEFT LEFT COUNT 2 OBO",
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        ("LMOVEM none k LEFT LEFT COUNT 2 OBO", "nil"),
        ("LLEN d", ":8"),
        ("LMOVEM s d UP LEFT", "-ERR syntax error"),
        ("LMOVEM s d LEFT LEFT COUNT 2", "-ERR syntax error"),
        ("LMOVEM s d LEFT LEFT COUNT 2 SOON", "-ERR syntax error"),
        ("LMOVEM s d LEFT LEFT ABOUT 2 OBO", "-ERR syntax error"),
        ("LMOVEM s d LEFT LEFT OBO COUNT 2", "-ERR syntax error"),
        ("LMOVEM s d LEFT LEFT COUNT 0 OBO", "-ERR count should be greater than 0"),
        ("LMOVEM s d LEFT LEFT EXACTLY x OBO", "-ERR exactly should be greater than 0"),
        ("BLMOVEM s d LEFT LEFT -1", "-ERR timeout is negative"),
        ("BLMOVEM s d LEFT LEFT x", "-ERR timeout is not a float or out of range"),
    ]);
}

#[test]
fn increx_counts_within_bounds() {
    script(&[
        ("INCREX n", "[:1 :1]"),
        ("INCREX n", "[:2 :1]"),
        ("SET n 100", "+OK"),
        ("INCREX n BYINT 5", "[:105 :5]"),
        ("INCREX n byint -10", "[:95 :-10]"),
        ("INCREX n BYINT 0", "[:95 :0]"),
        // What is out of bounds is left, or goes as far as the bound.
        ("SET n 99", "+OK"),
        ("INCREX n BYINT 5 UBOUND 100", "[:99 :0]"),
        ("INCREX n BYINT 1 LBOUND 0 UBOUND 100", "[:100 :1]"),
        ("INCREX n BYINT 5 UBOUND 100 SATURATE", "[:100 :0]"),
        ("INCREX n SATURATE LBOUND 40 BYINT -100", "[:40 :-60]"),
        // A number that is out of bounds already is moved into them.
        ("INCREX n BYINT 1 LBOUND 100", "[:40 :0]"),
        ("INCREX n BYINT 1 LBOUND 100 SATURATE", "[:100 :60]"),
        // What is rejected makes no key.
        ("INCREX none BYINT 5 UBOUND 4", "[:0 :0]"),
        ("EXISTS none", ":0"),
        ("INCREX none BYINT 5 UBOUND 4 SATURATE", "[:4 :4]"),
        // The limits of the type are bounds too.
        ("SET n 9223372036854775800", "+OK"),
        ("INCREX n BYINT 9223372036854775800", "[:9223372036854775800 :0]"),
        ("INCREX n BYINT 9223372036854775800 SATURATE", "[:9223372036854775807 :7]"),
        ("SET n -9223372036854775800", "+OK"),
        ("INCREX n BYINT -9223372036854775800 SATURATE", "[:-9223372036854775808 :-8]"),
        // What would be added does not fit.
        ("INCREX n BYINT 1 LBOUND 1 SATURATE", "-ERR increment or decrement would overflow"),
        ("OBJECT ENCODING n", "\"int\""),
    ]);
}

#[test]
fn increx_counts_floats() {
    script(&[
        ("SET x 1.5", "+OK"),
        ("INCREX x BYFLOAT 0.25", "[\"1.75\" \"0.25\"]"),
        ("INCREX x BYFLOAT 1", "[\"2.75\" \"1\"]"),
        ("GET x", "\"2.75\""),
        ("INCREX x", "-ERR value is not an integer or out of range"),
        ("INCREX x BYFLOAT 100 UBOUND 42.5", "[\"2.75\" \"0\"]"),
        ("INCREX x BYFLOAT 100 UBOUND 42.5 SATURATE", "[\"42.5\" \"39.75\"]"),
        ("INCREX x BYFLOAT -100 LBOUND -5.5 SATURATE", "[\"-5.5\" \"-48\"]"),
        // Integers are floats, too.
        ("SET n 10", "+OK"),
        ("INCREX n BYFLOAT 1.5", "[\"11.5\" \"1.5\"]"),
        ("INCREX n BYFLOAT inf", "-ERR value or increment would produce Infinity"),
        ("SET i -inf", "+OK"),
        ("INCREX i BYFLOAT 0 LBOUND -100", "-ERR value or increment would produce Infinity"),
        ("GET i", "\"-inf\""),
        ("INCREX n BYFLOAT nan", "-ERR value is not a valid float"),
        ("SET s hello", "+OK"),
        ("INCREX s BYFLOAT 1.5", "-ERR value is not a valid float"),
        ("INCREX s BYINT 1", "-ERR value is not an integer or out of range"),
        // What would be added is beyond all numbers of 64 bits of mantissa.
        ("SET x -1.18973149535723176502e4932", "+OK"),
        (
            "INCREX x BYFLOAT 1 LBOUND 1.18973149535723176502e4932 SATURATE",
            "-ERR value or increment would produce Infinity",
        ),
    ]);
}

#[test]
fn increx_sets_when_the_key_expires() {
    script(&[
        ("INCREX n EX 100 BYINT 5", "[:5 :5]"),
        ("TTL n", ":100"),
        ("INCREX n", "[:6 :1]"),
        ("TTL n", ":100"),
        ("INCREX n EX 10 ENX", "[:7 :1]"),
        ("TTL n", ":100"),
        ("INCREX n PX 50000", "[:8 :1]"),
        ("TTL n", ":50"),
        // What is rejected leaves the time alone; what met its bound does not.
        ("INCREX n BYINT 9 UBOUND 10 EX 900", "[:8 :0]"),
        ("TTL n", ":50"),
        ("INCREX n BYINT 9 UBOUND 8 EX 900 SATURATE", "[:8 :0]"),
        ("TTL n", ":900"),
        ("INCREX n PERSIST", "[:9 :1]"),
        ("TTL n", ":-1"),
        ("INCREX n ENX EX 10", "[:10 :1]"),
        ("TTL n", ":10"),
        ("INCREX n EXAT 1 ENX", "[:11 :1]"),
        ("EXISTS n", ":1"),
        ("INCREX n PXAT 1", "[:12 :1]"),
        ("EXISTS n", ":0"),
        ("INCREX n EXAT 1", "[:1 :1]"),
        ("EXISTS n", ":0"),
    ]);
}

#[test]
fn increx_refuses_what_makes_no_sense() {
    let syntax = "-ERR syntax error";
    let expire = "-ERR invalid expire time in 'increx' command";
    script(&[
        ("INCREX", "-ERR wrong number of arguments for 'increx' command"),
        ("INCREX n FOO", syntax),
        ("INCREX n BYINT", syntax),
        ("INCREX n BYINT 1 BYFLOAT 1.5", syntax),
        ("INCREX n BYINT 1 EX 10 PX 5000", syntax),
        ("INCREX n EX 10 PERSIST", syntax),
        ("INCREX n PERSIST EX 10", syntax),
        ("INCREX n ENX PERSIST", syntax),
        ("INCREX n KEEPTTL", syntax),
        ("INCREX n ENX", "-ERR ENX flag requires an expiration"),
        ("INCREX n BYINT abc", "-ERR value is not an integer or out of range"),
        ("INCREX n UBOUND 1.5", "-ERR value is not an integer or out of range"),
        ("INCREX n BYFLOAT abc", "-ERR value is not a valid float"),
        ("INCREX n BYINT 1 LBOUND 10 UBOUND 5", "-ERR LBOUND can't be greater than UBOUND"),
        ("INCREX n BYFLOAT 1 LBOUND 1.5 UBOUND 1.25", "-ERR LBOUND can't be greater than UBOUND"),
        ("INCREX n EX 0", expire),
        ("INCREX n PX -1", expire),
        ("INCREX n EX 9223372036854775807", expire),
        ("RPUSH l a", ":1"),
        ("INCREX l", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        (
            "INCREX l BYFLOAT 1",
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        ("EXISTS n", ":0"),
    ]);
}
