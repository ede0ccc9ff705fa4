//! A blocking connection.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::Sender;
use std::time::Duration;

use ::redis::{
    Cmd, ConnectionLike, ErrorKind, PushInfo, PushKind, RedisError, RedisResult, ServerErrorKind,
    ToRedisArgs, Value, cmd,
};
use parking_lot::Mutex;

use super::bell::Bell;
use super::client::needs_resp3;
use super::pubsub::PubSub;
use super::sink::{as_error, push_info};
use super::talk::{Step, Talk, make_safe};
use crate::api::Engine;
use crate::clock::Stopwatch;
use crate::command::{Protocol, Span};

/// In the place of [`redis::Connection`]: a blocking connection to an engine in this process.
///
/// Every command runs on the thread that calls, and one that waits lets it sleep. What was pushed to the connection is
/// looked at when it is used, as by the crate.
///
/// ```
/// use danio::redis::{Client, Commands};
///
/// let mut con = Client::open(danio::Db::in_memory())?.get_connection()?;
/// con.rpush::<_, _, ()>("jobs", &["resize", "upload"])?;
/// assert_eq!(con.blpop::<_, (String, String)>("jobs", 0.0)?, ("jobs".into(), "resize".into()));
/// assert_eq!(con.incr::<_, _, i64>("jobs", 1).unwrap_err().code(), Some("WRONGTYPE"));
/// # Ok::<(), danio::redis::RedisError>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    talk: Talk,
    /// Answers and messages that [`recv_response`](Connection::recv_response) has yet to give.
    inbox: VecDeque<Value>,
    db: i64,
    /// Whether the listener's methods are in use: then messages are kept.
    pub(super) listening: bool,
    read_timeout: Mutex<Option<Duration>>,
    push_sender: Option<Sender<PushInfo>>,
    /// Where words lie in what was packed.
    spans: Vec<Span>,
    /// Whether a command of the call under way has waited for others to do its work.
    waited: bool,
}

impl Connection {
    pub(super) fn open(engine: &Engine, db: u32, protocol: Protocol) -> Connection {
        Connection {
            talk: Talk::open(engine, db, protocol, Bell::new(false)),
            inbox: VecDeque::new(),
            db: i64::from(db),
            listening: false,
            read_timeout: Mutex::new(None),
            push_sender: None,
            spans: Vec::new(),
            waited: false,
        }
    }

    /// Runs packed commands and leaves their answers to [`recv_response`](Connection::recv_response).
    ///
    /// # Errors
    /// If these are no packed commands, or the connection is over.
    pub fn send_packed_command(&mut self, cmd: &[u8]) -> RedisResult<()> {
        let before = self.talk.engine().appended();
        let mut at = 0;
        while let Some((next, value)) = self.packed(cmd, at)? {
            self.collect(true);
            self.inbox.extend(value);
            at = next;
        }
        self.make_safe(before)
    }

    /// Gives the next answer of [`send_packed_command`](Connection::send_packed_command), or the next message; waits for
    /// one if there is none.
    ///
    /// # Errors
    /// A time-out ([`set_read_timeout`](Connection::set_read_timeout)), or that the connection is over.
    pub fn recv_response(&mut self) -> RedisResult<Value> {
        let limit = *self.read_timeout.lock();
        loop {
            let seen = self.talk.bell.count();
            self.talk.take_mail();
            self.collect(true);
            if let Some(value) = self.inbox.pop_front() {
                return Ok(value);
            }
            if !self.talk.is_open() {
                self.talk.close();
                return Err(super::talk::closed());
            }
            if !self.talk.bell.wait(seen, limit) {
                return Err(io::Error::from(io::ErrorKind::WouldBlock).into());
            }
        }
    }

    /// Has commands that wait, [`recv_response`](Connection::recv_response) and [`PubSub::get_message`] wait for so long at
    /// most; nothing is for ever. A command whose time is over is taken back, so that no answer comes late and nothing is
    /// popped for nobody; the connection stays usable.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::redis::{Client, Commands, RedisResult};
    ///
    /// let mut con = Client::open(danio::Db::in_memory())?.get_connection()?;
    /// con.set_read_timeout(Some(Duration::from_millis(1)))?;
    /// let popped: RedisResult<(String, String)> = con.blpop("jobs", 0.0);
    /// assert!(popped.unwrap_err().is_timeout());
    /// con.rpush::<_, _, ()>("jobs", "resize")?;
    /// assert_eq!(con.llen::<_, u32>("jobs")?, 1);
    /// # Ok::<(), danio::redis::RedisError>(())
    /// ```
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub fn set_read_timeout(&self, dur: Option<Duration>) -> RedisResult<()> {
        *self.read_timeout.lock() = dur;
        Ok(())
    }

