//! Where pushes wait for a client, and how many may.

use std::collections::VecDeque;
use std::sync::atomic::{
    AtomicI64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

use super::client::Client;
use super::push::Push;
use crate::pubsub::{Message, Pace, Subscriber};
use crate::sync::Mutex;

/// `client-output-buffer-limit`, for the classes that there are.
#[derive(Debug, Default)]
pub struct OutputLimits {
    normal: OutputLimit,
    pubsub: OutputLimit,
}

/// How much output may wait for a client to read it; 0 is any amount.
#[derive(Debug, Default)]
pub(crate) struct OutputLimit {
    /// At once,
    pub(crate) hard: AtomicUsize,
    /// when exceeded all the time,
    pub(crate) soft: AtomicUsize,
    /// for so many milliseconds.
    pub(crate) soft_millis: AtomicI64,
}

impl OutputLimits {
    /// Takes the numbers of a parameter that was checked.
    pub(super) fn set(&self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        for (class, limit) in [("normal", &self.normal), ("pubsub", &self.pubsub)] {
            let mut words = text.split(' ').skip_while(|word| *word != class).skip(1);
            let mut next = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0_usize);
            limit.hard.store(next(), Relaxed);
            limit.soft.store(next(), Relaxed);
            limit.soft_millis.store(next() as i64 * 1000, Relaxed);
        }
    }
}

impl Client {
    /// Sends an out-of-band message: it is written when the connection has its turn, which it is
    /// woken for. Any thread may post, under any lock: nothing waits.
    ///
    /// If more than the hard limit of `client-output-buffer-limit` would wait, the connection is ended,
    /// as it is by Redis.
    pub(crate) fn post(&self, push: Push) {
        let room = match self.output_limit().hard.load(Relaxed) {
            0 => usize::MAX,
            hard => hard.saturating_sub(self.output()).max(1),
        };
        match self.mailbox.post(push, room) {
            Posted::First => self.announce_mail(),
            Posted::Behind | Posted::Refused => {}
            Posted::Overrun => self.overrun(),
        }
    }

    /// Whether pushes wait: all that is asked between commands.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.mailbox.bytes() != 0
    }

    /// Takes what was pushed, oldest first.
    #[cfg(feature = "redis")]
    pub(crate) fn take_mail(&self, give: impl FnMut(&Push)) {
        self.mailbox.take(usize::MAX, give);
    }

    /// Bytes of pushes that wait.
    #[cfg(feature = "network")]
    pub(crate) fn mail_bytes(&self) -> usize {
        self.mailbox.bytes()
    }

    /// Whether more than one push waits.
    #[cfg(feature = "network")]
    pub(crate) fn has_several_mails(&self) -> bool {
        self.mailbox.len() > 1
    }

    /// How much may wait for it.
    pub(crate) fn output_limit(&self) -> &OutputLimit {
        if self.is_subscriber() { &self.limits.pubsub } else { &self.limits.normal }
    }
}

impl Subscriber for Client {
    fn deliver(&self, message: &Message, _: Pace) -> bool {
        self.post(message.clone().into());
        false
    }
}

/// Where pushes wait for a client.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    /// The bytes of those that wait; 0 if none does.
    bytes: AtomicUsize,
    letters: Mutex<Letters>,
}

#[derive(Debug, Default)]
struct Letters {
    list: VecDeque<Push>,
    /// Whether nothing more is taken: the client is on its way out.
    closed: bool,
}

/// What became of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Posted {
    /// It waits, and nothing did before.
    First,
    /// It waits behind others.
    Behind,
    /// There was no room: nothing waits any more, and nothing more is taken.
    Overrun,
    /// Nothing was taken.
    Refused,
}

/// A mailbox that held more than so many keeps no room for them once it is empty.
const KEPT: usize = 256;

impl Mailbox {
    /// Adds a push, unless there would be `room` bytes or more.
    pub(super) fn post(&self, push: Push, room: usize) -> Posted {
        let mut letters = self.letters.lock();
        if letters.closed {
            return Posted::Refused;
        }
        // The lock orders all changes of the count.
        let before = self.bytes.load(Acquire);
        let after = before + push.size();
        if after >= room {
            letters.close();
            self.bytes.store(0, Release);
            return Posted::Overrun;
        }
        letters.list.push_back(push);
        self.bytes.store(after, Release);
        if before == 0 { Posted::First } else { Posted::Behind }
    }

    /// How many bytes wait.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Acquire)
    }

    /// How many pushes wait.
    pub(super) fn len(&self) -> usize {
        self.letters.lock().list.len()
    }

    /// Takes pushes, oldest first, until they are about `budget` bytes.
    pub(super) fn take(&self, budget: usize, mut give: impl FnMut(&Push)) {
        let mut letters = self.letters.lock();
        let (mut taken, before) = (0, self.bytes.load(Acquire));
        while taken < budget
            && let Some(push) = letters.list.pop_front()
        {
            taken += push.size();
            give(&push);
        }
        if letters.list.is_empty() && letters.list.capacity() > KEPT {
            letters.list = VecDeque::new();
        }
        self.bytes.store(before - taken, Release);
    }

    /// Takes nothing more, and drops what waits.
    pub(super) fn close(&self) {
        let mut letters = self.letters.lock();
        letters.close();
        self.bytes.store(0, Release);
    }
}

impl Letters {
    fn close(&mut self) {
        self.closed = true;
        self.list = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_an_order_and_an_end() {
        let mailbox = Mailbox::default();
        let push = |i: usize| Push::new(format!(">1\r\n:{i}\r\n"), "");
        let size = push(0).size();
        assert_eq!(mailbox.post(push(0), usize::MAX), Posted::First);
        assert_eq!(mailbox.post(push(1), usize::MAX), Posted::Behind);
        assert_eq!(mailbox.post(push(2), usize::MAX), Posted::Behind);
        assert_eq!((mailbox.bytes(), mailbox.len()), (3 * size, 3));
        let mut taken = Vec::new();
        mailbox.take(size + 1, |push| taken.push(push.clone()));
        assert_eq!(taken, [push(0), push(1)]);
        assert_eq!(mailbox.post(push(3), usize::MAX), Posted::Behind);
        mailbox.take(usize::MAX, |push| taken.push(push.clone()));
        assert_eq!(taken, [push(0), push(1), push(2), push(3)]);
        assert_eq!(mailbox.bytes(), 0);
        assert_eq!(mailbox.post(push(4), 2 * size), Posted::First);
        assert_eq!(mailbox.post(push(5), 2 * size), Posted::Overrun);
        assert_eq!((mailbox.bytes(), mailbox.len()), (0, 0));
        assert_eq!(mailbox.post(push(6), usize::MAX), Posted::Refused);
    }
}
