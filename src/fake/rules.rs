//! What a fake keeps besides its data: the version, the faults, the log, the clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use parking_lot::Mutex;

use super::control;
use super::fault::{Fault, FaultId, Ordered};
use super::refusal;
use super::version::Version;
use crate::api::{Checkpoint, Engine};
use crate::clock::{Clock, ManualClock, Millis};
use crate::command::{
    self, Args, Client, Gate, Meeting, Node, Reply, unknown_command, unknown_subcommand,
};
use crate::error::Error;
use crate::network::Host;

/// A command that a fake was sent by a client, as [`Fake::log`](super::Fake::log) tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// When it was to run, by the fake's clock.
    pub at: SystemTime,
    /// The connection's id, as `CLIENT ID` gives it.
    pub client: u64,
    /// The database that the connection had chosen.
    pub db: u32,
    /// Its words, the name first.
    pub words: Vec<Bytes>,
}

impl Received {
    /// The command's name, in upper case.
    pub fn name(&self) -> String {
        let name = self.words.first().map(|name| name.to_ascii_uppercase());
        String::from_utf8_lossy(&name.unwrap_or_default()).into_owned()
    }

    /// The words as text, with a space between each two: what an assertion compares with.
    pub fn text(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| String::from_utf8_lossy(word)).collect();
        words.join(" ")
    }
}

/// Stands before the commands of a fake's connections.
pub(super) struct Rules {
    version: Option<Version>,
    pub(super) clock: Clock,
    pub(super) by_hand: Option<ManualClock>,
    host: Weak<Host>,
    faults: Mutex<Faults>,
    /// Whether there are any.
    faulty: AtomicBool,
    log: Mutex<VecDeque<Received>>,
    limit: usize,
    /// Which clients may steer the fake with the command `FAKE`: all or none.
    steered: bool,
    /// What there was at the last checkpoint, and when.
    kept: Mutex<Option<(Checkpoint, SystemTime)>>,
}

#[derive(Debug, Default)]
struct Faults {
    last: u64,
    ordered: Vec<Ordered>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Rules {
    pub(super) fn new(
        version: Option<Version>,
        clock: Clock,
        by_hand: Option<ManualClock>,
        host: &Arc<Host>,
        limit: usize,
        steered: bool,
    ) -> Rules {
        Rules {
            version,
            clock,
            by_hand,
            host: Arc::downgrade(host),
            faults: Mutex::default(),
            faulty: AtomicBool::new(false),
            log: Mutex::default(),
            limit,
            steered,
            kept: Mutex::new(None),
        }
    }

    pub(super) fn inject(&self, fault: Fault) -> FaultId {
        let mut faults = self.faults.lock();
        faults.last += 1;
        let id = FaultId(faults.last);
        faults.ordered.push(Ordered::new(id, fault));
        self.faulty.store(true, Relaxed);
        id
    }

    pub(super) fn remove(&self, id: FaultId) -> bool {
        let mut faults = self.faults.lock();
        let before = faults.ordered.len();
        faults.ordered.retain(|ordered| ordered.id != id);
        self.faulty.store(!faults.ordered.is_empty(), Relaxed);
        faults.ordered.len() != before
    }

    pub(super) fn clear_faults(&self) {
        self.faults.lock().ordered.clear();
        self.faulty.store(false, Relaxed);
    }

    /// How often each fault struck.
    pub(super) fn struck(&self) -> Vec<(FaultId, u64)> {
        self.faults.lock().ordered.iter().map(|ordered| (ordered.id, ordered.struck)).collect()
    }

    pub(super) fn log(&self) -> Vec<Received> {
        self.log.lock().iter().cloned().collect()
    }

    pub(super) fn clear_log(&self) {
        self.log.lock().clear();
    }

    /// Remembers the data and the time.
    pub(super) fn checkpoint(&self, engine: &Engine) {
        *self.kept.lock() = Some((engine.checkpoint(), self.now()));
    }

    /// Goes back to the last checkpoint, and forgets faults and log; false if there is none.
    pub(super) fn restore(&self) -> bool {
        let kept = self.kept.lock();
        let Some((checkpoint, at)) = &*kept else { return false };
        if let Some(clock) = &self.by_hand {
            // Before the data, which are to be there by that time.
            clock.set(*at);
        }
        checkpoint.restore();
        self.clear_faults();
        self.clear_log();
        true
    }

    pub(super) fn now(&self) -> SystemTime {
        Millis(self.clock.now().0).to_system_time()
            + Duration::from_micros(self.clock.micros().rem_euclid(1000).unsigned_abs())
    }

    fn note(&self, client: &Client, args: Args<'_>) {
        if self.limit == 0 {
            return;
        }
        let received = Received {
            at: self.now(),
            client: client.id,
            db: client.database(),
            words: args.iter_from(0).map(Bytes::copy_from_slice).collect(),
        };
        let mut log = self.log.lock();
        if log.len() == self.limit {
            log.pop_front();
        }
        log.push_back(received);
    }

    /// What the version that is imitated says to a command that it does not know, or not with so many words.
    fn refusal(&self, node: Option<&'static Node>, args: Args<'_>) -> Option<Meeting> {
        let (version, node) = (self.version?, node?);
        if version.has(node.full_name) {
            let error = refusal::of_arity(version, node.full_name, args);
            return error.map(Meeting::Refuse);
        }
        Some(Meeting::Unknown(match node.full_name.split_once('|') {
            Some((container, _)) if version.has(container) => {
                unknown_subcommand(container, args.at(1))
            }
            _ => unknown_command(args),
        }))
    }
}

impl Gate for Rules {
    fn lacks(&self, node: &Node) -> bool {
        self.version.is_some_and(|version| !version.has(node.full_name))
    }

