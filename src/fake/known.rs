//! Since when servers know what came after Redis 7.0: commands, options, parameters.

/// Since when the two know something; nothing if they do not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) redis: Option<(u8, u8)>,
    pub(super) valkey: Option<(u8, u8)>,
}

/// Since which Redis, and which Valkey.
const fn known(redis: Option<(u8, u8)>, valkey: Option<(u8, u8)>) -> Known {
    Known { redis, valkey }
}

/// Only Redis, since a version.
const fn redis(major: u8, minor: u8) -> Known {
    known(Some((major, minor)), None)
}

/// Only Valkey, since a version.
const fn valkey(major: u8, minor: u8) -> Known {
    known(None, Some((major, minor)))
}

/// Both, since one version each.
const fn both(redis: (u8, u8), valkey: (u8, u8)) -> Known {
    known(Some(redis), Some(valkey))
}

/// Nobody but Danio.
const OURS: Known = known(None, None);

/// Every command, by its full name.
pub(super) const COMMANDS: &[(&str, Known)] = &[
    ("blmovem", redis(8, 10)),
    ("client|capa", valkey(8, 0)),
    ("client|no-touch", both((7, 2), (7, 2))),
    ("client|setinfo", both((7, 2), (7, 2))),
    ("commandlog", valkey(8, 1)),
    ("commandlog|get", valkey(8, 1)),
    ("commandlog|help", valkey(8, 1)),
    ("commandlog|len", valkey(8, 1)),
    ("commandlog|reset", valkey(8, 1)),
    ("delex", redis(8, 4)),
    ("delifeq", valkey(9, 0)),
    ("digest", redis(8, 4)),
    ("hexpire", both((7, 4), (9, 0))),
    ("hexpireat", both((7, 4), (9, 0))),
    ("hexpiretime", both((7, 4), (9, 0))),
    ("hgetdel", both((8, 0), (9, 1))),
    ("hgetex", both((8, 0), (9, 0))),
    ("hpersist", both((7, 4), (9, 0))),
    ("hpexpire", both((7, 4), (9, 0))),
    ("hpexpireat", both((7, 4), (9, 0))),
    ("hpexpiretime", both((7, 4), (9, 0))),
    ("hpttl", both((7, 4), (9, 0))),
    ("hsetex", both((8, 0), (9, 0))),
    ("httl", both((7, 4), (9, 0))),
    ("increx", both((8, 8), (9, 2))),
    ("lmovem", redis(8, 10)),
    ("msetex", both((8, 4), (9, 1))),
    ("sdiffcard", redis(8, 10)),
    ("sunioncard", redis(8, 10)),
    ("waitaof", both((7, 2), (7, 2))),
    ("xackdel", redis(8, 2)),
    ("xcfgset", redis(8, 6)),
    ("xdelex", redis(8, 2)),
    ("xidmprecord", redis(8, 8)),
    ("xnack", redis(8, 8)),
];

/// Where an option stands among the words of its command.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Anywhere from this word on, as far as options go.
    From(usize),
    /// This word and no other.
    At(usize),
    /// Before the id of the entry that XADD adds.
    BeforeId,
    /// Right behind this word, which comes behind the keys, whose number is word so and so.
    Behind(&'static str, usize),
    /// An id of a stream, behind STREAMS and the keys.
    Id,
    /// Whatever it is: there are more words than so many, or exactly so many.
    MoreThan(usize),
    Exactly(usize),
}

