//! From words to a handler: the name is looked up, what the row forbids is
//! refused, what it needs is locked, and the handler runs.

use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use super::args::Args;
use super::context::Context;
use super::errors;
use super::instance::{Held, Instance};
use super::parse::is;
use super::reply::Reply;
use super::row::{Flags, Group};
use super::session::{Replies, Session, State};
use super::table::{Node, Plan};
use super::value::Silent;
use crate::api::Engine;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::keyspace::{Access, Key, Tx};

/// What becomes of the conversation after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It ends once the reply is sent.
    Close,
    /// The command did not run and nothing was replied: it is to be dispatched again
    /// when `CLIENT PAUSE` ends, which is at the given time unless the connection is
    /// woken before; in milliseconds since 1970.
    Held(i64),
    /// The command waits, and nothing was replied: [`Session::resume`] writes its reply when
    /// there is one, which the connection is woken for. Until then no other is to be dispatched.
    Blocked,
}

/// What a connection that is shown all commands may not call.
const KEYSPACE: Flags = Flags::WRITE.union(Flags::READONLY).union(Flags::MAY_REPLICATE);

/// How many keys a command may have without an allocation.
const FEW_KEYS: usize = 8;

impl Session {
    /// Runs one command and writes its reply.
    #[inline]
    pub fn dispatch(&mut self, args: Args<'_>, reply: &mut dyn Reply) -> Flow {
        if self.state.replies == Replies::On {
            let flow = self.run(args, reply);
            if self.state.replies == Replies::SkipNext {
                self.state.replies = Replies::Skip;
            }
            return flow;
        }
        self.run_silently(args, reply)
    }

    /// Runs one command of a connection that asked for no reply.
    #[cold]
    fn run_silently(&mut self, args: Args<'_>, reply: &mut dyn Reply) -> Flow {
        let before = self.state.replies;
        let flow = self.run(args, &mut Silent(reply));
        if matches!(flow, Flow::Held(_)) {
            return flow;
        }
        if let Some(blocked) = &mut self.state.blocked {
            blocked.silent = true;
        }
        self.state.replies = match self.state.replies {
            // `CLIENT REPLY ON` is answered; RESET is, unless it was to be skipped itself.
            Replies::On => {
                if !is(args.at(0), "reset") {
                    reply.simple("OK");
                } else if before == Replies::Off {
                    reply.simple("RESET");
                }
                Replies::On
            }
            Replies::Off => Replies::Off,
            Replies::SkipNext => Replies::Skip,
            Replies::Skip => Replies::On,
        };
        flow
    }

    fn run(&mut self, args: Args<'_>, reply: &mut dyn Reply) -> Flow {
        let flow = self.run_one(args, reply);
        if self.state.client.tracking.is_on() {
            self.instance.tracking.end_command(&self.state.client);
            self.end_caching(args, flow);
        }
        flow
    }

    /// Forgets what `CLIENT CACHING` said of the command or transaction that is over now. Other
    /// subcommands of CLIENT may come in between.
    #[cold]
    fn end_caching(&self, args: Args<'_>, flow: Flow) {
        if self.state.queue.is_some() || matches!(flow, Flow::Held(_)) {
            return;
        }
        let container = self.table.find(args.at(0)).filter(|node| node.row.name == "client");
        let known = |node: &'static Node| args.get(1).is_none_or(|sub| node.child(sub).is_some());
        if !container.is_some_and(known) {
            self.state.client.tracking.forget_caching();
        }
    }

