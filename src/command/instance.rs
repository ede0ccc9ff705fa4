//! What all sessions of one engine share: its clients, parameters and statistics.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use super::args::Args;
use super::attention::{Attention, Cause};
use super::client::{Client, Clients};
use super::config::{self, Parameters};
use super::monitors::Monitors;
use super::persistence::Loading;
use super::stats::Stats;
use super::table::Node;
use super::timing::Timing;
use super::tracking::Tracking;
use super::traffic::Net;
use crate::api::Engine;
use crate::clock::{Millis, Stopwatch};
use crate::error::Error;

/// What sessions of one engine share.
#[derive(Debug)]
pub struct Instance {
    /// Who is connected.
    pub clients: Arc<Clients>,
    /// What `CONFIG` knows.
    pub parameters: Parameters,
    /// What INFO counts.
    pub stats: Arc<Stats>,
    /// Since when this runs.
    pub(super) started: Stopwatch,
    /// Forty hexadecimal digits that no other run has.
    pub(super) run_id: String,
    /// Client-side caching.
    pub(super) tracking: Arc<Tracking>,
    /// What commands have to mind.
    pub(super) attention: Arc<Attention>,
    /// Who watches all commands go by.
    pub(super) monitors: Monitors,
    /// What took long.
    pub(super) timing: Arc<Timing>,
    /// Holds clients back.
    pub(super) pause: Pause,
    /// Connections whose command waits, and those of them that wait for some time only.
    pub(super) blocked: AtomicUsize,
    pub(super) blocked_with_limit: AtomicUsize,
    pub(super) password: Arc<Password>,
    /// Whether data are being loaded.
    pub loading: Loading,
    /// Ends the process, if it is the server's own; does not return.
    pub(super) exit: Mutex<Option<Exit>>,
    /// Where the configuration was read from.
    pub(super) config_file: Mutex<Option<PathBuf>>,
    /// The listening side, once there is one.
    pub(super) listener: Mutex<Option<Arc<dyn Listener>>>,
    /// The most data there was whenever INFO looked.
    pub(super) peak_memory: AtomicU64,
    /// What INFO saw when it last looked.
    last_look: Mutex<Look>,
    /// What a fake server decides.
    #[cfg(feature = "fake")]
    pub(crate) gate: std::sync::OnceLock<Arc<dyn super::gate::Gate>>,
}

/// The server that answers for an instance: the network layer, when it runs.
pub trait Listener: Send + Sync + std::fmt::Debug {
    /// Begins to end the server (`SHUTDOWN`); returns at once.
    fn shutdown(&self);
    /// Lines of INFO's `server` section that only the server knows, each `name:value`.
    fn describe(&self) -> Vec<(&'static str, String)>;
}

impl Instance {
    /// The instance of an engine; made at the first call.
    pub fn of(engine: &Engine) -> Arc<Instance> {
        engine.extension(|| Instance::for_engine(engine))
    }

    /// Whether a connection must authenticate before anything else.
    pub fn needs_password(&self) -> bool {
        self.password.is_needed()
    }

    fn for_engine(engine: &Engine) -> Instance {
        let rng = &engine.keyspace().rng;
        let digits: String = (0..3).map(|_| format!("{:016x}", rng.next())).collect();
        let clients = Arc::<Clients>::default();
        let tracking = Arc::new(Tracking::new(clients.clone(), rng.next()));
        let attention = Arc::<Attention>::default();
        let instance = Instance {
            clients,
            parameters: Parameters::new(),
            stats: Arc::new(Stats::new()),
            started: Stopwatch::start(),
            run_id: digits[..40].to_string(),
            tracking,
            monitors: Monitors::new(attention.clone()),
            timing: Arc::new(Timing::new(attention.clone())),
            pause: Pause::new(attention.clone()),
            blocked: AtomicUsize::new(0),
            blocked_with_limit: AtomicUsize::new(0),
            password: Arc::default(),
            loading: Loading::new(attention.clone()),
            attention,
            exit: Mutex::new(None),
            config_file: Mutex::new(None),
            listener: Mutex::new(None),
            peak_memory: AtomicU64::new(0),
            last_look: Mutex::default(),
            #[cfg(feature = "fake")]
            gate: std::sync::OnceLock::new(),
        };
        config::bind(
            &instance.parameters,
            &engine.shared_keyspace(),
            &instance.password,
            &instance.clients.limits,
            engine.notifier(),
            &instance.tracking,
        );
        let keyspace = engine.shared_keyspace();
        config::bind_timing(&instance.parameters, &instance.timing, &instance.stats);
        config::bind_clients(&instance.parameters, &keyspace, &instance.clients);
        #[cfg(feature = "snapshot")]
        config::bind_files(&instance.parameters, engine);
        #[cfg(feature = "aof")]
        config::bind_aof(&instance.parameters, engine.aof());
        instance
    }

