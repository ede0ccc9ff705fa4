//! Glob patterns as in `KEYS`, `SCAN … MATCH`, `PSUBSCRIBE` and `CONFIG GET`.
//!
//! `*` any run of bytes, `?` any byte, `[a-cx]` one of a class, `[^a]` none of it,
//! `\x` the byte `x` itself. The corners are Redis's own: a class without its `]` ends
//! with the pattern, ranges compare bytes as signed and may run backwards, and no
//! pattern but the empty one matches the empty string.
//!
//! A pattern with more than a thousand `*`, as far as they are not in a row or at its end,
//! matches nothing that reaches the thousand and first, as in Redis.
//!
//! A mismatch goes back to the last `*` only, never to an earlier one, so the cost is
//! at most pattern × text whatever the pattern.

/// What a pattern asks for, so that callers can avoid looking at every name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Everything, the empty name included: the pattern is `*`.
    All,
    /// One name at most: the pattern's own bytes.
    Literal,
    /// Whatever [`matches()`] says.
    Pattern,
}

/// Says what kind of pattern this is.
pub(crate) fn shape(pattern: &[u8]) -> Shape {
    if pattern == b"*" {
        Shape::All
    } else if pattern.iter().any(|b| matches!(b, b'*' | b'?' | b'[' | b'\\')) {
        Shape::Pattern
    } else {
        Shape::Literal
    }
}

/// The pattern of all that begins with `prefix`.
#[cfg(any(feature = "serde", feature = "cache"))]
pub(crate) fn beginning_with(prefix: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(prefix.len() + 1);
    for byte in prefix {
        if matches!(byte, b'*' | b'?' | b'[' | b'\\') {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    pattern.push(b'*');
    pattern
}

/// Whether `text` as a whole fits `pattern`.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, false)
}

/// Like [`matches()`], with ASCII letters of either case being equal.
pub(crate) fn matches_nocase(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, true)
}

/// How many `*` Redis follows.
const MOST_STARS: usize = 1000;

fn run(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut p, mut t) = (0, 0);
    let mut stars = 0;
    // Where to go on after a mismatch: past the last `*`, and the first byte that it
    // has not yet swallowed.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == b'*' {
            while p < pattern.len() && pattern[p] == b'*' {
                p += 1;
            }
            if p == pattern.len() {
                return true;
            }
            stars += 1;
            if stars > MOST_STARS {
                return false;
            }
            retry = Some((p, t));
        } else if t == text.len() {
            return p == pattern.len();
        } else if let Some(next) = step(pattern, p, text[t], nocase) {
            (p, t) = (next, t + 1);
            continue;
        } else {
            match retry {
                Some((star, from)) => retry = Some((star, from + 1)),
                None => return false,
            }
        }
        let Some((star, from)) = retry else { continue };
        match candidate(pattern[star], &text[from..], nocase) {
            Some(ahead) => {
                retry = Some((star, from + ahead));
                (p, t) = (star, from + ahead);
            }
            None => return false,
        }
    }
}

/// How far ahead the next byte lies that can begin a match of a pattern that begins
/// with `first`.
fn candidate(first: u8, text: &[u8], nocase: bool) -> Option<usize> {
    match first {
        b'?' | b'[' | b'\\' => (!text.is_empty()).then_some(0),
        _ if nocase => text.iter().position(|b| b.eq_ignore_ascii_case(&first)),
        _ => memchr::memchr(first, text),
    }
}

/// Matches the one element at `pattern[p]`, not a `*`, against `byte`; gives the place
/// after the element.
fn step(pattern: &[u8], p: usize, byte: u8, nocase: bool) -> Option<usize> {
    let element = *pattern.get(p)?;
    match element {
        b'?' => Some(p + 1),
        b'[' => class(pattern, p + 1, byte, nocase),
        b'\\' if p + 1 < pattern.len() => same(pattern[p + 1], byte, nocase).then_some(p + 2),
        _ => same(element, byte, nocase).then_some(p + 1),
    }
}

fn same(a: u8, b: u8, nocase: bool) -> bool {
    a == b || (nocase && a.eq_ignore_ascii_case(&b))
}

/// Matches the class whose text starts at `pattern[p]`, behind its `[`.
fn class(pattern: &[u8], mut p: usize, byte: u8, nocase: bool) -> Option<usize> {
    let negated = pattern.get(p) == Some(&b'^');
    if negated {
        p += 1;
    }
    let mut found = false;
    while p < pattern.len() {
        let left = pattern.len() - p;
        if pattern[p] == b'\\' && left >= 2 {
            p += 1;
            found |= pattern[p] == byte;
        } else if pattern[p] == b']' {
            return (found != negated).then_some(p + 1);
        } else if left >= 3 && pattern[p + 1] == b'-' {
            found |= in_range(pattern[p], pattern[p + 2], byte, nocase);
            p += 2;
        } else {
            found |= same(pattern[p], byte, nocase);
        }
        p += 1;
    }
    (found != negated).then_some(p)
}

