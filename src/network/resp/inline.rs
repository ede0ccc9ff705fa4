//! Inline commands: a line of words, as a person types it over telnet.

use crate::command::Span;
use crate::text::split::split_words;

/// Finds the words of the line `buffer[start..end]`. Quoted words are written over the
/// line without their quotes and escapes, which never takes more room. `None` if a quote
/// is not closed properly.
pub(super) fn split(
    buffer: &mut [u8],
    start: usize,
    end: usize,
    spans: &mut Vec<Span>,
) -> Option<()> {
    let line = &mut buffer[start..end];
    if !line.iter().any(|b| matches!(b, b'"' | b'\'' | 0)) {
        split_plain(line, start, spans);
        return Some(());
    }
    let mut at = 0;
    for word in split_words(line)? {
        line[at..at + word.len()].copy_from_slice(&word);
        spans.push(Span { start: start + at, end: start + at + word.len() });
        at += word.len();
    }
    Some(())
}

/// Splits a line without quotes; a word may hold, not start with, a vertical tab or form feed.
fn split_plain(line: &[u8], start: usize, spans: &mut Vec<Span>) {
    let mut at = 0;
    while at < line.len() {
        if matches!(line[at], b' ' | 0x09..=0x0d) {
            at += 1;
            continue;
        }
        let blank = |b: &u8| matches!(b, b' ' | b'\n' | b'\r' | b'\t');
        let length = line[at..].iter().position(blank).unwrap_or(line.len() - at);
        spans.push(Span { start: start + at, end: start + at + length });
        at += length;
    }
}
