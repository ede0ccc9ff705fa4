//! Every method of the typed face that changes something, each as one call on the keys of the [states](super::states).

use std::time::{Duration, UNIX_EPOCH};

use danio::{
    BitInt, BitOp, Bitfield, ClaimOptions, CopyOptions, CountOptions, ExpireCondition, GeoSearch,
    GroupReadOptions, HashSetOptions, ListEnd, ListMove, Nack, Position, RestoreOptions, Scope,
    SetOptions, SortOptions, StreamId, Transaction, Unit, XAddOptions, XCfgSet, XTrim, ZAddOptions,
    ZCombine, ZEnd, ZRange,
};

use super::states::{K, N, O, id};

/// One way to call a method. What the call returns is not looked at: whether it fails depends on the state.
pub(crate) struct Call {
    pub(crate) method: &'static str,
    /// The call, as it is written here.
    pub(crate) text: &'static str,
    pub(crate) run: fn(&Transaction<'_>),
}

macro_rules! calls {
    ($tx:ident: $($method:ident => $work:expr;)*) => {
        pub(crate) const CALLS: &[Call] = &[$(Call {
            method: stringify!($method),
            text: stringify!($work),
            run: |$tx: &Transaction<'_>| ignore($work),
        }),*];
    };
}

fn ignore<R>(_: R) {}

const SOON: Duration = Duration::from_secs(7);
const LONG: [u8; 6000] = [b'L'; 6000];

fn at(seconds: u64) -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A time that is over on the tests' clock, and one that is to come.
fn past() -> std::time::SystemTime {
    at(1)
}

fn later() -> std::time::SystemTime {
    at(100_000_000_000)
}

fn place(x: f64, y: f64) -> Position {
    Position::new(x, y).expect("on Earth")
}

fn around() -> GeoSearch {
    GeoSearch::circle(place(1.0, 1.0), 20_000.0, Unit::Kilometers)
}

fn many() -> impl Iterator<Item = String> {
    (0..300).map(|n| format!("many:{n}"))
}

/// What other tools would make of a value that is not there.
fn payload<S: Scope>(tx: &danio::Db<S>) -> bytes::Bytes {
    tx.dump(O).or_else(|| tx.dump(K)).unwrap_or_default()
}

calls! { tx:
    // Strings.
    set => tx.set(K, "x");
    set => tx.set(K, LONG);
    set => tx.set(N, "x");
    set_with => tx.set_with(K, "7", SetOptions::new().keep_ttl().previous());
    set_with => tx.set_with(K, "x", SetOptions::new().expire_at(past()));
    set_with => tx.set_with(N, "x", SetOptions::new().if_absent().expire_in(SOON));
    set_ex => tx.set_ex(K, SOON, "x");
    set_nx => tx.set_nx(N, "x");
    get_set => tx.get_set(K, "x");
    mset => tx.mset([(K, "x"), (O, "y"), (N, "z")]);
    mset_nx => tx.mset_nx([(N, "x")]);
    mset_with => tx.mset_with([(K, "x"), (N, "z")], SetOptions::new().expire_in(SOON));
    get_del => tx.get_del(K);
    get_ex => tx.get_ex(K, SOON);
    get_ex_at => tx.get_ex_at(K, later());
    get_ex_at => tx.get_ex_at(K, past());
    get_persist => tx.get_persist(K);
    incr => tx.incr(K);
    decr => tx.decr(K);
    incr_by => tx.incr_by(K, 1 << 40);
    incr_by_float => tx.incr_by_float(K, 0.5);
    incr_ex => tx.incr_ex(K, 3, &CountOptions::new().expire_in(SOON));
    incr_ex => tx.incr_ex(K, 0.25, &CountOptions::new().persist());
    append => tx.append(K, "x");
    append => tx.append(K, LONG);
    append => tx.append(N, LONG);
    set_range => tx.set_range(K, 1, "x");
    set_range => tx.set_range(K, 9000, "x");
    del_if_equal => tx.del_if_equal(K, "42");
    del_if_digest_equal => tx.digest(K).map(|d| tx.del_if_digest_equal(K, d.unwrap_or(0)));
    // Bits and HyperLogLogs.
    set_bit => tx.set_bit(K, 3, true);
    set_bit => tx.set_bit(K, 90_000, true);
    clear_bit => tx.clear_bit(K, 1);
    bitfield => tx.bitfield(K, &Bitfield::new().incr_by(BitInt::unsigned(5).at(3), 1));
    bit_op => tx.bit_op(BitOp::Or, N, [K, O]);
    bit_op => tx.bit_op(BitOp::Not, K, [K]);
    pf_add => tx.pf_add(K, ["x", "y", "z"]);
    pf_add => tx.pf_add(K, many());
    pf_merge => tx.pf_merge(K, [O]);
    pf_merge => tx.pf_merge(N, [K, O]);
    // The count is kept in the value.
    pf_count => tx.pf_add(K, ["w"]).and_then(|_| tx.pf_count(K));
    // Keys.
    del => tx.del(K);
    del_many => tx.del_many([K, O, N]);
    expire => tx.expire(K, SOON);
    expire_with => tx.expire_with(K, SOON, ExpireCondition::IfEarlier);
    expire_at => tx.expire_at(K, later());
    expire_at => tx.expire_at(K, past());
    persist => tx.persist(K);
    rename => tx.rename(K, N);
    rename => tx.rename(K, O);
    rename => tx.rename(O, K);
    rename => tx.rename(K, N).and_then(|()| tx.rename(O, K)).and_then(|()| tx.rename(N, O));
    rename_nx => tx.rename_nx(K, N);
    copy => tx.copy(K, N);
    copy_with => tx.copy_with(K, O, CopyOptions::new().replace());
    copy_with => tx.copy_with(K, K, CopyOptions::new().db(1));
    move_to => tx.move_to(K, 1);
    restore => tx.restore(N, payload(tx));
    restore_with => tx.restore_with(K, payload(tx), RestoreOptions::new().replace().expire_in(SOON));
    restore_with => tx.restore_with(K, payload(tx), RestoreOptions::new().replace().expire_at(past()));
    sort_store => tx.sort_store(K, N, &SortOptions::new().alphabetic());
    sort_store => tx.sort_store(K, K, &SortOptions::new().alphabetic().limit(1, 2));
    // Lists.
    lpush => tx.lpush(K, ["x", "y"]);
    lpush => tx.lpush(K, many());
    rpush => tx.rpush(K, ["x", "y"]);
    rpush => tx.rpush(K, [LONG]);
    rpush => tx.rpush(N, ["x"]);
    lpushx => tx.lpushx(K, ["x"]);
    rpushx => tx.rpushx(K, ["x"]);
    lpop => tx.lpop(K);
    rpop => tx.rpop(K);
    lpop_many => tx.lpop_many(K, 1000);
    rpop_many => tx.rpop_many(K, 2);
    lmpop => tx.lmpop(&[N, K], ListEnd::Right, 3);
    lmove => tx.lmove(K, N, ListEnd::Left, ListEnd::Left);
    lmove => tx.lmove(K, O, ListEnd::Right, ListEnd::Left);
    lmove => tx.lmove(K, K, ListEnd::Right, ListEnd::Left);
    lmove_many => tx.lmove_many(K, N, ListEnd::Left, ListEnd::Right, ListMove::up_to(500));
    lmove_many => tx.lmove_many(K, O, ListEnd::Right, ListEnd::Left, ListMove::up_to(3).one_by_one());
    rpoplpush => tx.rpoplpush(K, N);
    lset => tx.lset(K, 1, "x");
    lset => tx.lset(K, -1, LONG);
    linsert_before => tx.linsert_before(K, "b", "x");
    linsert_after => tx.linsert_after(K, "b", LONG);
    lrem => tx.lrem(K, "b");
    lrem_from => tx.lrem_from(K, ListEnd::Right, 1, "b");
    ltrim => tx.ltrim(K, 1..3);
    ltrim => tx.ltrim(K, 5000..);
    // Sets.
    sadd => tx.sadd(K, ["x"]);
    sadd => tx.sadd(K, ["77"]);
    sadd => tx.sadd(K, many());
    sadd => tx.sadd(N, ["x"]);
    srem => tx.srem(K, ["b", "2"]);
    smove => tx.smove(K, N, "b");
    smove => tx.smove(K, O, "2");
    spop => tx.spop(K);
    spop_count => tx.spop_count(K, 3);
    spop_count => tx.spop_count(K, 5000);
    sinter_store => tx.sinter_store(N, [K, K]);
    sinter_store => tx.sinter_store(K, [K, O]);
    sunion_store => tx.sunion_store(N, [K, O]);
    sunion_store => tx.sunion_store(K, [K, O]);
    sdiff_store => tx.sdiff_store(K, [K, O]);
    sdiff_store => tx.sdiff_store(O, [N, K]);
    // Hashes.
    hset => tx.hset(K, [("a", "x"), ("new", "y")]);
    hset => tx.hset(K, many().map(|field| (field, "v")));
    hset => tx.hset(N, [("a", LONG)]);
    hset_nx => tx.hset_nx(K, "new", "x");
    hdel => tx.hdel(K, ["a", "b"]);
    hget_del => tx.hget_del(K, ["a", "b"]);
    hincr_by => tx.hincr_by(K, "a", 5);
    hincr_by_float => tx.hincr_by_float(K, "a", 0.5);
    hexpire => tx.hexpire(K, SOON, ["a", "b"]);
    hexpire_with => tx.hexpire_with(K, SOON, ["a", "c"], ExpireCondition::IfNone);
    hexpire_at => tx.hexpire_at(K, later(), ["a", "c"]);
    hexpire_at => tx.hexpire_at(K, past(), ["a", "c"]);
    hpersist => tx.hpersist(K, ["a", "b"]);
    hget_ex => tx.hget_ex(K, SOON, ["a", "c"]);
    hget_ex_at => tx.hget_ex_at(K, past(), ["a"]);
    hget_persist => tx.hget_persist(K, ["a"]);
    hset_ex => tx.hset_ex(K, [("a", "x"), ("new", "y")], HashSetOptions::new().expire_in(SOON));
    hset_ex => tx.hset_ex(K, [("a", "x")], HashSetOptions::new().expire_at(past()));
    // Sorted sets.
    zadd => tx.zadd(K, "x", 5);
    zadd => tx.zadd(K, "a", 1.5);
    zadd => tx.zadd(N, "x", 5);
    zadd_many => tx.zadd_many(K, many().map(|member| (member, 3)));
    zadd_with => tx.zadd_with(K, [("a", 9), ("x", 1)], ZAddOptions::new().if_greater());
    zincr_by => tx.zincr_by(K, "a", 2.5);
    zincr_with => tx.zincr_with(K, "a", 2.5, ZAddOptions::new().if_present());
    zrem => tx.zrem(K, "b");
    zrem_many => tx.zrem_many(K, ["a", "b", "c"]);
    zrem_range_by_rank => tx.zrem_range_by_rank(K, 1..3_isize);
    zrem_range_by_score => tx.zrem_range_by_score(K, 2..=3);
    zrem_range_by_lex => tx.zrem_range_by_lex(K, ..);
    zpop_min => tx.zpop_min(K);
    zpop_max => tx.zpop_max(K);
    zpop_many => tx.zpop_many(K, ZEnd::Min, 5000);
    zmpop => tx.zmpop([N, K], ZEnd::Max, 3);
    zunion_store => tx.zunion_store(N, [K, O], &ZCombine::new());
    zunion_store => tx.zunion_store(K, [K, O], &ZCombine::new());
    zinter_store => tx.zinter_store(K, [K, O], &ZCombine::new());
    zdiff_store => tx.zdiff_store(K, [K, O]);
    zrange_store => tx.zrange_store(N, K, ZRange::by_rank(0..2_isize));
    zrange_store => tx.zrange_store(K, K, ZRange::by_rank(1..2_isize));
    geoadd => tx.geoadd(K, "x", place(3.0, 3.0));
    geoadd_many => tx.geoadd_many(K, [("a", place(3.0, 3.0)), ("y", place(4.0, 4.0))]);
    geoadd_with => tx.geoadd_with(K, [("a", place(5.0, 3.0))], ZAddOptions::new().if_present());
    geosearch_store => tx.geosearch_store(N, K, &around());
    geosearch_store_distances => tx.geosearch_store_distances(K, K, &around());
    // Streams.
    xadd => tx.xadd(K, [("f", "x")]);
    xadd => tx.xadd(N, [("f", "x")]);
    xadd_with => tx.xadd_with(K, [("f", "x")], XAddOptions::new().trim(XTrim::max_len(2)));
    xadd_with => tx.xadd_with(K, [("f", "x")], XAddOptions::new().idmp("producer", "one"));
    xcfg_set => tx.xcfg_set(K, XCfgSet::new().max_size(5));
    xdel => tx.xdel(K, [id(2), id(3)]);
    xdel_with_references => tx.xdel_with_references(K, [id(2), id(3)]);
    xdel_acknowledged => tx.xdel_acknowledged(K, [id(1), id(2), id(5)]);
    xtrim => tx.xtrim(K, XTrim::max_len(1));
    xtrim => tx.xtrim(K, XTrim::min_id(id(4)).delete_references());
    xset_id => tx.xset_id(K, StreamId::new(u64::MAX - 9, 1));
    create_from_start => tx.consumer_group(K, "new").create_from_start();
    create_from_start => tx.consumer_group(N, "new").create_from_start();
    create_from_end => tx.consumer_group(K, "new").create_from_end();
    create_after => tx.consumer_group(K, "new").create_after(id(2));
    set_id => tx.consumer_group(K, "g").set_id(id(1));
    destroy => tx.consumer_group(K, "g").destroy();
    create_consumer => tx.consumer_group(K, "g").create_consumer("new");
    remove_consumer => tx.consumer_group(K, "g").remove_consumer("ann");
    read => tx.consumer_group(K, "g").read("ann", 2);
    read => tx.consumer_group(K, "g").read("new", 5000);
    read_with => tx.consumer_group(K, "g").read_with("bob", GroupReadOptions::new().without_ack());
    history => tx.consumer_group(K, "g").history("new", StreamId::MIN, 5);
    ack => tx.consumer_group(K, "g").ack([id(1), id(2)]);
    ack_and_delete => tx.consumer_group(K, "g").ack_and_delete([id(1), id(2)]);
    claim => tx.consumer_group(K, "g").claim("bob", Duration::ZERO, [id(1), id(2)]);
    claim_with => tx.consumer_group(K, "g").claim_with(
        "new", Duration::ZERO, [id(1), id(4)], ClaimOptions::new().force().deliveries(9));
    auto_claim => tx.consumer_group(K, "g").auto_claim("bob", Duration::ZERO, StreamId::MIN, 5);
    nack => tx.consumer_group(K, "g").nack([id(1), id(2)], Nack::fail());
    // Everything.
    flush => tx.flush();
}

/// The methods that change nothing.
pub(crate) const READS: &[&str] = &[
    "bit_count",
    "bit_count_in",
    "bit_pos",
    "bit_pos_in",
    "bitfield_get",
    "consumer_group",
    "consumers",
    "digest",
    "dump",
    "encoding",
    "exists",
    "exists_many",
    "expire_time",
    "frequency",
    "geodist",
    "geohash",
    "geopos",
    "geosearch",
    "get",
    "get_bit",
    "get_range",
    "get_with",
    "hexists",
    "hexpire_time",
    "hget",
    "hget_all",
    "hget_with",
    "hkeys",
    "hlen",
    "hmget",
    "hrand_field",
    "hrand_fields",
    "hstrlen",
    "httl",
    "hvals",
    "idle_time",
    "is_empty",
    "key",
    "keys",
    "lcs",
    "len",
    "lindex",
    "llen",
    "lpos",
    "lpos_with",
    "lrange",
    "memory_usage",
    "mget",
    "name",
    "pending",
    "pending_range",
    "pf_count_union",
    "random_key",
    "scard",
    "sdiff",
    "sdiff_card",
    "sinter",
    "sinter_card",
    "sismember",
    "smembers",
    "smismember",
    "sort",
    "srand_member",
    "srand_members",
    "srand_members_repeating",
    "strlen",
    "sunion",
    "sunion_card",
    "sunion_card_estimate",
    "touch",
    "ttl",
    "type_of",
    "xinfo",
    "xinfo_groups",
    "xlen",
    "xrange",
    "xrange_limit",
    "xread",
    "xrevrange",
    "zcard",
    "zcount",
    "zdiff",
    "zinter",
    "zinter_card",
    "zlex_count",
    "zmscore",
    "zrand_member",
    "zrand_members",
    "zrand_repeating",
    "zrange",
    "zrank",
    "zrank_with_score",
    "zrev_rank",
    "zrev_rank_with_score",
    "zscore",
    "zunion",
];