    fn run_one(&mut self, args: Args<'_>, reply: &mut dyn Reply) -> Flow {
        if self.state.blocked.is_some() {
            self.state.blocked = None;
        }
        #[cfg(feature = "fake")]
        if !self.state.client.origin.trusted
            && let Some(gate) = self.instance.gate.get().cloned()
            && let Some(flow) = self.pass_gate(&*gate, args, reply)
        {
            return flow;
        }
        let node = match self.admit(args) {
            Ok(node) => node,
            Err(refused) => return self.turn_away(*refused, args, reply),
        };
        if self.state.client.has_mail()
            && self.engine.keyspace().settings.maxmemory.load(Relaxed) != 0
        {
            // What was evicted to make room is told before the command runs, and perhaps reads it anew.
            self.take_mail(usize::MAX, reply);
        }
        if self.instance.pause.is_set()
            && let Some(until) = self.held(node)
        {
            return Flow::Held(until.0);
        }
        let client = &self.state.client;
        if client.held.load(Relaxed) {
            client.held.store(false, Relaxed);
        }
        client.command.store(node.id, Relaxed);
        if let Some(queue) = &mut self.state.queue
            && !node.row.flags.contains(Flags::AT_ONCE)
        {
            queue.push(node, args);
            self.state.show_queue();
            reply.simple("QUEUED");
            return Flow::Continue;
        }
        if node.timed {
            // It may be one that looks at the statistics.
            self.settle();
        }
        let timed = self.tally.before(node.timed || self.instance.timing.every());
        let result = match self.instance.cannot(node, args, &self.state.client) {
            Ok(()) => self.call(node, args, reply),
            Err(error) => Err(error),
        };
        #[cfg(feature = "snapshot")]
        let result = match &self.state.after {
            Some(_) => self.run_after(result, reply),
            None => result,
        };
        let took = self.tally.after(&self.instance.stats, node.id, timed);
        let clock = self.engine.clock();
        self.instance.timing.note(took, node, args, &self.state.client, clock);
        if let Err(error) = result {
            self.instance.stats.on_error(error.code(), Some(node.id), false);
            reply.error(&error);
        }
        if self.state.blocked.is_some() {
            return self.block(reply);
        }
        // Once it is over, as Valkey: what looks does not count itself.
        self.state.client.count_command();
        if self.state.closing || self.state.client.is_killed() {
            Flow::Close
        } else {
            Flow::Continue
        }
    }

    /// Does what a command left to when its locks are released.
    #[cfg(feature = "snapshot")]
    #[cold]
    fn run_after(&mut self, ended: Ended, reply: &mut dyn Reply) -> Ended {
        let after = self.state.after.take();
        ended.and_then(|()| {
            after.map_or(Ok(()), |after| after.run(&self.engine, reply)).map_err(Box::new)
        })
    }

    /// Answers a command that was not admitted.
    #[cold]
    fn turn_away(&mut self, (node, error): Refused, args: Args<'_>, reply: &mut dyn Reply) -> Flow {
        if node.is_none() && self.is_attacked(args.at(0)) {
            return Flow::Close;
        }
        self.refuse(node, args, error, reply)
    }

    /// Answers a command that does not get as far as its handler. It spoils the transaction that
    /// it was meant for.
    #[cold]
    pub(super) fn refuse(
        &mut self,
        node: Option<&Node>,
        args: Args<'_>,
        error: Error,
        reply: &mut dyn Reply,
    ) -> Flow {
        let error = if node.is_some_and(|node| node.plan == Plan::Queue) {
            self.state.queue = None;
            self.state.show_queue();
            self.state.watched.clear(self.engine.keyspace());
            if let (true, Some(node)) = (self.instance.monitors.any(), node) {
                // MULTI was shown: so is the end.
                let micros = self.engine.clock().micros();
                let client = &self.state.client;
                self.instance.monitors.show(client, self.state.db, micros, node, args);
            }
            errors::aborted(&error)
        } else {
            if let Some(queue) = &mut self.state.queue {
                queue.aborted = true;
            }
            error
        };
        self.instance.stats.on_error(error.code(), node.map(|n| n.id), true);
        reply.error(&error);
        Flow::Continue
    }

