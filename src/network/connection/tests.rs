//! Answers of writes that cannot be made safe (`appendfsync always`).

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use crate::Engine;
use crate::config::{AppendFsync, Config};
use crate::disk::simulated::{Fault, Simulated, Step};
use crate::network::Server;

/// What a server says to these bytes, up to and with `last`.
fn answers(client: &mut TcpStream, ask: &[u8], last: &str) -> String {
    client.write_all(ask).expect("sent");
    let mut said = Vec::new();
    while !said.ends_with(last.as_bytes()) {
        let mut piece = [0; 4096];
        let n = client.read(&mut piece).unwrap_or(0);
        assert!(n > 0, "nothing comes behind {:?}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&piece[..n]);
    }
    String::from_utf8(said).expect("text")
}

/// An engine whose answers wait for a disk, and a server of it.
fn always() -> (Simulated, Engine, Server) {
    let disk = Simulated::new();
    let config = Config::new().stripes(4).seed(7).disk(Arc::new(disk.clone()));
    let config = config.append_only(true).append_fsync(AppendFsync::Always);
    let engine = Engine::open(config).expect("opened");
    let server = Server::bind(&engine, "127.0.0.1:0").expect("bound");
    (disk, engine, server)
}

fn connect(server: &Server) -> TcpStream {
    let client = TcpStream::connect(server.local_addrs()[0]).expect("connected");
    client.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    client
}

#[test]
fn what_was_served_and_is_not_safe_is_not_answered() {
    let (disk, engine, server) = always();
    let db = engine.db(0).expect("there is one");
    for behind in ["", "ECHO end\r\n", "INCR n\r\nECHO end\r\n"] {
        let mut client = connect(&server);
        client.write_all(format!("BLPOP l 0\r\n{behind}").as_bytes()).expect("sent");
        while format!("{:?}", db.execute(["INFO", "clients"])).contains("blocked_clients:0") {
            std::thread::sleep(Duration::from_millis(1));
        }
        disk.fail(|_, step| {
            matches!(step, Step::Sync(_)).then_some(Fault::Error(ErrorKind::StorageFull))
        });
        db.rpush("l", ["popped"]).expect_err("it is not safe");
        let mut said = String::new();
        client.read_to_string(&mut said).expect("it is closed");
        assert_eq!(said, "", "with {behind:?} behind it");
        disk.heal();
        let resumed = (0..5000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            db.set("resumed", "yes").is_ok()
        });
        assert!(resumed);
    }
    server.shutdown();
}

#[test]
fn only_what_wrote_is_told_of_a_sync_that_fails() {
    let (disk, _engine, server) = always();
    let mut client = connect(&server);
    assert_eq!(
        answers(&mut client, b"SET old v\r\nECHO end\r\n", "$3\r\nend\r\n"),
        "+OK\r\n$3\r\nend\r\n"
    );

    // The sync waits until all of the pipeline has run, and then fails.
    let ran = Arc::new(AtomicBool::new(false));
    let held = ran.clone();
    disk.fail(move |_, step| {
        let sync = matches!(step, Step::Sync(_));
        while sync && !held.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        sync.then_some(Fault::Error(ErrorKind::StorageFull))
    });
    let soon = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        ran.store(true, SeqCst);
    });
    let ask = b"GET old\r\nSET a 1\r\nGET a\r\nMULTI\r\nINCR a\r\nGET a\r\nEXEC\r\nDEL none\r\nRPUSH l x y\r\nECHO end\r\n";
    let said = answers(&mut client, ask, "$3\r\nend\r\n");
    soon.join().expect("no panic");
    let lines: Vec<&str> = said.split("\r\n").collect();
    let failed = |line: &str| line.starts_with("-MISCONF Errors writing to the AOF file: ");
    assert_eq!(lines[..2], ["$1", "v"], "{said}");
    assert!(failed(lines[2]), "{said}");
    assert_eq!(lines[3..8], ["$1", "1", "+OK", "+QUEUED", "+QUEUED"], "{said}");
    assert!(failed(lines[8]), "EXEC as a whole: {said}");
    assert_eq!(lines[9], ":0", "what changed nothing: {said}");
    assert!(failed(lines[10]), "{said}");
    assert_eq!(lines[11..], ["$3", "end", ""], "{said}");

    // From then on it is refused before it runs; reading goes on. (PING is refused too, as in Redis.)
    let said =
        answers(&mut client, b"SET b 1\r\nGET a\r\nEXISTS b\r\nECHO end\r\n", "$3\r\nend\r\n");
    let lines: Vec<&str> = said.split("\r\n").collect();
    assert!(failed(lines[0]), "{said}");
    assert_eq!(lines[1..], ["$1", "2", ":0", "$3", "end", ""], "{said}");

    // What was kept is written when that can be, once.
    disk.heal();
    let resumed = (0..5000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        answers(&mut client, b"SET b 1\r\nECHO end\r\n", "$3\r\nend\r\n").starts_with("+OK")
    });
    assert!(resumed);
    let said = answers(&mut client, b"GET a\r\nLLEN l\r\nECHO end\r\n", "$3\r\nend\r\n");
    assert_eq!(said, "$1\r\n2\r\n:2\r\n$3\r\nend\r\n");
    server.shutdown();
}
