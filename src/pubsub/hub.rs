//! Who listens to what: the registry of channels, patterns and shard channels.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use dashmap::DashMap;

use super::audience::{Audience, Slow};
use super::message::{self, Body};
use super::{Pace, Subscriber};
use crate::rng::Rng;
use crate::sync::RwLock;
use crate::text::glob;

/// What can be listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A channel by its name.
    Channel,
    /// All channels that fit a pattern.
    Pattern,
    /// A shard channel, by its name; patterns do not reach it.
    Shard,
}

/// With so many channels or patterns, room for more is not given back.
const FEW: usize = 64;

type Channels = DashMap<Bytes, Arc<Audience>, ahash::RandomState>;

/// All subscriptions of an engine.
///
/// Locks, outermost first: the patterns' (shared to publish), a map's shard, an audience's,
/// and what a subscriber's `deliver` takes. No stripe is locked under any of them.
pub(crate) struct Hub {
    channels: Channels,
    shards: Channels,
    patterns: RwLock<Patterns>,
    /// How many there are of each: all that publishing asks when nobody listens.
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    channels: AtomicUsize,
    shards: AtomicUsize,
    patterns: AtomicUsize,
}

/// The patterns, in a list to be tried one after the other.
#[derive(Default)]
struct Patterns {
    list: Vec<(Bytes, Arc<Audience>)>,
    places: HashMap<Bytes, usize>,
}

impl Hub {
    /// A hub to which nobody listens; how it hashes names is drawn from `rng`.
    pub(crate) fn new(rng: &Rng) -> Hub {
        let hasher = rng.hasher();
        Hub {
            channels: Channels::with_hasher(hasher.clone()),
            shards: Channels::with_hasher(hasher),
            patterns: RwLock::default(),
            counts: Counts::default(),
        }
    }

    /// Has `who` told what is said there from now on. False if it is already. O(1), takes no
    /// lock on data.
    pub(crate) fn subscribe(&self, kind: Kind, name: &[u8], who: &Arc<dyn Subscriber>) -> bool {
        let channels = match kind {
            Kind::Channel => &self.channels,
            Kind::Shard => &self.shards,
            Kind::Pattern => return self.patterns.write().subscribe(name, who, &self.counts),
        };
        let head = if kind == Kind::Shard { message::SHARD_MESSAGE } else { message::MESSAGE };
        loop {
            let audience = match channels.get(name) {
                Some(found) => found.clone(),
                None => {
                    let name = Bytes::copy_from_slice(name);
                    let entry = channels.entry(name).or_insert_with(|| {
                        self.count(kind).fetch_add(1, Relaxed);
                        Arc::new(Audience::new(Bytes::from_static(head), None))
                    });
                    entry.clone()
                }
            };
            if let Some(new) = audience.join(who) {
                return new;
            }
            // It is over, and about to leave the map.
            self.forget(kind, channels, name, &audience);
        }
    }

    /// Ends what [`subscribe`](Hub::subscribe) began: nothing is delivered once this has
    /// returned. False if `who` was not told. O(1).
    pub(crate) fn unsubscribe(&self, kind: Kind, name: &[u8], who: &Arc<dyn Subscriber>) -> bool {
        let channels = match kind {
            Kind::Channel => &self.channels,
            Kind::Shard => &self.shards,
            Kind::Pattern => return self.patterns.write().unsubscribe(name, who, &self.counts),
        };
        let Some(audience) = channels.get(name).map(|found| found.clone()) else { return false };
        let mut over = false;
        let left = audience.leave(who, || over = true);
        if over {
            self.forget(kind, channels, name, &audience);
        }
        left
    }

    /// Takes an audience that is over out of its map, if nobody else has.
    fn forget(&self, kind: Kind, channels: &Channels, name: &[u8], audience: &Arc<Audience>) {
        if channels.remove_if(name, |_, found| Arc::ptr_eq(found, audience)).is_none() {
            return;
        }
        let left = self.count(kind).fetch_sub(1, Relaxed) - 1;
        // Looked at so rarely that what it costs is nothing to each of those that went.
        if left >= FEW && left.is_power_of_two() && channels.capacity() > 4 * left {
            channels.shrink_to_fit();
        }
    }

    /// Hands a message to all who listen to a channel and to patterns that it fits (`PUBLISH`);
    /// says to how many. O(subscribers + patterns), takes no lock on data.
    pub(crate) fn publish(&self, channel: &[u8], payload: &[u8], pace: Pace) -> usize {
        let (mut told, mut slow) = (0, Slow::new());
        let patterns = self.counts.patterns.load(Relaxed) > 0;
        // Where nobody else takes it, the channel's message is the only one to hold it.
        let mut body = None;
        if self.counts.channels.load(Relaxed) > 0
            && let Some(audience) = self.channels.get(channel).map(|found| found.clone())
        {
            let first = Body::new(channel, payload);
            if patterns {
                body = Some(first.clone());
            }
            told += audience.tell(first, pace, &mut slow);
        }
        if patterns {
            let patterns = self.patterns.read();
            for (pattern, audience) in &patterns.list {
                if glob::matches(pattern, channel) {
                    let body = body.get_or_insert_with(|| Body::new(channel, payload));
                    told += audience.tell(body.clone(), pace, &mut slow);
                }
            }
        }
        slow.iter().for_each(|who| who.wait_for_room());
        told
    }

