//! All there is to see of an engine: its data, and what others are told of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use bytes::Bytes;
use danio::command::{Session, Value};
use danio::{
    AppendFsync, Config, Db, EncodingLimit, Engine, EventStream, GroupReadOptions, ManualClock,
    ReadFrom, StreamEntry, Type, Waiting, Watch,
};

use super::states::{K, Make, N, O};
use super::wire::{Fixture, Wire};

/// What is told of each key of each database, by commands.
pub(crate) type Picture = BTreeMap<(u32, Bytes), Vec<String>>;

pub(crate) const DATABASES: u32 = 2;

pub(crate) fn config() -> Config {
    [
        EncodingLimit::HashMaxListpackEntries,
        EncodingLimit::SetMaxListpackEntries,
        EncodingLimit::SetMaxIntsetEntries,
        EncodingLimit::ZsetMaxListpackEntries,
    ]
    .into_iter()
    .fold(Config::new(), |config, limit| config.encoding_limit(limit, 16))
    .encoding_limit(EncodingLimit::HllSparseMaxBytes, 300)
    .clock(ManualClock::new())
    .seed(1)
    .stripes(4)
    .databases(DATABASES)
}

/// Makes `K` and `O` hold this state.
pub(crate) fn make(db: &Db, make: Make, ttl: Option<std::time::Duration>) {
    for (salt, key) in [K, O].into_iter().enumerate() {
        make(db, key, salt).expect("a state");
        if let Some(ttl) = ttl {
            db.expire(key, ttl).expect("in range");
        }
    }
}

/// What commands tell of all keys.
pub(crate) fn picture(engine: &Engine) -> Picture {
    let mut session = Session::new(engine);
    let mut picture = Picture::new();
    for number in 0..DATABASES {
        let db = engine.db(number).expect("exists");
        session.execute(["SELECT", &number.to_string()]).expect("exists");
        let Ok(Value::Array(keys)) = session.execute(["KEYS", "*"]) else { panic!("keys") };
        for key in keys {
            let key = Bytes::copy_from_slice(key.as_bytes().expect("a key"));
            let mut tell = |words: &str| {
                let words = words.split(' ').map(str::as_bytes);
                let words: Vec<&[u8]> =
                    words.map(|w| if w == b"KEY" { &key[..] } else { w }).collect();
                format!("{:?}", session.execute(words))
            };
            let mut seen = ["DEBUG DIGEST-VALUE KEY", "OBJECT ENCODING KEY", "PEXPIRETIME KEY"]
                .map(&mut tell)
                .to_vec();
            match seen[1].as_str() {
                text if text.contains("hashtable") || text.contains("listpackex") => {
                    seen.push(tell("HPEXPIRETIME KEY FIELDS 4 a b c new"));
                }
                text if text.contains("stream") => {
                    seen.push(tell("XINFO STREAM KEY FULL COUNT 0"));
                    seen.push(tell("XRANGE KEY - +"));
                }
                // Where its nodes begin is not what a list holds.
                text if text.contains("quicklist") => seen.push(tell("LRANGE KEY 0 -1")),
                // What has an order of its own is the same to the byte.
                _ => seen.push(format!("{:?}", db.dump(&key))),
            }
            picture.insert((number, key), seen);
        }
    }
    picture
}

/// A server, its append-only file, and everybody who is told of changes.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) db: Db,
    fixture: Fixture,
    folder: PathBuf,
    told: Told,
}

/// What a read of streams brings.
type Entries = Vec<(Bytes, Vec<StreamEntry>)>;

struct Told {
    events: EventStream,
    watch: Watch,
    /// Tracks all keys; tracks those it has read; watches.
    clients: [Wire; 3],
    pops: Vec<Waiting<(Bytes, Bytes)>>,
    reads: Vec<Waiting<Entries>>,
    group: Option<Waiting<Vec<danio::Redelivered>>>,
    thread: JoinHandle<danio::Result<Option<(Bytes, Bytes)>>>,
}

/// What must not differ before and after.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) picture: Picture,
    /// What is accounted beyond what the keys hold: a big collection keeps the room that it was given.
    pub(crate) tables: usize,
    pub(crate) file: u64,
    pub(crate) waiters: String,
}

