//! Transactions as sessions see them.

use std::time::Duration;

use crate::command::{Session, Value};
use crate::error::{Error, Result};
use crate::{Config, Engine, ManualClock};

fn engine() -> (Engine, ManualClock) {
    let clock = ManualClock::new();
    let config = Config::new().stripes(8).seed(3).clock(clock.clone());
    (Engine::open(config).expect("valid"), clock)
}

fn say(session: &mut Session, line: &str) -> Result<Value> {
    session.execute(line.split(' '))
}

fn ok() -> Result<Value> {
    Ok(Value::Status("OK".into()))
}

fn queued() -> Result<Value> {
    Ok(Value::Status("QUEUED".into()))
}

fn error(text: &'static str) -> Result<Value> {
    Err(Error::reply(text))
}

#[test]
fn commands_wait_for_exec_and_run_in_order() {
    let (engine, _) = engine();
    let mut session = Session::new(&engine);
    assert_eq!(say(&mut session, "MULTI"), ok());
    for line in ["SET a 1", "INCR a", "GET a", "APPEND b", "SELECT 1", "SET a x", "DBSIZE"] {
        let expected = match line {
            "APPEND b" => Err(Error::WrongArity("append".into())),
            _ => queued(),
        };
        assert_eq!(say(&mut session, line), expected, "{line}");
    }
    assert!(session.queued_bytes() > 0);
    assert_eq!(
        say(&mut session, "EXEC"),
        error("EXECABORT Transaction discarded because of previous errors.")
    );
    assert_eq!(say(&mut session, "GET a"), Ok(Value::Nil), "nothing of it ran");
    assert_eq!(session.queued_bytes(), 0);

    say(&mut session, "MULTI").expect("OK");
    for line in ["SET a 1", "INCR a", "GET a", "SELECT 1", "SET a x", "INCR a", "DBSIZE"] {
        assert_eq!(say(&mut session, line), queued());
    }
    let Ok(Value::Array(replies)) = say(&mut session, "EXEC") else { panic!("an array") };
    assert_eq!(replies[1], Value::Int(2));
    assert_eq!(replies[2], Value::Bulk("2".into()));
    assert_eq!(replies[5], Value::Error(Error::NotInteger), "one error stops nothing");
    assert_eq!(replies[6], Value::Int(1), "the database that SELECT chose");
    assert_eq!(say(&mut session, "GET a"), Ok(Value::Bulk("x".into())));
}

#[test]
fn words_out_of_place_are_refused() {
    let (engine, _) = engine();
    let mut session = Session::new(&engine);
    assert_eq!(say(&mut session, "EXEC"), error("ERR EXEC without MULTI"));
    assert_eq!(say(&mut session, "DISCARD"), error("ERR DISCARD without MULTI"));
    say(&mut session, "MULTI").expect("OK");
    assert_eq!(say(&mut session, "MULTI"), error("ERR MULTI calls can not be nested"));
    assert_eq!(say(&mut session, "WATCH k"), error("ERR WATCH inside MULTI is not allowed"));
    assert_eq!(
        say(&mut session, "EXEC"),
        error("EXECABORT Transaction discarded because of previous errors.")
    );
    say(&mut session, "MULTI").expect("OK");
    assert_eq!(
        say(&mut session, "EXEC now"),
        error(
            "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"
        )
    );
    assert_eq!(say(&mut session, "EXEC"), error("ERR EXEC without MULTI"));
    say(&mut session, "MULTI").expect("OK");
    say(&mut session, "SET k v").expect("QUEUED");
    assert_eq!(say(&mut session, "DISCARD"), ok());
    assert_eq!(say(&mut session, "EXISTS k"), Ok(Value::Int(0)));
}

/// What happens to the watched key, and whether it counts as a change.
#[test]
fn exec_does_nothing_if_a_watched_key_changed() {
    for (line, counts) in [
        ("SET k 2", true),
        ("SET other 2", false),
        ("GET k", false),
        ("DEL k", true),
        ("DEL missing", false),
        ("EXPIRE k 100", true),
        ("FLUSHALL", true),
        ("SWAPDB 0 1", true),
        ("SWAPDB 0 0", false),
        ("RENAME k z", true),
        ("TOUCH k", false),
        ("PING", false),
    ] {
        let (engine, _) = engine();
        let (mut watcher, mut other) = (Session::new(&engine), Session::new(&engine));
        say(&mut other, "SET k 1").expect("OK");
        say(&mut watcher, "WATCH k k missing").expect("OK");
        say(&mut other, line).expect("no error");
        say(&mut watcher, "MULTI").expect("OK");
        say(&mut watcher, "PING").expect("QUEUED");
        let expected = match counts {
            true => Value::Nil,
            false => Value::Array(vec![Value::Status("PONG".into())]),
        };
        assert_eq!(say(&mut watcher, "EXEC"), Ok(expected), "{line}");
        // EXEC forgets the keys, whatever came of it.
        say(&mut other, "SET k 3").expect("OK");
        say(&mut watcher, "MULTI").expect("OK");
        assert_eq!(say(&mut watcher, "EXEC"), Ok(Value::Array(Vec::new())), "{line}");
    }
}

