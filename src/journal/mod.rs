//! The journal: all effects, in the order in which they happened, as one stream of bytes.
//!
//! It is an observer that wants records. Each transaction's record, which is spelled in RESP, is appended to one buffer while
//! the transaction's stripes are still locked, so that the order of the stream is a serial order of the data. A
//! record of more than one command is wrapped in MULTI and EXEC, and so is whole or not there for whoever reads it.
//!
//! A **position** is how many bytes were appended before. Whoever keeps the stream takes bytes from the buffer, and
//! says later up to which position they are written, and up to which they are safe; threads and wakers wait for
//! that. The append-only file does so (`persist/aof/`).
//!
//! The buffer is bounded: who has appended waits, once its locks are released, while too much has not been taken.

pub(crate) mod spell;
#[cfg(test)]
mod tests;
mod waiting;

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use waiting::{Outcome, Place, Wait, Woken};

use crate::clock::Clock;
use crate::keyspace::observer::{Committed, Observer, wants};
use crate::keyspace::record::Record;
use crate::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use crate::sync::{Condvar, Mutex, wait_on};
use waiting::Waiting;

/// How many bytes may wait to be taken before who appends has to wait.
const ROOM: usize = 64 << 20;

static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

crate::sync::thread_local! {
    /// Where what this thread appended last ended, and in which journal; nothing where nobody is to be answered of it
    /// any more.
    static APPENDED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    /// Whose writes this thread leaves to be waited for later; 0 for none.
    static DEFERRED: Cell<u64> = const { Cell::new(0) };
}

/// The stream of effects of one engine.
pub(crate) struct Journal {
    /// Which journal it is, among all of this process.
    number: u64,
    clock: Clock,
    /// Whether effects are recorded.
    on: AtomicBool,
    /// `aof-timestamp-enabled`: whether the seconds are told in the stream.
    pub(crate) timestamps: std::sync::atomic::AtomicBool,
    buffer: Mutex<Buffer>,
    /// How many sleep until there is something to do.
    asleep: AtomicUsize,
    /// Tells whoever takes bytes that there is something to do.
    work: Condvar,
    /// The position behind all that was appended.
    end: AtomicU64,
    waiting: Waiting,
}

/// What was appended and not taken.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    /// The position of its first byte.
    start: u64,
    /// The database that the stream has selected; nothing where it must be said anew.
    db: Option<u32>,
    /// The second that was told last.
    second: i64,
    /// There is something to do besides what was appended.
    poked: bool,
}

impl Journal {
    pub(crate) fn new(clock: Clock) -> Arc<Journal> {
        Arc::new(Journal {
            number: NUMBERS.fetch_add(1, Relaxed),
            clock,
            on: AtomicBool::new(false),
            timestamps: std::sync::atomic::AtomicBool::new(false),
            buffer: Mutex::new(Buffer::default()),
            asleep: AtomicUsize::new(0),
            work: Condvar::new(),
            end: AtomicU64::new(0),
            waiting: Waiting::default(),
        })
    }

