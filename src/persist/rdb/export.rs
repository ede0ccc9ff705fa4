//! Whole snapshots as they are written, while the data go on changing or while nothing moves.

use std::io::{self, Write};

use super::crc::Running;
use super::output::{Output, Scratch};
use super::{Target, encode, opcode};
use crate::clock::{Millis, Seconds};
use crate::keyspace::entry::Entry;
use crate::keyspace::{CutSize, Keyspace, Still, access};
use crate::persist::walk::{Form, Makers, walk, walk_still};
use crate::persist::{Failure, Progress, Written};

/// How a snapshot is written.
#[derive(Debug, Clone, Copy, Default)]
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

/// What is said of a key's use.
#[derive(Debug, Clone, Copy)]
enum Use {
    Nothing,
    Idle,
    Frequency,
}

/// How keys are written.
#[derive(Debug, Clone, Copy)]
struct Recorder {
    target: Target,
    /// Whether nobody said who is to read it: then nothing is left out for want of a form.
    whole: bool,
    compress: bool,
    base: bool,
    uses: Use,
    /// When idle times are counted to.
    now: Seconds,
}

/// Writes all keys of all databases as they are at the moment of the call. `at_cut` is called at that
/// moment, under all locks.
pub(crate) fn export(
    keyspace: &Keyspace,
    writer: &mut dyn Write,
    style: Style,
    makers: Makers,
    at_cut: &mut dyn FnMut(),
    progress: &Progress,
) -> Result<Written, Failure> {
    let form = |sizes: &[CutSize]| {
        at_cut();
        Recorder::new(keyspace, sizes, style)
    };
    // The sum is made by who writes, which has more time than those who make.
    sealed(writer, style, |writer| walk(keyspace, form, writer, makers, progress))
}

/// Writes all keys of all databases while nothing moves.
pub(crate) fn export_still(
    still: &Still<'_>,
    writer: &mut dyn Write,
    style: Style,
    progress: &Progress,
) -> Result<Written, Failure> {
    let form = Recorder::new(still.keyspace(), &still.sizes(), style);
    sealed(writer, style, |writer| walk_still(still, &form, writer, progress))
}

/// Has a file written, and its checksum behind it; zeros if there is to be none.
fn sealed(
    writer: &mut dyn Write,
    style: Style,
    write: impl FnOnce(&mut dyn Write) -> Result<Written, Failure>,
) -> Result<Written, Failure> {
    let mut summed = Summed { writer, sum: style.checksum.then(Running::new) };
    let mut written = write(&mut summed)?;
    let seal = summed.sum.take().map_or(0, |sum| sum.get()).to_le_bytes();
    summed.writer.write_all(&seal)?;
    summed.writer.flush()?;
    written.bytes += seal.len() as u64;
    Ok(written)
}

/// Sums up what is written.
struct Summed<'w> {
    writer: &'w mut dyn Write,
    sum: Option<Running>,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(sum) = &mut self.sum {
            sum.add(bytes);
        }
        self.writer.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
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
            policy if policy.goes_by_idle_time() => Use::Idle,
            policy if policy.goes_by_frequency() => Use::Frequency,
            _ => Use::Nothing,
        };
        Recorder {
            target: style.target.unwrap_or(newest),
            whole: style.target.is_none(),
            compress: style.compress,
            base: style.base,
            uses,
            now: keyspace.clock.second(),
        }
    }
}

impl Form for Recorder {
    type Scratch = Scratch;

    fn check(&self, sizes: &[CutSize]) -> Result<(), Failure> {
        match !self.target.knows_timed_fields() && sizes.iter().any(|size| size.timed > 0) {
            true => Err(Failure::TimedFields),
            false => Ok(()),
        }
    }

    fn begin(&self, keyspace: &Keyspace, to: &mut Vec<u8>) {
        let seconds = keyspace.clock.now().0.div_euclid(1000);
        let used = i64::try_from(keyspace.used_memory()).unwrap_or(i64::MAX);
        let mut out = Output { bytes: to, scratch: &mut Scratch::default(), compress: false };
        out.raw(self.target.magic().as_bytes());
        let mut aux = |name: &str, value: &dyn Fn(&mut Output<'_>)| {
            out.byte(opcode::AUX);
            out.string(name.as_bytes());
            value(&mut out);
        };
        aux("danio-ver", &|out| out.string(env!("CARGO_PKG_VERSION").as_bytes()));
        aux("redis-bits", &|out| out.integer(usize::BITS.into()));
        aux("ctime", &|out| out.integer(seconds));
        aux("used-mem", &|out| out.integer(used));
        aux("aof-base", &|out| out.integer(self.base.into()));
    }

    fn select(&self, db: u32, size: Option<CutSize>, to: &mut Vec<u8>) {
        let mut out = Output { bytes: to, scratch: &mut Scratch::default(), compress: false };
        out.byte(opcode::SELECT);
        out.number(db.into());
        if let Some(CutSize { keys, volatile, .. }) = size {
            out.byte(opcode::SIZES);
            out.count(keys);
            out.count(volatile);
        }
    }

    fn key(&self, entry: &Entry, scratch: &mut Scratch, to: &mut Vec<u8>) {
        let mut out = Output { bytes: to, scratch, compress: self.compress };
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
        // Known to no reader of the file's version; which could not hold it.
        let beyond = encode::asks_for(entry).filter(|_| self.whole);
        let of = encode::kind_of(entry, beyond.unwrap_or(self.target));
        out.byte(of);
        out.string(entry.key());
        // All fields, those past their time but not yet reclaimed among them: they keep it.
        encode::value(entry, of, Millis(i64::MIN), &mut out);
    }

    fn end(&self, to: &mut Vec<u8>) {
        to.push(opcode::END);
    }
}
