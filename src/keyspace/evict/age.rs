//! The time of `allkeys-s3fifo`, and its queue.
//!
//! What is known of a key lies in its access word, which costs nothing:
//!
//! ```text
//! [ stamp 8 | newcomer 1 | frequency 3 | era of the last use 6 | tick of the last use 14 ]
//! ```
//!
//! *Ticks* are time as requests move it: sixteen are as many requests as there are keys. *Eras* are time
//! as change moves it: a new one begins when newcomers have taken the place of so many others, a part of
//! them that is smaller where hits are rarer; frequencies are halved then. While the popular keys stay the same,
//! and in a loop, hardly anybody is replaced, and what is known is kept; when they change, the old ones are
//! forgotten fast. How long an era is adapts too (`pace.rs`): the shortest is counted, and two, four or eight of those are
//! taken as one, as the present says beside the era and the tick.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::ghosts::Ghost;
use super::pace::Pace;
use crate::sync::Mutex;

/// Of so many keys one is a newcomer.
const NEWCOMERS: usize = 64;
/// By such a part of the keys the queue may be longer than it should: the account of bytes is off by a five-hundredth,
/// so that keys come for a while without one having to go, and then several go at once.
const SLACK: usize = 256;
/// To what part of that the queue shrinks at most, as bits.
const SHRINKS: u32 = 6;
/// Of so many newcomers one at least must have been used in the queue, or it shrinks.
const USED: u32 = 1_000;
/// Ticks for as many requests as there are keys.
const TICKS_A_ROUND: u64 = 16;
/// How many replacements make the shortest era: five sixteenths of the keys, times the hit ratio.
const ERA: (u64, u64) = (5, 16);
/// The highest frequency.
pub(super) const MOST: u32 = 7;

pub(super) const NEWCOMER: u32 = 1 << 23;
const FREQUENCY_AT: u32 = 20;
pub(super) const ERA_AT: u32 = 14;
const ERAS: u32 = 0x3f;
pub(super) const TICKS: u32 = (1 << ERA_AT) - 1;
/// Where the pace stands in the present.
const PACE_AT: u32 = 20;
const ERA_AND_TICK: u32 = (1 << PACE_AT) - 1;

/// What the policy knows of all keys.
#[derive(Debug, Default)]
pub(crate) struct Age {
    /// The present era and tick, as an access word has them, and above them how many eras are taken as one, as a
    /// power of two.
    now: Now,
    /// Requests when the tick began.
    since: AtomicU64,
    /// Replacements in this era so far, and how many end it.
    replaced: AtomicU64,
    era_ends: AtomicU64,
    /// Hits and requests when the hit ratio was last worked out.
    hits: AtomicU64,
    requests: AtomicU64,
    /// About how many keys there are.
    keys: AtomicUsize,
    /// Newcomers that left the queue since it was last fitted, and those of them that were used in it.
    left: AtomicU32,
    used: AtomicU32,
    /// By how much the queue has shrunk, as bits.
    shrunk: AtomicU32,
    pub(super) pace: Pace,
    /// New keys, oldest first. Some may be gone.
    pub(super) newcomers: Mutex<VecDeque<Newcomer>>,
}

#[derive(Debug)]
struct Now(AtomicU32);

impl Default for Now {
    fn default() -> Now {
        Now(AtomicU32::new(Pace::START << PACE_AT))
    }
}

/// A key that has just come to be, and when it was there before, in as few bytes as it takes:
/// the hash, `[ database 22 | ticks that it was away 7 | the frequency that it came with 3 ]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer([u32; 3]);

impl Newcomer {
    const DATABASES: u32 = 1 << 22;

    /// A newcomer that was there before, as far as is known, if `ghost` says so. None in databases beyond those
    /// that it can tell apart.
    pub(super) fn new(hash: u64, db: u32, ghost: Option<Ghost>) -> Option<Newcomer> {
        let (unused, frequency) = ghost.map_or((0, 0), |ghost| (ghost.unused, ghost.frequency));
        let rest = db << 10 | unused.min(127) << 3 | frequency.min(MOST);
        (db < Newcomer::DATABASES).then_some(Newcomer([(hash >> 32) as u32, hash as u32, rest]))
    }

    pub(super) fn hash(self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }

    pub(super) fn db(self) -> u32 {
        self.0[2] >> 10
    }

    pub(super) fn away(self) -> u32 {
        self.0[2] >> 3 & 127
    }

    pub(super) fn frequency(self) -> u32 {
        self.0[2] & MOST
    }
}

impl Age {
    #[inline]
    pub(in crate::keyspace) fn now(&self) -> u32 {
        self.now.0.load(Relaxed)
    }

    fn go_on(&self, eras: u32, ticks: u32) {
        let now = self.now();
        let era = (now >> ERA_AT).wrapping_add(eras) & ERAS;
        let pace = now & !ERA_AND_TICK;
        self.now.0.store(pace | era << ERA_AT | now.wrapping_add(ticks) & TICKS, Relaxed);
    }

    fn go_at(&self, pace: u32) {
        self.now.0.store(pace << PACE_AT | self.now() & ERA_AND_TICK, Relaxed);
    }

