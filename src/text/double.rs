//! 64-bit floating-point numbers as text: scores, `ZSCORE`, RESP3 doubles.

use super::{
    extended::round_binary,
    grisu,
    scan::{Body, Scanned, scan},
};

/// Reads a double the way Redis reads a score: decimal, hexadecimal or `inf`, with
/// nothing around it. `None` if it is anything else, a NaN, too large, or so small that
/// it rounds to zero.
#[inline]
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    few_digits(text).or_else(|| parse_any(text))
}

/// Reads a few digits, perhaps with a point between them: the usual score.
#[inline]
fn few_digits(text: &[u8]) -> Option<f64> {
    /// Fractions of these, like so many digits, are exact: so the quotient is the nearest double.
    const POWERS: [f64; 16] =
        [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    let (mut number, mut point) = (0_u64, None);
    for (at, byte) in text.iter().enumerate() {
        match byte.wrapping_sub(b'0') {
            digit @ 0..10 => number = number * 10 + u64::from(digit),
            _ if *byte == b'.' && point.is_none() && at > 0 => point = Some(at),
            _ => return None,
        }
    }
    match point {
        None => Some(number as f64),
        Some(point) if point + 1 < text.len() => {
            Some(number as f64 / POWERS[text.len() - 1 - point])
        }
        Some(_) => None,
    }
}

fn parse_any(text: &[u8]) -> Option<f64> {
    let Scanned { negative, body } = scan(text)?;
    let (zero, value) = match body {
        Body::Infinity => return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY }),
        Body::Binary { mantissa, sticky, exponent } => {
            (mantissa == 0 && !sticky, from_binary(negative, mantissa, sticky, exponent))
        }
        // What scans as a decimal is ASCII, and a number to the standard library too.
        Body::Decimal { digits, .. } => {
            (digits.is_empty(), std::str::from_utf8(text).ok()?.parse().ok()?)
        }
    };
    (value.is_finite() && (zero || value != 0.0)).then_some(value)
}

/// Reads a double the way C's `strtod` does, as Redis reads the ends of ranges: blanks in front are
/// passed over, nothing at all is zero, and what is too large is infinite. `None` for a NaN, and
/// unless the text up to its first NUL is a number.
pub(crate) fn parse_c(text: &[u8]) -> Option<f64> {
    if let Some(number) = few_digits(text) {
        return Some(number);
    }
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return Some(0.0);
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let text = &text[text.iter().take_while(|byte| blank(byte)).count()..];
    let Scanned { negative, body } = scan(text)?;
    match body {
        Body::Infinity => Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY }),
        Body::Binary { mantissa, sticky, exponent } => {
            Some(from_binary(negative, mantissa, sticky, exponent))
        }
        Body::Decimal { .. } => std::str::from_utf8(text).ok()?.parse().ok(),
    }
}

/// (`mantissa` + less than one if `sticky`) × 2^`exponent`, rounded to nearest, ties to even.
pub(crate) fn from_binary(negative: bool, mantissa: u128, sticky: bool, exponent: i64) -> f64 {
    const LOWEST: i32 = -1074;
    let (bits, exponent) =
        round_binary(mantissa, sticky, exponent.clamp(-40_000, 40_000) as i32, 53, LOWEST);
    let magnitude = if exponent > 1023 - 52 {
        f64::INFINITY
    } else if bits >> 52 == 0 {
        f64::from_bits(bits)
    } else {
        f64::from_bits(((exponent - LOWEST + 1) as u64) << 52 | (bits & ((1 << 52) - 1)))
    };
    if negative { -magnitude } else { magnitude }
}

/// Appends `value` in a short form that reads back as it: plain digits where they
/// are few, else with an exponent; `inf`, `-inf`, `nan`, and `-0` for the negative zero.
#[cfg_attr(not(feature = "network"), allow(dead_code, reason = "for replies"))]
pub(crate) fn write(value: f64, out: &mut Vec<u8>) {
    /// Up to here an integer is exact and printed as one.
    const WHOLE: f64 = (i64::MAX / 2) as f64;
    if value.is_nan() {
        out.extend(b"nan");
    } else if value.is_infinite() {
        out.extend(if value < 0.0 { &b"-inf"[..] } else { b"inf" });
    } else if value == 0.0 {
        out.extend(if value.is_sign_negative() { &b"-0"[..] } else { b"0" });
    } else if value.abs() <= WHOLE && value.trunc() == value {
        out.extend(itoa::Buffer::new().format(value as i64).as_bytes());
    } else if let Some(eighths) = eighths(value) {
        write_eighths(eighths, out);
    } else {
        write_digits(value, out);
    }
}

/// How many eighths a number is, if it is so many and not too large for them to be its shortest digits.
fn eighths(value: f64) -> Option<i64> {
    /// Up to here neighbours differ by less than any digit that could be left out is worth.
    const MOST: f64 = (1_i64 << 40) as f64;
    let eighths = value * 8.0;
    (eighths.abs() <= MOST && eighths.trunc() == eighths).then_some(eighths as i64)
}

