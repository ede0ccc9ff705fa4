//! Folders that are not there, are none, or go away while a server runs; and what the library says of them. The answers are
//! those of Redis 7.0 and Valkey 9.1, which are asked too where they are installed.

#![cfg(all(feature = "server", unix))]
#![allow(clippy::disallowed_methods, reason = "the tests wait on real processes")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/server.rs"]
mod support;
#[path = "support/wire.rs"]
mod wire;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use danio::{Config, Engine, Error};
use folder::Folder;
use support::{Kind, Server, Until};
use wire::Wire;

const ALL: [Kind; 3] = [Kind::Danio, Kind::Redis, Kind::Valkey];
const REFUSED: &str = "-ERR CONFIG SET failed (possibly related to argument";

fn start(kind: Kind, dir: &Path) -> Option<Server> {
    kind.start_with(&options(dir.to_str().expect("text")))
}

fn options(dir: &str) -> [&str; 8] {
    ["--dir", dir, "--save", "", "--enable-protected-configs", "yes", "--dbfilename", "dump.rdb"]
}

/// A program for whom permissions count, which they do not for root: it is run by somebody else then.
struct Unprivileged {
    program: PathBuf,
    /// Whose it is, if the test may say so.
    user: Option<u32>,
}

impl Unprivileged {
    /// The user and the group that have nothing, as Linux and the BSDs know them.
    const NOBODY: u32 = 65_534;

    /// The program, copied to where nobody can get at it.
    fn new(kind: Kind, folder: &Folder) -> Option<Unprivileged> {
        let program = kind.program_or_skip()?;
        if fs::metadata(folder).expect("it is there").uid() != 0 {
            return Some(Unprivileged { program, user: None });
        }
        let copy = folder.join("program");
        fs::copy(program, &copy).expect("a copy");
        Some(Unprivileged { program: copy, user: Some(Self::NOBODY) })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// A folder that is the program's.
    fn folder(&self, path: &str) {
        fs::create_dir(path).expect("a folder");
        chown(path, self.user, self.user).expect("root may");
    }
}

/// What may be done with a file or folder, by whom.
fn allow(path: &str, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is the test's to say");
}

/// Asserts the answer to a line, which may hold `"` around nothing.
#[track_caller]
fn ask(wire: &mut Wire, kind: Kind, line: &str, answer: &str) {
    let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches('"')).collect();
    wire.command(&words);
    assert_eq!(wire.line(), answer, "{kind:?}: {line}");
}

