//! A set of integers as one sorted run of bytes.
//!
//! ```text
//! [ width u8 ][ number ][ number ] ... [ number ]      ascending, each `width` bytes
//! ```
//!
//! The width is that of the widest number there ever was: 2, 4 or 8 bytes, little-endian. A number
//! that does not fit widens all of them, and then belongs at one end. Redis's intset is the
//! same idea with a longer header.
//!
//! Invariants: no bytes at all, or a width and at least one number; ascending, none twice.
//!
//! Costs: finding is a binary search without branches, O(log n); a change moves the numbers behind
//! it. [`IntSet`] owns its bytes; [`IntSetRef`] reads them wherever they lie, inside an entry
//! say, where nothing is aligned.

#[cfg(test)]
mod tests;

use super::blocks::block_size;

/// Bytes of the width.
const HEADER: usize = 1;

/// How wide the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Width {
    Two = 2,
    Four = 4,
    Eight = 8,
}

impl Width {
    /// The least that a number needs.
    fn of(number: i64) -> Width {
        if i16::try_from(number).is_ok() {
            Width::Two
        } else if i32::try_from(number).is_ok() {
            Width::Four
        } else {
            Width::Eight
        }
    }

    fn from_byte(byte: u8) -> Option<Width> {
        [Width::Two, Width::Four, Width::Eight].into_iter().find(|width| *width as u8 == byte)
    }

    #[inline(always)]
    fn bytes(self) -> usize {
        self as usize
    }
}

/// A set of integers that owns its bytes; see the [module](self).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct IntSet {
    bytes: Vec<u8>,
}

impl IntSet {
    /// The set of these bytes, which an `IntSet` has given before.
    #[inline]
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> IntSet {
        IntSet { bytes }
    }

    /// The bytes, to be kept.
    #[inline]
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The bytes, as they are to be kept.
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads it.
    #[inline]
    pub(crate) fn as_ref(&self) -> IntSetRef<'_> {
        IntSetRef::new(&self.bytes)
    }

    pub(crate) fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// Bytes allocated.
    pub(crate) fn heap_size(&self) -> usize {
        block_size(self.bytes.capacity())
    }

    /// Adds a number. Returns whether it is new.
    pub(crate) fn insert(&mut self, number: i64) -> bool {
        let Err(index) = self.as_ref().find(number) else { return false };
        self.widen(Width::of(number));
        let width = self.width();
        let at = HEADER + index * width.bytes();
        let end = self.bytes.len();
        self.bytes.resize(end + width.bytes(), 0);
        self.bytes.copy_within(at..end, at + width.bytes());
        self.bytes[at..at + width.bytes()].copy_from_slice(&number.to_le_bytes()[..width.bytes()]);
        true
    }

    /// Removes a number. Returns whether it was there.
    pub(crate) fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.as_ref().find(number) else { return false };
        self.remove_at(index);
        true
    }

    /// Removes the number at a place.
    ///
    /// # Panics
    /// If there are not so many.
    pub(crate) fn remove_at(&mut self, index: usize) {
        if self.len() == 1 {
            assert_eq!(index, 0);
            return self.bytes.clear();
        }
        let width = self.width().bytes();
        let at = HEADER + index * width;
        self.bytes.drain(at..at + width);
    }

    /// The width, of numbers to be written at least; 2 for an empty set.
    fn width(&self) -> Width {
        self.as_ref().width
    }

    /// Makes the numbers at least this wide; writes the header of an empty set.
    fn widen(&mut self, width: Width) {
        if self.bytes.is_empty() {
            self.bytes.push(width as u8);
        } else if width > self.width() {
            let mut wide = Vec::with_capacity(HEADER + (self.len() + 1) * width.bytes());
            wide.push(width as u8);
            for number in self.as_ref().iter() {
                wide.extend_from_slice(&number.to_le_bytes()[..width.bytes()]);
            }
            self.bytes = wide;
        }
    }
}

impl FromIterator<i64> for IntSet {
    fn from_iter<I: IntoIterator<Item = i64>>(numbers: I) -> IntSet {
        let mut set = IntSet::default();
        for number in numbers {
            set.insert(number);
        }
        set
    }
}

/// A set of integers that lies somewhere; see the [module](self).
#[derive(Debug, Clone, Copy)]
pub(crate) struct IntSetRef<'a> {
    width: Width,
    numbers: &'a [u8],
}

