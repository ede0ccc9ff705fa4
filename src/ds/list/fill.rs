//! How much goes into a node.

/// Bytes around the elements of a listpack, which the limits count although nothing here has
/// them: header and end.
pub(crate) const FRAME: usize = 7;
/// What an element is taken to need beyond its bytes, before it is spelled.
const ESTIMATED_OVERHEAD: usize = 8;
/// The largest node whose limit is a number of elements.
const SAFE_SIZE: usize = 8192;

/// The limit of a node, as `list-max-listpack-size` has it: how many elements, or -1 to -5 for 4,
/// 8, 16, 32 or 64 KB.
///
/// The arithmetic is Redis's to the byte, so that nodes begin and end where its do, and with
/// them the encodings that `OBJECT ENCODING` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fill {
    limit: i16,
    /// From how many bytes on an element lies apart; 0: when no node can hold it.
    apart: u32,
}

impl Fill {
    /// The limit that a setting asks for; `apart` for tests, see [`is_large`](Fill::is_large).
    pub(crate) fn new(setting: i64, apart: u32) -> Fill {
        let limit = setting.clamp(-5, i16::MAX.into());
        Fill { limit: i16::try_from(limit).expect("clamped"), apart }
    }

    /// Bytes that a node may have, its [`FRAME`] counted, and elements. One of them limits.
    fn limits(self) -> (Option<usize>, Option<usize>) {
        match usize::try_from(self.limit) {
            Ok(count) => (None, Some(count.max(1))),
            Err(_) => (Some(2048 << self.limit.unsigned_abs()), None),
        }
    }

    /// Bytes beyond which no node grows, but by one large element.
    pub(crate) fn max_size(self) -> usize {
        self.limits().0.unwrap_or(SAFE_SIZE)
    }

    /// Whether a node of so many bytes, [`FRAME`] counted, and elements would be too large.
    pub(crate) fn exceeded(self, size: usize, count: usize) -> bool {
        match self.limits() {
            (Some(bytes), _) => size > bytes,
            (_, limit) => size > SAFE_SIZE || limit.is_some_and(|limit| count > limit),
        }
    }

    /// Whether a node of so many bytes and elements is within half of the limit.
    pub(crate) fn is_half(self, size: usize, count: usize) -> bool {
        let (bytes, elements) = self.limits();
        bytes.is_none_or(|limit| size <= limit / 2)
            && elements.is_none_or(|limit| count <= limit / 2)
    }

    /// Whether a node of `size` bytes and `count` elements has room for another of `len` bytes.
    #[inline]
    pub(super) fn admits(self, size: usize, count: usize, len: usize) -> bool {
        !self.is_large(len) && !self.exceeded(size + len + ESTIMATED_OVERHEAD, count + 1)
    }

    /// Whether a string of `len` bytes lies apart, a node by itself.
    #[inline]
    pub(super) fn is_large(self, len: usize) -> bool {
        match self.apart {
            0 => len > self.max_size(),
            apart => len >= apart as usize,
        }
    }
}
