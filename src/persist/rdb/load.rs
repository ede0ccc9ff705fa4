//! Snapshots that are all there, in memory or mapped, read by several threads.
//!
//! One thread goes ahead (`scan.rs`), cuts the file into pieces of whole keys, and sums it up; the others read the
//! keys of a piece and put them where they belong, those of one stripe at a time. No two wait for each other
//! longer than that.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::crc::Running;
use super::import::{How, Load, Loaded, Sink, database, told, verify, version};
use super::input::Input;
use super::scan::{Passed, pass};
use super::{Fault, Result};
use crate::keyspace::{Keyspace, Loading, entry::Entry};
use crate::sync::{Condvar, Mutex};

/// Bytes of a piece, at least.
const PIECE: usize = 128 << 10;
/// Pieces that wait to be read, at most, for each thread.
const AHEAD: usize = 4;
/// What a key takes in a file at least, for what the file says of its sizes to be believed.
const LEAST: usize = 8;

/// Some keys of one database, and perhaps of those that follow.
struct Piece {
    bytes: Range<usize>,
    db: u32,
}

/// What the threads share.
struct Shared<'b, 'k> {
    bytes: &'b [u8],
    version: u16,
    how: How,
    loading: &'b Loading<'k>,
    waiting: Mutex<VecDeque<Piece>>,
    /// Rung when a piece comes or goes, and at the end.
    bell: Condvar,
    ended: AtomicBool,
    /// Where reading failed first, and why.
    fault: Mutex<Option<(u64, Fault)>>,
    failed: AtomicBool,
    /// What was read so far.
    keys: AtomicU64,
    expired: AtomicU64,
    skipped: AtomicU64,
    foreign: AtomicU64,
}

/// Reads a snapshot, aside, on `threads` threads beside this one.
pub(crate) fn load<'k>(
    keyspace: &'k Keyspace,
    bytes: &[u8],
    how: How,
    threads: usize,
    progress: &mut dyn FnMut(&Loaded),
) -> crate::error::Result<(Loading<'k>, Loaded)> {
    let loading = Loading::new(keyspace);
    let mut input = Input::memory(bytes);
    let version = version(&mut input).map_err(|fault| told(fault, input.offset()))?;
    let (fault, loaded) =
        read_all(keyspace, bytes, (version, how, threads), &loading, &mut input, progress);
    if let Some((offset, fault)) = fault {
        return Err(told(fault, offset));
    }
    progress(&loaded);
    Ok((loading, loaded))
}

/// Reads all behind the version. Returns what was wrong first, and what was read.
fn read_all(
    keyspace: &Keyspace,
    bytes: &[u8],
    (version, how, threads): (u16, How, usize),
    loading: &Loading<'_>,
    input: &mut Input<'_>,
    progress: &mut dyn FnMut(&Loaded),
) -> (Option<(u64, Fault)>, Loaded) {
    let shared = Shared {
        bytes,
        version,
        how,
        loading,
        waiting: Mutex::default(),
        bell: Condvar::new(),
        ended: AtomicBool::new(false),
        fault: Mutex::new(None),
        failed: AtomicBool::new(false),
        keys: AtomicU64::new(0),
        expired: AtomicU64::new(0),
        skipped: AtomicU64::new(0),
        foreign: AtomicU64::new(0),
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| shared.work(keyspace));
        }
        let scanned = shared.scan(keyspace, input, threads * AHEAD, progress);
        if let Err(fault) = scanned {
            shared.fail(input.offset(), fault);
        }
        shared.end();
        // This thread helps with what is left.
        shared.work(keyspace);
    });
    let fault = shared.fault.lock().take();
    (fault, shared.loaded(input.offset()))
}

