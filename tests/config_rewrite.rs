//! CONFIG REWRITE: the file that a server was started with, brought up to date; compared with what Valkey makes of the
//! same file.

#![cfg(all(feature = "server", unix))]
#![allow(clippy::disallowed_methods, reason = "the tests wait on real processes")]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/server.rs"]
mod support;
#[path = "support/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use folder::Folder;
use support::{Kind, Server, free_port};
use wire::Wire;

impl Folder {
    /// Writes a file there.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

fn start(kind: Kind, file: &Path, port: u16) -> Option<(Server, Wire)> {
    let program = kind.program_or_skip()?;
    // The port was free a moment ago, and may be taken by the server that has just ended.
    let server = (0..10).find_map(|_| Server::start_from(&program, file, port));
    server.map(|server| (server, Wire::connect(port)))
}

/// What CONFIG GET shows.
fn parameters(wire: &mut Wire) -> BTreeMap<String, String> {
    wire.command(&["CONFIG", "GET", "*"]);
    let count: usize = wire.line()[1..].parse().expect("a length");
    let mut words = (0..count).map(|_| {
        wire.line();
        wire.line()
    });
    let mut found = BTreeMap::new();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        found.insert(name, value);
    }
    found
}

/// Changes of every kind of parameter, good for Danio and Valkey.
const CHANGES: &[(&str, &str)] = &[
    ("maxmemory", "100mb"),
    ("maxmemory-policy", "allkeys-lfu"),
    ("maxmemory-samples", "7"),
    ("maxmemory-clients", "5%"),
    ("requirepass", "a \"b\" \u{e9}\n"),
    ("notify-keyspace-events", "Kg$x"),
    ("client-output-buffer-limit", "normal 1mb 1000 30 pubsub 64mb 16mb 90"),
    ("save", "900 1 300 10"),
    ("appendfsync", "no"),
    ("list-max-listpack-size", "-3"),
    ("hash-max-ziplist-entries", "77"),
    ("tracking-table-max-keys", "5"),
    ("latency-monitor-threshold", "20"),
    ("commandlog-reply-larger-than", "-1"),
    ("timeout", "0"),
    ("activerehashing", "no"),
    ("proto-max-bulk-len", "1gb"),
    ("client-query-buffer-limit", "2mb"),
    ("auto-aof-rewrite-min-size", "123456"),
    ("loglevel", "warning"),
    ("stream-node-max-entries", "200"),
];

/// A file with all that may stand in one; it needs a port, a folder, and a file to include.
fn text(port: u16, folder: &Path, include: &Path) -> String {
    format!(
        "# A cache.\n\n\ninclude {}\nport {port}\nbind 127.0.0.1\n  HZ   20\t\n\
         save 3600 1\nsave 300 100\n\n#save 1 1\nTimeout 5\ndir {}\ndbfilename \"x.rdb\"\n\
         client-output-buffer-limit replica 512mb 128mb 60\nslave-priority 9\nlogfile ''\n\
         maxmemory 1048576\nmaxmemory 2mb\ndatabases 3\nappendfsync always\nunixsocketperm 700\n\
         # The end.\nmaxclients 500",
        include.display(),
        folder.display()
    )
}

fn change(wire: &mut Wire) {
    for (name, value) in CHANGES {
        wire.call(&["CONFIG", "SET", name, value], "+OK\r\n");
        if *name == "requirepass" {
            wire.call(&["AUTH", value], "+OK\r\n");
        }
    }
}

