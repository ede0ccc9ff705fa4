//! Whole snapshots as they are written, while the data go on changing.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::crc::Running;
use super::file::Progress;
use super::lzf::Compressor;
use super::output::Output;
use super::{Target, encode, opcode};
use crate::clock::Millis;
use crate::config::EvictionPolicy;
use crate::error::Error;
use crate::keyspace::entry::Entry;
use crate::keyspace::observer::{Observer, wants};
use crate::keyspace::{Cut, CutSize, Detached, Keyspace, Still, access};
use crate::sync::Mutex;

/// Bytes that are gathered before they are given to the writer.
const PIECE: usize = 64 << 10;

/// How a snapshot is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Who is to read it; whoever knows what there is if it is not said.
    pub(crate) target: Option<Target>,
    /// Whether long strings are compressed.
    pub(crate) compress: bool,
    /// Whether it ends with a checksum.
    pub(crate) checksum: bool,
    /// Whether it is the base of an append-only file.
    pub(crate) base: bool,
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

/// What is said of a key's use.
#[derive(Debug, Clone, Copy)]
enum Use {
    Nothing,
    Idle,
    Frequency,
}

/// The snapshot that is being taken: who changes an entry of it leaves it here as it was.
struct Taking {
    stamp: u8,
    /// For each database, the number that it had at the cut.
    origin: Vec<AtomicU32>,
    recorder: Recorder,
    left: Mutex<Left>,
    /// What was taken away as a whole before the walk had been there, by database, at the cut.
    detached: Mutex<Vec<(u32, Arc<Detached>)>>,
    /// Nobody reads what is left.
    abandoned: AtomicBool,
}

/// Entries that were changed before the walk came by, as they were.
struct Left {
    compressor: Compressor,
    /// By database, at the cut.
    records: Vec<Records>,
}

/// Keys as they are written, end to end.
#[derive(Debug, Default)]
struct Records {
    bytes: Vec<u8>,
    keys: u64,
}

/// How one key is written.
#[derive(Debug, Clone, Copy)]
struct Recorder {
    target: Target,
    compress: bool,
    uses: Use,
    /// When idle times are counted to.
    now: Millis,
}

/// Writes all keys of all databases as they are at the moment of the call. `at_cut` is called at that
/// moment, under all locks.
pub(crate) fn export(
    keyspace: &Keyspace,
    writer: &mut dyn Write,
    style: Style,
    at_cut: &mut dyn FnMut(),
    progress: &Progress,
) -> Result<Written, Failure> {
    let mut taking = None;
    let mut cut = keyspace.cut(|stamp, sizes| {
        at_cut();
        let made = Arc::new(Taking::new(keyspace, stamp, sizes, style));
        taking = Some(made.clone());
        made
    });
    let taking = taking.expect("made when the cut was");
    let result = write(keyspace, &mut cut, &taking, writer, (style, progress));
    taking.abandoned.store(true, Ordering::Relaxed);
    result
}

/// Writes all keys of all databases while nothing moves.
pub(crate) fn export_still(
    still: &Still<'_>,
    writer: &mut dyn Write,
    style: Style,
    progress: &Progress,
) -> Result<Written, Failure> {
    let (keyspace, sizes) = (still.keyspace(), still.sizes());
    let recorder = Recorder::new(keyspace, &sizes, style);
    let mut file = File::begin(keyspace, writer, recorder.target, style, sizes);
    progress.begin(file.keys());
    let mut compressor = Compressor::new();
    let (mut records, mut of, mut result) = (Records::default(), 0, Ok(()));
    still.for_each(|db, entry| {
        if result.is_err() {
            return;
        }
        if db != of || records.bytes.len() > PIECE {
            result = file.add(of, &mut records);
            of = db;
        }
        recorder.record(entry, &mut compressor, &mut records);
    });
    result?;
    file.add(of, &mut records)?;
    file.finish()
}

