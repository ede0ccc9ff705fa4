//! An append-only file, run again.
//!
//! What it says was done is done: nothing is refused for want of memory, nobody is told, and no key's time is over
//! meanwhile, for what was done to a key before its time was over is to be done again.

mod reload;
mod set;

use std::io::Read;

use super::args::Args;
use super::parse::is;
use super::session::Session;
use super::value::{Silent, ValueSink};
use crate::api::Engine;
use crate::persist::aof::reader::{Place, Reader, Stop};

pub(in crate::command) use reload::reload;
pub(crate) use set::{Progress, Refused, load};

/// How many commands are read, and hinted at, before the first of them runs.
const WINDOW: usize = 64;

/// How a file came to its end.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// Where what was run ends: behind the last whole command, or before a transaction that is not whole.
    pub(crate) whole: u64,
    pub(crate) end: End,
    /// Commands that were run.
    pub(crate) commands: u64,
    /// Those of them that answered with an error.
    pub(crate) refused: u64,
}

/// The end of a file.
#[derive(Debug)]
pub(crate) enum End {
    Whole,
    /// Something behind is not whole.
    Torn,
    /// Within a transaction.
    InTransaction,
    Damaged(&'static str),
    Unknown(String),
    Failed(std::io::Error),
}

/// Runs the commands of a file again, from `offset` on, which is where `file` is. `progress` is told now and then up to where it is.
pub(crate) fn replay(
    engine: &Engine,
    file: impl Read,
    offset: u64,
    progress: &mut dyn FnMut(u64),
) -> Replayed {
    let mut session = Session::new(engine);
    let mut nobody = ValueSink::new();
    let mut reader = Reader::new(file, offset);
    let mut places = Vec::<Place>::new();
    let mut done = Replayed { whole: offset, end: End::Whole, commands: 0, refused: 0 };
    // Where a transaction began that has not ended.
    let mut began = None;
    loop {
        let stop = reader.take(WINDOW, &mut places);
        let window = reader.window();
        let words: Vec<_> = reader.words.iter().map(|word| &window[word.start..word.end]).collect();
        let args =
            |place: &Place| Args::new(&words[place.first_word..place.first_word + place.words]);
        let mut hashes = [None; WINDOW];
        session.prepare(places.iter().map(args), &mut hashes);
        for (place, hash) in places.iter().zip(hashes) {
            let args = args(place);
            if is(args.at(0), "multi") && began.is_none() {
                began = Some(place.offset);
            }
            let Some((node, result)) = session.replay_one(args, hash, &mut Silent(&mut nobody))
            else {
                done.whole = began.unwrap_or(place.offset);
                let name = args.at(0);
                done.end = End::Unknown(String::from_utf8_lossy(name).into_owned());
                return done;
            };
            done.commands += 1;
            if let Err(error) = result {
                done.refused += 1;
                tracing::debug!(
                    "'{}' at byte {} of the log answers: {error}",
                    node.full_name,
                    place.offset
                );
            }
            if session.state.queue.is_none() {
                began = None;
            }
        }
        if let Some(stop) = stop {
            done.whole = began.unwrap_or(reader.offset());
            done.end = match stop {
                Stop::End if began.is_some() => End::InTransaction,
                Stop::End => End::Whole,
                Stop::Torn => End::Torn,
                Stop::Damaged(why) => {
                    // Where the damage is, and not where the transaction began.
                    done.whole = reader.offset();
                    End::Damaged(why)
                }
                Stop::Failed(error) => End::Failed(error),
            };
            return done;
        }
        progress(reader.offset());
    }
}

/// Keeps keys from expiring until it is dropped.
struct Replaying<'e>(&'e Engine);

impl<'e> Replaying<'e> {
    fn new(engine: &'e Engine) -> Replaying<'e> {
        engine.keyspace().settings.set_replaying(true);
        Replaying(engine)
    }
}

impl Drop for Replaying<'_> {
    fn drop(&mut self) {
        self.0.keyspace().settings.set_replaying(false);
    }
}
