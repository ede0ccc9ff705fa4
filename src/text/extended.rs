//! The 80-bit floating-point numbers of x86, in software.
//!
//! `INCRBYFLOAT` and `HINCRBYFLOAT` add C `long double`s and print 17 digits behind the
//! point. The replies are data that clients compare, so Danio computes the same 64-bit
//! mantissa, rounded the same way, on every machine.

use std::cmp::Ordering;

use super::{
    big::Natural,
    scan::{Body, Scanned, scan},
};

/// The longest text that Redis reads as a `long double`.
const MAX_TEXT: usize = 5 * 1024;

/// The lowest power of two, that of the last bit of a subnormal.
const MIN_EXPONENT: i32 = -16445;
/// The highest power of two of a mantissa's last bit.
const MAX_EXPONENT: i32 = 16383 - 63;

/// A number with a 64-bit mantissa and a 15-bit exponent; not a NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extended {
    /// Infinity, negative if true.
    Infinite(bool),
    /// `mantissa` × 2^`exponent`.
    Finite {
        /// Less than zero, or the negative zero.
        negative: bool,
        /// Its top bit is set unless the exponent is the lowest, or the number zero.
        mantissa: u64,
        /// From [`MIN_EXPONENT`] to [`MAX_EXPONENT`].
        exponent: i32,
    },
}

impl From<i64> for Extended {
    fn from(value: i64) -> Extended {
        round(value < 0, u128::from(value.unsigned_abs()), false, 0)
    }
}

impl Extended {
    /// Reads a number the way Redis reads an increment: decimal, hexadecimal or `inf`,
    /// correctly rounded. `None` if it is anything else, or too large, or so small that
    /// it rounds to zero.
    pub(crate) fn parse(text: &[u8]) -> Option<Extended> {
        if text.len() >= MAX_TEXT {
            return None;
        }
        let Scanned { negative, body } = scan(text)?;
        let (zero, value) = match body {
            Body::Infinity => return Some(Extended::Infinite(negative)),
            Body::Binary { mantissa, sticky, exponent } => {
                // No mantissa has more than 128 bits: beyond this it is zero or infinite.
                let exponent = exponent.clamp(-40_000, 40_000) as i32;
                (mantissa == 0 && !sticky, round(negative, mantissa, sticky, exponent))
            }
            Body::Decimal { digits, exponent } => {
                (digits.is_empty(), from_decimal(negative, &digits, exponent))
            }
        };
        match value {
            Extended::Finite { mantissa: 0, .. } if !zero => None,
            Extended::Finite { .. } => Some(value),
            Extended::Infinite(_) => None,
        }
    }

    /// The number that a person means by `value`: the shortest decimal that reads back
    /// as it. `0.1` is then what `INCRBYFLOAT key 0.1` adds. `None` for a NaN.
    pub(crate) fn from_f64(value: f64) -> Option<Extended> {
        if value.is_infinite() {
            return Some(Extended::Infinite(value < 0.0));
        }
        Extended::parse(ryu::Buffer::new().format(value).as_bytes())
    }