fn write(
    keyspace: &Keyspace,
    cut: &mut Cut<'_>,
    taking: &Taking,
    writer: &mut dyn Write,
    (style, progress): (Style, &Progress),
) -> Result<Written, Failure> {
    let target = taking.recorder.target;
    if !target.knows_timed_fields() && cut.sizes.iter().any(|size| size.timed > 0) {
        return Err(Failure::TimedFields);
    }
    let mut file = File::begin(keyspace, writer, target, style, cut.sizes.clone());
    progress.begin(file.keys());
    let mut compressor = Compressor::new();
    let (mut db, mut records) = (0, Records::default());
    let mut steps = 0_u32;
    while cut.step(|now, entry| {
        db = taking.origin[now as usize].load(Ordering::Relaxed);
        taking.recorder.record(entry, &mut compressor, &mut records);
    }) {
        if progress.cancelled.load(Ordering::Relaxed) {
            return Err(Failure::Cancelled);
        }
        progress.wrote(records.keys);
        file.add(db, &mut records)?;
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(64) {
            file.add_left(taking)?;
        }
    }
    file.add_left(taking)?;
    // Nobody can take away any more that the walk has not seen.
    for (db, detached) in std::mem::take(&mut *taking.detached.lock()) {
        for entry in detached.entries().filter(|entry| entry.stamp() != taking.stamp) {
            taking.recorder.record(entry, &mut compressor, &mut records);
            entry.set_stamp(taking.stamp);
            if records.bytes.len() > PIECE {
                file.add(db, &mut records)?;
            }
        }
        file.add(db, &mut records)?;
    }
    file.finish()
}

impl Taking {
    fn new(keyspace: &Keyspace, stamp: u8, sizes: &[CutSize], style: Style) -> Taking {
        let recorder = Recorder::new(keyspace, sizes, style);
        Taking {
            stamp,
            origin: (0..sizes.len() as u32).map(AtomicU32::new).collect(),
            recorder,
            left: Mutex::new(Left {
                compressor: Compressor::new(),
                records: sizes.iter().map(|_| Records::default()).collect(),
            }),
            detached: Mutex::default(),
            abandoned: AtomicBool::new(false),
        }
    }
}

