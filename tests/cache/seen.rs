//! What can be seen of a cache: statistics, metrics, spans, removals, and its keys.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use danio::{Cache, Db, EvictionPolicy, RemovalCause, typed::Schema};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

use crate::numbers;

#[test]
fn hits_and_misses_are_counted_once_a_call() {
    let (cache, clock) = numbers(Cache::builder());
    assert_eq!(cache.stats().hit_rate(), 0.0);
    let slow = || {
        clock.advance(Duration::from_millis(20));
        1
    };
    cache.get_or_insert_with("k", slow).unwrap();
    cache.get_or_insert_with("k", slow).unwrap();
    cache.get("k").unwrap();
    cache.get("nobody").unwrap();
    cache.lookup("k").unwrap();
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.waits, stats.loads), (3, 2, 0, 1));
    assert_eq!((stats.hit_rate(), stats.load_time), (0.6, Duration::from_millis(20)));
}

#[test]
fn a_recorder_of_metrics_is_told() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let cache =
        metrics::with_local_recorder(&recorder, || numbers(Cache::builder().name("users")).0);
    cache.get_or_insert_with("k", || 1).unwrap();
    cache.get("k").unwrap();
    cache.get("k").unwrap();
    let mut told: Vec<(String, String)> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().map(|l| (l.key(), l.value())).collect();
            assert_eq!(labels, [("cache", "users")]);
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Histogram(values) => format!("{} values", values.len()),
                DebugValue::Gauge(_) => panic!("there is none"),
            };
            (key.key().name().to_owned(), value)
        })
        .collect();
    told.sort();
    let told: Vec<_> = told.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    assert_eq!(
        told,
        [
            ("danio_cache_failed_loads_total", "0"),
            ("danio_cache_hits_total", "2"),
            ("danio_cache_load_seconds", "1 values"),
            ("danio_cache_loads_total", "1"),
            ("danio_cache_misses_total", "1"),
            ("danio_cache_refreshes_total", "0"),
            ("danio_cache_rejected_total", "0"),
        ]
    );
}

/// Writes down which spans are made, entered and left.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl tracing::Subscriber for Spans {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        self.0.lock().unwrap().push(text.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.lock().unwrap().push("event".to_owned());
    }

    fn enter(&self, _: &Id) {
        self.0.lock().unwrap().push("enter".to_owned());
    }

    fn exit(&self, _: &Id) {
        self.0.lock().unwrap().push("exit".to_owned());
    }
}

#[test]
fn loads_run_in_spans() {
    let spans = Spans::default();
    let (cache, _) = numbers(Cache::builder().name("users").prefix("user:"));
    tracing::subscriber::with_default(spans.clone(), || {
        let load = || {
            tracing::info!("loading");
            1
        };
        cache.get_or_insert_with("7", load).unwrap();
    });
    let taken = |spans: &Spans| std::mem::take(&mut *spans.0.lock().unwrap());
    let made = r#"cache_load cache="users" key=user:7"#;
    assert_eq!(taken(&spans), [made, "enter", "event", "exit"]);
    // A future's span is entered each time that it is polled, and hits have none.
    tracing::subscriber::with_default(spans.clone(), || {
        cache.invalidate("7");
        pollster::block_on(async {
            let mut paused = false;
            let load = std::future::poll_fn(move |cx| {
                cx.waker().wake_by_ref();
                match std::mem::replace(&mut paused, true) {
                    true => std::task::Poll::Ready(1),
                    false => std::task::Poll::Pending,
                }
            });
            cache.get_or_insert_async("7", load).await.unwrap();
            cache.get_or_insert_async("7", async { 1 }).await.unwrap();
        });
    });
    assert_eq!(taken(&spans), [made, "enter", "exit", "enter", "exit"]);
}

#[test]
fn removals_are_told_with_their_causes() {
    let (cache, clock) =
        numbers(Cache::builder().prefix("p*:").time_to_live(Duration::from_secs(1)));
    let mut removals = cache.removals(100);
    cache.db().set("px:other", "1").unwrap();
    cache.db().del("px:other");
    for key in ["a", "b", "c"] {
        cache.insert(key, &1).unwrap();
    }
    cache.invalidate("a");
    cache.db().rename("p*:b", "elsewhere").unwrap();
    clock.advance(Duration::from_secs(1));
    cache.db().engine().tick(Duration::from_secs(1));
    cache.db().flush();
    let told: Vec<_> = std::iter::from_fn(|| removals.try_recv())
        .map(|removal| (removal.key, removal.cause))
        .collect();
    assert_eq!(
        told,
        [
            ("a".into(), RemovalCause::Removed),
            ("b".into(), RemovalCause::Removed),
            ("c".into(), RemovalCause::Expired),
            ("".into(), RemovalCause::Cleared),
        ]
    );
    assert_eq!(removals.missed(), 0);
}

#[test]
fn evictions_are_told_to_a_thread_and_a_task() {
    let schema = Schema::<String>::plain();
    let cache =
        Cache::builder().build_bounded(1 << 20, EvictionPolicy::AllKeysLru, schema).unwrap();
    let listener = |mut removals: danio::Removals| {
        std::thread::spawn(move || removals.next().expect("something is evicted").cause)
    };
    let thread = listener(cache.removals(10));
    let mut removals = cache.removals(10);
    for key in 0..5000 {
        cache.insert(key.to_string(), &"x".repeat(1000)).unwrap();
    }
    assert_eq!(thread.join().unwrap(), RemovalCause::Evicted);
    let first = pollster::block_on(removals.recv_async()).expect("something is evicted");
    assert_eq!(first.cause, RemovalCause::Evicted);
    assert!(removals.missed() > 0, "ten are kept");
}

#[test]
fn what_it_holds_other_clients_read() {
    let db = Db::in_memory();
    let cache = Cache::builder().prefix("user:").build_with(&db, Schema::<(u32, String)>::json());
    cache.get_or_insert_with("7", || (7, "Ann".into())).unwrap();
    assert_eq!(db.get("user:7").unwrap().as_deref(), Some(&br#"[7,"Ann"]"#[..]));
    db.set("user:8", r#"[8,"Bob"]"#).unwrap();
    assert_eq!(cache.get("8").unwrap(), Some((8, "Bob".into())));
    db.set("other", "x").unwrap();
    assert_eq!((cache.clear(), db.len()), (2, 1));
}
