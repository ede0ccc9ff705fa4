//! COMMANDLOG over connections, compared with Valkey: what is kept of large requests and replies, and the words of
//! refusals.

#![cfg(all(feature = "server", unix))]

#[path = "support/server.rs"]
mod support;
#[path = "support/wire.rs"]
mod wire;

use support::{Kind, Server};
use wire::Wire;

const STEPS: &[&str] = &[
    "CONFIG GET commandlog-request-larger-than",
    "CONFIG GET commandlog-reply-larger-than",
    "CONFIG GET commandlog-large-request-max-len",
    "CONFIG GET commandlog-large-reply-max-len",
    "CONFIG SET commandlog-request-larger-than 100 commandlog-reply-larger-than 60",
    "CLIENT SETNAME tester",
    "SET k LONG",
    "GET k",
    "STRLEN k",
    "COMMANDLOG GET -1 large-request",
    "COMMANDLOG GET 1 large-reply",
    "COMMANDLOG LEN large-request",
    "COMMANDLOG LEN LARGE-REPLY",
    "COMMANDLOG LEN bad",
    "COMMANDLOG LEN",
    "COMMANDLOG GET 1 bad",
    "COMMANDLOG GET -2 slow",
    "COMMANDLOG GET x bad",
    "COMMANDLOG GET",
    "COMMANDLOG RESET bad",
    "COMMANDLOG NOPE",
    "COMMANDLOG",
    "COMMANDLOG RESET large-request",
    "COMMANDLOG LEN large-request",
    "CONFIG SET commandlog-large-request-max-len 2",
    "SET a LONG",
    "SET b LONG",
    "SET c LONG",
    "COMMANDLOG LEN large-request",
    "COMMANDLOG GET -1 large-request",
    "CONFIG SET commandlog-request-larger-than -1 commandlog-reply-larger-than -1",
    "COMMANDLOG RESET large-request",
    "COMMANDLOG RESET large-reply",
    "SET a LONG",
    "GET a",
    "COMMANDLOG LEN large-request",
    "COMMANDLOG LEN large-reply",
    "CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3",
    "CONFIG GET commandlog-execution-slower-than",
    "CONFIG GET commandlog-slow-execution-max-len",
    "PING",
    "PING",
    "PING",
    "SLOWLOG LEN",
    "COMMANDLOG LEN slow",
    "COMMANDLOG RESET slow",
    "CONFIG SET commandlog-request-larger-than -2",
    "CONFIG SET commandlog-large-reply-max-len -1",
];

/// All that a server answers, without what no two runs have alike.
fn answers(server: &Server) -> Vec<String> {
    let mut wire = Wire::connect(server.address().port());
    let mut said = Vec::new();
    for step in STEPS {
        let step = step.replace("LONG", &"x".repeat(300));
        wire.command(&step.split(' ').collect::<Vec<_>>());
        // A mark shows where the answer ends.
        wire.command(&["ECHO", "end-of-answer"]);
        let mut lines = vec![step];
        loop {
            let line = wire.line();
            if line == "$13" {
                match wire.line() {
                    end if end == "end-of-answer" => break,
                    other => lines.extend([line, other]),
                }
                continue;
            }
            let is_time = line.starts_with(":1") && line.len() == 11;
            let is_address = line.starts_with("127.0.0.1:") || line == "$15";
            lines.push(if is_time || is_address { "masked".into() } else { line });
        }
        said.push(lines.join("\n"));
    }
    said
}

#[test]
fn large_requests_and_replies_are_kept_as_by_valkey() {
    let (Some(ours), Some(theirs)) = (Kind::Danio.start_or_skip(), Kind::Valkey.start_or_skip())
    else {
        return;
    };
    let pairs: Vec<_> = answers(&ours).into_iter().zip(answers(&theirs)).collect();
    let differ: Vec<_> = pairs.iter().filter(|(ours, theirs)| ours != theirs).collect();
    assert!(differ.is_empty(), "{differ:#?}");
}