impl Shared<'_, '_> {
    /// Cuts the file into pieces, and looks at its checksum.
    fn scan(
        &self,
        keyspace: &Keyspace,
        input: &mut Input<'_>,
        ahead: usize,
        progress: &mut dyn FnMut(&Loaded),
    ) -> Result<()> {
        let limits = &keyspace.settings.limits;
        let mut sum = Running::new();
        let mut summed = 0;
        let (mut db, mut first, mut from) = (0, 0, input.offset() as usize);
        loop {
            let passed = pass(input, self.version, limits)?;
            let at = input.offset() as usize;
            match passed {
                Passed::Database(number) => db = database(keyspace, number)?,
                Passed::Sizes(keys) => {
                    let most = (self.bytes.len() - at) / LEAST;
                    self.loading.expect(db, usize::try_from(keys).unwrap_or(usize::MAX).min(most));
                }
                Passed::Key if at - from >= PIECE => {
                    self.give(Piece { bytes: from..at, db: first }, ahead);
                    (from, first) = (at, db);
                    sum.add(&self.bytes[summed..at]);
                    summed = at;
                    if self.failed.load(Relaxed) {
                        return Ok(());
                    }
                    progress(&self.loaded(at as u64));
                }
                Passed::Key | Passed::Other => {}
                Passed::End => break,
            }
        }
        let end = input.offset() as usize;
        // Without the byte that says that it ends.
        self.give(Piece { bytes: from..end - 1, db: first }, usize::MAX);
        if self.version >= 5 {
            sum.add(&self.bytes[summed..end]);
            verify(u64::from_le_bytes(input.array()?), sum.get())?;
        }
        Ok(())
    }

    /// Has a piece read, once there is room for it.
    fn give(&self, piece: Piece, ahead: usize) {
        let mut waiting = self.waiting.lock();
        while waiting.len() >= ahead && !self.failed.load(Relaxed) {
            waiting = crate::sync::wait_on(&self.bell, waiting, None);
        }
        waiting.push_back(piece);
        self.bell.notify_all();
    }

    fn end(&self) {
        let _waiting = self.waiting.lock();
        self.ended.store(true, Relaxed);
        self.bell.notify_all();
    }

    fn fail(&self, offset: u64, fault: Fault) {
        let mut first = self.fault.lock();
        if first.as_ref().is_none_or(|(at, _)| offset < *at) {
            *first = Some((offset, fault));
        }
        drop(first);
        let _waiting = self.waiting.lock();
        self.failed.store(true, Relaxed);
        self.bell.notify_all();
    }

    /// Reads pieces until there are no more.
    fn work(&self, keyspace: &Keyspace) {
        loop {
            let mut waiting = self.waiting.lock();
            let piece = loop {
                if self.failed.load(Relaxed) {
                    return;
                }
                if let Some(piece) = waiting.pop_front() {
                    break piece;
                }
                if self.ended.load(Relaxed) {
                    return;
                }
                waiting = crate::sync::wait_on(&self.bell, waiting, None);
            };
            self.bell.notify_all();
            drop(waiting);
            self.read(keyspace, piece);
        }
    }

    fn read(&self, keyspace: &Keyspace, piece: Piece) {
        let start = piece.bytes.start as u64;
        let mut input = Input::memory(&self.bytes[piece.bytes]);
        let mut load = Load::new(keyspace, Gathered::default(), self.version, self.how);
        load.db = piece.db;
        if let Err(fault) = load.run_to_end(&mut input) {
            return self.fail(start + input.offset(), fault);
        }
        let Loaded { keys, expired, skipped, foreign, .. } = load.loaded;
        if let Some(key) = self.loading.insert_all(load.sink.0) {
            let twice = format!("the key '{}' comes twice", key.escape_ascii());
            return self.fail(start, Fault::Foreign(twice));
        }
        self.keys.fetch_add(keys, Relaxed);
        self.expired.fetch_add(expired, Relaxed);
        self.skipped.fetch_add(skipped, Relaxed);
        self.foreign.fetch_add(foreign, Relaxed);
    }

    fn loaded(&self, bytes: u64) -> Loaded {
        Loaded {
            keys: self.keys.load(Relaxed),
            expired: self.expired.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            foreign: self.foreign.load(Relaxed),
            bytes,
        }
    }
}

/// Keys of a piece, until they are put where they belong.
#[derive(Debug, Default)]
struct Gathered(Vec<(u32, Entry)>);

impl Sink for Gathered {
    fn take(&mut self, db: u32, entry: Entry) -> bool {
        self.0.push((db, entry));
        true
    }
}
