//! What the connections take, all together, and whom to cut when that is too much
//! (`maxmemory-clients`).
//!
//! A connection adds up what it takes when it has read, run or written something, and brings the
//! difference to a common count; nothing is counted anew. When the count passes the limit, those that take
//! most are cut, until it is kept; not those that asked to be spared (`CLIENT NO-EVICT`), though what
//! they take counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;

use super::client::{Client, Clients};
use super::config::Refusal;
use crate::text::memory::parse_size;

/// A share of `maxmemory` never means less than this, with which nobody could talk to the server.
const LEAST: usize = 128 * 1024;

/// What all connections take.
#[derive(Debug, Default)]
pub(super) struct Total {
    bytes: AtomicUsize,
    /// The most that they may take; 0 is no limit.
    limit: AtomicUsize,
    /// What `maxmemory-clients` says: bytes, or below zero a share of `maxmemory` in percent.
    wanted: AtomicI64,
    /// Held by whoever chooses whom to cut.
    cutting: Mutex<()>,
    /// Connections cut so far.
    pub(super) cut: AtomicU64,
}

/// What one connection takes of the total.
#[derive(Debug, Default)]
pub(super) struct Part(AtomicUsize);

impl Part {
    /// The part of a connection that is no longer counted.
    const GONE: usize = usize::MAX;

    fn bytes(&self) -> usize {
        match self.0.load(Relaxed) {
            Part::GONE => 0,
            bytes => bytes,
        }
    }

    /// Whether it is no longer counted.
    #[cfg(feature = "network")]
    pub(super) fn is_gone(&self) -> bool {
        self.0.load(Relaxed) == Part::GONE
    }
}

impl Clients {
    /// Bytes that all connections take.
    pub(super) fn memory(&self) -> usize {
        self.total.bytes.load(Relaxed)
    }

    /// Takes what a connection takes now into the count, and cuts connections if that is too much.
    #[inline]
    pub(crate) fn settle(&self, client: &Client) {
        let now = client.memory();
        if client.part.0.load(Relaxed) != now {
            self.take_in(client, now);
        }
        let limit = self.total.limit.load(Relaxed);
        if limit != 0 && self.memory() > limit {
            self.cut(limit);
        }
    }

    fn take_in(&self, client: &Client, now: usize) {
        let renew = |old: usize| (old != Part::GONE).then_some(now);
        if let Ok(old) = client.part.0.fetch_update(Relaxed, Relaxed, renew) {
            self.total.bytes.fetch_add(now.wrapping_sub(old), Relaxed);
        }
    }

    /// Counts a connection no longer.
    pub(super) fn settle_gone(&self, client: &Client) {
        let old = client.part.0.swap(Part::GONE, Relaxed);
        if old != Part::GONE {
            self.total.bytes.fetch_sub(old, Relaxed);
        }
    }

    /// Cuts those that take most until the limit is kept, or nobody is left that may be cut.
    #[cold]
    fn cut(&self, limit: usize) {
        let _alone = self.total.cutting.lock();
        let may_be_cut = |client: &&Arc<Client>| !client.no_evict.load(Relaxed);
        let mut largest: Vec<Arc<Client>> = Vec::new();
        if self.memory() > limit {
            largest = self.all().iter().filter(may_be_cut).cloned().collect();
            largest.sort_by_key(|client| std::cmp::Reverse(client.part.bytes()));
        }
        for client in largest {
            if self.memory() <= limit {
                break;
            }
            tracing::info!("Evicting client: id={} addr={}", client.id, client.origin.addr);
            // It is forgotten at once: that it ends may take its worker a while.
            self.forget(&client);
            client.kill();
            self.total.cut.fetch_add(1, Relaxed);
        }
    }

    /// Starts the count of those that were cut again (`CONFIG RESETSTAT`).
    pub(super) fn reset_statistics(&self) {
        self.total.cut.store(0, Relaxed);
        self.forget_net();
    }

    /// Sets the limit: `wanted` bytes, or a share of `maxmemory` if it is below zero.
    pub(super) fn limit_to(&self, wanted: i64, maxmemory: usize) {
        self.total.wanted.store(wanted, Relaxed);
        self.limit_anew(maxmemory);
    }

    /// Works out anew what a share of `maxmemory` is.
    pub(super) fn limit_anew(&self, maxmemory: usize) {
        let limit = match self.total.wanted.load(Relaxed) {
            0 => 0,
            bytes @ 1.. => usize::try_from(bytes).unwrap_or(usize::MAX).max(LEAST),
            _ if maxmemory == 0 => 0,
            percent => {
                let share = maxmemory as u128 * u128::from(percent.unsigned_abs()) / 100;
                usize::try_from(share).unwrap_or(usize::MAX).max(LEAST)
            }
        };
        self.total.limit.store(limit, Relaxed);
        if limit != 0 && self.memory() > limit {
            self.cut(limit);
        }
    }
}

/// Reads `maxmemory-clients`: bytes, or a share in percent, which is below zero.
pub(super) fn parse(text: &[u8]) -> Result<i64, Refusal> {
    let refusal = "argument must be a memory or percent value";
    if let [digits @ .., b'%'] = text {
        let digits =
            std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        let percent: i64 = digits.and_then(|d| d.parse().ok()).ok_or(refusal)?;
        if percent > 100 {
            return Err("percentage argument must be less or equal to 100".into());
        }
        return Ok(-percent);
    }
    let bytes = parse_size(text).and_then(|bytes| i64::try_from(bytes).ok());
    Ok(bytes.ok_or(refusal)?)
}

/// The one form of `maxmemory-clients`, for CONFIG GET.
pub(super) fn canonical(words: &[&[u8]], _: &[u8]) -> Result<Vec<u8>, Refusal> {
    let number = parse(&words.join(&b' '))?;
    Ok(if number < 0 { format!("{}%", -number) } else { number.to_string() }.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shares_are_read() {
        for (text, number) in
            [("0", 0), ("", 0), ("5%", -5), ("0%", 0), ("100%", -100), ("1mb", 1 << 20)]
        {
            assert_eq!(parse(text.as_bytes()), Ok(number), "{text}");
        }
        for text in ["x", "-1", "1.5%", "-5%", "5mb%", "%", "99999999999999999999%"] {
            assert_eq!(
                parse(text.as_bytes()),
                Err("argument must be a memory or percent value".into()),
                "{text}"
            );
        }
        assert_eq!(parse(b"101%"), Err("percentage argument must be less or equal to 100".into()));
        assert_eq!(canonical(&[b"1mb"], b"").as_deref(), Ok(&b"1048576"[..]));
        assert_eq!(canonical(&[b"07%"], b"").as_deref(), Ok(&b"7%"[..]));
    }
}