#[test]
fn a_restart_finds_every_parameter_as_it_was() {
    let folder = Folder::new("rewrite-restart");
    let include = folder.file("more.conf", "maxmemory-samples 3\nzset-max-listpack-value 70\n");
    let port = free_port();
    let file = folder.file("redis.conf", &text(port, &folder, &include));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let link = folder.join("link.conf");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    let Some((server, mut wire)) = start(Kind::Danio, &link, port) else { return };
    let untouched = parameters(&mut wire);
    assert_eq!((&*untouched["hz"], &*untouched["zset-max-listpack-value"]), ("20", "70"));
    change(&mut wire);
    let before = parameters(&mut wire);
    wire.call(&["CONFIG", "REWRITE"], "+OK\r\n");
    let once = fs::read_to_string(&file).expect("it is there");
    wire.call(&["CONFIG", "REWRITE"], "+OK\r\n");
    let twice = fs::read_to_string(&file).expect("it is there");
    assert_eq!(twice, once, "nothing has changed");
    let info = wire.text(&["INFO", "server"]);
    assert!(info.contains(&format!("\nconfig_file:{}\r", link.display())), "{info}");
    drop(server);

    let Some((server, mut wire)) = start(Kind::Danio, &link, port) else { panic!("{once}") };
    wire.call(&["AUTH", &before["requirepass"]], "+OK\r\n");
    assert_eq!(parameters(&mut wire), before);
    drop(server);
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("it is there");
        entries.map(|entry| entry.expect("a name").file_name()).collect::<Vec<_>>()
    };
    assert_eq!(names(&folder).len(), 3, "nothing lies beside: {:?}", names(&folder));
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    let mode = fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_written_is_what_valkey_writes() {
    let folder = Folder::new("rewrite-valkey");
    let include = folder.file("more.conf", "maxmemory-samples 3\nzset-max-listpack-value 70\n");
    let port = free_port();
    let mut texts = Vec::new();
    for kind in [Kind::Danio, Kind::Valkey] {
        let file = folder.file("redis.conf", &text(port, &folder, &include));
        let Some((server, mut wire)) = start(kind, &file, port) else { return };
        change(&mut wire);
        wire.call(&["CONFIG", "REWRITE"], "+OK\r\n");
        texts.push(fs::read_to_string(&file).expect("it is there"));
        drop(server);
    }
    let parts = |text: &str| -> (String, Vec<String>) {
        let (kept, added) =
            text.split_once("# Generated by CONFIG REWRITE\n").expect("it is there");
        // Users, and what Valkey writes down whether it was set or not.
        let other =
            |line: &&str| !line.starts_with("user ") && !line.starts_with("latency-tracking-");
        let mut added: Vec<String> = added.lines().filter(other).map(str::to_owned).collect();
        // Valkey's order is that of a hash table.
        added.sort();
        (kept.to_owned(), added)
    };
    assert_eq!(parts(&texts[0]), parts(&texts[1]));
}

#[test]
fn refusals_have_valkeys_words() {
    for kind in [Kind::Danio, Kind::Valkey] {
        let Some(server) = kind.start_or_skip() else { continue };
        let mut wire = Wire::connect(server.address().port());
        wire.call(&["CONFIG", "REWRITE"], "-ERR The server is running without a config file\r\n");
        wire.call(
            &["CONFIG", "REWRITE", "x"],
            "-ERR wrong number of arguments for 'config|rewrite' command\r\n",
        );

        let folder = Folder::new("rewrite-refused");
        let port = free_port();
        let file = folder.file("redis.conf", &format!("port {port}\nbind 127.0.0.1\nsave ''\n"));
        let Some((_server, mut wire)) = start(kind, &file, port) else { panic!("it starts") };
        fs::remove_file(&file).expect("it is there");
        fs::create_dir(&file).expect("a folder in its place");
        wire.command(&["CONFIG", "REWRITE"]);
        assert_eq!(wire.line(), "-ERR Rewriting config file: Is a directory", "{kind:?}");
        fs::remove_dir(&file).expect("it is empty");
        // A file that is gone is made anew.
        wire.call(&["CONFIG", "REWRITE"], "+OK\r\n");
        let text = fs::read_to_string(&file).expect("it is there");
        assert!(text.starts_with("# Generated by CONFIG REWRITE\n"), "{text}");
        assert!(text.contains(&format!("\nport {port}\n")), "{text}");
        fs::remove_dir_all(&folder).expect("it is there");
        wire.command(&["CONFIG", "REWRITE"]);
        let gone = "-ERR Rewriting config file: No such file or directory";
        assert_eq!(wire.line(), gone, "{kind:?}");
    }
}

#[test]
fn what_other_servers_have_rewritten_is_understood_and_goes_back_to_them() {
    for kind in [Kind::Redis, Kind::Valkey] {
        let folder = Folder::new("rewrite-both-ways");
        let port = free_port();
        let file = folder.file("redis.conf", &format!("port {port}\nbind 127.0.0.1\nsave ''\n"));
        let known = [("maxmemory", "100mb"), ("save", "900 1"), ("requirepass", "a b")];
        let Some((server, mut wire)) = start(kind, &file, port) else { continue };
        for (name, value) in known {
            wire.call(&["CONFIG", "SET", name, value], "+OK\r\n");
        }
        wire.call(&["AUTH", "a b"], "+OK\r\n");
        wire.call(&["CONFIG", "REWRITE"], "+OK\r\n");
        let text = fs::read_to_string(&file).expect("it is there");
        assert!(text.contains("\nuser default on "), "{text}");
        drop(server);

        let Some((server, mut wire)) = start(Kind::Danio, &file, port) else { panic!("{text}") };
        wire.call(&["PING"], "-NOAUTH Authentication required.\r\n");
        wire.call(&["AUTH", "a b"], "+OK\r\n");
        assert_eq!(parameters(&mut wire)["maxmemory"], "104857600");
        wire.call(&["CONFIG", "SET", "requirepass", "another"], "+OK\r\n");
        wire.call(&["CONFIG", "REWRITE"], "+OK\r\n");
        drop(server);

        let text = fs::read_to_string(&file).expect("it is there");
        let Some((_server, mut wire)) = start(kind, &file, port) else { panic!("{text}") };
        wire.call(&["AUTH", "another"], "+OK\r\n");
    }
}
