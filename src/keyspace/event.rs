//! What happened to a key, in the words of Redis's keyspace notifications.

/// The kind of an event: the letters of `notify-keyspace-events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// `g`: commands that are about keys whatever their type.
    Generic,
    /// `$`: strings.
    String,
    /// `l`: lists.
    List,
    /// `s`: sets.
    Set,
    /// `h`: hashes.
    Hash,
    /// `z`: sorted sets.
    SortedSet,
    /// `t`: streams.
    Stream,
    /// `x`: a key was reclaimed because its time was over.
    Expired,
    /// `e`: a key was evicted for memory.
    Evicted,
    /// `n`: a key came to be.
    New,
    /// `m`: a key was looked up to be read, and was not there.
    Missed,
    /// A whole database was emptied or exchanged, of which no channel tells.
    Database,
}

/// One thing that happened, without its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) class: Class,
    pub(crate) name: &'static str,
}

const fn event(class: Class, name: &'static str) -> Event {
    Event { class, name }
}

pub(crate) const NEW: Event = event(Class::New, "new");
pub(crate) const MISSED: Event = event(Class::Missed, "keymiss");
pub(crate) const FLUSHED: Event = event(Class::Database, "flushdb");
pub(crate) const FLUSHED_ALL: Event = event(Class::Database, "flushall");
pub(crate) const SWAPPED: Event = event(Class::Database, "swapdb");
pub(crate) const EXPIRED: Event = event(Class::Expired, "expired");
pub(crate) const EVICTED: Event = event(Class::Evicted, "evicted");
pub(crate) const DEL: Event = event(Class::Generic, "del");
pub(crate) const EXPIRE: Event = event(Class::Generic, "expire");
pub(crate) const PERSIST: Event = event(Class::Generic, "persist");
pub(crate) const RENAME_FROM: Event = event(Class::Generic, "rename_from");
pub(crate) const RENAME_TO: Event = event(Class::Generic, "rename_to");
pub(crate) const MOVE_FROM: Event = event(Class::Generic, "move_from");
pub(crate) const MOVE_TO: Event = event(Class::Generic, "move_to");
#[cfg(feature = "snapshot")]
pub(crate) const RESTORE: Event = event(Class::Generic, "restore");
pub(crate) const COPY_TO: Event = event(Class::Generic, "copy_to");
pub(crate) const SET: Event = event(Class::String, "set");
pub(crate) const APPEND: Event = event(Class::String, "append");
pub(crate) const SETRANGE: Event = event(Class::String, "setrange");
pub(crate) const INCRBY: Event = event(Class::String, "incrby");
pub(crate) const INCRBYFLOAT: Event = event(Class::String, "incrbyfloat");
pub(crate) const SETBIT: Event = event(Class::String, "setbit");
pub(crate) const PFADD: Event = event(Class::String, "pfadd");
pub(crate) const XADD: Event = event(Class::Stream, "xadd");
pub(crate) const XTRIM: Event = event(Class::Stream, "xtrim");
pub(crate) const XDEL: Event = event(Class::Stream, "xdel");
pub(crate) const XSETID: Event = event(Class::Stream, "xsetid");
pub(crate) const XGROUP_CREATE: Event = event(Class::Stream, "xgroup-create");
pub(crate) const XGROUP_SETID: Event = event(Class::Stream, "xgroup-setid");
pub(crate) const XGROUP_DESTROY: Event = event(Class::Stream, "xgroup-destroy");
pub(crate) const XGROUP_CREATECONSUMER: Event = event(Class::Stream, "xgroup-createconsumer");
pub(crate) const XGROUP_DELCONSUMER: Event = event(Class::Stream, "xgroup-delconsumer");
pub(crate) const SADD: Event = event(Class::Set, "sadd");
pub(crate) const SREM: Event = event(Class::Set, "srem");
pub(crate) const SPOP: Event = event(Class::Set, "spop");
pub(crate) const SINTERSTORE: Event = event(Class::Set, "sinterstore");
pub(crate) const SUNIONSTORE: Event = event(Class::Set, "sunionstore");
pub(crate) const SDIFFSTORE: Event = event(Class::Set, "sdiffstore");
pub(crate) const HSET: Event = event(Class::Hash, "hset");
pub(crate) const HDEL: Event = event(Class::Hash, "hdel");
pub(crate) const HINCRBY: Event = event(Class::Hash, "hincrby");
pub(crate) const HINCRBYFLOAT: Event = event(Class::Hash, "hincrbyfloat");
pub(crate) const HEXPIRE: Event = event(Class::Hash, "hexpire");
pub(crate) const HPERSIST: Event = event(Class::Hash, "hpersist");
pub(crate) const HEXPIRED: Event = event(Class::Hash, "hexpired");
pub(crate) const LPUSH: Event = event(Class::List, "lpush");
pub(crate) const RPUSH: Event = event(Class::List, "rpush");
pub(crate) const LPOP: Event = event(Class::List, "lpop");
pub(crate) const RPOP: Event = event(Class::List, "rpop");
pub(crate) const LSET: Event = event(Class::List, "lset");
pub(crate) const LINSERT: Event = event(Class::List, "linsert");
pub(crate) const LREM: Event = event(Class::List, "lrem");
pub(crate) const LTRIM: Event = event(Class::List, "ltrim");
pub(crate) const ZADD: Event = event(Class::SortedSet, "zadd");
pub(crate) const ZINCR: Event = event(Class::SortedSet, "zincr");
pub(crate) const ZREM: Event = event(Class::SortedSet, "zrem");
pub(crate) const ZREMRANGEBYRANK: Event = event(Class::SortedSet, "zremrangebyrank");
pub(crate) const ZREMRANGEBYSCORE: Event = event(Class::SortedSet, "zremrangebyscore");
pub(crate) const ZREMRANGEBYLEX: Event = event(Class::SortedSet, "zremrangebylex");
pub(crate) const ZPOPMIN: Event = event(Class::SortedSet, "zpopmin");
pub(crate) const ZPOPMAX: Event = event(Class::SortedSet, "zpopmax");
pub(crate) const ZRANGESTORE: Event = event(Class::SortedSet, "zrangestore");
pub(crate) const ZUNIONSTORE: Event = event(Class::SortedSet, "zunionstore");
pub(crate) const ZINTERSTORE: Event = event(Class::SortedSet, "zinterstore");
pub(crate) const ZDIFFSTORE: Event = event(Class::SortedSet, "zdiffstore");
pub(crate) const GEOSEARCHSTORE: Event = event(Class::SortedSet, "geosearchstore");
pub(crate) const GEORADIUSSTORE: Event = event(Class::SortedSet, "georadiusstore");
pub(crate) const SORTSTORE: Event = event(Class::List, "sortstore");