impl Observer for Taking {
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
        let db = self.origin[db as usize].load(Ordering::Relaxed);
        let Left { compressor, records } = &mut *self.left.lock();
        self.recorder.record(entry, compressor, &mut records[db as usize]);
    }

    fn emptied(&self, db: u32, _: usize, what: &Arc<Detached>) {
        if what.is_unseen() && !self.abandoned.load(Ordering::Relaxed) {
            let db = self.origin[db as usize].load(Ordering::Relaxed);
            self.detached.lock().push((db, what.clone()));
        }
    }

    fn swapped(&self, a: u32, b: u32) {
        // Every stripe is held: nobody looks meanwhile.
        let (a, b) = (&self.origin[a as usize], &self.origin[b as usize]);
        b.store(a.swap(b.load(Ordering::Relaxed), Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Recorder {
    fn new(keyspace: &Keyspace, sizes: &[CutSize], style: Style) -> Recorder {
        let timed = sizes.iter().any(|size| size.timed > 0);
        let newest = match (timed, style.base) {
            (true, _) => Target::VALKEY_9,
            // Append-only files of this form are read by Redis since 7.0.
            (false, true) => Target::REDIS_7_0,
            (false, false) => Target::REDIS_7_2,
        };
        let uses = match keyspace.settings.policy() {
            EvictionPolicy::AllKeysLru | EvictionPolicy::VolatileLru => Use::Idle,
            EvictionPolicy::AllKeysLfu | EvictionPolicy::VolatileLfu => Use::Frequency,
            _ => Use::Nothing,
        };
        Recorder {
            target: style.target.unwrap_or(newest),
            compress: style.compress,
            uses,
            now: keyspace.clock.recent(),
        }
    }

    /// Adds a key with all that is known of it.
    fn record(self, entry: &Entry, compressor: &mut Compressor, to: &mut Records) {
        let compressor = self.compress.then_some(compressor);
        let mut out = Output { bytes: &mut to.bytes, compressor };
        if let Some(at) = entry.expiry() {
            out.byte(opcode::EXPIRY_MS);
            out.i64(at.0);
        }
        match self.uses {
            Use::Nothing => {}
            Use::Idle => {
                out.byte(opcode::IDLE);
                out.number(access::idle(entry.access(), self.now).as_secs());
            }
            Use::Frequency => {
                out.byte(opcode::FREQUENCY);
                out.byte(entry.access() as u8);
            }
        }
        let of = encode::kind_of(entry, self.target);
        out.byte(of);
        out.string(entry.key());
        // All fields, those past their time but not yet reclaimed among them: they keep it.
        encode::value(entry, of, Millis(i64::MIN), &mut out);
        to.keys += 1;
    }
}

/// A file as it is written.
struct File<'w> {
    writer: &'w mut dyn Write,
    sum: Option<Running>,
    buffer: Vec<u8>,
    /// The database that keys belong to.
    selected: Option<u32>,
    /// Whether a database's size was told.
    begun: Vec<bool>,
    sizes: Vec<CutSize>,
    written: Written,
}

impl<'w> File<'w> {
    /// A file with its head.
    fn begin(
        keyspace: &Keyspace,
        writer: &'w mut dyn Write,
        target: Target,
        style: Style,
        sizes: Vec<CutSize>,
    ) -> File<'w> {
        let mut file = File {
            writer,
            sum: style.checksum.then(Running::new),
            buffer: Vec::new(),
            selected: None,
            begun: vec![false; sizes.len()],
            sizes,
            written: Written::default(),
        };
        file.header(keyspace, target, style.base);
        file
    }

    /// How many keys it is to have.
    fn keys(&self) -> u64 {
        self.sizes.iter().map(|size| size.keys as u64).sum()
    }

    fn out(&mut self) -> Output<'_> {
        Output { bytes: &mut self.buffer, compressor: None }
    }

    fn header(&mut self, keyspace: &Keyspace, target: Target, base: bool) {
        let magic = target.magic();
        let seconds = keyspace.clock.now().0.div_euclid(1000);
        let used = i64::try_from(keyspace.used_memory()).unwrap_or(i64::MAX);
        let mut out = self.out();
        out.raw(magic.as_bytes());
        let mut aux = |name: &str, value: &dyn Fn(&mut Output<'_>)| {
            out.byte(opcode::AUX);
            out.string(name.as_bytes());
            value(&mut out);
        };
        aux("danio-ver", &|out| out.string(env!("CARGO_PKG_VERSION").as_bytes()));
        aux("redis-bits", &|out| out.integer(usize::BITS.into()));
        aux("ctime", &|out| out.integer(seconds));
        aux("used-mem", &|out| out.integer(used));
        aux("aof-base", &|out| out.integer(base.into()));
    }

    /// Adds keys of a database, and leaves none of them there.
    fn add(&mut self, db: u32, records: &mut Records) -> Result<(), Failure> {
        if records.keys == 0 {
            return Ok(());
        }
        if self.selected != Some(db) {
            self.selected = Some(db);
            let CutSize { keys, volatile, .. } = self.sizes[db as usize];
            let first = !std::mem::replace(&mut self.begun[db as usize], true);
            let mut out = self.out();
            out.byte(opcode::SELECT);
            out.number(db.into());
            if first {
                out.byte(opcode::SIZES);
                out.count(keys);
                out.count(volatile);
            }
        }
        self.written.keys += std::mem::take(&mut records.keys);
        if records.bytes.len() > PIECE {
            self.flush()?;
            let bytes = std::mem::take(&mut records.bytes);
            return self.give(&bytes);
        }
        self.buffer.append(&mut records.bytes);
        if self.buffer.len() > PIECE { self.flush() } else { Ok(()) }
    }

    /// Adds what was left before the walk came by.
    fn add_left(&mut self, taking: &Taking) -> Result<(), Failure> {
        for db in 0..self.sizes.len() {
            let mut records = std::mem::take(&mut taking.left.lock().records[db]);
            self.add(db as u32, &mut records)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Written, Failure> {
        self.buffer.push(opcode::END);
        self.flush()?;
        let sum = self.sum.take().map_or(0, |sum| sum.get());
        self.give(&sum.to_le_bytes())?;
        self.writer.flush().map_err(Failure::Io)?;
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let mut bytes = std::mem::take(&mut self.buffer);
        let result = self.give(&bytes);
        bytes.clear();
        self.buffer = bytes;
        result
    }

    fn give(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(sum) = &mut self.sum {
            sum.add(bytes);
        }
        self.written.bytes += bytes.len() as u64;
        self.writer.write_all(bytes).map_err(Failure::Io)
    }
}
