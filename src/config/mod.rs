//! How an engine is made: a builder, checked when the engine opens.

#[cfg(feature = "aof")]
mod aof;
mod gate;
mod limits;

use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

use crate::clock::Clock;
use crate::error::{Error, Result};
#[cfg(feature = "aof")]
pub(crate) use aof::AofConfig;
#[cfg(feature = "aof")]
pub use aof::AppendFsync;
pub(crate) use gate::{Gate, Reason};
pub use limits::EncodingLimit;
pub(crate) use limits::Limits;

/// What may be evicted when `maxmemory` is reached, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum EvictionPolicy {
    /// Nothing: commands that may need memory are refused.
    #[default]
    NoEviction,
    /// Any key, the least recently used first.
    AllKeysLru,
    /// Any key, the least frequently used first.
    AllKeysLfu,
    /// Any key, at random.
    AllKeysRandom,
    /// Keys that expire, the least recently used first.
    VolatileLru,
    /// Keys that expire, the least frequently used first.
    VolatileLfu,
    /// Keys that expire, at random.
    VolatileRandom,
    /// Keys that expire, the soonest first.
    VolatileTtl,
    /// Any key: new ones that are not used soon, and then the least frequently used. Beyond what Redis has,
    /// for caches whose hit ratio must survive scans and loops; `docs/EVICTION.md` has figures.
    AllKeysS3Fifo,
    /// Any key, the least recently modified first: reading one does not keep it.
    AllKeysLrm,
    /// Keys that expire, the least recently modified first.
    VolatileLrm,
}

impl EvictionPolicy {
    /// Every policy, in the order of `redis.conf`, which does not have the last.
    pub const ALL: [EvictionPolicy; 11] = [
        EvictionPolicy::VolatileLru,
        EvictionPolicy::AllKeysLru,
        EvictionPolicy::VolatileLrm,
        EvictionPolicy::AllKeysLrm,
        EvictionPolicy::VolatileLfu,
        EvictionPolicy::AllKeysLfu,
        EvictionPolicy::VolatileRandom,
        EvictionPolicy::AllKeysRandom,
        EvictionPolicy::VolatileTtl,
        EvictionPolicy::NoEviction,
        EvictionPolicy::AllKeysS3Fifo,
    ];

    /// The policy's name in `redis.conf`.
    ///
    /// ```
    /// assert_eq!(danio::EvictionPolicy::AllKeysLru.name(), "allkeys-lru");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            EvictionPolicy::NoEviction => "noeviction",
            EvictionPolicy::AllKeysLru => "allkeys-lru",
            EvictionPolicy::AllKeysLfu => "allkeys-lfu",
            EvictionPolicy::AllKeysRandom => "allkeys-random",
            EvictionPolicy::VolatileLru => "volatile-lru",
            EvictionPolicy::VolatileLfu => "volatile-lfu",
            EvictionPolicy::VolatileRandom => "volatile-random",
            EvictionPolicy::VolatileTtl => "volatile-ttl",
            EvictionPolicy::AllKeysS3Fifo => "allkeys-s3fifo",
            EvictionPolicy::AllKeysLrm => "allkeys-lrm",
            EvictionPolicy::VolatileLrm => "volatile-lrm",
        }
    }

    /// Whether any key is as good as another.
    pub(crate) fn is_random(self) -> bool {
        matches!(self, EvictionPolicy::AllKeysRandom | EvictionPolicy::VolatileRandom)
    }

    /// Whether only keys that expire are evicted.
    pub(crate) fn only_volatile(self) -> bool {
        use EvictionPolicy::{VolatileLfu, VolatileLrm, VolatileLru, VolatileRandom, VolatileTtl};
        matches!(self, VolatileLru | VolatileLrm | VolatileLfu | VolatileRandom | VolatileTtl)
    }

    /// Whether keys go by when they were last used, or modified.
    pub(crate) fn goes_by_idle_time(self) -> bool {
        use EvictionPolicy::{AllKeysLrm, AllKeysLru, VolatileLrm, VolatileLru};
        matches!(self, AllKeysLru | VolatileLru | AllKeysLrm | VolatileLrm)
    }

    /// Whether keys go by Redis's counts of how often they are used.
    pub(crate) fn goes_by_frequency(self) -> bool {
        matches!(self, EvictionPolicy::AllKeysLfu | EvictionPolicy::VolatileLfu)
    }
}

