//! A connection for futures that is shown all commands.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::redis::{FromRedisValue, RedisResult, Value, cmd};
use futures_core::Stream;

use crate::redis::bell::Bell;
use crate::redis::client::Client;
use crate::redis::talk::{Step, Talk};

/// In the place of [`redis::aio::Monitor`]: is shown every command that runs, from now on
/// (`MONITOR`).
///
/// ```
/// use danio::redis::Client;
/// use smol::stream::StreamExt as _;
///
/// # smol::block_on(async {
/// let db = danio::Db::in_memory();
/// let mut monitor = Client::open(&db)?.get_async_monitor().await?;
/// db.execute(["SET", "k", "v"]).unwrap();
/// let line: String = monitor.on_message().next().await.unwrap();
/// assert!(line.ends_with("\"SET\" \"k\" \"v\""), "{line}");
/// # danio::redis::RedisResult::Ok(()) }).unwrap();
/// ```
pub struct Monitor {
    lines: Lines,
}

struct Lines {
    talk: Talk,
    bell: Arc<Bell>,
    ready: VecDeque<Value>,
}

impl Monitor {
    pub(in crate::redis) fn open(client: &Client) -> RedisResult<Monitor> {
        let bell = Bell::new(false);
        let mut talk = Talk::open(&client.engine, client.number(), client.spoken(), bell.clone());
        if let Step::Done(Some(answer)) = talk.begin(&cmd("MONITOR"))? {
            answer.extract_error()?;
        }
        Ok(Monitor { lines: Lines { talk, bell, ready: VecDeque::new() } })
    }

    /// The lines that describe the commands.
    pub fn on_message<'a, T: FromRedisValue + 'a>(&'a mut self) -> impl Stream<Item = T> + 'a {
        Shown { lines: &mut self.lines, _what: PhantomData }
    }

    /// The lines that describe the commands.
    pub fn into_on_message<T: FromRedisValue>(self) -> impl Stream<Item = T> {
        Shown { lines: self.lines, _what: PhantomData }
    }
}

/// A stream of lines, read as `T`.
struct Shown<L, T> {
    lines: L,
    _what: PhantomData<fn() -> T>,
}

impl<L: AsLines + Unpin, T: FromRedisValue> Stream for Shown<L, T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let line = self.lines.get().poll(cx);
        line.map(|line| line.and_then(|line| T::from_redis_value(line).ok()))
    }
}

/// Lines, owned or borrowed.
trait AsLines {
    fn get(&mut self) -> &mut Lines;
}

impl AsLines for Lines {
    fn get(&mut self) -> &mut Lines {
        self
    }
}

impl AsLines for &mut Lines {
    fn get(&mut self) -> &mut Lines {
        self
    }
}

impl Lines {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Value>> {
        // Before the look, so that what comes behind it wakes.
        self.bell.wake_next(cx.waker());
        self.talk.take_mail();
        self.ready.extend(self.talk.pushes.drain(..));
        match self.ready.pop_front() {
            Some(line) => Poll::Ready(Some(line)),
            None if self.talk.is_open() => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}
