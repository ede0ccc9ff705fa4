//! Who watches all commands go by (`MONITOR`).

use std::sync::Arc;

use super::args::Args;
use super::attention::{Attention, Cause};
use super::client::Client;
use super::parse::is;
use super::push::Push;
use super::row::Flags;
use super::table::Node;
use crate::sync::RwLock;
use crate::text::split::quote_into;

/// The monitors of one engine.
#[derive(Debug)]
pub(super) struct Monitors {
    /// Whether there are any.
    attention: Arc<Attention>,
    list: RwLock<Vec<Arc<Client>>>,
}

impl Monitors {
    pub(super) fn new(attention: Arc<Attention>) -> Monitors {
        Monitors { attention, list: RwLock::default() }
    }

    #[inline]
    pub(super) fn any(&self) -> bool {
        self.attention.holds(Cause::Monitors)
    }

    /// Shows a client all commands from now on.
    pub(super) fn add(&self, client: &Arc<Client>) {
        let mut list = self.list.write();
        list.push(client.clone());
        self.attention.set(Cause::Monitors, true);
        client.set_monitor(true);
    }

    /// Ends what [`add`](Monitors::add) began.
    pub(super) fn remove(&self, client: &Client) {
        if client.is_monitor() {
            let mut list = self.list.write();
            list.retain(|other| other.id != client.id);
            self.attention.set(Cause::Monitors, !list.is_empty());
            client.set_monitor(false);
        }
    }

    /// Shows a command that has run, its keys being locked still: what monitors see of a key is in the
    /// order of its changes. Commands for administrators are left out, and passwords.
    #[cold]
    pub(super) fn show(&self, client: &Client, db: u32, micros: i64, node: &Node, args: Args<'_>) {
        if node.row.flags.intersects(Flags::SKIP_MONITOR | Flags::ADMIN) {
            return;
        }
        let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        let origin = &client.origin;
        let from = match (origin.unix_socket, &origin.link) {
            (_, None) => "in-process".to_string(),
            (true, _) => format!("unix:{}", origin.addr.trim_end_matches(":0")),
            (false, _) => origin.addr.clone(),
        };
        let mut line = format!("+{seconds}.{rest:06} [{db} {from}]").into_bytes();
        let secret = secrets(node, args);
        for (i, word) in args.iter_from(0).enumerate() {
            line.push(b' ');
            quote_into(if secret.contains(&i) { b"(redacted)" } else { word }, &mut line);
        }
        line.extend_from_slice(b"\r\n");
        let push = Push::line(line);
        self.list.read().iter().for_each(|monitor| monitor.post(push.clone()));
    }
}

/// Which words nobody is to see.
pub(super) fn secrets(node: &Node, args: Args<'_>) -> std::ops::Range<usize> {
    match node.full_name {
        // What stands behind the password is hidden with it.
        "config|set" => match args.iter_from(2).step_by(2).position(|word| is(word, "requirepass"))
        {
            Some(at) => 3 + 2 * at..args.len(),
            None => 0..0,
        },
        "auth" => 1..args.len(),
        "hello" => match args.iter_from(2).position(|word| is(word, "auth")) {
            Some(at) => at + 3..at + 5,
            None => 0..0,
        },
        _ => 0..0,
    }
}
