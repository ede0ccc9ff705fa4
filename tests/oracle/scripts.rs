//! Fixed exchanges that no generator can make: connections that end, replies that do not come,
//! servers that want a password or have no memory left.
//!
//! Each is sent as inline commands; what comes back until the server closes is compared, and
//! Danio answers as one of the two real servers.

use crate::support::{Kind, Server};
use crate::wire::Client;

/// Runs the scripts on all three servers, each on a new connection to a server that was
/// started with `options`.
fn compare(options: &[&str], scripts: &[&str]) {
    let kinds = [Kind::Danio, Kind::Redis, Kind::Valkey];
    let mut servers = Vec::new();
    for kind in kinds {
        let Some(server) = kind.start_with(options) else { return };
        servers.push(server);
    }
    let mut wrong = Vec::new();
    for script in scripts {
        let [ours, redis, valkey] = [0, 1, 2].map(|i| answer(&servers[i], script));
        if ours != redis && ours != valkey {
            wrong.push(format!("{script}\n  ours   {ours}\n  Redis  {redis}\n  Valkey {valkey}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn answer(server: &Server, script: &str) -> String {
    let mut client = Client::connect(server.address()).expect("a server that was started accepts");
    let bytes = script.replace(" | ", "\r\n") + "\r\n";
    let reply = client.exchange(bytes.as_bytes());
    reply.map_or_else(|e| format!("no answer: {e}"), |reply| reply.escape_ascii().to_string())
}

#[test]
fn connections() {
    compare(
        &[],
        &[
            "QUIT | PING",
            "QUIT a b | PING",
            "POST / HTTP/1.1 | PING",
            "Host: localhost | PING",
            "CLIENT REPLY OFF | PING | CLIENT REPLY ON | PING",
            "CLIENT REPLY SKIP | PING | PING",
            "CLIENT REPLY OFF | CLIENT REPLY SKIP | PING | CLIENT REPLY ON | ECHO x",
            "CLIENT REPLY OFF | RESET | PING",
            "CLIENT REPLY SKIP | CLIENT REPLY ON | PING",
            "CLIENT REPLY NOPE | PING",
            "CLIENT REPLY",
            "CLIENT REPLY OFF | NOSUCH | CLIENT REPLY ON",
            "SELECT 3 | CLIENT SETNAME me | CLIENT REPLY SKIP | RESET | PING | CLIENT GETNAME | GET a",
            "RESET x",
            "HELLO 3 x | HELLO 4 | HELLO x | HELLO 2 AUTH default | HELLO 2 SETNAME",
            "HELLO 2 AUTH nobody x | AUTH nobody x | AUTH x | AUTH default x | AUTH a b c",
            "SET n 1 | CLIENT KILL TYPE normal SKIPME yes | GET n",
            "CLIENT KILL ID 0 | CLIENT KILL MAXAGE x | CLIENT KILL 1.2.3.4:5 | CLIENT KILL",
            "CLIENT PAUSE x | CLIENT PAUSE -1 | CLIENT PAUSE 0 | CLIENT PAUSE 0 NOPE | CLIENT UNPAUSE | CLIENT PAUSE",
            "CLIENT PAUSE 9223372036854775807",
            "CLIENT UNBLOCK 999999 ERROR x",
            "CLIENT NO-EVICT ON | CLIENT NO-EVICT | CLIENT NO-EVICT x",
            "CLIENT SETINFO LIB-NAME a | CLIENT SETINFO LIB-VER 1.0 | CLIENT SETINFO LIB-NAME \"a b\"",
            "CLIENT | CLIENT NOPE | CLIENT GETNAME x | CLIENT SETNAME | CLIENT SETNAME \"a b\"",
            "CLIENT CAPA redirect | CLIENT CAPA nope redirect | CLIENT CAPA",
            "CLIENT UNBLOCK 1 NOPE | CLIENT UNBLOCK x | CLIENT UNBLOCK 999999",
            "PING a b | ECHO | ECHO a b | SELECT | SELECT 16 | SELECT -1 | SELECT a",
            "DEBUG | DEBUG NOPE | DEBUG SLEEP x | DEBUG SLEEP 0 | DEBUG SET-ACTIVE-EXPIRE 1",
            "DEBUG POPULATE x | DEBUG POPULATE -1 | DEBUG POPULATE 1.5 | DEBUG POPULATE 3 k x | DEBUG POPULATE 3 k -1 | DEBUG POPULATE 3 k 1 2 | DEBUG POPULATE | DEBUG POPULATE 2 populated 3 | GET populated:1 | DEL populated:0 populated:1",
            "SHUTDOWN NOPE | SHUTDOWN SAVE NOSAVE | SHUTDOWN ABORT | PING",
            "FLUSHALL | DEBUG DIGEST | SET a 1 | SADD s 1 x | HSET h f 1 g 2 | ZADD z 1.5 a inf b | RPUSH l 1 x | XADD x 1-1 f v | EXPIRE a 1000 | DEBUG DIGEST | SELECT 3 | SET a 1 | DEBUG DIGEST | DEBUG DIGEST-VALUE a b | FLUSHALL",
            "MEMORY | MEMORY NOPE | MEMORY USAGE | MEMORY USAGE nothing | MEMORY USAGE nothing SAMPLES | MEMORY PURGE x | MEMORY PURGE | DEBUG HTSTATS 99 | DEBUG HTSTATS x | DEBUG HTSTATS-KEY nothing | DEBUG LISTPACK nothing",
            "BITCOUNT | BITPOS a | BITOP AND a | BITOP NOT a b c | BITOP NOPE a b | SETBIT a 4294967296 1 | GETBIT a 4294967296 | SETBIT a 1 2 | SETBIT a -1 1 | BITFIELD a GET u64 0 | BITFIELD_RO a SET u8 0 1",
            "PFADD | PFCOUNT | PFDEBUG ENCODING nothing | PFDEBUG ENCODING | PFSELFTEST x | SET a 1 | PFADD a x | PFCOUNT a | PFMERGE b a | PFDEBUG NOPE a | DEL a",
            "SORT | SORT nothing LIMIT 0 | SORT nothing LIMIT a b | SORT nothing BY | SORT_RO nothing STORE x | RPUSH l b a | SORT l | SORT l ALPHA | SORT l BY nosort GET # GET nothing_* | DEL l",
            "SET a 1 | DEBUG OBJECT missing | OBJECT ENCODING a | OBJECT NOPE a | OBJECT | OBJECT ENCODING",
            "FLUSHALL NOPE | FLUSHDB NOPE | FLUSHALL SYNC | FLUSHDB ASYNC | FLUSHALL ASYNC SYNC",
            "SWAPDB 0 99 | SWAPDB 99 0 | SWAPDB a 0 | SWAPDB 0 a | SWAPDB 0 1 | SWAPDB 0",
            "CONFIG | CONFIG NOPE | CONFIG GET | CONFIG SET | CONFIG SET a | CONFIG SET a b | CONFIG RESETSTAT x",
            "CONFIG SET maxmemory 10mb | CONFIG GET maxmemory | CONFIG SET maxmemory 0 | CONFIG SET maxmemory-policy allkeys-lru | CONFIG SET maxmemory-policy noeviction",
            "CONFIG SET maxmemory-clients 5% | CONFIG GET maxmemory-clients | CONFIG SET maxmemory-clients 1mb | CONFIG GET maxmemory-clients | CONFIG SET maxmemory-clients 0% | CONFIG GET maxmemory-clients | CONFIG SET maxmemory-clients -1 | CONFIG SET maxmemory-clients 1.5% | CONFIG SET maxmemory-clients % | CONFIG SET maxmemory-clients 0",
            "CONFIG SET maxmemory-samples 64 | CONFIG SET maxmemory-samples 5 | CONFIG SET lfu-log-factor 0 | CONFIG SET lfu-decay-time 0 | CONFIG SET maxmemory-policy volatile-lfu | SET f v | OBJECT FREQ f | GET f | GET f | GET f | OBJECT FREQ f | SET f w | OBJECT FREQ f | APPEND f x | OBJECT FREQ f | TTL f | TYPE f | EXPIRE f 100 | OBJECT FREQ f | CLIENT NO-TOUCH ON | TOUCH f | CLIENT NO-TOUCH OFF | COPY f h | OBJECT FREQ h | OBJECT FREQ f | SETRANGE f 0 y | SET f z XX | OBJECT FREQ f | SET f z NX | OBJECT FREQ f | STRLEN f | EXISTS f | OBJECT FREQ f | OBJECT ENCODING f | GETEX f | PERSIST f | OBJECT FREQ f | MGET f f | OBJECT FREQ f | DEL f h | RPUSH l a | LPUSH l b | OBJECT FREQ l | LRANGE l 0 -1 | LPOP l | OBJECT FREQ l | HSET k f v | HINCRBY k n 1 | HGETALL k | OBJECT FREQ k | SADD s a b | SMEMBERS s | SUNIONSTORE u s | OBJECT FREQ s | SORT s ALPHA STORE u | OBJECT FREQ s | OBJECT FREQ u | SETBIT b 1 1 | SETBIT b 2 1 | SETNX b 1 | OBJECT FREQ b | DEL l k s u b | CONFIG SET maxmemory-policy noeviction lfu-log-factor 10 lfu-decay-time 1",
            "CONFIG SET maxmemory \"\" | CONFIG SET maxmemory kb | CONFIG GET maxmemory | CONFIG SET maxmemory-clients \"\" | CONFIG SET maxmemory-clients kb | CONFIG SET hash-max-listpack-value \"\" | CONFIG GET hash-max-listpack-value | CONFIG SET hash-max-listpack-value 64 | CONFIG SET proto-max-bulk-len \"\" | CONFIG SET client-query-buffer-limit b | CONFIG SET client-output-buffer-limit \"\" | CONFIG SET client-output-buffer-limit \"normal kb  0\" | CONFIG SET client-output-buffer-limit \"normal 0 0  pubsub 33554432 8388608 60\" | CONFIG SET client-output-buffer-limit \" normal 0 0 0\" | CONFIG GET client-output-buffer-limit",
            "CONFIG SET replica-priority 3 slave-priority 4 | CONFIG GET replica-priority | CONFIG SET slave-priority 5 replica-priority 6 | CONFIG GET slave-priority | CONFIG SET slave-priority 7 SLAVE-priority 8 | CONFIG SET slave-priority 9 replica-priority x | CONFIG GET replica-priority | CONFIG SET replica-priority 100",
            "CONFIG SET hz 1000 | CONFIG GET hz | CONFIG SET hz 0 | CONFIG GET hz | CONFIG SET hz -1 | CONFIG SET hz 2147483648 | CONFIG SET hz 10 | CONFIG GET hz",
            "CONFIG SET databases 4 | CONFIG SET timeout 1 timeout 2 | CONFIG SET maxclients 0",
            "OBJECT FREQ missing | SET a 1 | OBJECT FREQ a | CONFIG SET maxmemory-policy allkeys-lfu | OBJECT IDLETIME a | CONFIG SET maxmemory-policy noeviction",
            "TIME x | DBSIZE x | LOLWUT VERSION x | COMMAND COUNT x | COMMAND LIST FILTERBY NOPE x | COMMAND LIST FILTERBY PATTERN se[tx]",
            "COMMAND INFO nosuch | COMMAND DOCS nosuch | COMMAND GETKEYS | COMMAND GETKEYS nosuch a | COMMAND GETKEYS get a b",
            "COMMAND LIST FILTERBY ACLCAT nope | COMMAND LIST FILTERBY MODULE nope",
            "nosuch | nosuch a b | NoSuch \"with space\" x | nosuch aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbb",
        ],
    );
}

#[test]
fn what_waits_for_replicas_and_the_disk() {
    // What does wait would not survive the end of the script; tests/network_waits.rs has it.
    compare(
        &[],
        &[
            "WAIT | WAIT 0 | WAIT 0 0 0 | WAIT x 0 | WAIT 0 x | WAIT 0 -1 | WAIT 0 0 | WAIT -1 0 | WAIT 0 99999999999999999999 | WAIT 0 9223372036854775807",
            "MULTI | SET k v | WAIT 1 0 | WAIT x 0 | WAIT 1 -1 | EXEC | DEL k",
            "WAITAOF | WAITAOF 0 0 | WAITAOF 0 0 0 0 | WAITAOF x 0 0 | WAITAOF 2 -1 x | WAITAOF -1 0 0 | WAITAOF 1 -1 x | WAITAOF 1 x 0 | WAITAOF 1 0 x | WAITAOF 0 0 -1",
            "WAITAOF 0 0 9223372036854775807 | WAITAOF 1 0 0 | WAITAOF 1 1 0 | WAITAOF 0 0 0 | MULTI | WAITAOF 0 1 0 | WAITAOF 1 0 0 | WAITAOF x 0 0 | EXEC",
            "SUBSCRIBE a | WAIT 0 0 | WAITAOF 0 0 0 | UNSUBSCRIBE",
        ],
    );
    compare(
        &["--appendonly", "yes", "--appendfsync", "no"],
        &[
            "WAITAOF 1 0 0 | MULTI | SET k v | WAITAOF 1 0 0 | WAITAOF 1 1 0 | EXEC | WAITAOF 0 0 0 | MULTI | WAITAOF 1 0 0 | EXEC",
        ],
    );
}

/// Redis 7.0 knows no READONLY without a cluster, as Danio; Valkey does.
#[test]
fn a_master_alone() {
    compare(
        &[],
        &[
            "ROLE | ROLE x | REPLICAOF | REPLICAOF a | REPLICAOF NO ONE | replicaof no one | SLAVEOF no ONE | REPLICAOF no two | REPLICAOF x -1 | SLAVEOF x 65536 | REPLICAOF x y",
            "FAILOVER | FAILOVER ABORT | FAILOVER ABORT x | FAILOVER x | FAILOVER TO a | FAILOVER TO a b | FAILOVER TO a 1 | FAILOVER TO a 1 TO b 2 | FAILOVER FORCE | FAILOVER FORCE FORCE | FAILOVER TIMEOUT | FAILOVER TIMEOUT x | FAILOVER TIMEOUT 0 | FAILOVER TIMEOUT 1 | FAILOVER TIMEOUT 1 TIMEOUT 2 | FAILOVER timeout 1 to a 1 force | FAILOVER TO a 1 TIMEOUT -1",
            "READONLY | READWRITE | READONLY x | ASKING | ASKING x",
            "CLUSTER | CLUSTER INFO | cluster info x | CLUSTER NODES | CLUSTER SLOTS | CLUSTER SHARDS | CLUSTER MYID | CLUSTER COUNTKEYSINSLOT 1 | CLUSTER GETKEYSINSLOT 1 | CLUSTER LINKS | CLUSTER REPLICAS x | CLUSTER SLAVES x | CLUSTER HELP | CLUSTER NOPE",
            "CLUSTER KEYSLOT x | CLUSTER KEYSLOT",
            "MULTI | ROLE | READONLY | REPLICAOF NO ONE | CLUSTER INFO | FAILOVER | EXEC",
            "MULTI | CLUSTER NOPE | CLUSTER INFO x | EXEC",
        ],
    );
}

#[test]
fn what_takes_long() {
    compare(
        &[],
        &[
            "CONFIG SET slowlog-log-slower-than 0 | SLOWLOG RESET | PING | SET a 1 | MULTI | GET a | EXEC | SLOWLOG LEN | SLOWLOG GET 0 | SLOWLOG GET -2 | SLOWLOG GET x | SLOWLOG LEN x | SLOWLOG GET 1 2 | SLOWLOG NOPE | SLOWLOG | CONFIG SET slowlog-max-len 3 | PING | SLOWLOG LEN | CONFIG SET slowlog-log-slower-than -1 | SLOWLOG RESET | PING | SLOWLOG LEN | SLOWLOG GET | CONFIG SET slowlog-log-slower-than 10000 slowlog-max-len 128",
            "CONFIG SET slowlog-log-slower-than -2 | CONFIG SET slowlog-max-len -1 | CONFIG SET latency-monitor-threshold -1 | CONFIG GET slowlog*",
            "LATENCY RESET | LATENCY LATEST | LATENCY HISTORY command | LATENCY GRAPH nothing | LATENCY HISTOGRAM nosuch | LATENCY NOPE | LATENCY RESET a b | LATENCY HISTORY | LATENCY",
            "CONFIG SET latency-monitor-threshold 1000000 | PING | LATENCY LATEST | CONFIG SET latency-monitor-threshold 0",
        ],
    );
}

#[test]
fn corners_of_channels() {
    compare(
        &[],
        &[
            "SUBSCRIBE a | GET k | PING | PING x | PING a b | PUBLISH a m | CLIENT LIST | NOSUCH | GET | UNSUBSCRIBE | GET k | PING",
            "MULTI | SUBSCRIBE a | PUBLISH a x | PING | UNSUBSCRIBE | SSUBSCRIBE a | SUNSUBSCRIBE | EXEC | PING",
            "CLIENT REPLY OFF | SUBSCRIBE a | PSUBSCRIBE b | PUNSUBSCRIBE b | UNSUBSCRIBE a | CLIENT REPLY ON | PING",
            "CLIENT REPLY SKIP | SUBSCRIBE a | PING | QUIT",
            "SUBSCRIBE a | MULTI | EXEC | WATCH a | SELECT 1 | RESET | GET k | UNSUBSCRIBE | PUNSUBSCRIBE | SUNSUBSCRIBE",
            "PUBSUB | PUBSUB NOPE | PUBSUB CHANNELS a b | PUBSUB NUMPAT x | PUBSUB NUMSUB | PUBSUB SHARDNUMSUB a | PUBSUB CHANNELS | PUBSUB SHARDCHANNELS x y",
            "SUBSCRIBE | PSUBSCRIBE | SSUBSCRIBE | PUBLISH a | SPUBLISH a | PUBLISH a b c | UNSUBSCRIBE | PUNSUBSCRIBE x y | SUNSUBSCRIBE",
            "SSUBSCRIBE a a b | SPUBLISH a x | GET k | SUNSUBSCRIBE a | SUNSUBSCRIBE b | SPUBLISH a x",
            "CONFIG SET notify-keyspace-events Q | CONFIG SET notify-keyspace-events mEgKE | CONFIG GET notify-keyspace-events | CONFIG SET notify-keyspace-events Ag | CONFIG GET notify-keyspace-events | CONFIG SET notify-keyspace-events \"\" | CONFIG GET notify-keyspace-events",
            "CONFIG SET notify-keyspace-events KEA | SUBSCRIBE __keyevent@0__:set | PING | UNSUBSCRIBE | CONFIG SET notify-keyspace-events \"\"",
            "COMMAND GETKEYS SPUBLISH a b | COMMAND GETKEYS SSUBSCRIBE a b | COMMAND GETKEYS PUBLISH a b",
        ],
    );
}

#[test]
fn corners_of_sorted_sets() {
    compare(
        &[],
        &[
            "ZADD k -1 a 0 b 1 c inf d | ZRANGEBYSCORE k -inf inf LIMIT -1 2 | ZRANGEBYSCORE k -inf inf LIMIT 1 -5",
            "ZCOUNT k \"\" +inf | ZCOUNT k \" 1\" +inf | ZCOUNT k ( +inf | ZCOUNT k (( 1 | ZCOUNT k 0x1 +inf | ZCOUNT k 1e400 inf",
            "ZCOUNT k nan 1 | ZCOUNT k 1 \"1 \" | ZCOUNT k 5. +inf | ZCOUNT k .5 inf | ZCOUNT k 1_0 inf | ZCOUNT k 0x 1 | ZCOUNT k 1e 1",
            "ZADD k NX XX 1 a | ZADD k GT LT 1 a | ZADD k NX GT 1 a | ZADD k INCR 1 a 2 b | ZADD k XX | ZADD k XX CH | ZADD k 1 a 2",
            "ZADD none XX 1 a | ZADD none XX INCR 1 a | EXISTS none | ZINCRBY k -inf d | ZADD k INCR -inf d | ZADD k 5e-324 x | ZADD k 1e-400 x",
            "ZRANK k a WITHSCORE | ZRANK k zz WITHSCORE | ZRANK none a WITHSCORE | ZREVRANK k a withscore x",
            "ZRANGE k 0 -1 LIMIT 0 1 | ZRANGE k 0 -1 LIMIT 0 -1 | ZRANGE k 0 -1 BYLEX BYSCORE | ZRANGE k - + BYLEX WITHSCORES | ZRANGE k 0 -1 REV REV",
            "ZREVRANGE k 0 1 REV | ZRANGEBYSCORE k 0 1 BYLEX | ZRANGE k 0 1 BYSCORE LIMIT 0 | ZRANGE k 0 1 BYSCORE LIMIT a 0",
            "ZPOPMIN k 0 | ZPOPMIN k -1 | ZPOPMIN k a | ZPOPMIN k 1 2 | ZPOPMIN none 0 | SET s 1 | ZPOPMIN s 0 | ZPOPMIN s x",
            "ZMPOP 0 k MIN | ZMPOP 1 k FOO | ZMPOP 2 k MIN | ZMPOP 1 k MIN COUNT 0 | ZMPOP 1 k MIN COUNT 1 COUNT 2 | ZMPOP 1 none MIN | ZMPOP x k MIN",
            "ZRANDMEMBER k 0 | ZRANDMEMBER none | ZRANDMEMBER none 3 | ZRANDMEMBER k x | ZRANDMEMBER k 1 FOO | ZRANDMEMBER k -9223372036854775808 | ZRANDMEMBER k 4611686018427387904 WITHSCORES",
            "ZINTER 0 k | ZUNION x k | ZUNION 2 k | ZUNION 1 k WEIGHTS | ZUNION 1 k WEIGHTS x | ZUNION 1 k AGGREGATE FOO | ZDIFF 1 k WEIGHTS 1 | ZUNION 1 s FOO",
            "ZINTERCARD 1 k LIMIT -1 | ZINTERCARD 1 k LIMIT x | ZINTERCARD 0 k | ZINTERCARD 1 k LIMIT | ZINTERCARD 1 k LIMIT 0 | ZUNIONSTORE d 1 k WITHSCORES",
            "ZADD i inf a -inf b 1 c | ZADD j -inf a inf b | ZUNION 2 i j WITHSCORES | ZINTER 2 i j WITHSCORES | ZINTER 2 i j WEIGHTS 0 1 WITHSCORES | ZUNION 2 i j WEIGHTS 0 0 AGGREGATE MAX WITHSCORES",
            "ZRANGESTORE d none 0 -1 | ZRANGESTORE d k 0 1 | ZRANGE d 0 -1 | ZRANGESTORE d s 0 -1 | ZRANGESTORE d none 0 -1 | EXISTS d | ZRANGESTORE k k 0 1 REV | ZRANGE k 0 -1",
            "ZSCAN none x | ZSCAN none 0 NOPE | ZSCAN s 0 | ZSCAN k 0 NOPE | ZSCAN k 0 COUNT 0 | ZSCAN k 0 MATCH",
        ],
    );
}

#[test]
fn corners_of_streams() {
    compare(
        &[],
        &[
            "DEL s | XADD s 1-1 a | XADD s 1-1 | XADD s * a b c | XADD s MAXLEN 5 * | XADD s 0-0 a b | XADD s 0-* a b | XADD s 0-* a b | XADD s 0 a b",
            "DEL s | XADD s 18446744073709551615-18446744073709551615 a b | XADD s * a b | XADD s 5-5 a b | XRANGE s - + | XREAD STREAMS s 0 | DEL s",
            "DEL s | XADD s 5-18446744073709551615 a b | XADD s 5-* a b | XADD s 6-* a b | DEL s",
            "DEL s | XADD s LIMIT 5 * a b | XADD s MAXLEN 5 LIMIT 5 * a b | XADD s MAXLEN ~ 5 LIMIT -1 * a b | XADD s MAXLEN 5 MINID 5 * a b | XADD s MAXLEN -1 * a b | XADD s MINID x * a b",
            "DEL s | XTRIM s | XTRIM s NOPE 5 | XTRIM s LIMIT 5 | XTRIM s MAXLEN | XTRIM s MAXLEN ~ | XTRIM s MAXLEN 5 NOMKSTREAM | XTRIM s MAXLEN ~ 0 LIMIT 0 | EXISTS s",
            "DEL s | XRANGE s (- + | XRANGE s - (0 | XRANGE s (18446744073709551615-18446744073709551615 + | XRANGE s - + COUNT | XRANGE s - + COUNT x | XRANGE s - + COUNT 0 | XREVRANGE s - + COUNT -1",
            "DEL s | XADD s 1-1 a b | XADD s 1-2 c d | XDEL s 1-1 | XDEL s 1-2 | XLEN s | EXISTS s | XREAD STREAMS s $ | XADD s 1-2 e f | XADD s 1-3 e f | XREAD STREAMS s 1 | DEL s",
            "DEL s | XGROUP CREATE s g $ | XGROUP CREATE s g $ MKSTREAM | XGROUP CREATE s g $ MKSTREAM | XGROUP CREATE s h x MKSTREAM | XGROUP CREATE s h + | XGROUP SETID s g + | XGROUP SETID s g - | XGROUP SETID s h 0 | XGROUP DESTROY s h | XGROUP DESTROY s g | DEL s",
            "DEL s | XGROUP | XGROUP NOPE | XGROUP CREATE | XGROUP CREATE s | XGROUP CREATE s g 0 NOPE | XGROUP CREATE s g 0 ENTRIESREAD | XGROUP CREATE s g 0 ENTRIESREAD -2 | XGROUP SETID s g | XGROUP DELCONSUMER s g c | XGROUP CREATECONSUMER s g c",
            "SET s 1 | XADD s * a b | XLEN s | XRANGE s - + | XGROUP CREATE s g 0 | XREADGROUP GROUP g c STREAMS s > | XACK s g 1 | XPENDING s g | XCLAIM s g c 0 1 | XAUTOCLAIM s g c 0 0 | XINFO STREAM s | XSETID s 1 | XTRIM s MAXLEN 1 | XDEL s 1 | XREAD STREAMS s 0 | DEL s",
            "DEL s | XREAD | XREAD STREAMS | XREAD STREAMS s | XREAD COUNT x STREAMS s 0 | XREAD BLOCK x STREAMS s 0 | XREAD BLOCK -1 STREAMS s 0 | XREADGROUP STREAMS a b c d e f | XREADGROUP GROUP g c COUNT 1 STREAMS s | XREAD NOACK STREAMS s 0 | XREAD GROUP g c STREAMS s 0",
            "DEL s | XADD s 1-1 a b | XGROUP CREATE s g 0 | XREADGROUP GROUP g c BLOCK 5 STREAMS s > | XDEL s 1-1 | XREADGROUP GROUP g c STREAMS s 0 | XCLAIM s g d 0 1-1 | XPENDING s g | DEL s",
            "DEL s | XADD s 1-1 a b | XADD s 2-1 a b | XGROUP CREATE s g 0 | XREADGROUP GROUP g c STREAMS s > | XDEL s 1-1 | XAUTOCLAIM s g d 0 - COUNT 1 | XAUTOCLAIM s g d 0 - JUSTID | XPENDING s g | XAUTOCLAIM s g d 0 - COUNT 0 | DEL s",
            "DEL s | XADD s 1-1 a b | XGROUP CREATE s g 0 | XCLAIM s g c 0 1-1 | XCLAIM s g c 0 1-1 FORCE | XCLAIM s g c x 1-1 | XCLAIM s g c 0 1-1 IDLE x | XCLAIM s g c 0 1-1 NOPE | XCLAIM s g c 0 1-1 RETRYCOUNT 7 JUSTID LASTID 9-9 | XPENDING s g | XPENDING s g - + | XPENDING s g IDLE 0 - + | XPENDING s g - + 5 nobody | XINFO GROUPS s | DEL s",
            "DEL s | XADD s 5-1 a b | XSETID s 4-1 | XSETID s 5-1 ENTRIESADDED 0 | XSETID s 5-1 ENTRIESADDED -1 | XSETID s 5-1 MAXDELETEDID 6-1 | XSETID s 9-9 ENTRIESADDED 5 MAXDELETEDID 3-0 | XSETID s | XSETID missing 1-1 | XADD s 9-9 a b | DEL s",
            "DEL s | XINFO | XINFO STREAM missing | XINFO STREAM | XINFO NOPE s | XADD s 1-1 a b | XINFO STREAM s NOPE | XINFO STREAM s FULL COUNT | XINFO STREAM s FULL COUNT x | XINFO STREAM s FULL NOPE 1 | XINFO CONSUMERS s nope | XINFO GROUPS s | DEL s",
        ],
    );
}

#[test]
fn a_server_with_a_password() {
    compare(
        &["--requirepass", "secret"],
        &[
            "PING | GET a | NOSUCH | AUTH wrong | AUTH secret | PING",
            "AUTH default secret | PING | AUTH default wrong | PING",
            "AUTH other secret | AUTH | AUTH a b c",
            "HELLO | HELLO 3 | HELLO 2 AUTH default wrong | PING",
            "HELLO 2 AUTH default wrong SETNAME x | CLIENT GETNAME",
            "AUTH secret | RESET | PING",
            "QUIT | PING",
            "RESET",
            "COMMAND COUNT | CLIENT ID | CLIENT REPLY OFF | CONFIG GET requirepass",
            "AUTH secret | CONFIG GET requirepass | CONFIG SET requirepass other | PING | AUTH other | CONFIG SET requirepass secret",
        ],
    );
}

#[test]
fn a_server_without_memory() {
    compare(
        &[],
        &[
            "SET a 1 | SET b xyz | CONFIG SET maxmemory 1 | SET a 2 | APPEND a x | INCR n | SETRANGE a 1 x | GETSET a 1 | MSET a 1",
            "SETNX new 1 | MSETNX new 1 | SETEX new 10 1 | PSETEX new 10 1 | INCRBY n 1 | INCRBYFLOAT n 1 | DECR n | DECRBY n 1",
            "COPY a b | GET a | STRLEN a | EXPIRE a 100 | PERSIST a | RENAME a c | RENAMENX c a | MOVE a 1 | GETEX a EX 100 | TTL a",
            "DEL b | GETDEL a | UNLINK a | TOUCH a | FLUSHALL | CONFIG SET maxmemory 0 | SET a 1",
        ],
    );
}

#[test]
fn sets() {
    compare(
        &[],
        &[
            "SADD s | SADD s 3 1 2 1 | SMEMBERS s | SCARD s | SISMEMBER s 1 x | SMISMEMBER s | SMISMEMBER s 1 9 01 | SMISMEMBER nokey a b",
            "SADD s 1 2 3 | SPOP s 1 2 | SPOP s -1 | SPOP s x | SPOP nokey -1 | SPOP nokey 0 | SPOP nokey | SPOP s 0 | SPOP s 4 | EXISTS s",
            "SADD s 1 | SRANDMEMBER s 1 2 | SRANDMEMBER s x | SRANDMEMBER s -9223372036854775808 | SRANDMEMBER s 9223372036854775808 | SRANDMEMBER s -3 | SRANDMEMBER s 3 | SRANDMEMBER nokey | SRANDMEMBER nokey -3 | SRANDMEMBER s 0",
            "SET k v | SADD s 1 | SADD k 1 | SREM k 1 | SPOP k | SPOP k 0 | SPOP k x | SRANDMEMBER k 0 | SCARD k | SMEMBERS k | SISMEMBER k 1 | SMISMEMBER k 1 | SSCAN k 0 | SSCAN k x | SSCAN nokey 0 NOPE",
            "SET k v | SADD s 1 | SMOVE nokey k 1 | SMOVE k s 1 | SMOVE s k 1 | SMOVE s k 9 | SMOVE s s 1 | SMOVE s s 9 | SMOVE s t 1 | EXISTS s | SMOVE t u",
            "SET k v | SADD s 1 | SINTER nokey k | SINTER k nokey | SUNION s k | SDIFF s s k | SINTERCARD 2 nokey k | SINTERSTORE d nokey k | SINTERSTORE k s nokey | EXISTS k | SUNIONSTORE s s s | SDIFFSTORE s s s | EXISTS s",
            "SADD s 1 2 3 | SINTERCARD 0 s | SINTERCARD -1 s | SINTERCARD x s | SINTERCARD 2 s | SINTERCARD 99999999999999999999 s | SINTERCARD 1 s LIMIT | SINTERCARD 1 s LIMIT -1 | SINTERCARD 1 s LIMIT x | SINTERCARD 1 s LIMIT 2 | SINTERCARD 1 s LIMIT 0 | SINTERCARD 1 s LIMIT 1 LIMIT 3 | SINTERCARD 1 s NOPE",
            "SADD s 1 | SSCAN s | SSCAN s x | SSCAN s 0 | SSCAN s 0 COUNT 0 | SSCAN s 0 COUNT x | SSCAN s 0 COUNT | SSCAN s 0 MATCH | SSCAN s 0 MATCH 2* | SSCAN s 0 TYPE set | SSCAN s 0 NOVALUES | SSCAN s 0 NOSCORES",
            "SADD s 1 | EXPIRE s 100 | SADD d 2 | EXPIRE d 100 | SUNIONSTORE d s | TTL d | SADD s 2 | PERSIST s | TYPE s | OBJECT ENCODING s",
            "SADD s 2147483648 | OBJECT ENCODING s | SADD s 9223372036854775808 | SREM s 9223372036854775808 | SMEMBERS s",
        ],
    );
}

#[test]
fn lists() {
    compare(
        &[],
        &[
            "LPUSH | LPUSH k | LPUSHX k a | RPUSHX k a | LPUSH k a b | LPUSHX k c d | RPUSHX k e | LRANGE k 0 -1",
            "LPOP k | LPOP k 0 | LPOP k -1 | LPOP k x | LPOP k 1 2 | RPUSH k a b c | LPOP k 0 | RPOP k 9223372036854775807 | EXISTS k",
            "LINDEX k x | RPUSH k a | LINDEX k x | LINDEX k 9223372036854775807 | LINDEX k -9223372036854775808 | LINDEX k -1",
            "LSET k x a | LSET k 0 a | RPUSH k a | LSET k x a | LSET k 1 a | LSET k -2 a | LSET k -1 z | LRANGE k 0 -1",
            "LINSERT k UP a b | LINSERT k BEFORE a b | RPUSH k a | LINSERT k before x b | LINSERT k AFTER a b | LRANGE k 0 -1 | LINSERT k AFTER a",
            "LRANGE k x 1 | LRANGE k 0 x | RPUSH k a b c | LRANGE k 2 1 | LRANGE k -100 100 | LRANGE k 3 5 | LRANGE k -1 -2 | LRANGE k 9223372036854775807 -9223372036854775808",
            "LTRIM k x 1 | LTRIM k 0 1 | RPUSH k a b c | LTRIM k 1 1 | LRANGE k 0 -1 | LTRIM k 5 9 | EXISTS k",
            "LREM k x a | LREM k 0 a | RPUSH k a 1 a 01 a | LREM k 1 a | LREM k -1 a | LREM k 0 1 | LRANGE k 0 -1 | LREM k 0 a | LREM k 9223372036854775808 a",
            "LPOS k a RANK 0 | LPOS k a RANK x | LPOS k a RANK | LPOS k a COUNT -1 | LPOS k a MAXLEN -1 | LPOS k a NOPE 1 | LPOS k a | LPOS k a COUNT 0",
            "RPUSH k a b a c a | LPOS k a RANK 2 | LPOS k a RANK -1 COUNT 2 | LPOS k a COUNT 0 MAXLEN 3 | LPOS k a RANK 9 | LPOS k a RANK 9 COUNT 1 | LPOS k a COUNT 1 COUNT 2 RANK 1 RANK -2",
            "LMOVE a b LEFT | LMOVE a b UP LEFT | LMOVE a b LEFT UP | LMOVE a b LEFT LEFT | RPUSH a 1 2 3 | LMOVE a a left right | LRANGE a 0 -1 | LMOVE a b RIGHT LEFT | LRANGE b 0 -1 | RPOPLPUSH a b | RPOPLPUSH a b | EXISTS a | LRANGE b 0 -1",
            "SET s x | LMOVE s b LEFT LEFT | RPUSH a 1 | LMOVE a s LEFT LEFT | LRANGE a 0 -1 | LMOVE nosuch s LEFT LEFT | RPOPLPUSH nosuch s | RPOPLPUSH s s",
            "LMPOP 0 k LEFT | LMPOP x k LEFT | LMPOP 1 k UP | LMPOP 2 k LEFT | LMPOP 1 k LEFT COUNT 0 | LMPOP 1 k LEFT COUNT | LMPOP 1 k LEFT COUNT 1 COUNT 1 | LMPOP 1 k LEFT NOPE | LMPOP 1 k LEFT",
            "RPUSH b 1 2 3 | LMPOP 2 a b RIGHT COUNT 2 | SET s x | LMPOP 2 a s LEFT | LMPOP 3 a b s LEFT COUNT 9 | LMPOP 3 a b s LEFT | LMPOP 1 a LEFT | LPOP a | LPOP a 1",
            "SET s x | LPUSH s a | RPUSHX s a | LPOP s | LPOP s 0 | LLEN s | LINDEX s x | LSET s x a | LINSERT s AFTER a b | LRANGE s 0 1 | LTRIM s 0 1 | LREM s 0 a | LPOS s a",
            "RPUSH a 1 2 | EXPIRE a 100 | LPOP a | TTL a | RPOP a | TTL a | RPUSH a 1 | TTL a",
        ],
    );
}

#[test]
fn hashes() {
    compare(
        &[],
        &[
            "FLUSHALL | HSET h f | HSET h f v g | HMSET h f v g | HSET h f v | HSETNX h f w | HSETNX h g w | HGETALL h",
            "FLUSHALL | SET k v | HSET k f v | HGET k f | HDEL k f | HLEN k | HGETALL k | HMGET k f | HINCRBY k f x | HINCRBY k f 1 | HINCRBYFLOAT k f inf | HRANDFIELD k 0 | HSCAN k 0 NOPE | HSCAN k x",
            "FLUSHALL | HSET h t foo i inf s \" 1\" m 9223372036854775807 | HINCRBY h t 1 | HINCRBYFLOAT h t 1 | HINCRBYFLOAT h i 1 | HINCRBYFLOAT h s 1 | HINCRBY h m 1 | HINCRBYFLOAT h m 1 | HINCRBYFLOAT h n 3.0e3 | HINCRBYFLOAT h t nan",
            "FLUSHALL | HSET h f v | HRANDFIELD h | HRANDFIELD h 5 | HRANDFIELD h -2 WITHVALUES | HRANDFIELD h 1 NOPE | HRANDFIELD h x NOPE | HRANDFIELD h 1 WITHVALUES x | HRANDFIELD no | HRANDFIELD no 1 | HRANDFIELD h -9223372036854775808 | HRANDFIELD h 9223372036854775807 WITHVALUES",
            "FLUSHALL | HSET h f v | HSCAN h 0 | HSCAN h 0 MATCH g* | HSCAN h 0 COUNT 0 | HSCAN h 0 COUNT x | HSCAN h 0 MATCH | HSCAN h 0 NOPE | HSCAN no 0 NOPE | HSCAN no x | HSCAN h 0 NOSCORES",
            "FLUSHALL | HDEL no f | HLEN no | HSTRLEN no f | HEXISTS no f | HKEYS no | HVALS no | HMGET no f g | HGETALL no",
        ],
    );
}

#[test]
fn fields_that_expire() {
    compare(
        &[],
        &[
            "FLUSHALL | HEXPIRE no 10 FIELDS 1 f | HTTL no FIELDS 2 f g | HPERSIST no FIELDS 1 f | HGETEX no FIELDS 2 f g | HGETEX no EX 10 FIELDS 1 f | HGETDEL no FIELDS 2 f g | EXISTS no",
            "FLUSHALL | SET k v | HEXPIRE k 10 FIELDS 1 f | HEXPIRE k x FIELDS 1 f | HEXPIRE k -1 FIELDS 1 f | HTTL k FIELDS 1 f | HGETEX k EX x FIELDS 1 f | HSETEX k EX x FIELDS 1 f v | HGETDEL k FIELDS 0 f | HGETDEL k FIELDS 1 f | HPERSIST k FIELDS 0 f | HPERSIST k FIELDS 1 f",
            "FLUSHALL | HSET h f v | HEXPIRE h 10 FIELDS 0 f | HEXPIRE h 10 FIELDS 2 f | HEXPIRE h 10 FIELDS 1 f g | HEXPIRE h 10 FIELDS x f | HEXPIRE h 10 NOPE 1 f | HEXPIRE h 10 NOPE FIELDS 1 f | HEXPIRE h 10 FIELDS 1 f NX | HEXPIRE h 10 NX | HEXPIRE h x FIELDS 2 f",
            "FLUSHALL | HSET h f v | HEXPIRE h 10 NX XX FIELDS 1 f | HEXPIRE h 10 NX GT FIELDS 1 f | HEXPIRE h 10 GT LT FIELDS 1 f | HEXPIRE h 10 XX GT FIELDS 1 f | HEXPIRE h 10 NX NX FIELDS 1 f | HEXPIRE h x NX XX FIELDS 0 f",
            "FLUSHALL | HSET h f v | HEXPIRE h 9223372036854775807 FIELDS 1 f | HPEXPIRE h 9223372036854775807 FIELDS 1 f | HEXPIREAT h 9223372036854775807 FIELDS 1 f | HPEXPIREAT h 9223372036854775807 FIELDS 1 f | HPEXPIRETIME h FIELDS 1 f | HEXPIRETIME h FIELDS 1 f",
            "FLUSHALL | HSET h a 1 b 2 c 3 | HPEXPIREAT h 4102444800000 XX FIELDS 2 a b | HPEXPIREAT h 4102444800000 NX FIELDS 2 a b | HPEXPIREAT h 4102444800000 GT FIELDS 2 a c | HPEXPIREAT h 4102444800001 GT FIELDS 2 a c | HPEXPIREAT h 4102444800000 LT FIELDS 3 a c d | HPEXPIRETIME h FIELDS 4 a b c d | HEXPIRE h 0 NX FIELDS 1 a | HEXPIRE h 0 XX FIELDS 3 a a d | HEXPIREAT h 1 FIELDS 2 b c | EXISTS h",
            // To set a field anew is to let it live for ever; to count in it is not.
            "FLUSHALL | HSET h f 1 | HPEXPIREAT h 4102444800000 FIELDS 1 f | HINCRBY h f 1 | HINCRBYFLOAT h f 1.5 | HSETNX h f 5 | HPEXPIRETIME h FIELDS 1 f | HSET h f 2 | HTTL h FIELDS 1 f | HPERSIST h FIELDS 3 f f g",
            "FLUSHALL | HSET h f 1 g 1 | HPEXPIREAT h 4102444800000 FIELDS 1 f | COPY h c | RENAME h r | HPEXPIRETIME c FIELDS 2 f g | HPEXPIRETIME r FIELDS 2 f g | MOVE r 1 | SELECT 1 | HPEXPIRETIME r FIELDS 2 f g",
            "FLUSHALL | HSET h a 1 b 2 | HGETEX h PXAT 4102444800000 FIELDS 2 a z | HPEXPIRETIME h FIELDS 3 a b z | HGETEX h PERSIST FIELDS 2 a b | HTTL h FIELDS 2 a b | HGETEX h EX 0 FIELDS 2 a a | HGETEX h EXAT 1 FIELDS 1 b | EXISTS h",
            "FLUSHALL | HSET h f v | HGETEX h EX -1 FIELDS 1 f | HGETEX h EX 10 PX 10 FIELDS 1 f | HGETEX h EX 10 PERSIST FIELDS 1 f | HGETEX h EX FIELDS 1 f | HGETEX h FIELDS 1 f EX 10 | HGETEX h NX FIELDS 1 f | HGETEX h KEEPTTL FIELDS 1 f | HGETEX h EX 10 NOPE 1 f | HGETEX h FIELDS FIELDS 1 f | HGETEX h EX x FIELDS 0 f | HGETEX no EX x FIELDS 1 f",
            "FLUSHALL | HSETEX h FIELDS 1 f 1 | HSETEX h FNX FIELDS 1 f 2 | HSETEX h FNX FIELDS 2 g 2 f 3 | HSETEX h FXX FIELDS 2 g 2 f 3 | HSETEX h FXX PXAT 4102444800000 FIELDS 1 f 4 | HSETEX h KEEPTTL FIELDS 1 f 5 | HPEXPIRETIME h FIELDS 1 f | HSETEX h FIELDS 1 f 6 | HTTL h FIELDS 1 f | HSETEX h PXAT 1 FIELDS 1 f 7 | EXISTS h | HSETEX h EX 0 FIELDS 1 f 8 | EXISTS h",
            "FLUSHALL | HSETEX h NX FIELDS 1 f 1 | HSETEX h NX FIELDS 1 f 2 | HSETEX h XX FIELDS 1 f 3 | HSETEX no XX EX x FIELDS 1 f 1 | HSETEX h NX EX x FIELDS 1 f 1 | HSETEX h FNX EX x FIELDS 1 f 1 | HSETEX h NX XX FIELDS 1 f 1 | HSETEX h FNX FXX FIELDS 0 f 1 | HSETEX h EX 1 KEEPTTL FIELDS 1 f 1 | HSETEX h PERSIST FIELDS 1 f 1 | HSETEX h FIELDS 1 f 1 g | HSETEX h FIELDS 2 f 1 | HSETEX h FIELDS 1 FIELDS 2 | HSETEX h FNX FIELDS 2 d 1 d 2 | HGET h d",
            "FLUSHALL | HSET h a 1 b 2 | HGETDEL h FIELDS 3 a a z | HGETDEL h FIELDS 2 b | HGETDEL h NOPE 1 b | HGETDEL h FIELDS 1 b | EXISTS h | HTTL no FIELDS 0 f | HTTL no FIELDS x f | HTTL no NOPE 1 f | HTTL no FIELDS 2 f",
        ],
    );
}