    /// Nothing is written that could take its time.
    ///
    /// # Errors
    /// None; it is a `Result` because the crate's is.
    pub fn set_write_timeout(&self, dur: Option<Duration>) -> RedisResult<()> {
        let _ = dur;
        Ok(())
    }

    /// Uses the connection to listen to channels.
    pub fn as_pubsub(&mut self) -> PubSub<'_> {
        PubSub::new(self)
    }

    /// Hands messages to this sender, in RESP3, whenever the connection is used; and its end to it when a call meets it.
    pub fn set_push_sender(&mut self, sender: Sender<PushInfo>) {
        self.push_sender = Some(sender);
    }

    /// Listens to channels; messages go to the [sender](Connection::set_push_sender).
    ///
    /// # Errors
    /// `InvalidClientConfig` in RESP2.
    pub fn subscribe_resp3<T: ToRedisArgs>(&mut self, channel: T) -> RedisResult<()> {
        self.subscription("SUBSCRIBE", channel)
    }

    /// Listens to what fits patterns; messages go to the [sender](Connection::set_push_sender).
    ///
    /// # Errors
    /// `InvalidClientConfig` in RESP2.
    pub fn psubscribe_resp3<T: ToRedisArgs>(&mut self, pchannel: T) -> RedisResult<()> {
        self.subscription("PSUBSCRIBE", pchannel)
    }

    /// Listens to channels no longer.
    ///
    /// # Errors
    /// `InvalidClientConfig` in RESP2.
    pub fn unsubscribe_resp3<T: ToRedisArgs>(&mut self, channel: T) -> RedisResult<()> {
        self.subscription("UNSUBSCRIBE", channel)
    }

    /// Listens to patterns no longer.
    ///
    /// # Errors
    /// `InvalidClientConfig` in RESP2.
    pub fn punsubscribe_resp3<T: ToRedisArgs>(&mut self, pchannel: T) -> RedisResult<()> {
        self.subscription("PUNSUBSCRIBE", pchannel)
    }

    fn subscription(&mut self, name: &str, channels: impl ToRedisArgs) -> RedisResult<()> {
        if self.talk.protocol() != Protocol::Resp3 {
            return Err(needs_resp3("RESP3 is required for this command"));
        }
        cmd(name).arg(channels).set_no_response(true).exec(self)
    }

    /// Runs a command and gives its answer, which may be an error.
    pub(super) fn run(&mut self, cmd: &Cmd) -> RedisResult<Value> {
        let before = self.talk.engine().appended();
        let step = self.talk.begin(cmd)?;
        let value = self.finish(step)?;
        let value = self.talk.answer(value);
        self.collect(self.listening);
        self.make_safe(before)?;
        Ok(value)
    }

    /// Has what the call wrote, since this thread had appended what it had `before`, made as safe as was asked for.
    fn make_safe(&mut self, before: Option<u64>) -> RedisResult<()> {
        make_safe(self.talk.engine(), before, std::mem::take(&mut self.waited))
    }

    /// Takes back the next message or answer that nobody asked for.
    pub(super) fn inbox(&mut self) -> &mut VecDeque<Value> {
        &mut self.inbox
    }

    /// Runs the packed command at `at`; gives where the next is, and the answer.
    fn packed(&mut self, bytes: &[u8], at: usize) -> RedisResult<Option<(usize, Option<Value>)>> {
        let Some((next, step)) = self.talk.begin_packed(bytes, at, &mut self.spans)? else {
            return Ok(None);
        };
        Ok(Some((next, self.finish(step)?)))
    }

    /// Lets the thread sleep until a command that waits is answered, or its time is over.
    fn finish(&mut self, step: Step) -> RedisResult<Option<Value>> {
        match step {
            Step::Done(value) => Ok(value),
            Step::Waits => self.wait(),
        }
    }

    #[cold]
    fn wait(&mut self) -> RedisResult<Option<Value>> {
        let (watch, limit) = (Stopwatch::start(), *self.read_timeout.lock());
        self.waited |= self.talk.waits_to_be_served();
        loop {
            let seen = self.talk.bell.count();
            if let Some(value) = self.talk.resume()? {
                return Ok(value);
            }
            let left = limit.map(|limit| limit.saturating_sub(watch.elapsed()));
            if !self.talk.bell.wait(seen, left) {
                self.talk.give_up();
                return Err(io::Error::from(io::ErrorKind::WouldBlock).into());
            }
        }
    }

    fn run_packed(&mut self, cmd: &[u8]) -> RedisResult<Value> {
        let before = self.talk.engine().appended();
        let (_, answer) = self.packed(cmd, 0)?.ok_or_else(super::packed::empty)?;
        let answer = self.talk.answer(answer);
        self.collect(self.listening);
        self.make_safe(before)?;
        Ok(answer)
    }

    fn run_all_packed(
        &mut self,
        cmd: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        if cmd.is_empty() {
            return Err(super::packed::empty());
        }
        let before = self.talk.engine().appended();
        let (mut at, mut done) = (0, 0);
        let mut answers = Answers::new(offset, count);
        while let Some((next, value)) = self.packed(cmd, at)? {
            answers.take(done, self.talk.answer(value));
            (at, done) = (next, done + 1);
        }
        self.collect(self.listening);
        self.make_safe(before)?;
        answers.finish()
    }

    /// Tells the sender, once, if it was the connection's end that made a call fail.
    fn told<T>(&mut self, result: RedisResult<T>) -> RedisResult<T> {
        if result.is_err()
            && !self.talk.is_open()
            && let Some(sender) = self.push_sender.take()
        {
            let _ = sender.send(PushInfo { kind: PushKind::Disconnection, data: Vec::new() });
        }
        result
    }

    /// Hands on what was pushed: to the sender, and to the inbox if that is looked at.
    fn collect(&mut self, keep: bool) {
        if self.talk.pushes.is_empty() {
            return;
        }
        let keep = keep || self.talk.protocol() == Protocol::Resp2;
        for value in self.talk.pushes.drain(..) {
            if let (Some(sender), Some(info)) = (&self.push_sender, push_info(value.clone())) {
                // Nobody may listen any more.
                let _ = sender.send(info);
            }
            if keep {
                self.inbox.push_back(value);
            }
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command(&mut self, cmd: &[u8]) -> RedisResult<Value> {
        let answer = self.run_packed(cmd);
        self.told(answer)
    }

    fn req_packed_commands(
        &mut self,
        cmd: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let answers = self.run_all_packed(cmd, offset, count);
        self.told(answers)
    }

    fn req_command(&mut self, cmd: &Cmd) -> RedisResult<Value> {
        let value = self.run(cmd);
        let value = self.told(value)?;
        Ok(if cmd.is_no_response() { Value::Nil } else { value })
    }

    fn get_db(&self) -> i64 {
        self.db
    }

    fn check_connection(&mut self) -> bool {
        cmd("PING").query::<String>(self).is_ok()
    }

    fn is_open(&self) -> bool {
        self.talk.is_open()
    }
}

/// The answers of a pipeline, of which some are skipped: those of MULTI and of what was queued.
#[derive(Debug)]
pub(super) struct Answers {
    offset: usize,
    kept: Vec<Value>,
    /// What was refused among those that are skipped.
    refused: Vec<String>,
}

impl Answers {
    pub(super) fn new(offset: usize, count: usize) -> Answers {
        Answers { offset, kept: Vec::with_capacity(count), refused: Vec::new() }
    }

    pub(super) fn take(&mut self, place: usize, value: Value) {
        if place >= self.offset {
            self.kept.push(value);
        } else if let Some(error) = as_error(&value) {
            // Behind MULTI, which the crate adds.
            self.refused.push(format!("(Index {}, error: {error})", place.saturating_sub(1)));
        }
    }

    /// All that were kept.
    ///
    /// # Errors
    /// `ExecAbort` if a command of a transaction was refused.
    pub(super) fn finish(self) -> RedisResult<Vec<Value>> {
        if self.refused.is_empty() {
            return Ok(self.kept);
        }
        let refused = format!("[{}]", self.refused.join(", "));
        let kind = ErrorKind::Server(ServerErrorKind::ExecAbort);
        Err(RedisError::from((kind, "Transaction aborted", refused)))
    }
}
