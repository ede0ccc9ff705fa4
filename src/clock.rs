//! The engine's one source of time.
//!
//! Expiry, `TIME`, idle times and eviction clocks all ask here; nothing else in the crate
//! reads a clock. With a [`ManualClock`] an engine's time stands still until it is told to move.

#![expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::sync::Mutex;

/// A point in time: milliseconds since 1970, as Redis counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Millis(pub(crate) i64);

impl Millis {
    /// Later than every expiry.
    pub(crate) const NEVER: Millis = Millis(i64::MAX);

    pub(crate) fn to_system_time(self) -> SystemTime {
        let distance = Duration::from_millis(self.0.unsigned_abs());
        let time = if self.0 < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(UNIX_EPOCH)
    }

    /// Milliseconds are counted down to the earlier one; a time too far for 64 bits is the farthest.
    pub(crate) fn from_system_time(time: SystemTime) -> Millis {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Millis(since.as_millis().try_into().unwrap_or(i64::MAX)),
            Err(before) => {
                Millis(i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms))
            }
        }
    }
}

/// Where an engine's time comes from: the system, or a [`ManualClock`].
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    System,
    Manual(ManualClock),
}

impl Clock {
    /// The system's wall clock.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// Microseconds since 1970, exact.
    pub(crate) fn micros(&self) -> i64 {
        match &self.0 {
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                since.as_micros().try_into().unwrap_or(i64::MAX)
            }
            Source::Manual(clock) => clock.inner.micros.load(Ordering::Acquire),
        }
    }

    /// Milliseconds since 1970, exact.
    pub(crate) fn now(&self) -> Millis {
        Millis(self.micros().div_euclid(1000))
    }

    /// Milliseconds since 1970 as of the kernel's last tick, a few milliseconds old at most:
    /// costs a few loads, where the exact time costs reading the processor's counter.
    #[inline]
    pub(crate) fn recent(&self) -> Millis {
        match &self.0 {
            #[cfg(all(target_os = "linux", not(miri)))]
            Source::System => {
                let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
                Millis(now.tv_sec * 1000 + now.tv_nsec / 1_000_000)
            }
            #[cfg(any(not(target_os = "linux"), miri))]
            Source::System => self.now(),
            Source::Manual(clock) => {
                Millis(clock.inner.micros.load(Ordering::Relaxed).div_euclid(1000))
            }
        }
    }
}

/// A point in time as whole seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seconds(pub(crate) i64);

impl From<Millis> for Seconds {
    #[inline]
    fn from(at: Millis) -> Seconds {
        Seconds(at.0.div_euclid(1000))
    }
}

/// The second of the kernel's last tick. glibc reads it where the kernel left it, which takes no more than a call;
/// other libraries make it out of the exact time.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
#[inline]
#[allow(unsafe_code)]
fn tick() -> Seconds {
    // SAFETY: with no place to write to, the time is only returned.
    Seconds(unsafe { libc::time(std::ptr::null_mut()) })
}

impl Clock {
    /// Seconds since 1970 as of the kernel's last tick: cheap enough for every look-up.
    #[inline]
    pub(crate) fn second(&self) -> Seconds {
        match &self.0 {
            #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
            Source::System => tick(),
            #[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
            Source::System => self.recent().into(),
            Source::Manual(_) => self.recent().into(),
        }
    }

    /// Has `follower` told whenever the clock is moved, if it is one that moves by hand. Returns
    /// whether it is; the system's clock tells nobody.
    pub(crate) fn follow(&self, follower: Weak<dyn Follower>) -> bool {
        match &self.0 {
            Source::System => false,
            Source::Manual(clock) => {
                clock.inner.followers.lock().push(follower);
                true
            }
        }
    }

    /// Whether the clock moves only by hand.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Clock {
        Clock(Source::Manual(clock))
    }
}

/// A clock that moves when it is told to. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use danio::{Config, Engine, ManualClock, SetOptions};
///
/// let clock = ManualClock::new();
/// let engine = Engine::open(Config::new().clock(clock.clone()))?;
/// let db = engine.db(0)?;
/// db.set_with("session", "ann", SetOptions::new().expire_in(Duration::from_secs(60)))?;
/// clock.advance(Duration::from_secs(59));
/// assert!(db.exists("session"));
/// clock.advance(Duration::from_secs(1));
/// assert!(!db.exists("session"));
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    inner: Arc<Manual>,
}