    /// Has the process end by `exit` when the server is to: it is called while nothing moves, and does not
    /// return.
    pub fn on_exit(&self, exit: impl Fn() + Send + Sync + 'static) {
        *self.exit.lock() = Some(Exit(Arc::new(exit)));
    }

    /// Says where the configuration was read from: `CONFIG REWRITE` writes there.
    pub fn set_config_file(&self, path: &Path) {
        let full = std::path::absolute(path).unwrap_or(path.to_path_buf());
        *self.config_file.lock() = Some(full);
    }

    /// Makes `listener` the server that `SHUTDOWN` ends and INFO describes.
    pub fn set_listener(&self, listener: Arc<dyn Listener>) {
        *self.listener.lock() = Some(listener);
    }

    /// Has a fake server decide what becomes of commands. False if one does so already.
    #[cfg(feature = "fake")]
    pub(crate) fn fake(&self, gate: Arc<dyn super::gate::Gate>) -> bool {
        let set = self.gate.set(gate);
        self.attention.set(Cause::Fake, true);
        set.is_ok()
    }

    /// Whether the server that a fake imitates has no such command.
    pub(super) fn lacks(&self, node: &Node) -> bool {
        #[cfg(feature = "fake")]
        return self.gate.get().is_some_and(|gate| gate.lacks(node));
        #[cfg(not(feature = "fake"))]
        {
            let _ = node;
            false
        }
    }

    /// Why the server that a fake imitates cannot run a connection's command with these words.
    #[inline]
    pub(super) fn cannot(
        &self,
        node: &'static Node,
        args: Args<'_>,
        client: &Client,
    ) -> Result<(), Box<Error>> {
        #[cfg(feature = "fake")]
        if !client.origin.trusted
            && let Some(error) = self.gate.get().and_then(|gate| gate.refuses(node, args))
        {
            return Err(Box::new(error));
        }
        let _ = (node, args, client);
        Ok(())
    }

    /// Who answers, and in which version, if a fake imitates something else than Redis.
    pub(super) fn answers_as(&self) -> Option<(&'static str, &'static str)> {
        #[cfg(feature = "fake")]
        return self.gate.get().and_then(|gate| gate.answers_as());
        #[cfg(not(feature = "fake"))]
        None
    }

    /// What happens in a second, since INFO last looked or over a tenth of a second at least.
    pub(super) fn rates(&self) -> Rates {
        let (now, calls) = (self.started.elapsed(), self.stats.calls());
        let Net { received, sent, .. } = self.clients.net();
        let mut last = self.last_look.lock();
        let passed = now.saturating_sub(last.at).as_secs_f64();
        if passed >= 0.1 {
            let rate = |new: u64, old: u64| new.saturating_sub(old) as f64 / passed;
            let rates = Rates {
                calls: rate(calls, last.calls) as u64,
                received_kb: rate(received, last.received) / 1024.0,
                sent_kb: rate(sent, last.sent) / 1024.0,
            };
            *last = Look { at: now, calls, received, sent, rates };
        }
        last.rates
    }
}

/// What ends a process.
#[derive(Clone)]
pub(super) struct Exit(Arc<dyn Fn() + Send + Sync>);

impl Exit {
    pub(super) fn run(&self) {
        (self.0)();
    }
}

impl std::fmt::Debug for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exit")
    }
}

