use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::*;

fn set(parameters: &Parameters, pairs: &[(&str, &str)]) -> Result<()> {
    let words: Vec<[&[u8]; 1]> = pairs.iter().map(|(_, value)| [value.as_bytes()]).collect();
    let changes: Vec<Change<'_>> =
        pairs.iter().zip(&words).map(|((name, _), words)| (name.as_bytes(), &words[..])).collect();
    parameters.set(&changes)
}

fn refusal(result: Result<()>) -> String {
    result.expect_err("the change is refused").to_string()
}

#[test]
fn a_change_is_all_or_nothing() {
    let parameters = Parameters::new();
    let seen = Arc::new(AtomicI64::new(0));
    let (a, b) = (seen.clone(), seen.clone());
    parameters
        .on_change("maxmemory", move |value| {
            a.store(value.number(), Relaxed);
            Ok(())
        })
        .expect("accepted");
    parameters
        .on_change("maxmemory-samples", move |value| match value.number() {
            7 => Err(format!("saw {}", b.load(Relaxed)).into()),
            _ => Ok(()),
        })
        .expect("accepted");
    set(&parameters, &[("maxmemory", "1mb"), ("maxmemory-samples", "6")]).expect("accepted");
    assert_eq!(seen.load(Relaxed), 1 << 20);
    let refused = refusal(set(&parameters, &[("maxmemory", "2mb"), ("maxmemory-samples", "7")]));
    assert_eq!(
        refused,
        "ERR CONFIG SET failed (possibly related to argument 'maxmemory-samples') - saw 2097152"
    );
    assert_eq!(seen.load(Relaxed), 1 << 20);
    assert_eq!(
        (parameters.number("maxmemory"), parameters.number("maxmemory-samples")),
        (1 << 20, 6)
    );
}

#[test]
fn both_names_may_be_given_at_once() {
    let parameters = Parameters::new();
    set(&parameters, &[("slave-priority", "3"), ("replica-priority", "4")]).expect("accepted");
    assert_eq!(parameters.number("replica-priority"), 4);
    let never = |_: &Setting| Err("never".into());
    let hooks = &parameters.known("timeout").hooks;
    hooks.write().push(Box::new(never));
    let refused = [("slave-priority", "5"), ("replica-priority", "6"), ("timeout", "1")].as_slice();
    assert!(refusal(set(&parameters, refused)).ends_with("never"));
    assert_eq!(parameters.number("replica-priority"), 4, "as it was before both");
}

#[test]
fn refusals_have_redis_words() {
    let parameters = Parameters::new();
    assert_eq!(
        refusal(set(&parameters, &[("maxmemory", "1"), ("foo", "2")])),
        "ERR Unknown option or number of arguments for CONFIG SET - 'foo'"
    );
    assert_eq!(
        refusal(set(&parameters, &[("databases", "3")])),
        "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config"
    );
    assert_eq!(
        refusal(set(&parameters, &[("maxmemory", "1"), ("MAXMEMORY", "2")])),
        "ERR CONFIG SET failed (possibly related to argument 'MAXMEMORY') - duplicate parameter"
    );
    assert_eq!(parameters.number("maxmemory"), 0);
}

#[test]
fn patterns_and_names() {
    let parameters = Parameters::new();
    let names = |patterns: &[&str]| {
        let found = parameters.matching(patterns.iter().map(|p| p.as_bytes()));
        found
            .into_iter()
            .map(|(name, _)| String::from_utf8_lossy(&name).into_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["MAXMEMORY"]), ["MAXMEMORY"]);
    assert_eq!(names(&["maxmemory", "maxmemor?"]), ["maxmemory"]);
    assert!(names(&["*"]).len() > 10);
    assert!(names(&["nothing", "no*thing"]).is_empty());
}

#[test]
fn start_up_may_set_everything() {
    let parameters = Parameters::new();
    assert_eq!(parameters.load(b"databases", &[b"3"]), Ok(()));
    assert_eq!(parameters.number("databases"), 3);
    assert_eq!(parameters.load(b"foo", &[b"3"]), Err(None));
    assert!(matches!(parameters.load(b"databases", &[b"x"]), Err(Some(_))));
}

/// What the files that come with Redis 7.0 and Valkey 9 set, and what is set to tune them.
#[test]
fn what_only_other_servers_act_on_is_understood() {
    let parameters = Parameters::new();
    for line in [
        "oom-score-adj-values 0 200 800",
        "repl-diskless-load disabled",
        "repl-diskless-sync-max-replicas 0",
        "dual-channel-replication-enabled no",
        "active-defrag-cycle-max 25",
        "active-defrag-ignore-bytes 100mb",
        "lua-time-limit 5000",
        "min-slaves-to-write 0",
        "replica-announce-ip 10.0.0.1",
        "slave-announce-port 6380",
        "masterauth secret",
        "tls-port 0",
        "replicaof no one",
        "slaveof NO ONE",
        "tls-cert-file redis.crt",
        "cluster-node-timeout 5000",
        "cluster-slave-no-failover no",
    ] {
        let mut words = line.split(' ').map(str::as_bytes);
        let name = words.next().expect("a name");
        let values: Vec<&[u8]> = words.collect();
        assert_eq!(parameters.load(name, &values), Ok(()), "{line}");
    }
    assert_eq!(parameters.number("busy-reply-threshold"), 5000);
    assert_eq!(parameters.text("replica-announce-ip"), "10.0.0.1");
    let words = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
    for (value, refused) in
        [("1 2", "wrong number of arguments"), ("1 2 2001", words), ("a 1 2", words)]
    {
        assert!(refusal(set(&parameters, &[("oom-score-adj-values", value)])).ends_with(refused));
    }
    let text = |name: &str| parameters.text(name);
    assert_eq!((&*text("replicaof"), &*text("tls-cert-file")), (&b""[..], &b"redis.crt"[..]));
    for (words, refused) in [
        (&["10.0.0.1", "6379"][..], "there is no replication, so that the only value is no one"),
        (&["10.0.0.1"], "wrong number of arguments"),
    ] {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        assert_eq!(parameters.load(b"replicaof", &words), Err(Some(refused.into())));
    }
    // No replica would be there.
    assert!(set(&parameters, &[("min-replicas-to-write", "1")]).is_err());
    assert!(matches!(parameters.load(b"tls-port", &[b"6390"]), Err(Some(_))));
    let text = String::from_utf8(parameters.rewrite(b"aclfile a\noom-score-adj-values 1 2 3\n"));
    assert!(text.expect("text").starts_with("\noom-score-adj-values 0 200 800\n"));
}
