//! The server and its files: saved, read at the start, and understood by Redis and Valkey.

#![cfg(all(feature = "server", unix))]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test says by failing what is wrong, and waits on real processes"
)]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/server.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use danio::{Config, Engine, ExportOptions, RdbVersion};
use folder::Folder;
use support::{Kind, Server, Until};

impl Folder {
    fn file(&self) -> PathBuf {
        self.join("dump.rdb")
    }

    /// Starts a server here.
    fn start(&self, kind: Kind, options: &[&str]) -> Option<Server> {
        self.start_until(Until::Loaded, kind, options)
    }

    fn start_until(&self, until: Until, kind: Kind, options: &[&str]) -> Option<Server> {
        let dir = self.text();
        let log = self.join("log");
        let all = [
            &["--dir", dir, "--dbfilename", "dump.rdb", "--logfile"][..],
            &[log.to_str().unwrap()],
            options,
        ];
        kind.start_until(until, &all.concat())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.join("log")).unwrap_or_default()
    }
}

/// A connection that sends lines.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(server: &Server) -> Client {
        Client(BufReader::new(TcpStream::connect(server.address()).unwrap()))
    }

    /// One reply as text: the line, or a bulk string's bytes.
    fn ask(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        let mut reply = String::new();
        self.0.read_line(&mut reply).unwrap();
        if let Some(len) = reply.strip_prefix('$').filter(|len| !len.starts_with('-')) {
            let mut bytes = vec![0; len.trim().parse::<usize>().unwrap() + 2];
            self.0.read_exact(&mut bytes).unwrap();
            return String::from_utf8_lossy(&bytes[..bytes.len() - 2]).into_owned();
        }
        reply.trim().to_owned()
    }

    /// A line of INFO's section on files.
    fn info(&mut self, name: &str) -> String {
        let text = self.ask("INFO persistence");
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
        line.unwrap_or_else(|| panic!("{name} in {text}")).to_owned()
    }

    fn wait_until(&mut self, name: &str, value: &str) {
        let start = Instant::now();
        while self.info(name) != value {
            assert!(start.elapsed() < Duration::from_secs(20), "{name} never was {value}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn fill(client: &mut Client) {
    for line in [
        "SET string hello",
        "SET number 12345",
        "SET expires soon EX 100000",
        "RPUSH list a b 300",
        "SADD ints 1 2 3",
        "SADD words a b 7",
        "HSET hash f v g 1",
        "ZADD zset 1 a 2.5 b -inf c",
        "XADD stream 1-1 f v",
        "XGROUP CREATE stream g 0",
        "PFADD hll a b c",
    ] {
        assert!(!client.ask(line).starts_with('-'), "{line}");
    }
    for i in 0..600 {
        client.ask(&format!("HSET big f{i} {i}"));
        client.ask(&format!("RPUSH long element{i} {}", "x".repeat(i)));
    }
    // Lengths around those at which anybody keeps a collection in another way.
    for count in [8, 30, 60, 127, 128, 129, 300] {
        for i in 0..count {
            client.ask(&format!("SADD set:{count} member:{i}"));
            client.ask(&format!("HSET hash:{count} field:{i} value:{i}"));
            client.ask(&format!("ZADD zset:{count} {i}.5 member:{i}"));
            client.ask(&format!("RPUSH list:{count} element:{i}"));
        }
    }
}

/// What the server's own tool says of a file.
fn check(kind: Kind, file: &Path) {
    let Ok(program) = kind.program() else { return };
    // The same program, by another name.
    let name = if kind == Kind::Redis { "redis-check-rdb" } else { "valkey-check-rdb" };
    let output = Command::new(program).arg0(name).arg(file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("RDB looks OK"), "{name}: {text}");
}

#[test]
fn what_is_saved_is_there_after_a_restart_and_for_real_servers() {
    let folder = Folder::new("saves-restart");
    let Some(server) = folder.start(Kind::Danio, &[]) else { return };
    let mut client = Client::new(&server);
    fill(&mut client);
    let digest = client.ask("DEBUG DIGEST");
    assert_ne!(client.info("rdb_changes_since_last_save"), "0");
    let last: u64 = client.ask("LASTSAVE")[1..].parse().unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(client.ask("BGSAVE"), "+Background saving started");
    client.wait_until("rdb_bgsave_in_progress", "0");
    assert_eq!(client.info("rdb_last_bgsave_status"), "ok");
    assert_eq!(client.info("rdb_changes_since_last_save"), "0");
    assert!(client.ask("LASTSAVE")[1..].parse::<u64>().unwrap() > last);
    let log = folder.log();
    for line in [
        "Background saving started by pid",
        "DB saved on disk",
        "Background saving terminated with success",
    ] {
        assert!(log.contains(line), "{line} in {log}");
    }
    // What comes after it is lost when nothing is saved any more.
    client.ask("SET string lost");
    drop(server);
    check(Kind::Valkey, &folder.file());
    if let Some(theirs) = folder.start(Kind::Valkey, &[]) {
        assert_eq!(Client::new(&theirs).ask("DEBUG DIGEST"), digest);
    }
    // For Redis 7.0, which does not know the sets of words of 7.2, it is written otherwise.
    let engine = Engine::open(Config::new().dir(&*folder)).unwrap();
    engine.load().unwrap();
    let older = folder.join("older.rdb");
    let options = ExportOptions::new().version(RdbVersion::Redis7_0);
    engine.export_with(std::fs::File::create(&older).unwrap(), options).unwrap();
    check(Kind::Redis, &older);
    let server = folder.start(Kind::Danio, &[]).unwrap();
    let mut client = Client::new(&server);
    assert_eq!(client.ask("DEBUG DIGEST"), digest);
    assert_eq!(client.info("rdb_changes_since_last_save"), "0");
    assert_eq!(client.info("rdb_last_load_keys_loaded"), "40");
    let log = folder.log();
    assert!(log.contains("Done loading RDB, keys loaded: 40, keys expired: 0."), "{log}");
    assert!(log.contains("DB loaded from disk: "), "{log}");
    assert_eq!(client.ask("DEBUG RELOAD"), "+OK");
    assert_eq!(client.ask("DEBUG DIGEST"), digest);
    client.ask("SET string changed");
    assert_eq!(client.ask("DEBUG RELOAD NOSAVE"), "+OK");
    assert_eq!(client.ask("DEBUG DIGEST"), digest);
    client.ask("SET another key");
    assert!(client.ask("DEBUG RELOAD NOSAVE NOFLUSH").starts_with("-ERR"));
    assert_eq!(client.ask("DEBUG RELOAD NOSAVE NOFLUSH MERGE"), "+OK");
    assert_eq!(client.ask("GET another"), "key");
}

#[test]
fn what_real_servers_saved_is_read() {
    for kind in [Kind::Redis, Kind::Valkey] {
        let folder = Folder::new(&format!("saves-{kind:?}"));
        let Some(theirs) = folder.start(kind, &[]) else { continue };
        let mut client = Client::new(&theirs);
        fill(&mut client);
        let digest = client.ask("DEBUG DIGEST");
        assert_eq!(client.ask("SAVE"), "+OK");
        drop(theirs);
        let server = folder.start(Kind::Danio, &[]).unwrap();
        let mut client = Client::new(&server);
        assert_eq!(client.ask("DEBUG DIGEST"), digest, "{kind:?}");
    }
}

#[test]
fn it_is_saved_at_the_end_if_that_is_wanted() {
    let folder = Folder::new("saves-end");
    let Some(mut server) = folder.start(Kind::Danio, &["--save", "3600 1"]) else { return };
    let mut client = Client::new(&server);
    client.ask("SET k saved");
    client.0.get_mut().write_all(b"SHUTDOWN\r\n").unwrap();
    assert!(server.ends_within(Duration::from_secs(20)));
    let log = folder.log();
    assert!(log.contains("Saving the final RDB snapshot before exiting."), "{log}");
    assert!(log.contains("is now ready to exit, bye bye..."), "{log}");
    let mut server = folder.start(Kind::Danio, &["--save", "3600 1"]).unwrap();
    let mut client = Client::new(&server);
    assert_eq!(client.ask("GET k"), "saved");
    client.ask("SET k lost");
    client.0.get_mut().write_all(b"SHUTDOWN NOSAVE\r\n").unwrap();
    assert!(server.ends_within(Duration::from_secs(20)));
    // A signal saves, too, and without save points nothing is.
    for (points, expected) in [("3600 1", "by a signal"), ("", "by a signal")] {
        let mut server = folder.start(Kind::Danio, &["--save", points]).unwrap();
        let mut client = Client::new(&server);
        client.ask(&format!("SET k \"{}\"", if points.is_empty() { "lost" } else { expected }));
        Command::new("kill").args(["-TERM", &server.pid().to_string()]).status().unwrap();
        assert!(server.ends_within(Duration::from_secs(20)));
        let mut again = folder.start(Kind::Danio, &[]).unwrap();
        let mut client = Client::new(&again);
        assert_eq!(client.ask("GET k"), expected);
        client.0.get_mut().write_all(b"SHUTDOWN NOSAVE\r\n").unwrap();
        assert!(again.ends_within(Duration::from_secs(20)));
    }
}

#[test]
fn it_goes_on_if_it_cannot_be_saved() {
    let folder = Folder::new("saves-stuck");
    let Some(mut server) = folder.start(Kind::Danio, &["--save", "3600 1"]) else { return };
    let mut client = Client::new(&server);
    client.ask("SET k v");
    // The folder is gone: nothing can be made in it.
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(client.ask("SHUTDOWN"), "-ERR Errors trying to SHUTDOWN. Check logs.");
    assert_eq!(client.ask("SHUTDOWN ABORT"), "-ERR No shutdown in progress.");
    assert_eq!(client.ask("GET k"), "v");
    assert_eq!(client.ask("SET k w"), "+OK");
    assert!(client.ask("SAVE").starts_with("-ERR"));
    assert_eq!(client.ask("BGSAVE"), "+Background saving started");
    client.wait_until("rdb_last_bgsave_status", "err");
    assert!(
        client.ask("SET k x").starts_with("-MISCONF Redis is configured to save RDB snapshots")
    );
    assert!(client.ask("PING").starts_with("-MISCONF"));
    assert_eq!(client.ask("GET k"), "w");
    assert_eq!(client.ask("CONFIG SET stop-writes-on-bgsave-error no"), "+OK");
    assert_eq!(client.ask("SET k x"), "+OK");
    client.0.get_mut().write_all(b"SHUTDOWN FORCE\r\n").unwrap();
    assert!(server.ends_within(Duration::from_secs(20)));
}

#[test]
fn clients_are_told_that_data_are_loaded() {
    let folder = Folder::new("saves-loading");
    let Some(server) = folder.start(Kind::Danio, &[]) else { return };
    let mut client = Client::new(&server);
    for i in 0..400 {
        client.ask(&format!("SET key:{i} value"));
    }
    assert_eq!(client.ask("SAVE"), "+OK");
    drop(server);
    let server =
        folder.start_until(Until::Answers, Kind::Danio, &["--key-load-delay", "5000"]).unwrap();
    let mut client = Client::new(&server);
    let loading = "-LOADING Redis is loading the dataset in memory";
    for refused in ["GET key:1", "SET k v", "PING", "BGSAVE", "DBSIZE", "EXISTS key:1"] {
        assert_eq!(client.ask(refused), loading, "{refused}");
    }
    assert_eq!(client.ask("MULTI"), "+OK");
    assert_eq!(client.ask("GET key:1"), loading);
    assert!(client.ask("EXEC").starts_with("-EXECABORT"));
    // Clients are answered from before the file is found.
    let len = std::fs::metadata(folder.file()).unwrap().len();
    client.wait_until("loading_total_bytes", &len.to_string());
    let some = |client: &mut Client| client.info("loading_loaded_bytes").parse::<u64>().unwrap();
    let start = Instant::now();
    let first = some(&mut client);
    while some(&mut client) == first {
        assert!(start.elapsed() < Duration::from_secs(10), "it does not go on");
    }
    assert!(client.info("loading_loaded_perc").parse::<f64>().unwrap() <= 100.0);
    client.ask("CONFIG SET key-load-delay 0");
    client.wait_until("loading", "0");
    assert_eq!(client.ask("DBSIZE"), ":400");
    assert!(!client.ask("INFO persistence").contains("loading_total_bytes"));
}

#[test]
fn a_file_that_cannot_be_read_ends_it() {
    let Ok(program) = Kind::Danio.program() else { return };
    let folder = Folder::new("saves-damaged");
    let server = folder.start(Kind::Danio, &[]).unwrap();
    let mut client = Client::new(&server);
    fill(&mut client);
    assert_eq!(client.ask("SAVE"), "+OK");
    drop(server);
    let whole = std::fs::read(folder.file()).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 0x40;
    for bytes in [&damaged[..], &whole[..whole.len() / 2], b"nonsense that is no snapshot", b""] {
        std::fs::write(folder.file(), bytes).unwrap();
        let port = support::free_port().to_string();
        let output = Command::new(&program)
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "3600 1"])
            .args(["--dir", folder.text()])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(log.contains("the snapshot cannot be read at byte"), "{log}");
        assert!(log.contains("Fatal error loading the DB, check server logs. Exiting."), "{log}");
        assert_eq!(std::fs::read(folder.file()).unwrap(), bytes, "it is as it was");
    }
}

