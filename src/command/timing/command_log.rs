//! A log of commands that took much: of time, or of bytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::command::args::Args;
use crate::command::client::Client;
use crate::command::monitors::secrets;
use crate::command::row::Flags;
use crate::command::table::Node;

/// How many words of a command are kept, the last of which may say how many more there were; ...
const WORDS: usize = 32;
/// ... and how many bytes of a word.
const BYTES: usize = 128;

/// A command that took much.
#[derive(Debug, Clone)]
pub(in crate::command) struct Entry {
    pub(in crate::command) id: u64,
    /// When it ended, in seconds since 1970.
    pub(in crate::command) at: i64,
    /// Microseconds, or bytes.
    pub(in crate::command) took: u64,
    pub(in crate::command) words: Vec<Bytes>,
    pub(in crate::command) from: String,
    pub(in crate::command) name: Bytes,
}

/// Commands that took much of one thing, the newest first.
#[derive(Debug, Default)]
pub(in crate::command) struct CommandLog {
    /// How much is much; negative for never.
    threshold: AtomicI64,
    most: AtomicUsize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    list: VecDeque<Entry>,
}

impl CommandLog {
    pub(super) fn set_threshold(&self, threshold: i64) {
        self.threshold.store(threshold, Relaxed);
    }

    pub(super) fn threshold(&self) -> i64 {
        self.threshold.load(Relaxed)
    }

    /// Whether a command that took so much is kept.
    fn admits(&self, took: u64) -> bool {
        // A negative threshold is more than anything takes.
        took >= self.threshold().cast_unsigned()
    }

    /// Sets how many are kept. Those beyond go when the next one comes, as in Redis.
    pub(in crate::command) fn set_most(&self, most: usize) {
        self.most.store(most, Relaxed);
    }

    pub(in crate::command) fn offer(
        &self,
        took: u64,
        at: i64,
        node: &'static Node,
        args: Args<'_>,
        client: &Client,
    ) {
        let most = self.most.load(Relaxed);
        if !self.admits(took) || node.row.flags.contains(Flags::SKIP_SLOWLOG) {
            return;
        }
        let words = shortened(node, args);
        let (from, name) = (client.origin.addr.clone(), client.names.lock().name.clone());
        let mut entries = self.entries.lock();
        let id = entries.next;
        entries.next += 1;
        entries.list.push_front(Entry { id, at, took, words, from, name });
        entries.list.truncate(most);
    }

    pub(in crate::command) fn len(&self) -> usize {
        self.entries.lock().list.len()
    }

    /// The newest, so many at most.
    pub(in crate::command) fn newest(&self, count: usize) -> Vec<Entry> {
        self.entries.lock().list.iter().take(count).cloned().collect()
    }

    pub(in crate::command) fn clear(&self) {
        self.entries.lock().list.clear();
    }
}

/// The words of a command, without what is too long, and what nobody is to see.
fn shortened(node: &'static Node, args: Args<'_>) -> Vec<Bytes> {
    let secret = secrets(node, args);
    let kept = if args.len() > WORDS { WORDS - 1 } else { args.len() };
    let mut words: Vec<Bytes> = (args.iter_from(0).take(kept).enumerate())
        .map(|(i, word)| match word.len().checked_sub(BYTES) {
            _ if secret.contains(&i) => Bytes::from_static(b"(redacted)"),
            None | Some(0) => Bytes::copy_from_slice(word),
            Some(more) => {
                [&word[..BYTES], format!("... ({more} more bytes)").as_bytes()].concat().into()
            }
        })
        .collect();
    if kept < args.len() {
        words.push(format!("... ({} more arguments)", args.len() - kept).into());
    }
    words
}

#[cfg(test)]
mod tests {
    use crate::command::{Session, Value};
    use crate::{Config, Engine};

    fn list(value: Value) -> Vec<Value> {
        match value {
            Value::Array(items) => items,
            other => panic!("{other:?} is no list"),
        }
    }

    /// The words of every command that is kept, the newest first.
    fn kept(session: &mut Session) -> Vec<Vec<String>> {
        let entries = list(session.execute(["SLOWLOG", "GET", "-1"]).expect("shown"));
        let word = |word: Value| String::from_utf8_lossy(word.as_bytes().expect("bytes")).into();
        let words = |entry| list(list(entry).swap_remove(3)).into_iter().map(word).collect();
        entries.into_iter().map(words).collect()
    }

    #[test]
    fn slow_commands_are_kept_in_short_and_without_secrets() {
        let mut session = Session::new(&Engine::open(Config::new()).expect("valid"));
        let mut run = |words: &[&str]| session.execute(words).expect("answered");
        run(&["SET", "before", "1"]);
        run(&["CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "4"]);
        run(&["SET", "long", &"x".repeat(130)]);
        let many: Vec<String> = (0..40).map(|i| i.to_string()).collect();
        let many: Vec<&str> = ["DEL"].into_iter().chain(many.iter().map(String::as_str)).collect();
        run(&many);
        run(&["MULTI"]);
        run(&["GET", "long"]);
        run(&["EXEC"]);
        run(&["CONFIG", "SET", "requirepass", "hush"]);
        let all = kept(&mut session);
        assert_eq!(all.len(), 4, "the oldest has gone");
        assert_eq!(all[0], ["CONFIG", "SET", "requirepass", "(redacted)"]);
        assert_eq!(
            (&all[1][..], &all[2][..]),
            (&["GET".into(), "long".into()][..], &["MULTI".into()][..])
        );
        assert_eq!((all[3].len(), &*all[3][31]), (32, "... (10 more arguments)"));
        let mut run = |words: &[&str]| session.execute(words).expect("answered");
        run(&["CONFIG", "SET", "slowlog-log-slower-than", "-1", "requirepass", ""]);
        run(&["SLOWLOG", "RESET"]);
        run(&["SET", "long", "x"]);
        assert_eq!(run(&["SLOWLOG", "LEN"]), Value::Int(0));
        run(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
        run(&["SET", "long", &"x".repeat(130)]);
        let long = format!("{}... (2 more bytes)", "x".repeat(128));
        assert_eq!(kept(&mut session)[0], ["SET".to_string(), "long".into(), long]);
    }
}
