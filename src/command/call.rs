//! Locks what a command needs and runs its handler.

use smallvec::SmallVec;

use super::args::Args;
use super::client::Mark;
use super::context::Context;
use super::instance::Instance;
use super::reply::Reply;
use super::session::{Hash, Session, State};
use super::table::{Node, Plan};
use crate::api::Engine;
use crate::error::Error;
use crate::keyspace::{Access, Key, Tx};

/// How many keys a command may have without an allocation.
const FEW_KEYS: usize = 8;

/// How a handler ended. The error is apart: so success is one word in a register, where a `Result` of what errors hold
/// is written to memory and copied on each way out.
pub(super) type Ended = std::result::Result<(), Box<Error>>;

impl Session {
    /// Locks what the command needs and runs its handler. The hash of word 1 may be known. With `CARE` whoever calls it is
    /// looked at: perhaps its look-ups are no uses, it tracks keys, or somebody is shown all commands. Without,
    /// [nothing is out of the ordinary](Session::is_ordinary).
    #[inline(always)]
    pub(super) fn call<const CARE: bool>(
        &mut self,
        node: &'static Node,
        args: Args<'_>,
        hash: Option<Hash>,
        reply: &mut dyn Reply,
    ) -> Ended {
        match node.plan {
            Plan::First => self.call_one::<CARE>(node, args, hash, reply),
            Plan::None => self.call_keyless::<CARE>(node, args, reply),
            _ => self.call_many::<CARE>(node, args, reply),
        }
    }

    /// As [`call`](Session::call), for a command that has its one key in word 1.
    #[inline(never)]
    fn call_one<const CARE: bool>(
        &mut self,
        node: &'static Node,
        args: Args<'_>,
        hash: Option<Hash>,
        reply: &mut dyn Reply,
    ) -> Ended {
        let Session { engine, instance, state, .. } = self;
        let (keyspace, db) = (engine.keyspace(), state.db);
        let key = match hash {
            Some(hash) => keyspace.key_of(args.at(1), hash.get()),
            None => keyspace.key(args.at(1)),
        };
        let keys = std::slice::from_ref(&key);
        let mut tx = keyspace.begin_one(db, key, node.access);
        let ended = handle::<CARE>(node, args, keys, &mut tx, engine, instance, state, reply);
        if has_to_reclaim(node, &tx) {
            return reclaim(ended, tx, keys, instance, state, node);
        }
        if tx.end() {
            std::mem::forget(tx);
        }
        ended
    }

    /// As [`call`](Session::call), for a command without keys.
    #[inline(never)]
    fn call_keyless<const CARE: bool>(
        &mut self,
        node: &'static Node,
        args: Args<'_>,
        reply: &mut dyn Reply,
    ) -> Ended {
        let Session { engine, instance, state, .. } = self;
        let mut tx = engine.keyspace().begin_none(state.db);
        let ended = handle::<CARE>(node, args, &[], &mut tx, engine, instance, state, reply);
        if tx.end() {
            std::mem::forget(tx);
        }
        ended
    }

    /// As [`call`](Session::call), for a command that has not its one key in word 1.
    #[inline(never)]
    fn call_many<const CARE: bool>(
        &mut self,
        node: &'static Node,
        args: Args<'_>,
        reply: &mut dyn Reply,
    ) -> Ended {
        let Session { engine, instance, state, .. } = self;
        let (keyspace, db) = (engine.keyspace(), state.db);
        let access = match node.is_alone_with(&args) {
            true => Access::Exclusive,
            false => node.access,
        };
        let mut keys = SmallVec::<[Key<'_>; FEW_KEYS]>::new();
        keys.extend(node.keys(&args).map(|position| keyspace.key(args.at(position))));
        let mut tx = match node.plan {
            Plan::All => keyspace.begin_all(db, access),
            Plan::Queue => match &state.queue {
                Some(queue) => queue.begin(keyspace, db, &state.watched.keys(keyspace)),
                None => keyspace.begin_none(db),
            },
            Plan::Specs if node.reaches(&args) => keyspace.begin_all(db, access),
            Plan::None | Plan::First | Plan::Specs => keyspace.begin_many(db, &keys, access),
        };
        let ended = handle::<CARE>(node, args, &keys, &mut tx, engine, instance, state, reply);
        match has_to_reclaim(node, &tx) {
            true => reclaim(ended, tx, &keys, instance, state, node),
            false => ended,
        }
    }
}

/// Runs the handler of a command whose stripes are locked by `tx`.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the parts of a Context, and nothing else")]
fn handle<const CARE: bool>(
    node: &'static Node,
    args: Args<'_>,
    keys: &[Key<'_>],
    tx: &mut Tx<'_>,
    engine: &Engine,
    instance: &Instance,
    session: &mut State,
    reply: &mut dyn Reply,
) -> Ended {
    if CARE {
        tx.set_touches(!session.client.has(Mark::NO_TOUCH));
    }
    tx.set_by(session.client.id);
    let mut ctx =
        Context { args, keys, tx: &mut *tx, engine, instance, session: &mut *session, reply, node };
    let ended = (node.row.handler)(&mut ctx).map_err(Box::new);
    session.looks += tx.take_looks();
    if CARE {
        show(node, args, keys, tx, engine, instance, session);
    }
    ended
}

/// Shows a command that ran to who wants to know, its stripes being locked still.
#[inline(never)]
fn show(
    node: &'static Node,
    args: Args<'_>,
    keys: &[Key<'_>],
    tx: &mut Tx<'_>,
    engine: &Engine,
    instance: &Instance,
    session: &State,
) {
    if instance.monitors.any() {
        let micros = engine.clock().micros();
        instance.monitors.show(&session.client, session.db, micros, node, args);
    }
    if session.remembers(node) {
        match node.access {
            Access::Shared => instance.tracking.remember(&session.client, keys),
            // What it changed itself comes before.
            Access::Exclusive => keys.iter().for_each(|key| tx.note_read(*key)),
        }
    }
}

/// Whether a scope is a reader's that met expired keys.
#[inline(always)]
fn has_to_reclaim(node: &Node, tx: &Tx<'_>) -> bool {
    tx.met_past() && node.access == Access::Shared
}

/// Ends a scope of a reader that met expired keys, and has them reclaimed.
#[cold]
fn reclaim(
    ended: Ended,
    mut tx: Tx<'_>,
    keys: &[Key<'_>],
    instance: &Instance,
    session: &State,
    node: &Node,
) -> Ended {
    let (keyspace, db, missed) = (tx.keyspace(), tx.db(), tx.take_missed());
    drop(tx);
    let reclaimed = keyspace.reclaim_met(db, keys).map_err(Box::new);
    // That they were not there is told behind that they expired.
    if let Some(missed) = missed {
        keyspace.observers.committed(&missed);
    }
    if session.remembers(node) {
        // That they are gone was told by now; that they come back will be.
        instance.tracking.remember(&session.client, keys);
    }
    ended.and(reclaimed)
}
