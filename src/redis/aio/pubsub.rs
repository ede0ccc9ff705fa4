//! A connection for futures that listens to channels.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use ::redis::{Cmd, FromRedisValue, Msg, RedisResult, ToRedisArgs, Value, cmd, from_redis_value};
use futures_core::Stream;
use parking_lot::Mutex;

use crate::redis::bell::Bell;
use crate::redis::client::Client;
use crate::redis::talk::{Step, Talk, closed};

/// In the place of [`redis::aio::PubSub`]: listens to channels of an engine in this process.
///
/// ```
/// use danio::redis::Client;
/// use smol::stream::StreamExt as _;
///
/// # smol::block_on(async {
/// let engine = danio::Engine::open(danio::Config::new()).unwrap();
/// let mut pubsub = Client::open(&engine)?.get_async_pubsub().await?;
/// pubsub.psubscribe("news.*").await?;
/// engine.publish("news.art", "hello");
/// let message = pubsub.on_message().next().await.unwrap();
/// assert_eq!(message.get_channel_name(), "news.art");
/// assert_eq!(message.get_payload::<String>()?, "hello");
/// # danio::redis::RedisResult::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct PubSub {
    sink: PubSubSink,
    stream: PubSubStream,
}

/// The part of a [`PubSub`] that subscribes. Its calls are errors once the stream is dropped.
#[derive(Clone)]
pub struct PubSubSink {
    shared: Weak<Shared>,
}

/// The part of a [`PubSub`] that messages come from; it ends when the connection is killed.
pub struct PubSubStream {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    bell: Arc<Bell>,
}

struct State {
    talk: Talk,
    /// Messages that were met on the way to a confirmation.
    ready: VecDeque<Msg>,
}

impl State {
    fn take_messages(&mut self) {
        self.talk.take_mail();
        self.ready.extend(self.talk.pushes.drain(..).filter_map(Msg::from_owned_value));
    }
}

impl PubSub {
    pub(in crate::redis) fn open(client: &Client) -> PubSub {
        let bell = Bell::new(false);
        let talk = Talk::open(&client.engine, client.number(), client.spoken(), bell.clone());
        let state = Mutex::new(State { talk, ready: VecDeque::new() });
        let shared = Arc::new(Shared { state, bell });
        let sink = PubSubSink { shared: Arc::downgrade(&shared) };
        PubSub { sink, stream: PubSubStream { shared } }
    }

    /// Listens to channels (`SUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over.
    pub async fn subscribe(&mut self, channel_name: impl ToRedisArgs) -> RedisResult<()> {
        self.sink.subscribe(channel_name).await
    }

    /// Listens to channels no longer (`UNSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over.
    pub async fn unsubscribe(&mut self, channel_name: impl ToRedisArgs) -> RedisResult<()> {
        self.sink.unsubscribe(channel_name).await
    }

    /// Listens to what fits patterns (`PSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over.
    pub async fn psubscribe(&mut self, channel_pattern: impl ToRedisArgs) -> RedisResult<()> {
        self.sink.psubscribe(channel_pattern).await
    }

    /// Listens to patterns no longer (`PUNSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over.
    pub async fn punsubscribe(&mut self, channel_pattern: impl ToRedisArgs) -> RedisResult<()> {
        self.sink.punsubscribe(channel_pattern).await
    }

    /// Asks for a sign of life (`PING`).
    ///
    /// # Errors
    /// If the connection is over, or the answer is no `T`.
    pub async fn ping<T: FromRedisValue>(&mut self) -> RedisResult<T> {
        self.sink.ping().await
    }

    /// Asks for a sign of life, with a message that comes back (`PING`).
    ///
    /// # Errors
    /// If the connection is over, or the answer is no `T`.
    pub async fn ping_message<T: FromRedisValue>(
        &mut self,
        message: impl ToRedisArgs,
    ) -> RedisResult<T> {
        self.sink.ping_message(message).await
    }

    /// The messages of what is listened to.
    pub fn on_message(&mut self) -> impl Stream<Item = Msg> + '_ {
        &mut self.stream
    }

    /// The messages of what is listened to, from now on without a way to change that.
    pub fn into_on_message(self) -> PubSubStream {
        self.stream
    }

    /// The two parts: one to subscribe with, one that messages come from.
    pub fn split(self) -> (PubSubSink, PubSubStream) {
        (self.sink, self.stream)
    }
}

impl PubSubSink {
    /// Listens to channels (`SUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over, or its stream was dropped.
    pub async fn subscribe(&mut self, channel_name: impl ToRedisArgs) -> RedisResult<()> {
        self.call(cmd("SUBSCRIBE").arg(channel_name)).map(drop)
    }

    /// Listens to channels no longer (`UNSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over, or its stream was dropped.
    pub async fn unsubscribe(&mut self, channel_name: impl ToRedisArgs) -> RedisResult<()> {
        self.call(cmd("UNSUBSCRIBE").arg(channel_name)).map(drop)
    }

    /// Listens to what fits patterns (`PSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over, or its stream was dropped.
    pub async fn psubscribe(&mut self, channel_pattern: impl ToRedisArgs) -> RedisResult<()> {
        self.call(cmd("PSUBSCRIBE").arg(channel_pattern)).map(drop)
    }

    /// Listens to patterns no longer (`PUNSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over, or its stream was dropped.
    pub async fn punsubscribe(&mut self, channel_pattern: impl ToRedisArgs) -> RedisResult<()> {
        self.call(cmd("PUNSUBSCRIBE").arg(channel_pattern)).map(drop)
    }

    /// Asks for a sign of life, with a message that comes back (`PING`).
    ///
    /// # Errors
    /// If the connection is over, its stream was dropped, or the answer is no `T`.
    pub async fn ping_message<T: FromRedisValue>(
        &mut self,
        message: impl ToRedisArgs,
    ) -> RedisResult<T> {
        Ok(from_redis_value(self.call(cmd("PING").arg(message))?)?)
    }

    /// Asks for a sign of life (`PING`).
    ///
    /// # Errors
    /// If the connection is over, its stream was dropped, or the answer is no `T`.
    pub async fn ping<T: FromRedisValue>(&mut self) -> RedisResult<T> {
        Ok(from_redis_value(self.call(&cmd("PING"))?)?)
    }

    fn call(&self, cmd: &Cmd) -> RedisResult<Value> {
        let shared = self.shared.upgrade().ok_or_else(closed)?;
        let mut state = shared.state.lock();
        let answer = match state.talk.begin(cmd)? {
            Step::Done(answer) => state.talk.answer(answer),
            // None of these commands waits.
            Step::Waits => Value::Nil,
        };
        state.take_messages();
        let met = !state.ready.is_empty();
        drop(state);
        if met {
            shared.bell.ring();
        }
        answer.extract_error()
    }
}

impl Stream for PubSubStream {
    type Item = Msg;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Msg>> {
        // Before the look, so that what comes behind it wakes.
        self.shared.bell.wake_next(cx.waker());
        let mut state = self.shared.state.lock();
        if state.ready.is_empty() {
            state.take_messages();
        }
        match state.ready.pop_front() {
            Some(message) => Poll::Ready(Some(message)),
            None if state.talk.is_open() => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

impl fmt::Debug for PubSubSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSubSink").finish_non_exhaustive()
    }
}

impl fmt::Debug for PubSubStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSubStream").finish_non_exhaustive()
    }
}
