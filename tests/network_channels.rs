//! What connections are sent besides answers.

#![cfg(feature = "network")]
#![allow(clippy::disallowed_methods, reason = "the tests measure real time")]

#[path = "support/wire.rs"]
mod wire;

use danio::command::Session;
use wire::Fixture;

const MESSAGE: &str = "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\nm\r\n";

#[test]
fn everybody_gets_a_message_whoever_publishes_it() {
    let fixture = Fixture::new();
    let mut all: Vec<_> = (0..100).map(|_| fixture.connect()).collect();
    for wire in &mut all {
        wire.call(&["SUBSCRIBE", "ch"], "*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n");
    }
    assert_eq!(fixture.engine.publish("ch", "m"), 100);
    let mut other = fixture.connect();
    other.call(&["PUBLISH", "ch", "m"], ":100\r\n");
    for wire in &mut all {
        wire.expect(MESSAGE.repeat(2));
    }
}

#[test]
fn messages_come_between_answers_and_never_in_one() {
    const COMMANDS: usize = 2_000;
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.command(&["HELLO", "3"]);
    wire.send("ECHO hello-is-over\r\n");
    while wire.line() != "hello-is-over" {}
    wire.call(&["SUBSCRIBE", "ch"], ">3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n");
    wire.call(&["RPUSH", "l", "a", "b", "c"], ":3\r\n");
    std::thread::scope(|scope| {
        let publisher =
            scope.spawn(|| (0..COMMANDS).map(|_| fixture.engine.publish("ch", "m")).sum());
        wire.send("LRANGE l 0 -1\r\n".repeat(COMMANDS));
        let (mut messages, mut answers) = (0, 0);
        while messages + answers < 2 * COMMANDS {
            let first = wire.line();
            if first == ">3" {
                let rest: Vec<String> = (0..6).map(|_| wire.line()).collect();
                assert_eq!(rest, ["$7", "message", "$2", "ch", "$1", "m"]);
                messages += 1;
            } else {
                assert_eq!(first, "*3");
                let rest: Vec<String> = (0..6).map(|_| wire.line()).collect();
                assert_eq!(rest, ["$1", "a", "$1", "b", "$1", "c"]);
                answers += 1;
            }
        }
        assert_eq!((messages, answers), (COMMANDS, COMMANDS));
        assert_eq!(publisher.join().ok(), Some(COMMANDS));
    });
}

/// Messages that wait for one another are all sent in the end, the last too, in the order of each publisher.
#[test]
fn messages_of_many_publishers_all_come_in_order() {
    const PUBLISHERS: usize = 8;
    const MESSAGES: usize = 300;
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.call(&["SUBSCRIBE", "ch"], "*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n");
    std::thread::scope(|scope| {
        for publisher in 0..PUBLISHERS {
            let mut other = fixture.connect();
            scope.spawn(move || {
                for first in (0..MESSAGES).step_by(3) {
                    let batch =
                        (first..first + 3).map(|i| format!("PUBLISH ch {publisher}:{i}\r\n"));
                    other.send(batch.collect::<String>());
                    (0..3).for_each(|_| assert_eq!(other.line(), ":1"));
                }
            });
        }
        let mut next = [0; PUBLISHERS];
        for _ in 0..PUBLISHERS * MESSAGES {
            let lines: Vec<String> = (0..7).map(|_| wire.line()).collect();
            let (publisher, number) = lines[6].split_once(':').expect("as published");
            let publisher: usize = publisher.parse().expect("a number");
            assert_eq!(number, next[publisher].to_string());
            next[publisher] += 1;
        }
    });
}

/// Answers that wait for the disk are not overtaken by the messages of a later command, though these wait
/// for more of their kind, and nothing is lost.
#[cfg(feature = "aof")]
#[test]
fn messages_stay_behind_answers_that_wait_for_the_disk() {
    const ROUNDS: usize = 100;
    let dir = std::env::temp_dir().join(format!("danio-channels-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    let config = danio::Config::new().dir(&dir).append_only(true);
    let fixture = Fixture::of(config.append_fsync(danio::AppendFsync::Always), &[]);
    let mut wire = fixture.connect();
    wire.command(&["HELLO", "3"]);
    wire.send("ECHO hello-is-over\r\n");
    while wire.line() != "hello-is-over" {}
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Others publish all the time, so that what comes is gathered.
        for _ in 0..3 {
            let (mut other, done) = (fixture.connect(), &done);
            scope.spawn(move || {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    other.send("PUBLISH ch other\r\n".repeat(3));
                    (0..3).for_each(|_| drop(other.line()));
                }
            });
        }
        for round in 0..ROUNDS {
            let own = format!("own{round}");
            wire.send(format!(
                "SUBSCRIBE ch\r\nSET k {round}\r\nPUBLISH ch {own}\r\nINCR n\r\nUNSUBSCRIBE ch\r\n"
            ));
            // What came of this connection's commands, in order.
            let mut came = Vec::new();
            while came.last().is_none_or(|last| last != "unsubscribe") {
                match wire.line().as_str() {
                    ">3" => {
                        let rest: Vec<String> = (0..5).map(|_| wire.line()).collect();
                        if rest[1] != "message" {
                            came.push(rest[1].clone());
                            continue;
                        }
                        assert!(came.contains(&"subscribe".to_string()), "{came:?}");
                        let payload = wire.line();
                        if payload != "other" {
                            came.push(payload);
                        }
                    }
                    answer => came.push(answer.to_string()),
                }
            }
            let count = format!(":{}", round + 1);
            assert_eq!(came, ["subscribe", "+OK", ":1", &own, &count, "unsubscribe"]);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    drop(fixture);
    std::fs::remove_dir_all(&dir).expect("removed");
}

#[test]
fn a_connection_that_is_held_back_gets_messages() {
    let fixture = Fixture::new();
    let mut session = Session::new(&fixture.engine);
    let mut wire = fixture.connect();
    wire.call(&["SUBSCRIBE", "ch"], "*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n");
    session.execute(["CLIENT", "PAUSE", "60000", "ALL"]).expect("OK");
    wire.send("PING\r\n");
    std::thread::sleep(std::time::Duration::from_millis(50));
    fixture.engine.publish("ch", "m");
    wire.expect(MESSAGE);
    session.execute(["CLIENT", "UNPAUSE"]).expect("OK");
    wire.expect("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
}

#[test]
fn one_that_reads_nothing_is_cut_off_and_its_messages_with_it() {
    let fixture = Fixture::new();
    let mut wire = fixture.connect();
    wire.call(&["SUBSCRIBE", "ch"], "*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n");
    let mut session = Session::new(&fixture.engine);
    let message = vec![b'm'; 1 << 20];
    let mut published = 0;
    // What the kernel buffers is not counted: some megabytes.
    while fixture.engine.publish("ch", &message) == 1 {
        published += 1;
        let info = session.execute(["CLIENT", "LIST", "TYPE", "pubsub"]).expect("a text");
        let text = String::from_utf8_lossy(info.as_bytes().unwrap_or_default()).into_owned();
        let omem = text.split(" omem=").nth(1).and_then(|rest| rest.split(' ').next());
        let omem = omem.map_or(0, |n| n.parse::<usize>().expect("a number"));
        assert!(omem <= 33 << 20, "{omem}");
        assert!(published < 200, "still there");
    }
    assert!(published >= 30, "{published}");
    let info = session.execute(["INFO", "stats"]).expect("a text");
    let text = String::from_utf8_lossy(info.as_bytes().unwrap_or_default()).into_owned();
    assert!(text.contains("client_output_buffer_limit_disconnections:1"), "{text}");
}
