//! What eviction remembers of a key's use: 24 bits in the entry's access word, as Redis. The
//! others are the stamp that says of which cut the entry is (`cut.rs`), and stay.
//!
//! ```text
//! LRU      [ stamp 8 | seconds, modulo 2^24 (194 days)                  ]
//! LFU      [ stamp 8 | minute of the last decay, modulo 2^16 | counter 8 ]
//! LRM      [ stamp 8 | as in LRU, of the last change                     ]
//! S3-FIFO  [ stamp 8 | as evict/age.rs has it                            ]
//! ```
//!
//! The LFU counter is Morris's approximate counter (1978): the more it has counted, the less
//! likely is it to count one more; it loses one for each `lfu-decay-time` minutes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::evict::{Age, age};
use crate::clock::Seconds;
use crate::config::{Settings, Words};
use crate::rng::Rng;

const LRU_BITS: u32 = 0x00ff_ffff;
/// A new key's counter, so that it is not the first to be evicted.
const LFU_START: u32 = 5;

fn lru_clock(now: Seconds) -> u32 {
    now.0 as u32 & LRU_BITS
}

fn minutes(now: Seconds) -> u32 {
    (now.0 / 60) as u32 & 0xffff
}

/// The access word of a key that has just come to be.
#[inline]
pub(crate) fn fresh(settings: &Settings, now: Seconds) -> u32 {
    let use_bits = match settings.words() {
        Words::LastUse | Words::LastChange => lru_clock(now),
        Words::Uses => minutes(now) << 8 | LFU_START,
        // Decided when it is admitted.
        Words::UsesByTick => 0,
    };
    stamp(settings) | use_bits
}

/// The stamp of new entries, where it stands in the word.
#[inline]
fn stamp(settings: &Settings) -> u32 {
    u32::from(settings.stamp.load(Ordering::Relaxed)) << 24
}

/// The access word after one more use.
#[inline]
pub(crate) fn touched(
    access: u32,
    settings: &Settings,
    now: Seconds,
    rng: &Rng,
    present: &Age,
) -> u32 {
    let stamp = access & !LRU_BITS;
    stamp
        | match settings.words() {
            Words::LastUse => lru_clock(now),
            Words::LastChange => access & LRU_BITS,
            Words::Uses => used_again(access, settings, now, rng),
            Words::UsesByTick => age::touched(access & LRU_BITS, present.now()),
        }
}

/// The access word after a change, where that is what it tells.
pub(crate) fn modified(access: u32, now: Seconds) -> u32 {
    access & !LRU_BITS | lru_clock(now)
}

/// The LFU word after one more use.
fn used_again(access: u32, settings: &Settings, now: Seconds, rng: &Rng) -> u32 {
    let counter = lfu_counter(access, settings, now);
    let factor = u64::from(settings.lfu_log_factor.load(Ordering::Relaxed));
    let unlikely = u64::from(counter.saturating_sub(LFU_START)) * factor + 1;
    let counts = counter < 255 && rng.below(unlikely as usize) == 0;
    minutes(now) << 8 | (counter + u32::from(counts))
}

/// How often a key is used, by the policy's own measure.
pub(crate) fn frequency(access: u32, settings: &Settings, now: Seconds, present: &Age) -> u32 {
    match settings.words() {
        Words::UsesByTick => age::frequency(access, present.now()),
        _ => lfu_counter(access, settings, now),
    }
}

/// The LFU counter as it stands now, decayed.
pub(super) fn lfu_counter(access: u32, settings: &Settings, now: Seconds) -> u32 {
    let decay = settings.lfu_decay_time.load(Ordering::Relaxed);
    let elapsed = minutes(now).wrapping_sub(access >> 8) & 0xffff;
    (access & 0xff).saturating_sub(elapsed.checked_div(decay).unwrap_or(0))
}

/// The access word of a key that was last used, or modified, so many seconds ago; a fresh one where uses are counted.
#[cfg(feature = "snapshot")]
pub(crate) fn idle_since(settings: &Settings, now: Seconds, seconds: u64) -> u32 {
    if settings.counts_frequency() {
        return fresh(settings, now);
    }
    stamp(settings) | lru_clock(now).wrapping_sub(seconds as u32) & LRU_BITS
}

/// The access word of a key whose counter stands at this; a fresh one where uses are not counted.
#[cfg(feature = "snapshot")]
pub(crate) fn counted(settings: &Settings, now: Seconds, frequency: u8) -> u32 {
    if settings.words() != Words::Uses {
        return fresh(settings, now);
    }
    stamp(settings) | minutes(now) << 8 | u32::from(frequency)
}

/// How long ago the key was used, or modified, by the LRU clock: whole seconds.
pub(crate) fn idle(access: u32, now: Seconds) -> Duration {
    Duration::from_secs(u64::from(lru_clock(now).wrapping_sub(access) & LRU_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, EvictionPolicy};

    #[test]
    fn idle_time_counts_seconds_across_the_clock_s_end() {
        let start = Seconds(i64::from(LRU_BITS));
        let settings = Settings::new(&Config::new());
        let access = fresh(&settings, start);
        assert_eq!(idle(access, start), Duration::ZERO);
        assert_eq!(idle(access, Seconds(start.0 + 5)), Duration::from_secs(5));
    }

    #[test]
    fn frequency_grows_slower_and_slower_and_decays() {
        let settings = Settings::new(&Config::new());
        settings.set_policy(EvictionPolicy::AllKeysLfu);
        let rng = Rng::new(1);
        let now = Seconds(1_000_000_000);
        let mut access = fresh(&settings, now);
        assert_eq!(lfu_counter(access, &settings, now), 5);
        let mut at = Vec::new();
        for used in 1..=100_000 {
            access = touched(access, &settings, now, &rng, &Age::default());
            if [100, 1_000, 100_000].contains(&used) {
                at.push(lfu_counter(access, &settings, now));
            }
        }
        // Redis documents about 10, 18 and 142 for the factor 10.
        assert!(
            (8..=16).contains(&at[0]) && (14..=30).contains(&at[1]) && (120..=165).contains(&at[2]),
            "{at:?}"
        );
        let later = Seconds(now.0 + 10 * 60);
        assert_eq!(lfu_counter(access, &settings, later), at[2] - 10);
        settings.lfu_decay_time.store(0, Ordering::Relaxed);
        assert_eq!(lfu_counter(access, &settings, later), at[2]);
    }
}
