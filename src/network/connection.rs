//! One connection: a future that reads, runs and answers until its peer has had enough.

mod desk;
pub(super) mod gather;
mod limits;
mod safety;
#[cfg(all(test, feature = "aof"))]
mod tests;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use desk::{DESK, Desk, GATHER};
use gather::Gathering;
use safety::{Answers, Safety};

use super::output::Output;
use super::query::Query;
use super::resp::{self, Batch, ProtocolError, RespWriter};
use super::seat::{Bell, Cord, Seat};
use super::shared::Shared;
use super::stream::{Accepted, Stream};
use crate::clock::Millis;
use crate::command::{Flow, Origin, Session, Words};

/// Commands that are parsed, and their keys prefetched, before the first of them runs.
const WINDOW: usize = 32;
/// From so many bytes on, what was read counts as a pipeline: its answer waits until the
/// other connections that are ready have run, so that the code that runs commands and the
/// kernel's do not drive one another out of the caches at each turn. At pipeline 100 this
/// saves an eighth; a single command is answered at once, which saves a thirtieth.
const PIPELINE: usize = 256;
/// How often a connection reads before others have their turn.
const TURNS: usize = 4;

/// A connection, as a task of its worker.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    session: Session,
    query: Query,
    /// Commands that `CLIENT PAUSE` holds back, or that stand behind one that waits; their bytes are at
    /// the front of `query.own`.
    held: Option<Box<Batch>>,
    /// Whether the session waits, with a command such as BLPOP.
    blocked: bool,
    output: Output,
    /// Whether what is pushed waits for more.
    gathering: Gathering,
    /// Since when more output waits than the soft limit allows.
    over_since: Option<Millis>,
    /// Whether the connection ends when `output` is sent.
    ending: bool,
    /// Whether `seat` knows whom to wake.
    seated: bool,
    seat: Arc<Seat>,
    shared: Arc<Shared>,
    /// What the answers wait for.
    safety: Safety,
}

impl Connection {
    pub(super) fn open(accepted: Accepted, shared: Arc<Shared>) -> io::Result<Connection> {
        let bell = Arc::new(Bell::default());
        let (addr, laddr) = accepted.addresses();
        let origin = Origin {
            addr,
            laddr,
            fd: accepted.descriptor(),
            unix_socket: !matches!(accepted, Accepted::Tcp(_)),
            local: accepted.is_local(),
            trusted: false,
            link: Some(Box::new(Cord(bell.clone()))),
        };
        let stream = accepted.into_stream()?;
        let session = Session::connect(&shared.engine, origin);
        let seat = Arc::new(Seat::new(bell, session.client().clone()));
        shared.seat(seat.clone());
        tracing::trace!("Accepted {}", seat.client.origin.addr);
        Ok(Connection {
            stream,
            session,
            query: Query::default(),
            held: None,
            blocked: false,
            output: Output::default(),
            gathering: Gathering::default(),
            over_since: None,
            ending: false,
            seated: false,
            safety: Safety::new(&seat),
            seat,
            shared,
        })
    }