#[test]
fn the_folder_and_the_file_are_parameters() {
    let folder = Folder::new("saves-parameters");
    let other = Folder::new("saves-other");
    let options = ["--enable-protected-configs", "yes", "--save", "900 1", "--save", "300 10"];
    let Some(server) = folder.start(Kind::Danio, &options) else { return };
    let mut client = Client::new(&server);
    let get = |client: &mut Client, name: &str| {
        let lines = client.ask(&format!("CONFIG GET {name}"));
        assert_eq!(lines, "*2");
        let mut bulk = || {
            let mut line = String::new();
            client.0.read_line(&mut line).unwrap();
            client.0.read_line(&mut line).unwrap();
            line.lines().last().unwrap_or_default().to_owned()
        };
        bulk();
        bulk()
    };
    assert_eq!(get(&mut client, "save"), "900 1 300 10");
    assert_eq!(client.ask("CONFIG SET save \"60 1000\""), "+OK");
    assert_eq!(get(&mut client, "save"), "60 1000");
    assert_eq!(client.ask("CONFIG SET save \"\""), "+OK");
    assert_eq!(get(&mut client, "save"), "");
    let refused = "-ERR CONFIG SET failed (possibly related to argument '";
    assert_eq!(
        client.ask("CONFIG SET save 60"),
        format!("{refused}save') - Invalid save parameters")
    );
    assert_eq!(
        client.ask("CONFIG SET dir /no/such/folder"),
        format!("{refused}dir') - No such file or directory")
    );
    assert_eq!(
        client.ask("CONFIG SET dbfilename a/b"),
        format!("{refused}dbfilename') - dbfilename can't be a path, just a filename")
    );
    let dir = other.canonicalize().unwrap();
    assert_eq!(client.ask(&format!("CONFIG SET dir {} dbfilename x.rdb", dir.display())), "+OK");
    assert_eq!(get(&mut client, "dir"), dir.to_str().unwrap());
    client.ask("SET k v");
    assert_eq!(client.ask("SAVE"), "+OK");
    assert!(dir.join("x.rdb").exists() && !folder.file().exists());
    // What was saved last is empty when all was flushed while snapshots are wanted.
    client.ask("CONFIG SET save \"3600 1\"");
    client.ask("FLUSHALL");
    assert_eq!(client.info("rdb_changes_since_last_save"), "0");
}