impl<'a> IntSetRef<'a> {
    /// The empty set.
    pub(crate) const EMPTY: IntSetRef<'static> = IntSetRef { width: Width::Two, numbers: &[] };

    /// The set of bytes that an [`IntSet`] has given.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> IntSetRef<'a> {
        match bytes.split_first() {
            None => IntSetRef::EMPTY,
            Some((&width, numbers)) => IntSetRef {
                width: Width::from_byte(width).expect("an intset begins with its width"),
                numbers,
            },
        }
    }

    /// The set of bytes from outside; `None` if they are none.
    #[cfg_attr(
        not(any(test, fuzzing)),
        expect(dead_code, reason = "files and RESTORE will read sets from outside")
    )]
    pub(crate) fn checked(bytes: &'a [u8]) -> Option<IntSetRef<'a>> {
        if let Some((&width, numbers)) = bytes.split_first() {
            let width = Width::from_byte(width)?;
            if numbers.is_empty() || !numbers.len().is_multiple_of(width.bytes()) {
                return None;
            }
        }
        let set = IntSetRef::new(bytes);
        let mut ascending = set.iter().zip(set.iter().skip(1));
        ascending.all(|(a, b)| a < b).then_some(set)
    }

    #[inline]
    /// Bytes of a number, and the numbers.
    #[cfg(feature = "snapshot")]
    pub(crate) fn parts(self) -> (usize, &'a [u8]) {
        (self.width.bytes(), self.numbers)
    }

    pub(crate) fn len(self) -> usize {
        self.numbers.len() / self.width.bytes()
    }

    /// The number at a place.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline]
    pub(crate) fn get(self, index: usize) -> i64 {
        match self.width {
            Width::Two => i16::from_le_bytes(self.read(index)).into(),
            Width::Four => i32::from_le_bytes(self.read(index)).into(),
            Width::Eight => i64::from_le_bytes(self.read(index)),
        }
    }

    #[inline(always)]
    fn read<const N: usize>(self, index: usize) -> [u8; N] {
        *self.numbers[index * N..].first_chunk().expect("the numbers are all there")
    }

    /// Where a number is, or where it would be.
    pub(crate) fn find(self, number: i64) -> Result<usize, usize> {
        self.find_between(0, self.len(), number)
    }

    /// As [`find`](IntSetRef::find), for a number that is not before place `from` and likely soon behind
    /// it: O(log of the distance).
    pub(crate) fn find_from(self, from: usize, number: i64) -> Result<usize, usize> {
        let (mut low, mut step) = (from, 1);
        loop {
            let probe = low + step;
            if probe >= self.len() {
                return self.find_between(low, self.len(), number);
            }
            if self.get(probe) > number {
                return self.find_between(low, probe, number);
            }
            (low, step) = (probe, step * 2);
        }
    }

    /// Whether both lie in the same place.
    pub(crate) fn is(self, other: IntSetRef<'_>) -> bool {
        std::ptr::eq(self.numbers, other.numbers)
    }

    fn find_between(self, from: usize, to: usize, number: i64) -> Result<usize, usize> {
        let range = from..to;
        match self.width {
            Width::Two => search(range, |i| i16::from_le_bytes(self.read(i)).into(), number),
            Width::Four => search(range, |i| i32::from_le_bytes(self.read(i)).into(), number),
            Width::Eight => search(range, |i| i64::from_le_bytes(self.read(i)), number),
        }
    }
    #[inline]
    pub(crate) fn contains(self, number: i64) -> bool {
        self.find(number).is_ok()
    }

    /// The numbers, ascending.
    #[inline]
    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = i64> + DoubleEndedIterator + 'a {
        (0..self.len()).map(move |index| self.get(index))
    }
}

/// Where a number is in a range of places, or where it would be.
#[inline(always)]
fn search(
    range: std::ops::Range<usize>,
    get: impl Fn(usize) -> i64,
    number: i64,
) -> Result<usize, usize> {
    let (mut base, mut size) = (range.start, range.len());
    if size == 0 {
        return Err(base);
    }
    // Halving without a branch that depends on what was found: the processor need not guess.
    while size > 1 {
        let half = size / 2;
        base = if get(base + half) <= number { base + half } else { base };
        size -= half;
    }
    match get(base).cmp(&number) {
        std::cmp::Ordering::Equal => Ok(base),
        std::cmp::Ordering::Less => Err(base + 1),
        std::cmp::Ordering::Greater => Err(base),
    }
}
