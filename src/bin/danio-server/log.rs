//! Log lines as Redis writes them: `pid:role day month year time level message`.

use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// The log, set up once and adjusted as the configuration becomes known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// The number of the least level that is written, as `loglevel` counts them.
    least: AtomicU8,
    /// Whether the server serves; before, it configures itself.
    serving: AtomicBool,
    /// Nothing is the standard output.
    file: parking_lot::RwLock<Option<PathBuf>>,
}

/// `loglevel`'s numbers: debug, verbose, notice, warning, nothing.
const NOTICE: u8 = 2;

impl Log {
    /// Makes a log that everything in this process writes to.
    pub(crate) fn install() -> Log {
        let log = Log::default();
        log.0.least.store(NOTICE, Relaxed);
        tracing::subscriber::set_global_default(Sink(log.clone()))
            .expect("the log is installed once");
        log
    }

    /// Writes only this level, as `loglevel` counts them, and above.
    pub(crate) fn set_least(&self, level: i64) {
        self.0.least.store(u8::try_from(level).unwrap_or(NOTICE), Relaxed);
    }

    /// Writes to a file from now on.
    ///
    /// # Errors
    /// If it cannot be opened; it is written to all the same when it can be.
    pub(crate) fn set_file(&self, path: PathBuf) -> io::Result<()> {
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        *self.0.file.write() = Some(path);
        opened.map(drop)
    }

    /// Marks lines as the server's own from now on.
    pub(crate) fn set_serving(&self) {
        self.0.serving.store(true, Relaxed);
    }

    /// Writes text as it is.
    pub(crate) fn raw(&self, text: &str) {
        let written = match &*self.0.file.read() {
            // Opened anew each time, so that the file can be moved away.
            Some(path) => OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .and_then(|mut file| file.write_all(text.as_bytes())),
            None => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }
        };
        // There is nowhere to say that the log cannot be written.
        drop(written);
    }

    fn write(&self, level: Level, message: &str) {
        #[expect(
            clippy::disallowed_methods,
            reason = "a log line carries the machine's time, not the engine's"
        )]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let role = if self.0.serving.load(Relaxed) { 'M' } else { 'C' };
        let mark = match number(level) {
            0 => '.',
            1 => '-',
            2 => '*',
            _ => '#',
        };
        self.raw(&format!("{}:{role} {} {mark} {message}\n", std::process::id(), Stamp(now)));
    }
}

/// What `loglevel` calls a level.
fn number(level: Level) -> u8 {
    match level {
        Level::TRACE => 0,
        Level::DEBUG => 1,
        Level::INFO => NOTICE,
        Level::WARN | Level::ERROR => 3,
    }
}

/// The end of every event.
struct Sink(Log);

impl Subscriber for Sink {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Other crates' events are theirs; the level of ours may change at any time.
        if metadata.target().starts_with("danio") {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("danio")
            && number(*metadata.level()) >= self.0.0.least.load(Relaxed)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.write(*event.metadata().level(), &text.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An event's message, with its fields behind.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        written.expect("a string takes all text");
    }
}

/// A time since 1970 as `20 Nov 2026 21:40:00.123`, in UTC.
struct Stamp(Duration);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let seconds = self.0.as_secs();
        let (year, month, day) = date(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let (month, millis) = (MONTHS[month], self.0.subsec_millis());
        write!(f, "{day:02} {month} {year} {hour:02}:{minute:02}:{second:02}.{millis:03}")
    }
}

/// Year, month from 0 and day from 1, so many days after the first of 1970.
fn date(mut days: u64) -> (u64, usize, u64) {
    let leap =
        |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_dates() {
        let stamp = |seconds: u64, millis: u64| {
            Stamp(Duration::from_millis(seconds * 1000 + millis)).to_string()
        };
        assert_eq!(stamp(0, 0), "01 Jan 1970 00:00:00.000");
        assert_eq!(stamp(951_782_400, 7), "29 Feb 2000 00:00:00.007");
        assert_eq!(stamp(1_795_210_800, 123), "20 Nov 2026 21:40:00.123");
        assert_eq!(stamp(4_107_542_399, 999), "28 Feb 2100 23:59:59.999");
        assert_eq!(stamp(4_107_542_400, 0), "01 Mar 2100 00:00:00.000");
    }
}
