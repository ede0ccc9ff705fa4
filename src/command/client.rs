//! What other connections may know of a connection, and do to it.

use std::collections::BTreeMap;
use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed,
};
use std::sync::{Arc, Weak};

use bitflags::bitflags;
use bytes::Bytes;
use parking_lot::Mutex;

use super::client_memory::{Part, Total};
use super::mailbox::{Mailbox, OutputLimits};
use super::table::Table;
use super::tracking::{Mode, Wish};
use super::traffic::{Net, Traffic, bump};
use crate::blocking::Cancel;
use crate::clock::Millis;
use crate::error::Result;
use crate::keyspace::Watcher;

/// Reaches the connection behind a [`Client`].
pub trait Link: Send + Sync {
    /// Has the connection look at its client again: it may have been killed, or unpaused.
    fn wake(&self);

    /// Has the connection send what was pushed. Called from any thread, perhaps under locks on
    /// data: it must be quick and must not wait.
    fn mail(&self) {
        self.wake();
    }
}

/// Where a session comes from.
#[derive(Default)]
pub struct Origin {
    /// The peer's address, as `CLIENT LIST` shows it.
    pub addr: String,
    /// The listener's address.
    pub laddr: String,
    /// The connection's file descriptor; -1 if it has none.
    pub fd: i32,
    /// Whether it came over a Unix socket.
    pub unix_socket: bool,
    /// Whether the peer is on this machine.
    pub local: bool,
    /// Whether the caller is in this process: it needs no password, and `CLIENT PAUSE` does not hold it back.
    pub trusted: bool,
    /// Reaches the connection; nothing for a session in this process.
    pub link: Option<Box<dyn Link>>,
}

impl Origin {
    /// A session that a caller in this process holds.
    pub fn in_process() -> Origin {
        Origin { fd: -1, local: true, trusted: true, ..Origin::default() }
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Origin")
            .field("addr", &self.addr)
            .field("laddr", &self.laddr)
            .finish_non_exhaustive()
    }
}

/// One connection, as others see it. Its session writes, anyone reads.
pub struct Client {
    /// Counts connections from 1; never given twice.
    pub id: u64,
    /// Where it comes from.
    pub origin: Origin,
    /// When it began.
    pub(crate) born: Millis,
    /// What it calls itself.
    pub(super) names: Mutex<Names>,
    /// When it last sent something, in milliseconds since 1970.
    seen: AtomicI64,
    /// The id of its last command; [`NO_COMMAND`] before the first.
    pub(super) command: AtomicUsize,
    /// How many commands it ran to their end.
    commands: AtomicU64,
    /// Its database.
    pub(super) db: AtomicU32,
    /// The RESP version it speaks: 2 or 3.
    pub(super) resp: AtomicU8,
    pub(super) no_evict: AtomicBool,
    /// What its commands have to mind, besides what it tracks: bits of [`Mark`].
    marks: AtomicU8,
    /// Commands that wait for EXEC; -1 outside a transaction.
    multi: AtomicI64,
    /// Bytes that they take.
    multi_memory: AtomicUsize,
    /// Keys that it watches.
    watched: AtomicUsize,
    /// Marked when one of those changes.
    pub(super) watcher: Arc<Watcher>,
    /// What it wants to be told of keys.
    pub(super) tracking: Mode,
    /// Bytes that it takes to watch them.
    watched_memory: AtomicUsize,
    /// What is pushed to it.
    pub(super) mailbox: Mailbox,
    /// Whether more was pushed than it may leave unread.
    overrun: AtomicBool,
    pub(super) limits: Arc<OutputLimits>,
    /// Called when something is pushed to a session of this process.
    on_push: Mutex<Option<Arc<OnPush>>>,
    /// Channels, patterns and shard channels that it listens to.
    subscribed: [AtomicUsize; 3],
    /// Whether it is shown all commands (`MONITOR`).
    monitor: AtomicBool,
    /// Whether it said that it will end the connection (`QUIT`).
    leaving: AtomicBool,
    /// Ends its wait, while a command of it waits.
    blocked: Mutex<Option<Weak<dyn Cancel>>>,
    traffic: Traffic,
    /// What it takes of the memory of all.
    pub(super) part: Part,
}

