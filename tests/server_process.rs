//! `danio-server` as a process: configuration, log, signals.

#![cfg(all(feature = "server", unix))]
#![allow(clippy::disallowed_methods, reason = "the tests wait on a real process")]

#[path = "support/wire.rs"]
mod wire;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use wire::Wire;

struct Process {
    child: Child,
    log: BufReader<std::process::ChildStdout>,
    seen: String,
    folder: PathBuf,
}

fn start(words: &[&str], input: &str) -> Process {
    // What it saves when it ends is for nobody.
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("danio-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_danio-server"))
        .args(words)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it is read");
    let log = BufReader::new(child.stdout.take().expect("a pipe"));
    Process { child, log, seen: String::new(), folder }
}

impl Process {
    /// Reads the log up to a line that holds `text`.
    fn wait_for(&mut self, text: &str) {
        let from = self.seen.len();
        while !self.seen[from..].contains(text) {
            let read = self.log.read_line(&mut self.seen).expect("a log");
            assert!(read > 0, "the log ended before {text:?}:\n{}", self.seen);
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill runs").success());
    }

    /// Waits for the end; gives the log, the standard error, and whether all was well.
    fn end(mut self) -> (String, String, bool) {
        self.log.read_to_string(&mut self.seen).expect("a log");
        let mut error = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut error).expect("text");
        let well = self.child.wait().expect("it ends").success();
        fs::remove_dir_all(self.folder).expect("its folder");
        (self.seen, error, well)
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

fn scratch(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("danio-{}-{name}", std::process::id()));
    fs::write(&path, text).expect("a file");
    path
}

/// The files that come with Redis and Valkey, where they are installed, but for where and how the server runs.
#[test]
fn files_that_come_with_other_servers_are_understood() {
    for file in ["/etc/redis/redis.conf", "/etc/valkey/valkey.conf"] {
        let Ok(text) = fs::read_to_string(file) else {
            eprintln!("skipped: there is no {file}, or it is not for everybody");
            continue;
        };
        let elsewhere = [
            "bind ",
            "daemonize ",
            "dir ",
            "include ",
            "logfile ",
            "pidfile ",
            "port ",
            "unixsocket",
        ];
        let lines =
            text.lines().filter(|line| !elsewhere.iter().any(|word| line.starts_with(word)));
        let conf = scratch("stock.conf", &lines.collect::<Vec<_>>().join("\n"));
        let path = conf.to_str().expect("a path in UTF-8");
        let mut server = start(&[path, "--port", &free_port().to_string()], "");
        server.wait_for("Ready to accept connections");
        server.signal("-TERM");
        assert!(server.end().2, "it ends well");
        fs::remove_file(conf).expect("the file");
    }
}

#[test]
fn a_term_signal_ends_it_in_good_order() {
    let port = free_port().to_string();
    let pid_file = scratch("pid", "");
    let mut server =
        start(&["--port", &port, "--save", "", "--pidfile", &pid_file.to_string_lossy()], "");
    server.wait_for("Ready to accept connections");
    assert!(
        server.seen.contains(&format!("Running mode=standalone, port={port}.")),
        "{}",
        server.seen
    );
    let written = fs::read_to_string(&pid_file).expect("a number");
    assert_eq!(written.trim(), server.child.id().to_string());
    let mut wire = Wire::connect(port.parse().expect("a port"));
    wire.call(&["SET", "k", "v"], "+OK\r\n");
    server.signal("-TERM");
    let id = server.child.id();
    let (log, _, well) = server.end();
    wire.expect_end();
    assert!(well, "{log}");
    assert!(log.contains("# Received SIGTERM scheduling shutdown..."), "{log}");
    assert!(log.contains("is now ready to exit, bye bye..."), "{log}");
    let line = log.lines().last().expect("a line");
    let fields: Vec<&str> = line.splitn(7, ' ').collect();
    assert_eq!(fields[0], format!("{id}:M"), "{line}");
    assert!(fields[4].len() == 12 && fields[5] == "#", "{line}");
    assert!(!pid_file.exists());
}

#[test]
fn a_signal_does_what_its_words_say() {
    for (words, saved) in [
        (["--shutdown-on-sigterm", "now save"], true),
        (["--shutdown-on-sigterm", "nosave force"], false),
    ] {
        let port = free_port().to_string();
        let folder = scratch("ends", "");
        fs::remove_file(&folder).expect("it was made");
        fs::create_dir_all(&folder).expect("a folder");
        let mut options =
            vec!["--port", &port, "--save", if saved { "" } else { "900 1" }, "--dir"];
        let path = folder.to_string_lossy();
        options.push(&path);
        options.extend(words);
        let mut server = start(&options, "");
        server.wait_for("Ready to accept connections");
        Wire::connect(port.parse().expect("a port")).call(&["SET", "k", "v"], "+OK\r\n");
        server.signal("-TERM");
        let (log, _, well) = server.end();
        assert!(well, "{log}");
        assert_eq!(folder.join("dump.rdb").exists(), saved, "{words:?}: {log}");
        fs::remove_dir_all(&folder).expect("it is there");
    }
}

#[test]
fn a_client_ends_it() {
    let port = free_port().to_string();
    let mut server = start(&["--port", &port, "--save", ""], "");
    server.wait_for("Ready to accept connections");
    Wire::connect(port.parse().expect("a port")).command(&["SHUTDOWN"]);
    assert!(server.end().2);
}

#[test]
fn a_file_the_input_and_options_count_in_turn() {
    let port = free_port().to_string();
    let file = scratch("conf", "port 1\nmaxmemory 1mb\nmaxmemory-samples 7\ndatabases 3\n");
    let input = format!("port {port}\nmaxmemory \"2mb\"\n");
    let file_name = file.to_string_lossy().into_owned();
    let mut server = start(
        &[
            &file_name,
            "--maxmemory",
            "3mb",
            "--loglevel",
            "warning",
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "-",
        ],
        &input,
    );
    let mut wire = (0..200)
        .find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            std::net::TcpStream::connect(("127.0.0.1", port.parse::<u16>().ok()?)).ok()?;
            Some(Wire::connect(port.parse().ok()?))
        })
        .expect("it serves");
    wire.call(&["CONFIG", "GET", "maxmemory"], "*2\r\n$9\r\nmaxmemory\r\n$7\r\n3145728\r\n");
    wire.call(
        &["CONFIG", "GET", "maxmemory-samples"],
        "*2\r\n$17\r\nmaxmemory-samples\r\n$1\r\n7\r\n",
    );
    wire.call(&["SELECT", "3"], "-ERR DB index is out of range\r\n");
    wire.call(&["CONFIG", "SET", "loglevel", "notice"], "+OK\r\n");
    server.signal("-INT");
    server.wait_for("Received SIGINT");
    let (log, _, _) = server.end();
    // Logged before it listens, and so before the level was changed.
    assert!(!log.contains("Configuration loaded"), "the level counted from the start: {log}");
    fs::remove_file(file).expect("the file");
}

