//! Sessions as a whole: what is refused, what is remembered, what is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::value::ValueSink;
use super::*;
use crate::clock::ManualClock;
use crate::config::Config;
use crate::{Engine, Error};

fn engine() -> (Engine, ManualClock) {
    let clock = ManualClock::new();
    let config = Config::new().stripes(4).seed(1).clock(clock.clone());
    (Engine::open(config).expect("valid"), clock)
}

/// Counts how often it is woken.
struct Bell(Arc<AtomicUsize>);

impl Link for Bell {
    fn wake(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A session as a connection has it, and how often that was woken.
fn connect(engine: &Engine, addr: &str) -> (Session, Arc<AtomicUsize>) {
    let rung = Arc::new(AtomicUsize::new(0));
    let link: Option<Box<dyn Link>> = Some(Box::new(Bell(rung.clone())));
    (Session::connect(engine, Origin { addr: addr.into(), link, ..Origin::default() }), rung)
}

/// What a line of words separated by blanks is answered: `None` if nothing is.
fn say(session: &mut Session, line: &str) -> (Flow, Option<String>) {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let mut sink = ValueSink::new();
    sink.set_protocol(session.protocol());
    let flow = session.dispatch(Args::new(&words), &mut sink);
    let answer = sink.answer().map(|value| match value {
        Value::Nil => "nil".into(),
        Value::Int(int) => int.to_string(),
        Value::Error(error) => error.to_string(),
        other => match other.as_bytes() {
            Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            None => format!("{other:?}"),
        },
    });
    session.end_batch();
    (flow, answer)
}

/// The answer to a line, which has one.
fn ask(session: &mut Session, line: &str) -> String {
    say(session, line).1.unwrap_or_else(|| panic!("{line} is answered"))
}

#[test]
fn refusals_have_redis_words() {
    let mut session = Session::new(&engine().0);
    for (line, words) in [
        ("foo a", "ERR unknown command 'foo', with args beginning with: 'a' "),
        ("get", "ERR wrong number of arguments for 'get' command"),
        ("get a b", "ERR wrong number of arguments for 'get' command"),
        ("client", "ERR wrong number of arguments for 'client' command"),
        ("client foo", "ERR unknown subcommand 'foo'. Try CLIENT HELP."),
        ("CLIENT ID x", "ERR wrong number of arguments for 'client|id' command"),
        ("select 16", "ERR DB index is out of range"),
        ("swapdb 99 x", "ERR invalid second DB index"),
        ("set k v ex 0", "ERR invalid expire time in 'set' command"),
        ("expire k 1 nx gt", "ERR NX and XX, GT or LT options at the same time are not compatible"),
        ("scan 0 type foo", "ERR unknown type name 'foo'"),
        ("shutdown", "ERR Errors trying to SHUTDOWN. Check logs."),
    ] {
        assert_eq!(ask(&mut session, line), words, "{line}");
    }
    let debug = ask(&mut session, "debug sleep 0");
    assert!(debug.starts_with("ERR DEBUG command not allowed. If the enable-debug-command option"));
}

#[test]
fn a_password_stands_before_everything_else() {
    let (engine, _) = engine();
    let mut old = connect(&engine, "old").0;
    assert_eq!(ask(&mut old, "config set requirepass secret"), "OK");
    assert_eq!(ask(&mut old, "ping"), "PONG", "who is in stays in");
    let mut new = connect(&engine, "new").0;
    assert_eq!(ask(&mut new, "ping"), "NOAUTH Authentication required.");
    assert_eq!(ask(&mut new, "foo"), "ERR unknown command 'foo', with args beginning with: ");
    assert!(ask(&mut new, "hello 3").starts_with("NOAUTH HELLO must be called"));
    assert!(ask(&mut new, "auth wrong").starts_with("WRONGPASS"));
    assert!(ask(&mut new, "auth nobody secret").starts_with("WRONGPASS"));
    assert_eq!(ask(&mut new, "auth default secret"), "OK");
    assert_eq!(ask(&mut new, "ping"), "PONG");
    assert_eq!(ask(&mut new, "reset"), "RESET");
    assert_eq!(ask(&mut new, "ping"), "NOAUTH Authentication required.");
    assert_eq!(ask(&mut Session::new(&engine), "ping"), "PONG", "no password in the same process");
}

#[test]
fn replies_are_turned_off_and_skipped() {
    let mut session = connect(&engine().0, "a").0;
    let mut answers = |lines: &[&str]| {
        lines.iter().map(|line| say(&mut session, line).1.unwrap_or("-".into())).collect::<Vec<_>>()
    };
    assert_eq!(answers(&["client reply skip", "ping", "ping"]), ["-", "-", "PONG"]);
    assert_eq!(
        answers(&["client reply off", "ping", "foo", "client reply on"]),
        ["-", "-", "-", "OK"]
    );
    assert_eq!(answers(&["client reply skip", "client reply on", "ping"]), ["-", "OK", "PONG"]);
    assert_eq!(answers(&["client reply off", "client reply skip", "ping"]), ["-", "-", "-"]);
    assert_eq!(answers(&["hello 3", "client reply on"]), ["-", "OK"]);
    assert_eq!(session.protocol(), Protocol::Resp3, "what was not answered was done");
}

#[test]
fn a_pause_holds_connections_back() {
    let (engine, clock) = engine();
    let (mut one, rung) = connect(&engine, "a");
    let mut own = Session::new(&engine);
    assert_eq!(ask(&mut one, "client pause 100 write"), "OK");
    assert!(matches!(say(&mut one, "set k v"), (Flow::Held(_), None)));
    assert_eq!(ask(&mut one, "get k"), "nil", "readers go on");
    assert_eq!(ask(&mut own, "set k v"), "OK", "and so do callers in the process");
    assert_eq!(ask(&mut one, "client unpause"), "OK");
    assert_eq!((rung.load(Relaxed), ask(&mut one, "get k")), (1, "v".into()));
    assert_eq!(ask(&mut one, "client pause 100"), "OK");
    assert!(matches!(say(&mut one, "ping"), (Flow::Held(_), None)));
    clock.advance(Duration::from_millis(100));
    assert_eq!(ask(&mut one, "ping"), "PONG");
}

#[test]
fn commands_count_once_they_are_over() {
    let (engine, _) = engine();
    let (mut one, mut two) = (connect(&engine, "1.1.1.1:1").0, connect(&engine, "2.2.2.2:2").0);
    let id = ask(&mut one, "client id");
    let count = |list: String| -> u64 {
        let count = list.rsplit_once("tot-cmds=").expect("it is there").1;
        count.trim_end().trim_end_matches(']').parse().expect("a number")
    };
    let mut seen = || count(ask(&mut two, &format!("client list id {id}")));
    assert_eq!(count(ask(&mut one, "client info")), 1, "not itself");
    for line in ["get", "nosuch"] {
        assert!(ask(&mut one, line).starts_with("ERR"), "{line}");
    }
    assert_eq!(seen(), 2, "what could not run is none");
    for line in ["multi", "set k v", "lpush k x"] {
        ask(&mut one, line);
    }
    assert_eq!(seen(), 3, "MULTI, and not what is queued");
    ask(&mut one, "exec");
    assert_eq!(seen(), 6, "both, that which failed too, and EXEC");
    ask(&mut one, "multi");
    ask(&mut one, "get");
    assert!(ask(&mut one, "exec").starts_with("EXECABORT"));
    assert_eq!(seen(), 8);
    assert!(matches!(say(&mut one, "blpop q 0"), (Flow::Blocked, None)));
    assert_eq!(seen(), 8, "it waits");
}

#[test]
fn connections_are_listed_and_killed() {
    let (engine, _) = engine();
    let (mut one, _) = connect(&engine, "1.1.1.1:1");
    let (mut two, rung) = connect(&engine, "2.2.2.2:2");
    assert_eq!(ask(&mut two, "client setname zoe"), "OK");
    assert_eq!(ask(&mut two, "select 3"), "OK");
    let list = ask(&mut one, "client list");
    assert!(
        list.contains("addr=2.2.2.2:2 ") && list.contains(" name=zoe ") && list.contains(" db=3 ")
    );
    assert!(list.contains("cmd=client|list"), "{list}");
    assert_eq!(ask(&mut one, "client list ip 3.3.3.3"), "");
    assert_eq!(ask(&mut one, "client kill not-name zoe"), "0", "it spares itself");
    assert_eq!(ask(&mut one, "client kill db 3 ip 2.2.2.2"), "1");
    assert!(two.client().is_killed() && rung.load(Relaxed) == 1);
    assert!(
        matches!(say(&mut one, "client kill 1.1.1.1:1"), (Flow::Close, Some(ok)) if ok == "OK")
    );
    drop(two);
    assert_eq!(ask(&mut Session::new(&engine), "client list").lines().count(), 1);
    assert!(matches!(say(&mut one, "quit"), (Flow::Close, _)));
}

#[test]
fn calls_and_failures_are_counted() {
    let mut session = Session::new(&engine().0);
    for line in ["set k abc", "get k", "get k", "incr k", "get", "foo", "client id"] {
        ask(&mut session, line);
    }
    let stats = ask(&mut session, "info commandstats errorstats");
    let has = |line: &str| stats.lines().any(|l| l.starts_with(line));
    assert!(has("cmdstat_get:calls=2,") && has("cmdstat_client|id:calls=1,"), "{stats}");
    assert!(stats.contains("rejected_calls=1,failed_calls=0") && has("errorstat_ERR:count=3"));
    let incr = stats.lines().find(|line| line.starts_with("cmdstat_incr"));
    assert!(incr.is_some_and(|line| line.ends_with("rejected_calls=0,failed_calls=1")));
    assert_eq!(ask(&mut session, "config resetstat"), "OK");
    assert!(!ask(&mut session, "info commandstats").contains("cmdstat_get"));
}

#[test]
fn info_shows_what_is_asked_for() {
    let mut session = Session::new(&engine().0);
    ask(&mut session, "set k v");
    let titles = |report: &str| {
        let titles = report.lines().filter_map(|line| line.strip_prefix("# "));
        titles.map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(titles(&ask(&mut session, "info keyspace SERVER")), ["Server", "Keyspace"]);
    let report = ask(&mut session, "info");
    assert!(titles(&report).contains(&"Errorstats".into()));
    assert!(!titles(&report).contains(&"Commandstats".into()));
    assert!(report.contains("redis_version:8.0.0\r\n"));
    assert!(report.contains("db0:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n"));
    assert_eq!(ask(&mut session, "info nothing"), "");
}

#[test]
fn what_grows_is_refused_when_memory_is_full() {
    let mut session = Session::new(&engine().0);
    assert_eq!(ask(&mut session, "set k v"), "OK");
    assert_eq!(ask(&mut session, "config set maxmemory 1"), "OK");
    let refused = "OOM command not allowed when used memory > 'maxmemory'.";
    assert_eq!(ask(&mut session, "append k v"), refused);
    assert_eq!(ask(&mut session, "get k"), "v");
    assert_eq!(ask(&mut session, "config set maxmemory-policy allkeys-random"), "OK");
    assert_eq!(ask(&mut session, "set k2 v"), refused, "even without keys there are tables");
    assert_eq!(ask(&mut session, "dbsize"), "0");
    assert!(ask(&mut session, "info stats").contains("evicted_keys:1\r\n"));
    assert_eq!(ask(&mut session, "config set maxmemory 0"), "OK");
    assert_eq!(ask(&mut session, "set k v"), "OK");
}

#[test]
fn readers_have_expired_keys_reclaimed() {
    let (engine, clock) = engine();
    let mut session = Session::new(&engine);
    assert_eq!(ask(&mut session, "set a 1 px 10"), "OK");
    assert_eq!(ask(&mut session, "set b 1 px 10"), "OK");
    clock.advance(Duration::from_millis(10));
    assert_eq!(ask(&mut session, "dbsize"), "2");
    assert_eq!(ask(&mut session, "get a"), "nil");
    assert_eq!(ask(&mut session, "dbsize"), "1");
    assert_eq!(ask(&mut session, "exists a b"), "0");
    assert_eq!(ask(&mut session, "dbsize"), "0");
}

#[test]
fn times_to_live_are_rounded_as_redis_does() {
    let (engine, clock) = engine();
    let mut session = Session::new(&engine);
    assert_eq!(ask(&mut session, "set k v px 1500"), "OK");
    assert_eq!(
        (ask(&mut session, "ttl k"), ask(&mut session, "pttl k")),
        ("2".into(), "1500".into())
    );
    clock.advance(Duration::from_millis(1));
    assert_eq!(ask(&mut session, "ttl k"), "1");
    assert_eq!(ask(&mut session, "pexpireat k 9223372036854775807"), "1");
    assert_eq!(ask(&mut session, "expiretime k"), "9223372036854776");
    assert_eq!(ask(&mut session, "persist k"), "1");
    assert_eq!(
        (ask(&mut session, "ttl k"), ask(&mut session, "ttl nobody")),
        ("-1".into(), "-2".into())
    );
}

#[test]
fn words_may_be_anything_that_holds_bytes() {
    let mut session = Session::new(&engine().0);
    assert_eq!(
        session.execute(vec![b"SET".to_vec(), vec![0, 255], vec![1]]),
        Ok(Value::Status("OK".into()))
    );
    assert_eq!(session.execute([&b"GET"[..], &[0, 255]]), Ok(Value::Bulk(vec![1].into())));
    assert_eq!(session.execute(["GET"]), Err(Error::WrongArity("get".into())));
    assert!(session.execute(Vec::<&str>::new()).is_err());
}

#[test]
fn messages_that_have_a_name_are_added_once() {
    let clock = ManualClock::new();
    let engine = Engine::open(Config::new().clock(clock.clone())).expect("valid");
    let mut session = Session::new(&engine);
    let mut say = |line: &str| ask(&mut session, line);
    let refused = [
        ("XADD s IDMP p * f v", "ERR Invalid stream ID specified as stream command argument"),
        ("XADD s IDMP p n 1-1 f v", "ERR IDMP/IDMPAUTO can be used only with auto-generated IDs"),
        ("XADD s IDMPAUTO p 1-1 f v", "ERR IDMP/IDMPAUTO can be used only with auto-generated IDs"),
        ("XADD s IDMPAUTO p IDMP p n * f v", "ERR IDMP/IDMPAUTO specified multiple times"),
        ("XCFGSET s IDMP-DURATION 5", "ERR no such key"),
        ("XIDMPRECORD s p n 1-1", "ERR no such key"),
    ];
    for (line, error) in refused {
        assert_eq!(say(line), error, "{line}");
    }
    let first = say("XADD s IDMP p a MAXLEN ~ 10 * f 1");
    assert_eq!(say("XADD s NOMKSTREAM MAXLEN ~ 10 IDMP p a * f 2"), first);
    let other = say("XADD s IDMP q a * f 1");
    assert_ne!(other, first);
    let named = say("XADD s IDMPAUTO p * f 1 g 2");
    assert_eq!(say("XADD s IDMPAUTO p * g 2 f 1"), named);
    assert_ne!(say("XADD s IDMPAUTO p * g 1 f 2"), named);
    assert_eq!(say("XLEN s"), "4");
    // The id is that of the entry even when that is gone.
    assert_eq!(say(&format!("XDEL s {first}")), "1");
    assert_eq!(say("XADD s IDMP p a * f 3"), first);
    clock.advance(Duration::from_secs(100));
    assert_ne!(say("XADD s IDMP p a * f 3"), first);

    let refused = [
        ("XCFGSET s", "ERR At least one parameter must be specified"),
        ("XCFGSET s IDMP-DURATION", "ERR syntax error"),
        ("XCFGSET s IDMP-DURATION x", "ERR value is not an integer or out of range"),
        ("XCFGSET s IDMP-DURATION 86401", "ERR IDMP-DURATION must be between 1 and 86400"),
        ("XCFGSET s IDMP-MAXSIZE 0", "ERR IDMP-MAXSIZE must be between 1 and 10000"),
        ("XIDMPRECORD s p b 1-1", "ERR The stream has no entry of this ID"),
    ];
    for (line, error) in refused {
        assert_eq!(say(line), error, "{line}");
    }
    // What is set as it was loses nothing; what is set otherwise loses everything.
    let again = say("XADD s IDMP p a * f 4");
    assert_eq!(say("XCFGSET s IDMP-MAXSIZE 100 IDMP-DURATION 100"), "OK");
    assert_eq!(say("XADD s IDMP p a * f 4"), again);
    assert_eq!(say("XCFGSET s IDMP-MAXSIZE 2"), "OK");
    assert_ne!(say("XADD s IDMP p a * f 4"), again);
    let info =
        engine.db(0).expect("there").xinfo("s").expect("a stream").expect("there").idempotency;
    let info = info.expect("it is used");
    assert_eq!((info.max_size, info.producers, info.messages), (2, 1, 1));
    assert_eq!((info.added, info.duplicates), (6, 5));
}
