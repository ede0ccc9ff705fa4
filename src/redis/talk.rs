//! One conversation with the engine: a session, and what its answers are to the crate.

use std::io;
use std::sync::Arc;

use ::redis::{Arg, Cmd, RedisError, RedisResult, Value};
use smallvec::SmallVec;

use super::bell::{Bell, Cord};
use super::packed;
use super::sink::{Sink, pushed, server_error};
use crate::api::{Engine, Safety};
use crate::command::{Args, Flow, Protocol, Session, Span, Words};

/// Words that a command may have without an allocation.
const FEW_WORDS: usize = 8;

/// A session that answers in the crate's values.
#[derive(Debug)]
pub(super) struct Talk {
    engine: Engine,
    /// Nothing once it is over.
    session: Option<Session>,
    pub(super) bell: Arc<Bell>,
    protocol: Protocol,
    /// What was pushed, oldest first, and nobody took yet.
    pub(super) pushes: Vec<Value>,
    /// From where on it was the last command that pushed.
    own: usize,
}

/// How far a command is.
#[derive(Debug)]
pub(super) enum Step {
    /// It is over, and answered unless by what it pushed.
    Done(Option<Value>),
    /// It waits: its answer is there some time after the bell has rung.
    Waits,
}

impl Talk {
    pub(super) fn open(engine: &Engine, db: u32, protocol: Protocol, bell: Arc<Bell>) -> Talk {
        let session = Session::attach(engine, db, protocol, Box::new(Cord(bell.clone())));
        bell.hang(session.client());
        let session = Some(session);
        Talk { engine: engine.clone(), session, bell, protocol, pushes: Vec::new(), own: 0 }
    }

    /// The version that is spoken.
    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether it goes on; who was killed or has quit is gone.
    pub(super) fn is_open(&self) -> bool {
        self.session.as_ref().is_some_and(|session| !session.client().is_killed())
    }

    /// Begins a command.
    ///
    /// # Errors
    /// If it has no words, or the connection is over.
    pub(super) fn begin(&mut self, cmd: &Cmd) -> RedisResult<Step> {
        if cmd.in_scan_mode() {
            // The crate tells the cursor only in what it packs.
            let bytes = cmd.get_packed_command();
            return self
                .begin_packed(&bytes, 0, &mut Vec::new())?
                .ok_or_else(packed::empty)
                .map(|(_, step)| step);
        }
        let words: SmallVec<[&[u8]; FEW_WORDS]> = cmd
            .args_iter()
            .map(|word| match word {
                Arg::Simple(bytes) => bytes,
                _ => b"0",
            })
            .collect();
        self.call(Args::new(&words))
    }

    /// Begins the packed command at `at`; gives where the next one is. Nothing at the bytes' end.
    ///
    /// # Errors
    /// If these are no packed commands, or the connection is over.
    pub(super) fn begin_packed(
        &mut self,
        bytes: &[u8],
        at: usize,
        spans: &mut Vec<Span>,
    ) -> RedisResult<Option<(usize, Step)>> {
        let Some(next) = packed::next(bytes, at, spans)? else { return Ok(None) };
        let mut words = Words::new();
        Span::add_words(&mut words, spans, bytes);
        let step = self.call(Args::new(&words))?;
        Ok(Some((next, step)))
    }

    /// Begins a command given as words.
    ///
    /// # Errors
    /// If there are none, or the connection is over.
    pub(super) fn call(&mut self, args: Args<'_>) -> RedisResult<Step> {
        if args.len() == 0 {
            return Err(packed::empty());
        }
        self.take_mail();
        let session = self.alive()?;
        let mut sink = Sink::new(session.protocol());
        session.begin_batch();
        let flow = session.dispatch(args, &mut sink);
        session.end_batch();
        Ok(self.settle(flow, sink))
    }

    /// The answer of the command that waits, if there is one by now.
    ///
    /// # Errors
    /// If the connection is over.
    pub(super) fn resume(&mut self) -> RedisResult<Option<Option<Value>>> {
        let session = self.alive()?;
        let mut sink = Sink::new(session.protocol());
        let Some(flow) = session.resume(&mut sink) else { return Ok(None) };
        session.end_batch();
        match self.settle(flow, sink) {
            Step::Done(value) => Ok(Some(value)),
            Step::Waits => Ok(None),
        }
    }

