//! All keys as they are at one moment, written in some form while the data go on changing.
//!
//! The moment is a cut (`keyspace/cut.rs`). A walk visits the stripes in small steps and writes what it has not seen; who
//! changes an entry of before the cut meanwhile leaves it aside first, as it is. What keys look like is the [`Form`]'s:
//! a snapshot's (`rdb/export.rs`), or commands (`aof/base.rs`).
//!
//! Whoever asks for it writes; what is written is made by the same thread, or by several others side by side
//! (`makers.rs`).

mod file;
mod makers;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use file::File;
pub(crate) use makers::Makers;

use super::progress::Progress;
use crate::error::Error;
use crate::keyspace::entry::Entry;
use crate::keyspace::observer::{Observer, wants};
use crate::keyspace::{Cut, CutSize, Detached, Keyspace, Still};
use crate::sync::Mutex;

/// Bytes that are gathered before they are given to the writer.
const PIECE: usize = 64 << 10;

/// How keys are written.
pub(crate) trait Form: Send + Sync + 'static {
    /// What is kept from key to key, to save work.
    type Scratch: Default + Send;

    /// Looks at what there is at the moment of the cut.
    ///
    /// # Errors
    /// If it cannot be written in this form.
    fn check(&self, _sizes: &[CutSize]) -> Result<(), Failure> {
        Ok(())
    }

    /// Adds what stands before all keys.
    fn begin(&self, keyspace: &Keyspace, to: &mut Vec<u8>);

    /// Says to which database the keys belong that follow, and the first time how many those are.
    fn select(&self, db: u32, size: Option<CutSize>, to: &mut Vec<u8>);

    /// Adds a key with all that is known of it.
    fn key(&self, entry: &Entry, scratch: &mut Self::Scratch, to: &mut Vec<u8>);

    /// Adds what stands behind all keys.
    fn end(&self, to: &mut Vec<u8>);
}

/// What was written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) keys: u64,
    pub(crate) bytes: u64,
}

/// Why nothing, or not all, was written.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There are hashes with fields that expire, which the version does not know.
    TimedFields,
    /// Nobody wants it any more.
    Cancelled,
    Io(io::Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Io(error) => Error::io(&error),
            Failure::Cancelled => Error::reply("ERR the snapshot was cancelled"),
            Failure::TimedFields => Error::Config(
                "there are hashes with fields that expire, which this version of RDB does not know"
                    .into(),
            ),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}

/// Writes all keys of all databases as they are at the moment of the call. `form` is asked for at that moment, under
/// all locks.
pub(crate) fn walk<F: Form>(
    keyspace: &Keyspace,
    form: impl FnOnce(&[CutSize]) -> F,
    writer: &mut dyn Write,
    makers: Makers,
    progress: &Progress,
) -> Result<Written, Failure> {
    let mut taking = None;
    let cut = keyspace.cut(|stamp, sizes| {
        let made = Arc::new(Taking::new(form(sizes), stamp, sizes));
        taking = Some(made.clone());
        made
    });
    let taking = taking.expect("made when the cut was");
    let result = write(keyspace, &cut, &taking, writer, makers, progress);
    taking.abandoned.store(true, Ordering::Relaxed);
    result
}

/// Writes all keys of all databases while nothing moves.
pub(crate) fn walk_still<F: Form>(
    still: &Still<'_>,
    form: &F,
    writer: &mut dyn Write,
    progress: &Progress,
) -> Result<Written, Failure> {
    let mut file = File::begin(still.keyspace(), form, writer, still.sizes());
    progress.begin(file.keys());
    let mut scratch = F::Scratch::default();
    let (mut records, mut of, mut result) = (Records::default(), 0, Ok(()));
    still.for_each(|db, entry| {
        if result.is_err() {
            return;
        }
        if db != of || records.bytes.len() > PIECE {
            result = file.add(of, &mut records);
            of = db;
        }
        records.add(form, entry, &mut scratch);
    });
    result?;
    file.add(of, &mut records)?;
    file.finish()
}