#[test]
fn what_is_wrong_is_named() {
    let file = scratch("bad", "port 0\n\nmaxmemmory 10mb\n");
    let file_name = file.to_string_lossy().into_owned();
    for (words, line, text, reason) in [
        (
            vec![file_name.as_str()],
            3,
            "maxmemmory 10mb",
            "Bad directive or wrong number of arguments",
        ),
        (vec!["--foo", "bar"], 2, "foo \"bar\"", "Bad directive or wrong number of arguments"),
        (
            vec!["--hz", "9", "--port", "x"],
            3,
            "port \"x\"",
            "argument couldn't be parsed into an integer",
        ),
        (vec!["--port"], 2, "port", "wrong number of arguments"),
        (vec!["--save", "900"], 2, "save \"900\"", "Invalid save parameters"),
        (
            vec!["--appendfsync", "sometimes"],
            2,
            "appendfsync \"sometimes\"",
            "argument(s) must be one of the following: everysec, always, no",
        ),
    ] {
        let (_, error, well) = start(&words, "").end();
        let place =
            format!("Reading the configuration file, at line {line}\n>>> '{text}'\n{reason}\n");
        assert!(
            !well && error.contains("*** FATAL CONFIG FILE ERROR") && error.ends_with(&place),
            "{error}"
        );
    }
    fs::remove_file(file).expect("the file");
    let (log, _, well) = start(&["/nowhere/redis.conf"], "").end();
    assert!(
        !well && log.contains("# Fatal error, can't open config file '/nowhere/redis.conf': "),
        "{log}"
    );
}

#[test]
fn a_taken_port_and_no_port_are_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let (log, _, well) = start(&["--port", &port, "--bind", "127.0.0.1"], "").end();
    assert!(
        !well && log.contains(&format!("Failed listening on port {port} (tcp), aborting.")),
        "{log}"
    );
    let (log, _, well) = start(&["--port", "0"], "").end();
    assert!(!well && log.contains("Configured to not listen anywhere, exiting."), "{log}");
}

#[test]
fn a_log_may_go_to_a_file() {
    let port = free_port().to_string();
    let path = scratch("log", "");
    let name = path.to_string_lossy().into_owned();
    let server = start(&["--port", &port, "--logfile", &name, "--always-show-logo", "yes"], "");
    let id = server.child.id();
    let log = (0..500)
        .map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            fs::read_to_string(&path).expect("the log")
        })
        .find(|log| log.contains("Ready to accept"))
        .expect("it starts");
    assert!(
        log.contains(&format!(" PID: {id}\n")) && log.contains(&format!("Port: {port}\n")),
        "{log}"
    );
    server.signal("-TERM");
    server.end();
    fs::remove_file(path).expect("the log");
}