    /// The nearest `f64`; infinite if it is too large for one.
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Extended::Infinite(negative) => {
                if negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            Extended::Finite { negative, mantissa, exponent } => super::double::from_binary(
                negative,
                u128::from(mantissa),
                false,
                i64::from(exponent),
            ),
        }
    }

    /// The largest that is finite.
    pub(crate) const MAX: Extended =
        Extended::Finite { negative: false, mantissa: u64::MAX, exponent: MAX_EXPONENT };

    /// The same number on the other side of zero.
    pub(crate) fn negated(self) -> Extended {
        match self {
            Extended::Infinite(negative) => Extended::Infinite(!negative),
            Extended::Finite { negative, mantissa, exponent } => {
                Extended::Finite { negative: !negative, mantissa, exponent }
            }
        }
    }

    /// Compares two numbers; both zeros are one.
    pub(crate) fn order(self, other: Extended) -> Ordering {
        let sign = |number: Extended| match number {
            Extended::Infinite(negative) => {
                if negative {
                    -1
                } else {
                    1
                }
            }
            Extended::Finite { mantissa: 0, .. } => 0,
            Extended::Finite { negative, .. } => {
                if negative {
                    -1
                } else {
                    1
                }
            }
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let magnitudes = self.magnitude().cmp(&other.magnitude());
            if sign(self) < 0 { magnitudes.reverse() } else { magnitudes }
        })
    }

    /// The sum, rounded to nearest, ties to even; `None` if it is infinite or no number.
    pub(crate) fn add(self, other: Extended) -> Option<Extended> {
        let (Extended::Finite { .. }, Extended::Finite { .. }) = (self, other) else { return None };
        let (mut a, mut b) = (self, other);
        if b.magnitude() > a.magnitude() {
            std::mem::swap(&mut a, &mut b);
        }
        let (
            Extended::Finite { negative, mantissa: high, exponent },
            Extended::Finite { negative: other_negative, mantissa: low, exponent: low_exponent },
        ) = (a, b)
        else {
            return None;
        };
        if high == 0 {
            return Some(round(negative && other_negative, 0, false, exponent));
        }
        // One spare bit above for the carry, 63 below; what is shifted out stays as sticky.
        let high = u128::from(high) << 63;
        let (low, sticky) = shift_right(u128::from(low) << 63, exponent.abs_diff(low_exponent));
        let sum =
            if negative == other_negative { high + low } else { high - low - u128::from(sticky) };
        match round(negative && sum != 0, sum, sticky, exponent - 63) {
            Extended::Infinite(_) => None,
            sum => Some(sum),
        }
    }

    /// Appends the number with up to 17 digits behind the point, without trailing zeros;
    /// never with an exponent.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let (negative, mantissa, exponent) = match self {
            Extended::Infinite(true) => return out.extend(b"-inf"),
            Extended::Infinite(false) => return out.extend(b"inf"),
            Extended::Finite { negative, mantissa, exponent } => (negative, mantissa, exponent),
        };
        if exponent >= 0 {
            if negative && mantissa != 0 {
                out.push(b'-');
            }
            return Natural::from_shifted(mantissa, exponent as usize).write_decimal(out);
        }
        let shift = exponent.unsigned_abs();
        let whole = if shift < 64 { mantissa >> shift } else { 0 };
        let fraction = if shift < 64 { mantissa & ((1 << shift) - 1) } else { mantissa };
        let places = round_half_even(u128::from(fraction) * SCALE, shift);
        let (whole, places) = if places == SCALE { (whole + 1, 0) } else { (whole, places as u64) };
        if negative && (whole, places) != (0, 0) {
            out.push(b'-');
        }
        write_fixed(whole, places, out);
    }

    /// Orders numbers without their sign.
    fn magnitude(self) -> (i32, u64) {
        match self {
            Extended::Infinite(_) => (i32::MAX, 0),
            Extended::Finite { mantissa: 0, .. } => (i32::MIN, 0),
            Extended::Finite { mantissa, exponent, .. } => (exponent, mantissa),
        }
    }
}

/// 10^17: a fraction times this is its 17 digits.
const SCALE: u128 = 100_000_000_000_000_000;

fn write_fixed(whole: u64, mut places: u64, out: &mut Vec<u8>) {
    let mut text = itoa::Buffer::new();
    out.extend(text.format(whole).as_bytes());
    if places == 0 {
        return;
    }
    let mut width = 17;
    while places.is_multiple_of(10) {
        places /= 10;
        width -= 1;
    }
    let digits = text.format(places).as_bytes();
    out.push(b'.');
    out.extend(&b"00000000000000000"[..width - digits.len()]);
    out.extend(digits);
}