/// Waits until a line of INFO is there.
#[track_caller]
fn until(wire: &mut Wire, kind: Kind, line: &str) {
    let began = Instant::now();
    while !wire.text(&["INFO", "persistence"]).contains(&format!("{line}\r\n")) {
        assert!(began.elapsed() < Duration::from_secs(20), "{kind:?}: no {line}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_folder_has_to_be_there() {
    for kind in ALL {
        let folder = Folder::new("folders-set");
        fs::write(folder.join("file"), "").expect("written");
        let Some(server) = start(kind, &folder) else { continue };
        let mut wire = Wire::connect(server.address().port());
        for (name, why) in [("none", "No such file or directory"), ("file", "Not a directory")] {
            let line = format!("CONFIG SET dir {}", folder.at(name));
            ask(&mut wire, kind, &line, &format!("{REFUSED} 'dir') - {why}"));
        }
        // All or nothing.
        let line = format!("CONFIG SET maxmemory 50mb dir {}", folder.at("none"));
        ask(&mut wire, kind, &line, &format!("{REFUSED} 'dir') - No such file or directory"));
        wire.call(&["CONFIG", "GET", "maxmemory"], "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n");
        let path = format!("{REFUSED} 'dbfilename') - dbfilename can't be a path, just a filename");
        ask(&mut wire, kind, "CONFIG SET dbfilename a/b", &path);
        ask(&mut wire, kind, "CONFIG SET dbfilename ../b", &path);
        if kind != Kind::Redis {
            for name in ["dir", "dbfilename"] {
                let answer = format!("{REFUSED} '{name}') - {name} can't be empty");
                ask(&mut wire, kind, &format!("CONFIG SET {name} \"\""), &answer);
            }
        }
    }
}

#[test]
fn a_folder_may_forbid_what_a_server_needs() {
    for kind in ALL {
        let folder = Folder::new("folders-forbids");
        let Some(unprivileged) = Unprivileged::new(kind, &folder) else { continue };
        let (data, closed) = (folder.at("data"), folder.at("closed"));
        unprivileged.folder(&data);
        fs::create_dir(&closed).expect("made");
        allow(&closed, 0o000);
        let server = Server::start_by(|| unprivileged.command(), Until::Loaded, &options(&data));
        let mut wire = Wire::connect(server.address().port());
        let line = format!("CONFIG SET dir {closed}");
        ask(&mut wire, kind, &line, &format!("{REFUSED} 'dir') - Permission denied"));
        ask(&mut wire, kind, "SET k v", "+OK");
        ask(&mut wire, kind, "SAVE", "+OK");

        allow(&data, 0o555);
        ask(&mut wire, kind, "SAVE", "-ERR");
        ask(&mut wire, kind, "BGSAVE", "+Background saving started");
        until(&mut wire, kind, "rdb_last_bgsave_status:err");
        let refused =
            format!("{REFUSED} 'appendonly') - Unable to turn on AOF. Check server logs.");
        ask(&mut wire, kind, "CONFIG SET appendonly yes", &refused);
        until(&mut wire, kind, "aof_enabled:0");
        ask(&mut wire, kind, "SET k w", "+OK");

        allow(&data, 0o755);
        ask(&mut wire, kind, "SAVE", "+OK");
        ask(&mut wire, kind, "CONFIG SET appendonly yes", "+OK");
        until(&mut wire, kind, "aof_last_bgrewrite_status:ok");
    }
}

#[test]
fn what_may_not_be_read_is_not_taken_for_nothing() {
    for kind in ALL {
        let folder = Folder::new("folders-unread");
        let Some(unprivileged) = Unprivileged::new(kind, &folder) else { continue };
        let (data, dump) = (folder.at("data"), folder.at("data/dump.rdb"));
        unprivileged.folder(&data);
        let start = || Server::start_by(|| unprivileged.command(), Until::Loaded, &options(&data));
        let server = start();
        let mut wire = Wire::connect(server.address().port());
        ask(&mut wire, kind, "SET k v", "+OK");
        ask(&mut wire, kind, "SAVE", "+OK");
        drop(server);
        let saved = fs::read(&dump).expect("saved");
        allow(&dump, 0o000);
        let mut command = unprivileged.command();
        command.args(["--port", &support::free_port().to_string()]).args(options(&data));
        let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
        let began = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().expect("it is this one's child") {
                break status;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{kind:?} serves without its data");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(ended.code(), Some(1), "{kind:?}");
        allow(&dump, 0o644);
        assert_eq!(fs::read(&dump).expect("it is there"), saved, "{kind:?} changed it");
        let server = start();
        Wire::connect(server.address().port()).call(&["GET", "k"], "$1\r\nv\r\n");
    }
}

#[test]
fn a_folder_may_go_away_while_a_server_runs() {
    for kind in ALL {
        let folder = Folder::new("folders-gone");
        let data = folder.at("data");
        fs::create_dir(&data).expect("made");
        let Some(server) = start(kind, Path::new(&data)) else { continue };
        let mut wire = Wire::connect(server.address().port());
        ask(&mut wire, kind, "SET k v", "+OK");
        ask(&mut wire, kind, "SAVE", "+OK");
        wire.command(&["LASTSAVE"]);
        let saved = wire.line();
        fs::remove_dir_all(&data).expect("removed");
        ask(&mut wire, kind, "SAVE", "-ERR");
        ask(&mut wire, kind, "BGSAVE", "+Background saving started");
        until(&mut wire, kind, "rdb_last_bgsave_status:err");
        ask(&mut wire, kind, "LASTSAVE", &saved);
        let refused = "-ERR Can't execute an AOF background rewriting. Please check the server logs for more information.";
        ask(&mut wire, kind, "BGREWRITEAOF", refused);
        until(&mut wire, kind, "aof_last_bgrewrite_status:err");
        let refused =
            format!("{REFUSED} 'appendonly') - Unable to turn on AOF. Check server logs.");
        ask(&mut wire, kind, "CONFIG SET appendonly yes", &refused);
        wire.call(&["CONFIG", "GET", "appendonly"], "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n");
        until(&mut wire, kind, "aof_enabled:0");
        ask(&mut wire, kind, "SET k w", "+OK");
        let line = format!("CONFIG SET dir {}", folder.at(""));
        ask(&mut wire, kind, &line, "+OK");
        ask(&mut wire, kind, "SAVE", "+OK");
        ask(&mut wire, kind, "CONFIG SET appendonly yes", "+OK");
        until(&mut wire, kind, "aof_last_bgrewrite_status:ok");
        assert!(folder.join("dump.rdb").exists());
    }
}

/// A folder may change while the append-only file is on: its files stay where they are until it is turned on anew.
#[test]
fn an_append_only_file_stays_where_it_began() {
    let folder = Folder::new("folders-moved");
    let (one, two) = (folder.at("one"), folder.at("two"));
    fs::create_dir(&one).expect("made");
    fs::create_dir(&two).expect("made");
    let Some(server) = start(Kind::Danio, Path::new(&one)) else { return };
    let mut wire = Wire::connect(server.address().port());
    let on =
        |folder: &str| Path::new(folder).join("appendonlydir/appendonly.aof.manifest").exists();
    let wait = |wire: &mut Wire, done: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(20));
            until(wire, Kind::Danio, "aof_rewrite_in_progress:0");
        }
    };
    ask(&mut wire, Kind::Danio, "CONFIG SET appendonly yes", "+OK");
    wait(&mut wire, &|| on(&one));
    ask(&mut wire, Kind::Danio, &format!("CONFIG SET dir {two}"), "+OK");
    ask(&mut wire, Kind::Danio, "SET k v", "+OK");
    ask(&mut wire, Kind::Danio, "BGREWRITEAOF", "+Background append only file rewriting started");
    let second = Path::new(&one).join("appendonlydir/appendonly.aof.2.base.rdb");
    wait(&mut wire, &|| second.exists());
    ask(&mut wire, Kind::Danio, "SAVE", "+OK");
    assert!(Path::new(&two).join("dump.rdb").exists() && !on(&two));
    ask(&mut wire, Kind::Danio, "CONFIG SET appendonly no", "+OK");
    until(&mut wire, Kind::Danio, "aof_enabled:0");
    ask(&mut wire, Kind::Danio, "CONFIG SET appendonly yes", "+OK");
    wait(&mut wire, &|| on(&two));
}

