//! Just enough arithmetic on natural numbers of any size to convert between decimal
//! and binary exactly.

use std::cmp::Ordering;

/// A natural number: 32-bit limbs, lowest first, the last not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Natural {
    limbs: Vec<u32>,
}

impl Natural {
    /// The number that these decimal digits (values 0 to 9) spell.
    pub(crate) fn from_digits(digits: &[u8]) -> Natural {
        let mut number = Natural { limbs: Vec::with_capacity(digits.len() / 9 + 1) };
        for chunk in digits.chunks(9) {
            let value = chunk.iter().fold(0, |value, digit| value * 10 + u32::from(*digit));
            number.scale(10u32.pow(chunk.len() as u32), value);
        }
        number
    }

    /// `value` × 2^`shift`.
    pub(crate) fn from_shifted(value: u64, shift: usize) -> Natural {
        let mut number = Natural { limbs: vec![value as u32, (value >> 32) as u32] };
        number.trim();
        number.shift_left(shift);
        number
    }

    /// Multiplies by `factor` and adds `add`.
    pub(crate) fn scale(&mut self, factor: u32, add: u32) {
        let mut carry = u64::from(add);
        for limb in &mut self.limbs {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.limbs.push(carry as u32);
        }
    }

    /// Multiplies by 10^`power`.
    pub(crate) fn scale_ten(&mut self, power: usize) {
        for _ in 0..power / 9 {
            self.scale(1_000_000_000, 0);
        }
        self.scale(10u32.pow((power % 9) as u32), 0);
    }

    /// Multiplies by 2^`bits`.
    pub(crate) fn shift_left(&mut self, bits: usize) {
        if self.limbs.is_empty() {
            return;
        }
        self.scale(1 << (bits % 32), 0);
        self.limbs.splice(0..0, std::iter::repeat_n(0, bits / 32));
    }

    /// How many bits it takes to write the number.
    pub(crate) fn bits(&self) -> usize {
        match self.limbs.last() {
            Some(top) => self.limbs.len() * 32 - top.leading_zeros() as usize,
            None => 0,
        }
    }

    /// Divides by `divisor`, which must be so near in size that the quotient fits 128
    /// bits; gives the quotient and whether something remains.
    pub(crate) fn divide(mut self, divisor: &Natural) -> (u128, bool) {
        let steps = (self.bits() + 1).saturating_sub(divisor.bits());
        debug_assert!(steps <= 128, "quotient fits");
        let mut part = divisor.clone();
        part.shift_left(steps.saturating_sub(1));
        let mut quotient = 0;
        for step in 0..steps {
            if step > 0 {
                part.halve();
            }
            quotient <<= 1;
            if self.compare(&part) != Ordering::Less {
                self.subtract(&part);
                quotient |= 1;
            }
        }
        (quotient, !self.limbs.is_empty())
    }

    /// The 128 highest bits, or all there are: the value without its `shift` lowest
    /// bits, the shift, and whether one of those bits is set.
    pub(crate) fn top(&self) -> (u128, usize, bool) {
        let shift = self.bits().saturating_sub(128);
        let (limb, bit) = (shift / 32, shift % 32);
        let mut value = 0u128;
        for (i, &word) in self.limbs[limb..].iter().enumerate() {
            let word = u128::from(word);
            if i == 0 {
                value = word >> bit;
            } else {
                value |= word << (32 * i - bit);
            }
        }
        let below = self.limbs[..limb].iter().any(|l| *l != 0);
        (value, shift, below || self.limbs.get(limb).is_some_and(|l| l & ((1 << bit) - 1) != 0))
    }

    /// Appends the decimal digits as text.
    pub(crate) fn write_decimal(mut self, out: &mut Vec<u8>) {
        let mut groups = Vec::new();
        while !self.limbs.is_empty() {
            let mut rest = 0u64;
            for limb in self.limbs.iter_mut().rev() {
                rest = rest << 32 | u64::from(*limb);
                *limb = (rest / 1_000_000_000) as u32;
                rest %= 1_000_000_000;
            }
            self.trim();
            groups.push(rest as u32);
        }
        let mut text = itoa::Buffer::new();
        out.extend(text.format(groups.pop().unwrap_or(0)).as_bytes());
        for group in groups.into_iter().rev() {
            let digits = text.format(group).as_bytes();
            out.extend(&b"000000000"[digits.len()..]);
            out.extend(digits);
        }
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for limb in self.limbs.iter_mut().rev() {
            let low = *limb & 1;
            *limb = *limb >> 1 | carry << 31;
            carry = low;
        }
        self.trim();
    }

    fn compare(&self, other: &Natural) -> Ordering {
        let lengths = self.limbs.len().cmp(&other.limbs.len());
        lengths.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }

    fn subtract(&mut self, other: &Natural) {
        let mut borrow = false;
        for (i, limb) in self.limbs.iter_mut().enumerate() {
            let (difference, first) =
                limb.overflowing_sub(other.limbs.get(i).copied().unwrap_or(0));
            let (difference, second) = difference.overflowing_sub(u32::from(borrow));
            *limb = difference;
            borrow = first || second;
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn natural(value: u128) -> Natural {
        let mut number = Natural { limbs: (0..4).map(|i| (value >> (32 * i)) as u32).collect() };
        number.trim();
        number
    }

    proptest! {
        #[test]
        fn agrees_with_128_bits(a: u64, b in 1u64.., shift in 0usize..60) {
            let text = a.to_string();
            let digits: Vec<u8> = text.bytes().map(|d| d - b'0').collect();
            prop_assert_eq!(Natural::from_digits(&digits), natural(u128::from(a)));
            prop_assert_eq!(Natural::from_shifted(a, shift), natural(u128::from(a) << shift));

            let (quotient, rest) = natural(u128::from(a) << shift).divide(&natural(u128::from(b)));
            prop_assert_eq!(quotient, (u128::from(a) << shift) / u128::from(b));
            prop_assert_eq!(rest, (u128::from(a) << shift) % u128::from(b) != 0);

            let mut out = Vec::new();
            natural(u128::from(a) * u128::from(b)).write_decimal(&mut out);
            prop_assert_eq!(out, (u128::from(a) * u128::from(b)).to_string().into_bytes());
        }

        #[test]
        fn keeps_the_top(a: u128, shift in 0usize..100) {
            let mut number = natural(a);
            let bits = number.bits();
            number.shift_left(shift);
            let (top, dropped, sticky) = number.top();
            let lost = (bits + shift).saturating_sub(128);
            prop_assert_eq!(dropped, lost);
            prop_assert!(!sticky || lost > shift);
            if lost <= shift {
                prop_assert_eq!(top, a << (shift - lost));
            }
        }
    }
}
