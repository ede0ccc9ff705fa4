//! What a handler is given.

use super::args::Args;
use super::instance::Instance;
use super::reply::Reply;
use super::session::State;
use super::table::Node;
use crate::api::Engine;
use crate::error::Result;
use crate::keyspace::{Key, Tx};

/// Runs one command: reads the arguments, calls one operation of `tx`, writes the reply.
///
/// A handler never locks: whatever its row says it needs is locked before it
/// runs, so the same handler runs alone and between MULTI and EXEC. It writes
/// nothing to the reply when it returns an error; the dispatcher writes that.
pub type Handler = fn(&mut Context<'_, '_>) -> Result<()>;

/// One call of one command.
pub struct Context<'c, 'k> {
    /// Its words.
    pub(super) args: Args<'c>,
    /// Its keys, in the order in which its key specs find them, hashed.
    pub(super) keys: &'c [Key<'c>],
    /// The locked data.
    pub(super) tx: &'c mut Tx<'k>,
    /// The engine.
    pub(super) engine: &'c Engine,
    /// What sessions share.
    pub(super) instance: &'c Instance,
    /// The session that calls.
    pub(super) session: &'c mut State,
    /// Where the answer goes.
    pub(super) reply: &'c mut (dyn Reply + 'c),
    /// The row.
    pub(super) node: &'static Node,
}

impl std::fmt::Debug for Context<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("args", &self.args)
            .field("command", &self.node.full_name)
            .finish_non_exhaustive()
    }
}

impl<'c> Context<'c, '_> {
    /// The first key.
    ///
    /// # Panics
    /// When the row finds no key in words that fit its arity.
    pub(super) fn key(&self) -> Key<'c> {
        self.keys[0]
    }

    /// Answers `OK`.
    pub(super) fn ok(&mut self) -> Result<()> {
        self.reply.simple("OK");
        Ok(())
    }

    /// Answers an integer.
    pub(super) fn integer(&mut self, value: i64) -> Result<()> {
        self.reply.integer(value);
        Ok(())
    }

    /// Answers how many.
    pub(super) fn count(&mut self, value: usize) -> Result<()> {
        self.integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