#[test]
fn a_stream_is_watched_for_its_entries_and_not_for_its_groups() {
    for (line, counts) in [
        ("XADD s 2-1 f v", true),
        ("XDEL s 1-1", true),
        ("XTRIM s MAXLEN 0", true),
        ("XGROUP CREATE s other 0", false),
        ("XGROUP CREATECONSUMER s g c", false),
        ("XGROUP DESTROY s g", false),
        ("XREADGROUP GROUP g c STREAMS s >", false),
        ("XGROUP SETID s g 0", false),
        ("XSETID s 9-9", false),
        ("XGROUP CREATE new g 0 MKSTREAM", true),
    ] {
        let (engine, _) = engine();
        let (mut watcher, mut other) = (Session::new(&engine), Session::new(&engine));
        say(&mut other, "XADD s 1-1 f v").expect("an id");
        say(&mut other, "XGROUP CREATE s g 0").expect("OK");
        say(&mut watcher, "WATCH s new").expect("OK");
        say(&mut other, line).expect("no error");
        say(&mut watcher, "MULTI").expect("OK");
        let expected = if counts { Value::Nil } else { Value::Array(Vec::new()) };
        assert_eq!(say(&mut watcher, "EXEC"), Ok(expected), "{line}");
    }
}

#[test]
fn a_watched_key_that_expires_has_changed_but_not_one_that_had() {
    let (engine, clock) = engine();
    let (mut watcher, mut other) = (Session::new(&engine), Session::new(&engine));
    say(&mut other, "SET k 1 PX 10").expect("OK");
    say(&mut watcher, "WATCH k").expect("OK");
    say(&mut watcher, "MULTI").expect("OK");
    clock.advance(Duration::from_millis(20));
    assert_eq!(say(&mut watcher, "EXEC"), Ok(Value::Nil));

    say(&mut other, "SET k 1 PX 10").expect("OK");
    clock.advance(Duration::from_millis(20));
    say(&mut watcher, "WATCH k").expect("OK");
    assert_eq!(say(&mut other, "GET k"), Ok(Value::Nil));
    say(&mut watcher, "MULTI").expect("OK");
    assert_eq!(say(&mut watcher, "EXEC"), Ok(Value::Array(Vec::new())));
}

#[test]
fn unwatch_discard_and_reset_forget_watched_keys() {
    for line in ["UNWATCH", "DISCARD", "RESET"] {
        let (engine, _) = engine();
        let (mut watcher, mut other) = (Session::new(&engine), Session::new(&engine));
        say(&mut watcher, "WATCH k").expect("OK");
        say(&mut other, "SET k 1").expect("OK");
        if line == "DISCARD" {
            say(&mut watcher, "MULTI").expect("OK");
        }
        say(&mut watcher, line).expect("no error");
        say(&mut watcher, "MULTI").expect("OK");
        assert_eq!(say(&mut watcher, "EXEC"), Ok(Value::Array(Vec::new())), "{line}");
    }
}

/// Many sessions move amounts between accounts; nobody ever sees money come or go.
#[test]
fn transfers_keep_the_total() {
    const ACCOUNTS: usize = 6;
    const TOTAL: i64 = 600;
    let (engine, _) = engine();
    let mut session = Session::new(&engine);
    let names: Vec<String> = (0..ACCOUNTS).map(|i| format!("account:{i}")).collect();
    for name in &names {
        session.execute(["SET", name, "100"]).expect("OK");
    }
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (engine, names) = (&engine, &names);
            scope.spawn(move || {
                let mut session = Session::new(engine);
                for i in 0..300_usize {
                    let (from, to) = (&names[(i * 7 + thread) % ACCOUNTS], &names[i % ACCOUNTS]);
                    if i % 3 == 0 {
                        // Optimistically: what was read decides what is written.
                        session.execute(["WATCH", from, to]).expect("OK");
                        let Ok(Value::Bulk(left)) = session.execute(["GET", from]) else {
                            panic!("an account")
                        };
                        let left: i64 =
                            std::str::from_utf8(&left).expect("digits").parse().expect("a number");
                        if from == to {
                            session.execute(["UNWATCH"]).expect("OK");
                            continue;
                        }
                        session.execute(["MULTI"]).expect("OK");
                        session.execute(["SET", from, &(left - 1).to_string()]).expect("QUEUED");
                        session.execute(["INCR", to]).expect("QUEUED");
                    } else {
                        session.execute(["MULTI"]).expect("OK");
                        session.execute(["DECRBY", from, "5"]).expect("QUEUED");
                        session.execute(["INCRBY", to, "5"]).expect("QUEUED");
                    }
                    session.execute(["EXEC"]).expect("an array or nothing");
                    let all: Vec<&str> =
                        ["MGET"].into_iter().chain(names.iter().map(String::as_str)).collect();
                    let Ok(Value::Array(all)) = session.execute(all) else { panic!("an array") };
                    let sum: i64 = all
                        .iter()
                        .map(|value| match value {
                            Value::Bulk(b) => {
                                std::str::from_utf8(b).expect("digits").parse::<i64>().expect("one")
                            }
                            other => panic!("{other:?}"),
                        })
                        .sum();
                    assert_eq!(sum, TOTAL);
                }
            });
        }
    });
}
