//! Every method of the crate's `Commands` and `AsyncCommands` that Danio has the command for, family by family.
//!
//! One text for both traits: the macro's last part is what stands behind a call, nothing or `.await`.

use redis::geo::{Coord, RadiusOptions, RadiusOrder, Unit};
use redis::streams::{
    StreamAddOptions, StreamAutoClaimOptions, StreamClaimOptions, StreamDeletionPolicy,
    StreamMaxlen, StreamReadOptions, StreamTrimOptions, StreamTrimmingMode,
};
use redis::{
    AsyncCommands, Commands, ConnectionLike, CopyOptions, Direction, ExistenceCheck, ExpireOption,
    Expiry, FieldExistenceCheck, FlushAllOptions, HashFieldExpirationOptions, LposOptions,
    MSetOptions, RedisResult, ScanOptions, SetExpiry, SetOptions, SortedSetAddOptions, UpdateCheck,
    Value, ValueComparison,
};

/// What each call came to, in order.
#[derive(Debug, Default)]
pub(crate) struct Log(pub(crate) Vec<(&'static str, String)>);

impl Log {
    /// As it is.
    fn say(&mut self, name: &'static str, result: RedisResult<Value>) {
        self.0.push((name, shown(&result)));
    }

    /// Without its order.
    fn set(&mut self, name: &'static str, result: RedisResult<Value>) {
        let result = result.map(|value| match value {
            Value::Array(items) | Value::Set(items) => Value::Array(sorted(items)),
            Value::Map(pairs) => Value::Array(sorted(
                pairs.into_iter().map(|(k, v)| Value::Array(vec![k, v])).collect(),
            )),
            other => other,
        });
        self.0.push((name, shown(&result)));
    }

    /// Its kind alone: what it says depends on when it was asked.
    fn kind(&mut self, name: &'static str, result: RedisResult<Value>) {
        self.0.push((name, kinds(&result.map_err(|error| error.to_string()))));
    }
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(|item| format!("{item:?}"));
    items
}

fn shown(result: &RedisResult<Value>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{:?} {:?} {error}", error.kind(), error.code()),
    }
}

fn kinds(result: &Result<Value, String>) -> String {
    match result {
        Ok(Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|item| kinds(&Ok(item.clone()))).collect();
            format!("{items:?}")
        }
        Ok(Value::Int(_)) => "integer".to_string(),
        Ok(Value::BulkString(_)) => "string".to_string(),
        Ok(Value::Map(pairs)) => format!("map of {}", pairs.len()),
        other => format!("{other:?}"),
    }
}