    /// Whether effects are recorded.
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Acquire)
    }

    /// Records effects from now on, or no longer. Every stripe is held, so that no transaction is recorded in part; the
    /// observers are to be asked anew afterwards.
    pub(crate) fn set_on(&self, on: bool) {
        self.on.store(on, Release);
        self.buffer.lock().db = None;
    }

    /// The position behind all that was appended.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Acquire)
    }

    /// Begins a part that can be read by itself: the next command is preceded by its database. Gives the
    /// part's position.
    pub(crate) fn part(&self) -> u64 {
        let mut buffer = self.buffer.lock();
        buffer.db = None;
        buffer.second = 0;
        buffer.start + buffer.bytes.len() as u64
    }

    /// The position behind all that was appended; whoever appends later has seen what was done before this call.
    pub(crate) fn settled_end(&self) -> u64 {
        let buffer = self.buffer.lock();
        buffer.start + buffer.bytes.len() as u64
    }

    /// How many bytes wait to be taken.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.buffer.lock().bytes.len()
    }

    /// The position behind what this thread appended last to this journal, if it appended last to this one.
    pub(crate) fn appended_here(&self) -> Option<u64> {
        let (number, at) = APPENDED.with(Cell::get);
        (number == self.number).then_some(at)
    }

    /// As [`appended_here`](Journal::appended_here), once: whoever asks is answered for it.
    pub(crate) fn take_appended(&self) -> Option<u64> {
        self.appended_here().inspect(|_| APPENDED.with(|appended| appended.set((0, 0))))
    }

    /// Notes that what this thread is to be answered for ends here.
    pub(crate) fn set_appended(&self, at: u64) {
        APPENDED.with(|appended| appended.set((self.number, at)));
    }

    /// Has this thread wait for nothing that it appends, until what is returned is dropped.
    #[cfg(feature = "async")]
    pub(crate) fn defer(&self) -> Deferred {
        Deferred(DEFERRED.with(|deferred| deferred.replace(self.number)))
    }

    /// Whether this thread waits for nothing that it appends here.
    pub(crate) fn is_deferred(&self) -> bool {
        DEFERRED.with(Cell::get) == self.number
    }

    /// The position behind all that was appended, for whom others may have done something; if nobody keeps the stream,
    /// one up to which there is nothing to wait for.
    pub(crate) fn all(&self) -> u64 {
        match self.waiting.is_kept() {
            true => self.end(),
            false => 0,
        }
    }

    /// Takes what waits, up to a position, in the place of `bytes`, which must be empty. Gives the position of the first
    /// byte. To be called by one at a time.
    pub(crate) fn take(&self, bytes: &mut Vec<u8>, up_to: u64) -> u64 {
        debug_assert!(bytes.is_empty());
        let mut buffer = self.buffer.lock();
        let start = buffer.start;
        let count = usize::try_from(up_to.saturating_sub(start)).unwrap_or(usize::MAX);
        if count >= buffer.bytes.len() {
            std::mem::swap(&mut buffer.bytes, bytes);
        } else {
            bytes.extend(buffer.bytes.drain(..count));
        }
        buffer.start += bytes.len() as u64;
        let full = buffer.bytes.len() >= ROOM;
        drop(buffer);
        if !full {
            self.waiting.notice_room();
        }
        start
    }

    /// Sleeps until something is appended and [told](Journal::nudge) or somebody [pokes](Journal::poke), for `limit` at
    /// most.
    pub(crate) fn sleep(&self, limit: Option<Duration>) {
        let mut buffer = self.buffer.lock();
        self.asleep.fetch_add(1, SeqCst);
        if buffer.bytes.is_empty() && !buffer.poked {
            buffer = wait_on(&self.work, buffer, limit);
        }
        buffer.poked = false;
        self.asleep.fetch_sub(1, SeqCst);
    }

    /// Has whoever [sleeps](Journal::sleep) look what there is to do.
    pub(crate) fn poke(&self) {
        self.buffer.lock().poked = true;
        self.work.notify_all();
    }

    /// Wakes whoever sleeps until something is appended. Who has appended does so when its locks are released: to wake
    /// somebody takes long.
    pub(crate) fn nudge(&self) {
        if self.asleep.load(SeqCst) > 0 {
            self.work.notify_one();
        }
    }

    /// Says that all up to a position is in the kernel's hands: it outlives the process.
    pub(crate) fn set_written(&self, up_to: u64) {
        self.waiting.set_written(up_to);
    }

    /// Up to where the kernel has it.
    pub(crate) fn written(&self) -> u64 {
        self.waiting.written()
    }

    /// Says that all up to a position is safe, and wakes who waits for that.
    pub(crate) fn set_safe(&self, up_to: u64) {
        self.waiting.set_safe(up_to);
    }

    /// Up to where it is safe.
    pub(crate) fn safe(&self) -> u64 {
        self.waiting.safe()
    }

    /// Says that what is not safe cannot be made safe now: who waits for it is woken, and who comes is told at once,
    /// until it is [mended](Journal::mend).
    pub(crate) fn fail(&self) {
        self.waiting.fail();
    }

    /// Says that what is appended can be made safe again.
    pub(crate) fn mend(&self) {
        self.waiting.mend();
    }

    /// Says that somebody keeps the stream from a position on; all before needs nobody.
    pub(crate) fn open(&self, at: u64) {
        self.waiting.open(at);
    }

    /// Says that nobody keeps the stream any more, which nothing is appended to. What is not safe by now is lost: who
    /// asks for it, now or later, is told that it failed. Returns whether there is any.
    pub(crate) fn close(&self) -> bool {
        if !self.waiting.is_kept() {
            return false;
        }
        let mut buffer = self.buffer.lock();
        let end = buffer.start + buffer.bytes.len() as u64;
        let lost = self.safe() < end;
        if lost {
            buffer.bytes = Vec::new();
            // What comes has no position in common with what is lost.
            buffer.start = end + 1;
            self.end.store(buffer.start, Release);
        }
        drop(buffer);
        self.waiting.close(end);
        lost
    }

    /// Sleeps until all up to a position is safe.
    pub(crate) fn wait_safe(&self, up_to: u64) -> Outcome {
        self.waiting.wait_safe(up_to)
    }

    /// Has `woken` woken when all up to a position is safe or cannot be made so. What it came to is
    /// [asked](Journal::outcome) afterwards, and may be known at once.
    pub(crate) fn when_safe(&self, up_to: u64, woken: &Arc<dyn Woken>) -> Wait {
        self.waiting.when_safe(up_to, woken)
    }

    /// As [`when_safe`](Journal::when_safe), for somebody whom somebody else wakes.
    pub(crate) fn wait_from_now(&self, up_to: u64) -> Wait {
        self.waiting.wait_from_now(up_to)
    }

    /// What a wait came to, if that is known.
    pub(crate) fn outcome(&self, wait: &Wait) -> Option<Outcome> {
        self.waiting.outcome(wait)
    }

    /// Whether all up to a position would be there after a crash of the machine, together with what came before.
    pub(crate) fn holds(&self, up_to: u64) -> bool {
        self.waiting.holds(up_to)
    }

    /// Says that what the stream goes on from is being put in place, or that it is there, or will not be.
    pub(crate) fn set_beginning(&self, yes: bool) {
        self.waiting.set_beginning(yes);
    }

    /// Has `woken` woken when all up to a position is [held](Journal::holds), however often the disk fails before, or when
    /// all are [dismissed](Journal::dismiss). It has a place until it is woken or [leaves](Journal::leave); none if there is
    /// nothing to wait for.
    pub(crate) fn wait_on(&self, up_to: u64, woken: &Arc<dyn Woken>) -> Option<Place> {
        self.waiting.wait_on(up_to, woken)
    }

    /// Gives a place up.
    pub(crate) fn leave(&self, place: Place) {
        self.waiting.leave(place);
    }

    /// How many [wait on](Journal::wait_on).
    #[cfg(test)]
    pub(crate) fn patient(&self) -> usize {
        self.waiting.patient()
    }

    /// Wakes all who [wait on](Journal::wait_on): nobody is to keep the stream.
    pub(crate) fn dismiss(&self) {
        self.waiting.dismiss();
    }

    /// Sleeps while too much waits to be taken.
    pub(crate) fn wait_for_room(&self) {
        self.waiting.wait_for_room(|| self.waiting_bytes() >= ROOM);
    }

    /// Whether so much waits to be taken that who appended has to wait.
    pub(crate) fn is_crowded(&self) -> bool {
        self.waiting.is_crowded()
    }

    /// Appends a record that is not empty; several commands are one transaction.
    fn append(&self, record: &Record) {
        let mut buffer = self.buffer.lock();
        if self.timestamps.load(Relaxed) {
            let second = self.clock.recent().0.div_euclid(1000);
            if second != buffer.second {
                buffer.second = second;
                spell::timestamp(&mut buffer.bytes, second);
            }
        }
        let whole = record.len() > 1;
        for (i, (db, command)) in record.commands().enumerate() {
            if buffer.db != Some(db) {
                buffer.db = Some(db);
                spell::select(&mut buffer.bytes, db);
            }
            if whole && i == 0 {
                spell::command(&mut buffer.bytes, 1, [&b"MULTI"[..]].into_iter());
            }
            buffer.bytes.extend_from_slice(command);
        }
        if whole {
            spell::command(&mut buffer.bytes, 1, [&b"EXEC"[..]].into_iter());
        }
        let end = buffer.start + buffer.bytes.len() as u64;
        self.end.store(end, Release);
        let full = buffer.bytes.len() >= ROOM;
        drop(buffer);
        if full {
            self.waiting.notice_full();
        }
        self.set_appended(end);
    }
}

/// This thread waits for nothing that it appends to a journal.
#[cfg(feature = "async")]
#[derive(Debug)]
pub(crate) struct Deferred(u64);

#[cfg(feature = "async")]
impl Drop for Deferred {
    fn drop(&mut self) {
        DEFERRED.with(|deferred| deferred.set(self.0));
    }
}

impl Observer for Journal {
    fn wants(&self) -> u8 {
        if self.is_on() { wants::RECORDS } else { 0 }
    }

    fn committed(&self, what: &Committed) {
        if !what.record.is_empty() && self.is_on() {
            self.append(&what.record);
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("on", &self.on)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
