//! Latency spikes: what took longer than `latency-monitor-threshold`, by the second.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

/// How many samples of an event are kept.
const SAMPLES: usize = 160;

/// Spikes by what they are of.
#[derive(Debug, Default)]
pub(in crate::command) struct Latency {
    /// Milliseconds; 0 if nothing is kept.
    threshold: AtomicI64,
    events: Mutex<BTreeMap<&'static str, Series>>,
}

/// The spikes of one event.
#[derive(Debug, Default, Clone)]
pub(in crate::command) struct Series {
    /// Seconds since 1970 and the worst milliseconds of that second, the newest last.
    pub(in crate::command) samples: VecDeque<(i64, i64)>,
    /// The worst ever.
    pub(in crate::command) most: i64,
}

impl Latency {
    pub(super) fn set_threshold(&self, millis: i64) {
        self.threshold.store(millis, Relaxed);
    }

    pub(in crate::command) fn threshold(&self) -> i64 {
        self.threshold.load(Relaxed)
    }

    pub(super) fn offer(&self, event: &'static str, took: Duration, at: i64) {
        let (threshold, millis) =
            (self.threshold(), took.as_millis().try_into().unwrap_or(i64::MAX));
        if threshold == 0 || millis < threshold {
            return;
        }
        let mut events = self.events.lock();
        let series = events.entry(event).or_default();
        series.most = series.most.max(millis);
        match series.samples.back_mut() {
            Some((second, worst)) if *second == at => *worst = (*worst).max(millis),
            _ => {
                if series.samples.len() == SAMPLES {
                    series.samples.pop_front();
                }
                series.samples.push_back((at, millis));
            }
        }
    }

    /// All events with their spikes.
    pub(in crate::command) fn events(&self) -> Vec<(&'static str, Series)> {
        self.events.lock().iter().map(|(event, series)| (*event, series.clone())).collect()
    }

    pub(in crate::command) fn of(&self, event: &[u8]) -> Option<Series> {
        let events = self.events.lock();
        events.iter().find(|(name, _)| name.as_bytes() == event).map(|(_, series)| series.clone())
    }

    /// Forgets the spikes of an event, or of all. Returns how many events had some.
    pub(in crate::command) fn clear(&self, event: Option<&[u8]>) -> usize {
        let mut events = self.events.lock();
        let before = events.len();
        events.retain(|name, _| event.is_some_and(|event| name.as_bytes() != event));
        before - events.len()
    }
}

impl Series {
    /// A picture of the spikes, the newest at the right: one column each, and under it how long ago it was.
    pub(in crate::command) fn graph(&self, event: &str, now: i64) -> String {
        const ROWS: i64 = 4;
        let values: Vec<i64> = self.samples.iter().map(|(_, millis)| *millis).collect();
        let (least, most) =
            (values.iter().min().copied().unwrap_or(0), values.iter().max().copied().unwrap_or(0));
        let mut out =
            format!("{event} - high {most} ms, low {least} ms (all time high {} ms)\n", self.most);
        out.push_str(&"-".repeat(80));
        out.push('\n');
        let range = (most - least).max(1);
        for row in (0..ROWS).rev() {
            for value in &values {
                // Each value stands in one of the rows; what is below it is a stem.
                let level = (value - least) * (ROWS - 1) / range;
                out.push(match level.cmp(&row) {
                    std::cmp::Ordering::Less => ' ',
                    std::cmp::Ordering::Equal if row == 0 => '_',
                    std::cmp::Ordering::Equal => '#',
                    std::cmp::Ordering::Greater => '|',
                });
            }
            out.push('\n');
        }
        out.push('\n');
        let labels: Vec<String> = self.samples.iter().map(|(at, _)| ago(now - at)).collect();
        for row in 0..labels.iter().map(String::len).max().unwrap_or(0) {
            labels.iter().for_each(|label| {
                out.push(label.as_bytes().get(row).map_or(' ', |byte| char::from(*byte)));
            });
            out.push('\n');
        }
        out
    }
}

/// How long ago something was, in the largest unit that it fills.
fn ago(seconds: i64) -> String {
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let unit = units.into_iter().find(|(size, _)| seconds >= *size);
    let (size, letter) = unit.unwrap_or((1, 's'));
    format!("{}{letter}", seconds.max(0) / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_a_second_is_kept_and_the_oldest_forgotten() {
        let latency = Latency::default();
        latency.offer("command", Duration::from_millis(500), 1);
        assert!(latency.events().is_empty(), "nobody asked");
        latency.set_threshold(10);
        for (millis, at) in [(9, 1), (30, 2), (20, 2), (10, 3)] {
            latency.offer("command", Duration::from_millis(millis), at);
        }
        let series = latency.of(b"command").expect("there are some");
        assert_eq!((series.samples.as_slices().0, series.most), (&[(2, 30), (3, 10)][..], 30));
        (0..200).for_each(|at| latency.offer("command", Duration::from_millis(11), 10 + at));
        let series = latency.of(b"command").expect("there are some");
        assert_eq!((series.samples.len(), series.samples[0], series.most), (160, (50, 11), 30));
        assert_eq!((latency.clear(Some(b"other")), latency.clear(None)), (0, 1));
    }

    #[test]
    fn a_graph_has_a_column_for_each_spike() {
        let series = Series { samples: [(0, 10), (59, 40), (100, 20)].into(), most: 99 };
        let graph = series.graph("command", 100);
        let lines: Vec<&str> = graph.lines().collect();
        assert_eq!(lines[0], "command - high 40 ms, low 10 ms (all time high 99 ms)");
        assert_eq!(lines[2..6], [" # ", " | ", " |#", "_||"]);
        assert_eq!(lines[7..], ["140", "m1s", " s "]);
    }
}
