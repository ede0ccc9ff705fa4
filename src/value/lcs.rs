//! The longest common subsequence of two strings, as LCS finds it.

/// Parts of both strings that match, both ends included, and how long they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) a: (usize, usize),
    pub(crate) b: (usize, usize),
}

impl Match {
    pub(crate) fn len(&self) -> usize {
        self.a.1 - self.a.0 + 1
    }
}

/// The table of the textbook's dynamic programme, filled: `len(i, j)` is the answer for the first
/// `i` and `j` bytes.
pub(crate) struct LcsTable<'s> {
    a: &'s [u8],
    b: &'s [u8],
    cells: Vec<u32>,
}

impl<'s> LcsTable<'s> {
    /// Fills the table: O(a·b) time and four bytes a cell. `None` if that is more than `limit` bytes
    /// or cannot be had.
    pub(crate) fn new(a: &'s [u8], b: &'s [u8], limit: usize) -> Option<LcsTable<'s>> {
        let count = (a.len() + 1).checked_mul(b.len() + 1)?;
        if count.checked_mul(size_of::<u32>())? > limit {
            return None;
        }
        let mut cells = Vec::new();
        cells.try_reserve_exact(count).ok()?;
        cells.resize(count, 0_u32);
        let width = b.len() + 1;
        for (i, byte) in a.iter().enumerate() {
            let (above, row) = cells[i * width..(i + 2) * width].split_at_mut(width);
            for (j, other) in b.iter().enumerate() {
                row[j + 1] = if byte == other { above[j] + 1 } else { above[j + 1].max(row[j]) };
            }
        }
        Some(LcsTable { a, b, cells })
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.cells[i * (self.b.len() + 1) + j]
    }

    /// How long the subsequence is.
    pub(crate) fn len(&self) -> usize {
        self.at(self.a.len(), self.b.len()) as usize
    }

    /// Walks the table from its end: the subsequence, and the matching parts, last first.
    pub(crate) fn walk(&self) -> (Vec<u8>, Vec<Match>) {
        let (mut i, mut j) = (self.a.len(), self.b.len());
        let mut bytes = Vec::with_capacity(self.len());
        let mut matches: Vec<Match> = Vec::new();
        while i > 0 && j > 0 {
            if self.a[i - 1] == self.b[j - 1] {
                (i, j) = (i - 1, j - 1);
                bytes.push(self.a[i]);
                match matches.last_mut() {
                    Some(last) if (last.a.0, last.b.0) == (i + 1, j + 1) => {
                        (last.a.0, last.b.0) = (i, j)
                    }
                    _ => matches.push(Match { a: (i, i), b: (j, j) }),
                }
            } else if self.at(i - 1, j) > self.at(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        bytes.reverse();
        (bytes, matches)
    }
}

#[cfg(test)]
mod tests {
    use super::{LcsTable, Match};

    #[test]
    fn finds_what_the_documentation_shows() {
        let table = LcsTable::new(b"ohmytext", b"mynewtext", usize::MAX).expect("no limit");
        assert_eq!(table.len(), 6);
        let (bytes, matches) = table.walk();
        assert_eq!(bytes, b"mytext");
        assert_eq!(matches, [Match { a: (4, 7), b: (5, 8) }, Match { a: (2, 3), b: (0, 1) }]);
    }

    #[test]
    fn nothing_in_common_and_nothing_at_all() {
        for (a, b) in [(&b"abc"[..], &b"xyz"[..]), (b"", b"x"), (b"", b"")] {
            let table = LcsTable::new(a, b, usize::MAX).expect("no limit");
            assert_eq!((table.len(), table.walk()), (0, (vec![], vec![])));
        }
    }

    #[test]
    fn a_table_above_the_limit_is_refused() {
        assert!(LcsTable::new(&[0; 100], &[0; 100], 1000).is_none());
    }
}
