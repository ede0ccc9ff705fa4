//! How many changes a command counts as (`rdb_changes_since_last_save`): after each command of a script, Danio
//! counts as many more as one of the real servers.

use crate::support::{Kind, Server};
use crate::wire::Client;

/// For each line how many changes it counted as.
fn counted(server: &Server) -> Vec<i64> {
    // Not too much at a time: Redis drops what it has not sent when a connection ends.
    SCRIPT.chunks(20).flat_map(|lines| counted_in(server, lines)).collect()
}

fn counted_in(server: &Server, script: &[&str]) -> Vec<i64> {
    let mut client = Client::connect(server.address()).expect("a server that was started accepts");
    let lines = script.iter().flat_map(|line| [*line, "INFO persistence"]);
    let bytes: String = ["INFO persistence"]
        .into_iter()
        .chain(lines)
        .map(|line| format!("{line}\r\n"))
        .chain(["QUIT\r\n".to_string()])
        .collect();
    let reply = client.exchange(bytes.as_bytes()).expect("an answer");
    let reply = String::from_utf8_lossy(&reply);
    let counts: Vec<i64> = reply
        .split("rdb_changes_since_last_save:")
        .skip(1)
        .map(|rest| rest.split('\r').next().unwrap_or_default().parse().expect("a number"))
        .collect();
    assert_eq!(counts.len(), script.len() + 1, "{reply}");
    counts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn changes_are_counted_as_by_real_servers() {
    let [Some(a), Some(b), Some(c)] =
        [Kind::Danio, Kind::Redis, Kind::Valkey].map(Kind::start_or_skip)
    else {
        return;
    };
    let [ours, redis, valkey] = [a, b, c].map(|server| counted(&server));
    let wrong: Vec<String> = (SCRIPT.iter().zip(ours).zip(redis.into_iter().zip(valkey)))
        .filter(|((_, ours), (redis, valkey))| ours != redis && ours != valkey)
        .map(|((line, ours), (redis, valkey))| {
            format!("{line}: {ours}, Redis {redis}, Valkey {valkey}")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const SCRIPT: &[&str] = &[
    "SET a 1",
    "SET a 1",
    "SETNX a 1",
    "SETNX nb 1",
    "MSET a 1 b 2 c 3",
    "MSETNX d 1 e 2",
    "MSETNX d 1 f 2",
    "GETSET a 5",
    "GETDEL e",
    "GETEX a EX 100",
    "GETEX a PERSIST",
    "GETEX a PERSIST",
    "APPEND a xyz",
    "SETRANGE a 2 ppp",
    "INCR n",
    "INCRBY n 5",
    "INCRBYFLOAT n 1.5",
    "DECR z",
    "SETBIT bits 7 1",
    "SETBIT bits 7 1",
    "SETBIT bits 7 0",
    "BITFIELD bits SET u8 0 5 INCRBY u8 8 1 GET u8 0",
    "BITFIELD bits SET u8 0 5",
    "BITOP NOT bnot bits",
    "BITOP AND band nokey",
    "EXPIRE a 100",
    "PEXPIRE a 100000",
    "EXPIRE a 100 NX",
    "PERSIST a",
    "PERSIST a",
    "EXPIRE b -1",
    "SETEX se 100 v",
    "PSETEX se 1000000 v",
    "DEL a b c nokey",
    "UNLINK d n",
    "RPUSH l 1 2 3 4 5 6 7 8",
    "LPUSH l a b",
    "LPUSHX l z",
    "LPUSHX nol z",
    "LPOP l",
    "LPOP l 2",
    "RPOP l 3",
    "LSET l 0 q",
    "LINSERT l BEFORE q w",
    "LREM l 0 q",
    "LREM l 0 nothere",
    "LTRIM l 0 1",
    "RPUSH l 1 2 3 4",
    "RPOPLPUSH l l2",
    "LMOVE l l2 LEFT RIGHT",
    "LMOVE l l LEFT RIGHT",
    "RPOPLPUSH l l",
    "LMPOP 1 l LEFT COUNT 2",
    "BLPOP l 1",
    "BLMOVE l2 l3 LEFT LEFT 1",
    "SADD s 1 2 3 4",
    "SADD s 3 4 5",
    "SADD s 5",
    "SREM s 1 9",
    "SPOP s",
    "SPOP s 2",
    "SADD s a b c d e",
    "SMOVE s s2 a",
    "SMOVE s s2 nothere",
    "SADD s2 b",
    "SMOVE s s2 b",
    "SINTERSTORE sd s s2",
    "SUNIONSTORE sd s s2",
    "SDIFFSTORE sd s s2",
    "SINTERSTORE sd s nos",
    "SINTERSTORE sdx s nos",
    "SPOP s 100",
    "ZADD z1 1 a 2 b 3 c",
    "ZADD z1 1 a 5 b 6 d",
    "ZADD z1 1 a",
    "ZADD z1 INCR 1 a",
    "ZINCRBY z1 2 a",
    "ZINCRBY z1 0 a",
    "ZREM z1 a nothere",
    "ZADD z1 1 a 2 b 3 c 4 d 5 e 6 f",
    "ZPOPMIN z1",
    "ZPOPMAX z1 2",
    "ZMPOP 1 z1 MIN COUNT 2",
    "ZADD z1 1 a 2 b 3 c 4 d 5 e 6 f",
    "ZREMRANGEBYSCORE z1 1 2",
    "ZREMRANGEBYRANK z1 0 1",
    "ZREMRANGEBYLEX z1 - +",
    "ZREMRANGEBYLEX z1 - +",
    "ZADD z1 1 a 2 b 3 c",
    "ZADD z2 1 a 5 d",
    "ZUNIONSTORE z3 2 z1 z2",
    "ZINTERSTORE z3 2 z1 z2",
    "ZDIFFSTORE z3 2 z1 z2",
    "ZDIFFSTORE z3 2 z1 z1",
    "ZRANGESTORE z3 z1 0 -1",
    "ZRANGESTORE z3 nokey 0 -1",
    "ZRANGESTORE z3 nokey 0 -1",
    "BZPOPMIN z1 1",
    "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
    "GEOADD g 13.361389 38.115556 Palermo",
    "GEOSEARCHSTORE gd g FROMLONLAT 15 37 BYRADIUS 200 km",
    "GEORADIUS g 15 37 200 km STORE gd",
    "GEORADIUS g 1 1 1 km STORE gd",
    "HSET h a 1 b 2 c 3",
    "HSET h a 1",
    "HSET h a 2 d 3",
    "HSETNX h a 1",
    "HSETNX h e 1",
    "HMSET h a 1 b 2",
    "HINCRBY h a 3",
    "HINCRBYFLOAT h a 1.5",
    "HDEL h a b nothere",
    "HDEL h nothere",
    "XADD st 1-1 a 1",
    "XADD st 1-2 a 1",
    "XADD st 1-3 a 1",
    "XADD st 1-4 a 1",
    "XADD st MAXLEN 3 1-5 a 1",
    "XDEL st 1-2 1-9",
    "XDEL st 1-3 1-4",
    "XADD st 2-1 a 1",
    "XADD st 2-2 a 1",
    "XADD st 2-3 a 1",
    "XTRIM st MAXLEN 2",
    "XTRIM st MAXLEN 2",
    "XGROUP CREATE st gr 0",
    "XGROUP CREATE st2 gr 0 MKSTREAM",
    "XGROUP SETID st gr 0",
    "XGROUP CREATECONSUMER st gr c",
    "XGROUP CREATECONSUMER st gr c",
    "XREADGROUP GROUP gr c COUNT 2 STREAMS st >",
    "XREADGROUP GROUP gr c2 COUNT 2 STREAMS st >",
    "XREADGROUP GROUP gr c COUNT 2 STREAMS st 0",
    "XACK st gr 2-2 2-9",
    "XCLAIM st gr d 0 2-3",
    "XCLAIM st gr d 0 2-3 JUSTID",
    "XAUTOCLAIM st gr e 0 0",
    "XGROUP DELCONSUMER st gr c",
    "XGROUP DELCONSUMER st gr nobody",
    "XGROUP DESTROY st gr",
    "XGROUP DESTROY st gr",
    "XSETID st 9-9",
    "PFADD p a b c",
    "PFADD p a",
    "PFADD p2",
    "PFMERGE p3 p p2",
    "PFCOUNT p p3",
    "SORT s2 ALPHA STORE so",
    "SORT nokey STORE so",
    "SORT nokey STORE so",
    "SET r 1",
    "RENAME r r2",
    "RENAMENX r2 r3",
    "RENAMENX r3 l",
    "COPY r3 r4",
    "COPY r3 r4",
    "COPY r3 r4 REPLACE",
    "MOVE r4 1",
    "MOVE r4 1",
    "SWAPDB 0 1",
    "SWAPDB 0 1",
    "SWAPDB 0 0",
    "OBJECT FREQ l",
    "TOUCH l",
    "GET l",
    "FLUSHDB",
    "FLUSHDB",
    "SET x 1",
    "SET y 2",
    "FLUSHALL",
    "FLUSHALL",
    "PUBLISH a b",
    "RPUSH l 1",
    "SET e 2",
    "DEL e",
    "SADD s 1",
    "SPOP s",
    "RPUSH l 1 2",
    "LPOP l 10",
    "SET k v KEEPTTL",
    "SET k v XX",
    "SET k v NX",
    "HSET hh a 1 b 2",
    "HEXPIRE hh 100 FIELDS 1 a",
    "HPERSIST hh FIELDS 1 a",
    "HPERSIST hh FIELDS 1 a",
    "HEXPIRE hh 0 FIELDS 2 a b",
    "HSETEX hx EX 100 FIELDS 2 a 1 b 2",
    "HGETEX hx EX 100 FIELDS 1 a",
    "HGETEX hx PERSIST FIELDS 2 a b",
    "HGETDEL hx FIELDS 2 a b",
    "MSETEX 2 ma 1 mb 2 EX 100",
    "DELIFEQ ma 1",
];
