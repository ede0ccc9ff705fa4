//! HyperLogLog: how many different elements there were, in 12 KB, to 0.81 %.
//!
//! The bytes are Redis's own, so that a value that GET returns here means the same to SET there.
//!
//! ```text
//! [ "HYLL" | form u8 | 3 unused | cached count u64 LE, its top bit set: to be counted anew ]
//! dense:   16384 registers of six bits, the first in the lowest bits of the first byte
//! sparse:  runs of registers: 00llllll           l + 1 zeros
//!                             01llllll llllllll  l + 1 zeros
//!                             1vvvvvll           l + 1 times the value v + 1
//! ```
//!
//! An element's hash picks a register and a rank, the place of the lowest one bit in the rest of it;
//! a register keeps the highest rank it has seen. A sketch starts sparse, and becomes dense when
//! it would outgrow a limit or when a rank is above 32. What a sparse sketch looks like depends on
//! the order of its changes, so these are made exactly as Redis makes them: the algorithm of
//! [`sparse`] is that of Valkey's `hyperloglog.c` (BSD), and the estimate is Otmar Ertl's ("New
//! cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284).
//!
//! Bytes come from clients: nothing here panics on any, and what cannot be read is [`Corrupted`].

mod dense;
mod estimate;
mod hash;
mod selftest;
mod sparse;
#[cfg(test)]
mod tests;

pub(crate) use hash::Rank;
pub(crate) use selftest::self_test;

/// Bits of the hash that pick the register.
const P: u32 = 14;
/// How many registers there are.
pub(crate) const REGISTERS: usize = 1 << P;
/// Bytes before the registers.
const HEADER: usize = 16;
/// Bytes of a dense sketch.
const DENSE: usize = HEADER + REGISTERS * 6 / 8;

const MAGIC: &[u8] = b"HYLL";
const FORM_AT: usize = 4;
const CACHE_AT: usize = 8;

/// The bytes are no registers that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Corrupted;

/// How the registers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Dense,
    Sparse,
}

/// How many registers hold each rank.
type Histogram = [u32; 64];

/// The bytes of a sketch, whose header is sound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HllRef<'a> {
    bytes: &'a [u8],
    form: Form,
}

impl<'a> HllRef<'a> {
    /// Reads the header; `None` if these bytes are no sketch.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<HllRef<'a>> {
        if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
            return None;
        }
        let form = match bytes[FORM_AT] {
            0 if bytes.len() == DENSE => Form::Dense,
            1 => Form::Sparse,
            _ => return None,
        };
        Some(HllRef { bytes, form })
    }

    pub(crate) fn form(self) -> Form {
        self.form
    }

    fn registers(self) -> &'a [u8] {
        &self.bytes[HEADER..]
    }

    /// The count that the sketch had when it was last counted, unless it has changed since.
    pub(crate) fn cached(self) -> Option<u64> {
        let cache = self.bytes[CACHE_AT..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        cache.filter(|count| *count >> 63 == 0)
    }

    /// Counts, without regard to the cached count.
    pub(crate) fn count(self) -> Result<u64, Corrupted> {
        let histogram = match self.form {
            Form::Dense => dense::histogram(self.registers()),
            Form::Sparse => sparse::histogram(self.registers())?,
        };
        Ok(estimate::estimate(&histogram))
    }

    /// The runs of a sparse sketch, as PFDEBUG shows them.
    pub(crate) fn runs(self) -> String {
        sparse::describe(self.registers())
    }

    /// Whether an element would change the dense sketch.
    pub(crate) fn dense_lacks(self, rank: Rank) -> bool {
        dense::get(self.registers(), rank.register) < rank.rank
    }
}

/// The registers of a sketch, or of several together, a byte each.
pub(crate) struct Registers(Box<[u8; REGISTERS]>);

impl Registers {
    /// Those of no element.
    pub(crate) fn new() -> Registers {
        let zeros = vec![0; REGISTERS].into_boxed_slice();
        Registers(zeros.try_into().expect("as many as there are registers"))
    }

    /// Adds the elements of a sketch.
    pub(crate) fn add(&mut self, hll: HllRef<'_>) -> Result<(), Corrupted> {
        match hll.form {
            Form::Dense => dense::max_into(&mut self.0, hll.registers()),
            Form::Sparse => sparse::max_into(&mut self.0, hll.registers())?,
        }
        Ok(())
    }