/// Every option that came later than its command: the command, where it may stand, the option. Filters of CLIENT are
/// in `refusal.rs`.
pub(super) const OPTIONS: &[(&str, Place, &str, Known)] = &[
    ("bgsave", Place::At(1), "CANCEL", valkey(8, 1)),
    ("bitcount", Place::Exactly(3), "", valkey(8, 0)),
    ("bitop", Place::At(1), "ANDOR", redis(8, 2)),
    ("bitop", Place::At(1), "DIFF", redis(8, 2)),
    ("bitop", Place::At(1), "DIFF1", redis(8, 2)),
    ("bitop", Place::At(1), "ONE", redis(8, 2)),
    ("geosearch", Place::From(2), "BYPOLYGON", valkey(9, 0)),
    ("geosearchstore", Place::From(3), "BYPOLYGON", valkey(9, 0)),
    ("hscan", Place::From(3), "NOVALUES", both((7, 4), (8, 0))),
    ("hsetex", Place::From(2), "NX", valkey(9, 1)),
    ("hsetex", Place::From(2), "XX", valkey(9, 1)),
    ("scan", Place::From(2), "NOVALUES", both((7, 4), (8, 0))),
    ("set", Place::From(3), "IFDEQ", redis(8, 4)),
    ("set", Place::From(3), "IFDNE", redis(8, 4)),
    ("set", Place::From(3), "IFEQ", both((8, 4), (8, 1))),
    ("set", Place::From(3), "IFNE", redis(8, 4)),
    ("shutdown", Place::From(1), "FAILOVER", valkey(9, 0)),
    ("shutdown", Place::From(1), "SAFE", valkey(9, 0)),
    ("sscan", Place::From(3), "NOVALUES", both((7, 4), (8, 0))),
    ("xadd", Place::BeforeId, "ACKED", redis(8, 2)),
    ("xadd", Place::BeforeId, "DELREF", redis(8, 2)),
    ("xadd", Place::BeforeId, "IDMP", redis(8, 6)),
    ("xadd", Place::BeforeId, "IDMPAUTO", redis(8, 6)),
    ("xadd", Place::BeforeId, "KEEPREF", redis(8, 2)),
    ("xread", Place::From(1), "MAXCOUNT", redis(8, 10)),
    ("xread", Place::From(1), "MAXSIZE", redis(8, 10)),
    ("xread", Place::Id, "+", both((7, 4), (8, 0))),
    ("xreadgroup", Place::From(4), "CLAIM", redis(8, 4)),
    ("xreadgroup", Place::From(4), "MAXCOUNT", redis(8, 10)),
    ("xreadgroup", Place::From(4), "MAXSIZE", redis(8, 10)),
    ("xreadgroup", Place::Id, "+", both((7, 4), (8, 0))),
    ("xtrim", Place::From(2), "ACKED", redis(8, 2)),
    ("xtrim", Place::From(2), "DELREF", redis(8, 2)),
    ("xtrim", Place::From(2), "KEEPREF", redis(8, 2)),
    ("zinter", Place::Behind("AGGREGATE", 1), "COUNT", redis(8, 8)),
    ("zinterstore", Place::Behind("AGGREGATE", 2), "COUNT", redis(8, 8)),
    ("zrank", Place::MoreThan(3), "", both((7, 2), (7, 2))),
    ("zrevrank", Place::MoreThan(3), "", both((7, 2), (7, 2))),
    ("zscan", Place::From(3), "NOSCORES", valkey(8, 0)),
    ("zscan", Place::From(3), "NOVALUES", both((7, 4), (8, 0))),
    ("zunion", Place::Behind("AGGREGATE", 1), "COUNT", redis(8, 8)),
    ("zunionstore", Place::Behind("AGGREGATE", 2), "COUNT", redis(8, 8)),
];

/// Every parameter of CONFIG that came later, or is Danio's own, and choices of parameters.
pub(super) const PARAMETERS: &[(&str, Known)] = &[
    ("active-defrag-cycle-us", valkey(8, 1)),
    ("allkeys-lrm", redis(8, 6)),
    ("allkeys-s3fifo", OURS),
    ("aof-fallback-to-rdb", OURS),
    ("aof-rewrite-cpulist", valkey(8, 0)),
    ("availability-zone", valkey(8, 1)),
    ("bgsave-cpulist", valkey(8, 0)),
    ("bio-cpulist", valkey(8, 0)),
    ("cluster-announce-client-ipv4", valkey(8, 0)),
    ("cluster-announce-client-ipv6", valkey(8, 0)),
    ("cluster-announce-client-port", valkey(9, 0)),
    ("cluster-announce-client-tls-port", valkey(9, 0)),
    ("cluster-announce-human-nodename", both((7, 2), (7, 2))),
    ("cluster-blacklist-ttl", valkey(8, 0)),
    ("cluster-config-save-behavior", valkey(9, 1)),
    ("cluster-databases", valkey(9, 0)),
    ("cluster-manual-failover-timeout", valkey(8, 1)),
    ("cluster-slot-migration-log-max-len", valkey(9, 0)),
    ("cluster-slot-stats-enabled", both((8, 2), (8, 0))),
    ("commandlog-execution-slower-than", valkey(8, 1)),
    ("commandlog-large-reply-max-len", valkey(8, 1)),
    ("commandlog-large-request-max-len", valkey(8, 1)),
    ("commandlog-reply-larger-than", valkey(8, 1)),
    ("commandlog-request-larger-than", valkey(8, 1)),
    ("commandlog-slow-execution-max-len", valkey(8, 1)),
    ("dual-channel-replication-enabled", valkey(8, 0)),
    ("enable-debug-assert", both((7, 2), (7, 2))),
    ("extended-redis-compatibility", valkey(8, 0)),
    ("hash-seed", valkey(9, 1)),
    ("hide-user-data-from-log", both((7, 4), (8, 0))),
    ("imitated-version", OURS),
    ("import-mode", valkey(8, 1)),
    ("locale-collate", both((7, 2), (7, 2))),
    ("log-format", valkey(8, 1)),
    ("log-timestamp-format", valkey(8, 1)),
    ("max-new-connections-per-cycle", both((7, 4), (8, 0))),
    ("max-new-tls-connections-per-cycle", both((7, 4), (8, 0))),
    ("mptcp", valkey(9, 0)),
    ("prefetch-batch-max-size", valkey(8, 0)),
    ("primaryauth", valkey(8, 0)),
    ("primaryuser", valkey(8, 0)),
    ("rdb-version-check", valkey(8, 1)),
    ("rdma-bind", valkey(8, 1)),
    ("rdma-completion-vector", valkey(8, 1)),
    ("rdma-port", valkey(8, 1)),
    ("rdma-rx-size", valkey(8, 1)),
    ("repl-mptcp", valkey(9, 0)),
    ("server-cpulist", valkey(8, 0)),
    ("set-max-listpack-entries", both((7, 2), (7, 2))),
    ("set-max-listpack-value", both((7, 2), (7, 2))),
    ("slot-migration-max-failover-repl-bytes", valkey(9, 0)),
    ("stream-idmp-duration", redis(8, 6)),
    ("stream-idmp-maxsize", redis(8, 6)),
    ("tls-auth-clients-user", valkey(9, 0)),
    ("tls-auto-reload-interval", valkey(9, 1)),
    ("unixsocketgroup", valkey(8, 1)),
    ("volatile-lrm", redis(8, 6)),
];

