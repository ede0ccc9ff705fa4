//! A connection's state, or that of a caller who speaks in commands.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use super::args::Args;
use super::blocking::Blocked;
use super::client::{Client, OnPush, Origin};
use super::dispatch::Flow;
use super::instance::Instance;
#[cfg(feature = "snapshot")]
use super::persistence::After;
use super::pubsub::Subscriptions;
use super::reply::{Protocol, Reply};
use super::row::Flags;
use super::stats::Tally;
use super::table::{Node, Table};
use super::transaction::{Queue, Watched};
use super::value::{Value, ValueSink};
use crate::api::{Db, Engine};
use crate::error::{Error, Result};
use crate::keyspace::{Looks, Soon};
use crate::pubsub::Hub;

/// How many commands are prepared for without an allocation.
const AHEAD: usize = 32;

/// The hash of a key, where it is known beforehand. Zero is none: that of one key in 2^64 is worked out again.
pub(crate) type Hash = NonZeroU64;

/// One conversation with the engine: the database chosen, the protocol spoken, who it is.
///
/// ```
/// use danio::command::{Session, Value};
/// use danio::{Config, Engine};
///
/// let engine = Engine::open(Config::new())?;
/// let mut session = Session::new(&engine);
/// assert_eq!(session.execute(["SET", "k", "1"])?, Value::Status("OK".into()));
/// assert_eq!(session.execute(["INCR", "k"])?, Value::Int(2));
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug)]
pub struct Session {
    pub(super) engine: Engine,
    pub(super) instance: Arc<Instance>,
    pub(super) table: &'static Table,
    pub(super) tally: Tally,
    pub(super) state: State,
    /// What was pushed before the last answer, for a caller in this process.
    pushes: Vec<Value>,
}

/// What handlers may read and change of a session.
#[derive(Debug)]
pub struct State {
    /// Itself, as others see it.
    pub client: Arc<Client>,
    /// The database that keys are looked up in.
    pub(super) db: u32,
    pub(super) protocol: Protocol,
    pub(super) authenticated: bool,
    pub(super) replies: Replies,
    /// Whether the conversation ends with this command's reply.
    pub(super) closing: bool,
    /// The commands that wait for EXEC, between MULTI and EXEC.
    pub(super) queue: Option<Box<Queue>>,
    pub(super) watched: Watched,
    /// What look-ups found that the statistics have not been told of.
    pub(super) looks: Looks,
    /// Whether EXEC runs the queued commands.
    pub(super) executing: bool,
    /// What it listens to, if it listens.
    pub(super) subscriptions: Option<Box<Subscriptions>>,
    /// What is to be done when the command has let go of its locks.
    #[cfg(feature = "snapshot")]
    pub(super) after: Option<After>,
    /// The command that waits.
    pub(super) blocked: Option<Box<Blocked>>,
    /// Where this thread's last write ended when the batch began that runs, as far as writes are kept.
    began: Option<u64>,
    /// Where the last write ended that was made for it in a batch before.
    wrote: u64,
    /// Since when, and for how long, a fake server delays the command that comes next.
    #[cfg(feature = "fake")]
    pub(super) delay: Option<(crate::clock::Stopwatch, std::time::Duration)>,
}

/// `CLIENT REPLY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replies {
    On,
    Off,
    /// The next command's is left out.
    SkipNext,
    /// This command's is left out.
    Skip,
}

impl State {
    pub(super) fn set_db(&mut self, db: u32) {
        self.db = db;
        self.client.db.store(db, Relaxed);
    }

    pub(super) fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.client.resp.store(if protocol == Protocol::Resp3 { 3 } else { 2 }, Relaxed);
    }
}

impl State {
    /// Whether it listens and speaks RESP2, in which messages look like answers.
    #[inline]
    pub(super) fn only_listens(&self) -> bool {
        self.subscriptions.is_some() && self.protocol == Protocol::Resp2
    }