/// What happens in a second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rates {
    pub(super) calls: u64,
    pub(super) received_kb: f64,
    pub(super) sent_kb: f64,
}

/// Counts as they stood at some time, and the rates that were worked out then.
#[derive(Debug, Default)]
struct Look {
    at: Duration,
    calls: u64,
    received: u64,
    sent: u64,
    rates: Rates,
}

/// `requirepass`.
#[derive(Debug, Default)]
pub(super) struct Password {
    /// Whether there is one: all that most calls need to ask.
    needed: AtomicBool,
    bytes: RwLock<Bytes>,
}

impl Password {
    pub(super) fn set(&self, bytes: &[u8]) {
        *self.bytes.write() = Bytes::copy_from_slice(bytes);
        self.needed.store(!bytes.is_empty(), Relaxed);
    }

    /// Whether a session must authenticate before anything else.
    pub(super) fn is_needed(&self) -> bool {
        self.needed.load(Relaxed)
    }

    /// Whether these are the bytes, compared in a time that does not depend on where they differ.
    pub(super) fn is(&self, word: &[u8]) -> bool {
        let password = self.bytes.read();
        let differ = password
            .iter()
            .zip(word)
            .fold(password.len() ^ word.len(), |d, (a, b)| d | usize::from(a ^ b));
        differ == 0
    }
}

/// `CLIENT PAUSE`.
#[derive(Debug)]
pub(super) struct Pause {
    /// Whether anything might be held back.
    attention: Arc<Attention>,
    /// What is held back, and until when.
    running: Mutex<Option<(Held, Millis)>>,
}

/// What `CLIENT PAUSE` holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Held {
    /// Commands that may change data.
    Writes,
    /// Every command.
    All,
}

impl Pause {
    pub(super) fn new(attention: Arc<Attention>) -> Pause {
        Pause { attention, running: Mutex::default() }
    }

    /// Whether anything might be held back: all that a call needs to ask.
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.attention.holds(Cause::Pause)
    }

    /// Holds back `what` until `until`; a running pause is only ever made longer and stricter.
    pub(super) fn start(&self, what: Held, until: Millis, now: Millis) {
        self.change(|running| {
            let more = running.filter(|(_, until)| *until > now);
            let (before, end) = more.unwrap_or((what, until));
            Some((what.max(before), until.max(end)))
        });
    }

    pub(super) fn end(&self) {
        self.change(|_| None);
    }

    /// What is held back at `now`, and until when.
    pub(super) fn at(&self, now: Millis) -> Option<(Held, Millis)> {
        self.change(|running| running.filter(|(_, until)| *until > now))
    }

    fn change(
        &self,
        to: impl FnOnce(Option<(Held, Millis)>) -> Option<(Held, Millis)>,
    ) -> Option<(Held, Millis)> {
        let mut running = self.running.lock();
        *running = to(*running);
        self.attention.set(Cause::Pause, running.is_some());
        *running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_and_ends() {
        let pause = Pause::new(Arc::default());
        pause.start(Held::Writes, Millis(100), Millis(0));
        pause.start(Held::All, Millis(50), Millis(10));
        assert_eq!(pause.at(Millis(99)), Some((Held::All, Millis(100))));
        assert_eq!(pause.at(Millis(100)), None);
        assert!(!pause.is_set());
        pause.start(Held::Writes, Millis(200), Millis(150));
        assert_eq!(pause.at(Millis(150)), Some((Held::Writes, Millis(200))));
    }

    #[test]
    fn passwords_are_compared_whole() {
        let password = Password::default();
        assert!(!password.is_needed());
        password.set(b"secret");
        assert!(password.is_needed() && password.is(b"secret"));
        for wrong in ["", "secre", "secrets", "Secret"] {
            assert!(!password.is(wrong.as_bytes()));
        }
    }
}