    /// The row for these words, if the session may call it with them.
    #[inline]
    fn admit(&self, args: Args<'_>) -> Result<&'static Node, Box<Refused>> {
        let refused = |node, error| Err(Box::new((node, error)));
        let Some(mut node) = self.table.find(args.at(0)) else {
            return refused(None, errors::unknown_command(args));
        };
        if !node.children.is_empty() && args.len() > 1 {
            match node.child(args.at(1)) {
                Some(child) => node = child,
                None => {
                    return refused(None, errors::unknown_subcommand(node.row.name, args.at(1)));
                }
            }
        }
        if !node.row.accepts(args.len()) {
            return refused(Some(node), Error::WrongArity(node.full_name.into()));
        }
        let flags = node.row.flags;
        if flags.contains(Flags::PROTECTED) && !self.may_debug() {
            return refused(Some(node), errors::protected(node.row.name));
        }
        if !self.state.authenticated && !flags.contains(Flags::NO_AUTH) {
            return refused(Some(node), errors::no_auth());
        }
        if let Err(error) = self.engine.keyspace().make_room()
            && self.effects(node).contains(Flags::DENYOOM)
        {
            return refused(Some(node), error);
        }
        if let Err(error) = self.engine.keyspace().settings.gate.check()
            && (self.effects(node).contains(Flags::WRITE) || node.row.name == "ping")
        {
            return refused(Some(node), error);
        }
        if flags.contains(Flags::NO_MULTI) && self.state.queue.is_some() {
            return refused(Some(node), errors::no_multi());
        }
        if self.state.only_listens() && !may_listener_call(node) {
            return refused(Some(node), errors::only_listens(node.full_name));
        }
        if self.instance.loading.is_on() && !flags.contains(Flags::LOADING) {
            return refused(Some(node), errors::loading());
        }
        if self.instance.monitors.any()
            && self.state.client.is_monitor()
            && self.effects(node).intersects(KEYSPACE)
        {
            return refused(Some(node), errors::only_watches());
        }
        Ok(node)
    }

    /// Notes how many bytes a command of a connection and its reply took, if anybody wants to know.
    #[cfg(feature = "network")]
    #[inline]
    pub(crate) fn note_sizes(&self, args: Args<'_>, reply: usize) {
        if self.instance.timing.is_large(args.request_bound(), reply) {
            self.note_large(args, reply);
        }
    }

    #[cfg(feature = "network")]
    #[cold]
    fn note_large(&self, args: Args<'_>, reply: usize) {
        let container = self.table.find(args.at(0));
        let child = container.and_then(|node| node.child(args.get(1)?));
        let Some(node) = child.or(container).filter(|node| node.row.accepts(args.len())) else {
            return;
        };
        if self.state.authenticated || node.row.flags.contains(Flags::NO_AUTH) {
            let (timing, client) = (&self.instance.timing, &self.state.client);
            let at = self.engine.clock().now().0.div_euclid(1_000);
            timing.requests.offer(args.request_size() as u64, at, node, args, client);
            timing.replies.offer(reply as u64, at, node, args, client);
        }
    }

    /// What a command is, and for EXEC what the commands are that it runs.
    fn effects(&self, node: &Node) -> Flags {
        let queued = match &self.state.queue {
            Some(queue) if node.plan == Plan::Queue => queue.flags(),
            _ => Flags::empty(),
        };
        node.row.flags | queued
    }

    /// Runs a command of a log, whatever it answers. Returns its row, and whether it answered that it could not be run.
    ///
    /// # Errors
    /// `None` if there is no such command.
    #[cfg(feature = "aof")]
    pub(super) fn replay_one(
        &mut self,
        args: Args<'_>,
        reply: &mut dyn Reply,
    ) -> Option<(&'static Node, Result<()>)> {
        let mut node = self.table.find(args.at(0))?;
        if !node.children.is_empty() && args.len() > 1 {
            node = node.child(args.at(1))?;
        }
        if !node.row.accepts(args.len()) {
            return Some((node, Err(Error::WrongArity(node.full_name.into()))));
        }
        if let Some(queue) = &mut self.state.queue
            && !node.row.flags.contains(Flags::AT_ONCE)
        {
            queue.push(node, args);
            return Some((node, Ok(())));
        }
        let result = self.call(node, args, reply).map_err(|error| *error);
        // What waits for keys in a log waited in vain.
        self.state.blocked = None;
        Some((node, result))
    }

    /// Whether a browser was made to talk to us (cross-protocol scripting): what it sends is
    /// HTTP, behind which a body full of commands would follow.
    #[cold]
    fn is_attacked(&self, name: &[u8]) -> bool {
        let attacked = !self.state.client.origin.trusted && (is(name, "post") || is(name, "host:"));
        if attacked {
            tracing::warn!(
                "Possible SECURITY ATTACK detected: POST or Host: sent as a command, connection aborted"
            );
        }
        attacked
    }

    #[cold]
    fn may_debug(&self) -> bool {
        match self.instance.parameters.number("enable-debug-command") {
            0 => false,
            1 => true,
            _ => self.state.client.origin.local,
        }
    }

    /// Until when `CLIENT PAUSE` holds this command back, if it does.
    #[cold]
    fn held(&self, node: &Node) -> Option<Millis> {
        let client = &self.state.client;
        if client.origin.trusted {
            return None;
        }
        let (what, until) = self.instance.pause.at(self.engine.clock().now())?;
        let held =
            what == Held::All || self.effects(node).intersects(Flags::WRITE | Flags::MAY_REPLICATE);
        client.held.store(held, Relaxed);
        held.then_some(until)
    }

    /// Locks what the command needs and runs its handler.
    #[inline(always)]
    fn call(&mut self, node: &'static Node, args: Args<'_>, reply: &mut dyn Reply) -> Ended {
        match node.plan {
            Plan::First => self.call_one(node, args, reply),
            Plan::None => self.call_keyless(node, args, reply),
            _ => self.call_many(node, args, reply),
        }
    }

    /// As [`call`](Session::call), for a command that has its one key in word 1.
    #[inline(never)]
    fn call_one(&mut self, node: &'static Node, args: Args<'_>, reply: &mut dyn Reply) -> Ended {
        let Session { engine, instance, state, .. } = self;
        let (keyspace, db) = (engine.keyspace(), state.db);
        let key = keyspace.key(args.at(1));
        let keys = std::slice::from_ref(&key);
        let mut tx = keyspace.begin_one(db, key, access(node));
        let ended = handle(node, args, keys, &mut tx, engine, instance, state, reply);
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
    fn call_keyless(
        &mut self,
        node: &'static Node,
        args: Args<'_>,
        reply: &mut dyn Reply,
    ) -> Ended {
        let Session { engine, instance, state, .. } = self;
        let mut tx = engine.keyspace().begin_none(state.db);
        let ended = handle(node, args, &[], &mut tx, engine, instance, state, reply);
        if tx.end() {
            std::mem::forget(tx);
        }
        ended
    }

    /// As [`call`](Session::call), for a command that has not its one key in word 1.
    #[inline(never)]
    fn call_many(&mut self, node: &'static Node, args: Args<'_>, reply: &mut dyn Reply) -> Ended {
        let Session { engine, instance, state, .. } = self;
        let (keyspace, db) = (engine.keyspace(), state.db);
        let access = match node.is_alone_with(&args) {
            true => Access::Exclusive,
            false => access(node),
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
        let ended = handle(node, args, &keys, &mut tx, engine, instance, state, reply);
        match has_to_reclaim(node, &tx) {
            true => reclaim(ended, tx, &keys, instance, state, node),
            false => ended,
        }
    }
}

/// Runs the handler of a command whose stripes are locked by `tx`.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the parts of a Context, and nothing else")]
fn handle(
    node: &'static Node,
    args: Args<'_>,
    keys: &[Key<'_>],
    tx: &mut Tx<'_>,
    engine: &Engine,
    instance: &Instance,
    session: &mut State,
    reply: &mut dyn Reply,
) -> Ended {
    tx.set_touches(!session.client.no_touch.load(Relaxed));
    tx.set_by(session.client.id);
    let mut ctx =
        Context { args, keys, tx: &mut *tx, engine, instance, session: &mut *session, reply, node };
    let ended = (node.row.handler)(&mut ctx).map_err(Box::new);
    session.looks += tx.take_looks();
    if instance.monitors.any() {
        let micros = engine.clock().micros();
        instance.monitors.show(&session.client, session.db, micros, node, args);
    }
    if session.remembers(node) {
        match access(node) {
            Access::Shared => instance.tracking.remember(&session.client, keys),
            // What it changed itself comes before.
            Access::Exclusive => keys.iter().for_each(|key| tx.note_read(*key)),
        }
    }
    ended
}

/// Why a command was not admitted, and its row if it has one.
type Refused = (Option<&'static Node>, Error);

/// How a handler ended. The error is apart: so success is one word in a register, where a `Result` of what errors hold
/// is written to memory and copied on each way out.
type Ended = std::result::Result<(), Box<Error>>;

/// Whether a connection that listens may call this: what changes what it listens to, and what ends it.
#[cold]
fn may_listener_call(node: &Node) -> bool {
    let row = node.row;
    matches!(row.name, "ping" | "quit" | "reset") && row.group == Group::Connection
        || row.group == Group::PubSub && row.flags.contains(Flags::NOSCRIPT)
}

/// How a command's stripes are locked.
#[inline]
fn access(node: &Node) -> Access {
    if node.is_exclusive() { Access::Exclusive } else { Access::Shared }
}

/// Whether a scope is a reader's that met expired keys.
#[inline(always)]
fn has_to_reclaim(node: &Node, tx: &Tx<'_>) -> bool {
    tx.met_past() && access(node) == Access::Shared
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