#[derive(Debug)]
struct Manual {
    /// Since 1970.
    micros: AtomicI64,
    /// Who is told when the clock has moved.
    followers: Mutex<Vec<Weak<dyn Follower>>>,
}

/// Somebody who waits for a time.
pub(crate) trait Follower: Send + Sync + std::fmt::Debug {
    /// A manual clock was moved.
    fn moved(&self);
}

impl ManualClock {
    /// A clock that stands at 2020-01-01 00:00:00 UTC.
    pub fn new() -> ManualClock {
        let micros = AtomicI64::new(1_577_836_800_000_000);
        ManualClock { inner: Arc::new(Manual { micros, followers: Mutex::default() }) }
    }

    /// Moves the clock forward, by whole microseconds. Blocking calls whose time is over then end.
    pub fn advance(&self, by: Duration) {
        let micros = by.as_micros().try_into().unwrap_or(i64::MAX);
        self.inner
            .micros
            .update(Ordering::AcqRel, Ordering::Acquire, |now: i64| now.saturating_add(micros));
        self.tell_followers();
    }

    /// Sets the clock, forward or back, to a whole microsecond; times before 1970 count as 1970.
    /// Blocking calls whose time is over then end.
    pub fn set(&self, to: SystemTime) {
        let since = to.duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = since.as_micros().try_into().unwrap_or(i64::MAX);
        self.inner.micros.store(micros, Ordering::Release);
        self.tell_followers();
    }

    fn tell_followers(&self) {
        let mut live = Vec::new();
        self.inner.followers.lock().retain(|follower| match follower.upgrade() {
            Some(follower) => {
                live.push(follower);
                true
            }
            None => false,
        });
        live.iter().for_each(|follower| follower.moved());
    }

    /// Where the clock stands.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH
            + Duration::from_micros(self.inner.micros.load(Ordering::Acquire).max(0).unsigned_abs())
    }
}

impl Default for ManualClock {
    fn default() -> ManualClock {
        ManualClock::new()
    }
}

/// How long the program has worked at something, whatever the engine's clock says: for the
/// time budgets of upkeep and for statistics, never for data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        #[cfg(shuttle)]
        if shuttle::rand::Rng::r#gen(&mut shuttle::rand::thread_rng()) {
            // What waits for a time may find that it has come, or that it has not.
            return Duration::from_secs(3600);
        }
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let manual = ManualClock::new();
        let clock = Clock::from(manual.clone());
        let start = clock.now();
        assert_eq!(clock.now(), start);
        manual.advance(Duration::from_micros(1_999));
        assert_eq!(clock.now(), Millis(start.0 + 1));
        assert_eq!(clock.recent(), Millis(start.0 + 1));
        assert_eq!(clock.second(), Seconds::from(start));
        manual.set(UNIX_EPOCH + Duration::from_millis(5));
        assert_eq!(clock.now(), Millis(5));
        assert_eq!(manual.now(), UNIX_EPOCH + Duration::from_millis(5));
        manual.advance(Duration::MAX);
        assert_eq!(clock.micros(), i64::MAX);
    }

    #[test]
    fn the_recent_time_is_a_few_ticks_old_at_most() {
        let clock = Clock::system();
        let (recent, now) = (clock.recent(), clock.now());
        assert!((0..1000).contains(&(now.0 - recent.0)), "{recent:?} {now:?}");
        let (before, second, after) = (clock.recent(), clock.second(), clock.recent());
        let bounds = Seconds::from(before)..=Seconds::from(after);
        assert!(bounds.contains(&second), "{second:?} of {bounds:?}");
    }

    #[test]
    fn times_convert_both_ways() {
        for ms in [0, 1, -1, 1_577_836_800_123, -86_400_000] {
            assert_eq!(Millis::from_system_time(Millis(ms).to_system_time()), Millis(ms));
        }
    }
}