macro_rules! families {
    ($log:ident, $c:ident, [$($wait:tt)*]) => {{
        // Strings and keys.
        $log.say("set", $c.set("s", "Ada")$($wait)*);
        $log.say("get", $c.get("s")$($wait)*);
        $log.say("get nothing", $c.get("none")$($wait)*);
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::XX)
            .get(true)
            .with_expiration(SetExpiry::EX(100));
        $log.say("set_options", $c.set_options("s", "Bob", options)$($wait)*);
        $log.kind("ttl", $c.ttl("s")$($wait)*);
        $log.kind("pttl", $c.pttl("s")$($wait)*);
        $log.say("persist", $c.persist("s")$($wait)*);
        $log.say("mset", $c.mset(&[("a", 1), ("b", 2)])$($wait)*);
        $log.say("mget", $c.mget(&["a", "none", "b"])$($wait)*);
        $log.say("mset_nx", $c.mset_nx(&[("a", 1), ("c", 2)])$($wait)*);
        $log.say("mset_ex", $c.mset_ex(&[("e", 1), ("f", 2)], MSetOptions::default().with_expiration(SetExpiry::EX(100)))$($wait)*);
        $log.say("set", $c.set("f", 1)$($wait)*);
        $log.say("del e", $c.unlink("e")$($wait)*.map(|_: Value| Value::Nil));
        $log.say("del", $c.del(&["f", "none"])$($wait)*);
        $log.set("keys", $c.keys("[a-c]")$($wait)*);
        $log.say("set_ex", $c.set_ex("e", "x", 100)$($wait)*);
        $log.say("pset_ex", $c.pset_ex("e", "x", 100_000)$($wait)*);
        $log.say("set_nx", $c.set_nx("e", "y")$($wait)*);
        $log.say("getset", $c.getset("e", "z")$($wait)*);
        $log.say("setrange", $c.setrange("e", 3, "tail")$($wait)*);
        $log.say("getrange", $c.getrange("e", 1, -2)$($wait)*);
        $log.say("append", $c.append("e", "!")$($wait)*);
        $log.say("strlen", $c.strlen("e")$($wait)*);
        $log.say("incr", $c.incr("n", 42)$($wait)*);
        $log.say("incr float", $c.incr("n", 0.5)$($wait)*);
        $log.say("decr", $c.decr("m", 2)$($wait)*);
        $log.say("incr no number", $c.incr("s", 1)$($wait)*);
        $log.say("exists", $c.exists("a")$($wait)*);
        $log.say("key_type", $c.key_type("a")$($wait)*);
        $log.say("expire", $c.expire("a", 1000)$($wait)*);
        $log.say("expire_at", $c.expire_at("a", 4_000_000_000)$($wait)*);
        $log.say("expire_time", $c.expire_time("a")$($wait)*);
        $log.say("pexpire", $c.pexpire("a", 1_000_000)$($wait)*);
        $log.say("pexpire_at", $c.pexpire_at("a", 4_000_000_000_123)$($wait)*);
        $log.say("pexpire_time", $c.pexpire_time("a")$($wait)*);
        $log.say("get_ex", $c.get_ex("a", Expiry::PERSIST)$($wait)*);
        $log.say("get_del", $c.get_del("b")$($wait)*);
        $log.say("copy", $c.copy("a", "copied", CopyOptions::default().replace(true))$($wait)*);
        $log.say("copy to db", $c.copy("a", "copied", CopyOptions::default().db(1))$($wait)*);
        $log.say("rename", $c.rename("copied", "renamed")$($wait)*);
        $log.say("rename nothing", $c.rename("none", "renamed")$($wait)*);
        $log.say("rename_nx", $c.rename_nx("renamed", "a")$($wait)*);
        $log.say("unlink", $c.unlink("renamed")$($wait)*);
        $log.say("digest", $c.digest("s")$($wait)*);
        $log.say("del_ex", $c.del_ex("s", ValueComparison::ifeq("Eve"))$($wait)*);
        $log.say("object_encoding", $c.object_encoding("a")$($wait)*);
        $log.kind("object_idletime", $c.object_idletime("a")$($wait)*);
        $log.say("object_freq", $c.object_freq("a")$($wait)*);
        $log.say("object_refcount", $c.object_refcount("s")$($wait)*);
        // Bits.
        $log.say("setbit", $c.setbit("bits", 9, true)$($wait)*);
        $log.say("getbit", $c.getbit("bits", 9)$($wait)*);
        $log.say("bitcount", $c.bitcount("bits")$($wait)*);
        $log.say("bitcount_range", $c.bitcount_range("bits", 1, 1)$($wait)*);
        $log.say("bit_and", $c.bit_and("to", &["bits", "s"])$($wait)*);
        $log.say("bit_or", $c.bit_or("to", &["bits", "s"])$($wait)*);
        $log.say("bit_xor", $c.bit_xor("to", &["bits", "s"])$($wait)*);
        $log.say("bit_not", $c.bit_not("to", "bits")$($wait)*);
        $log.say("bit_diff", $c.bit_diff("to", &["bits", "s"])$($wait)*);
        $log.say("bit_diff1", $c.bit_diff1("to", &["bits", "s"])$($wait)*);
        $log.say("bit_and_or", $c.bit_and_or("to", &["bits", "s"])$($wait)*);
        $log.say("bit_one", $c.bit_one("to", &["bits", "s"])$($wait)*);
        $log.say("pfadd", $c.pfadd("hll", &["a", "b", "a"])$($wait)*);
        $log.say("pfcount", $c.pfcount("hll")$($wait)*);
        $log.say("pfmerge", $c.pfmerge("hll2", "hll")$($wait)*);
        // Hashes.
        $log.say("hset", $c.hset("h", "name", "Ada")$($wait)*);
        $log.say("hset_nx", $c.hset_nx("h", "name", "Bob")$($wait)*);
        $log.say("hset_multiple", $c.hset_multiple("h", &[("age", 36), ("n", 1)])$($wait)*);
        $log.say("hget", $c.hget("h", "name")$($wait)*);
        $log.say("hmget", $c.hmget("h", &["name", "none"])$($wait)*);
        $log.say("hincr", $c.hincr("h", "n", 2)$($wait)*);
        $log.say("hincr float", $c.hincr("h", "n", 0.25)$($wait)*);
        $log.say("hexists", $c.hexists("h", "age")$($wait)*);
        $log.set("hkeys", $c.hkeys("h")$($wait)*);
        $log.set("hvals", $c.hvals("h")$($wait)*);
        $log.set("hgetall", $c.hgetall("h")$($wait)*);
        $log.say("hgetall nothing", $c.hgetall("none")$($wait)*);
        $log.say("hlen", $c.hlen("h")$($wait)*);
        $log.say("hdel", $c.hdel("h", &["n", "none"])$($wait)*);
        $log.say("hset wrong type", $c.hset("s", "f", "v")$($wait)*);
        $log.say("hexpire", $c.hexpire("h", 1000, ExpireOption::NONE, &["name", "none"])$($wait)*);
        $log.kind("httl", $c.httl("h", &["name", "age"])$($wait)*);
        $log.kind("hpttl", $c.hpttl("h", &["name", "age"])$($wait)*);
        $log.say("hexpire_at", $c.hexpire_at("h", 4_000_000_000, ExpireOption::GT, "name")$($wait)*);
        $log.say("hexpire_time", $c.hexpire_time("h", "name")$($wait)*);
        $log.say("hpexpire", $c.hpexpire("h", 1_000_000, ExpireOption::LT, "name")$($wait)*);
        $log.say("hpexpire_at", $c.hpexpire_at("h", 4_000_000_000_123, ExpireOption::XX, "name")$($wait)*);
        $log.say("hpexpire_time", $c.hpexpire_time("h", "name")$($wait)*);
        $log.say("hpersist", $c.hpersist("h", "name")$($wait)*);
        $log.say("hget_ex", $c.hget_ex("h", &["name"], Expiry::EX(100))$($wait)*);
        let fields = HashFieldExpirationOptions::default()
            .set_existence_check(FieldExistenceCheck::FNX)
            .set_expiration(SetExpiry::EX(100));
        $log.say("hset_ex", $c.hset_ex("h", &fields, &[("new", "1")])$($wait)*);
        $log.say("hget_del", $c.hget_del("h", &["new", "none"])$($wait)*);
        // Lists.
        $log.say("rpush", $c.rpush("l", &["a", "b", "c", "b"])$($wait)*);
        $log.say("lpush", $c.lpush("l", "z")$($wait)*);
        $log.say("lpush_exists", $c.lpush_exists("none", "z")$($wait)*);
        $log.say("rpush_exists", $c.rpush_exists("l", "y")$($wait)*);
        $log.say("lrange", $c.lrange("l", 0, -1)$($wait)*);
        $log.say("lindex", $c.lindex("l", 1)$($wait)*);
        $log.say("linsert_before", $c.linsert_before("l", "a", "0")$($wait)*);
        $log.say("linsert_after", $c.linsert_after("l", "none", "1")$($wait)*);
        $log.say("llen", $c.llen("l")$($wait)*);
        $log.say("lpos", $c.lpos("l", "b", LposOptions::default())$($wait)*);
        $log.say("lpos all", $c.lpos("l", "b", LposOptions::default().count(0))$($wait)*);
        $log.say("lrem", $c.lrem("l", 1, "b")$($wait)*);
        $log.say("lset", $c.lset("l", 0, "first")$($wait)*);
        $log.say("lset outside", $c.lset("l", 100, "first")$($wait)*);
        $log.say("ltrim", $c.ltrim("l", 0, 4)$($wait)*);
        $log.say("lmove", $c.lmove("l", "l2", Direction::Left, Direction::Right)$($wait)*);
        $log.say("rpoplpush", $c.rpoplpush("l", "l2")$($wait)*);
        $log.say("lmpop", $c.lmpop(2, &["none", "l2"], Direction::Left, 1)$($wait)*);
        $log.say("lpop", $c.lpop("l", None)$($wait)*);
        $log.say("lpop many", $c.lpop("l", core::num::NonZeroUsize::new(2))$($wait)*);
        $log.say("rpop", $c.rpop("l2", None)$($wait)*);
        $log.say("rpop nothing", $c.rpop("none", core::num::NonZeroUsize::new(2))$($wait)*);
        $log.say("rpush", $c.rpush("l", &["a", "b", "c", "d", "e"])$($wait)*);
        $log.say("blpop", $c.blpop("l", 0.0)$($wait)*);
        $log.say("brpop", $c.brpop(&["none", "l"], 1.0)$($wait)*);
        $log.say("blpop in vain", $c.blpop("none", 0.01)$($wait)*);
        $log.say("blmove", $c.blmove("l", "l2", Direction::Right, Direction::Left, 1.0)$($wait)*);
        $log.say("blmpop", $c.blmpop(1.0, 1, "l", Direction::Right, 5)$($wait)*);
        $log.say("brpoplpush", $c.brpoplpush("l2", "l", 1.0)$($wait)*);
        $log.say("brpoplpush in vain", $c.brpoplpush("none", "l", 0.01)$($wait)*);
        // Sets.
        $log.say("sadd", $c.sadd("set", &["a", "b", "c"])$($wait)*);
        $log.say("sadd", $c.sadd("set2", &["b", "c", "d"])$($wait)*);
        $log.say("scard", $c.scard("set")$($wait)*);
        $log.set("sdiff", $c.sdiff(&["set", "set2"])$($wait)*);
        $log.set("sinter", $c.sinter(&["set", "set2"])$($wait)*);
        $log.set("sunion", $c.sunion(&["set", "set2"])$($wait)*);
        $log.say("sdiffstore", $c.sdiffstore("to", &["set", "set2"])$($wait)*);
        $log.say("sinterstore", $c.sinterstore("to", &["set", "set2"])$($wait)*);
        $log.say("sunionstore", $c.sunionstore("to", &["set", "set2"])$($wait)*);
        $log.say("sismember", $c.sismember("set", "a")$($wait)*);
        $log.say("smismember", $c.smismember("set", &["a", "d"])$($wait)*);
        $log.set("smembers", $c.smembers("set")$($wait)*);
        $log.say("smove", $c.smove("set", "set2", "a")$($wait)*);
        $log.say("srem", $c.srem("set2", &["a", "b", "c"])$($wait)*);
        $log.say("srandmember", $c.srandmember("set2")$($wait)*);
        $log.say("srandmember_multiple", $c.srandmember_multiple("set2", -2)$($wait)*);
        $log.say("spop", $c.spop("set2")$($wait)*);
        // Sorted sets.
        $log.say("zadd", $c.zadd("z", "a", 1.5)$($wait)*);
        $log.say("zadd_multiple", $c.zadd_multiple("z", &[(2, "b"), (3, "c"), (4, "d")])$($wait)*);
        $log.say("zadd_options", $c.zadd_options("z", "a", 9, &SortedSetAddOptions::add_only())$($wait)*);
        $log.say(
            "zadd_multiple_options",
            $c.zadd_multiple_options(
                "z",
                &[(1, "a"), (9, "d")],
                &SortedSetAddOptions::update_only(Some(UpdateCheck::GT)).include_changed_count(),
            )$($wait)*,
        );
        $log.say("zcard", $c.zcard("z")$($wait)*);
        $log.say("zcount", $c.zcount("z", "(1.5", "+inf")$($wait)*);
        $log.say("zincr", $c.zincr("z", "a", 0.25)$($wait)*);
        $log.say("zscore", $c.zscore("z", "a")$($wait)*);
        $log.say("zscore_multiple", $c.zscore_multiple("z", &["a", "none"])$($wait)*);
        $log.say("zrank", $c.zrank("z", "b")$($wait)*);
        $log.say("zrevrank", $c.zrevrank("z", "none")$($wait)*);
        $log.say("zrange", $c.zrange("z", 0, -1)$($wait)*);
        $log.say("zrange_withscores", $c.zrange_withscores("z", 0, 1)$($wait)*);
        $log.say("zrevrange", $c.zrevrange("z", 0, 1)$($wait)*);
        $log.say("zrevrange_withscores", $c.zrevrange_withscores("z", 0, 1)$($wait)*);
        $log.say("zrangebyscore", $c.zrangebyscore("z", 2, "+inf")$($wait)*);
        $log.say("zrangebyscore_withscores", $c.zrangebyscore_withscores("z", 2, 3)$($wait)*);
        $log.say("zrangebyscore_limit", $c.zrangebyscore_limit("z", 0, 10, 1, 2)$($wait)*);
        $log.say("zrangebyscore_limit_withscores", $c.zrangebyscore_limit_withscores("z", 0, 10, 1, 2)$($wait)*);
        $log.say("zrevrangebyscore", $c.zrevrangebyscore("z", 10, 2)$($wait)*);
        $log.say("zrevrangebyscore_withscores", $c.zrevrangebyscore_withscores("z", 10, 2)$($wait)*);
        $log.say("zrevrangebyscore_limit", $c.zrevrangebyscore_limit("z", 10, 0, 1, 2)$($wait)*);
        $log.say("zrevrangebyscore_limit_withscores", $c.zrevrangebyscore_limit_withscores("z", 10, 0, 1, 2)$($wait)*);
        $log.say("zadd_multiple", $c.zadd_multiple("lex", &[(0, "a"), (0, "b"), (0, "c")])$($wait)*);
        $log.say("zlexcount", $c.zlexcount("lex", "[a", "(c")$($wait)*);
        $log.say("zrangebylex", $c.zrangebylex("lex", "-", "+")$($wait)*);
        $log.say("zrangebylex_limit", $c.zrangebylex_limit("lex", "-", "+", 1, 1)$($wait)*);
        $log.say("zrevrangebylex", $c.zrevrangebylex("lex", "+", "[b")$($wait)*);
        $log.say("zrevrangebylex_limit", $c.zrevrangebylex_limit("lex", "+", "-", 1, 1)$($wait)*);
        $log.say("zrembylex", $c.zrembylex("lex", "[a", "[a")$($wait)*);
        $log.say("zrembyscore", $c.zrembyscore("lex", 1, 2)$($wait)*);
        $log.say("zremrangebyrank", $c.zremrangebyrank("lex", 0, 0)$($wait)*);
        $log.say("zrandmember", $c.zrandmember("lex", None)$($wait)*);
        $log.say("zrandmember_withscores", $c.zrandmember_withscores("lex", -1)$($wait)*);
        $log.say("zrem", $c.zrem("lex", &["b", "c"])$($wait)*);
        $log.say("zinterstore", $c.zinterstore("to", &["z", "z"])$($wait)*);
        $log.say("zinterstore_min", $c.zinterstore_min("to", &["z", "z"])$($wait)*);
        $log.say("zinterstore_max", $c.zinterstore_max("to", &["z", "z"])$($wait)*);
        $log.say("zinterstore_weights", $c.zinterstore_weights("to", &[("z", 2), ("z", 3)])$($wait)*);
        $log.say("zinterstore_min_weights", $c.zinterstore_min_weights("to", &[("z", 2), ("z", 3)])$($wait)*);
        $log.say("zinterstore_max_weights", $c.zinterstore_max_weights("to", &[("z", 2), ("z", 3)])$($wait)*);
        $log.say("zunionstore", $c.zunionstore("to", &["z", "none"])$($wait)*);
        $log.say("zunionstore_min", $c.zunionstore_min("to", &["z", "z"])$($wait)*);
        $log.say("zunionstore_max", $c.zunionstore_max("to", &["z", "z"])$($wait)*);
        $log.say("zunionstore_weights", $c.zunionstore_weights("to", &[("z", 2), ("z", 3)])$($wait)*);
        $log.say("zunionstore_min_weights", $c.zunionstore_min_weights("to", &[("z", 2), ("z", 3)])$($wait)*);
        $log.say("zunionstore_max_weights", $c.zunionstore_max_weights("to", &[("z", 2), ("z", 3)])$($wait)*);
        $log.say("zpopmin", $c.zpopmin("to", 1)$($wait)*);
        $log.say("zpopmax", $c.zpopmax("to", 2)$($wait)*);
        $log.say("zmpop_min", $c.zmpop_min(&["none", "z"], 1)$($wait)*);
        $log.say("zmpop_max", $c.zmpop_max(&["none", "z"], 1)$($wait)*);
        $log.say("bzpopmin", $c.bzpopmin("z", 1.0)$($wait)*);
        $log.say("bzpopmax", $c.bzpopmax("z", 1.0)$($wait)*);
        $log.say("bzpopmin in vain", $c.bzpopmin("none", 0.01)$($wait)*);
        $log.say("bzmpop_min", $c.bzmpop_min(1.0, &["none", "to"], 1)$($wait)*);
        $log.say("bzmpop_max in vain", $c.bzmpop_max(0.01, &["none"], 1)$($wait)*);
        // Places.
        $log.say(
            "geo_add",
            $c.geo_add("geo", &[(Coord::lon_lat(13.361389, 38.115556), "P"), (Coord::lon_lat(15.087269, 37.502669), "C")])$($wait)*,
        );
        $log.say("geo_dist", $c.geo_dist("geo", "P", "C", Unit::Kilometers)$($wait)*);
        $log.say("geo_hash", $c.geo_hash("geo", &["P", "none"])$($wait)*);
        $log.say("geo_pos", $c.geo_pos("geo", &["P", "none"])$($wait)*);
        let options = RadiusOptions::default().with_dist().with_coord().order(RadiusOrder::Asc);
        $log.say("geo_radius", $c.geo_radius("geo", 15.0, 37.0, 200.0, Unit::Kilometers, options)$($wait)*);
        $log.say(
            "geo_radius_by_member",
            $c.geo_radius_by_member("geo", "P", 200.0, Unit::Kilometers, RadiusOptions::default().order(RadiusOrder::Desc))$($wait)*,
        );
        // Streams.
        $log.say("xadd", $c.xadd("x", "1-1", &[("f", "v")])$($wait)*);
        $log.say("xadd small", $c.xadd("x", "1-1", &[("f", "v")])$($wait)*);
        let pairs = std::collections::BTreeMap::from([("f", "w")]);
        $log.say("xadd_map", $c.xadd_map("x", "2-1", pairs.clone())$($wait)*);
        $log.say("xadd_maxlen", $c.xadd_maxlen("x", StreamMaxlen::Equals(10), "3-1", &[("f", "v")])$($wait)*);
        $log.say("xadd_maxlen_map", $c.xadd_maxlen_map("x", StreamMaxlen::Equals(10), "4-1", pairs)$($wait)*);
        let options = StreamAddOptions::default().nomkstream();
        $log.say("xadd_options", $c.xadd_options("none", "1-1", &[("f", "v")], &options)$($wait)*);
        $log.say("xlen", $c.xlen("x")$($wait)*);
        $log.say("xrange", $c.xrange("x", "2", "3")$($wait)*);
        $log.say("xrange_all", $c.xrange_all("x")$($wait)*);
        $log.say("xrange_count", $c.xrange_count("x", "-", "+", 1)$($wait)*);
        $log.say("xrevrange", $c.xrevrange("x", "3", "2")$($wait)*);
        $log.say("xrevrange_all", $c.xrevrange_all("x")$($wait)*);
        $log.say("xrevrange_count", $c.xrevrange_count("x", "+", "-", 1)$($wait)*);
        $log.say("xread", option($c.xread(&["x", "none"], &["2", "0"])$($wait)*));
        $log.say("xgroup_create", $c.xgroup_create("x", "g", "0")$($wait)*);
        $log.say("xgroup_create again", $c.xgroup_create("x", "g", "0")$($wait)*);
        $log.say("xgroup_create_mkstream", $c.xgroup_create_mkstream("x2", "g", "$")$($wait)*);
        $log.say("xgroup_createconsumer", $c.xgroup_createconsumer("x", "g", "idle")$($wait)*);
        let options = StreamReadOptions::default().group("g", "ann").count(2);
        $log.say("xread_options", option($c.xread_options(&["x"], &[">"], &options)$($wait)*));
        let options = StreamReadOptions::default().block(10);
        $log.say("xread_options in vain", option($c.xread_options(&["x"], &["$"], &options)$($wait)*));
        $log.say("xack", $c.xack("x", "g", &["1-1", "9-9"])$($wait)*);
        $log.say("xpending", $c.xpending("x", "g")$($wait)*);
        $log.kind("xpending_count", $c.xpending_count("x", "g", "-", "+", 10)$($wait)*);
        $log.kind("xpending_consumer_count", $c.xpending_consumer_count("x", "g", "-", "+", 10, "ann")$($wait)*);
        $log.say("xclaim", $c.xclaim("x", "g", "bob", 0, &["2-1"])$($wait)*);
        let options = StreamClaimOptions::default().with_justid();
        $log.say("xclaim_options", $c.xclaim_options("x", "g", "ann", 0, &["2-1"], options)$($wait)*);
        let options = StreamAutoClaimOptions::default().count(1);
        $log.say("xautoclaim_options", $c.xautoclaim_options("x", "g", "bob", 0, "0-0", options)$($wait)*);
        $log.kind("xinfo_consumers", $c.xinfo_consumers("x", "g")$($wait)*);
        $log.say("xinfo_groups", $c.xinfo_groups("x2")$($wait)*);
        $log.kind("xinfo_stream", $c.xinfo_stream("x")$($wait)*);
        $log.say("xgroup_setid", $c.xgroup_setid("x", "g", "3-1")$($wait)*);
        $log.say("xgroup_delconsumer", $c.xgroup_delconsumer("x", "g", "idle")$($wait)*);
        $log.say("xgroup_destroy", $c.xgroup_destroy("x", "g")$($wait)*);
        $log.say("xdel", $c.xdel("x", &["1-1"])$($wait)*);
        $log.say("xtrim", $c.xtrim("x", StreamMaxlen::Equals(2))$($wait)*);
        $log.say("xdel_ex", $c.xdel_ex("x", &["1-1", "9-9"], StreamDeletionPolicy::KeepRef)$($wait)*);
        $log.say("xack_del", $c.xack_del("x2", "g", &["9-9"], StreamDeletionPolicy::KeepRef)$($wait)*);
        let options = StreamTrimOptions::minid(StreamTrimmingMode::Exact, "4");
        $log.say("xtrim_options", $c.xtrim_options("x", &options)$($wait)*);
        // The connection, and everything.
        $log.say("ping", $c.ping()$($wait)*);
        $log.say("ping_message", $c.ping_message("hello")$($wait)*);
        $log.say("publish", $c.publish("channel", "hello")$($wait)*);
        $log.say("spublish", $c.spublish("channel", "hello")$($wait)*);
        $log.say("client_setname", $c.client_setname("me")$($wait)*);
        $log.say("client_getname", $c.client_getname()$($wait)*);
        $log.kind("client_id", $c.client_id()$($wait)*);
        $log.say("flushdb_options", $c.flushdb_options(&FlushAllOptions { blocking: true })$($wait)*);
        $log.say("flushdb", $c.flushdb()$($wait)*);
        $log.say("flushall_options", $c.flushall_options(&FlushAllOptions { blocking: true })$($wait)*);
        $log.say("flushall", $c.flushall()$($wait)*);
    }};
}

