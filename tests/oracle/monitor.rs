//! MONITOR: what is shown of others' commands, on Danio and on real servers.

use crate::conversation::compare;
use crate::support::Kind;

#[test]
fn monitors_are_shown_what_real_servers_show() {
    let [Some(a), Some(b), Some(c)] =
        [Kind::Danio, Kind::Redis, Kind::Valkey].map(Kind::start_or_skip)
    else {
        return;
    };
    let servers = [a, b, c];
    let wrong: Vec<String> =
        SCRIPTS.iter().filter_map(|script| compare(&servers, script)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const SCRIPTS: &[&str] = &[
    r#"m MONITOR
       a SET k "a\r\n\x01\"\\b\xff"
       a SELECT 3
       a GET k
       a CONFIG GET hz
       a NOSUCH
       a GET
       a AUTH foo
       a AUTH foo bar
       a HELLO 3 AUTH foo bar
       a CONFIG SET requirepass ""
       a PING
       a CLIENT SETNAME x
       a MULTI | SET k v | SET k | EXEC
       a MULTI | SET k v | CONFIG GET hz | SELECT 1 | GET k | EXEC
       a MULTI | EXEC now
       a MULTI | DISCARD
       a SET k v
       a INCR k
       a RESET
       a QUIT
       b DEL k | MSET a 1 b 2 | EXISTS a"#,
    "m MONITOR
     a PING
     m ~ PING
     m ~ MONITOR
     m ~ GET k
     m ~ SET k 1
     m ~ DBSIZE
     m ~ MULTI
     m ~ EXEC
     m ~ PUBLISH a b
     m ~ CONFIG GET hz
     m ~ SUBSCRIBE ch
     a PUBLISH ch x
     m ~ UNSUBSCRIBE
     m ~ RESET
     a GET x
     m GET x",
    "m HELLO 3
     m MONITOR
     a SET a b
     m ~ MULTI
     m ~ PING
     m ~ EXEC
     a GET a",
    "m MULTI
     m MONITOR
     m EXEC
     a GET k
     m PING",
];