    /// As [`publish`](Hub::publish), to a shard channel (`SPUBLISH`).
    pub(crate) fn publish_shard(&self, channel: &[u8], payload: &[u8], pace: Pace) -> usize {
        if self.counts.shards.load(Relaxed) == 0 {
            return 0;
        }
        let audience = self.shards.get(channel).map(|found| found.clone());
        let mut slow = Slow::new();
        let told = audience
            .map_or(0, |audience| audience.tell(Body::new(channel, payload), pace, &mut slow));
        slow.iter().for_each(|who| who.wait_for_room());
        told
    }

    /// Tells all who listen that there will be no more messages.
    pub(crate) fn end(&self) {
        for channels in [&self.channels, &self.shards] {
            channels.iter().for_each(|entry| entry.end());
        }
        self.patterns.read().list.iter().for_each(|(_, audience)| audience.end());
    }

    /// Whether anybody listens to a channel or a pattern.
    pub(crate) fn has_listeners(&self) -> bool {
        self.counts.channels.load(Relaxed) + self.counts.patterns.load(Relaxed) > 0
    }

    /// How many channels, patterns or shard channels are listened to.
    pub(crate) fn len(&self, kind: Kind) -> usize {
        self.count(kind).load(Relaxed)
    }

    /// How many listen to this very name.
    pub(crate) fn listeners(&self, kind: Kind, name: &[u8]) -> usize {
        let audience = match kind {
            Kind::Channel => self.channels.get(name).map(|found| found.clone()),
            Kind::Shard => self.shards.get(name).map(|found| found.clone()),
            Kind::Pattern => {
                let patterns = self.patterns.read();
                patterns.places.get(name).map(|at| patterns.list[*at].1.clone())
            }
        };
        audience.map_or(0, |audience| audience.len())
    }

    /// The channels that are listened to and fit a pattern, or all.
    pub(crate) fn names(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Bytes> {
        let fits = |name: &[u8]| pattern.is_none_or(|pattern| glob::matches(pattern, name));
        let of = |channels: &Channels| {
            channels.iter().map(|entry| entry.key().clone()).filter(|name| fits(name)).collect()
        };
        match kind {
            Kind::Channel => of(&self.channels),
            Kind::Shard => of(&self.shards),
            Kind::Pattern => {
                let patterns = self.patterns.read();
                patterns
                    .list
                    .iter()
                    .map(|(name, _)| name.clone())
                    .filter(|name| fits(name))
                    .collect()
            }
        }
    }

    fn count(&self, kind: Kind) -> &AtomicUsize {
        match kind {
            Kind::Channel => &self.counts.channels,
            Kind::Shard => &self.counts.shards,
            Kind::Pattern => &self.counts.patterns,
        }
    }
}

impl Patterns {
    fn subscribe(&mut self, name: &[u8], who: &Arc<dyn Subscriber>, counts: &Counts) -> bool {
        if let Some(at) = self.places.get(name) {
            return self.list[*at].1.join(who).expect("an audience that is over has left the list");
        }
        let (head, pattern) = message::pattern_head(name);
        let audience = Arc::new(Audience::new(head, Some(pattern.clone())));
        audience.join(who);
        self.places.insert(pattern.clone(), self.list.len());
        self.list.push((pattern, audience));
        counts.patterns.store(self.list.len(), Relaxed);
        true
    }

    fn unsubscribe(&mut self, name: &[u8], who: &Arc<dyn Subscriber>, counts: &Counts) -> bool {
        let Some(at) = self.places.get(name).copied() else { return false };
        let mut over = false;
        let left = self.list[at].1.leave(who, || over = true);
        if over {
            self.places.remove(name);
            self.list.swap_remove(at);
            if let Some((moved, _)) = self.list.get(at) {
                self.places.insert(moved.clone(), at);
            }
            counts.patterns.store(self.list.len(), Relaxed);
            if self.list.capacity() > 4 * self.list.len().max(FEW) {
                self.list.shrink_to(2 * self.list.len());
                self.places.shrink_to(2 * self.list.len());
            }
        }
        left
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("channels", &self.len(Kind::Channel))
            .field("patterns", &self.len(Kind::Pattern))
            .field("shard_channels", &self.len(Kind::Shard))
            .finish()
    }
}

#[cfg(test)]
mod tests;