/// Who reclaims expired keys and does the engine's other small chores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Upkeep {
    /// The application, by calling [`Engine::tick`](crate::Engine::tick) now and then. An
    /// expired key is absent all the same; only its memory waits.
    #[default]
    ByHand,
    /// A thread that the engine starts, and stops when its last handle is dropped.
    Thread,
}

/// The most stripes an engine can have.
pub(crate) const MAX_STRIPES: usize = 1024;
/// The most keys looked at for one that is evicted.
pub(crate) const MAX_SAMPLES: u32 = 64;
/// Redis's limit for a key, a value, and any string in a command: 512 MB.
pub const MAX_STRING: usize = 512 * 1024 * 1024;

/// The settings of an [`Engine`](crate::Engine), set one by one.
///
/// ```
/// use danio::{Config, Engine, EvictionPolicy, Upkeep};
///
/// let config = Config::new()
///     .databases(1)
///     .maxmemory(64 << 20)
///     .maxmemory_policy(EvictionPolicy::AllKeysLru)
///     .upkeep(Upkeep::Thread);
/// let engine = Engine::open(config)?;
/// assert!(engine.db(1).is_err());
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) stripes: usize,
    pub(crate) databases: u32,
    pub(crate) clock: Clock,
    pub(crate) seed: Option<u64>,
    pub(crate) maxmemory: usize,
    pub(crate) policy: EvictionPolicy,
    pub(crate) samples: u32,
    pub(crate) tenacity: u32,
    pub(crate) lfu_log_factor: u32,
    pub(crate) lfu_decay_time: u32,
    pub(crate) upkeep: Upkeep,
    pub(crate) max_string: usize,
    pub(crate) limits: Vec<(EncodingLimit, i64)>,
    pub(crate) notified: String,
    /// Where files are, if there are any.
    #[cfg(feature = "snapshot")]
    pub(crate) dir: Option<std::path::PathBuf>,
    #[cfg(feature = "snapshot")]
    pub(crate) dbfilename: String,
    #[cfg(feature = "snapshot")]
    pub(crate) disk: std::sync::Arc<dyn crate::disk::Disk>,
    #[cfg(feature = "aof")]
    pub(crate) aof: AofConfig,
}

impl Config {
    /// What `Engine::open` needs no more than: 16 databases in memory without a limit, the
    /// system's clock, a random seed, upkeep by hand, and stripes for the machine's cores.
    pub fn new() -> Config {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Config {
            stripes: (cores * 16).next_power_of_two().clamp(64, MAX_STRIPES),
            databases: 16,
            clock: Clock::system(),
            seed: None,
            maxmemory: 0,
            policy: EvictionPolicy::NoEviction,
            samples: 5,
            tenacity: 10,
            lfu_log_factor: 10,
            lfu_decay_time: 1,
            upkeep: Upkeep::ByHand,
            max_string: MAX_STRING,
            limits: Vec::new(),
            notified: String::new(),
            #[cfg(feature = "snapshot")]
            dir: None,
            #[cfg(feature = "snapshot")]
            dbfilename: "dump.rdb".to_string(),
            #[cfg(feature = "snapshot")]
            disk: crate::disk::system(),
            #[cfg(feature = "aof")]
            aof: AofConfig::default(),
        }
    }

    /// How many parts, each with its own lock, the keys are spread over: a power of two
    /// from 1 to 1024. More let more threads write at once; each costs about 300 bytes.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// assert!(Engine::open(Config::new().stripes(256)).is_ok());
    /// assert!(Engine::open(Config::new().stripes(100)).is_err(), "no power of two");
    /// ```
    pub fn stripes(mut self, stripes: usize) -> Config {
        self.stripes = stripes;
        self
    }

