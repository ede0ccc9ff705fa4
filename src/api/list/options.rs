//! What methods of lists may be told besides.

use super::MoveCount;
use crate::value::list::{End, ListRef};

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListEnd {
    /// The first element's, index 0 (`LEFT`).
    Left,
    /// The last element's, index -1 (`RIGHT`).
    Right,
}

impl From<ListEnd> for End {
    fn from(end: ListEnd) -> End {
        match end {
            ListEnd::Left => End::Front,
            ListEnd::Right => End::Back,
        }
    }
}

/// How many elements [`Db::lmove_many`](crate::Db::lmove_many) moves, and how they come to lie.
#[derive(Debug, Clone, Copy)]
pub struct ListMove(MoveCount);

impl ListMove {
    /// So many, or all there are if they are fewer (`COUNT`); one at least.
    pub fn up_to(count: usize) -> ListMove {
        ListMove(MoveCount { count: count.max(1), exactly: false, bulk: true })
    }

    /// So many, or none if there are fewer (`EXACTLY`); one at least.
    pub fn exactly(count: usize) -> ListMove {
        let ListMove(how) = ListMove::up_to(count);
        ListMove(MoveCount { exactly: true, ..how })
    }

    /// One after the other (`OBO`): what is moved from one end to the same end comes to lie the other way round. Otherwise
    /// they keep their order (`BULK`).
    ///
    /// ```
    /// use danio::{Db, ListEnd::Left, ListMove};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("a", ["1", "2", "3", "4"])?;
    /// assert_eq!(db.lmove_many("a", "b", Left, Left, ListMove::up_to(2))?, ["1", "2"]);
    /// assert_eq!(db.lrange("b", ..)?, ["1", "2"]);
    /// db.lmove_many("a", "c", Left, Left, ListMove::up_to(2).one_by_one())?;
    /// assert_eq!(db.lrange("c", ..)?, ["4", "3"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn one_by_one(mut self) -> ListMove {
        self.0.bulk = false;
        self
    }
}

impl From<ListMove> for MoveCount {
    fn from(ListMove(how): ListMove) -> MoveCount {
        how
    }
}

/// Which matches [`Db::lpos_with`](crate::Db::lpos_with) returns.
#[derive(Debug, Clone, Copy)]
pub struct LposOptions {
    pub(crate) from: End,
    pub(crate) skip: u64,
    pub(crate) count: Option<u64>,
    pub(crate) max_len: Option<u64>,
}

impl Default for LposOptions {
    fn default() -> LposOptions {
        LposOptions { from: End::Front, skip: 0, count: None, max_len: None }
    }
}

impl LposOptions {
    /// Every match, the leftmost first.
    pub fn new() -> LposOptions {
        LposOptions::default()
    }

    /// From the right end on, the rightmost match first (a negative `RANK`).
    ///
    /// ```
    /// use danio::{Db, LposOptions};
    ///
    /// let db = Db::in_memory();
    /// db.rpush("l", ["a", "b", "a", "b", "a"])?;
    /// assert_eq!(db.lpos_with("l", "a", &LposOptions::new().from_right())?, [4, 2, 0]);
    /// let second = LposOptions::new().from_right().skip(1).count(1);
    /// assert_eq!(db.lpos_with("l", "a", &second)?, [2]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn from_right(mut self) -> LposOptions {
        self.from = End::Back;
        self
    }

    /// Passes over this many matches (`RANK`, less one).
    pub fn skip(mut self, matches: u64) -> LposOptions {
        self.skip = matches;
        self
    }

    /// At most this many matches (`COUNT`); 0 is all.
    pub fn count(mut self, matches: u64) -> LposOptions {
        self.count = Some(matches).filter(|count| *count > 0);
        self
    }

    /// Compares this many elements at most (`MAXLEN`); 0 is all.
    pub fn max_len(mut self, elements: u64) -> LposOptions {
        self.max_len = Some(elements).filter(|len| *len > 0);
        self
    }

    /// Calls `found` with the index of each match. O(elements compared).
    pub(crate) fn search(&self, list: ListRef<'_>, element: &[u8], mut found: impl FnMut(usize)) {
        let (wanted, len) = (element.into(), list.len());
        let bounded = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let most = self.max_len.map_or(len, bounded).min(len);
        let (mut skip, mut left) = (self.skip, self.count.unwrap_or(u64::MAX));
        let mut iter = list.iter_from(if self.from == End::Front { 0 } else { len });
        for i in 0..most {
            let (item, index) = match self.from {
                End::Front => (iter.next(), i),
                End::Back => (iter.back(), len - 1 - i),
            };
            if item != Some(wanted) {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            found(index);
            left -= 1;
            if left == 0 {
                return;
            }
        }
    }
}
