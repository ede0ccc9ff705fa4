//! The decimal digits of a double by Grisu2 (Loitsch, 2010), as Redis prints doubles.
//!
//! The digits always read back as the same double, and for all but about three numbers in
//! a thousand they are the fewest that do. For those three, exact printers such as `ryu`
//! find one digit less: replies would differ from Redis's, and so `ryu` is not used here.

use std::sync::LazyLock;

use super::extended::Extended;

/// More digits than any double takes.
const MAX_DIGITS: usize = 18;
/// Powers of ten from 10^-348 to 10^340, eight apart.
const FIRST_POWER: i32 = -348;
const POWER_STEP: i32 = 8;
const POWERS: usize = 87;
/// Where a scaled number's exponent must lie, for its whole part to fit 32 bits.
const EXPONENTS: std::ops::RangeInclusive<i32> = -60..=-32;

static POWERS_OF_TEN: LazyLock<[Binary; POWERS]> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let text = format!("1e{}", FIRST_POWER + POWER_STEP * i as i32);
        match Extended::parse(text.as_bytes()) {
            Some(Extended::Finite { mantissa, exponent, .. }) => Binary { mantissa, exponent },
            _ => unreachable!("an extended number reaches to 10^4932"),
        }
    })
});

/// `mantissa` × 2^`exponent`.
#[derive(Debug, Clone, Copy)]
struct Binary {
    mantissa: u64,
    exponent: i32,
}

impl Binary {
    /// Shifts the highest bit to the top.
    fn normalized(self) -> Binary {
        let shift = self.mantissa.leading_zeros();
        Binary { mantissa: self.mantissa << shift, exponent: self.exponent - shift as i32 }
    }

    /// The product, rounded to 64 bits.
    fn times(self, other: Binary) -> Binary {
        let product = u128::from(self.mantissa) * u128::from(other.mantissa) + (1 << 63);
        Binary { mantissa: (product >> 64) as u64, exponent: self.exponent + other.exponent + 64 }
    }
}

/// Decimal digits, and the power of ten of the last one.
#[derive(Debug)]
pub(crate) struct Decimal {
    digits: [u8; MAX_DIGITS],
    count: usize,
    pub(crate) exponent: i32,
}

impl Decimal {
    /// The digits as text.
    pub(crate) fn digits(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    fn push(&mut self, digit: u64) {
        if digit != 0 || self.count > 0 {
            self.digits[self.count] = b'0' + digit as u8;
            self.count += 1;
        }
    }
}

/// The digits of a positive, finite number.
pub(crate) fn decimal(value: f64) -> Decimal {
    const HIDDEN: u64 = 1 << 52;
    let bits = value.to_bits();
    let (fraction, biased) = (bits & (HIDDEN - 1), (bits >> 52) as i32);
    let exact = match biased {
        0 => Binary { mantissa: fraction, exponent: -1074 },
        _ => Binary { mantissa: fraction | HIDDEN, exponent: biased - 1075 },
    };
    // Half way to the neighbours; the one below a power of two is nearer.
    let upper =
        Binary { mantissa: 2 * exact.mantissa + 1, exponent: exact.exponent - 1 }.normalized();
    let nearer = if exact.mantissa == HIDDEN { 2 } else { 1 };
    let lower = ((exact.mantissa << nearer) - 1) << (exact.exponent - nearer - upper.exponent);
    let lower = Binary { mantissa: lower, exponent: upper.exponent };

    let (power, scale) = scale_for(upper.exponent);
    let exact = exact.normalized().times(scale);
    let mut upper = upper.times(scale);
    upper.mantissa -= 1;
    let lower = lower.times(scale).mantissa + 1;
    generate(upper, upper.mantissa - exact.mantissa, upper.mantissa - lower, -power)
}

/// A power of ten that brings a number of this exponent into [`EXPONENTS`]; there may be
/// two, and which is taken decides some last digits, so that the search is Redis's.
fn scale_for(exponent: i32) -> (i32, Binary) {
    let guess = (-f64::from(exponent + POWERS as i32) * std::f64::consts::LOG10_2) as i32;
    let mut i = ((guess - FIRST_POWER) / POWER_STEP) as usize;
    loop {
        let scale = POWERS_OF_TEN[i];
        let scaled = exponent + scale.exponent + 64;
        if scaled < *EXPONENTS.start() {
            i += 1;
        } else if scaled > *EXPONENTS.end() {
            i -= 1;
        } else {
            return (FIRST_POWER + POWER_STEP * i as i32, scale);
        }
    }
}

/// Writes digits of `upper` until what is left is within `width`, the distance to the
/// lower bound; then moves the last digit towards the exact value, `distance` below.
fn generate(upper: Binary, distance: u64, mut width: u64, exponent: i32) -> Decimal {
    let mut decimal = Decimal { digits: [0; MAX_DIGITS], count: 0, exponent };
    let point = -upper.exponent;
    let fraction = (1u64 << point) - 1;
    let (mut whole, mut rest) = (upper.mantissa >> point, upper.mantissa & fraction);
    // Zeros in front are no digits.
    for place in (0..=whole.checked_ilog10().unwrap_or(0)).rev() {
        let unit = 10u64.pow(place);
        decimal.push(whole / unit);
        whole %= unit;
        let left = (whole << point) + rest;
        if left <= width {
            decimal.exponent += place as i32;
            adjust(&mut decimal, distance, width, left, unit << point);
            return decimal;
        }
    }
    let mut scale = 1u64;
    loop {
        rest *= 10;
        width *= 10;
        scale = scale.wrapping_mul(10);
        decimal.exponent -= 1;
        decimal.push(rest >> point);
        rest &= fraction;
        if rest < width {
            adjust(&mut decimal, distance.wrapping_mul(scale), width, rest, fraction + 1);
            return decimal;
        }
    }
}

/// Lowers the last digit while that brings the number nearer to the exact one, and not out
/// of the bounds.
fn adjust(decimal: &mut Decimal, distance: u64, width: u64, mut left: u64, unit: u64) {
    while left < distance
        && width - left >= unit
        && (left + unit < distance || distance - left > left + unit - distance)
    {
        decimal.digits[decimal.count - 1] -= 1;
        left += unit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_read_back(bits in 1u64..0x7ff0_0000_0000_0000) {
            let value = f64::from_bits(bits);
            let decimal = decimal(value);
            let text = format!("{}e{}", String::from_utf8_lossy(decimal.digits()), decimal.exponent);
            prop_assert_eq!(text.parse::<f64>().ok(), Some(value), "{}", text);
        }
    }
}