    /// How many numbered databases there are (`databases`): 1 to 65,536.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// assert_eq!(Engine::open(Config::new().databases(1))?.databases(), 1);
    /// assert!(Engine::open(Config::new().databases(0)).is_err());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn databases(mut self, databases: u32) -> Config {
        self.databases = databases;
        self
    }

    /// Where time comes from.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Config {
        self.clock = clock.into();
        self
    }

    /// Decides every random choice and the order of keys. With a seed, a [`ManualClock`] and one
    /// thread, a run is the same each time. Without one the seed is random, which keeps
    /// strangers from choosing keys that collide.
    ///
    /// [`ManualClock`]: crate::ManualClock
    pub fn seed(mut self, seed: u64) -> Config {
        self.seed = Some(seed);
        self
    }

    /// How many bytes of data to hold (`maxmemory`), counted as in [`Engine::used_memory`](crate::Engine::used_memory);
    /// 0, the default, is no limit.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let db = Engine::open(Config::new().maxmemory(1_000_000))?.db(0)?;
    /// db.set("k", vec![0; 2_000_000])?;
    /// assert!(db.set("another", "v").is_err(), "nothing may be evicted");
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn maxmemory(mut self, bytes: usize) -> Config {
        self.maxmemory = bytes;
        self
    }

    /// What to evict when `maxmemory` is reached (`maxmemory-policy`).
    pub fn maxmemory_policy(mut self, policy: EvictionPolicy) -> Config {
        self.policy = policy;
        self
    }

    /// How many keys to look at for one that is evicted (`maxmemory-samples`): 1 to 64, 5 unless set. More
    /// find a better one, and take longer.
    pub fn maxmemory_samples(mut self, samples: u32) -> Config {
        self.samples = samples;
        self
    }

    /// For how long a call may evict before its own work (`maxmemory-eviction-tenacity`): 0 to 100, 10 unless
    /// set. Up to 10 each step is 50 microseconds, from there on each is 15 per cent longer than the one
    /// before, and 100 is without limit. What is left to do is done by the calls that follow, and by upkeep.
    pub fn maxmemory_eviction_tenacity(mut self, tenacity: u32) -> Config {
        self.tenacity = tenacity;
        self
    }

    /// How many uses it takes to raise a key's frequency by one, the more the higher it is
    /// (`lfu-log-factor`); 10 unless set. With 0 it is raised by each use.
    pub fn lfu_log_factor(mut self, factor: u32) -> Config {
        self.lfu_log_factor = factor;
        self
    }

    /// After how many minutes without a use a key's frequency is one less (`lfu-decay-time`); 1
    /// unless set, and 0 is never.
    pub fn lfu_decay_time(mut self, minutes: u32) -> Config {
        self.lfu_decay_time = minutes;
        self
    }

    /// Who reclaims expired keys.
    pub fn upkeep(mut self, upkeep: Upkeep) -> Config {
        self.upkeep = upkeep;
        self
    }

    /// The longest key or value, in bytes (`proto-max-bulk-len`): 1 MB to 512 MB, the default.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let db = Engine::open(Config::new().max_string(1 << 20))?.db(0)?;
    /// assert!(db.set("k", vec![0; 1 << 20]).is_ok());
    /// assert!(db.append("k", "x").is_err());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn max_string(mut self, bytes: usize) -> Config {
        self.max_string = bytes;
        self
    }

    /// A threshold at which collections change their encoding (`hash-max-listpack-entries` and
    /// its like), if Redis's own default will not do. See [`EncodingLimit::range`].
    ///
    /// ```
    /// use danio::{Config, EncodingLimit, Engine};
    ///
    /// let engine = Engine::open(Config::new().encoding_limit(EncodingLimit::SetMaxIntsetEntries, 64))?;
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn encoding_limit(mut self, limit: EncodingLimit, value: i64) -> Config {
        self.limits.push((limit, value));
        self
    }

    /// Which keyspace notifications are published over channels (`notify-keyspace-events`), in
    /// Redis's letters: none by default, `"KEA"` for nearly all. A program follows changes without
    /// this, by [`Db::events`](crate::Db::events).
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let engine = Engine::open(Config::new().notify_keyspace_events("Ex"))?;
    /// assert!(Engine::open(Config::new().notify_keyspace_events("?")).is_err());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn notify_keyspace_events(mut self, letters: impl Into<String>) -> Config {
        self.notified = letters.into();
        self
    }

    /// The folder in which files are kept (`dir`), which must be there; the one that the process is in unless set.
    #[cfg(feature = "snapshot")]
    pub fn dir(mut self, path: impl Into<std::path::PathBuf>) -> Config {
        self.dir = Some(path.into());
        self
    }

    /// What the file of snapshots is called in that folder (`dbfilename`); `dump.rdb` unless set. It is a name
    /// without a folder.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// assert!(Engine::open(Config::new().dbfilename("sessions.rdb")).is_ok());
    /// assert!(Engine::open(Config::new().dbfilename("folder/sessions.rdb")).is_err());
    /// ```
    #[cfg(feature = "snapshot")]
    pub fn dbfilename(mut self, name: impl Into<String>) -> Config {
        self.dbfilename = name.into();
        self
    }

    /// Has files kept on another disk than the system's.
    #[cfg(all(any(test, shuttle), feature = "snapshot"))]
    pub(crate) fn disk(mut self, disk: std::sync::Arc<dyn crate::disk::Disk>) -> Config {
        self.disk = disk;
        self
    }

    /// Refuses settings that no engine can have.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |text: String| Err(Error::Config(text.into()));
        if !self.stripes.is_power_of_two() || self.stripes > MAX_STRIPES {
            return refuse(format!(
                "stripes must be a power of two from 1 to {MAX_STRIPES}, not {}",
                self.stripes
            ));
        }
        if !(1..=65_536).contains(&self.databases) {
            return refuse(format!("databases must be 1 to 65536, not {}", self.databases));
        }
        if !(1 << 20..=MAX_STRING).contains(&self.max_string) {
            return refuse(format!(
                "max_string must be 1 MB to 512 MB, not {} bytes",
                self.max_string
            ));
        }
        if !(1..=MAX_SAMPLES).contains(&self.samples) {
            return refuse(format!(
                "maxmemory_samples must be 1 to {MAX_SAMPLES}, not {}",
                self.samples
            ));
        }
        if self.tenacity > 100 {
            return refuse(format!(
                "maxmemory_eviction_tenacity must be 0 to 100, not {}",
                self.tenacity
            ));
        }
        #[cfg(feature = "snapshot")]
        if !is_file_name(&self.dbfilename) {
            return refuse(format!("dbfilename cannot be '{}'", self.dbfilename));
        }
        #[cfg(feature = "aof")]
        self.aof.check()?;
        if let Some((limit, value)) =
            self.limits.iter().find(|(limit, value)| !limit.range().contains(value))
        {
            return refuse(format!("{} cannot be {value}", limit.name()));
        }
        Ok(())
    }
}

