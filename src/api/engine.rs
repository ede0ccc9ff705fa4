//! The engine: what is opened once, and its upkeep.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::Db;
#[cfg(feature = "snapshot")]
use super::save::Saves;
use crate::blocking::WaitingRoom;
use crate::clock::Clock;
use crate::config::{Config, Reason, Upkeep};
#[cfg(feature = "snapshot")]
use crate::disk::Files;
use crate::error::{Error, Result};
#[cfg(feature = "aof")]
use crate::journal::Outcome;
use crate::keyspace::{Access, Keyspace, Made};
#[cfg(feature = "snapshot")]
use crate::persist::Background;
#[cfg(feature = "aof")]
use crate::persist::aof::Aof;
use crate::pubsub::{Hub, Notified, Notifier};
use crate::rng::Rng;
use crate::sync::{Condvar, Mutex, thread};

/// All databases of one engine, shared by every handle.
///
/// Cheap to clone; `Send` and `Sync`. When the last handle is dropped, [`Db`]s included, the
/// upkeep thread is stopped and the data are gone.
///
/// ```
/// use danio::{Config, Engine};
///
/// let engine = Engine::open(Config::new())?;
/// let db = engine.db(0)?;
/// db.set("greeting", "hello")?;
/// assert_eq!(db.get("greeting")?.as_deref(), Some(&b"hello"[..]));
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What the last handle stops.
struct Inner {
    keyspace: Arc<Keyspace>,
    hub: Arc<Hub>,
    notifier: Arc<Notifier>,
    waiting_room: Arc<WaitingRoom>,
    upkeep: Mutex<UpkeepState>,
    #[cfg(feature = "snapshot")]
    files: Arc<Files>,
    #[cfg(feature = "snapshot")]
    saves: Arc<Saves>,
    #[cfg(feature = "aof")]
    aof: Arc<Aof>,
    thread: Option<UpkeepThread>,
    /// What a layer above keeps for this engine; made when it first asks.
    extension: OnceLock<Arc<dyn Any + Send + Sync>>,
}

/// Where upkeep goes on.
#[derive(Default)]
struct UpkeepState {
    next_stripe: usize,
}

/// What a call of [`Engine::tick`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tick {
    /// Expired keys whose memory was given back.
    pub expired: usize,
    /// Keys evicted because `maxmemory` was exceeded.
    pub evicted: u64,
    /// Whether there is more to do at once: the time was over before the work was.
    pub more: bool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        #[cfg(feature = "snapshot")]
        self.saves.end();
        #[cfg(feature = "aof")]
        self.aof.close();
        self.hub.end();
        self.notifier.end();
    }
}

impl Engine {
    /// An engine in memory, whatever the configuration says of files. Starts a thread only if the configuration asks
    /// for one.
    ///
    /// # Errors
    /// `Config` says which setting is out of its range, or that the upkeep thread could not be started.
    pub(crate) fn bare(config: Config) -> Result<Engine> {
        config.check()?;
        let seed = config.seed.unwrap_or_else(random_seed);
        let keyspace = Arc::new(Keyspace::new(&config, seed));
        let hub = Arc::new(Hub::new(&Rng::new(seed)));
        let notifier = Arc::new(Notifier::new(hub.clone()));
        let notified = Notified::parse(config.notified.as_bytes());
        notifier.set(notified.ok_or_else(|| {
            let letters = &config.notified;
            Error::Config(
                format!("no event classes for notify-keyspace-events: '{letters}'").into(),
            )
        })?);
        keyspace.observers.add(notifier.clone());
        #[cfg(feature = "snapshot")]
        let files = Arc::new(Files::new(config.disk, config.dir));
        #[cfg(feature = "snapshot")]
        let background = Arc::<Background>::default();
        #[cfg(feature = "snapshot")]
        let saves = {
            let (files, background) = (files.clone(), background.clone());
            Arc::new(Saves::new(keyspace.clone(), files, background, config.dbfilename))
        };
        #[cfg(feature = "aof")]
        let aof = Aof::new(&keyspace, &files, &background, &config.aof);
        let chores = Chores {
            keyspace: keyspace.clone(),
            #[cfg(feature = "snapshot")]
            saves: saves.clone(),
            #[cfg(feature = "aof")]
            aof: aof.clone(),
        };
        let thread = match config.upkeep {
            Upkeep::ByHand => None,
            Upkeep::Thread => Some(UpkeepThread::start(chores)?),
        };
        Ok(Engine {
            inner: Arc::new(Inner {
                waiting_room: WaitingRoom::new(keyspace.clone()),
                keyspace,
                hub,
                notifier,
                upkeep: Mutex::default(),
                #[cfg(feature = "snapshot")]
                files,
                #[cfg(feature = "snapshot")]
                saves,
                #[cfg(feature = "aof")]
                aof,
                thread,
                extension: OnceLock::new(),
            }),
        })
    }

