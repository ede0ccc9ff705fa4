//! Sizes in bytes as configuration files spell them: `100mb`, `1g`, `512`.

/// Reads a size: digits and one of `b`, `k`, `kb`, `m`, `mb`, `g`, `gb` in any case,
/// where `k` is 1000 and `kb` is 1024. No digits are zero. `None` if it is anything else or does not fit.
pub(crate) fn parse_size(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    if number.is_empty() {
        return Some(0);
    }
    super::int::parse_u64(number)?.checked_mul(scale)
}

/// Writes a size the way [`parse_size`] reads it, in the largest unit that it is a whole number of.
pub(crate) fn spell_size(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")] {
        if bytes != 0 && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::{parse_size, spell_size};

    #[test]
    fn what_is_written_is_read() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1kb"),
            (3 << 20, "3mb"),
            ((1 << 30) + 1024, "1048577kb"),
            (5 << 30, "5gb"),
        ] {
            assert_eq!(spell_size(bytes), text);
            assert_eq!(parse_size(text.as_bytes()), Some(bytes));
        }
    }

    #[test]
    fn reads_every_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("", 0),
            ("kb", 0),
            ("512", 512),
            ("7b", 7),
            ("7B", 7),
            ("2k", 2000),
            ("2kb", 2048),
            ("3m", 3_000_000),
            ("3MB", 3 << 20),
            ("1g", 1_000_000_000),
            ("1Gb", 1 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_size(text.as_bytes()), Some(bytes), "{text}");
        }
        for text in [
            " ",
            "-1",
            "+1",
            "1 mb",
            "1tb",
            "1.5g",
            "18446744073709551615k",
            "18446744073709551616",
        ] {
            assert_eq!(parse_size(text.as_bytes()), None, "{text}");
        }
    }
}
