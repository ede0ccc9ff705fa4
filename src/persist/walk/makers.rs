//! Who makes what is written of a walk: whoever writes it, or threads of their own.
//!
//! The stripes are shared out among the threads as they come to them. Each gathers a piece of what it makes and hands it
//! over; the memory of pieces that are written goes back to whoever makes the next.

use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;

use super::{Failure, Form, Records, Taking};
use crate::keyspace::{Cut, Shown};
use crate::persist::Progress;
use crate::priority;
use crate::sync::Mutex;

/// Bytes that a thread hands over at a time. They stay in a processor's cache until they are written.
const PIECE: usize = 256 << 10;
/// Pieces that wait to be written, at most.
const PIECES: usize = 2;
/// Bytes that a thread makes which gives way to others, until it looks whether there are any: some 50 microseconds' work. The
/// system alone would let it go on for milliseconds while a thread that has work to do waits.
const QUIET_STEP: usize = 16 << 10;
/// More threads than this make more than one can write.
const MOST: usize = 8;
/// The most that work in the background.
const MOST_QUIET: usize = 2;

/// Who makes what is written; see the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Makers {
    /// Whoever writes.
    Writer,
    /// As many threads as there are processors.
    Threads,
    /// Few threads, which give way to others.
    Quiet,
}

/// How a thread makes what it makes.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Bytes that are handed over at a time.
    piece: usize,
    /// Bytes that are made under one lock, without a pause.
    step: usize,
    /// Whether others may run between two steps if they want to.
    yields: bool,
}

/// Keys of one database.
struct Piece {
    db: u32,
    records: Records,
}

/// What to do with keys of a database that were made. Nothing is left of them then.
type Add<'a> = dyn FnMut(u32, &mut Records) -> Result<(), Failure> + 'a;

impl Makers {
    /// Makes all that a cut shows.
    pub(super) fn make<F: Form>(
        self,
        cut: &Cut<'_>,
        taking: &Taking<F>,
        progress: &Progress,
        add: &mut Add<'_>,
    ) -> Result<(), Failure> {
        match self.threads(progress) {
            0 => make(
                cut,
                taking,
                progress,
                Pace { piece: super::PIECE, step: super::PIECE, yields: false },
                add,
            ),
            threads => side_by_side(threads, self == Makers::Quiet, cut, taking, progress, add),
        }
    }

    fn threads(self, progress: &Progress) -> usize {
        let most = match self {
            Makers::Writer => return 0,
            // The model checker knows no threads that end within a scope: whoever writes makes it all.
            _ if cfg!(shuttle) => return 0,
            // What is to be slow is not to be quicker by being shared.
            _ if progress.delay.load(Ordering::Relaxed) != 0 => 1,
            Makers::Threads => MOST,
            Makers::Quiet => MOST_QUIET,
        };
        thread::available_parallelism().map_or(1, |n| n.get().min(most))
    }
}

/// Has threads make pieces, and adds them here.
fn side_by_side<F: Form>(
    threads: usize,
    quiet: bool,
    cut: &Cut<'_>,
    taking: &Taking<F>,
    progress: &Progress,
    add: &mut Add<'_>,
) -> Result<(), Failure> {
    let (give, take) = mpsc::sync_channel::<Piece>(PIECES);
    let spare = &Mutex::new(Vec::new());
    thread::scope(|scope| {
        let mut made = Vec::new();
        for _ in 0..threads {
            let give = give.clone();
            let run = move || {
                if quiet {
                    priority::give_way();
                }
                let step = if quiet { QUIET_STEP } else { PIECE };
                let pace = Pace { piece: PIECE, step, yields: quiet };
                make(cut, taking, progress, pace, &mut |db, records| {
                    let next = Records { bytes: spare.lock().pop().unwrap_or_default(), keys: 0 };
                    let records = std::mem::replace(records, next);
                    // Nobody takes it any more when writing has failed.
                    give.send(Piece { db, records }).map_err(|_| Failure::Cancelled)
                })
            };
            match thread::Builder::new().name("danio-export".into()).spawn_scoped(scope, run) {
                Ok(thread) => made.push(thread),
                // Those that there are do it.
                Err(_) if !made.is_empty() => {}
                Err(error) => return Err(error.into()),
            }
        }
        drop(give);
        let written = take.into_iter().try_for_each(|Piece { db, mut records }| {
            add(db, &mut records)?;
            if records.bytes.capacity() <= 2 * PIECE {
                spare.lock().push(records.bytes);
            }
            Ok(())
        });
        let made = made.into_iter().map(|thread| thread.join());
        let made = made.map(|made| made.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        // Why nobody takes any more is the reason to tell.
        made.fold(written, |all, made| all.and(made))
    })
}

/// Makes all that is left of what a cut shows, in pieces of some size.
fn make<F: Form>(
    cut: &Cut<'_>,
    taking: &Taking<F>,
    progress: &Progress,
    pace: Pace,
    add: &mut Add<'_>,
) -> Result<(), Failure> {
    let mut walker = cut.walker();
    let mut scratch = F::Scratch::default();
    let (mut of, mut records) = (0, Records::default());
    loop {
        let before = records.keys;
        // A step shows keys of one database.
        let (mut db, mut others) = (of, Records::default());
        let mut made = 0;
        let more = walker.step(|now, entry| {
            db = taking.origin(now);
            let to = if db == of { &mut records } else { &mut others };
            let before = to.bytes.len();
            to.add(&taking.form, entry, &mut scratch);
            made += to.bytes.len() - before;
            if made < pace.step { Shown::More } else { Shown::Enough }
        });
        progress.wrote(records.keys - before + others.keys);
        if progress.cancelled.load(Ordering::Relaxed) {
            return Err(Failure::Cancelled);
        }
        if records.keys > 0 && (!more || others.keys > 0 || records.bytes.len() >= pace.piece) {
            add(of, &mut records)?;
        }
        if others.keys > 0 {
            (of, records) = (db, others);
        }
        if !more {
            return Ok(());
        }
        if pace.yields {
            thread::yield_now();
        }
    }
}
