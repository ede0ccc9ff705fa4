//! Commands that wait: BLPOP and its kin, XREAD and XREADGROUP with BLOCK.
//!
//! A handler that has nothing to answer with yet leaves what it wants with the session. The session then
//! answers nothing, and whoever speaks for it comes back when its client's link was woken, or lets
//! its thread sleep.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Duration;

use super::client::Client;
use super::context::Context;
use super::dispatch::Flow;
use super::instance::Instance;
use super::parse;
use super::reply::Reply;
use super::session::Session;
use super::table::Node;
use super::value::Silent;
use crate::api::Vigil;
use crate::blocking::{Cancel, Ticket, Want};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::text::extended::Extended;

/// How long to wait at most; nothing is for ever.
pub(super) type Limit = Option<Duration>;

/// Writes what a wait came to.
pub(super) type Show<W> = fn(&W, <W as Want>::Out, &mut dyn Reply);

/// Writes what is to be said at the end of a wait that no key ends, whatever ended it.
pub(super) type Tell = Box<dyn Fn(&mut dyn Reply) -> Result<()> + Send + Sync>;

/// A command that waits.
pub(super) struct Blocked {
    wait: Box<dyn Wait>,
    limit: Limit,
    node: &'static Node,
    /// Whether its answer is left out (`CLIENT REPLY`).
    pub(super) silent: bool,
    /// That it is seen to wait.
    shown: Option<Shown>,
}

/// A wait, whatever it is for.
trait Wait: Send + Sync {
    /// Writes the answer, if there is one yet; else has `waker` woken when there is.
    fn poll(&mut self, waker: &Waker, reply: &mut dyn Reply) -> Option<Result<()>>;
    /// Has the thread sleep until there is an answer, and writes it.
    fn sleep(self: Box<Self>, limit: Limit, reply: &mut dyn Reply) -> Result<()>;
    fn end_after(&mut self, limit: Duration) -> Result<()>;
    fn canceller(&self) -> Weak<dyn Cancel>;
    /// Whether others may do its work.
    fn is_served(&self) -> bool;
}

struct Waits<W: Want> {
    ticket: Ticket<W>,
    show: Show<W>,
}

impl<W: Want> Wait for Waits<W> {
    fn poll(&mut self, waker: &Waker, reply: &mut dyn Reply) -> Option<Result<()>> {
        let show = self.show;
        let shown = self.ticket.take(Some(waker), |want, out| show(want, out, &mut *reply))?;
        Some(shown.map(|shown| shown.unwrap_or_else(|| reply.null_array())))
    }

    fn sleep(self: Box<Self>, limit: Limit, reply: &mut dyn Reply) -> Result<()> {
        let Waits { ticket, show } = *self;
        let shown = ticket.wait(limit, |want, out| show(want, out, &mut *reply))?;
        shown.unwrap_or_else(|| reply.null_array());
        Ok(())
    }

    fn end_after(&mut self, limit: Duration) -> Result<()> {
        self.ticket.end_after(limit)
    }

    fn canceller(&self) -> Weak<dyn Cancel> {
        self.ticket.canceller()
    }

    fn is_served(&self) -> bool {
        true
    }
}

struct Watches {
    vigil: Vigil,
    tell: Tell,
}

impl Wait for Watches {
    fn poll(&mut self, waker: &Waker, reply: &mut dyn Reply) -> Option<Result<()>> {
        let over = self.vigil.ticket.take(Some(waker), |_, ()| ())?;
        Some(over.and_then(|_| (self.tell)(reply)))
    }

    fn sleep(mut self: Box<Self>, limit: Limit, reply: &mut dyn Reply) -> Result<()> {
        self.vigil.ticket.sleep(limit)?;
        (self.tell)(reply)
    }

    fn end_after(&mut self, limit: Duration) -> Result<()> {
        self.vigil.ticket.end_after(limit)
    }

    fn canceller(&self) -> Weak<dyn Cancel> {
        self.vigil.ticket.canceller()
    }

    fn is_served(&self) -> bool {
        false
    }
}

impl fmt::Debug for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocked")
            .field("command", &self.node.full_name)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Counts a connection among those that wait, and lets others end its wait.
struct Shown {
    client: Arc<Client>,
    instance: Arc<Instance>,
    timed: bool,
}

impl Shown {
    fn new(session: &Session, wait: &dyn Wait, timed: bool) -> Shown {
        let (client, instance) = (session.state.client.clone(), session.instance.clone());
        instance.blocked.fetch_add(1, Relaxed);
        instance.blocked_with_limit.fetch_add(usize::from(timed), Relaxed);
        client.set_blocked(Some(wait.canceller()));
        Shown { client, instance, timed }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.client.set_blocked(None);
        self.instance.blocked.fetch_sub(1, Relaxed);
        self.instance.blocked_with_limit.fetch_sub(usize::from(self.timed), Relaxed);
    }
}

impl Context<'_, '_> {
    /// Whether the command may wait: not between MULTI and EXEC.
    pub(super) fn may_wait(&self) -> bool {
        !self.session.executing
    }

    /// Waits for what was tried in vain; the handler has written nothing, and returns.
    pub(super) fn wait<W: Want>(&mut self, want: W, limit: Limit, show: Show<W>) -> Result<()> {
        let ticket = self.engine.waiting_room().stand_in_line(self.tx, want)?;
        self.block(Box::new(Waits { ticket, show }), limit);
        Ok(())
    }

