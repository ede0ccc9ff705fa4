//! Registers as runs: see the [module](super) for the bytes.
//!
//! Runs are read one after the other from the start; a lower bound of the place may be kept between
//! changes that go upwards ([`Place`]).

use super::{Corrupted, HEADER, Histogram, REGISTERS, Rank};

/// The highest rank that a run can say.
const MAX_RANK: u8 = 32;
/// The longest run of a rank.
const MAX_RANKS: usize = 4;
/// The longest run of zeros in one byte.
const MAX_SHORT_ZEROS: usize = 64;

/// One run: how many registers, their rank (0 for zeros), and how many bytes say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    len: usize,
    rank: u8,
    size: usize,
}

impl Run {
    /// The run that begins with the byte at `at`, which is there. Of a run that is cut off, what is
    /// missing is zero.
    #[inline]
    fn at(bytes: &[u8], at: usize) -> Run {
        let first = bytes[at];
        if first & 0xC0 == 0 {
            Run { len: usize::from(first) + 1, rank: 0, size: 1 }
        } else if first & 0x80 != 0 {
            Run { len: usize::from(first & 3) + 1, rank: (first >> 2 & 31) + 1, size: 1 }
        } else {
            let low = bytes.get(at + 1).copied().unwrap_or(0);
            Run { len: usize::from(u16::from_be_bytes([first & 0x3F, low])) + 1, rank: 0, size: 2 }
        }
    }
}

/// The byte of a run of ranks.
fn ranks(rank: u8, len: usize) -> u8 {
    0x80 | (rank - 1) << 2 | (len - 1) as u8
}

/// Adds a run of zeros.
pub(super) fn push_zeros(bytes: &mut Vec<u8>, len: usize) {
    let less = (len - 1) as u16;
    match len {
        ..=MAX_SHORT_ZEROS => bytes.push(less as u8),
        _ => bytes.extend((0x4000 | less).to_be_bytes()),
    }
}

fn runs(bytes: &[u8]) -> impl Iterator<Item = Run> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let run = (at < bytes.len()).then(|| Run::at(bytes, at))?;
        at += run.size;
        Some(run)
    })
}

/// The runs as PFDEBUG DECODE shows them.
pub(super) fn describe(bytes: &[u8]) -> String {
    let run = |Run { len, rank, size }| match (rank, size) {
        (0, 1) => format!("z:{len}"),
        (0, _) => format!("Z:{len}"),
        _ => format!("v:{rank},{len}"),
    };
    runs(bytes).map(run).collect::<Vec<_>>().join(" ")
}

/// How many registers hold each rank.
pub(super) fn histogram(bytes: &[u8]) -> Result<Histogram, Corrupted> {
    let (mut histogram, mut registers) = ([0_u32; 64], 0);
    for run in runs(bytes) {
        registers += run.len;
        if registers > REGISTERS {
            return Err(Corrupted);
        }
        histogram[usize::from(run.rank)] += run.len as u32;
    }
    if registers == REGISTERS { Ok(histogram) } else { Err(Corrupted) }
}

/// Calls `see` with each register that is not zero, and its rank.
pub(super) fn for_each_rank(bytes: &[u8], mut see: impl FnMut(usize, u8)) -> Result<(), Corrupted> {
    let mut register = 0;
    for Run { len, rank, .. } in runs(bytes) {
        if register + len > REGISTERS {
            return Err(Corrupted);
        }
        if rank != 0 {
            (register..register + len).for_each(|register| see(register, rank));
        }
        register += len;
    }
    if register == REGISTERS { Ok(()) } else { Err(Corrupted) }
}

/// Raises `max` to the registers where these are higher.
pub(super) fn max_into(max: &mut [u8; REGISTERS], bytes: &[u8]) -> Result<(), Corrupted> {
    for_each_rank(bytes, |register, rank| max[register] = max[register].max(rank))
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Unchanged,
    Changed,
    /// Nothing was changed; only a dense sketch can hold it.
    NeedsDense,
}

/// Where to start looking for a register: a run, two before the one that was changed last, and
/// the first register of it. Good for any register above the one that was changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    at: usize,
    first: usize,
}

impl Place {
    pub(super) fn start() -> Place {
        Place { at: HEADER, first: 0 }
    }
}

/// Raises one register of a sketch (`hll` with its header, which is left alone); the result is no
/// longer than `limit` bytes, unless it was longer before.
pub(super) fn set(
    hll: &mut Vec<u8>,
    place: &mut Place,
    Rank { register, rank }: Rank,
    limit: usize,
) -> Result<Outcome, Corrupted> {
    if rank > MAX_RANK {
        return Ok(Outcome::NeedsDense);
    }
    // Find the run that has the register, and the two before it.
    let Place { mut at, mut first } = *place;
    let (mut previous, mut one_before): (Option<Place>, Option<Place>) = (None, None);
    let run = loop {
        if at >= hll.len() {
            return Err(Corrupted);
        }
        let run = Run::at(hll, at);
        if register < first + run.len {
            break run;
        }
        (one_before, previous) = (previous, Some(Place { at, first }));
        at += run.size;
        first += run.len;
    };
    if run.rank >= rank {
        return Ok(Outcome::Unchanged);
    }
    // Split it into what is before the register, the register, and what is behind.
    let (before, behind) = (register - first, first + run.len - 1 - register);
    let mut split = Vec::with_capacity(5);
    let rest = |split: &mut Vec<u8>, len| match (len, run.rank) {
        (0, _) => {}
        (len, 0) => push_zeros(split, len),
        (len, rank) => split.push(ranks(rank, len)),
    };
    rest(&mut split, before);
    split.push(ranks(rank, 1));
    rest(&mut split, behind);
    let len = hll.len() + split.len() - run.size;
    if split.len() > run.size && len > limit {
        return Ok(Outcome::NeedsDense);
    }
    let end = hll.len().min(at + run.size);
    hll.splice(at..end, split);
    // Of a run that was cut off, one byte less was there than is replaced.
    hll.truncate(len);
    merge(hll, previous.map_or(place.at, |previous| previous.at));
    *place = one_before.unwrap_or(*place);
    Ok(Outcome::Changed)
}

/// Joins neighbouring runs of the same rank, within five runs from `at` on.
fn merge(hll: &mut Vec<u8>, mut at: usize) {
    for _ in 0..5 {
        if at >= hll.len() {
            break;
        }
        let run = Run::at(hll, at);
        if run.rank != 0 && at + 1 < hll.len() {
            let next = Run::at(hll, at + 1);
            if next.rank == run.rank && next.len + run.len <= MAX_RANKS {
                hll[at + 1] = ranks(run.rank, run.len + next.len);
                hll.remove(at);
                continue;
            }
        }
        at += run.size;
    }
}
