//! What is remembered of keys that were evicted: that they were there, how often they were used,
//! when last, and whether they had been let in or were newcomers.
//!
//! ```text
//! a cell:   [ hash 10 | let in 1 | frequency 2 | tick of the last use, in sixteens, modulo 8 : 3 ]
//! a group:  four cells, the newest first; what it has no place for is forgotten
//! ```
//!
//! Two bytes a key. A key is taken for another about once in 250 times, which costs no
//! more than a worse choice; yet in a small cache, where nine keys in ten that come are new, twice as often would
//! cost 0.4 points of hits. Groups are found by the hash's size and not by its rest, so that the table
//! may have any number of them: never more cells than there are keys.

use crate::ds::blocks::block_size;

/// Cells in a group: one word.
const GROUP: usize = 4;
/// The most that a cell remembers of a frequency.
const MOST: u32 = 3;
/// The bit of a key that had been let in.
const LET_IN: u16 = 1 << 5;
/// What part of the hash a cell holds.
const PRINT: u16 = 0xffc0;
/// Ticks that a cell holds as one, as bits.
const COARSE: u32 = 4;
/// How many of those it tells apart.
const TIMES: u32 = 8;

/// What was remembered of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ghost {
    /// How often it was used: 1 to 3, which stands for more too.
    pub(super) frequency: u32,
    /// Whether it was no newcomer when it went.
    pub(super) let_in: bool,
    /// Ticks since it was last used, up to fifteen more or less, modulo 128.
    pub(super) unused: u32,
}

#[derive(Debug, Default)]
pub(super) struct Ghosts {
    groups: Vec<[u16; GROUP]>,
    /// Bytes allocated for them: asked for twice at each eviction, and seldom others.
    bytes: usize,
}

impl Ghosts {
    /// Keeps to two bytes for each of so many keys. Grows and shrinks by some parts in a hundred at
    /// least, and then forgets a part.
    pub(super) fn fit(&mut self, keys: usize) {
        let (groups, most) = (self.groups.len(), keys / GROUP);
        if most < groups || most > groups + groups / 4 {
            let wanted = if most < groups { most - most / 16 } else { most };
            let mut cells = Vec::new();
            cells.reserve_exact(wanted);
            cells.extend((0..wanted).map(|i| match groups {
                0 => [0; GROUP],
                _ => self.groups[i * groups / wanted],
            }));
            self.bytes = block_size(cells.capacity() * size_of::<[u16; GROUP]>());
            self.groups = cells;
        }
    }

    pub(super) fn heap_size(&self) -> usize {
        self.bytes
    }

    /// The group of a hash, and what a cell of that hash holds of it.
    fn place(&mut self, hash: u64) -> Option<(&mut [u16; GROUP], u16)> {
        // The stripe's number, which the top bits are, says nothing here.
        let spread = ((hash << 10) ^ (hash >> 32)) & u64::from(u32::MAX);
        let group = (spread * self.groups.len() as u64) >> 32;
        Some((self.groups.get_mut(group as usize)?, (hash >> 16) as u16 & PRINT))
    }

    /// Remembers a key that goes, last used at a tick.
    pub(super) fn put(&mut self, hash: u64, frequency: u32, used: u32, let_in: bool) {
        if let Some((group, print)) = self.place(hash) {
            group.copy_within(..GROUP - 1, 1);
            // A cell is never zero, since the frequency is not: that is an empty one.
            let time = (used >> COARSE) % TIMES;
            let rest = (frequency.clamp(1, MOST) * TIMES + time) as u16;
            group[0] = print | if let_in { LET_IN } else { 0 } | rest;
        }
    }

    /// Takes what is remembered of a key that comes back at a tick.
    pub(super) fn take(&mut self, hash: u64, tick: u32) -> Option<Ghost> {
        let (group, print) = self.place(hash)?;
        let at = group.iter().position(|cell| *cell != 0 && cell & PRINT == print)?;
        let rest = u32::from(group[at] & !PRINT & !LET_IN);
        let let_in = group[at] & LET_IN != 0;
        group.copy_within(at + 1.., at);
        group[GROUP - 1] = 0;
        let unused = (tick >> COARSE).wrapping_sub(rest) % TIMES;
        Some(Ghost { frequency: rest / TIMES, let_in, unused: unused << COARSE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn most_of_the_last_are_remembered_and_few_others() {
        let (mut ghosts, rng) = (Ghosts::default(), Rng::new(1));
        ghosts.fit(10_000);
        assert!(ghosts.heap_size() <= 20_000);
        let hashes: Vec<u64> = (0..20_000).map(|_| rng.next()).collect();
        hashes
            .iter()
            .enumerate()
            .for_each(|(i, hash)| ghosts.put(*hash, i as u32 % 3 + 1, 40, i.is_multiple_of(2)));
        let mut known = |range: std::ops::Range<usize>| {
            let is = |i: usize| {
                Some(Ghost { frequency: i as u32 % 3 + 1, let_in: i.is_multiple_of(2), unused: 32 })
            };
            range.filter(|&i| ghosts.take(hashes[i], 64) == is(i)).count()
        };
        let (late, early) = (known(16_000..20_000), known(0..10_000));
        assert!(late > 3_700 && early < 2_500, "{late} of 4,000 and {early} of 10,000");
        let strangers = (0..10_000).filter(|_| ghosts.take(rng.next(), 0).is_some()).count();
        assert!(strangers < 80, "{strangers}");
    }

    #[test]
    fn who_came_back_is_forgotten_and_a_new_size_keeps_most() {
        let (mut ghosts, rng) = (Ghosts::default(), Rng::new(2));
        ghosts.put(1, 1, 1, false);
        assert_eq!(ghosts.take(1, 1), None, "no place at all");
        ghosts.fit(8_000);
        let hashes: Vec<u64> = (0..2_000).map(|_| rng.next()).collect();
        hashes.iter().for_each(|hash| ghosts.put(*hash, 99, 0, true));
        assert_eq!(
            ghosts.take(hashes[0], 0),
            Some(Ghost { frequency: MOST, let_in: true, unused: 0 })
        );
        assert_eq!(ghosts.take(hashes[0], 0), None);
        let before = ghosts.heap_size();
        ghosts.fit(9_000);
        assert_eq!(ghosts.heap_size(), before, "too little to move for");
        ghosts.fit(12_000);
        assert!((before + 1..=24_000).contains(&ghosts.heap_size()));
        let left = hashes.iter().filter(|hash| ghosts.take(**hash, 0).is_some()).count();
        assert!(left > 1_000, "{left}");
        ghosts.fit(0);
        assert_eq!(ghosts.heap_size(), 0);
    }
}