    /// Waits until all up to a position of the journal is on disk, if there is one, and nothing else ends the wait before;
    /// the handler has written nothing, and returns.
    pub(super) fn keep_vigil(
        &mut self,
        up_to: Option<u64>,
        limit: Limit,
        tell: Tell,
    ) -> Result<()> {
        let vigil = Vigil::begin(self.engine, up_to)?;
        self.block(Box::new(Watches { vigil, tell }), limit);
        Ok(())
    }

    fn block(&mut self, wait: Box<dyn Wait>, limit: Limit) {
        let (node, silent, shown) = (self.node, false, None);
        self.session.blocked = Some(Box::new(Blocked { wait, limit, node, silent, shown }));
    }
}

impl Session {
    /// Whether a command waits, and with it all that follow. Dispatching another one gives it up.
    pub fn is_blocked(&self) -> bool {
        self.state.blocked.is_some()
    }

    /// Whether a command waits whose work others may do.
    pub(crate) fn waits_to_be_served(&self) -> bool {
        self.state.blocked.as_ref().is_some_and(|blocked| blocked.wait.is_served())
    }

    /// Writes the answer of the command that waits, if there is one yet; else the client's link will be woken
    /// when there is. To be called after [`Flow::Blocked`] whenever it was.
    pub fn resume(&mut self, reply: &mut dyn Reply) -> Option<Flow> {
        match self.state.blocked.as_ref()?.silent {
            true => self.resume_with(&mut Silent(reply)),
            false => self.resume_with(reply),
        }
    }

    fn resume_with(&mut self, reply: &mut dyn Reply) -> Option<Flow> {
        let waker = Waker::from(self.state.client.clone());
        let blocked = self.state.blocked.as_mut()?;
        let result = blocked.wait.poll(&waker, reply)?;
        let (node, served) = (blocked.node, blocked.wait.is_served());
        self.state.blocked = None;
        if served {
            self.state.was_served(&self.engine);
        }
        Some(self.conclude(node, result, reply))
    }

    /// Has the thread sleep until the command that waits has its answer, and writes it.
    pub fn wait(&mut self, reply: &mut dyn Reply) -> Flow {
        let Some(blocked) = self.state.blocked.take() else { return Flow::Continue };
        let Blocked { wait, limit, node, silent, .. } = *blocked;
        let served = wait.is_served();
        let mut nobody = Silent(reply);
        let reply: &mut dyn Reply = if silent { &mut nobody } else { &mut *nobody.0 };
        let result = wait.sleep(limit, reply);
        if served {
            self.state.was_served(&self.engine);
        }
        self.conclude(node, result, reply)
    }

    /// Begins the wait that a handler left behind, its stripes being unlocked.
    #[cold]
    pub(super) fn block(&mut self, reply: &mut dyn Reply) -> Flow {
        if self.state.client.origin.link.is_none() {
            return Flow::Blocked;
        }
        let Some(mut blocked) = self.state.blocked.take() else { return Flow::Continue };
        if let Some(limit) = blocked.limit
            && let Err(error) = blocked.wait.end_after(limit)
        {
            return self.conclude(blocked.node, Err(error), reply);
        }
        blocked.shown = Some(Shown::new(self, &*blocked.wait, blocked.limit.is_some()));
        self.state.blocked = Some(blocked);
        // It may be over already.
        self.resume(reply).unwrap_or(Flow::Blocked)
    }

    /// Gives up what the command that waits is waiting for; it is not answered.
    #[cfg(feature = "redis")]
    pub(crate) fn give_up(&mut self) {
        self.state.blocked = None;
    }

    fn conclude(&mut self, node: &'static Node, result: Result<()>, reply: &mut dyn Reply) -> Flow {
        self.state.client.count_command();
        if let Err(error) = result {
            self.instance.stats.on_error(error.code(), Some(node.id), false);
            reply.error(&error);
        }
        match self.state.client.is_killed() {
            true => Flow::Close,
            false => Flow::Continue,
        }
    }
}

impl Wake for Client {
    fn wake(self: Arc<Self>) {
        Client::wake(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Client::wake(self);
    }
}

/// How long to wait, in seconds and parts of them; 0 is for ever.
///
/// # Errors
/// Redis's words for what is no such time.
pub(super) fn seconds(ctx: &Context<'_, '_>, word: &[u8]) -> Result<Limit> {
    let bad = || Error::reply("ERR timeout is not a float or out of range");
    let millis = Extended::parse(word).ok_or_else(bad)?.to_f64() * 1000.0;
    if millis > i64::MAX as f64 {
        return Err(out_of_range());
    }
    limit(millis.ceil() as i64, ctx.engine.clock().now())
}

/// How long to wait, in milliseconds; 0 is for ever.
///
/// # Errors
/// Redis's words for what is no such time.
pub(super) fn millis(word: &[u8], now: Millis) -> Result<Limit> {
    let bad = Error::reply("ERR timeout is not an integer or out of range");
    limit(parse::integer_or(word, bad)?, now)
}

fn limit(millis: i64, now: Millis) -> Result<Limit> {
    match u64::try_from(millis) {
        Err(_) => Err(Error::reply("ERR timeout is negative")),
        Ok(0) => Ok(None),
        Ok(_) if millis > i64::MAX - now.0 => Err(out_of_range()),
        Ok(millis) => Ok(Some(Duration::from_millis(millis))),
    }
}

pub(super) fn out_of_range() -> Error {
    Error::reply("ERR timeout is out of range")
}