fn from_decimal(negative: bool, digits: &[u8], exponent: i64) -> Extended {
    if digits.is_empty() {
        return round(negative, 0, false, 0);
    }
    let size = exponent.saturating_add(digits.len() as i64);
    if size > 5000 {
        return Extended::Infinite(negative);
    }
    if size < -5000 {
        return round(negative, 1, false, -40_000);
    }
    if digits.len() <= 19 && (-27..=19).contains(&exponent) {
        let value = digits.iter().fold(0u64, |value, digit| value * 10 + u64::from(*digit));
        return near(negative, value, exponent as i32);
    }
    let mut number = Natural::from_digits(digits);
    if exponent >= 0 {
        number.scale_ten(exponent as usize);
        let (mantissa, shift, sticky) = number.top();
        return round(negative, mantissa, sticky, shift as i32);
    }
    let mut divisor = Natural::from_digits(&[1]);
    divisor.scale_ten(exponent.unsigned_abs() as usize);
    // Make the quotient 100 to 102 bits long: more than any rounding looks at.
    let shift = 101 + divisor.bits() as i32 - number.bits() as i32;
    if shift >= 0 {
        number.shift_left(shift as usize);
    } else {
        divisor.shift_left(shift.unsigned_abs() as usize);
    }
    let (quotient, sticky) = number.divide(&divisor);
    round(negative, quotient, sticky, -shift)
}

/// `value` × 10^`power` where all that is exact fits 128 bits.
fn near(negative: bool, value: u64, power: i32) -> Extended {
    if power >= 0 {
        return round(negative, u128::from(value) * 10u128.pow(power as u32), false, 0);
    }
    // 10^n is 5^n with n zero bits; 5^27 is the largest that fits 64 bits.
    let divisor = 5u64.pow(power.unsigned_abs());
    let shift = value.leading_zeros() + 63;
    let number = u128::from(value) << shift;
    let (quotient, rest) = (number / u128::from(divisor), number % u128::from(divisor));
    // Both are normalised to 127 and at most 64 bits, so 63 bits of quotient are the
    // least; widen it so that rounding sees two more.
    let wider = (rest << 60) / u128::from(divisor);
    let sticky = (rest << 60) % u128::from(divisor) != 0;
    let room = quotient.leading_zeros().min(60);
    let quotient = quotient << room | wider >> (60 - room);
    let sticky = sticky || wider & ((1 << (60 - room)) - 1) != 0;
    round(negative, quotient, sticky, power - shift as i32 - room as i32)
}

/// (`value` + less than one if `sticky`) × 2^`exponent`, rounded to nearest, ties to even.
/// A sticky value has 66 bits at least, or is far below the smallest number.
fn round(negative: bool, value: u128, sticky: bool, exponent: i32) -> Extended {
    match round_binary(value, sticky, exponent, 64, MIN_EXPONENT) {
        (_, exponent) if exponent > MAX_EXPONENT => Extended::Infinite(negative),
        (mantissa, exponent) => Extended::Finite { negative, mantissa, exponent },
    }
}

/// Rounds to `precision` bits, or fewer where the exponent would fall below `lowest`.
/// The mantissa given back has all `precision` bits unless the exponent is `lowest`.
pub(crate) fn round_binary(
    value: u128,
    sticky: bool,
    exponent: i32,
    precision: u32,
    lowest: i32,
) -> (u64, i32) {
    if value == 0 {
        return (0, lowest);
    }
    let width = 128 - value.leading_zeros() as i32;
    let shift = (width - precision as i32).max(lowest - exponent);
    if shift <= 0 {
        return ((value << -shift) as u64, exponent + shift);
    }
    let (kept, lost) = shift_right(value, shift as u32 - 1);
    let (half, kept) = (kept & 1 == 1, kept >> 1);
    let up = half && (lost || sticky || kept & 1 == 1);
    let rounded = kept + u128::from(up);
    if rounded >> precision != 0 {
        return ((rounded >> 1) as u64, exponent + shift + 1);
    }
    (rounded as u64, exponent + shift)
}

/// Shifts right by any distance; also says whether a set bit was lost.
fn shift_right(value: u128, distance: u32) -> (u128, bool) {
    match distance {
        0 => (value, false),
        1..=127 => (value >> distance, value << (128 - distance) != 0),
        _ => (0, value != 0),
    }
}

