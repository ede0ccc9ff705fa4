//! A server for tests: real behaviour, with a clock to move, faults to order and a log to look at.
//!
//! [`Fake::start`] gives a server on a free port, which stops when it is dropped. Any client of Redis can talk
//! to it, and the test looks at the same data with the engine's own methods. Hundreds may run beside each other in
//! one process: all of them share one thread, and each has an engine of its own.
//!
//! ```
//! use std::time::Duration;
//! use danio::fake::{Fake, Fault};
//!
//! let fake = Fake::builder().frozen().start()?;
//! let mut con = redis::Client::open(fake.url()).unwrap().get_connection().unwrap();
//! redis::cmd("SET").arg("session").arg("ann").arg("EX").arg(60).exec(&mut con).unwrap();
//!
//! // The data, without a client.
//! assert_eq!(fake.db(0)?.get("session")?.as_deref(), Some(&b"ann"[..]));
//! // Time passes when the test says so.
//! fake.advance(Duration::from_secs(61));
//! assert!(!fake.db(0)?.exists("session"));
//! // Something goes wrong, once.
//! fake.inject(Fault::error("ERR boom").on("get").times(1));
//! assert!(redis::cmd("GET").arg("session").exec(&mut con).is_err());
//! assert!(redis::cmd("GET").arg("session").exec(&mut con).is_ok());
//! // What was sent.
//! assert_eq!(fake.received("SET")[0].text(), "SET session ann EX 60");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Time
//!
//! A fake's clock is the real one, or stands still and is moved by hand ([`FakeBuilder::frozen`]). Everything
//! that has to do with time follows it: TTLs, `TIME`, the ids of stream entries, idle times, `CLIENT PAUSE`, and the
//! time-outs of commands that wait. Whatever a move makes happen has happened when [`advance`](Fake::advance) returns;
//! keys that expire are gone for every reader, and [`Engine::tick`](crate::Engine::tick) gives their memory
//! back and tells of them. Only [delays](Fault::delay) go by the real clock, since clients do.
//!
//! # In other languages
//!
//! `danio-server --fake` is the same as a program: it is steered with the command `FAKE`, whose forms `FAKE HELP` lists.

mod builder;
mod control;
mod fault;
mod known;
mod refusal;
mod rules;
mod version;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::api::{Db, Engine};
use crate::error::Result;
use crate::network::{Guest, Host};

pub use builder::{FakeBuilder, Steered};
pub use fault::{Fault, FaultId};
pub use rules::Received;
pub use version::Version;

use rules::Rules;

/// A server for tests, that stops when this is dropped. See [the module](self).
#[derive(Debug)]
pub struct Fake {
    /// Ends before the engine does.
    guest: Guest,
    engine: Engine,
    rules: Arc<Rules>,
    _host: Arc<Host>,
}

impl Fake {
    /// Starts a fake on a free port of the loopback interface, with the real clock and a seed of its own.
    ///
    /// # Errors
    /// If there is no free port, or no thread.
    pub fn start() -> io::Result<Fake> {
        Fake::builder().start()
    }

    /// Says how a fake is to be, before it starts.
    pub fn builder() -> FakeBuilder {
        FakeBuilder::new()
    }

    /// Its address, as clients want it: `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.guest.address()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// The engine that answers, to fill and to look into. What is called on it is neither logged nor
    /// subject to faults.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// One of its databases.
    ///
    /// # Errors
    /// [`Error::DbOutOfRange`](crate::Error::DbOutOfRange) if there are not so many.
    pub fn db(&self, number: u32) -> Result<Db> {
        self.engine.db(number)
    }

    /// What its clock says.
    pub fn now(&self) -> SystemTime {
        self.rules.now()
    }

    /// Moves the clock forward: what expires is gone, and waits whose time is over have ended, when this returns.
    ///
    /// # Panics
    /// If the clock is the real one.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        self.clock().advance(by);
    }

    /// Sets the clock, forward or back.
    ///
    /// # Panics
    /// If the clock is the real one.
    #[track_caller]
    pub fn set(&self, to: SystemTime) {
        self.clock().set(to);
    }

    #[track_caller]
    fn clock(&self) -> &crate::clock::ManualClock {
        self.rules.by_hand.as_ref().expect("a fake that was started frozen has a clock to move")
    }

    /// Orders a fault, behind those that were ordered before.
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.rules.inject(fault)
    }

    /// Takes a fault back; false if it is not there any more.
    pub fn remove_fault(&self, id: FaultId) -> bool {
        self.rules.remove(id)
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.rules.clear_faults();
    }

    /// How often a fault has struck, as long as it is there.
    pub fn struck(&self, id: FaultId) -> u64 {
        let all = self.rules.struck();
        all.into_iter().find(|(other, _)| *other == id).map_or(0, |(_, times)| times)
    }

    /// The commands that clients have sent, oldest first; those too that were refused. Only the last
    /// ones are kept ([`FakeBuilder::log_limit`]). What clients send by themselves when they connect is among them.
    pub fn log(&self) -> Vec<Received> {
        self.rules.log()
    }

    /// Of the log, the commands of one name, in any case.
    pub fn received(&self, name: &str) -> Vec<Received> {
        let mut log = self.log();
        log.retain(|received| received.name() == name.to_ascii_uppercase());
        log
    }

    /// Forgets the log.
    pub fn clear_log(&self) {
        self.rules.clear_log();
    }

    /// Remembers the data and the time, to go back to; in the place of what was remembered before. O(1) in the
    /// number of keys.
    ///
    /// ```
    /// use danio::fake::Fake;
    ///
    /// let fake = Fake::start()?;
    /// fake.db(0)?.set("fixture", "1")?;
    /// fake.checkpoint();
    /// for _ in 0..3 {
    ///     fake.engine().flush_all();
    ///     assert!(fake.restore());
    ///     assert!(fake.db(0)?.exists("fixture"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoint(&self) {
        self.rules.checkpoint(&self.engine);
    }

    /// Goes back to the last checkpoint: the data, and a clock that is moved by hand; faults and the log are forgotten.
    /// O(keys that have changed). Connections, what they listen to and parameters stay. False if there was no checkpoint.
    pub fn restore(&self) -> bool {
        self.rules.restore()
    }
}