    fn answers_as(&self) -> Option<(&'static str, &'static str)> {
        self.version.and_then(Version::other)
    }

    fn control(&self, engine: &Engine, args: Args<'_>, reply: &mut dyn Reply) -> bool {
        if !self.steered || !args.at(0).eq_ignore_ascii_case(b"fake") {
            return false;
        }
        control::run(self, engine, args, reply);
        true
    }

    fn refuses(&self, node: &'static Node, args: Args<'_>) -> Option<Error> {
        refusal::of_option(self.version?, node.full_name, args)
    }

    fn meet(&self, client: &Arc<Client>, node: Option<&'static Node>, args: Args<'_>) -> Meeting {
        self.note(client, args);
        if let Some(refusal) = self.refusal(node, args) {
            return refusal;
        }
        if !self.faulty.load(Relaxed) {
            return Meeting::Pass;
        }
        let mut faults = self.faults.lock();
        let fitting = faults.ordered.iter_mut().filter(|ordered| ordered.fault.fits(node, args));
        let meeting = fitting
            .filter_map(|ordered| ordered.strikes(client.id).then(|| ordered.fault.meeting()))
            .next()
            .unwrap_or(Meeting::Pass);
        drop(faults);
        if let (Meeting::Delay(delay), Some(host)) = (&meeting, self.host.upgrade()) {
            let client = client.clone();
            host.after(*delay, move || client.wake());
        }
        meeting
    }

    fn refuses_connections(&self) -> bool {
        if !self.faulty.load(Relaxed) {
            return false;
        }
        let mut faults = self.faults.lock();
        faults.ordered.iter_mut().any(|ordered| ordered.fault.refuses() && ordered.strikes(0))
    }
}

/// Sets what the engine says of itself.
pub(super) fn install(engine: &Engine, rules: Arc<Rules>) {
    let instance = command::Instance::of(engine);
    if let Some(version) = rules.version {
        let words: [&[u8]; 1] = [version.redis_version().as_bytes()];
        instance.parameters.load_default(b"imitated-version", &words).expect("it is any text");
        instance.parameters.forget(version.unknown_parameters());
    }
    let first = instance.fake(rules);
    debug_assert!(first, "an engine is faked once");
}
