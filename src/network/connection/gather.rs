//! Messages that come fast wait a moment for those behind them, and are sent together.
//!
//! To send is most of what a message costs. One that comes alone is sent at once. Where several
//! have come in one turn of the worker, more are on their way: they are sent after the worker's next look for
//! input, or one of those after that, as long as each brings more. So is one that comes alone behind several that were
//! sent together; when it has waited in vain, the next is sent at once again.

use std::future::Future;
use std::pin::pin;
use std::task::Context;

/// For so many looks a message waits, at most.
const LOOKS: u8 = 8;
/// So many bytes are sent without waiting for more.
const ENOUGH: usize = 64 * 1024;

/// How far a connection is with gathering what is pushed to it.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    looks: u8,
    /// The bytes that waited at the last look.
    seen: usize,
    /// Whether what was sent last was more than one message: more are likely to be on their way behind one that
    /// comes alone.
    fast: bool,
}

impl Gathering {
    /// Whether what is pushed, `waiting` bytes of it, is to wait for more until the worker has looked for input;
    /// `several` says whether it is more than one message.
    pub(super) fn goes_on(&mut self, waiting: usize, several: bool) -> bool {
        let more = match self.looks {
            0 => several || self.fast,
            looks => looks < LOOKS && waiting > self.seen,
        };
        if more && waiting < ENOUGH {
            *self = Gathering { looks: self.looks + 1, seen: waiting, fast: self.fast };
            return true;
        }
        *self = Gathering { fast: several, ..Gathering::default() };
        false
    }
}

/// Has the connection take its next turn after the worker has looked for input.
pub(in crate::network) fn wait_for_input(cx: &mut Context<'_>) {
    // Polled once, it has the task woken then; nothing is lost when it is dropped.
    let _ = pin!(tokio::task::yield_now()).poll(cx);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_is_sent_and_several_wait_while_more_come() {
        let mut gathering = Gathering::default();
        assert!(!gathering.goes_on(100, false));
        assert!(gathering.goes_on(200, true));
        assert!(gathering.goes_on(300, true));
        assert!(!gathering.goes_on(300, true), "nothing came");
        for bytes in 1..=usize::from(LOOKS) {
            assert!(gathering.goes_on(bytes, true));
        }
        assert!(!gathering.goes_on(1000, true), "it has waited long enough");
        assert!(!gathering.goes_on(ENOUGH, true), "it is enough for a packet of its own");
    }

    #[test]
    fn one_alone_waits_once_behind_several() {
        let mut gathering = Gathering::default();
        assert!(gathering.goes_on(200, true));
        assert!(!gathering.goes_on(200, true));
        assert!(gathering.goes_on(100, false), "several were sent together");
        assert!(gathering.goes_on(200, true), "it was not in vain");
        assert!(!gathering.goes_on(200, true));
        assert!(gathering.goes_on(100, false));
        assert!(!gathering.goes_on(100, false), "nothing came");
        for _ in 0..3 {
            assert!(!gathering.goes_on(100, false), "they come one by one now");
        }
    }
}