/// What a session of this process calls when something is pushed to it.
pub(super) struct OnPush(pub(super) Box<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for OnPush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnPush")
    }
}

/// What a client calls itself.
#[derive(Debug, Default, Clone)]
pub(super) struct Names {
    pub(super) name: Bytes,
    pub(super) lib_name: Bytes,
    pub(super) lib_ver: Bytes,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

bitflags! {
    /// What makes the commands of one client run with care.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Mark: u8 {
        /// The connection was asked to end.
        const KILLED = 1;
        /// It sent a command that `CLIENT PAUSE` holds back.
        const HELD = 1 << 1;
        /// What it looks up does not count as used (`CLIENT NO-TOUCH`).
        const NO_TOUCH = 1 << 2;
    }
}

pub(super) const NO_COMMAND: usize = usize::MAX;

impl Client {
    fn new(id: u64, origin: Origin, now: Millis, limits: Arc<OutputLimits>) -> Client {
        Client {
            id,
            origin,
            born: now,
            names: Mutex::default(),
            seen: AtomicI64::new(now.0),
            command: AtomicUsize::new(NO_COMMAND),
            commands: AtomicU64::new(0),
            db: AtomicU32::new(0),
            resp: AtomicU8::new(2),
            no_evict: AtomicBool::new(false),
            marks: AtomicU8::new(0),
            multi: AtomicI64::new(-1),
            multi_memory: AtomicUsize::new(0),
            watched: AtomicUsize::new(0),
            watched_memory: AtomicUsize::new(0),
            watcher: Arc::default(),
            tracking: Mode::default(),
            mailbox: Mailbox::default(),
            overrun: AtomicBool::new(false),
            limits,
            on_push: Mutex::new(None),
            subscribed: Default::default(),
            monitor: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            blocked: Mutex::default(),
            traffic: Traffic::default(),
            part: Part::default(),
        }
    }

    /// Asks the connection to end (`CLIENT KILL`).
    pub fn kill(&self) {
        self.mark(Mark::KILLED, true);
        self.wake();
    }

