//! Keyspace notifications: what happens to keys, told over channels and to programs.
//!
//! The keyspace tells its observers while the stripes of what changed are still locked. So whoever
//! listens hears of a key's changes in their order; and nobody is ever waited for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::events::Streams;
use super::hub::Hub;
use super::queue::Pace;
use crate::keyspace::event::Class;
use crate::keyspace::observer::{Committed, KeyEvent, Observer, wants};

/// What is told over channels: the value of `notify-keyspace-events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Notified(u32);

/// Over `__keyspace@<db>__:<key>`.
const KEYSPACE: u32 = 1 << 31;
/// Over `__keyevent@<db>__:<event>`.
const KEYEVENT: u32 = 1 << 30;
/// Events of modules, of which there are none.
const MODULE: u32 = 1 << 29;

const fn bit(class: Class) -> u32 {
    1 << class as u32
}

/// The letters in the order in which they are shown. Those up to `d` are together `A`.
const LETTERS: &[(u8, u32)] = &[
    (b'g', bit(Class::Generic)),
    (b'$', bit(Class::String)),
    (b'l', bit(Class::List)),
    (b's', bit(Class::Set)),
    (b'h', bit(Class::Hash)),
    (b'z', bit(Class::SortedSet)),
    (b'x', bit(Class::Expired)),
    (b'e', bit(Class::Evicted)),
    (b't', bit(Class::Stream)),
    (b'd', MODULE),
    (b'n', bit(Class::New)),
    (b'K', KEYSPACE),
    (b'E', KEYEVENT),
    (b'm', bit(Class::Missed)),
];

/// How many of the letters make `A`.
const IN_ALL: usize = 10;

impl Notified {
    /// Reads letters; `None` if one of them is none.
    pub(crate) fn parse(letters: &[u8]) -> Option<Notified> {
        letters.iter().try_fold(Notified(0), |all, letter| match letter {
            b'A' => Some(Notified(all.0 | Notified::all())),
            _ => LETTERS.iter().find(|(l, _)| l == letter).map(|(_, bit)| Notified(all.0 | bit)),
        })
    }

    fn all() -> u32 {
        LETTERS[..IN_ALL].iter().fold(0, |all, (_, bit)| all | bit)
    }

    /// The letters, in Redis's order. Redis does not show `n` beside `A`, and forgets it when it writes
    /// its configuration.
    pub(crate) fn letters(self) -> String {
        let all = self.0 & Notified::all() == Notified::all();
        let hidden = if all { IN_ALL } else { 0 };
        let shown = LETTERS.iter().skip(hidden).filter(|(_, bit)| self.0 & bit != 0);
        all.then_some('A').into_iter().chain(shown.map(|(letter, _)| char::from(*letter))).collect()
    }

    fn has(self, bits: u32) -> bool {
        self.0 & bits != 0
    }

    /// Whether anything is told at all.
    fn is_on(self) -> bool {
        self.has(KEYSPACE | KEYEVENT) && self.has(!(KEYSPACE | KEYEVENT | MODULE))
    }
}

/// Tells of changes whoever wants to know.
pub(crate) struct Notifier {
    notified: AtomicU32,
    hub: Arc<Hub>,
    pub(super) streams: Streams,
}

impl Notifier {
    pub(crate) fn new(hub: Arc<Hub>) -> Notifier {
        Notifier { notified: AtomicU32::new(0), hub, streams: Streams::default() }
    }

    /// Chooses what is told over channels. The observers' wants are to be refreshed then.
    pub(crate) fn set(&self, notified: Notified) {
        self.notified.store(notified.0, Relaxed);
    }

    /// What is told over channels.
    pub(crate) fn notified(&self) -> Notified {
        Notified(self.notified.load(Relaxed))
    }

    /// Tells all who follow events that there will be no more.
    pub(crate) fn end(&self) {
        self.streams.end();
    }

    fn tell(&self, events: &[KeyEvent]) {
        let notified = self.notified();
        let channels = notified.is_on() && self.hub.has_listeners();
        for event in events {
            if channels
                && notified.has(bit(event.event.class))
                && event.event.class != Class::Database
            {
                self.publish(notified, event);
            }
            self.streams.tell(event);
        }
    }

    fn publish(&self, notified: Notified, KeyEvent { db, key, event }: &KeyEvent) {
        let name = event.name.as_bytes();
        for (bit, space, place, what) in
            [(KEYSPACE, "space", &**key, name), (KEYEVENT, "event", name, &**key)]
        {
            if notified.has(bit) {
                let mut channel = format!("__key{space}@{db}__:").into_bytes();
                channel.extend_from_slice(place);
                self.hub.publish(&channel, what, Pace::Never);
            }
        }
    }
}

impl Observer for Notifier {
    fn wants(&self) -> u8 {
        let notified = self.notified();
        let mut wants = self.streams.wants();
        if notified.is_on() {
            wants |= wants::EVENTS;
            if notified.has(bit(Class::Missed)) {
                wants |= wants::MISSES;
            }
        }
        wants
    }

    fn announce(&self, events: &[KeyEvent]) {
        self.tell(events);
    }

    fn committed(&self, what: &Committed) {
        self.tell(&what.events[what.announced..]);
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("notified", &self.notified()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_one_order() {
        let shown = |letters: &str| Notified::parse(letters.as_bytes()).map(Notified::letters);
        for (given, expected) in [
            ("", ""),
            ("KEA", "AKE"),
            ("g$lshzxetd", "A"),
            ("g$lshzxet", "g$lshzxet"),
            ("nmEKtexzhsl$g", "g$lshzxetnKEm"),
            ("KEAmn", "AnKEm"),
            ("EEE", "E"),
        ] {
            assert_eq!(shown(given).as_deref(), Some(expected), "{given}");
        }
        assert_eq!(shown("KQ"), None);
        assert_eq!(shown("K E"), None);
        assert!(!Notified::parse(b"A").expect("good").is_on());
        assert!(!Notified::parse(b"KEd").expect("good").is_on());
        assert!(Notified::parse(b"Km").expect("good").is_on());
    }
}
