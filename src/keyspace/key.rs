//! A key on its way to its stripe.

use std::mem::take;

/// A key, its hash and its stripe, computed once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) hash: u64,
    /// Part of the hash: looked up in the scope that it is locked in, what the two were computed of is not read again.
    pub(super) stripe: usize,
}

impl Key<'_> {
    /// A copy that lives as long as it must.
    pub(crate) fn keep(self) -> OwnedKey {
        OwnedKey { bytes: self.bytes.into(), hash: self.hash, stripe: self.stripe }
    }
}

/// A key that owns its bytes.
#[derive(Debug, Clone)]
pub(crate) struct OwnedKey {
    bytes: Box<[u8]>,
    hash: u64,
    stripe: usize,
}

impl OwnedKey {
    pub(super) fn new(bytes: Box<[u8]>, hash: u64, stripe: usize) -> OwnedKey {
        OwnedKey { bytes, hash, stripe }
    }

    #[inline]
    pub(crate) fn get(&self) -> Key<'_> {
        Key { bytes: &self.bytes, hash: self.hash, stripe: self.stripe }
    }

    /// Takes it away; one without a name stays.
    pub(super) fn take(&mut self) -> OwnedKey {
        OwnedKey { bytes: take(&mut self.bytes), ..*self }
    }
}