    /// Listens to nothing any more.
    pub(super) fn end_subscriptions(&mut self, hub: &Hub) {
        if let Some(mut subscriptions) = self.subscriptions.take() {
            subscriptions.clear(hub, &self.client);
        }
    }

    /// Whether the keys that a command reads are remembered for client-side caching.
    #[inline]
    pub(super) fn remembers(&self, node: &Node) -> bool {
        self.client.tracking.remembers() && node.row.flags.contains(Flags::READONLY)
    }

    /// Where the last write ended that was made for it, as far as writes are kept.
    pub(super) fn wrote(&self, engine: &Engine) -> u64 {
        self.wrote_in_batch(engine).unwrap_or(self.wrote)
    }

    /// Where the last write ended that was made for it in the batch that runs, if there was one.
    fn wrote_in_batch(&self, engine: &Engine) -> Option<u64> {
        let appended = engine.appended();
        appended.filter(|_| appended != self.began)
    }

    /// Somebody else wrote something for it.
    pub(super) fn was_served(&mut self, engine: &Engine) {
        self.wrote = engine.appended_by_all();
    }

    /// Whether a command has left something to be done when it is over.
    pub(super) fn has_left(&self) -> bool {
        #[cfg(feature = "snapshot")]
        if self.after.is_some() {
            return true;
        }
        self.blocked.is_some() || self.closing
    }

    /// Shows others how long the queue is.
    pub(super) fn show_queue(&self) {
        self.client.set_queue(self.queue.as_ref().map(|queue| (queue.len(), queue.heap_size())));
    }
}

impl Session {
    /// A session for a caller in this process. It needs no password, is not
    /// listed among the clients and not held back by `CLIENT PAUSE`.
    pub fn new(engine: &Engine) -> Session {
        let mut session = Session::connect(engine, Origin::in_process());
        session.state.authenticated = true;
        session.state.set_protocol(Protocol::Resp3);
        session
    }

    /// A session for a connection, listed among the clients until it is dropped.
    pub fn connect(engine: &Engine, origin: Origin) -> Session {
        let instance = Instance::of(engine);
        let client = instance.clients.register(origin, engine.clock().recent());
        let watched = Watched::new(client.clone());
        let state = State {
            client,
            db: 0,
            protocol: Protocol::Resp2,
            authenticated: !instance.password.is_needed(),
            replies: Replies::On,
            closing: false,
            queue: None,
            watched,
            looks: Looks::default(),
            executing: false,
            subscriptions: None,
            #[cfg(feature = "snapshot")]
            after: None,
            blocked: None,
            began: None,
            wrote: 0,
            #[cfg(feature = "fake")]
            delay: None,
        };
        Session {
            engine: engine.clone(),
            instance,
            table: Table::get(),
            tally: Tally::new(),
            state,
            pushes: Vec::new(),
        }
    }

    /// A session for a caller in this process that others see as they see a connection: it is listed among
    /// the clients, may be killed, and its waits end by waking `link`.
    #[cfg(feature = "redis")]
    pub(crate) fn attach(
        engine: &Engine,
        db: u32,
        protocol: Protocol,
        link: Box<dyn super::client::Link>,
    ) -> Session {
        let addr = "in-process:0".to_string();
        let origin = Origin { laddr: addr.clone(), addr, link: Some(link), ..Origin::in_process() };
        let mut session = Session::connect(engine, origin);
        session.state.authenticated = true;
        session.state.set_db(db);
        session.state.set_protocol(protocol);
        session
    }

    /// Itself, as others see it.
    pub fn client(&self) -> &Arc<Client> {
        &self.state.client
    }

    /// What the sessions of this engine share.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// The version that the connection speaks.
    pub fn protocol(&self) -> Protocol {
        self.state.protocol
    }

    /// Whether the connection has authenticated, or needs not to.
    pub fn is_authenticated(&self) -> bool {
        self.state.authenticated
    }

    /// Whether the next command is not answered (`CLIENT REPLY`).
    #[cfg(feature = "network")]
    pub(crate) fn is_silent(&self) -> bool {
        self.state.replies != Replies::On
    }