impl Seen {
    /// What differs, for whoever has to find out why.
    pub(crate) fn difference(&self, other: &Seen) -> String {
        let differ = |((db, key), seen): &(&(u32, Bytes), &Vec<String>)| {
            other.picture.get(&(*db, key.clone())) != Some(*seen)
        };
        let keys = self.picture.iter().filter(differ).map(|(key, seen)| {
            let short = |seen: &Vec<String>| -> Vec<String> {
                seen.iter().map(|text| text.chars().take(300).collect()).collect()
            };
            format!("{key:?}: {:?}, {:?}", short(seen), other.picture.get(key).map(short))
        });
        let rest = |seen: &Seen| (seen.tables, seen.file, seen.waiters.clone());
        let keys: Vec<String> = keys.collect();
        format!("{keys:#?} {:?} {:?}", rest(self), rest(other))
    }
}

impl Stage {
    pub(crate) fn new(state: Make, ttl: Option<std::time::Duration>, folder: PathBuf) -> Stage {
        let config = config().dir(&folder).append_only(true).append_fsync(AppendFsync::Always);
        let fixture = Fixture::of(config, &[("enable-debug-command", "yes")]);
        let engine = fixture.engine.clone();
        let db = engine.db(0).expect("exists");
        make(&db, state, ttl);
        let told = Told::new(&fixture, &db);
        Stage { engine, db, fixture, folder, told }
    }

    pub(crate) fn seen(&self) -> Seen {
        let info = self.db.execute(["INFO", "clients"]).expect("known");
        let info = String::from_utf8_lossy(info.as_bytes().expect("text")).into_owned();
        Seen {
            picture: picture(&self.engine),
            tables: self.tables(),
            file: file(&self.folder).len() as u64,
            waiters: info.lines().filter(|line| line.contains("block")).collect(),
        }
    }

    pub(crate) fn tables(&self) -> usize {
        let keys = [K, O, N].map(|key| self.db.memory_usage(key).unwrap_or(0));
        self.engine.used_memory() - keys.iter().sum::<usize>()
    }

    /// Asserts that nobody has been told anything.
    #[track_caller]
    pub(crate) fn nobody_was_told(&mut self) {
        let told = &mut self.told;
        assert_eq!(told.events.try_recv(), None, "an event");
        assert!(!told.watch.has_changed(), "a watch");
        for client in &mut told.clients[..2] {
            client.call(&["PING"], "+PONG\r\n");
        }
        assert!(told.pops.iter_mut().all(|future| poll(future).is_none()), "a pop was served");
        assert!(told.reads.iter_mut().all(|future| poll(future).is_none()), "a read was served");
        assert!(
            told.group.iter_mut().all(|future| poll(future).is_none()),
            "a consumer was served"
        );
        assert!(!told.thread.is_finished(), "a thread was served");
    }

