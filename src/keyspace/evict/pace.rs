//! How fast `allkeys-s3fifo` forgets.
//!
//! No single length of an era serves every cache: where the same keys stay popular a long one does, and where the
//! popular keys change a short one. Two things tell which is the case, and cost nothing on a hit:
//!
//! - *Who comes back.* Of the keys that are evicted some had been let in, and others were newcomers that were not. As in
//!   ARC (Megiddo, Modha 2003) it is compared which of the two come back more often, while their ghosts last.
//!   What was let in should be worth more: if it comes back less often, those that are in are of yesterday, and eras are
//!   to be short; if it comes back far more often, too much is forgotten, and eras are to be long.
//! - *Who is used at once.* Where the popular keys change steadily, new ones are used while they are still
//!   in the queue; where they stay, hardly any is. Eras are of middle length then, at most.
//!
//! An era is no clock of its own: eras are counted in their shortest length, and a reader takes two,
//! four or eight of them as one (`age.rs`), so that another pace holds for all keys at once.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The shortest, a middle and the longest era, as powers of two of the counted ones.
const SHORT: u32 = 0;
const MIDDLE: u32 = 2;
const LONG: u32 = 3;
/// How often, in percent, keys that were let in must come back for one newcomer that does, or eras are short, ...
const WORTH_LESS: u64 = 85;
/// ... or they are not long.
const WORTH_MORE: u64 = 150;
/// With what the comparison starts, so that a few keys prove nothing: so many that were let in, which come back twice as
/// often.
const SUPPOSED: u64 = 10;
/// What one key counts, so that a part of few keys can be forgotten.
const KEY: u64 = 64;
/// Of so many newcomers one must be used in the queue, on an average, for eras of middle length.
const AT_ONCE: u32 = 67;
/// A part of what was counted that is forgotten, and of the average that is replaced, at each look.
const FORGET: u32 = 10;
const AVERAGE: u32 = 8;
/// A share of one, in the average.
const ONE: u32 = 1 << 16;

/// What is known of the keys that went, for the choice of a pace.
#[derive(Debug, Default)]
pub(super) struct Pace {
    let_in: Fate,
    newcomers: Fate,
    /// The share of newcomers that are used at once, on an average, of `ONE`.
    at_once: AtomicU32,
}

/// How many keys went, and came back while they were remembered, times `KEY`.
#[derive(Debug, Default)]
struct Fate {
    went: AtomicU64,
    came_back: AtomicU64,
}

impl Fate {
    fn counts(&self) -> (u64, u64) {
        (self.went.load(Relaxed), self.came_back.load(Relaxed))
    }

    fn forget(&self) {
        for count in [&self.went, &self.came_back] {
            let now = count.load(Relaxed);
            count.store(now - now / u64::from(FORGET), Relaxed);
        }
    }
}

impl Pace {
    /// The pace of a cache that nothing is known of.
    pub(super) const START: u32 = MIDDLE;

    fn fate(&self, let_in: bool) -> &Fate {
        if let_in { &self.let_in } else { &self.newcomers }
    }

    /// Notes that a key went, which had been let in or was a newcomer.
    pub(super) fn went(&self, let_in: bool) {
        self.fate(let_in).went.fetch_add(KEY, Relaxed);
    }

    /// Notes that such a key came back.
    pub(super) fn came_back(&self, let_in: bool) {
        self.fate(let_in).came_back.fetch_add(KEY, Relaxed);
    }

    /// How long eras should be, as a power of two of the counted ones, given that of some newcomers that left
    /// the queue so many had been used in it. To be asked once for each eighth of the keys.
    pub(super) fn judge(&self, used: u32, left: u32) -> u32 {
        let share = (u64::from(used) * u64::from(ONE) / u64::from(left.max(1))) as u32;
        let before = self.at_once.load(Relaxed);
        let at_once = before - before / AVERAGE + share / AVERAGE;
        self.at_once.store(at_once, Relaxed);
        let worth = self.worth();
        self.let_in.forget();
        self.newcomers.forget();
        if worth < WORTH_LESS {
            SHORT
        } else if worth < WORTH_MORE || at_once >= ONE / AT_ONCE {
            MIDDLE
        } else {
            LONG
        }
    }