    /// Whether a mark is set.
    #[inline]
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.marks.load(Relaxed) & mark.bits() != 0
    }

    /// Sets or clears a mark.
    pub(super) fn mark(&self, mark: Mark, on: bool) {
        match on {
            true => self.marks.fetch_or(mark.bits(), Relaxed),
            false => self.marks.fetch_and(!mark.bits(), Relaxed),
        };
    }

    /// Whether its commands have nothing to mind: it has no mark, and tracks no keys.
    #[inline(always)]
    pub(super) fn is_ordinary(&self) -> bool {
        self.marks.load(Relaxed) | self.tracking.wish().bits() == 0
    }

    /// Whether the connection was asked to end.
    #[inline]
    pub fn is_killed(&self) -> bool {
        self.has(Mark::KILLED)
    }

    /// Notes that the connection ends with the answer that is on its way.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Relaxed);
    }

    /// Whether the connection is about to end.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Relaxed) || self.is_killed()
    }

    /// Notes that it is shown all commands, or no longer.
    pub(super) fn set_monitor(&self, on: bool) {
        self.monitor.store(on, Relaxed);
    }

    /// Whether it is shown all commands.
    pub(super) fn is_monitor(&self) -> bool {
        self.monitor.load(Relaxed)
    }

    /// Whether it speaks RESP3.
    pub(super) fn speaks_resp3(&self) -> bool {
        self.resp.load(Relaxed) == 3
    }

    /// Shows that a command waits, or that none does.
    pub(super) fn set_blocked(&self, wait: Option<Weak<dyn Cancel>>) {
        *self.blocked.lock() = wait;
    }

    /// Whether a command waits.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.lock().is_some()
    }

    /// Ends the wait of its command, as if the time were over or with an error. Returns whether
    /// one waited.
    pub(super) fn unblock(&self, outcome: Result<()>) -> bool {
        let wait = self.blocked.lock().as_ref().and_then(Weak::upgrade);
        wait.is_some_and(|wait| wait.cancel(outcome))
    }

    /// Whether the connection was cut to save memory: it ends without another word.
    #[cfg(feature = "network")]
    pub(crate) fn is_cut(&self) -> bool {
        self.part.is_gone()
    }

    /// Has the connection look at this client again.
    pub(crate) fn wake(&self) {
        if let Some(link) = &self.origin.link {
            link.wake();
        }
    }

    /// Has whoever holds the connection take what was pushed.
    pub(super) fn announce_mail(&self) {
        if let Some(link) = &self.origin.link {
            return link.mail();
        }
        let on_push = self.on_push.lock().clone();
        if let Some(on_push) = on_push {
            on_push.0();
        }
    }

    /// Sets what is called when something is pushed to a session of this process.
    pub(super) fn set_on_push(&self, on_push: Option<OnPush>) {
        *self.on_push.lock() = on_push.map(Arc::new);
    }

    /// Ends the connection, for which too much was pushed.
    #[cold]
    pub(super) fn overrun(&self) {
        self.overrun.store(true, Relaxed);
        self.kill();
        self.announce_mail();
    }

    /// Whether it is to end because too much was pushed.
    #[cfg(any(test, feature = "network"))]
    pub(crate) fn is_overrun(&self) -> bool {
        self.overrun.load(Relaxed)
    }

    /// Shows how many channels, patterns and shard channels it listens to.
    pub(super) fn set_subscribed(&self, counts: [usize; 3]) {
        for (shown, count) in self.subscribed.iter().zip(counts) {
            shown.store(count, Relaxed);
        }
    }

    /// Notes that it ran one more command: one that waits for EXEC or blocks is not over.
    #[inline]
    pub(super) fn count_command(&self) {
        bump(&self.commands, 1);
    }

    /// Whether it listens to anything.
    pub(super) fn is_subscriber(&self) -> bool {
        self.subscribed.iter().any(|count| count.load(Relaxed) != 0)
    }

    /// Whether it is silent because it waits: for messages, for commands to be shown, or for a command of its own to go on.
    /// `timeout` does not hold for it.
    #[cfg(feature = "network")]
    pub(crate) fn listens(&self) -> bool {
        self.is_blocked() || self.has(Mark::HELD) || self.is_subscriber() || self.is_monitor()
    }

    /// Bytes of answers that the socket has not taken.
    pub(super) fn output(&self) -> usize {
        self.traffic.output.load(Relaxed)
    }

    /// Notes that the connection read `received` bytes just now, that its query buffer
    /// holds `used` bytes and has room for `free` more.
    #[cfg(feature = "network")]
    pub(crate) fn on_read(&self, now: Millis, received: usize, used: usize, free: usize) {
        self.seen.store(now.0, Relaxed);
        self.traffic.on_read(received, used, free);
    }

    /// Notes that the connection wrote `sent` bytes, and that `waiting` more wait.
    #[cfg(feature = "network")]
    pub(crate) fn on_write(&self, sent: usize, waiting: usize) {
        self.traffic.on_write(sent, waiting);
    }

    /// Notes that it called, or was sent a push, just now.
    #[cfg(any(feature = "network", feature = "redis"))]
    pub(crate) fn see(&self, now: Millis) {
        self.seen.store(now.0, Relaxed);
    }

    /// The database that it has chosen.
    #[cfg(feature = "fake")]
    pub(crate) fn database(&self) -> u32 {
        self.db.load(Relaxed)
    }

    /// When it last sent something, or was sent a push.
    pub(crate) fn last_seen(&self) -> Millis {
        Millis(self.seen.load(Relaxed))
    }

    /// Shows how many commands wait for EXEC, and the bytes that they take; `None` outside a
    /// transaction.
    pub(super) fn set_queue(&self, queue: Option<(usize, usize)>) {
        let (commands, bytes) = queue.unzip();
        self.multi.store(commands.map_or(-1, |n| n as i64), Relaxed);
        self.multi_memory.store(bytes.unwrap_or(0), Relaxed);
    }

    /// Shows how many keys it watches, and the bytes that it takes to do so.
    pub(super) fn set_watched(&self, keys: usize, bytes: usize) {
        self.watched.store(keys, Relaxed);
        self.watched_memory.store(bytes, Relaxed);
    }

    /// Bytes that it takes: itself, its buffers, the commands that wait for EXEC, the keys that it watches,
    /// and about what its subscriptions take.
    #[inline]
    pub(super) fn memory(&self) -> usize {
        /// Of one channel or pattern, here and with its audience.
        const SUBSCRIPTION: usize = 128;
        let Traffic { query_used, query_free, output, .. } = &self.traffic;
        let parts = [query_used, query_free, output, &self.multi_memory, &self.watched_memory];
        let subscriptions: usize = self.subscribed.iter().map(|count| count.load(Relaxed)).sum();
        size_of::<Client>()
            + parts.iter().map(|part| part.load(Relaxed)).sum::<usize>()
            + self.mailbox.bytes()
            + subscriptions * SUBSCRIPTION
    }

    /// The letters of `CLIENT LIST`'s `flags`.
    pub(super) fn flags(&self) -> String {
        let mut flags = String::new();
        let wish = self.tracking.wish();
        for (on, letter) in [
            (self.is_monitor(), 'O'),
            (self.is_subscriber(), 'P'),
            (self.multi.load(Relaxed) >= 0, 'x'),
            (self.has(Mark::HELD) || self.is_blocked(), 'b'),
            (wish.contains(Wish::ON), 't'),
            (wish.contains(Wish::BROKEN), 'R'),
            (wish.contains(Wish::BCAST), 'B'),
            (self.watcher.has_changed(), 'd'),
            (self.is_killed(), 'A'),
            (self.origin.unix_socket, 'U'),
            (self.no_evict.load(Relaxed), 'e'),
            (self.has(Mark::NO_TOUCH), 'T'),
        ] {
            if on {
                flags.push(letter);
            }
        }
        if flags.is_empty() {
            flags.push('N');
        }
        flags
    }

    /// Its line of `CLIENT LIST`, without the line's end.
    pub(super) fn describe(&self, now: Millis) -> Vec<u8> {
        let names = self.names.lock().clone();
        let command = match self.command.load(Relaxed) {
            NO_COMMAND => "NULL",
            id => Table::get().full_name(id),
        };
        let seconds = |since: Millis| (now.0 - since.0).max(0) / 1000;
        let traffic = &self.traffic;
        let (used, free) = (traffic.query_used.load(Relaxed), traffic.query_free.load(Relaxed));
        let output = self.output() + self.mailbox.bytes();
        let pushes = self.mailbox.len();
        let [sub, psub, ssub] = self.subscribed.each_ref().map(|count| count.load(Relaxed));
        let multi_memory = self.multi_memory.load(Relaxed);
        let total = self.memory();
        let mut line = format!(
            "id={} addr={} laddr={} fd={} name=",
            self.id, self.origin.addr, self.origin.laddr, self.origin.fd
        )
        .into_bytes();
        line.extend_from_slice(&names.name);
        let middle = format!(
            " age={} idle={} flags={} db={} sub={sub} psub={psub} ssub={ssub} multi={} watch={} qbuf={used} qbuf-free={free} \
             argv-mem=0 multi-mem={multi_memory} rbs=0 rbp=0 obl=0 oll={pushes} omem={output} tot-mem={total} events=r cmd={command} \
             user=default redir={} resp={} lib-name=",
            seconds(self.born),
            seconds(self.last_seen()),
            self.flags(),
            self.db.load(Relaxed),
            self.multi.load(Relaxed),
            self.watched.load(Relaxed),
            self.tracking.redirect().map_or(-1, |id| i64::try_from(id).unwrap_or(i64::MAX)),
            self.resp.load(Relaxed),
        );
        line.extend_from_slice(middle.as_bytes());
        line.extend_from_slice(&names.lib_name);
        line.extend_from_slice(b" lib-ver=");
        line.extend_from_slice(&names.lib_ver);
        let end = format!(
            " io-thread=0 tot-net-in={} tot-net-out={} tot-cmds={}",
            traffic.received.load(Relaxed),
            traffic.sent.load(Relaxed),
            self.commands.load(Relaxed)
        );
        line.extend_from_slice(end.as_bytes());
        line
    }

    /// Bytes in its query buffer, and waiting to be sent.
    fn buffers(&self) -> (usize, usize) {
        let traffic = &self.traffic;
        (
            traffic.query_used.load(Relaxed) + traffic.query_free.load(Relaxed),
            self.output() + self.mailbox.bytes(),
        )
    }

    /// How many keys it watches.
    pub(super) fn watched(&self) -> usize {
        self.watched.load(Relaxed)
    }
}

