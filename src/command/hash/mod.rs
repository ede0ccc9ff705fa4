//! Hashes, and fields that expire.

mod all;
mod expire;
mod fields;
mod get;
mod number;
mod options;
mod random;
mod scan;
mod set;
mod ttl;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    set::HDEL,
    get::HEXISTS,
    expire::HEXPIRE,
    expire::HEXPIREAT,
    ttl::HEXPIRETIME,
    get::HGET,
    all::HGETALL,
    fields::HGETDEL,
    fields::HGETEX,
    number::HINCRBY,
    number::HINCRBYFLOAT,
    all::HKEYS,
    all::HLEN,
    get::HMGET,
    set::HMSET,
    expire::HPERSIST,
    expire::HPEXPIRE,
    expire::HPEXPIREAT,
    ttl::HPEXPIRETIME,
    ttl::HPTTL,
    random::HRANDFIELD,
    scan::HSCAN,
    set::HSET,
    fields::HSETEX,
    set::HSETNX,
    get::HSTRLEN,
    ttl::HTTL,
    all::HVALS,
];