/// The crate gives the answers of reads from streams as options.
fn option(result: RedisResult<Option<Value>>) -> RedisResult<Value> {
    result.map(|value| value.unwrap_or(Value::Nil))
}

/// Calls everything on a blocking connection.
pub(crate) fn blocking<C: ConnectionLike>(c: &mut C, log: &mut Log) {
    let _: () = redis::cmd("FLUSHALL").query(c).unwrap();
    families!(log, c, []);
    scans(c, log);
}

/// Calls everything on a connection for futures.
pub(crate) async fn asynchronous<C>(c: &mut C, log: &mut Log)
where
    C: redis::aio::ConnectionLike + Send + Sync,
{
    let _: () = redis::cmd("FLUSHALL").query_async(c).await.unwrap();
    families!(log, c, [.await]);
    let _: () = c.sadd("set", (0..1000).collect::<Vec<_>>()).await.unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let mut members = c.sscan::<_, i64>("set").await.unwrap();
    while let Some(member) = members.next_item().await {
        seen.insert(member.unwrap());
    }
    assert!(seen.into_iter().eq(0..1000));
}

/// The crate's iterators: of keys, of collections, with patterns.
fn scans<C: ConnectionLike>(c: &mut C, log: &mut Log) {
    let mut pipe = redis::pipe();
    for i in 0..500 {
        pipe.set(format!("key:{i:03}"), i).ignore().hset("h", i, i).ignore();
        pipe.sadd("s", i).ignore().zadd("z", i, i).ignore();
    }
    let _: () = pipe.query(c).unwrap();
    let mut take = |name, mut items: Vec<String>| {
        items.sort();
        items.dedup();
        log.0.push((name, format!("{items:?}")));
    };
    let all = |items: redis::Iter<'_, String>| items.map(Result::unwrap).collect::<Vec<_>>();
    take("scan", all(c.scan().unwrap()));
    take("scan_match", all(c.scan_match("key:00?").unwrap()));
    let options = ScanOptions::default().with_pattern("key:1*").with_count(50);
    take("scan_options", all(c.scan_options(options).unwrap()));
    take("sscan", all(c.sscan("s").unwrap()));
    take("sscan_match", all(c.sscan_match("s", "*9").unwrap()));
    let pairs = |items: redis::Iter<'_, (String, String)>| {
        items.map(|item| format!("{:?}", item.unwrap())).collect::<Vec<_>>()
    };
    take("hscan", pairs(c.hscan("h").unwrap()));
    take("hscan_match", pairs(c.hscan_match("h", "*9").unwrap()));
    take("zscan", pairs(c.zscan("z").unwrap()));
    take("zscan_match", pairs(c.zscan_match("z", "*9").unwrap()));
}
