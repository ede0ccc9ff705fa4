//! A blocking connection that listens.

use std::time::Duration;

use ::redis::{
    ControlFlow, FromRedisValue, Msg, PubSubCommands, RedisResult, ToRedisArgs, Value, cmd,
    from_redis_value,
};

use super::connection::Connection;

/// In the place of [`redis::PubSub`]: a blocking connection that listens to channels, until this is
/// dropped.
///
/// ```
/// use danio::redis::Client;
///
/// let engine = danio::Engine::open(danio::Config::new())?;
/// let mut con = Client::open(&engine)?.get_connection()?;
/// let mut pubsub = con.as_pubsub();
/// pubsub.subscribe("news")?;
/// engine.publish("news", "hello");
/// let message = pubsub.get_message()?;
/// assert_eq!(message.get_channel_name(), "news");
/// assert_eq!(message.get_payload::<String>()?, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PubSub<'a> {
    con: &'a mut Connection,
}

impl<'a> PubSub<'a> {
    pub(super) fn new(con: &'a mut Connection) -> PubSub<'a> {
        con.listening = true;
        PubSub { con }
    }

    /// Listens to channels (`SUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over.
    pub fn subscribe<T: ToRedisArgs>(&mut self, channel: T) -> RedisResult<()> {
        self.change("SUBSCRIBE", channel)
    }

    /// Listens to what fits patterns (`PSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over.
    pub fn psubscribe<T: ToRedisArgs>(&mut self, pchannel: T) -> RedisResult<()> {
        self.change("PSUBSCRIBE", pchannel)
    }

    /// Listens to channels no longer (`UNSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over.
    pub fn unsubscribe<T: ToRedisArgs>(&mut self, channel: T) -> RedisResult<()> {
        self.change("UNSUBSCRIBE", channel)
    }

    /// Listens to patterns no longer (`PUNSUBSCRIBE`).
    ///
    /// # Errors
    /// If the connection is over.
    pub fn punsubscribe<T: ToRedisArgs>(&mut self, pchannel: T) -> RedisResult<()> {
        self.change("PUNSUBSCRIBE", pchannel)
    }

    /// Asks for a sign of life, with a message that comes back (`PING`).
    ///
    /// # Errors
    /// If the connection is over, or the answer is no `T`.
    pub fn ping_message<T: FromRedisValue>(&mut self, message: impl ToRedisArgs) -> RedisResult<T> {
        let answer = self.con.run(cmd("PING").arg(message))?;
        Ok(from_redis_value(answer.extract_error()?)?)
    }

    /// Asks for a sign of life (`PING`).
    ///
    /// # Errors
    /// If the connection is over, or the answer is no `T`.
    pub fn ping<T: FromRedisValue>(&mut self) -> RedisResult<T> {
        let answer = self.con.run(&cmd("PING"))?;
        Ok(from_redis_value(answer.extract_error()?)?)
    }

    /// Gives the next message; waits for one if there is none.
    ///
    /// # Errors
    /// A time-out, or that the connection is over.
    pub fn get_message(&mut self) -> RedisResult<Msg> {
        loop {
            if let Some(message) = Msg::from_owned_value(self.con.recv_response()?) {
                return Ok(message);
            }
        }
    }

    /// Has [`get_message`](PubSub::get_message) wait for so long at most; nothing is for ever.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub fn set_read_timeout(&self, dur: Option<Duration>) -> RedisResult<()> {
        self.con.set_read_timeout(dur)
    }

    fn listen<U>(&mut self, mut func: impl FnMut(Msg) -> ControlFlow<U>) -> RedisResult<U> {
        loop {
            if let ControlFlow::Break(value) = func(self.get_message()?) {
                return Ok(value);
            }
        }
    }

    fn change(&mut self, name: &str, channels: impl ToRedisArgs) -> RedisResult<()> {
        let answer: Value = self.con.run(cmd(name).arg(channels))?;
        answer.extract_error()?;
        Ok(())
    }
}

/// Listens until the function says that it is enough.
impl PubSubCommands for Connection {
    fn subscribe<C, F, U>(&mut self, channels: C, func: F) -> RedisResult<U>
    where
        F: FnMut(Msg) -> ControlFlow<U>,
        C: ToRedisArgs,
    {
        let mut pubsub = self.as_pubsub();
        pubsub.subscribe(channels)?;
        pubsub.listen(func)
    }

    fn psubscribe<P, F, U>(&mut self, patterns: P, func: F) -> RedisResult<U>
    where
        F: FnMut(Msg) -> ControlFlow<U>,
        P: ToRedisArgs,
    {
        let mut pubsub = self.as_pubsub();
        pubsub.psubscribe(patterns)?;
        pubsub.listen(func)
    }
}

impl Drop for PubSub<'_> {
    fn drop(&mut self) {
        for name in ["UNSUBSCRIBE", "PUNSUBSCRIBE"] {
            // A connection that is over listens to nothing.
            let _ = self.con.run(&cmd(name));
        }
        self.con.listening = false;
        self.con.inbox().clear();
    }
}
