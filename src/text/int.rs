//! Decimal integers as Redis reads them: one spelling for each number.

/// Reads a signed integer in its canonical form: no sign but a leading `-`, no leading
/// zeros, no blanks, no `-0`. Anything else is `None`, so that writing the number back
/// gives the same bytes.
pub(crate) fn parse_i64(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [b'0'] => Some(0),
        [b'-', digits @ ..] => {
            let value = positive(digits)?;
            (value <= i64::MIN.unsigned_abs()).then(|| (value as i64).wrapping_neg())
        }
        digits => positive(digits).and_then(|value| i64::try_from(value).ok()),
    }
}

/// Reads an unsigned integer: the canonical form, or whatever C's `strtoull` takes
/// whole (leading zeros, `+`), without blanks. `SCAN` cursors are read this way.
pub(crate) fn parse_u64(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.strip_prefix(b"+").unwrap_or(bytes);
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, &byte| push_digit(value, byte))
}

/// Reads a number that starts with 1 to 9.
fn positive(digits: &[u8]) -> Option<u64> {
    let (&first, rest) = digits.split_first()?;
    if !(b'1'..=b'9').contains(&first) || rest.len() > 19 {
        return None;
    }
    if rest.len() < 18 {
        // Cannot overflow: the usual case stays free of checked arithmetic.
        return rest.iter().try_fold(u64::from(first - b'0'), |value, &byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit < 10).then(|| value * 10 + u64::from(digit))
        });
    }
    rest.iter().try_fold(u64::from(first - b'0'), |value, &byte| push_digit(value, byte))
}

fn push_digit(value: u64, byte: u8) -> Option<u64> {
    let digit = byte.wrapping_sub(b'0');
    if digit > 9 {
        return None;
    }
    value.checked_mul(10)?.checked_add(u64::from(digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_canonical_integers_only() {
        for (text, value) in [
            ("0", 0),
            ("7", 7),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_i64(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "+1",
            "01",
            "-0",
            "00",
            " 1",
            "1 ",
            "1a",
            "a",
            "--1",
            "-01",
            "1.0",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999",
            "111111111111111111111111",
            "1\0",
        ] {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn reads_cursors() {
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"0010"), Some(10));
        assert_eq!(parse_u64(b"+3"), Some(3));
        for text in ["", "+", "-1", "18446744073709551616", " 1", "1 ", "x"] {
            assert_eq!(parse_u64(text.as_bytes()), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_back_what_is_written(value: i64) {
            prop_assert_eq!(parse_i64(value.to_string().as_bytes()), Some(value));
        }

        #[test]
        fn takes_nothing_that_is_written_otherwise(text in "[-+0-9 ]{0,21}") {
            let expected = text.parse::<i64>().ok().filter(|value| value.to_string() == text);
            prop_assert_eq!(parse_i64(text.as_bytes()), expected);
        }
    }
}
