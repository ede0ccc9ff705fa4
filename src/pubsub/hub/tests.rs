//! Who is told what.

use super::*;
use crate::pubsub::{Message, Pace};
use crate::sync::Mutex;

/// Remembers what it is told.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Subscriber for Ear {
    fn deliver(&self, message: &Message, _: Pace) -> bool {
        let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
        let by = message.pattern().map_or_else(String::new, |p| format!("{}:", text(p)));
        self.0.lock().push(format!("{by}{}={}", text(message.channel()), text(message.payload())));
        false
    }
}

fn ear() -> (Arc<Ear>, Arc<dyn Subscriber>) {
    let ear = Arc::new(Ear::default());
    (ear.clone(), ear)
}

fn heard(ear: &Ear) -> Vec<String> {
    std::mem::take(&mut *ear.0.lock())
}

#[test]
fn whoever_listens_is_told_in_order() {
    let hub = Hub::new(&Rng::new(7));
    let ((a, a_who), (b, b_who)) = (ear(), ear());
    assert_eq!(hub.publish(b"news", b"0", Pace::MayWait), 0);
    assert!(hub.subscribe(Kind::Channel, b"news", &a_who));
    assert!(!hub.subscribe(Kind::Channel, b"news", &a_who), "already");
    assert!(hub.subscribe(Kind::Channel, b"news", &b_who));
    assert!(hub.subscribe(Kind::Pattern, b"n*", &b_who));
    assert!(hub.subscribe(Kind::Shard, b"news", &a_who));
    assert_eq!(hub.publish(b"news", b"1", Pace::MayWait), 3);
    assert_eq!(hub.publish(b"noon", b"2", Pace::MayWait), 1);
    assert_eq!(hub.publish(b"other", b"3", Pace::MayWait), 0);
    assert_eq!(hub.publish_shard(b"news", b"4", Pace::MayWait), 1);
    assert_eq!(hub.publish_shard(b"noon", b"5", Pace::MayWait), 0);
    assert_eq!(heard(&a), ["news=1", "news=4"]);
    assert_eq!(heard(&b), ["news=1", "n*:news=1", "n*:noon=2"]);
    assert_eq!(hub.listeners(Kind::Channel, b"news"), 2);
    assert_eq!(hub.listeners(Kind::Pattern, b"n*"), 1);
    assert!(hub.unsubscribe(Kind::Channel, b"news", &a_who));
    assert!(!hub.unsubscribe(Kind::Channel, b"news", &a_who), "no longer");
    assert!(!hub.unsubscribe(Kind::Channel, b"other", &a_who));
    assert_eq!(hub.publish(b"news", b"6", Pace::MayWait), 2);
    assert!(hub.unsubscribe(Kind::Channel, b"news", &b_who));
    assert!(hub.unsubscribe(Kind::Pattern, b"n*", &b_who));
    assert!(hub.unsubscribe(Kind::Shard, b"news", &a_who));
    assert_eq!([Kind::Channel, Kind::Pattern, Kind::Shard].map(|kind| hub.len(kind)), [0; 3]);
    assert!(hub.names(Kind::Channel, None).is_empty());
    assert!(!hub.has_listeners());
}

#[test]
fn names_are_listed_by_pattern() {
    let hub = Hub::new(&Rng::new(7));
    let (_, who) = ear();
    for name in ["ab", "ac", "b"] {
        hub.subscribe(Kind::Channel, name.as_bytes(), &who);
        hub.subscribe(Kind::Shard, name.as_bytes(), &who);
    }
    for kind in [Kind::Channel, Kind::Shard] {
        let mut names = hub.names(kind, Some(b"a*"));
        names.sort();
        assert_eq!(names, ["ab", "ac"]);
        assert_eq!(hub.names(kind, None).len(), 3);
    }
}

/// Nobody misses a message of those published while it listened, and all hear the same order,
/// whatever threads do: publish, and come and go so often that the channel itself does.
#[test]
fn all_hear_one_order_while_others_come_and_go() {
    let hub = Hub::new(&Rng::new(7));
    let ears: Vec<_> = (0..3).map(|_| ear()).collect();
    for (_, who) in &ears {
        hub.subscribe(Kind::Channel, b"ch", who);
    }
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let hub = &hub;
            scope.spawn(move || {
                for i in 0..2_000 {
                    assert!(
                        hub.publish(b"ch", format!("{thread}-{i}").as_bytes(), Pace::MayWait) >= 3
                    );
                    hub.publish(b"fleeting", b"x", Pace::MayWait);
                }
            });
            scope.spawn(move || {
                let (ear, who) = ear();
                for _ in 0..2_000 {
                    assert!(hub.subscribe(Kind::Channel, b"ch", &who));
                    assert!(hub.subscribe(Kind::Channel, b"fleeting", &who));
                    hub.publish(b"fleeting", b"own", Pace::MayWait);
                    assert!(heard(&ear).iter().any(|line| line == "fleeting=own"));
                    assert!(hub.unsubscribe(Kind::Channel, b"fleeting", &who));
                    assert!(hub.unsubscribe(Kind::Channel, b"ch", &who));
                    heard(&ear);
                    hub.publish(b"fleeting", b"own", Pace::MayWait);
                    assert!(heard(&ear).is_empty(), "no longer told");
                }
            });
        }
    });
    let first = heard(&ears[0].0);
    assert_eq!(first.len(), 4_000);
    for (ear, _) in &ears[1..] {
        assert_eq!(heard(ear), first);
    }
    assert_eq!(hub.len(Kind::Channel), 1, "only the lasting one is left");
}

#[test]
fn a_hundred_thousand_of_either() {
    const MANY: usize = 100_000;
    let hub = Hub::new(&Rng::new(7));
    let (one, who) = ear();
    for i in 0..MANY {
        assert!(hub.subscribe(Kind::Channel, format!("ch{i}").as_bytes(), &who));
    }
    assert_eq!(hub.len(Kind::Channel), MANY);
    for i in (0..MANY).step_by(1000) {
        assert_eq!(hub.publish(format!("ch{i}").as_bytes(), b"m", Pace::MayWait), 1);
    }
    assert_eq!(heard(&one).len(), MANY / 1000);
    for i in 0..MANY {
        assert!(hub.unsubscribe(Kind::Channel, format!("ch{i}").as_bytes(), &who));
    }
    let ears: Vec<_> = (0..MANY).map(|_| ear()).collect();
    for (_, who) in &ears {
        assert!(hub.subscribe(Kind::Channel, b"one", who));
    }
    assert_eq!(hub.publish(b"one", b"m", Pace::MayWait), MANY);
    assert!(ears.iter().all(|(ear, _)| ear.0.lock().len() == 1));
    for (_, who) in &ears {
        assert!(hub.unsubscribe(Kind::Channel, b"one", who));
    }
    assert_eq!(hub.len(Kind::Channel), 0);
}
