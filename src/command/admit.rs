//! Whether a session may call a command, and the answer if it may not.

use super::args::Args;
use super::client::Mark;
use super::dispatch::Flow;
use super::errors;
use super::instance::Held;
use super::parse::is;
use super::reply::Reply;
use super::row::{Flags, Group};
use super::session::{Replies, Session, State};
use super::table::{Node, Plan};
use crate::clock::Millis;
use crate::error::{Error, Result};

/// What a connection that is shown all commands may not call.
const KEYSPACE: Flags = Flags::WRITE.union(Flags::READONLY).union(Flags::MAY_REPLICATE);

/// Why a command was not admitted, and its row if it has one.
pub(super) type Refused = (Option<&'static Node>, Error);

impl Session {
    /// Whether nothing is out of the ordinary, neither with the session nor with its client, the server or the data. Then
    /// nothing is forbidden but what a row itself forbids, nobody is told of a command, and each runs at once.
    #[inline(always)]
    pub(super) fn is_ordinary(&self) -> bool {
        let State { authenticated, replies, queue, subscriptions, blocked, client, .. } =
            &self.state;
        let own = *authenticated
            & (*replies == Replies::On)
            & queue.is_none()
            & subscriptions.is_none()
            & blocked.is_none();
        let keyspace = self.engine.keyspace();
        let shared = !self.instance.attention.is_needed() & keyspace.settings.gate.is_open();
        own & client.is_ordinary() & shared && keyspace.has_room()
    }

    /// The row for these words, if the session may call it with them.
    pub(super) fn admit(&self, args: Args<'_>) -> Result<&'static Node, Box<Refused>> {
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
        if !node.accepts(args.len()) {
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

    /// Answers a command that was not admitted.
    #[cold]
    pub(super) fn turn_away(
        &mut self,
        (node, error): Refused,
        args: Args<'_>,
        reply: &mut dyn Reply,
    ) -> Flow {
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

    /// What a command is, and for EXEC what the commands are that it runs.
    fn effects(&self, node: &Node) -> Flags {
        let queued = match &self.state.queue {
            Some(queue) if node.plan == Plan::Queue => queue.flags(),
            _ => Flags::empty(),
        };
        node.row.flags | queued
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
    pub(super) fn held(&self, node: &Node) -> Option<Millis> {
        let client = &self.state.client;
        if client.origin.trusted {
            return None;
        }
        let (what, until) = self.instance.pause.at(self.engine.clock().now())?;
        let held =
            what == Held::All || self.effects(node).intersects(Flags::WRITE | Flags::MAY_REPLICATE);
        client.mark(Mark::HELD, held);
        held.then_some(until)
    }
}

/// Whether a connection that listens may call this: what changes what it listens to, and what ends it.
#[cold]
fn may_listener_call(node: &Node) -> bool {
    let row = node.row;
    matches!(row.name, "ping" | "quit" | "reset") && row.group == Group::Connection
        || row.group == Group::PubSub && row.flags.contains(Flags::NOSCRIPT)
}
