//! When collections change their encoding: Redis's thresholds, under Redis's names.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use crate::rng::FieldHasher;

/// A threshold at which a collection changes its encoding, named as `redis.conf` names it.
///
/// Small collections are packed into one run of bytes, which saves memory and costs time in
/// proportion to their length; the thresholds say what is small. A new threshold counts for
/// later changes; what is stored stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodingLimit {
    /// Fields of a packed hash.
    HashMaxListpackEntries,
    /// Bytes of a field or value of a packed hash.
    HashMaxListpackValue,
    /// Members of a set of integers that is kept as a sorted array.
    SetMaxIntsetEntries,
    /// Members of a packed set.
    SetMaxListpackEntries,
    /// Bytes of a member of a packed set.
    SetMaxListpackValue,
    /// Members of a packed sorted set.
    ZsetMaxListpackEntries,
    /// Bytes of a member of a packed sorted set.
    ZsetMaxListpackValue,
    /// Elements of a node of a list; -1 to -5: a node of 4, 8, 16, 32 or 64 KB.
    ListMaxListpackSize,
    /// Nodes at both ends of a list that Redis does not compress. Danio compresses none.
    ListCompressDepth,
    /// Bytes of a HyperLogLog in the sparse representation.
    HllSparseMaxBytes,
    /// Bytes of a stream's node; 0 is no limit.
    StreamNodeMaxBytes,
    /// Entries of a stream's node; 0 is no limit.
    StreamNodeMaxEntries,
}

use EncodingLimit::{
    HashMaxListpackEntries, HashMaxListpackValue, HllSparseMaxBytes, ListCompressDepth,
    ListMaxListpackSize, SetMaxIntsetEntries, SetMaxListpackEntries, SetMaxListpackValue,
    StreamNodeMaxBytes, StreamNodeMaxEntries, ZsetMaxListpackEntries, ZsetMaxListpackValue,
};

impl EncodingLimit {
    /// Every threshold.
    pub const ALL: [EncodingLimit; 12] = [
        HashMaxListpackEntries,
        HashMaxListpackValue,
        SetMaxIntsetEntries,
        SetMaxListpackEntries,
        SetMaxListpackValue,
        ZsetMaxListpackEntries,
        ZsetMaxListpackValue,
        ListMaxListpackSize,
        ListCompressDepth,
        HllSparseMaxBytes,
        StreamNodeMaxBytes,
        StreamNodeMaxEntries,
    ];

    /// Redis's name for the threshold.
    ///
    /// ```
    /// assert_eq!(danio::EncodingLimit::HashMaxListpackValue.name(), "hash-max-listpack-value");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            HashMaxListpackEntries => "hash-max-listpack-entries",
            HashMaxListpackValue => "hash-max-listpack-value",
            SetMaxIntsetEntries => "set-max-intset-entries",
            SetMaxListpackEntries => "set-max-listpack-entries",
            SetMaxListpackValue => "set-max-listpack-value",
            ZsetMaxListpackEntries => "zset-max-listpack-entries",
            ZsetMaxListpackValue => "zset-max-listpack-value",
            ListMaxListpackSize => "list-max-listpack-size",
            ListCompressDepth => "list-compress-depth",
            HllSparseMaxBytes => "hll-sparse-max-bytes",
            StreamNodeMaxBytes => "stream-node-max-bytes",
            StreamNodeMaxEntries => "stream-node-max-entries",
        }
    }

    /// What it is unless it is set: Redis's own default.
    pub fn default_value(self) -> i64 {
        match self {
            HashMaxListpackEntries | SetMaxIntsetEntries => 512,
            SetMaxListpackEntries | ZsetMaxListpackEntries => 128,
            HashMaxListpackValue | SetMaxListpackValue | ZsetMaxListpackValue => 64,
            ListMaxListpackSize => -2,
            ListCompressDepth => 0,
            HllSparseMaxBytes => 3000,
            StreamNodeMaxBytes => 4096,
            StreamNodeMaxEntries => 100,
        }
    }

    /// The values that it may have.
    ///
    /// ```
    /// use danio::EncodingLimit;
    ///
    /// assert!(EncodingLimit::ListMaxListpackSize.range().contains(&-2));
    /// assert!(!EncodingLimit::HashMaxListpackEntries.range().contains(&-2));
    /// ```
    pub const fn range(self) -> RangeInclusive<i64> {
        match self {
            ListMaxListpackSize => i32::MIN as i64..=i32::MAX as i64,
            ListCompressDepth => 0..=i32::MAX as i64,
            _ => 0..=i64::MAX,
        }
    }
}

/// What collections are told when they change: the thresholds in force, reading one of which is one
/// load, and how the tables of big ones hash.
#[derive(Debug)]
pub(crate) struct Limits {
    values: [AtomicI64; EncodingLimit::ALL.len()],
    /// Bytes from which on an element of a list lies apart, 0: when no node can hold it. For
    /// tests (`DEBUG QUICKLIST-PACKED-THRESHOLD`).
    apart: AtomicU32,
    /// What a new big set or hash takes for its own.
    pub(crate) hasher: FieldHasher,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            values: EncodingLimit::ALL.map(|limit| AtomicI64::new(limit.default_value())),
            apart: AtomicU32::new(0),
            hasher: FieldHasher::new([0; 4]),
        }
    }
}

impl Limits {
    /// A threshold as it was set; only that of list nodes may be negative.
    #[inline(always)]
    pub(crate) fn get(&self, limit: EncodingLimit) -> i64 {
        self.values[limit as usize].load(Ordering::Relaxed)
    }

    /// A threshold that is a number of entries or bytes.
    #[inline(always)]
    pub(crate) fn size(&self, limit: EncodingLimit) -> usize {
        self.get(limit).max(0) as usize
    }

    /// Bytes from which on an element of a list lies apart, if that is set.
    #[inline(always)]
    pub(crate) fn apart(&self) -> u32 {
        self.apart.load(Ordering::Relaxed)
    }

    pub(crate) fn set_apart(&self, bytes: u32) {
        self.apart.store(bytes, Ordering::Relaxed);
    }

    /// The same thresholds, but for the length of packed elements, which is of no account for what
    /// comes packed from elsewhere.
    #[cfg(feature = "snapshot")]
    pub(crate) fn for_packed(&self) -> Limits {
        use EncodingLimit::{HashMaxListpackValue, SetMaxListpackValue, ZsetMaxListpackValue};
        let limits = Limits {
            values: EncodingLimit::ALL.map(|limit| AtomicI64::new(self.get(limit))),
            apart: AtomicU32::new(self.apart()),
            hasher: self.hasher.clone(),
        };
        for limit in [HashMaxListpackValue, SetMaxListpackValue, ZsetMaxListpackValue] {
            limits.set(limit, i64::MAX);
        }
        limits
    }

    pub(crate) fn set(&self, limit: EncodingLimit, value: i64) {
        self.values[limit as usize].store(value, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_a_place_of_its_own() {
        let limits = Limits::default();
        for (i, limit) in EncodingLimit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, i);
            limits.set(limit, i as i64);
        }
        for (i, limit) in EncodingLimit::ALL.into_iter().enumerate() {
            assert!(limit.range().contains(&limit.default_value()));
            assert_eq!(limits.size(limit), i);
        }
    }
}
