//! Byte strings as arrays of bits: counting, finding, combining, and integers of any width in them.
//!
//! Bits are numbered as Redis numbers them: bit 0 is the highest of byte 0. What lies past the end
//! of a string is zero. The loops run over the words of the string in its order in memory, since
//! neither a count nor "is any bit set" depends on the order, so that compilers can make vectors of
//! them; only the count, which needs an instruction of its own, is compiled more than once
//! ([`count()`]).

mod combine;
mod count;
mod field;
mod find;
#[cfg(test)]
mod tests;

pub use combine::BitOp;
pub(crate) use combine::combine;
pub(crate) use count::{count, count_in};
pub use field::BitOverflow;
pub(crate) use field::Field;
pub(crate) use find::find_in;

/// The bit at `at`; zero past the end.
pub(crate) fn bit(bytes: &[u8], at: u64) -> bool {
    let byte = usize::try_from(at / 8).ok().and_then(|byte| bytes.get(byte));
    byte.is_some_and(|byte| byte & mask(at) != 0)
}

/// The place of a bit in its byte.
pub(crate) fn mask(at: u64) -> u8 {
    0x80 >> (at % 8)
}