    /// Notes how many hits and requests there were by now, and how many keys there are.
    pub(super) fn note(&self, hits: u64, requests: u64, keys: usize) {
        self.keys.store(keys, Relaxed);
        let round = (keys as u64).max(1);
        let since = self.since.load(Relaxed);
        // Statistics may have been started again.
        let passed = requests.checked_sub(since);
        let ticks = passed.map_or(1, |passed| passed * TICKS_A_ROUND / round);
        if ticks > 0 {
            self.go_on(0, ticks.min(TICKS.into()) as u32);
            let used = ticks * round / TICKS_A_ROUND;
            self.since.store(if passed.is_some() { since + used } else { requests }, Relaxed);
        }
        let then = self.requests.load(Relaxed);
        if requests >= then + 2 * round || requests < then || self.era_ends.load(Relaxed) == 0 {
            let (asked, hit) = (
                requests.saturating_sub(then).max(1),
                hits.saturating_sub(self.hits.load(Relaxed)),
            );
            let share = (hit * 100 / asked).clamp(10, 100);
            self.era_ends.store((round * share * ERA.0 / ERA.1 / 100).max(1), Relaxed);
            self.hits.store(hits, Relaxed);
            self.requests.store(requests, Relaxed);
        }
    }

    /// Notes that a newcomer took another's place.
    pub(super) fn replace(&self) {
        if self.replaced.fetch_add(1, Relaxed) + 1 >= self.era_ends.load(Relaxed) {
            self.replaced.store(0, Relaxed);
            self.go_on(1, 0);
        }
    }

    /// How many newcomers there may be.
    pub(super) fn room(&self) -> usize {
        (self.keys.load(Relaxed) / NEWCOMERS) >> self.shrunk.load(Relaxed)
    }

    /// How many more may be there before some pass without a trial.
    pub(super) fn slack(&self) -> usize {
        self.keys.load(Relaxed) / SLACK + 1
    }

    /// Notes that a newcomer left the queue, and fits the queue and the length of eras to whether they are used there.
    pub(super) fn note_left(&self, used: bool) {
        let used = self.used.fetch_add(used.into(), Relaxed) + u32::from(used);
        let left = self.left.fetch_add(1, Relaxed) + 1;
        if left as usize >= (self.keys.load(Relaxed) / 8).max(64) {
            self.left.store(0, Relaxed);
            self.used.store(0, Relaxed);
            let shrunk = self.shrunk.load(Relaxed);
            let fits = if used < left / USED + 1 {
                (shrunk + 1).min(SHRINKS)
            } else {
                shrunk.saturating_sub(1)
            };
            self.shrunk.store(fits, Relaxed);
            self.go_at(self.pace.judge(used, left));
        }
    }
}

/// The frequency that an access word tells.
pub(in crate::keyspace) fn frequency(word: u32, now: u32) -> u32 {
    let pace = pace(now);
    let since = |at: u32| (at >> ERA_AT & ERAS) >> pace;
    let eras = since(now).wrapping_sub(since(word)) & ERAS >> pace;
    (word >> FREQUENCY_AT & MOST) >> eras.min(31)
}

/// How many eras are taken as one at present, as a power of two.
pub(super) fn pace(now: u32) -> u32 {
    now >> PACE_AT
}

/// The access word, but for the stamp, of a key that is used once more.
#[inline]
pub(in crate::keyspace) fn touched(word: u32, now: u32) -> u32 {
    word & NEWCOMER | settled(frequency(word, now) + 1, now)
}

/// The access word, but for the stamp, of a key that is no newcomer, and used now.
pub(super) fn settled(frequency: u32, now: u32) -> u32 {
    frequency.min(MOST) << FREQUENCY_AT | now & ERA_AND_TICK
}

/// For how many ticks a key was not used.
pub(super) fn unused(word: u32, now: u32) -> u32 {
    now.wrapping_sub(word) & TICKS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pace: u32, era: u32, tick: u32) -> u32 {
        pace << PACE_AT | era << ERA_AT | tick
    }

    #[test]
    fn a_longer_era_forgets_less_and_the_word_has_nothing_of_the_pace() {
        for pace in 0..=3 {
            let word = touched(settled(5, at(pace, 8, 1)), at(pace, 8, 2));
            assert_eq!(word, 6 << FREQUENCY_AT | at(0, 8, 2));
            // As many halvings as whole eras began since.
            let after = |eras: u32| frequency(word, at(pace, 8 + eras, 3));
            assert_eq!(after((1 << pace) - 1), 6, "{pace}");
            assert_eq!([after(1 << pace), after(2 << pace), after(3 << pace)], [3, 1, 0], "{pace}");
        }
    }

    #[test]
    fn eras_go_on_across_their_end_at_every_pace() {
        for pace in 0..=3 {
            let age = Age::default();
            age.go_at(pace);
            age.go_on(64 - (1 << pace), 5);
            let word = settled(6, age.now());
            age.go_on(1 << pace, TICKS);
            assert_eq!(age.now(), at(pace, 0, 4), "{pace}");
            assert_eq!((frequency(word, age.now()), unused(word, age.now())), (3, TICKS), "{pace}");
        }
    }
}