#[test]
fn two_servers_have_two_append_only_files() {
    let folder = Folder::new("folders-two");
    let Some(first) = start(Kind::Danio, &folder) else { return };
    let Some(second) = start(Kind::Danio, &folder) else { return };
    let (mut first, mut second) =
        (Wire::connect(first.address().port()), Wire::connect(second.address().port()));
    ask(&mut first, Kind::Danio, "CONFIG SET appendonly yes", "+OK");
    until(&mut first, Kind::Danio, "aof_enabled:1");
    let refused = format!("{REFUSED} 'appendonly') - Unable to turn on AOF. Check server logs.");
    ask(&mut second, Kind::Danio, "CONFIG SET appendonly yes", &refused);
    let refused = "-ERR Can't execute an AOF background rewriting. Please check the server logs for more information.";
    ask(&mut second, Kind::Danio, "BGREWRITEAOF", refused);
    until(&mut second, Kind::Danio, "aof_enabled:0");
    ask(&mut first, Kind::Danio, "CONFIG SET appendonly no", "+OK");
    until(&mut first, Kind::Danio, "aof_enabled:0");
    // The first one lets go a moment later.
    let began = Instant::now();
    loop {
        second.command(&["CONFIG", "SET", "appendonly", "yes"]);
        if second.line() == "+OK" {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the first one does not let go");
    }
}

#[test]
fn errors_of_the_library_name_what_they_are_of() {
    let folder = Folder::new("folders-library");
    fs::write(folder.join("file"), "").expect("written");
    for (name, kind) in
        [("none", std::io::ErrorKind::NotFound), ("file", std::io::ErrorKind::NotADirectory)]
    {
        let dir = folder.at(name);
        let names = |what: &str, error: Error, path: &str| {
            let Error::Io { kind: told, text } = &error else { panic!("{what}: {error:?}") };
            assert_eq!(*told, kind, "{what}: {error:?}");
            assert!(text.starts_with(path), "{what}: {error:?}");
        };
        let appends = format!("{dir}/appendonlydir");
        let snapshot = format!("{dir}/dump.rdb: ");
        let opened = Engine::open(Config::new().dir(&dir).append_only(true));
        names("open", opened.expect_err("there is no folder"), &appends);
        let engine = Engine::open(Config::new().dir(&dir)).expect("nothing is written yet");
        engine.db(0).and_then(|db| db.set("k", "v")).expect("in memory");
        names("save", engine.save().expect_err("there is no folder"), &snapshot);
        let saved = engine.background_save().and_then(|save| save.wait());
        names("background_save", saved.expect_err("there is no folder"), &snapshot);
        names("rewrite", engine.rewrite().expect_err("there is no folder"), &appends);
        let turned = engine.set_append_only(true);
        names("set_append_only", turned.expect_err("there is no folder"), &appends);
        assert!(!engine.is_append_only());
    }
}
