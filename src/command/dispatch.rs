//! From words to a handler: the name is looked up and what the row forbids is refused
//! (`admit.rs`), what it needs is locked and the handler runs (`call.rs`), and what came of it is counted.
//!
//! There are two ways. Nearly always nothing is out of the ordinary (`attention.rs`), and the short one does, which is
//! shorter still for a command that is neither timed nor leaves anything to be done behind it. The
//! other one looks at each thing that may be: a transaction, a pause, monitors, a client that tracks keys.

use std::sync::atomic::Ordering::Relaxed;

use super::args::Args;
use super::call::Ended;
use super::client::Mark;
use super::parse::is;
use super::reply::Reply;
use super::row::Flags;
use super::session::{Hash, Replies, Session};
use super::stats::Timed;
use super::table::Node;
use super::value::Silent;
use crate::error::Error;
#[cfg(feature = "aof")]
use crate::error::Result;

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

impl Session {
    /// Runs one command and writes its reply.
    #[inline]
    pub fn dispatch(&mut self, args: Args<'_>, reply: &mut dyn Reply) -> Flow {
        self.dispatch_prepared(args, None, reply)
    }

    /// As [`dispatch`](Session::dispatch), the hash of word 1 being known if it was [prepared](Session::prepare) for.
    #[inline]
    pub(crate) fn dispatch_prepared(
        &mut self,
        args: Args<'_>,
        hash: Option<Hash>,
        reply: &mut dyn Reply,
    ) -> Flow {
        if self.is_ordinary()
            && let Some(node) = self.table.find(args.at(0))
            && node.direct
            && node.accepts(args.len())
        {
            self.state.client.command.store(node.id, Relaxed);
            return match node.swift && self.tally.passes() {
                true => self.run_swiftly(node, args, hash, reply),
                false => self.run_at_once(node, args, hash, reply),
            };
        }
        self.dispatch_with_care(args, reply)
    }

    /// Runs one [swift](Node::swift) command that is not timed, of a session with which
    /// [nothing is out of the ordinary](Session::is_ordinary).
    #[inline(always)]
    fn run_swiftly(
        &mut self,
        node: &'static Node,
        args: Args<'_>,
        hash: Option<Hash>,
        reply: &mut dyn Reply,
    ) -> Flow {
        let ended = self.call::<false>(node, args, hash, reply);
        debug_assert!(!self.state.has_left(), "{} left something to be done", node.full_name);
        self.tally.count(&self.instance.stats, node.id);
        if let Err(error) = ended {
            self.answer_error(node, &error, reply);
        }
        self.flow()
    }

    /// Runs one command of a session with which [nothing is out of the ordinary](Session::is_ordinary).
    #[inline(never)]
    fn run_at_once(
        &mut self,
        node: &'static Node,
        args: Args<'_>,
        hash: Option<Hash>,
        reply: &mut dyn Reply,
    ) -> Flow {
        let timed = self.begin(node, false);
        let ended = self.call::<false>(node, args, hash, reply);
        self.end(node, args, timed, ended, reply)
    }

    /// Runs one command, and looks at all that may forbid it or wants to know of it.
    #[inline(never)]
    fn dispatch_with_care(&mut self, args: Args<'_>, reply: &mut dyn Reply) -> Flow {
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
        if client.has(Mark::HELD) {
            client.mark(Mark::HELD, false);
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
        let timed = self.begin(node, self.instance.timing.every());
        let ended = match self.instance.cannot(node, args, &self.state.client) {
            Ok(()) => self.call::<true>(node, args, None, reply),
            Err(error) => Err(error),
        };
        self.end(node, args, timed, ended, reply)
    }

    /// A command is about to be called.
    #[inline(always)]
    fn begin(&mut self, node: &Node, always_timed: bool) -> Option<Timed> {
        if node.timed {
            // It may be one that looks at the statistics.
            self.settle();
        }
        self.tally.before(node.timed || always_timed)
    }

    /// A command was called: counts it, and answers what its handler did not.
    #[inline(always)]
    fn end(
        &mut self,
        node: &'static Node,
        args: Args<'_>,
        timed: Option<Timed>,
        ended: Ended,
        reply: &mut dyn Reply,
    ) -> Flow {
        #[cfg(feature = "snapshot")]
        let ended = match &self.state.after {
            Some(_) => self.run_after(ended, reply),
            None => ended,
        };
        let took = self.tally.after(&self.instance.stats, node.id, timed);
        let clock = self.engine.clock();
        self.instance.timing.note(took, node, args, &self.state.client, clock);
        if let Err(error) = ended {
            self.answer_error(node, &error, reply);
        }
        if self.state.blocked.is_some() {
            return self.block(reply);
        }
        self.flow()
    }

    /// What becomes of the conversation after a command that is over and does not wait.
    #[inline(always)]
    fn flow(&self) -> Flow {
        // Once it is over, as Valkey: what looks does not count itself.
        self.state.client.count_command();
        if self.state.closing || self.state.client.is_killed() {
            Flow::Close
        } else {
            Flow::Continue
        }
    }

    #[cold]
    fn answer_error(&self, node: &Node, error: &Error, reply: &mut dyn Reply) {
        self.instance.stats.on_error(error.code(), Some(node.id), false);
        reply.error(error);
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

    /// Notes how many bytes a command of a connection and its reply took, if anybody wants to know. It was read from
    /// so many bytes, which lack a header, or all of them if it came in line.
    #[cfg(feature = "network")]
    #[inline]
    pub(crate) fn note_sizes(&self, args: Args<'_>, read: usize, reply: usize, flow: Flow) {
        /// Bytes of a word's header and of its line's end, at most.
        const AROUND: usize = 25;
        if self.instance.timing.is_large(read + AROUND * (args.len() + 1), reply)
            && !matches!(flow, Flow::Held(_))
        {
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

    /// Runs a command of a log that was [prepared](Session::prepare) for, whatever it answers. Returns its row, and
    /// whether it answered that it could not be run.
    /// What is for who runs the server, such as SHUTDOWN, is not run: no log has it but one that somebody made up.
    ///
    /// # Errors
    /// `None` if there is no such command, or it takes other arguments.
    #[cfg(feature = "aof")]
    pub(super) fn replay_one(
        &mut self,
        args: Args<'_>,
        hash: Option<Hash>,
        reply: &mut dyn Reply,
    ) -> Option<(&'static Node, Result<()>)> {
        let mut node = self.table.find(args.at(0))?;
        if !node.children.is_empty() && args.len() > 1 {
            node = node.child(args.at(1))?;
        }
        if !node.row.accepts(args.len()) {
            return None;
        }
        let flags = node.row.flags;
        if flags.contains(Flags::ADMIN) {
            return Some((node, Err(Error::reply("ERR not a command of a log"))));
        }
        // Refused, it would have the commands around it thrown away at EXEC.
        let nested = is(args.at(0), "multi") || is(args.at(0), "watch");
        if nested && self.state.queue.is_some() {
            return Some((node, Err(Error::reply("ERR MULTI calls can not be nested"))));
        }
        if let Some(queue) = &mut self.state.queue
            && !flags.contains(Flags::AT_ONCE)
        {
            queue.push(node, args);
            return Some((node, Ok(())));
        }
        let result = self.call::<true>(node, args, hash, reply).map_err(|error| *error);
        // What waits for keys in a log waited in vain.
        self.state.blocked = None;
        Some((node, result))
    }
}
