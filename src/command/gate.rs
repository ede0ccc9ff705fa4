//! What a fake server decides before a command of a connection runs; see `fake/`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::args::Args;
use super::client::Client;
use super::dispatch::Flow;
use super::reply::Reply;
use super::session::Session;
use super::table::Node;
use crate::api::Engine;
use crate::error::Error;

/// Stands before the commands of connections. Callers in this process do not meet it.
pub(crate) trait Gate: Send + Sync + fmt::Debug {
    /// Whether the server that is imitated has no such command.
    fn lacks(&self, node: &Node) -> bool;
    /// Who answers, in the words of `HELLO`, if not Redis: a name and a version.
    fn answers_as(&self) -> Option<(&'static str, &'static str)>;
    /// Runs a command that steers the fake itself; false if this is none.
    fn control(&self, engine: &Engine, args: Args<'_>, reply: &mut dyn Reply) -> bool;
    /// Why the server that is imitated cannot run a command with these words, now that it is to run.
    fn refuses(&self, node: &'static Node, args: Args<'_>) -> Option<Error>;
    /// Says what becomes of a command. For a delay, it has the client woken when that is over.
    fn meet(&self, client: &Arc<Client>, node: Option<&'static Node>, args: Args<'_>) -> Meeting;
    /// Whether nobody may connect now.
    fn refuses_connections(&self) -> bool;
}

/// What becomes of a command.
#[derive(Debug)]
pub(crate) enum Meeting {
    /// It runs.
    Pass,
    /// It is answered with an error and does not run.
    Refuse(Error),
    /// Likewise, as what there is not: nothing is counted by its name.
    Unknown(Error),
    /// It runs when so much time has passed.
    Delay(Duration),
    /// It does not run, and the connection ends without an answer.
    Drop,
}

impl Session {
    /// What becomes of a command, if anything but that it runs now.
    #[cold]
    pub(super) fn pass_gate(
        &mut self,
        gate: &dyn Gate,
        args: Args<'_>,
        reply: &mut dyn Reply,
    ) -> Option<Flow> {
        /// No pause ends it: the client is woken.
        const UNTIL_WOKEN: Flow = Flow::Held(i64::MAX);
        if let Some((since, delay)) = self.state.delay {
            if since.elapsed() < delay {
                return Some(UNTIL_WOKEN);
            }
            self.state.delay = None;
            return None;
        }
        if gate.control(&self.engine, args, reply) {
            return Some(Flow::Continue);
        }
        let found = self.table.find(args.at(0));
        let node = found.map(|node| args.get(1).and_then(|sub| node.child(sub)).unwrap_or(node));
        match gate.meet(&self.state.client, node, args) {
            Meeting::Pass => None,
            Meeting::Refuse(error) => Some(self.refuse(node, args, error, reply)),
            Meeting::Unknown(error) => Some(self.refuse(None, args, error, reply)),
            Meeting::Drop => Some(Flow::Close),
            Meeting::Delay(delay) => {
                self.state.delay = Some((crate::clock::Stopwatch::start(), delay));
                Some(UNTIL_WOKEN)
            }
        }
    }
}