/// The ends are put in order before their case is folded, and compare as C's `char`.
fn in_range(a: u8, b: u8, byte: u8, nocase: bool) -> bool {
    let fold = |b: u8| if nocase { b.to_ascii_lowercase() } else { b } as i8;
    let (low, high) = if a as i8 > b as i8 { (b, a) } else { (a, b) };
    (fold(low)..=fold(high)).contains(&fold(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_stars_are_followed_and_no_more() {
        let text = "a".repeat(2000);
        let reach = |stars: usize, end: &str| {
            let pattern = "*a".repeat(stars) + end;
            matches(pattern.as_bytes(), text.as_bytes())
        };
        assert!(reach(1000, ""));
        assert!(reach(1000, "*"));
        assert!(!reach(1001, ""));
    }
    use proptest::prelude::*;

    /// Pattern, text, whether a Redis server lists the text under the pattern.
    const TABLE: &[(&[u8], &[u8], bool)] = &[
        (b"", b"", true),
        (b"", b"a", false),
        (b"**", b"", false),
        (b"*", b"abc", true),
        (b"a*", b"a", true),
        (b"a**", b"a", true),
        (b"a*b", b"ab", true),
        (b"a*b", b"a", false),
        (b"*a*b*", b"xxaxxbxx", true),
        (b"*ab", b"aab", true),
        (b"*aab", b"aaaab", true),
        (b"a?c", b"abc", true),
        (b"a?", b"a", false),
        (b"h[ae]llo", b"hallo", true),
        (b"h[ae]llo", b"hillo", false),
        (b"h[^e]llo", b"hallo", true),
        (b"h[^e]llo", b"hello", false),
        (b"h[a-c]llo", b"hbllo", true),
        (b"h[c-a]llo", b"hbllo", true),
        (b"h[a-c]llo", b"hdllo", false),
        (b"[a", b"a", true),
        (b"[", b"a", false),
        (b"[^", b"a", true),
        (b"[]", b"a", false),
        (b"[^]", b"a", true),
        (b"[a-]", b"-", false),
        (b"[a-]", b"]", true),
        (b"[a-]", b"^", true),
        (b"[\\]]", b"]", true),
        (b"[a\\-c]", b"b", false),
        (b"[a\\-c]", b"-", true),
        (b"[\\", b"\\", true),
        (b"a\\*", b"a*", true),
        (b"a\\*", b"ab", false),
        (b"a\\", b"a\\", true),
        (b"\\\\", b"\\", true),
        (b"*[b]", b"ab", true),
        (b"*\\b", b"ab", true),
        (b"*?", b"a", true),
        (b"*??", b"a", false),
        (b"[a-\xff]", b"A", true),
        (b"[a-\xff]", b"z", false),
        (b"[\x80-\xff]", b"\xa0", true),
        (b"a]", b"a]", true),
        (b"[a]]", b"a]", true),
        (b"[^a-c]*", b"bx", false),
        (b"[^a-c]*", b"xb", true),
    ];

    #[test]
    fn answers_as_a_server() {
        for &(pattern, text, expected) in TABLE {
            assert_eq!(
                matches(pattern, text),
                expected,
                "{:?} on {:?}",
                String::from_utf8_lossy(pattern),
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn folds_case_only_when_asked() {
        assert!(matches_nocase(b"MaX*", b"maxmemory"));
        assert!(!matches(b"MaX*", b"maxmemory"));
        assert!(matches_nocase(b"*MEM[O-p]RY", b"maxmemory"));
        assert!(matches_nocase(b"[a-c]", b"B"));
        // An escaped byte in a class keeps its case, as in Redis.
        assert!(!matches_nocase(b"[\\A]", b"a"));
        assert!(matches_nocase(b"\\A", b"a"));
    }

    #[test]
    fn many_stars_stay_cheap() {
        let pattern = b"a*".repeat(60);
        let mut text = b"a".repeat(5000);
        assert!(matches(&pattern, &text));
        text.push(b'b');
        let mut pattern = pattern;
        pattern.push(b'c');
        assert!(!matches(&pattern, &text));
    }

    #[test]
    fn knows_the_shapes() {
        assert_eq!(shape(b"*"), Shape::All);
        assert_eq!(shape(b"user:1"), Shape::Literal);
        assert_eq!(shape(b""), Shape::Literal);
        for pattern in [&b"**"[..], b"a?", b"[a]", b"a\\b"] {
            assert_eq!(shape(pattern), Shape::Pattern);
        }
    }

    /// The definition, by recursion and without any cleverness.
    fn model(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
        if text.is_empty() {
            return pattern.iter().all(|b| *b == b'*');
        }
        if pattern.first() == Some(&b'*') {
            return (0..=text.len()).any(|n| model(&pattern[1..], &text[n..], nocase));
        }
        step(pattern, 0, text[0], nocase).is_some_and(|n| model(&pattern[n..], &text[1..], nocase))
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            pattern in proptest::collection::vec(proptest::sample::select(&b"*?[]^-\\abcAB\xe0"[..]), 0..10),
            text in proptest::collection::vec(proptest::sample::select(&b"abcABd-]^\\\xe0"[..]), 1..10),
            nocase: bool,
        ) {
            prop_assert_eq!(run(&pattern, &text, nocase), model(&pattern, &text, nocase));
        }

        #[test]
        fn a_literal_matches_itself_alone(text in proptest::collection::vec(any::<u8>(), 1..20), other in proptest::collection::vec(any::<u8>(), 1..20)) {
            if shape(&text) == Shape::Literal {
                prop_assert!(matches(&text, &text));
                prop_assert_eq!(matches(&text, &other), text == other);
            }
        }
    }
}