    /// Whether the command that waits is one whose work others may do.
    pub(super) fn waits_to_be_served(&self) -> bool {
        self.session.as_ref().is_some_and(Session::waits_to_be_served)
    }

    /// What its commands write to.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Gives the command that waits up.
    pub(super) fn give_up(&mut self) {
        if let Some(session) = &mut self.session {
            session.give_up();
        }
    }

    /// Moves what was pushed by others to [`pushes`](Talk::pushes).
    pub(super) fn take_mail(&mut self) {
        let Some(session) = &self.session else { return };
        if session.client().has_mail() {
            let (protocol, pushes) = (session.protocol(), &mut self.pushes);
            session.client().take_mail(|push| pushes.extend(pushed(push, protocol)));
        }
    }

    /// Ends the conversation.
    pub(super) fn close(&mut self) {
        self.session = None;
    }

    fn alive(&mut self) -> RedisResult<&mut Session> {
        if !self.is_open() {
            self.session = None;
        }
        let session = self.session.as_mut().ok_or_else(closed)?;
        session.client().see(self.engine.clock().recent());
        Ok(session)
    }

    fn settle(&mut self, flow: Flow, sink: Sink) -> Step {
        let Sink { answer, mut pushed, .. } = sink;
        self.own = self.pushes.len();
        self.pushes.append(&mut pushed);
        match flow {
            Flow::Blocked => return Step::Waits,
            Flow::Close => self.session = None,
            // Nobody in this process is held.
            Flow::Continue | Flow::Held(_) => {}
        }
        if let Some(session) = &self.session {
            self.protocol = session.protocol();
        }
        Step::Done(answer)
    }

    /// What the last command comes to for who wants one answer: where there is none, the first confirmation is it.
    pub(super) fn answer(&mut self, answer: Option<Value>) -> Value {
        if let Some(answer) = answer {
            return answer;
        }
        let own = self.pushes.get(self.own..).unwrap_or_default();
        let Some(at) = own.iter().position(|value| !is_message(value)) else { return Value::Nil };
        let at = self.own + at;
        match self.protocol {
            Protocol::Resp2 => self.pushes.remove(at),
            // It is a message besides.
            Protocol::Resp3 => self.pushes[at].clone(),
        }
    }
}

/// Whether a push is a message of a channel, and no confirmation.
fn is_message(value: &Value) -> bool {
    use ::redis::PushKind::{Invalidate, Message, PMessage, SMessage};
    match value {
        Value::Push { kind, .. } => matches!(kind, Message | PMessage | SMessage | Invalidate),
        Value::Array(items) => {
            matches!(items.first(), Some(Value::BulkString(kind)) if kind.ends_with(b"message"))
        }
        _ => false,
    }
}

/// Waits until what was written is as safe as the engine was asked to make it, before that is answered: what this
/// thread wrote since it had appended what it had `before`, or all that was, if a command `waited` and others did its
/// work. One load in memory alone.
///
/// # Errors
/// The engine's own, in a server's words, if it cannot be made safe.
pub(super) fn make_safe(engine: &Engine, before: Option<u64>, waited: bool) -> RedisResult<()> {
    let safe = match waited {
        true => engine.make_all_safe(),
        // What wrote nothing has nothing to wait for.
        false if engine.appended() == before => return Ok(()),
        false => engine.make_safe(),
    };
    told(safe)
}

/// As [`make_safe`], for a future: what is to be awaited before it answers.
pub(super) fn safe_later(engine: &Engine, before: Option<u64>, waited: bool) -> Safety {
    match waited {
        true => engine.all_safe_later(),
        false => engine.safe_later(before),
    }
}

/// That something could not be made safe, in a server's words.
pub(super) fn told(safe: crate::Result<()>) -> RedisResult<()> {
    match safe.map_err(|error| server_error(&error)) {
        Err(Value::ServerError(error)) => Err(error.into()),
        _ => Ok(()),
    }
}

/// What a call on a connection says that is over.
pub(super) fn closed() -> RedisError {
    RedisError::from(io::Error::from(io::ErrorKind::BrokenPipe))
}