    /// How often keys that were let in come back for one newcomer that does, in percent.
    fn worth(&self) -> u64 {
        let (went, came_back) = self.let_in.counts();
        let (newcomers, of_them) = self.newcomers.counts();
        let as_newcomers = u128::from(came_back) * u128::from(newcomers) * 100;
        let evened = as_newcomers / u128::from(of_them.max(1)) + u128::from(SUPPOSED * KEY * 200);
        u64::try_from(evened / u128::from(went + SUPPOSED * KEY)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pace after `looks` at a cache of which keys come back, of a thousand, and newcomers are used at once.
    fn pace(looks: u32, let_in: u32, newcomers: u32, at_once: u32) -> u32 {
        let (pace, mut last) = (Pace::default(), Pace::START);
        for _ in 0..looks {
            for (kind, of_thousand) in [(true, let_in), (false, newcomers)] {
                (0..1_000).for_each(|_| pace.went(kind));
                (0..of_thousand).for_each(|_| pace.came_back(kind));
            }
            last = pace.judge(at_once, 1_000);
        }
        last
    }

    #[test]
    fn eras_are_long_while_what_was_let_in_is_worth_more() {
        assert_eq!(pace(20, 80, 35, 2), LONG);
        assert_eq!(pace(20, 40, 35, 2), MIDDLE, "hardly more");
        assert_eq!(pace(20, 20, 35, 2), SHORT, "less");
        assert_eq!(pace(20, 0, 35, 2), SHORT, "nothing");
        assert_eq!(pace(20, 80, 0, 2), LONG, "a scan, of which nothing comes back");
    }

    #[test]
    fn eras_are_of_middle_length_while_newcomers_are_used_at_once() {
        assert_eq!(pace(40, 80, 35, 30), MIDDLE);
        assert_eq!(pace(40, 20, 35, 30), SHORT, "if that is not too long already");
    }

    #[test]
    fn a_few_keys_prove_nothing() {
        let pace = Pace::default();
        (0..3).for_each(|_| pace.went(true));
        (0..100).for_each(|_| pace.went(false));
        (0..10).for_each(|_| pace.came_back(false));
        assert_eq!(pace.judge(0, 64), LONG);
    }

    #[test]
    fn another_pace_is_found_when_the_popular_keys_change() {
        let pace = Pace::default();
        let look = |let_in: u32, newcomers: u32| {
            (0..1_000).for_each(|_| {
                pace.went(true);
                pace.went(false);
            });
            (0..let_in).for_each(|_| pace.came_back(true));
            (0..newcomers).for_each(|_| pace.came_back(false));
            pace.judge(0, 1_000)
        };
        let quiet: Vec<u32> = (0..100).map(|_| look(80, 40)).collect();
        assert!(quiet.iter().all(|pace| *pace == LONG));
        let changing = (1..100).find(|_| look(10, 80) == SHORT);
        let quiet_again = (1..100).find(|_| look(80, 40) == LONG);
        assert!(changing.is_some_and(|n| n <= 10), "{changing:?}");
        assert!(quiet_again.is_some_and(|n| n <= 30), "{quiet_again:?}");
    }

    #[test]
    fn no_counts_overflow_or_divide_by_zero() {
        assert_eq!(Pace::default().judge(0, 0), LONG);
        let pace = Pace::default();
        for fate in [&pace.let_in, &pace.newcomers] {
            fate.went.store(u64::MAX / 2, Relaxed);
            fate.came_back.store(u64::MAX / 256, Relaxed);
        }
        assert_eq!(pace.judge(u32::MAX, 1), MIDDLE);
    }
}