    /// Bytes of commands that wait for EXEC.
    pub fn queued_bytes(&self) -> usize {
        self.state.queue.as_ref().map_or(0, |queue| queue.heap_size())
    }

    /// Runs one command given as words, its name first. One that waits, such as BLPOP, has the thread sleep, with a
    /// timeout of 0 until another thread brings what it waits for.
    ///
    /// # Errors
    /// Whatever the command answers that is an error.
    pub fn execute<W: AsRef<[u8]>>(&mut self, words: impl IntoIterator<Item = W>) -> Result<Value> {
        let words: Vec<W> = words.into_iter().collect();
        let slices: Vec<&[u8]> = words.iter().map(AsRef::as_ref).collect();
        if slices.is_empty() {
            return Err(Error::reply("ERR no command was given"));
        }
        let mut sink = ValueSink::new();
        if self.state.client.has_mail() {
            self.pushes = self.take_pushes();
        }
        self.begin_batch();
        let blocked = self.dispatch(Args::new(&slices), &mut sink) == Flow::Blocked;
        let served = self.waits_to_be_served();
        if blocked {
            let _ = self.wait(&mut sink);
        }
        self.end_batch();
        self.pushes.append(&mut sink.pushed);
        // Whoever served a call that waited has appended what it did.
        match served {
            true => self.engine.make_all_safe()?,
            // What wrote nothing has nothing to wait for.
            false if self.state.wrote_in_batch(&self.engine).is_some() => {
                self.engine.make_safe()?
            }
            false => {}
        }
        sink.finish()
    }

    /// Writes what was pushed to this session, about `budget` bytes of it. To be called between
    /// commands: an answer is never split.
    pub(crate) fn take_mail(&self, budget: usize, reply: &mut dyn Reply) {
        self.state.client.mailbox.take(budget, |push| reply.pushed(push));
    }

    /// Takes what was pushed to this session since the last call: messages of channels that it
    /// listens to, and confirmations before the one that a command answered with.
    ///
    /// ```
    /// use danio::command::{Session, Value};
    /// use danio::{Config, Engine};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// let mut session = Session::new(&engine);
    /// session.execute(["SUBSCRIBE", "news"])?;
    /// engine.publish("news", "hello");
    /// let words = ["message", "news", "hello"].map(|word| Value::Bulk(word.into()));
    /// assert_eq!(session.take_pushes(), [Value::Push(words.to_vec())]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    ///
    /// What is not taken counts against `client-output-buffer-limit pubsub`; whoever leaves more than
    /// its hard limit gets no more, and its client [is killed](Client::is_killed).
    pub fn take_pushes(&mut self) -> Vec<Value> {
        let mut taken = std::mem::take(&mut self.pushes);
        self.state.client.mailbox.take(usize::MAX, |push| taken.push(push.value()));
        taken
    }

    /// Has `act` called when something is pushed to this session and nothing waited before; in
    /// place of what was set before.
    ///
    /// It is called by the thread that pushed, perhaps while that thread has data locked: it must
    /// be quick, must not wait and must not use the engine. To wake whoever calls
    /// [`take_pushes`](Session::take_pushes) is what it is for.
    pub fn on_push(&self, act: impl Fn() + Send + Sync + 'static) {
        self.state.client.set_on_push(Some(OnPush(Box::new(act))));
    }