    /// Adds an element.
    pub(crate) fn note(&mut self, rank: Rank) {
        let register = &mut self.0[rank.register];
        *register = rank.rank.max(*register);
    }

    pub(crate) fn count(&self) -> u64 {
        let (ranks, _) = self.0.as_chunks::<8>();
        estimate::estimate(&dense::count_ranks(ranks.iter().copied()))
    }

    /// The rank of each register.
    pub(crate) fn ranks(&self) -> &[u8] {
        &self.0[..]
    }
}

/// A sketch that is changed.
#[derive(Debug, Clone)]
pub(crate) struct Hll {
    /// Its header is sound.
    bytes: Vec<u8>,
    form: Form,
}

impl Hll {
    /// A sketch of no element.
    pub(crate) fn new() -> Hll {
        let mut bytes = vec![0; HEADER];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[FORM_AT] = 1;
        sparse::push_zeros(&mut bytes, REGISTERS);
        Hll { bytes, form: Form::Sparse }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Marks the cached count as out of date.
    pub(crate) fn uncache(&mut self) {
        uncache(&mut self.bytes);
    }

    /// Adds an element; true if that changed the sketch. It becomes dense rather than longer than
    /// `limit` bytes.
    pub(crate) fn add(&mut self, rank: Rank, limit: usize) -> Result<bool, Corrupted> {
        let changed = self.raise(rank, &mut sparse::Place::start(), limit)?;
        if changed {
            uncache(&mut self.bytes);
        }
        Ok(changed)
    }

    fn raise(
        &mut self,
        rank: Rank,
        place: &mut sparse::Place,
        limit: usize,
    ) -> Result<bool, Corrupted> {
        if self.form == Form::Sparse {
            match sparse::set(&mut self.bytes, place, rank, limit)? {
                sparse::Outcome::Unchanged => return Ok(false),
                sparse::Outcome::Changed => return Ok(true),
                sparse::Outcome::NeedsDense => self.make_dense()?,
            }
        }
        Ok(dense::raise(&mut self.bytes[HEADER..], rank))
    }

    /// Gives the sketch the registers of all that were merged, its own among them. It becomes dense if
    /// `dense` says so.
    pub(crate) fn replace(
        &mut self,
        registers: &Registers,
        dense: bool,
        limit: usize,
    ) -> Result<(), Corrupted> {
        if dense {
            self.make_dense()?;
        }
        let mut place = sparse::Place::start();
        for (register, rank) in registers.0.iter().enumerate().filter(|(_, rank)| **rank != 0) {
            if self.form == Form::Dense {
                dense::pack(&mut self.bytes[HEADER..], &registers.0);
                break;
            }
            self.raise(Rank { register, rank: *rank }, &mut place, limit)?;
        }
        uncache(&mut self.bytes);
        Ok(())
    }

    /// Makes the sketch dense, if it is not.
    pub(crate) fn make_dense(&mut self) -> Result<(), Corrupted> {
        if self.form == Form::Sparse {
            let mut dense = vec![0; DENSE];
            dense[..HEADER].copy_from_slice(&self.bytes[..HEADER]);
            dense[FORM_AT] = 0;
            sparse::for_each_rank(&self.bytes[HEADER..], |register, rank| {
                dense::set(&mut dense[HEADER..], register, rank);
            })?;
            (self.bytes, self.form) = (dense, Form::Dense);
        }
        Ok(())
    }
}

impl From<HllRef<'_>> for Hll {
    fn from(hll: HllRef<'_>) -> Hll {
        Hll { bytes: hll.bytes.to_vec(), form: hll.form }
    }
}

/// Adds an element to the bytes of a dense sketch; true if that changed it. The cached count is left.
pub(crate) fn add_to_dense(bytes: &mut [u8], rank: Rank) -> bool {
    dense::raise(&mut bytes[HEADER..], rank)
}

/// Keeps the count of a sketch in its bytes.
pub(crate) fn cache(bytes: &mut [u8], count: u64) {
    bytes[CACHE_AT..HEADER].copy_from_slice(&count.to_le_bytes());
}

/// Marks the cached count as out of date.
pub(crate) fn uncache(bytes: &mut [u8]) {
    bytes[HEADER - 1] |= 0x80;
}
