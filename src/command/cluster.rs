//! What clients ask about a cluster. There is none, and they are told so in Redis's words.

use super::context::Context;
use super::help;
use super::row::{Arg, Categories, Command, Flags, Group};
use crate::error::{Error, Result};

/// The family's rows.
pub(super) static ROWS: &[Command] = &[ASKING, CLUSTER, READONLY, READWRITE];

/// The handler of every command here.
fn disabled(_: &mut Context<'_, '_>) -> Result<()> {
    Err(Error::reply("ERR This instance has cluster support disabled"))
}

const ASKING: Command = of_connection("asking")
    .flags(&[Flags::FAST])
    .summary("Says that the next command follows a redirection.");

const READONLY: Command = of_connection("readonly")
    .flags(&[Flags::LOADING, Flags::STALE, Flags::FAST])
    .summary("Allows reading from a replica of a cluster.");

const READWRITE: Command = of_connection("readwrite")
    .flags(&[Flags::LOADING, Flags::STALE, Flags::FAST])
    .summary("Ends the reading from a replica of a cluster.");

const fn of_connection(name: &'static str) -> Command {
    Command::new(name, 1, disabled)
        .group(Group::Cluster)
        .categories(&[Categories::CONNECTION])
        .since("3.0.0")
}

const CLUSTER: Command = Command::new("cluster", -2, help::container)
    .group(Group::Cluster)
    .since("3.0.0")
    .complexity("That of the subcommand")
    .summary("Holds the commands about a cluster.")
    .subcommands(&[
        sub("countkeysinslot", 3)
            .summary("Counts the keys of a slot.")
            .args(&[Arg::integer("slot")]),
        sub("getkeysinslot", 4)
            .complexity("O(log(N)) where N is the number of requested keys")
            .summary("Lists keys of a slot.")
            .tips(CHANGING)
            .args(&[Arg::integer("slot"), Arg::integer("count")]),
        sub("help", 2).flags(&[Flags::LOADING]).since("5.0.0").summary("Explains the subcommands."),
        sub("info", 2).summary("Tells how the cluster is.").tips(CHANGING),
        sub("keyslot", 3)
            .complexity("O(N) where N is the number of bytes in the key")
            .summary("Tells the slot of a key.")
            .args(&[Arg::string("key")]),
        sub("links", 2)
            .since("7.0.0")
            .complexity(BY_NODE)
            .summary("Lists the connections between nodes.")
            .tips(CHANGING),
        sub("myid", 2).summary("Tells the id of the node."),
        sub("nodes", 2).complexity(BY_NODE).summary("Lists the nodes.").tips(CHANGING),
        sub("replicas", 3)
            .flags(&[Flags::ADMIN])
            .since("5.0.0")
            .summary("Lists the replicas of a node.")
            .tips(CHANGING)
            .args(&[Arg::string("node-id")]),
        sub("shards", 2)
            .since("7.0.0")
            .complexity(BY_NODE)
            .summary("Lists slots and the nodes that have them.")
            .tips(CHANGING),
        sub("slaves", 3)
            .flags(&[Flags::ADMIN])
            .summary("Lists the replicas of a node.")
            .deprecated("5.0.0", "`CLUSTER REPLICAS`")
            .tips(CHANGING)
            .args(&[Arg::string("node-id")]),
        sub("slots", 2)
            .complexity(BY_NODE)
            .summary("Lists slots and the nodes that have them.")
            .deprecated("7.0.0", "`CLUSTER SHARDS`")
            .history(&[("4.0.0", "Ids of nodes."), ("7.0.0", "More about how a node is reached.")])
            .tips(CHANGING),
    ]);

const CHANGING: &[&str] = &["nondeterministic_output"];

const BY_NODE: &str = "O(N) where N is the number of nodes";

const fn sub(name: &'static str, arity: i32) -> Command {
    Command::new(name, arity, disabled).group(Group::Cluster).flags(&[Flags::STALE]).since("3.0.0")
}
