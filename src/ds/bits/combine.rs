//! Several strings combined bit by bit, the shorter ones as if zeros followed.

/// How strings are combined bit by bit (`BITOP`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BitOp {
    /// Set where all are.
    And,
    /// Set where any is.
    Or,
    /// Set where an odd number is.
    Xor,
    /// Set where the only one is not.
    Not,
    /// Set where the first is and no other: `X & !(Y1 | Y2 | …)`.
    Diff,
    /// Set where another is and the first is not: `!X & (Y1 | Y2 | …)`.
    Diff1,
    /// Set where the first is and another too: `X & (Y1 | Y2 | …)`.
    AndOr,
    /// Set where exactly one is.
    One,
}

/// So much of every string is combined before the next part is: what was written stays in the
/// processor's nearest cache until the last string has been added.
const PART: usize = 4096;

/// Combines `sources`, one for [`BitOp::Not`] and else one or more, into `out`, which is as long as
/// the longest; what it held is overwritten.
pub(crate) fn combine(op: BitOp, out: &mut [u8], sources: &[&[u8]]) {
    for (i, out) in out.chunks_mut(PART).enumerate() {
        let (from, to) = (i * PART, i * PART + out.len());
        let part = |source: &&'_ [u8]| from.min(source.len())..to.min(source.len());
        let parts = sources.iter().map(|source| &source[part(source)]);
        combine_part(op, out, parts);
    }
}

fn combine_part<'s>(op: BitOp, out: &mut [u8], mut sources: impl Iterator<Item = &'s [u8]>) {
    let first = sources.next().unwrap_or_default();
    let start = if matches!(op, BitOp::Diff1 | BitOp::AndOr) { &[] } else { first };
    let (head, tail) = out.split_at_mut(start.len());
    head.copy_from_slice(start);
    tail.fill(0);
    match op {
        BitOp::And => sources.for_each(|source| {
            each(out, source, |out, byte| out & byte);
            out[source.len()..].fill(0);
        }),
        BitOp::Or => sources.for_each(|source| each(out, source, |out, byte| out | byte)),
        BitOp::Xor => sources.for_each(|source| each(out, source, |out, byte| out ^ byte)),
        BitOp::Not => out.iter_mut().for_each(|out| *out = !*out),
        BitOp::Diff => sources.for_each(|source| each(out, source, |out, byte| out & !byte)),
        BitOp::Diff1 => {
            sources.for_each(|source| each(out, source, |out, byte| out | byte));
            each(out, first, |out, byte| out & !byte);
        }
        BitOp::AndOr => {
            sources.for_each(|source| each(out, source, |out, byte| out | byte));
            each(out, first, |out, byte| out & byte);
            out[first.len()..].fill(0);
        }
        BitOp::One => {
            let mut several = [0; PART];
            sources.for_each(|source| {
                let both = out.iter_mut().zip(&mut several).zip(source);
                for ((out, several), byte) in both {
                    *several |= *out & byte;
                    *out ^= byte;
                }
            });
            each(out, &several[..out.len()], |out, several| out & !several);
        }
    }
}

#[inline(always)]
fn each(out: &mut [u8], source: &[u8], op: impl Fn(u8, u8) -> u8) {
    out.iter_mut().zip(source).for_each(|(out, byte)| *out = op(*out, *byte));
}