    /// Does what there is to do; ready when the connection is over.
    fn turn(&mut self, cx: &mut Context<'_>, desk: &mut Desk) -> Result<Poll<()>, End> {
        if !self.seated {
            self.seat.bell().hang(cx.waker());
            self.seated = true;
        }
        if self.seat.client.is_overrun() {
            return Err(self.cut());
        }
        if self.is_over() {
            return Ok(Poll::Ready(()));
        }
        if !self.may_answer()? {
            return Ok(Poll::Pending);
        }
        if self.seat.bell().take() {
            self.look_after()?;
            self.resume(desk)?;
        }
        for _ in 0..TURNS {
            if !self.may_answer()? {
                return Ok(Poll::Pending);
            }
            if self.output.waiting() > 0 {
                self.flush(cx, desk)?;
            }
            if self.ending && self.output.waiting() == 0 {
                return Ok(Poll::Ready(()));
            }
            if self.has_mail() && self.output.waiting() == 0 {
                let client = &self.seat.client;
                if self.gathering.goes_on(client.mail_bytes(), client.has_several_mails()) {
                    gather::wait_for_input(cx);
                    return Ok(Poll::Pending);
                }
                self.deliver(desk)?;
                // The socket says when it has room again; else there may be more.
                continue;
            }
            if self.is_over() {
                return Ok(Poll::Ready(()));
            }
            if self.blocked && !self.ending {
                return self.watch_peer(cx, desk);
            }
            if self.ending || self.held.is_some() {
                return Ok(Poll::Pending);
            }
            let own = !self.query.own.is_empty();
            if own {
                self.query.make_room();
            }
            let buffer = if own { &mut self.query.own } else { &mut desk.input };
            match self.stream.poll_read(cx, buffer) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(Ok(0)) => {
                    tracing::trace!("Client closed connection {}", self.seat.client.origin.addr);
                    return Ok(Poll::Ready(()));
                }
                Poll::Ready(Ok(n)) => {
                    self.process(n, own, desk)?;
                    if n >= PIPELINE && self.output.waiting() > 0 {
                        // The others that are ready run first, and then all are answered.
                        break;
                    }
                }
                Poll::Ready(Err(error)) => {
                    tracing::trace!("Reading from client: {error}");
                    return Ok(Poll::Ready(()));
                }
            }
        }
        cx.waker().wake_by_ref();
        Ok(Poll::Pending)
    }

    /// Whether answers may be sent: what they tell of is safe, or they say that it is not.
    fn may_answer(&mut self) -> Result<bool, End> {
        match self.safety.answers(&self.shared.engine) {
            Answers::Go => Ok(true),
            Answers::Wait => Ok(false),
            // Nothing is said of what is not known to be kept.
            Answers::Fail => {
                let told = self.safety.tell_failure(&self.shared.engine, self.output.buffer());
                if told { Ok(true) } else { Err(End) }
            }
        }
    }

    /// Whether the connection was ended from outside.
    fn is_over(&self) -> bool {
        self.seat.client.is_killed() && (!self.ending || self.seat.client.is_cut())
    }

    /// Runs what `read` more bytes make complete.
    fn process(&mut self, read: usize, own: bool, desk: &mut Desk) -> Result<(), End> {
        let now = self.shared.engine.clock().recent();
        let (used, free) = self.query.sizes();
        self.seat.client.on_read(now, read, used, free);
        self.session.begin_batch();
        self.safety.begin(&self.shared.engine);
        let buffered = if own { self.query.own.len() } else { desk.input.len() };
        self.check_query_limit(buffered)?;
        let outcome = if own {
            let mut buffer = std::mem::take(&mut self.query.own);
            let outcome = self.run(&mut buffer, desk);
            self.query.own = buffer;
            outcome.map(|done| self.query.drop_front(done))
        } else {
            let mut buffer = std::mem::take(&mut desk.input);
            let outcome = self.run(&mut buffer, desk);
            let outcome = outcome.map(|done| {
                self.query.keep(&buffer[done..]);
                self.query.parser.discard(done);
            });
            buffer.clear();
            desk.input = buffer;
            outcome
        };
        self.settle(outcome, desk)
    }

    /// Makes what a batch did visible to others, and leaves its output to be sent.
    fn settle(&mut self, outcome: Result<(), End>, desk: &mut Desk) -> Result<(), End> {
        self.session.end_batch();
        self.safety.end(&self.shared.engine, &self.session);
        if !self.query.own.is_empty() {
            // Now rather than before the next read, so that others see what it takes.
            self.query.make_room();
        }
        self.note_query();
        outcome?;
        self.leave_output(desk)?;
        self.settle_memory();
        Ok(())
    }

    /// Parses and runs the commands in `buffer`, in windows; gives how many of its bytes
    /// are needed no longer.
    fn run(&mut self, buffer: &mut [u8], desk: &mut Desk) -> Result<usize, End> {
        loop {
            let unauthenticated = !self.session.is_authenticated();
            let limits = resp::Limits {
                max_bulk: self.shared.limits.max_bulk.load(Relaxed),
                unauthenticated,
                // What a password lets through depends on the command before.
                commands: if unauthenticated { 1 } else { WINDOW },
            };
            desk.batch.clear();
            let parsed = self.query.parser.parse(buffer, limits, &mut desk.batch);
            let Desk { batch, output, .. } = &mut *desk;
            let halt = self.dispatch(buffer, batch, output);
            if let Some(halt) = halt {
                return Ok(self.halt(batch, halt));
            }
            if let (Err(error), false) = (parsed, self.ending) {
                self.refuse(error, desk);
            }
            if self.ending || desk.batch.len() < limits.commands {
                return Ok(self.query.parser.needed_from());
            }
            if desk.output.len() >= GATHER {
                if !self.safety.wait_now(&self.shared.engine) {
                    return Err(End);
                }
                self.send(desk)?;
            }
            self.check_output_limit(desk.output.len())?;
        }
    }

    /// Runs a batch, until a command ends the connection, is held back or waits.
    fn dispatch(&mut self, buffer: &[u8], batch: &Batch, output: &mut Vec<u8>) -> Option<Halt> {
        let output = if self.output.waiting() > 0 { self.output.buffer() } else { output };
        let mut reply = RespWriter::new(output, self.session.protocol());
        let mut words = Words::new();
        batch.add_words(&mut words, buffer);
        let commands = batch.commands(&words);
        let mut hashes = [None; WINDOW];
        // Of commands that are a name each, there is nothing to be prepared.
        if commands.len() > 1 && words.len() > commands.len() {
            self.session.prepare(commands.clone().map(|(args, _)| args), &mut hashes);
        }
        for (i, (args, size)) in commands.enumerate() {
            // What was pushed before a command ran comes before its reply.
            if self.seat.client.has_mail() {
                self.safety.mark(&self.shared.engine, reply.position());
                self.session.take_mail(usize::MAX, &mut reply);
            }
            let before = reply.position();
            self.safety.mark(&self.shared.engine, before);
            let hash = hashes.get(i).copied().flatten();
            let flow = self.session.dispatch_prepared(args, hash, &mut reply);
            self.session.note_sizes(args, size, reply.position() - before, flow);
            match flow {
                Flow::Continue => {}
                Flow::Close => {
                    self.ending = true;
                    return None;
                }
                Flow::Held(until) => return Some(Halt::Held(i, Millis(until))),
                Flow::Blocked => return Some(Halt::Blocked(i)),
            }
        }
        if self.seat.client.has_mail() {
            self.safety.mark(&self.shared.engine, reply.position());
            self.session.take_mail(GATHER, &mut reply);
        }
        None
    }

    /// Whether something was pushed that is to be sent.
    fn has_mail(&self) -> bool {
        self.seat.client.has_mail() && !self.ending
    }

    /// Sends what was pushed, as much as is gathered in one go. Nothing else waits.
    fn deliver(&mut self, desk: &mut Desk) -> Result<(), End> {
        let mut reply = RespWriter::new(&mut desk.output, self.session.protocol());
        self.session.take_mail(GATHER, &mut reply);
        // As in Redis, whoever is sent something is not idle.
        self.seat.client.see(self.shared.engine.clock().recent());
        self.send(desk)
    }

    /// Keeps what of a batch cannot run yet; gives how many bytes of the buffer are needed no longer.
    fn halt(&mut self, batch: &mut Batch, halt: Halt) -> usize {
        let first = match halt {
            Halt::Held(at, _) => at,
            Halt::Blocked(at) => at + 1,
        };
        let done = first.checked_sub(1).map_or(0, |before| batch.end(before));
        self.held = Some(Box::new(batch.take_from(first, done)));
        match halt {
            Halt::Held(_, until) => {
                self.seat.hold(Some(until));
                self.shared.hold(until);
            }
            Halt::Blocked(_) => self.blocked = true,
        }
        done
    }

    /// Answers the command that waits, if there is an answer by now.
    fn answer_blocked(&mut self, output: &mut Vec<u8>) {
        let output = if self.output.waiting() > 0 { self.output.buffer() } else { output };
        let mut reply = RespWriter::new(output, self.session.protocol());
        let served = self.session.waits_to_be_served();
        if let Some(flow) = self.session.resume(&mut reply) {
            if served {
                self.safety.served(&self.shared.engine);
            }
            self.blocked = false;
            self.ending |= flow == Flow::Close;
        }
    }

    /// Looks whether the peer of a connection that waits is still there. What it sends meanwhile is kept, up to a
    /// limit.
    fn watch_peer(&mut self, cx: &mut Context<'_>, desk: &mut Desk) -> Result<Poll<()>, End> {
        /// Beyond this the peer has to wait too.
        const AHEAD: usize = 1 << 20;
        while self.query.own.len() < AHEAD {
            desk.input.clear();
            match self.stream.poll_read(cx, &mut desk.input) {
                Poll::Pending => break,
                Poll::Ready(Ok(n)) if n > 0 => {
                    self.query.keep(&desk.input);
                    let now = self.shared.engine.clock().recent();
                    let (used, free) = self.query.sizes();
                    self.seat.client.on_read(now, n, used, free);
                    self.check_query_limit(used)?;
                    self.note_query();
                }
                Poll::Ready(_) => {
                    tracing::trace!("Client closed connection {}", self.seat.client.origin.addr);
                    return Ok(Poll::Ready(()));
                }
            }
        }
        Ok(Poll::Pending)
    }

    /// Goes on with what was held back, or stood behind a command that waited.
    fn resume(&mut self, desk: &mut Desk) -> Result<(), End> {
        if self.blocked {
            self.answer_blocked(&mut desk.output);
        }
        if self.blocked {
            return Ok(());
        }
        let Some(mut batch) = self.held.take() else { return Ok(()) };
        self.seat.hold(None);
        let mut buffer = std::mem::take(&mut self.query.own);
        self.session.begin_batch();
        self.safety.begin(&self.shared.engine);
        let halt = match self.ending {
            true => None,
            false => self.dispatch(&buffer, &batch, &mut desk.output),
        };
        let outcome = match halt {
            Some(halt) => Ok(self.halt(&mut batch, halt)),
            None if self.ending => Ok(0),
            // The window may have been full: there may be more that is complete.
            None => self.run(&mut buffer, desk),
        };
        self.query.own = buffer;
        let outcome = outcome.map(|done| self.query.drop_front(done));
        self.settle(outcome, desk)
    }

    /// Answers what is not RESP, and ends.
    fn refuse(&mut self, error: ProtocolError, desk: &mut Desk) {
        tracing::trace!("{error} from client: {}", self.seat.client.origin.addr);
        self.ending = true;
        if self.session.is_silent() {
            return;
        }
        error.write(if self.output.waiting() > 0 {
            self.output.buffer()
        } else {
            &mut desk.output
        });
    }

    /// Sends what the worker gathered; what the socket does not take waits.
    fn send(&mut self, desk: &mut Desk) -> Result<(), End> {
        if self.output.waiting() == 0 {
            let sent = match self.stream.try_write(&desk.output) {
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) => {
                    tracing::trace!("Error writing to client: {error}");
                    return Err(End);
                }
            };
            if sent < desk.output.len() {
                self.output.take_rest(&mut desk.output, sent);
            }
            desk.output.clear();
            self.note_output(sent);
        }
        self.check_output_limit(0)
    }

    /// Leaves what the worker gathered to be sent when the connection has its turn again.
    fn leave_output(&mut self, desk: &mut Desk) -> Result<(), End> {
        if !desk.output.is_empty() {
            let spare = desk.spare.pop().unwrap_or_default();
            self.output.take_rest(&mut desk.output, 0);
            desk.output = spare;
        }
        self.check_output_limit(0)
    }

    /// Sends what waits, as far as the socket takes it.
    fn flush(&mut self, cx: &mut Context<'_>, desk: &mut Desk) -> Result<(), End> {
        let before = self.output.waiting();
        match self.output.poll_flush(cx, &mut self.stream) {
            Poll::Ready(Err(error)) => {
                tracing::trace!("Error writing to client: {error}");
                return Err(End);
            }
            Poll::Ready(Ok(buffer)) => desk.recycle(buffer),
            Poll::Pending => {}
        }
        self.note_output(before - self.output.waiting());
        self.check_output_limit(0)
    }
}

/// The connection is over; the reason is logged.
struct End;

/// Why a batch does not go on, and at which command.
enum Halt {
    /// `CLIENT PAUSE` holds it back until a time.
    Held(usize, Millis),
    /// It waits for its answer.
    Blocked(usize),
}

impl Future for Connection {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        DESK.with_borrow_mut(|desk| {
            desk.clear();
            self.get_mut().turn(cx, desk).unwrap_or(Poll::Ready(()))
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.unseat(self.seat.client.id);
    }
}
