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