/// Appends a number of eighths that is not whole.
fn write_eighths(eighths: i64, out: &mut Vec<u8>) {
    const FRACTIONS: [&[u8]; 8] = [b"", b".125", b".25", b".375", b".5", b".625", b".75", b".875"];
    if eighths < 0 {
        out.push(b'-');
    }
    let eighths = eighths.unsigned_abs();
    out.extend_from_slice(itoa::Buffer::new().format(eighths / 8).as_bytes());
    out.extend_from_slice(FRACTIONS[(eighths % 8) as usize]);
}

/// Appends `value` with 17 significant digits, less the zeros at the end, as C's `%.17g` does.
pub(crate) fn write_17(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() || value == 0.0 {
        return write(value, out);
    }
    if value < 0.0 {
        out.push(b'-');
    }
    let text = format!("{:.16e}", value.abs());
    let (digits, exponent) = text.split_once('e').expect("scientific notation");
    let exponent: i32 = exponent.parse().expect("an exponent");
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0').as_bytes();
    let whole = exponent + 1;
    if !(-4..17).contains(&exponent) {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend(&digits[1..]);
        }
        out.extend(
            format!("e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()).bytes(),
        );
    } else if whole <= 0 {
        out.extend(b"0.");
        out.extend(std::iter::repeat_n(b'0', whole.unsigned_abs() as usize));
        out.extend(digits);
    } else {
        let whole = whole as usize;
        out.extend(&digits[..whole.min(digits.len())]);
        out.extend(std::iter::repeat_n(b'0', whole.saturating_sub(digits.len())));
        if digits.len() > whole {
            out.push(b'.');
            out.extend(&digits[whole..]);
        }
    }
}

/// As [`write()`], but with an exponent for large integers too, as Redis's digests want it.
pub(crate) fn write_shortest(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() && value != 0.0 { write_digits(value, out) } else { write(value, out) }
}

fn write_digits(value: f64, out: &mut Vec<u8>) {
    if value < 0.0 {
        out.push(b'-');
    }
    let decimal = grisu::decimal(value.abs());
    lay_out(decimal.digits(), decimal.exponent, out);
}

/// Appends `digits` × 10^`exponent`: as a whole number if it needs fewer than seven
/// zeros, as a plain fraction down to six places or above 10^-4, else scientifically.
fn lay_out(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    let count = digits.len() as i32;
    let scientific = exponent + count - 1;
    if exponent >= 0 && scientific < count + 7 {
        out.extend(digits);
        out.extend(std::iter::repeat_n(b'0', exponent as usize));
    } else if exponent < 0 && (exponent > -7 || scientific.abs() < 4) {
        let whole = count + exponent;
        if whole <= 0 {
            out.extend(b"0.");
            out.extend(std::iter::repeat_n(b'0', whole.unsigned_abs() as usize));
            out.extend(digits);
        } else {
            out.extend(&digits[..whole as usize]);
            out.push(b'.');
            out.extend(&digits[whole as usize..]);
        }
    } else {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend(&digits[1..]);
        }
        out.extend(if scientific < 0 { b"e-" } else { b"e+" });
        out.extend(itoa::Buffer::new().format(scientific.unsigned_abs()).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A score as given to `ZADD`, and `ZSCORE`'s reply; `!` if the score is refused.
    const SERVER: &str = include_str!("testdata/score.txt");

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        write(value, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn reads_and_prints_as_a_server() {
        for line in SERVER.lines() {
            let (score, reply) = line.split_once('|').expect("two fields");
            assert_eq!(parse(score.as_bytes()).map_or("!".into(), text), reply, "{score}");
        }
    }

    #[test]
    fn prints_17_digits_as_c() {
        for (value, text) in [
            (3.0, "3"),
            (-16.479828, "-16.479828000000001"),
            (0.1, "0.10000000000000001"),
            (1e300, "1.0000000000000001e+300"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::NEG_INFINITY, "-inf"),
            (-0.0, "-0"),
        ] {
            let mut out = Vec::new();
            write_17(value, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }

    #[test]
    fn reads_ends_of_ranges_as_c() {
        assert_eq!(parse_c(b""), Some(0.0));
        assert_eq!(parse_c(b" \t7"), Some(7.0));
        assert_eq!(parse_c(b"1e999"), Some(f64::INFINITY));
        assert_eq!(parse_c(b"-1e-999"), Some(-0.0));
        assert_eq!(parse_c(b"5\0x"), Some(5.0));
        assert_eq!(parse_c(b"0x10"), Some(16.0));
        for bad in ["nan", "7 ", " ", "x", "1.5.5"] {
            assert_eq!(parse_c(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn reads_back_what_is_written(bits: u64) {
            let value = f64::from_bits(bits);
            if !value.is_nan() {
                prop_assert_eq!(parse(text(value).as_bytes()).map(f64::to_bits), Some(bits));
            }
        }

        #[test]
        fn eighths_are_spelled_as_any_number(eighths in prop_oneof![-100_i64..100, any::<i64>()], small in 0..40) {
            let value = (eighths >> small) as f64 / 8.0;
            if value.trunc() != value {
                let mut digits = Vec::new();
                write_digits(value, &mut digits);
                prop_assert_eq!(text(value).into_bytes(), digits);
            }
        }

        #[test]
        fn few_digits_are_read_as_any(text in "[0-9]{1,8}([.][0-9]{0,8})?") {
            prop_assert_eq!(parse(text.as_bytes()), parse_any(text.as_bytes()));
        }

        #[test]
        fn takes_any_bytes(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse(&text);
        }
    }
}