/// `value` / 2^`shift` for a shift of one at least, rounded to nearest, ties to even.
fn round_half_even(value: u128, shift: u32) -> u128 {
    let (kept, lost) = shift_right(value, shift - 1);
    let (half, kept) = (kept & 1, kept >> 1);
    kept + (half & (u128::from(lost) | kept & 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a Redis server on x86-64 answers to `INCRBYFLOAT`: value, increment, reply;
    /// `!float` and `!sum` are its two errors.
    const SERVER: &str = include_str!("testdata/incrbyfloat.txt");

    proptest! {
        #[test]
        fn numbers_are_ordered_as_floats_are(a in any::<f64>(), b in any::<f64>()) {
            let (Some(x), Some(y)) = (Extended::from_f64(a), Extended::from_f64(b)) else {
                return Ok(());
            };
            prop_assert_eq!(Some(x.order(y)), a.partial_cmp(&b));
            prop_assert_eq!(x.negated().order(y.negated()), y.order(x));
            prop_assert_eq!(x.order(x), Ordering::Equal);
        }
    }

    #[test]
    fn the_largest_number_is_the_largest() {
        assert_eq!(Extended::parse(b"1.18973149535723176502e4932"), Some(Extended::MAX));
        assert_eq!(Extended::MAX.add(Extended::MAX), None);
        assert_eq!(Extended::MAX.order(Extended::Infinite(false)), Ordering::Less);
        assert_eq!(Extended::MAX.negated().order(Extended::Infinite(true)), Ordering::Greater);
        let zero = Extended::from(0);
        assert_eq!(zero.order(zero.negated()), Ordering::Equal);
    }

    fn text(value: Extended) -> String {
        let mut out = Vec::new();
        value.write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    fn incr(value: &str, increment: &str) -> String {
        let parse = |text: &str| Extended::parse(text.as_bytes());
        match (parse(value), parse(increment)) {
            (Some(a), Some(b)) => a.add(b).map_or("!sum".into(), text),
            _ => "!float".into(),
        }
    }

    #[test]
    fn adds_and_prints_as_a_server() {
        for line in SERVER.lines() {
            let fields: Vec<&str> = line.split('|').collect();
            let [value, increment, reply] = fields[..] else { panic!("three fields: {line}") };
            assert_eq!(incr(value, increment), reply, "{value} + {increment}");
        }
    }

    #[test]
    fn means_the_shortest_decimal() {
        let value = Extended::from_f64(0.1).expect("a number");
        assert_eq!(text(value.add(Extended::from(3)).expect("finite")), "3.1");
        assert_eq!(Extended::from_f64(f64::NAN), None);
        assert_eq!(Extended::from_f64(f64::NEG_INFINITY), Some(Extended::Infinite(true)));
        assert_eq!(Extended::from_f64(-0.0).map(text).as_deref(), Some("0"));
    }

    proptest! {
        #[test]
        fn integers_are_exact(a: i64, b: i64) {
            let sum = Extended::from(a).add(Extended::from(b)).expect("finite");
            let exact = i128::from(a) + i128::from(b);
            if exact.unsigned_abs() < 1 << 64 {
                prop_assert_eq!(text(sum), exact.to_string());
            }
        }

        #[test]
        fn doubles_come_back(bits: u64) {
            let value = f64::from_bits(bits);
            if let Some(extended) = Extended::from_f64(value) {
                // To the neighbour at most: the shortest decimal is rounded to 64 bits and then
                // to 53, which may fall on the far side of a tie.
                prop_assert!(extended.to_f64().to_bits().abs_diff(bits) <= 1);
            }
        }

        #[test]
        fn near_and_far_agree(digits in proptest::collection::vec(0u8..10, 1..19), exponent in -27i32..19) {
            let mut digits = digits;
            digits[0] = digits[0].max(1);
            let last = digits.len() - 1;
            digits[last] = digits[last].max(1);
            let value = digits.iter().fold(0u64, |value, digit| value * 10 + u64::from(*digit));
            let mut longer = digits.clone();
            longer.extend([0; 30]);
            prop_assert_eq!(near(false, value, exponent), from_decimal(false, &longer, i64::from(exponent) - 30));
        }

        #[test]
        fn takes_any_text(text in "[-+]?(0x)?[0-9a-f]{0,40}[.]?[0-9]{0,40}([ep][-+]?[0-9]{0,8})?") {
            if let Some(value) = Extended::parse(text.as_bytes()) {
                let mut out = Vec::new();
                value.write(&mut out);
            }
        }
    }
}
