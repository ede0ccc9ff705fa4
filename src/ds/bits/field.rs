//! Integers of 1 to 64 bits at any bit of a string (`BITFIELD`).

/// The place and the kind of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its first bit, the highest of the integer.
    pub(crate) offset: u64,
    /// 1 to 64 if it is signed, else 1 to 63.
    pub(crate) bits: u8,
    pub(crate) signed: bool,
}

/// What becomes of a number that does not fit (`OVERFLOW`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum BitOverflow {
    /// Its lowest bits are kept.
    #[default]
    Wrap,
    /// The nearest number that fits takes its place.
    Saturate,
    /// Nothing is written, and the answer is `None`.
    Fail,
}

impl Field {
    /// The last bit.
    pub(crate) fn last(self) -> u64 {
        self.offset + u64::from(self.bits) - 1
    }

    /// The bytes in which the field lies, nine at most.
    fn bytes(self) -> (usize, usize) {
        let at = |bit: u64| usize::try_from(bit / 8).unwrap_or(usize::MAX);
        (at(self.offset), at(self.last()))
    }

    /// How far the field's lowest bit is from the lowest of 128, of which the first eight are the
    /// field's first byte.
    fn shift(self) -> u32 {
        128 - (self.offset % 8) as u32 - u32::from(self.bits)
    }

    /// As many ones as the field has bits.
    fn ones(self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    /// The number in the field, of a string that ends where it may.
    pub(crate) fn get(self, bytes: &[u8]) -> i64 {
        let (first, last) = self.bytes();
        let mut window = [0; 16];
        let there = bytes.get(first..).unwrap_or_default();
        let there = &there[..there.len().min(last - first + 1)];
        window[..there.len()].copy_from_slice(there);
        let raw = (u128::from_be_bytes(window) >> self.shift()) as u64 & self.ones();
        if !self.signed {
            return raw.cast_signed();
        }
        let unused = 64 - self.bits;
        (raw << unused).cast_signed() >> unused
    }

    /// Writes the lowest bits of a number into the field, which lies within the string.
    pub(crate) fn set(self, bytes: &mut [u8], value: i64) {
        let (first, last) = self.bytes();
        let place = &mut bytes[first..=last];
        let mut window = [0; 16];
        window[..place.len()].copy_from_slice(place);
        let keep = !(u128::from(self.ones()) << self.shift());
        let value = u128::from(value.cast_unsigned() & self.ones()) << self.shift();
        let window = (u128::from_be_bytes(window) & keep | value).to_be_bytes();
        place.copy_from_slice(&window[..place.len()]);
    }

    /// What is to be written in the place of `value + increment`; `None` if nothing is. `value` need not
    /// fit when `increment` is zero.
    pub(crate) fn fit(self, value: i64, increment: i64, overflow: BitOverflow) -> Option<i64> {
        let limit = if self.signed {
            self.signed_limit(value, increment)
        } else {
            self.unsigned_limit(value, increment)
        };
        let sum = value.wrapping_add(increment);
        match (limit, overflow) {
            (None, _) => Some(sum),
            (Some(_), BitOverflow::Wrap) => Some(self.wrap(sum)),
            (Some(limit), BitOverflow::Saturate) => Some(limit),
            (Some(_), BitOverflow::Fail) => None,
        }
    }

    /// The number that the field's bits of `sum` are.
    fn wrap(self, sum: i64) -> i64 {
        if !self.signed {
            return sum & self.ones().cast_signed();
        }
        let unused = 64 - self.bits;
        (sum << unused) >> unused
    }

    /// The limit that an unsigned sum oversteps. A negative value is one above every limit.
    fn unsigned_limit(self, value: i64, increment: i64) -> Option<i64> {
        let max = self.ones();
        let value = value.cast_unsigned();
        let sum = i128::from(value) + i128::from(increment);
        if value > max || sum > i128::from(max) {
            Some(max.cast_signed())
        } else {
            (sum < 0).then_some(0)
        }
    }

    /// The limit that a signed sum oversteps. A value so far below that its distance to the upper limit
    /// does not fit 64 bits is taken to be above it, as Redis takes it.
    fn signed_limit(self, value: i64, increment: i64) -> Option<i64> {
        let max = (self.ones() >> 1).cast_signed();
        let min = -max - 1;
        let (up, down) = (max.wrapping_sub(value), min.wrapping_sub(value));
        let narrow = self.bits != 64;
        if value > max || (narrow || value >= 0 && increment > 0) && increment > up {
            Some(max)
        } else if value < min || (narrow || value < 0 && increment < 0) && increment < down {
            Some(min)
        } else {
            None
        }
    }
}
