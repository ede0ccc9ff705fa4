//! Taking the text of a floating-point number apart, as C's `strtod` reads it.

/// A number as it is spelled, before any rounding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// A leading `-`.
    pub(crate) negative: bool,
    /// What follows the sign.
    pub(crate) body: Body,
}

/// A number without its sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// `inf` or `infinity`.
    Infinity,
    /// `digits` × 10^`exponent`; the digits are values 0 to 9, the first and last not 0,
    /// and none at all for zero.
    Decimal {
        /// The significant digits.
        digits: Vec<u8>,
        /// The power of ten.
        exponent: i64,
    },
    /// (`mantissa` + a bit less than one if `sticky`) × 2^`exponent`, from `0x…p…`.
    Binary {
        /// The leading bits; fewer than 124.
        mantissa: u128,
        /// Whether bits behind the mantissa were dropped that are not zero.
        sticky: bool,
        /// The power of two.
        exponent: i64,
    },
}

/// Takes apart all of `text`; `None` if it is not a number, or a NaN.
pub(crate) fn scan(text: &[u8]) -> Option<Scanned> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let body = match rest {
        [b'i' | b'I', ..] => infinity(rest)?,
        [b'0', b'x' | b'X', rest @ ..] => binary(rest)?,
        rest => decimal(rest)?,
    };
    Some(Scanned { negative, body })
}

fn infinity(text: &[u8]) -> Option<Body> {
    let known = text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity");
    known.then_some(Body::Infinity)
}

fn decimal(text: &[u8]) -> Option<Body> {
    let mut digits = Vec::with_capacity(text.len().min(32));
    let (places, rest) = mantissa(text, u8::is_ascii_digit, |digit| {
        if digit != b'0' || !digits.is_empty() {
            digits.push(digit - b'0');
        }
    })?;
    let mut exponent = exponent(rest, b'e')?.saturating_sub(places);
    while digits.last() == Some(&0) {
        digits.pop();
        exponent = exponent.saturating_add(1);
    }
    Some(Body::Decimal { digits, exponent })
}

fn binary(text: &[u8]) -> Option<Body> {
    let (mut value, mut sticky, mut dropped) = (0u128, false, 0i64);
    let (places, rest) = mantissa(text, u8::is_ascii_hexdigit, |digit| {
        let digit = char::from(digit).to_digit(16).unwrap_or(0);
        if value >> 120 == 0 {
            value = value << 4 | u128::from(digit);
        } else {
            sticky |= digit != 0;
            dropped += 1;
        }
    })?;
    let exponent = exponent(rest, b'p')?.saturating_add(4 * (dropped - places));
    Some(Body::Binary { mantissa: value, sticky, exponent })
}

/// Feeds the digits on both sides of a point to `push`; gives how many stood behind the
/// point, and the rest of the text. There must be one digit at least.
fn mantissa(
    text: &[u8],
    is_digit: fn(&u8) -> bool,
    mut push: impl FnMut(u8),
) -> Option<(i64, &[u8])> {
    let whole = text.iter().take_while(|b| is_digit(b)).count();
    text[..whole].iter().for_each(|b| push(*b));
    let mut places = 0;
    let mut rest = &text[whole..];
    if let [b'.', tail @ ..] = rest {
        places = tail.iter().take_while(|b| is_digit(b)).count();
        tail[..places].iter().for_each(|b| push(*b));
        rest = &tail[places..];
    }
    (whole + places > 0).then_some((places as i64, rest))
}

/// Reads nothing, or a marker and a signed power; one too large for any float is cut
/// down to one that still is.
fn exponent(text: &[u8], marker: u8) -> Option<i64> {
    let [first, rest @ ..] = text else { return Some(0) };
    if !first.eq_ignore_ascii_case(&marker) {
        return None;
    }
    let (negative, digits) = match rest {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let power = digits.iter().try_fold(0i64, |power, byte| {
        byte.is_ascii_digit().then(|| (power * 10 + i64::from(byte - b'0')).min(1 << 40))
    })?;
    Some(if negative { -power } else { power })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(negative: bool, digits: &[u8], exponent: i64) -> Option<Scanned> {
        Some(Scanned { negative, body: Body::Decimal { digits: digits.to_vec(), exponent } })
    }

    #[test]
    fn takes_decimals_apart() {
        assert_eq!(scan(b"0"), decimal(false, &[], 0));
        assert_eq!(scan(b"-0012.50e3"), decimal(true, &[1, 2, 5], 2));
        assert_eq!(scan(b"+.5"), decimal(false, &[5], -1));
        assert_eq!(scan(b"5."), decimal(false, &[5], 0));
        assert_eq!(scan(b"1E-07"), decimal(false, &[1], -7));
        for text in [
            "", "-", ".", "e5", "1e", "1e+", "1 ", " 1", "1.2.3", "--1", "1f", "nan", "infin",
            "0x", "0x.p1", "1p3",
        ] {
            assert_eq!(scan(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn takes_binaries_apart() {
        let body = Body::Binary { mantissa: 0x18, sticky: false, exponent: -1 };
        assert_eq!(scan(b"-0X1.8p3"), Some(Scanned { negative: true, body }));
        let long = format!("0x{}1", "f".repeat(40));
        let Some(Scanned { body: Body::Binary { sticky, exponent, .. }, .. }) =
            scan(long.as_bytes())
        else {
            panic!("a number");
        };
        assert!(sticky);
        assert_eq!(exponent, 4 * 10);
    }
}
