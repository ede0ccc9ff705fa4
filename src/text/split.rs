//! Splitting a line into words, as inline commands and configuration files need it.

/// Splits `line` at blanks. Words may be quoted: in `"…"` the escapes `\n \r \t \b \a`,
/// `\xHH` and `\` before any other byte count, in `'…'` only `\'` does. A NUL ends the line.
///
/// `None` if a quote is left open, or is closed and not followed by a blank.
#[cfg_attr(
    not(any(feature = "network", feature = "aof")),
    allow(dead_code, reason = "for inline commands, redis.conf and manifests")
)]
pub(crate) fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let line = memchr::memchr(0, line).map_or(line, |end| &line[..end]);
    let mut words = Vec::new();
    let mut rest = skip_blanks(line);
    while !rest.is_empty() {
        let mut word = Vec::new();
        rest = skip_blanks(take_word(rest, &mut word)?);
        words.push(word);
    }
    Some(words)
}

/// Writes `word` the way `split_words` reads it back: in double quotes, with whatever is
/// not plain ASCII escaped.
pub(crate) fn quote_into(word: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in word {
        match byte {
            b'\\' | b'"' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x07 => out.extend(b"\\a"),
            0x08 => out.extend(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => {
                out.extend(b"\\x");
                out.extend(
                    [byte >> 4, byte & 15].map(|half| b"0123456789abcdef"[usize::from(half)]),
                );
            }
        }
    }
    out.push(b'"');
}

/// C's `isspace`, which takes two bytes more than the blanks that end a word.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d)
}

fn skip_blanks(line: &[u8]) -> &[u8] {
    &line[line.iter().take_while(|b| is_space(**b)).count()..]
}

/// Takes one word off `line`, which does not start with a blank.
fn take_word<'a>(mut line: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match line {
            [] | [b' ' | b'\n' | b'\r' | b'\t', ..] => return Some(line),
            [b'"', rest @ ..] => return closed(double_quoted(rest, word)?),
            [b'\'', rest @ ..] => return closed(single_quoted(rest, word)?),
            [byte, rest @ ..] => {
                word.push(*byte);
                line = rest;
            }
        }
    }
}

/// What follows a closing quote must be a blank or nothing.
fn closed(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(|b| is_space(*b)).then_some(rest)
}

fn double_quoted<'a>(mut line: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        line = match line {
            [] => return None,
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', b'x', high, low, rest @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                word.push(hex(*high) << 4 | hex(*low));
                rest
            }
            [b'\\', escaped, rest @ ..] => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                rest
            }
            [byte, rest @ ..] => {
                word.push(*byte);
                rest
            }
        }
    }
}

fn single_quoted<'a>(mut line: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        line = match line {
            [] => return None,
            [b'\'', rest @ ..] => return Some(rest),
            [b'\\', b'\'', rest @ ..] => {
                word.push(b'\'');
                rest
            }
            [byte, rest @ ..] => {
                word.push(*byte);
                rest
            }
        }
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &[u8]) -> Option<Vec<String>> {
        let words = split_words(line)?;
        Some(words.iter().map(|w| w.iter().map(|b| char::from(*b)).collect()).collect())
    }

    fn some(expected: &[&str]) -> Option<Vec<String>> {
        Some(expected.iter().map(|w| w.to_string()).collect())
    }

    #[test]
    fn splits_as_redis() {
        assert_eq!(words(b""), some(&[]));
        assert_eq!(words(b" \t\r\n\x0b\x0c "), some(&[]));
        assert_eq!(words(b"set key  value\r"), some(&["set", "key", "value"]));
        assert_eq!(words(br#"set "a b" 'c d'"#), some(&["set", "a b", "c d"]));
        assert_eq!(words(br#"'' """#), some(&["", ""]));
        assert_eq!(
            words(br#""\x41\x4z\xFf\n\r\t\b\a\q\"""#),
            some(&["Ax4z\u{ff}\n\r\t\u{8}\u{7}q\""])
        );
        assert_eq!(words(br"'it\'s \n'"), some(&["it's \\n"]));
        assert_eq!(words(br#"foo"bar" x"#), some(&["foobar", "x"]));
        assert_eq!(words(b"a\x0bb \x0bc"), some(&["a\u{b}b", "c"]));
        assert_eq!(words(b"one\0two"), some(&["one"]));
        for open in [
            &br#""foo"#[..],
            b"'foo",
            br#""foo"bar"#,
            b"'foo'bar",
            br#""\"#,
            br#"a "b\"#,
            b"\"a\0\"",
        ] {
            assert_eq!(words(open), None, "{}", String::from_utf8_lossy(open));
        }
    }

    proptest! {
        #[test]
        fn reads_back_what_is_quoted(list in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..5)) {
            let mut line = Vec::new();
            for word in &list {
                quote_into(word, &mut line);
                line.push(b' ');
            }
            prop_assert_eq!(split_words(&line), Some(list));
        }

        #[test]
        fn takes_any_bytes(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = split_words(&line);
        }
    }
}
