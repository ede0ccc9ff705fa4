//! Who listens to one channel or pattern.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use super::message::{Body, Message};
use super::{Pace, Subscriber};
use crate::sync::Mutex;

/// As many are looked through to find one; more have an index.
const FEW: usize = 16;

/// Those who listen to one channel or pattern.
///
/// The lock is held while a message is handed round, so that all of them get the messages in
/// the same order.
pub(super) struct Audience {
    /// What their messages begin with.
    head: Bytes,
    pattern: Option<Bytes>,
    listeners: Mutex<Listeners>,
}

/// Those whom a publisher waits for.
pub(super) type Slow = SmallVec<[Arc<dyn Subscriber>; 2]>;

#[derive(Default)]
pub(super) struct Listeners {
    list: Vec<Arc<dyn Subscriber>>,
    /// Where each is in `list`, if they are more than a few.
    places: HashMap<usize, usize>,
    /// Whether the last has left, and with it the audience the hub: nobody may join it.
    pub(super) over: bool,
}

/// What tells subscribers apart: they stay where they are as long as they listen.
pub(super) fn identity(who: &Arc<dyn Subscriber>) -> usize {
    Arc::as_ptr(who).cast::<()>().addr()
}

impl Audience {
    pub(super) fn new(head: Bytes, pattern: Option<Bytes>) -> Audience {
        Audience { head, pattern, listeners: Mutex::default() }
    }

    /// Adds a listener; false if it listens already. `None` if the audience is over.
    pub(super) fn join(&self, who: &Arc<dyn Subscriber>) -> Option<bool> {
        let mut listeners = self.listeners.lock();
        if listeners.over {
            return None;
        }
        Some(listeners.add(who))
    }

    /// Removes a listener; `ended` is called if it was the last. False if it does not listen.
    pub(super) fn leave(&self, who: &Arc<dyn Subscriber>, ended: impl FnOnce()) -> bool {
        let mut listeners = self.listeners.lock();
        if !listeners.remove(who) {
            return false;
        }
        if listeners.list.is_empty() {
            listeners.over = true;
            ended();
        }
        true
    }

    /// Hands a message round; says to how many, and adds those to wait for to `slow`.
    pub(super) fn tell(&self, body: Body, pace: Pace, slow: &mut Slow) -> usize {
        let listeners = self.listeners.lock();
        let message = Message::new(self.head.clone(), self.pattern.clone(), body);
        for who in &listeners.list {
            if who.deliver(&message, pace) {
                slow.push(who.clone());
            }
        }
        listeners.list.len()
    }

    /// Tells all that there will be no more messages.
    pub(super) fn end(&self) {
        self.listeners.lock().list.iter().for_each(|who| who.end());
    }

    /// How many listen.
    pub(super) fn len(&self) -> usize {
        self.listeners.lock().list.len()
    }
}

impl Listeners {
    fn place(&self, id: usize) -> Option<usize> {
        if self.list.len() > FEW {
            return self.places.get(&id).copied();
        }
        self.list.iter().position(|who| identity(who) == id)
    }

    fn add(&mut self, who: &Arc<dyn Subscriber>) -> bool {
        let id = identity(who);
        if self.place(id).is_some() {
            return false;
        }
        self.list.push(who.clone());
        if self.list.len() == FEW + 1 {
            self.places =
                self.list.iter().enumerate().map(|(at, who)| (identity(who), at)).collect();
        } else if self.list.len() > FEW {
            self.places.insert(id, self.list.len() - 1);
        }
        true
    }

    fn remove(&mut self, who: &Arc<dyn Subscriber>) -> bool {
        let id = identity(who);
        let Some(at) = self.place(id) else { return false };
        self.list.swap_remove(at);
        if self.list.len() <= FEW {
            self.places = HashMap::default();
        } else {
            self.places.remove(&id);
            if let Some(moved) = self.list.get(at) {
                self.places.insert(identity(moved), at);
            }
        }
        if self.list.capacity() > 4 * self.list.len().max(FEW) {
            self.list.shrink_to(2 * self.list.len());
            self.places.shrink_to(2 * self.list.len());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody(#[expect(dead_code, reason = "so that each has a place of its own")] u8);

    impl Subscriber for Nobody {
        fn deliver(&self, _: &Message, _: Pace) -> bool {
            false
        }
    }

    /// Against a list without an index, through sizes on both sides of the threshold.
    #[test]
    fn finds_everyone_through_growth_and_shrinking() {
        let all: Vec<Arc<dyn Subscriber>> =
            (0..100).map(|i| Arc::new(Nobody(i)) as Arc<dyn Subscriber>).collect();
        let mut listeners = Listeners::default();
        let mut model: Vec<usize> = Vec::new();
        let rng = crate::rng::Rng::new(7);
        for round in 0..20_000 {
            let who = &all[rng.below(if round / 2_000 % 2 == 0 { 100 } else { 20 })];
            let (id, there) = (identity(who), model.contains(&identity(who)));
            if rng.below(3) > round / 3_000 % 2 {
                assert_eq!(listeners.add(who), !there);
                model.retain(|other| *other != id);
                model.push(id);
            } else {
                assert_eq!(listeners.remove(who), there);
                model.retain(|other| *other != id);
            }
            assert_eq!(listeners.list.len(), model.len());
            for (at, who) in listeners.list.iter().enumerate() {
                assert_eq!(listeners.place(identity(who)), Some(at));
            }
        }
    }
}
