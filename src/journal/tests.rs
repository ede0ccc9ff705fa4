//! What the stream holds, and who is woken when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::{Journal, Outcome, Woken};
use crate::clock::Clock;
use crate::keyspace::observer::{Committed, Observer};
use crate::sync::thread;

fn committed(commands: &[(u32, &[&str])]) -> Committed {
    let mut what = Committed::default();
    for (db, words) in commands {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        what.record.push(*db, &words);
    }
    what
}

fn journal() -> Arc<Journal> {
    let journal = Journal::new(Clock::system());
    journal.set_on(true);
    journal
}

fn taken(journal: &Journal) -> String {
    let mut bytes = Vec::new();
    journal.take(&mut bytes, u64::MAX);
    String::from_utf8(bytes).expect("these commands are text").replace("\r\n", " ")
}

#[test]
fn records_are_spelled_in_their_order_with_their_databases() {
    let journal = journal();
    journal.committed(&Committed::default());
    assert_eq!(journal.end(), 0);
    journal.committed(&committed(&[(0, &["SET", "k", "v"])]));
    assert_eq!(taken(&journal), "*2 $6 SELECT $1 0 *3 $3 SET $1 k $1 v ");
    journal.committed(&committed(&[(0, &["DEL", "k"])]));
    journal.committed(&committed(&[(9, &["DEL", "k"]), (9, &["DEL", ""]), (2, &["INCR", "n"])]));
    journal.committed(&committed(&[(2, &["DEL", "n"])]));
    assert_eq!(
        taken(&journal),
        "*2 $3 DEL $1 k *2 $6 SELECT $1 9 *1 $5 MULTI *2 $3 DEL $1 k *2 $3 DEL $0  *2 $6 SELECT $1 2 \
         *2 $4 INCR $1 n *1 $4 EXEC *2 $3 DEL $1 n "
    );
    let at = journal.part();
    assert_eq!(at, journal.end());
    journal.committed(&committed(&[(2, &["DEL", "n"])]));
    assert_eq!(taken(&journal), "*2 $6 SELECT $1 2 *2 $3 DEL $1 n ");
    journal.set_on(false);
    journal.committed(&committed(&[(2, &["DEL", "n"])]));
    assert_eq!(taken(&journal), "");
}

#[test]
fn the_time_is_told_once_a_second() {
    let journal = journal();
    journal.timestamps.store(true, SeqCst);
    (0..3).for_each(|_| journal.committed(&committed(&[(0, &["DEL", "k"])])));
    let text = taken(&journal);
    assert!(text.starts_with("#TS:"), "{text}");
    assert!((1..=2).contains(&text.matches("#TS:").count()), "{text}");
}

#[test]
fn bytes_are_taken_up_to_a_position() {
    let journal = journal();
    journal.committed(&committed(&[(0, &["DEL", "a"])]));
    let at = journal.part();
    assert_eq!(journal.appended_here(), Some(at));
    journal.committed(&committed(&[(0, &["DEL", "b"])]));
    let mut bytes = Vec::new();
    assert_eq!(journal.take(&mut bytes, at), 0);
    assert_eq!(bytes.len() as u64, at);
    bytes.clear();
    assert_eq!(journal.take(&mut bytes, at), at);
    assert!(bytes.is_empty());
    assert_eq!(journal.take(&mut bytes, u64::MAX), at);
    assert_eq!(at + bytes.len() as u64, journal.end());
}