/// Filters of CLIENT LIST and CLIENT KILL, those that servers had from the beginning left out.
pub(super) const MAXAGE_OF_KILL: Known = both((7, 4), (8, 0));
/// CLIENT LIST filters at all, beyond one TYPE or some IDs; both take several ids amid other filters.
pub(super) const FILTERS_OF_LIST: Known = valkey(8, 1);
/// The filters by name, library, address and so on, and what is not to be.
pub(super) const MORE_FILTERS: Known = valkey(9, 0);
/// The word `primary` for a type of client.
pub(super) const PRIMARY: Known = valkey(8, 0);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Table;

    #[test]
    fn every_command_that_came_later_is_listed() {
        assert!(COMMANDS.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted");
        for node in Table::get().iter().flat_map(|node| std::iter::once(node).chain(&node.children))
        {
            let later = node.row.since > "7.0.9";
            let listed = COMMANDS.iter().any(|(name, _)| *name == node.full_name);
            assert_eq!(later, listed, "{} came in {}", node.full_name, node.row.since);
        }
        for (name, ..) in OPTIONS {
            assert!(Table::get().find_full(name.as_bytes()).is_some(), "{name}");
        }
    }

    /// What rows say of themselves: each argument and each line of a history that is younger than Redis 7.0.
    #[test]
    fn every_option_that_came_later_is_listed() {
        /// Changes that are no options: what replies tell, and what is looked at in `refusal.rs`.
        const NO_OPTIONS: &[&str] =
            &["client|list", "client|kill", "xinfo|stream", "xinfo|consumers"];
        fn tokens(args: &[crate::command::Arg], found: &mut Vec<&'static str>) {
            for arg in args {
                if arg.since.is_some_and(|since| since > "7.0.9") {
                    found.extend(arg.token);
                }
                tokens(arg.arguments, found);
            }
        }
        for node in Table::get().iter().flat_map(|node| std::iter::once(node).chain(&node.children))
        {
            let name = node.full_name;
            if NO_OPTIONS.contains(&name) {
                continue;
            }
            let listed = |token: &str| OPTIONS.iter().any(|row| row.0 == name && row.2 == token);
            let mut found = Vec::new();
            tokens(node.row.arguments, &mut found);
            for token in found {
                assert!(listed(token), "{token} of {name}");
            }
            for (since, change) in node.row.history.iter().filter(|(since, _)| *since > "7.0.9") {
                for token in change.split('`').skip(1).step_by(2) {
                    let token = token.rsplit(' ').next().expect("a split gives something");
                    let by_count = OPTIONS.iter().any(|row| row.0 == name && row.2.is_empty());
                    assert!(listed(token) || by_count, "{token} of {name}, {since}");
                }
            }
        }
    }
}