    /// Hints that these commands run next: their first keys are brought near, all at once
    /// rather than one after the other, and then the members that they name.
    pub fn prefetch<'a>(&self, commands: impl Iterator<Item = Args<'a>>) {
        self.fetch(commands, |_, _| {});
    }

    /// As [`prefetch`](Session::prefetch), and keeps the hash of each command that has a word behind its name, in its place.
    #[cfg(any(feature = "network", feature = "aof"))]
    pub(crate) fn prepare<'a>(
        &self,
        commands: impl Iterator<Item = Args<'a>>,
        hashes: &mut [Option<Hash>],
    ) {
        self.fetch(commands, |i, hash| {
            if let Some(place) = hashes.get_mut(i) {
                *place = Hash::new(hash);
            }
        });
    }

    #[inline(always)]
    fn fetch<'a>(
        &self,
        commands: impl Iterator<Item = Args<'a>>,
        mut found: impl FnMut(usize, u64),
    ) {
        let (keyspace, db) = (self.engine.keyspace(), self.state.db);
        let mut soon = SmallVec::<[Soon<'_>; AHEAD]>::new();
        for (i, args) in commands.enumerate() {
            // What follows the name is a key in all commands that matter here; a wrong
            // guess is only a wasted hint.
            if let Some(key) = args.get(1) {
                let hash = keyspace.key(key).hash;
                soon.push((hash, member(args)));
                found(i, hash);
            }
        }
        keyspace.fetch_soon(db, &soon);
    }

    /// Has what this thread writes from now on count as written for this session (`WAITAOF`), until the batch of commands is
    /// [done](Session::end_batch).
    pub fn begin_batch(&mut self) {
        self.state.began = self.engine.appended();
    }

    /// Where the last write ended that the batch made, if it made one that is kept.
    #[cfg(all(feature = "network", feature = "aof"))]
    pub(crate) fn wrote_in_batch(&self) -> Option<u64> {
        self.state.wrote_in_batch(&self.engine)
    }

    /// Makes what was counted visible to INFO, and tells who tracks keys by their prefixes what has
    /// changed. To be called when a batch of commands is done.
    pub fn end_batch(&mut self) {
        if let Some(wrote) = self.state.wrote_in_batch(&self.engine) {
            self.state.wrote = wrote;
        }
        self.settle();
        self.instance.tracking.end_batch();
    }

    /// Adds what was counted to the statistics.
    pub(super) fn settle(&mut self) {
        self.tally.settle(&self.instance.stats);
        self.engine.keyspace().count(std::mem::take(&mut self.state.looks));
    }
}

/// The first member or field that a command names, guessed by the first two letters of its name:
/// right for what is asked by the million (SADD, SREM, SISMEMBER, HSET, HGET, ZADD, ZSCORE), and without
/// a look into the command table.
fn member<'a>(args: Args<'a>) -> Option<&'a [u8]> {
    let place = match args.at(0).first_chunk()?.map(|letter: u8| letter | 0x20) {
        [b's', b'a' | b'r' | b'i'] | [b'h', _] => 2,
        [b'z', b'a' | b'i'] => 3,
        [b'z', _] => 2,
        _ => return None,
    };
    args.get(place)
}

impl Db {
    /// Runs one command given as words in this database, its name first. A [`Session`] that is
    /// kept does it at less cost, and remembers what commands such as SELECT change.
    ///
    /// One that waits, such as BLPOP, has the thread sleep: with a timeout of 0 until another thread brings what it waits for,
    /// be it for ever. With feature `async` there are futures: `Db::blpop_async` and its kin.
    ///
    /// ```
    /// use danio::command::Value;
    /// let db = danio::Db::in_memory();
    /// db.execute(["SET", "k", "v"])?;
    /// assert_eq!(db.execute(["GET", "k"])?, Value::Bulk("v".into()));
    /// assert_eq!(db.execute(["GET"]).unwrap_err().to_string(), "ERR wrong number of arguments for 'get' command");
    /// # Ok::<(), danio::Error>(())
    /// ```
    ///
    /// # Errors
    /// Whatever the command answers that is an error.
    pub fn execute<W: AsRef<[u8]>>(&self, words: impl IntoIterator<Item = W>) -> Result<Value> {
        let mut session = Session::new(self.engine());
        session.state.set_db(self.number());
        session.execute(words)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end_batch();
        self.instance.tracking.disable(&self.state.client, self.engine.keyspace());
        self.instance.monitors.remove(&self.state.client);
        self.state.watched.clear(self.engine.keyspace());
        self.state.end_subscriptions(self.engine.hub());
        self.instance.clients.forget(&self.state.client);
    }
}