/// Whether it is a file's name, without a folder.
#[cfg(feature = "snapshot")]
pub(crate) fn is_file_name(text: &str) -> bool {
    let path = std::path::Path::new(text);
    path.file_name().is_some_and(|name| name == path) && !text.contains(['/', '\\'])
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

/// What the access words of keys say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// When the key was last used.
    LastUse = 0,
    /// How often it is, as in Redis.
    Uses = 1,
    /// How often it is, in the time of `allkeys-s3fifo`.
    UsesByTick = 2,
    /// When the key was last modified.
    LastChange = 3,
}

impl Words {
    fn of(policy: EvictionPolicy) -> Words {
        match policy {
            EvictionPolicy::AllKeysLfu | EvictionPolicy::VolatileLfu => Words::Uses,
            EvictionPolicy::AllKeysS3Fifo => Words::UsesByTick,
            EvictionPolicy::AllKeysLrm | EvictionPolicy::VolatileLrm => Words::LastChange,
            _ => Words::LastUse,
        }
    }
}

/// The settings that may change while the engine runs (`CONFIG SET`).
#[derive(Debug)]
pub(crate) struct Settings {
    /// Bytes; 0 is no limit.
    pub(crate) maxmemory: AtomicUsize,
    policy: AtomicU8,
    /// What that has access words say: a number of [`Words`].
    words: AtomicU8,
    /// Keys looked at for one eviction.
    pub(crate) samples: AtomicU32,
    /// `maxmemory-eviction-tenacity`.
    pub(crate) tenacity: AtomicU32,
    pub(crate) lfu_log_factor: AtomicU32,
    /// Minutes after which an unused key's frequency is one less; 0 is never.
    pub(crate) lfu_decay_time: AtomicU32,
    /// `DEBUG SET-ACTIVE-EXPIRE`: whether upkeep reclaims expired keys.
    pub(crate) active_expire: AtomicBool,
    /// `CLIENT PAUSE`: until when keys past their time are kept, in milliseconds since 1970.
    pub(crate) keep_expired_until: AtomicI64,
    /// Whether a log is replayed: no key's time is over meanwhile.
    pub(crate) replaying: AtomicBool,
    /// Bytes of the longest key or value.
    pub(crate) max_string: AtomicUsize,
    /// `hz`: how often a second upkeep runs.
    pub(crate) hz: AtomicU64,
    /// `rdbcompression`: whether long strings are compressed in snapshots and payloads.
    #[cfg(feature = "snapshot")]
    pub(crate) rdb_compression: AtomicBool,
    /// `DEBUG SET-SKIP-CHECKSUM-VALIDATION`: whether checksums of payloads are not looked at.
    #[cfg(feature = "snapshot")]
    pub(crate) skip_checksums: AtomicBool,
    /// The stamp of new entries; see `keyspace/cut.rs`.
    pub(crate) stamp: AtomicU8,
    /// When collections change their encoding.
    pub(crate) limits: Limits,
    /// `stream-idmp-duration`: for how many seconds a stream remembers the messages of producers.
    pub(crate) stream_idmp_duration: AtomicU32,
    /// `stream-idmp-maxsize`: how many it remembers of each.
    pub(crate) stream_idmp_maxsize: AtomicU32,
    /// Whether writes are accepted.
    pub(crate) gate: Gate,
}

