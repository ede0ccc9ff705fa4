//! Payloads between servers: what one dumps the other restores, in both directions.

use crate::dice::Dice;
use crate::families::{self, Dialect};
use crate::support::{Kind, Server};
use crate::wire::{Client, Tree};
use crate::words::Words;

/// A payload of a value, its version and checksum added.
pub(crate) fn sealed(body: &[u8], version: u16) -> Vec<u8> {
    let mut bytes = body.to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    let mut sum = 0_u64;
    for byte in &bytes {
        sum ^= u64::from(*byte);
        for _ in 0..8 {
            // The polynomial of Jones, its bits reflected.
            sum = if sum & 1 == 1 { sum >> 1 ^ 0x95AC_9329_AC4B_C9B5 } else { sum >> 1 };
        }
    }
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

struct Side {
    client: Client,
}

impl Side {
    fn enter(server: &Server) -> Side {
        let client = Client::connect(server.address()).expect("a server that was started accepts");
        Side { client }
    }

    fn call(&mut self, words: &[&[u8]]) -> Tree {
        let words: Words = words.iter().map(|word| word.to_vec()).collect();
        self.client.call(&words).expect("a server that was started answers").tree
    }

    fn bulk(&mut self, words: &[&[u8]]) -> Option<Vec<u8>> {
        self.call(words).text().map(<[u8]>::to_vec)
    }

    /// The value's digest; of a stream all there is to know but how long ago it was.
    fn look(&mut self, key: &[u8]) -> Vec<u8> {
        if self.bulk(&[b"TYPE", key]).as_deref() == Some(b"stream") {
            let groups = self.call(&[b"XINFO", b"GROUPS", key]).bytes();
            return [self.call(&[b"XRANGE", key, b"-", b"+"]).bytes(), groups].concat();
        }
        let digest = self.call(&[b"DEBUG", b"DIGEST-VALUE", key]).bytes();
        [digest, self.call(&[b"OBJECT", b"ENCODING", key]).bytes()].concat()
    }
}

/// Whether a server takes payloads of this version.
fn takes(kind: Kind, payload: &[u8]) -> bool {
    let version = u16::from_le_bytes([payload[payload.len() - 10], payload[payload.len() - 9]]);
    match kind {
        Kind::Redis => version <= 10,
        Kind::Valkey | Kind::Danio => true,
    }
}

/// Whether Redis and Danio write the same bytes for a value of this encoding.
fn is_determined(side: &mut Side, key: &[u8]) -> bool {
    let encoding = side.bulk(&[b"OBJECT", b"ENCODING", key]).unwrap_or_default();
    matches!(&encoding[..], b"int" | b"embstr" | b"raw" | b"intset" | b"listpack")
}

/// Plays sequences on one server and takes every key over to the other, there and back.
fn hand_over(from: Kind, to: Kind, dialect: Dialect) {
    let (Some(a), Some(b)) = (from.start_or_skip(), to.start_or_skip()) else { return };
    let (mut ours, mut theirs) = (Side::enter(&a), Side::enter(&b));
    let (mut restored, mut refused) = (0, 0);
    for seed in 1..=40 {
        ours.call(&[b"FLUSHALL"]);
        theirs.call(&[b"FLUSHALL"]);
        let mut player = Client::connect(a.address()).expect("it accepts");
        for words in families::sequence(Dice::new(seed).next(), 200, dialect) {
            let name = words[0].to_ascii_uppercase();
            let skipped =
                [&b"CONFIG"[..], b"CLIENT", b"RESET", b"QUIT", b"SELECT", b"MULTI", b"HELLO"];
            if !name.starts_with(b"~") && !skipped.contains(&&name[..]) {
                let _ = player.call(&words);
            }
        }
        let keys = ours.call(&[b"KEYS", b"*"]);
        for key in keys.items().unwrap_or_default() {
            let key = key.text().expect("a key").to_vec();
            let Some(payload) = ours.bulk(&[b"DUMP", &key]) else { continue };
            if !takes(to, &payload) {
                refused += 1;
                continue;
            }
            let reply = theirs.call(&[b"RESTORE", b"copy", b"0", &payload, b"REPLACE"]);
            assert_eq!(
                reply.text(),
                Some(&b"OK"[..]),
                "{from:?} to {to:?}, seed {seed}: {} {}",
                key.escape_ascii(),
                payload.escape_ascii()
            );
            restored += 1;
            let (before, after) = (ours.look(&key), theirs.look(b"copy"));
            // A few encodings are each server's own.
            let digest = |look: &[u8]| look.split(|b| *b == b'\n').next().map(<[u8]>::to_vec);
            assert_eq!(
                digest(&before).map(|b| b.escape_ascii().to_string()),
                digest(&after).map(|b| b.escape_ascii().to_string()),
                "{from:?} to {to:?}, seed {seed}: {} {}",
                key.escape_ascii(),
                payload.escape_ascii()
            );
            if before == after && is_determined(&mut ours, &key) {
                let again = theirs.bulk(&[b"DUMP", b"copy"]).expect("it was restored");
                let body =
                    |payload: &[u8]| payload[..payload.len() - 10].escape_ascii().to_string();
                // Redis 7.0 spells fractions with more digits.
                if payload[0] != 17 {
                    assert_eq!(body(&again), body(&payload), "{from:?} to {to:?}, seed {seed}");
                }
            }
        }
    }
    assert!(restored > 300 && refused < restored, "{restored} restored, {refused} refused");
}

#[test]
fn redis_restores_what_danio_dumps() {
    hand_over(Kind::Danio, Kind::Redis, Dialect::Redis7);
}

#[test]
fn danio_restores_what_redis_dumps() {
    hand_over(Kind::Redis, Kind::Danio, Dialect::Redis7);
}

#[test]
fn valkey_restores_what_danio_dumps() {
    hand_over(Kind::Danio, Kind::Valkey, Dialect::Valkey9);
}

#[test]
fn danio_restores_what_valkey_dumps() {
    hand_over(Kind::Valkey, Kind::Danio, Dialect::Valkey9);
}