#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl Woken for Count {
    fn wake(&self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn who_waits_is_woken_when_it_is_safe_and_when_it_cannot_be() {
    let journal = journal();
    let count = Arc::new(Count::default());
    let woken: Arc<dyn Woken> = count.clone();
    let at_once = journal.when_safe(0, &woken);
    assert_eq!(journal.outcome(&at_once), Some(Outcome::Safe));
    let [five, six] = [5, 6].map(|up_to| journal.when_safe(up_to, &woken));
    assert_eq!((journal.outcome(&five), journal.outcome(&six)), (None, None));
    journal.set_safe(5);
    assert_eq!(count.0.load(SeqCst), 1);
    assert_eq!((journal.outcome(&five), journal.outcome(&six)), (Some(Outcome::Safe), None));
    journal.fail();
    assert_eq!(count.0.load(SeqCst), 2);
    assert_eq!(journal.outcome(&five), Some(Outcome::Safe));
    assert_eq!(journal.outcome(&six), Some(Outcome::Failed));
    // Who comes later is told at once, and nobody has to wake him.
    let late = journal.when_safe(6, &woken);
    assert_eq!(journal.outcome(&late), Some(Outcome::Failed));
    assert_eq!((journal.wait_safe(6), journal.wait_safe(5)), (Outcome::Failed, Outcome::Safe));
    journal.mend();
    assert_eq!(journal.outcome(&late), Some(Outcome::Failed), "what was said stands");
    let anew = journal.when_safe(6, &woken);
    assert_eq!(journal.outcome(&anew), None);
    journal.set_safe(6);
    assert_eq!(journal.outcome(&anew), Some(Outcome::Safe));
    assert_eq!(count.0.load(SeqCst), 3);

    let sleeper = |up_to| {
        let journal = journal.clone();
        thread::spawn(move || journal.wait_safe(up_to))
    };
    let (safe, failed) = (sleeper(7), sleeper(8));
    thread::sleep(std::time::Duration::from_millis(20));
    journal.set_safe(7);
    assert_eq!(safe.join().expect("no panic"), Outcome::Safe);
    journal.fail();
    assert_eq!(failed.join().expect("no panic"), Outcome::Failed);
}

#[test]
fn what_is_lost_when_the_stream_is_closed_failed_whoever_asks_when() {
    let journal = journal();
    assert_eq!(journal.all(), 0, "nobody keeps it");
    journal.open(journal.end());
    journal.committed(&committed(&[(0, &["DEL", "a"])]));
    let kept = journal.take_appended().expect("appended");
    assert_eq!((journal.take_appended(), journal.all()), (None, kept));
    journal.take(&mut Vec::new(), u64::MAX);
    journal.set_safe(kept);
    journal.committed(&committed(&[(0, &["DEL", "b"])]));
    let lost = journal.end();
    assert!(journal.close());
    assert_eq!(journal.waiting_bytes(), 0);
    assert_eq!(
        (journal.wait_safe(kept), journal.wait_safe(lost)),
        (Outcome::Safe, Outcome::Failed)
    );
    assert_eq!(
        journal.wait_safe(journal.all()),
        Outcome::Safe,
        "it is not kept, and so not waited for"
    );
    journal.open(journal.end());
    assert_eq!(journal.wait_safe(lost), Outcome::Failed, "it is not in what was begun since");
    assert_eq!(journal.wait_safe(journal.all()), Outcome::Safe);
    journal.committed(&committed(&[(0, &["DEL", "c"])]));
    assert_eq!(journal.take(&mut Vec::new(), u64::MAX), lost + 1);
    journal.set_safe(journal.end());
    assert!(!journal.close(), "all of this was safe");
    assert_eq!(journal.wait_safe(lost), Outcome::Failed);
}

#[test]
fn who_appends_too_much_waits_until_it_is_taken() {
    let journal = journal();
    let big = "x".repeat(super::ROOM / 4);
    assert!(!journal.is_crowded());
    (0..4).for_each(|_| journal.committed(&committed(&[(0, &["SET", "k", &big])])));
    assert!(journal.is_crowded());
    let waiter = {
        let journal = journal.clone();
        thread::spawn(move || journal.wait_for_room())
    };
    thread::sleep(std::time::Duration::from_millis(20));
    assert!(!waiter.is_finished());
    journal.take(&mut Vec::new(), u64::MAX);
    waiter.join().expect("no panic");
    assert!(!journal.is_crowded());
}