impl Settings {
    pub(crate) fn new(config: &Config) -> Settings {
        let limits = Limits::default();
        config.limits.iter().for_each(|(limit, value)| limits.set(*limit, *value));
        Settings {
            maxmemory: AtomicUsize::new(config.maxmemory),
            policy: AtomicU8::new(config.policy as u8),
            words: AtomicU8::new(Words::of(config.policy) as u8),
            samples: AtomicU32::new(config.samples),
            tenacity: AtomicU32::new(config.tenacity),
            lfu_log_factor: AtomicU32::new(config.lfu_log_factor),
            lfu_decay_time: AtomicU32::new(config.lfu_decay_time),
            active_expire: AtomicBool::new(true),
            keep_expired_until: AtomicI64::new(0),
            replaying: AtomicBool::new(false),
            max_string: AtomicUsize::new(config.max_string),
            hz: AtomicU64::new(10),
            stamp: AtomicU8::new(0),
            #[cfg(feature = "snapshot")]
            rdb_compression: AtomicBool::new(true),
            #[cfg(feature = "snapshot")]
            skip_checksums: AtomicBool::new(false),
            limits,
            stream_idmp_duration: AtomicU32::new(100),
            stream_idmp_maxsize: AtomicU32::new(100),
            gate: Gate::default(),
        }
    }

    /// Has no key's time be over, and nothing reclaimed, while a log is replayed.
    #[cfg(feature = "aof")]
    pub(crate) fn set_replaying(&self, yes: bool) {
        self.replaying.store(yes, Ordering::Relaxed);
        self.keep_expired_until.store(if yes { i64::MAX } else { 0 }, Ordering::Relaxed);
    }

    /// Keys looked at for one eviction.
    pub(crate) fn samples(&self) -> usize {
        self.samples.load(Ordering::Relaxed).clamp(1, MAX_SAMPLES) as usize
    }

    pub(crate) fn policy(&self) -> EvictionPolicy {
        let number = self.policy.load(Ordering::Relaxed);
        EvictionPolicy::ALL.into_iter().find(|p| *p as u8 == number).unwrap_or_default()
    }

    /// What keys' access words say.
    #[inline(always)]
    pub(crate) fn words(&self) -> Words {
        match self.words.load(Ordering::Relaxed) {
            0 => Words::LastUse,
            1 => Words::Uses,
            2 => Words::UsesByTick,
            _ => Words::LastChange,
        }
    }

    /// Whether keys' access words count uses rather than say when the last one, or the last change, was.
    #[inline(always)]
    pub(crate) fn counts_frequency(&self) -> bool {
        matches!(self.words(), Words::Uses | Words::UsesByTick)
    }

    pub(crate) fn set_policy(&self, policy: EvictionPolicy) {
        self.policy.store(policy as u8, Ordering::Relaxed);
        self.words.store(Words::of(policy) as u8, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_settings_are_refused_by_name() {
        for (config, word) in [
            (Config::new().stripes(3), "stripes"),
            (Config::new().stripes(0), "stripes"),
            (Config::new().stripes(2048), "stripes"),
            (Config::new().databases(0), "databases"),
            (Config::new().max_string(1), "max_string"),
            (Config::new().maxmemory_samples(0), "maxmemory_samples"),
            (Config::new().maxmemory_samples(65), "maxmemory_samples"),
            (Config::new().maxmemory_eviction_tenacity(101), "tenacity"),
        ] {
            let text = config.check().expect_err("refused").to_string();
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(Config::new().check(), Ok(()));
    }

    #[test]
    fn settings_keep_the_policy() {
        let settings = Settings::new(&Config::new());
        for policy in EvictionPolicy::ALL {
            settings.set_policy(policy);
            assert_eq!(settings.policy(), policy);
        }
    }
}