/// What is being written: who changes an entry of it leaves it here as it was.
struct Taking<F: Form> {
    stamp: u8,
    /// For each database, the number that it had at the cut.
    origin: Vec<AtomicU32>,
    form: F,
    left: Mutex<Left<F>>,
    /// What was taken away as a whole before the walk had been there, by database, at the cut.
    detached: Mutex<Vec<(u32, Arc<Detached>)>>,
    /// Nobody reads what is left.
    abandoned: AtomicBool,
}

/// Entries that were changed before the walk came by, as they were.
struct Left<F: Form> {
    scratch: F::Scratch,
    /// By database, at the cut.
    records: Vec<Records>,
}

/// Keys as they are written, end to end.
#[derive(Debug, Default)]
struct Records {
    bytes: Vec<u8>,
    keys: u64,
}

impl Records {
    fn add<F: Form>(&mut self, form: &F, entry: &Entry, scratch: &mut F::Scratch) {
        form.key(entry, scratch, &mut self.bytes);
        self.keys += 1;
    }
}

fn write<F: Form>(
    keyspace: &Keyspace,
    cut: &Cut<'_>,
    taking: &Taking<F>,
    writer: &mut dyn Write,
    makers: Makers,
    progress: &Progress,
) -> Result<Written, Failure> {
    taking.form.check(&cut.sizes)?;
    let mut file = File::begin(keyspace, &taking.form, writer, cut.sizes.clone());
    progress.begin(file.keys());
    makers.make(cut, taking, progress, &mut |db, records| {
        file.add(db, records)?;
        file.add_left(taking)
    })?;
    file.add_left(taking)?;
    // Nobody can take away any more that the walk has not seen.
    let (mut scratch, mut records) = (F::Scratch::default(), Records::default());
    for (db, detached) in std::mem::take(&mut *taking.detached.lock()) {
        for entry in detached.entries().filter(|entry| entry.stamp() != taking.stamp) {
            records.add(&taking.form, entry, &mut scratch);
            entry.set_stamp(taking.stamp);
            if records.bytes.len() > PIECE {
                file.add(db, &mut records)?;
            }
        }
        file.add(db, &mut records)?;
    }
    file.finish()
}

impl<F: Form> Taking<F> {
    /// The number that a database had at the cut which has this one now.
    fn origin(&self, db: u32) -> u32 {
        self.origin[db as usize].load(Ordering::Relaxed)
    }

    fn new(form: F, stamp: u8, sizes: &[CutSize]) -> Taking<F> {
        Taking {
            stamp,
            origin: (0..sizes.len() as u32).map(AtomicU32::new).collect(),
            form,
            left: Mutex::new(Left {
                scratch: F::Scratch::default(),
                records: sizes.iter().map(|_| Records::default()).collect(),
            }),
            detached: Mutex::default(),
            abandoned: AtomicBool::new(false),
        }
    }
}

impl<F: Form> Observer for Taking<F> {
    fn wants(&self) -> u8 {
        wants::PRE_IMAGES
    }

    fn before(&self, db: u32, _: usize, entry: &Entry) {
        if entry.stamp() == self.stamp {
            return;
        }
        entry.set_stamp(self.stamp);
        if self.abandoned.load(Ordering::Relaxed) {
            return;
        }
        let db = self.origin(db);
        let Left { scratch, records } = &mut *self.left.lock();
        records[db as usize].add(&self.form, entry, scratch);
    }

    fn emptied(&self, db: u32, _: usize, what: &Arc<Detached>) {
        if what.is_unseen() && !self.abandoned.load(Ordering::Relaxed) {
            let db = self.origin(db);
            self.detached.lock().push((db, what.clone()));
        }
    }

    fn swapped(&self, a: u32, b: u32) {
        // Every stripe is held: nobody looks meanwhile.
        let (a, b) = (&self.origin[a as usize], &self.origin[b as usize]);
        b.store(a.swap(b.load(Ordering::Relaxed), Ordering::Relaxed), Ordering::Relaxed);
    }
}
