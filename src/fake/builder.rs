//! How a fake is made.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use parking_lot::Mutex;

use super::Fake;
use super::rules::{self, Rules};
use super::version::Version;
use crate::api::Engine;
use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::network::{Guest, Host};

/// Stripes of a fake's engine: it has one thread to serve, and the test's.
const STRIPES: usize = 4;

/// What a fake is to be, said one by one.
///
/// ```
/// use danio::fake::{Fake, Version};
///
/// let fake = Fake::builder().frozen().seed(7).version(Version::Redis7_0).start()?;
/// let mut con = redis::Client::open(fake.url()).unwrap().get_connection().unwrap();
/// let error = redis::cmd("HGETDEL").arg("h").arg("FIELDS").arg(1).arg("f").exec(&mut con).unwrap_err();
/// assert!(error.to_string().contains("unknown command 'HGETDEL'"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FakeBuilder {
    frozen: Option<SystemTime>,
    by_hand: bool,
    seed: Option<u64>,
    version: Option<Version>,
    port: u16,
    log_limit: usize,
    steered: bool,
    databases: Option<u32>,
}

impl FakeBuilder {
    pub(super) fn new() -> FakeBuilder {
        FakeBuilder {
            frozen: None,
            by_hand: false,
            seed: None,
            version: None,
            port: 0,
            log_limit: 10_000,
            steered: false,
            databases: None,
        }
    }

    /// Has the clock stand still, at the time at which it starts, until it is moved.
    pub fn frozen(mut self) -> FakeBuilder {
        self.by_hand = true;
        self
    }

    /// Has the clock stand still at this time until it is moved.
    pub fn frozen_at(mut self, time: SystemTime) -> FakeBuilder {
        self.frozen = Some(time);
        self.frozen()
    }

    /// Fixes chance (`SPOP`, `RANDOMKEY`, what is evicted): with a frozen clock and one client, a run repeats itself
    /// to the byte.
    pub fn seed(mut self, seed: u64) -> FakeBuilder {
        self.seed = Some(seed);
        self
    }

    /// Imitates this server; unless it is said, everything that Danio knows is known.
    pub fn version(mut self, version: Version) -> FakeBuilder {
        self.version = Some(version);
        self
    }

    /// Listens on this port; unless it is said, on a free one.
    pub fn port(mut self, port: u16) -> FakeBuilder {
        self.port = port;
        self
    }

    /// Has the log keep so many commands, 10,000 unless it is said; 0 keeps none.
    pub fn log_limit(mut self, commands: usize) -> FakeBuilder {
        self.log_limit = commands;
        self
    }

    /// Has so many databases, 16 unless it is said.
    pub fn databases(mut self, count: u32) -> FakeBuilder {
        self.databases = Some(count);
        self
    }

    /// Lets clients steer it with the command `FAKE`, as those of `danio-server --fake` may.
    pub fn steered(mut self) -> FakeBuilder {
        self.steered = true;
        self
    }

    /// Starts the fake.
    ///
    /// # Errors
    /// If the port cannot be listened on, or there is no thread.
    pub fn start(self) -> io::Result<Fake> {
        let host = shared_host()?;
        let (clock, by_hand) = self.clock();
        let config = self.config(clock.clone()).stripes(STRIPES);
        let engine = Engine::open(config).map_err(io::Error::other)?;
        let rules = self.rules(clock, by_hand, &host);
        rules::install(&engine, rules.clone());
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let guest = Guest::serve(host.clone(), &engine, address)?;
        Ok(Fake { guest, engine, rules, _host: host })
    }

    /// What an engine needs to be faked that is served by other means: its configuration, and what is to be called
    /// when it is open. For `danio-server --fake`.
    ///
    /// # Errors
    /// If there is no thread.
    pub fn steer(self, config: Config) -> io::Result<(Config, Steered)> {
        let host = Host::start()?;
        let (clock, by_hand) = self.clock();
        let config = config.clock(clock.clone());
        let config = self.seed.into_iter().fold(config, Config::seed);
        let rules = FakeBuilder { steered: true, ..self }.rules(clock, by_hand, &host);
        Ok((config, Steered { rules, _host: host }))
    }

    fn clock(&self) -> (Clock, Option<ManualClock>) {
        if !self.by_hand {
            return (Clock::system(), None);
        }
        let clock = ManualClock::new();
        clock.set(self.frozen.unwrap_or_else(|| Clock::system().now().to_system_time()));
        (clock.clone().into(), Some(clock))
    }

    fn config(&self, clock: Clock) -> Config {
        let config = Config::new().clock(clock);
        let config = self.databases.into_iter().fold(config, Config::databases);
        self.seed.into_iter().fold(config, Config::seed)
    }

    fn rules(&self, clock: Clock, by_hand: Option<ManualClock>, host: &Arc<Host>) -> Arc<Rules> {
        Arc::new(Rules::new(self.version, clock, by_hand, host, self.log_limit, self.steered))
    }
}

/// What makes an engine a fake, whoever serves it.
pub struct Steered {
    rules: Arc<Rules>,
    /// Keeps delays going.
    _host: Arc<Host>,
}

impl Steered {
    /// Has the engine's connections answered as a fake's are. To be called once, before there are any.
    pub fn install(&self, engine: &Engine) {
        rules::install(engine, self.rules.clone());
    }
}

impl fmt::Debug for Steered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.fmt(f)
    }
}

/// The thread of all fakes; it ends with the last of them.
fn shared_host() -> io::Result<Arc<Host>> {
    static HOST: Mutex<Weak<Host>> = Mutex::new(Weak::new());
    let mut shared = HOST.lock();
    if let Some(host) = shared.upgrade() {
        return Ok(host);
    }
    let host = Host::start()?;
    *shared = Arc::downgrade(&host);
    Ok(host)
}
