//! A key on its way to its stripe.

/// A key and its hash, computed once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) hash: u64,
}

impl Key<'_> {
    /// A copy that lives as long as it must.
    pub(crate) fn keep(self) -> OwnedKey {
        OwnedKey { bytes: self.bytes.into(), hash: self.hash }
    }
}

/// A key that owns its bytes.
#[derive(Debug, Clone)]
pub(crate) struct OwnedKey {
    bytes: Box<[u8]>,
    hash: u64,
}

impl OwnedKey {
    #[inline]
    pub(crate) fn get(&self) -> Key<'_> {
        Key { bytes: &self.bytes, hash: self.hash }
    }
}