    /// A handle on database `number`.
    ///
    /// # Errors
    /// [`Error::DbOutOfRange`] if there are not so many.
    ///
    /// ```
    /// use danio::{Config, Engine, Error};
    ///
    /// let engine = Engine::open(Config::new())?;
    /// engine.db(1)?.set("k", "v")?;
    /// assert!(!engine.db(0)?.exists("k"));
    /// assert_eq!(engine.db(16).err(), Some(Error::DbOutOfRange));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn db(&self, number: u32) -> Result<Db> {
        if number >= self.databases() {
            return Err(Error::DbOutOfRange);
        }
        Ok(Db::new(self.clone(), number))
    }

    /// How many databases there are.
    ///
    /// ```
    /// let engine = danio::Engine::open(danio::Config::new())?;
    /// assert_eq!(engine.databases(), 16);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn databases(&self) -> u32 {
        self.inner.keyspace.databases()
    }

    /// Does upkeep for about `budget`: gives back the memory of expired keys, a segment of some
    /// 300 keys at a time, so that other threads wait for microseconds at most; and for as long again, while
    /// `maxmemory` is exceeded, evicts. Needed only
    /// with [`Upkeep::ByHand`]; call it every 100 ms or so, and again at once while it says `more`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{Config, Engine, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// let engine = Engine::open(Config::new().clock(clock.clone()))?;
    /// let db = engine.db(0)?;
    /// db.set_ex("short", Duration::from_secs(1), "lived")?;
    /// clock.advance(Duration::from_secs(1));
    /// assert!(!db.exists("short"));
    /// assert_eq!(db.len(), 1, "its memory is not yet given back");
    /// assert_eq!(engine.tick(Duration::from_millis(1)).expired, 1);
    /// assert_eq!(db.len(), 0);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn tick(&self, budget: Duration) -> Tick {
        let mut state = self.inner.upkeep.lock();
        #[cfg(feature = "snapshot")]
        self.inner.saves.tick();
        #[cfg(feature = "aof")]
        self.inner.aof.tick();
        tick(&self.inner.keyspace, &mut state.next_stripe, budget)
    }

    /// Empties every database (`FLUSHALL`). The memory is given back before the call returns, after
    /// all locks are released.
    ///
    /// ```
    /// let engine = danio::Engine::open(danio::Config::new())?;
    /// engine.db(3)?.set("k", "v")?;
    /// engine.flush_all();
    /// assert!(engine.db(3)?.is_empty());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn flush_all(&self) {
        let mut tx = self.keyspace().begin_all(0, Access::Exclusive);
        tx.flush(None, false).expect("every stripe is held");
        drop(tx);
        self.wait_safe();
    }

    /// Exchanges two databases (`SWAPDB`): handles on the one see the keys of the other.
    /// O(stripes), locks everything for that long.
    ///
    /// # Errors
    /// [`Error::DbOutOfRange`]; as all writes, [`Error::AofFailing`] and [`Error::SaveFailing`].
    ///
    /// ```
    /// let engine = danio::Engine::open(danio::Config::new())?;
    /// engine.db(0)?.set("k", "v")?;
    /// engine.swap_db(0, 1)?;
    /// assert!(engine.db(0)?.is_empty());
    /// assert!(engine.db(1)?.exists("k"));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn swap_db(&self, a: u32, b: u32) -> Result<()> {
        if a.max(b) >= self.databases() {
            return Err(Error::DbOutOfRange);
        }
        self.keyspace().settings.gate.check()?;
        self.keyspace().begin_all(0, Access::Exclusive).swap(a, b)?;
        self.make_safe()
    }

    /// Bytes allocated for keys, values and tables (`used_memory_dataset`); the allocator's and the
    /// program's own needs are not counted. O(stripes), takes no lock.
    ///
    /// Allocators round up. With the feature `server`, and mimalloc as the program's allocator, the blocks that it gave
    /// are counted, as Redis does; with any other what it was asked for.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// let before = db.engine().used_memory();
    /// db.set("k", vec![0; 10_000])?;
    /// assert!(db.engine().used_memory() >= before + 10_000);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn used_memory(&self) -> usize {
        self.keyspace().used_memory()
    }

    /// Look-ups for reading that found their key and that did not, since the start
    /// (`keyspace_hits`, `keyspace_misses`).
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.set("k", "v")?;
    /// db.get("k")?;
    /// db.get("missing")?;
    /// assert_eq!(db.engine().hits_and_misses(), (1, 1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn hits_and_misses(&self) -> (u64, u64) {
        let looks = self.keyspace().looks();
        (looks.hits, looks.misses)
    }

    /// The time by the engine's clock (`TIME`).
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use danio::{Config, Engine, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// clock.set(UNIX_EPOCH + Duration::from_secs(9));
    /// let engine = Engine::open(Config::new().clock(clock))?;
    /// assert_eq!(engine.time(), UNIX_EPOCH + Duration::from_secs(9));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn time(&self) -> std::time::SystemTime {
        std::time::UNIX_EPOCH + Duration::from_micros(self.clock().micros().max(0).unsigned_abs())
    }

    /// Waits until what this thread wrote is as safe as was asked for; no lock is held. One load if nothing was.
    ///
    /// # Errors
    /// `AofFailing` if that cannot be.
    #[inline(always)]
    pub(crate) fn make_safe(&self) -> Result<()> {
        match self.keyspace().settings.gate.has(Reason::Waits) {
            false => Ok(()),
            true => self.ask_safe(),
        }
    }

    #[cold]
    fn ask_safe(&self) -> Result<()> {
        #[cfg(feature = "aof")]
        if self.inner.aof.make_safe() == Outcome::Failed {
            return Err(self.keyspace().settings.gate.aof_error());
        }
        Ok(())
    }

    /// As [`make_safe`](Engine::make_safe), for a call that has no way to say that it cannot be.
    #[inline(always)]
    pub(crate) fn wait_safe(&self) {
        #[cfg(feature = "aof")]
        if self.keyspace().settings.gate.has(Reason::Waits) {
            self.inner.aof.wait_appended();
        }
    }

    /// Where this thread's last write ended, as far as writes are kept.
    #[inline]
    pub(crate) fn appended(&self) -> Option<u64> {
        #[cfg(feature = "aof")]
        if self.keyspace().settings.gate.has(Reason::Waits) {
            return self.inner.aof.journal.appended_here();
        }
        None
    }

    /// Where the last write ended, by whatever thread, as far as writes are kept.
    pub(crate) fn appended_by_all(&self) -> u64 {
        #[cfg(feature = "aof")]
        return self.inner.aof.journal.all();
        #[cfg(not(feature = "aof"))]
        0
    }

    /// As [`make_safe`](Engine::make_safe), for what others did on behalf of this thread: all that was done so far.
    ///
    /// # Errors
    /// `AofFailing` if that cannot be.
    #[inline]
    pub(crate) fn make_all_safe(&self) -> Result<()> {
        #[cfg(feature = "aof")]
        if self.keyspace().settings.gate.has(Reason::Waits)
            && self.inner.aof.make_all_safe() == Outcome::Failed
        {
            return Err(self.keyspace().settings.gate.aof_error());
        }
        Ok(())
    }

    /// The append-only file.
    #[cfg(feature = "aof")]
    pub(crate) fn aof(&self) -> &Arc<Aof> {
        &self.inner.aof
    }

    /// Where this engine keeps files.
    #[cfg(feature = "snapshot")]
    pub(crate) fn files(&self) -> &Arc<Files> {
        &self.inner.files
    }

    /// Saving snapshots.
    #[cfg(feature = "snapshot")]
    pub(crate) fn saves(&self) -> &Arc<Saves> {
        &self.inner.saves
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.keyspace.clock
    }

    #[cfg(test)]
    pub(crate) fn now(&self) -> crate::clock::Millis {
        self.clock().now()
    }

    #[inline(always)]
    pub(crate) fn keyspace(&self) -> &Keyspace {
        &self.inner.keyspace
    }

    /// Who listens to which channels.
    #[inline]
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.inner.hub
    }

    /// Who tells what happens to keys.
    pub(crate) fn notifier(&self) -> &Arc<Notifier> {
        &self.inner.notifier
    }

    /// The keys, for what lives as long as the engine and must not hold it.
    pub(crate) fn shared_keyspace(&self) -> Arc<Keyspace> {
        self.inner.keyspace.clone()
    }

    /// Where calls wait for keys.
    pub(crate) fn waiting_room(&self) -> &Arc<WaitingRoom> {
        &self.inner.waiting_room
    }

    /// What a layer above keeps for this engine; `make` makes it at the first call. It lives as
    /// long as the engine, so it must hold no handle on it.
    pub(crate) fn extension<E: Any + Send + Sync>(&self, make: impl FnOnce() -> E) -> Arc<E> {
        let kept = self.inner.extension.get_or_init(|| Arc::new(make()));
        kept.clone().downcast().expect("one layer alone keeps something")
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("databases", &self.databases())
            .field("used_memory", &self.used_memory())
            .finish_non_exhaustive()
    }
}

