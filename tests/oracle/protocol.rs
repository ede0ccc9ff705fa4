//! Bytes that no client library sends: inline commands, broken frames, odd lengths.
//!
//! A blob is sent at once, the sending side is closed, and everything that comes back until
//! the server closes is compared.

use crate::dice::Dice;
use crate::support::{Kind, Server};
use crate::wire::Client;
use crate::words;

/// Redis 7.0 and Valkey 9.1 differ on some: Valkey looks at the CRLF behind each word, and
/// lets a word go on behind a closing quote. Danio answers as one of the two.
#[test]
fn danio_reads_broken_bytes_as_a_real_server() {
    let (Some(danio), Some(redis), Some(valkey)) =
        (Kind::Danio.start_or_skip(), Kind::Redis.start_or_skip(), Kind::Valkey.start_or_skip())
    else {
        return;
    };
    let count = crate::variable("DANIO_ORACLE_COMMANDS").unwrap_or(20_000) / 10;
    let mut dice = Dice::new(crate::variable("DANIO_ORACLE_SEED").unwrap_or(1) << 32);
    let mut wrong = Vec::new();
    for _ in 0..count {
        let blob = blob(&mut dice);
        let ours = answer(&danio, &blob);
        let [a, b] = [&redis, &valkey].map(|server| answer(server, &blob));
        if ours != a && ours != b && wrong.len() < 10 {
            let [sent, ours, a, b] =
                [blob, ours, a, b].map(|bytes| bytes.escape_ascii().to_string());
            wrong.push(format!("sent   {sent}\nours   {ours}\nRedis  {a}\nValkey {b}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn answer(server: &Server, blob: &[u8]) -> Vec<u8> {
    let mut client = Client::connect(server.address()).expect("a server that was started accepts");
    client.exchange(b"FLUSHALL\r\n").expect("a server that was started answers");
    let mut client = Client::connect(server.address()).expect("a server that was started accepts");
    client.exchange(blob).unwrap_or_else(|e| format!("no answer: {e}").into_bytes())
}

fn blob(dice: &mut Dice) -> Vec<u8> {
    let mut blob = Vec::new();
    for _ in 0..1 + dice.below(4) {
        blob.extend(piece(dice));
    }
    if dice.one_in(4) {
        blob.truncate(dice.below(blob.len() + 1));
    }
    // A real server looks for the end of an inline command as C does, and finds none behind a NUL.
    blob.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'0');
    if dice.one_in(8) && !blob.is_empty() {
        let at = dice.below(blob.len());
        blob[at] = *dice.pick(&[&b'\r', &b'\n', &b'*', &b'$', &b'0', &b'-', &b' ', &b'"']);
    }
    blob
}

fn piece(dice: &mut Dice) -> Vec<u8> {
    match dice.below(6) {
        0 | 1 => inline(dice),
        2 => frame(dice, |dice| words::value(dice).len().to_string()),
        3 => dice
            .pick(&[
                "*0\r\n",
                "*-1\r\n",
                "*-10\r\n",
                "*1\r\n$4\r\nPING\r\n",
                "*x\r\n",
                "*2\r\n",
                "*2\r\n$4\r\nPING\r\n:5\r\n",
                "*1\r\nPING\r\n",
                "*1\r\n$-1\r\n",
                "*1\r\n$x\r\n",
                "*1\r\n$\r\n",
                "*1\r\n$536870913\r\n",
                "*1\r\n$9999999999\r\n",
                "*1048577\r\n",
                "*3000000000\r\n",
                "*99999999999999999999\r\n",
                "*\r\n",
                "* 1\r\n",
                "*+1\r\n",
                "*01\r\n$4\r\nPING\r\n",
                "*1\r\n$04\r\nPING\r\n",
                "*1\r\n$0\r\n\r\n",
                "*1\r\n$4\r\nPINGxx",
                "*1\n$4\nPING\n",
                "$4\r\nPING\r\n",
                "+OK\r\n",
                "-ERR\r\n",
            ])
            .as_bytes()
            .to_vec(),
        _ => frame(dice, |_| String::new()),
    }
}

/// A command as an array; `length` says a wrong length for one word now and then.
fn frame(dice: &mut Dice, length: fn(&mut Dice) -> String) -> Vec<u8> {
    let words = match dice.below(5) {
        0 => vec![b"PING".to_vec()],
        1 => vec![b"SET".to_vec(), words::key(dice), words::value(dice)],
        2 => vec![b"GET".to_vec(), words::key(dice)],
        3 => vec![b"ECHO".to_vec(), words::value(dice)],
        _ => vec![b"STRLEN".to_vec(), words::key(dice)],
    };
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let said = length(dice);
        let said = if said.is_empty() || !dice.one_in(4) { word.len().to_string() } else { said };
        out.extend_from_slice(format!("${said}\r\n").as_bytes());
        out.extend_from_slice(&word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn inline(dice: &mut Dice) -> Vec<u8> {
    let line = dice.pick(&[
        "PING",
        "ping  hallo",
        "  PING  ",
        "",
        "   ",
        "SET a 1",
        "SET a \"x y\"",
        "SET a 'x y'",
        "SET a \"\\x41\\n\\r\\t\\b\\a\\\\\\\"\"",
        "SET a 'it\\'s'",
        "SET a \"open",
        "SET a 'open",
        "SET a \"x\"y",
        "SET a ''",
        "SET a \"\\xzz\"",
        "GET a",
        "GET \"a\"",
        "ECHO \t tab",
        "NOSUCH \"a b\" 'c'",
        "QUIT",
        "quit now",
        "DEL a b c",
        "INCR n",
        "RESET",
    ]);
    let end = dice.pick(&["\r\n", "\r\n", "\r\n", "\n"]);
    [line.as_bytes(), end.as_bytes()].concat()
}