    /// Asserts that everybody is told of what now happens, and the file has it alone.
    pub(crate) fn everybody_is_told(self) {
        let Stage { engine, db, fixture, folder, told } = self;
        let Told { mut events, watch, clients, mut pops, mut reads, thread, .. } = told;
        let [mut all, mut some, mut watches] = clients;
        watches.call(&["MULTI"], "+OK\r\n");
        watches.call(&["PING"], "+QUEUED\r\n");
        watches.call(&["EXEC"], "*1\r\n+PONG\r\n");
        let before = file(&folder);
        db.rpush(N, ["1", "2"]).expect("a list");
        let pushed = "*4\r\n$5\r\nRPUSH\r\n$1\r\nn\r\n$1\r\n1\r\n$1\r\n2\r\n\
                      *2\r\n$4\r\nLPOP\r\n$1\r\nn\r\n*2\r\n$4\r\nLPOP\r\n$1\r\nn\r\n";
        let after = file(&folder);
        assert_eq!(after[before.len()..].escape_ascii().to_string(), {
            // EXEC's brackets, since they took effect as one.
            let whole = format!("*1\r\n$5\r\nMULTI\r\n{pushed}*1\r\n$4\r\nEXEC\r\n");
            whole.as_bytes().escape_ascii().to_string()
        });
        assert_eq!(poll(&mut pops[0]), Some(Some((N.into(), "1".into()))));
        while !thread.is_finished() {
            std::thread::yield_now();
        }
        for client in [&mut all, &mut some] {
            client.expect(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nn\r\n");
        }
        assert!(watch.has_changed());
        let thread = thread.join().expect("no panic").expect("a list");
        assert_eq!(thread, Some((N.into(), "2".into())));
        db.xadd(N, [("f", "v")]).expect("a stream");
        assert!(reads.iter_mut().any(|future| poll(future).is_some()), "a read is served");
        assert!(events.try_recv().is_some());
        drop((engine, fixture));
        std::fs::remove_dir_all(&folder).expect("it is there");
    }
}

impl Told {
    fn new(fixture: &Fixture, db: &Db) -> Told {
        // Where a key is of another type, a call would fail and nobody wait.
        let kind = db.type_of(K);
        let mut pops = vec![db.blpop_async([N], None)];
        pops.extend(kind.is_none().then(|| db.blpop_async([K], None)));
        let mut reads = vec![db.xread_async([(N, ReadFrom::Now)], 10, None)];
        let streams = matches!(kind, None | Some(Type::Stream));
        reads.extend(streams.then(|| db.xread_async([(K, ReadFrom::Now)], 10, None)));
        let groups = kind == Some(Type::Stream) && !db.xinfo_groups(K).expect("one").is_empty();
        let group = db.consumer_group(K, "idle");
        let mut group = groups.then(|| group.read_async("waits", GroupReadOptions::new(), None));
        assert!(pops.iter_mut().all(|future| poll(future).is_none()));
        assert!(reads.iter_mut().all(|future| poll(future).is_none()));
        assert!(group.iter_mut().all(|future| poll(future).is_none()));
        let waited_for = waited_for(db);
        let thread = std::thread::spawn({
            let db = db.clone();
            move || db.blpop(["own", N], None)
        });
        // "own" is nobody else's.
        while self::waited_for(db) == waited_for {
            std::thread::yield_now();
        }
        // What was written so far is in the file now, the consumer that waits included.
        db.set("first", "v").expect("set");
        let mut clients = [fixture.connect(), fixture.connect(), fixture.connect()];
        for client in &mut clients[..2] {
            client.send("HELLO 3\r\nECHO hello-is-over\r\n");
            while client.line() != "hello-is-over" {}
        }
        clients[0].call(&["CLIENT", "TRACKING", "ON", "BCAST"], "+OK\r\n");
        clients[1].call(&["CLIENT", "TRACKING", "ON"], "+OK\r\n");
        clients[1].send("EXISTS k o n\r\n");
        clients[1].line();
        clients[2].call(&["WATCH", K, O, N], "+OK\r\n");
        Told {
            events: db.events(),
            watch: db.watch([K, O, N]),
            clients,
            pops,
            reads,
            group,
            thread,
        }
    }
}

/// The append-only file's commands.
fn file(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder.join("appendonlydir")).expect("a folder");
    let names = files.map(|file| file.expect("a file").path());
    let path = names.into_iter().find(|path| path.to_string_lossy().ends_with(".incr.aof"));
    std::fs::read(path.expect("one for commands")).expect("it can be read")
}

/// How many keys somebody waits for.
pub(crate) fn waited_for(db: &Db) -> Option<usize> {
    let info = db.execute(["INFO", "clients"]).expect("known");
    let lines = String::from_utf8_lossy(info.as_bytes().expect("text")).into_owned();
    let keys = lines.lines().find_map(|line| line.strip_prefix("total_blocking_keys:"));
    keys?.parse().ok()
}

/// What came of it, if it has ended.
pub(crate) fn poll<T>(future: &mut Waiting<T>) -> Option<Option<T>>
where
    Waiting<T>: Future<Output = danio::Result<Option<T>>> + Unpin,
{
    match std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result.expect("of the right type")),
        Poll::Pending => None,
    }
}