/// Different in each process and for each engine: the standard library's hasher keys are.
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0_u8)
}

fn tick(keyspace: &Keyspace, next_stripe: &mut usize, budget: Duration) -> Tick {
    let mut tick = Tick::default();
    if keyspace.settings.active_expire.load(std::sync::atomic::Ordering::Relaxed) {
        let done = keyspace.reclaim_expired(next_stripe, budget);
        tick.expired = done.keys;
        tick.more = done.more;
    }
    // That nothing may be evicted is told to those who write.
    let (evicted, made) = keyspace.make_room_for(budget);
    tick.evicted = evicted;
    tick.more |= made == Made::Some && evicted > 0;
    tick
}

/// What upkeep looks after.
struct Chores {
    keyspace: Arc<Keyspace>,
    #[cfg(feature = "snapshot")]
    saves: Arc<Saves>,
    #[cfg(feature = "aof")]
    aof: Arc<Aof>,
}

/// The thread that does upkeep. Dropping it stops it and waits for its end.
struct UpkeepThread {
    stop: Arc<(Mutex<bool>, Condvar)>,
    join: Option<thread::JoinHandle<()>>,
}

impl UpkeepThread {
    fn start(chores: Chores) -> Result<UpkeepThread> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let stopped = stop.clone();
        let run = move || {
            let mut next_stripe = 0;
            let keyspace = &chores.keyspace;
            while !UpkeepThread::pause(keyspace, &stopped) {
                #[cfg(feature = "snapshot")]
                chores.saves.tick();
                #[cfg(feature = "aof")]
                chores.aof.tick();
                // A quarter of the time; more than that only while keys expire faster.
                while tick(keyspace, &mut next_stripe, Duration::from_millis(25)).more
                    && !*stopped.0.lock()
                {
                    thread::yield_now();
                }
            }
        };
        let join = thread::Builder::new().name("danio-upkeep".into()).spawn(run).map_err(|e| {
            Error::Config(format!("the upkeep thread could not be started: {e}").into())
        })?;
        Ok(UpkeepThread { stop, join: Some(join) })
    }

    /// Waits for the next round, `hz` of which there are a second. Returns whether to stop.
    fn pause(keyspace: &Keyspace, stop: &(Mutex<bool>, Condvar)) -> bool {
        let hz = keyspace.settings.hz.load(std::sync::atomic::Ordering::Relaxed);
        let mut stopped = stop.0.lock();
        if !*stopped {
            stop.1.wait_for(&mut stopped, Duration::from_millis(1000 / hz));
        }
        *stopped
    }
}

impl Drop for UpkeepThread {
    fn drop(&mut self) {
        *self.stop.0.lock() = true;
        self.stop.1.notify_all();
        if let Some(join) = self.join.take() {
            // A panic of the thread has been printed; there is nobody else to tell.
            let _ = join.join();
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("upkeep_thread", &self.thread.is_some())
            .finish_non_exhaustive()
    }
}
