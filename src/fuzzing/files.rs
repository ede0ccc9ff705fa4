//! What an engine reads at its start: append-only files, their manifests, and snapshots.

use std::io::{self, Read};

use bytes::Bytes;

use crate::Ttl;
use crate::api::Engine;
use crate::clock::ManualClock;
use crate::command::replay::{End, Replayed, replay};
use crate::command::{Instance, Session, Value};
use crate::config::Config;
use crate::journal::spell;
use crate::persist::aof::Manifest;
use crate::persist::aof::reader::{Reader, Stop};
use crate::persist::rdb;

/// Digits in a row that make a command ask for more memory than a fuzzer has.
const TOO_LARGE: usize = 8;

/// Append-only files: they read alike in one piece and in many; what is whole of a torn one is whole, and all that the
/// torn one did. The first byte says whether what follows is a file, or lines that are spelled as one and cut off.
pub fn aof(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    if rest.windows(TOO_LARGE).any(|run| run.iter().all(u8::is_ascii_digit)) {
        return;
    }
    let commands = commands(rest, usize::MAX);
    assert_eq!(commands, self::commands(rest, usize::from(kind / 2) + 1));
    if kind % 2 == 0 {
        recovered(rest);
        return;
    }
    let Some((at, lines)) = rest.split_first_chunk::<2>() else { return };
    let mut file = Vec::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let words = line.split(|byte| *byte == b' ');
        spell::command(&mut file, words.clone().count(), words);
    }
    let cut = usize::from(u16::from_le_bytes(*at)) % (file.len() + 1);
    let end = recovered(&file[..cut]);
    assert!(!matches!(end, End::Damaged(_) | End::Failed(_)), "{end:?} of what was cut off");
}

/// Recovers a file. What is whole of it, recovered by itself, comes to the same.
fn recovered(file: &[u8]) -> End {
    let (engine, again) = (engine(), engine());
    let Replayed { whole, end, .. } = run(&engine, file);
    let whole = usize::try_from(whole).expect("within the file");
    assert!(whole <= file.len());
    if matches!(end, End::Whole) {
        assert_eq!(whole, file.len());
    }
    if matches!(end, End::Torn | End::InTransaction) {
        let Replayed { end, .. } = run(&again, &file[..whole]);
        assert!(matches!(end, End::Whole), "{end:?}");
        assert_eq!(keys(&engine), keys(&again));
    }
    end
}

fn run(engine: &Engine, file: &[u8]) -> Replayed {
    let settings = &engine.keyspace().settings;
    settings.set_replaying(true);
    let replayed = replay(engine, file, 0, &mut |_| {});
    settings.set_replaying(false);
    replayed
}

/// An engine whose every run is the same, and that finds no folder to write to.
fn engine() -> Engine {
    let config = Config::new().stripes(2).seed(7).clock(ManualClock::new()).dir("/nowhere/danio");
    Engine::open(config).expect("valid")
}

/// The words of a file's commands and the place behind them, read so many bytes and as many commands at a time.
fn commands(file: &[u8], size: usize) -> (Vec<Vec<Vec<u8>>>, u64, &'static str) {
    struct Pieces<'f>(&'f [u8], usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let count = to.len().min(self.1).min(self.0.len());
            let (now, later) = self.0.split_at(count);
            to[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }
    let mut reader = Reader::new(Pieces(file, size), 0);
    let (mut all, mut places) = (Vec::new(), Vec::new());
    loop {
        let stop = reader.take(size.min(64), &mut places);
        for place in &places {
            let words = &reader.words[place.first_word..place.first_word + place.words];
            let words = words.iter().map(|word| reader.window()[word.start..word.end].to_vec());
            all.push(words.collect());
        }
        let told = match stop {
            None => continue,
            Some(Stop::End) => "",
            Some(Stop::Torn) => "torn",
            Some(Stop::Damaged(why)) => why,
            Some(Stop::Failed(error)) => unreachable!("memory fails: {error}"),
        };
        return (all, reader.offset(), told);
    }
}

/// A key with its database, its time and its value.
type Key = (u32, Bytes, Ttl, Option<Bytes>);

/// All that there is.
fn keys(engine: &Engine) -> Vec<Key> {
    let mut all = Vec::new();
    for number in 0..engine.databases() {
        let db = engine.db(number).expect("there is one");
        for key in db.keys("*") {
            let (ttl, value) = (db.ttl(&key), db.dump(&key));
            all.push((number, key, ttl, value));
        }
    }
    all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    all
}

/// What there is, in one number: whatever its encoding and order, if that means nothing.
fn digest(engine: &Engine) -> Value {
    Instance::of(engine).parameters.load(b"enable-debug-command", &[b"yes"]).expect("known");
    Session::new(engine).execute(["DEBUG", "DIGEST"]).expect("allowed")
}

/// Manifests: refused, or read back as they are written, now and with what rewrites make of them.
pub fn manifest(data: &[u8]) {
    /// The longest name that no spelling makes a line that is too long.
    const LONGEST: usize = 200;
    let Ok(manifest) = Manifest::parse(data) else { return };
    let parts = || manifest.base.iter().chain(&manifest.increments).chain(&manifest.history);
    assert!(parts().all(|part| part.number > 0 && !part.name.contains(['/', '\\'])));
    if parts().any(|part| part.name.len() > LONGEST || part.number >= i64::MAX as u64) {
        return;
    }
    let again = |manifest: &Manifest| {
        if !manifest.is_empty() || !manifest.history.is_empty() {
            let read = Manifest::parse(&manifest.spell()).expect("our own");
            assert_eq!((&read.base, &read.increments), (&manifest.base, &manifest.increments));
            assert_eq!(read.history, manifest.history);
        }
    };
    again(&manifest);
    let (next, part) = manifest.with_increment("appendonly.aof");
    again(&next);
    let rewritten = next.with_base(next.next_base("appendonly.aof", false), part.number);
    assert_eq!(rewritten.increments, [part]);
    again(&rewritten);
}

/// Whole snapshots: refused, or read as the same keys by one thread from a stream and by several from memory, and then
/// written as a snapshot that holds the same keys, times and values.
pub fn rdb_file(data: &[u8]) {
    let (streamed, mapped, third) = (engine(), engine(), engine());
    let from_stream = streamed.import(data).is_ok();
    let (how, keyspace) = (rdb::How::default(), mapped.keyspace());
    let from_memory = match rdb::load_bytes(keyspace, data, how, 2, &mut |_| {}) {
        Ok((loading, _)) => {
            loading.commit(rdb::payload_of);
            true
        }
        Err(_) => false,
    };
    assert_eq!(from_stream, from_memory);
    if !from_stream {
        return;
    }
    let all = keys(&streamed);
    assert_eq!(all, keys(&mapped));
    let mut file = Vec::new();
    streamed.export(&mut file).expect("to memory");
    third.import(&file[..]).expect("our own");
    // Not the bytes of values, which may be of another encoding then.
    let names = |all: Vec<Key>| all.into_iter().map(|(db, key, ttl, _)| (db, key, ttl));
    assert!(names(keys(&third)).eq(names(all)));
    assert_eq!(digest(&third), digest(&streamed));
}