/// The clients of one engine.
#[derive(Debug, Default)]
pub struct Clients {
    last_id: AtomicU64,
    /// How much output may wait for each.
    pub(super) limits: Arc<OutputLimits>,
    live: Mutex<BTreeMap<u64, Arc<Client>>>,
    /// What clients that are gone read and wrote, and what all had at `CONFIG RESETSTAT`.
    past: Mutex<(Net, Net)>,
    /// What all take.
    pub(super) total: Total,
}

impl Clients {
    pub(super) fn register(&self, origin: Origin, now: Millis) -> Arc<Client> {
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        let client = Arc::new(Client::new(id, origin, now, self.limits.clone()));
        if client.origin.link.is_some() {
            self.live.lock().insert(id, client.clone());
            self.settle(&client);
        }
        client
    }

    pub(super) fn forget(&self, client: &Client) {
        client.mailbox.close();
        if self.live.lock().remove(&client.id).is_some() {
            self.settle_gone(client);
            let mut past = self.past.lock();
            past.0 = past.0 + client.traffic.net();
        }
    }

    /// The connected client of that id.
    pub fn get(&self, id: u64) -> Option<Arc<Client>> {
        self.live.lock().get(&id).cloned()
    }

    /// The connected clients, oldest first.
    pub fn all(&self) -> Vec<Arc<Client>> {
        self.live.lock().values().cloned().collect()
    }

    /// How many are connected.
    pub fn count(&self) -> usize {
        self.live.lock().len()
    }

    /// Has every connection look at its client again.
    pub(super) fn wake_all(&self) {
        for client in self.all() {
            client.wake();
        }
    }

    /// The largest query buffer and the largest output buffer.
    pub(super) fn largest_buffers(&self) -> (usize, usize) {
        self.all()
            .iter()
            .map(|client| client.buffers())
            .fold((0, 0), |most, one| (most.0.max(one.0), most.1.max(one.1)))
    }

    /// What all clients read and wrote since the start, or since `CONFIG RESETSTAT`.
    pub(super) fn net(&self) -> Net {
        let (past, before) = *self.past.lock();
        self.all().iter().fold(past, |sum, client| sum + client.traffic.net()) - before
    }

    /// Counts what is read and written from zero again.
    pub(super) fn forget_net(&self) {
        let counted = self.net();
        let mut past = self.past.lock();
        past.1 = past.1 + counted;
    }
}
