#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]
#![allow(unreachable_pub, missing_docs, reason = "part of each program")]

//! What the latency programs share: a histogram on paper, and how long the thread itself worked.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Latencies in nanoseconds, to three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(60_000_000_000, 3).expect("a minute to three digits")
}

/// The processor time that this thread has used, where the system tells; a call that was not
/// running, because the system ran something else, does not count.
#[cfg(target_os = "linux")]
pub fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Elsewhere the time that has passed has to do.
#[cfg(not(target_os = "linux"))]
pub fn thread_time() -> Duration {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Runs `op`; records how long it took, and how long the thread worked at it.
pub fn measure<R>(
    wall: &mut Histogram<u64>,
    work: &mut Histogram<u64>,
    op: impl FnOnce() -> R,
) -> R {
    let (worked, start) = (thread_time(), Instant::now());
    let result = op();
    wall.saturating_record(start.elapsed().as_nanos() as u64);
    work.saturating_record((thread_time() - worked).as_nanos() as u64);
    result
}

/// One line: the percentiles that matter and the maximum, in microseconds.
pub fn print(name: &str, histogram: &Histogram<u64>) {
    let at = |q: f64| histogram.value_at_quantile(q) as f64 / 1000.0;
    println!(
        "{name:28} {:>10} ops  p50 {:>7.2}  p99 {:>7.2}  p99.9 {:>7.2}  p99.999 {:>8.2}  max {:>9.2} µs",
        histogram.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(0.99999),
        histogram.max() as f64 / 1000.0
    );
}
