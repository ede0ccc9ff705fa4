//! What a connection may take, and what others see of it.

use std::sync::atomic::Ordering::Relaxed;

use super::{Connection, End};

impl Connection {
    /// Tells others what was sent and what waits.
    pub(super) fn note_output(&mut self, sent: usize) {
        let waiting = self.output.waiting();
        self.seat.client.on_write(sent, waiting);
        self.seat.output.store(waiting, Relaxed);
        self.settle_memory();
    }

    /// Adds what the connection takes to what all take, for which some may have to end.
    pub(super) fn settle_memory(&self) {
        self.shared.instance.clients.settle(&self.seat.client);
    }

    /// Tells others what the connection's own query buffer takes, if that has changed.
    pub(super) fn note_query(&mut self) {
        let capacity = self.query.own.capacity();
        if capacity != 0 || self.seat.query.load(Relaxed) != 0 {
            self.seat.query.store(capacity, Relaxed);
            let (used, free) = self.query.sizes();
            self.seat.client.on_read(self.seat.client.last_seen(), 0, used, free);
        }
    }

    /// Small chores: gives memory back, and ends what exceeds a limit in time.
    pub(super) fn look_after(&mut self) -> Result<(), End> {
        /// Milliseconds after which a connection counts as idle.
        const IDLE: i64 = 2000;
        let now = self.shared.engine.clock().recent();
        self.query.shrink(now.0 - self.seat.client.last_seen().0 > IDLE);
        self.note_query();
        self.check_output_limit(0)
    }

    pub(super) fn check_query_limit(&self, buffered: usize) -> Result<(), End> {
        /// What a client may have sent, unread, before it has authenticated.
        const UNAUTHENTICATED: usize = 1 << 20;
        let unparsed = self.query.parser.unparsed(buffered) + self.session.queued_bytes();
        let limit = self.shared.limits.query.load(Relaxed);
        if unparsed > limit || (unparsed > UNAUTHENTICATED && !self.session.is_authenticated()) {
            let client = &self.seat.client;
            tracing::warn!(
                "Closing client that reached max query buffer length: id={} addr={}",
                client.id,
                client.origin.addr
            );
            self.shared.instance.stats.query_buffer_cuts.fetch_add(1, Relaxed);
            return Err(End);
        }
        Ok(())
    }

    /// Ends a connection whose peer leaves too much unread, `more` bytes being gathered.
    pub(super) fn check_output_limit(&mut self, more: usize) -> Result<(), End> {
        let client = &self.seat.client;
        let waiting = self.output.waiting() + more + client.mail_bytes();
        if waiting == 0 {
            self.over_since = None;
            return Ok(());
        }
        let limit = client.output_limit();
        let hard = limit.hard.load(Relaxed);
        let soft = limit.soft.load(Relaxed);
        let mut over = hard != 0 && waiting >= hard;
        if soft != 0 && waiting >= soft {
            let now = self.shared.engine.clock().recent();
            let since = *self.over_since.get_or_insert(now);
            over |= now.0 - since.0 > limit.soft_millis.load(Relaxed);
        } else {
            self.over_since = None;
        }
        if over { Err(self.cut()) } else { Ok(()) }
    }

    /// Says why a connection ends whose peer leaves too much unread.
    pub(super) fn cut(&self) -> End {
        let client = &self.seat.client;
        tracing::warn!(
            "Client id={} addr={} closed for overcoming of output buffer limits.",
            client.id,
            client.origin.addr
        );
        self.shared.instance.stats.output_buffer_cuts.fetch_add(1, Relaxed);
        End
    }
}
