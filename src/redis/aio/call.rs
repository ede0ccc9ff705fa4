//! Calls on a connection that several futures share: one after the other, in the order in which they came.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use ::redis::{Cmd, Pipeline, RedisResult, Value};
use parking_lot::{Mutex, MutexGuard};

use crate::api::Safety;
use crate::redis::bell::Bell;
use crate::redis::connection::Answers;
use crate::redis::packed;
use crate::redis::talk::{Step, Talk, safe_later, told};

/// A conversation, and who waits for a turn in it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<Turns>,
    pub(super) bell: Arc<Bell>,
    /// Whether somebody takes what is pushed.
    pub(super) heard: bool,
}

/// Whose turn it is.
#[derive(Debug)]
pub(super) struct Turns {
    pub(super) talk: Talk,
    /// Whether somebody's command waits.
    busy: bool,
    /// Those who wait for it, first come first served.
    line: VecDeque<(u64, Waker)>,
    last: u64,
}

impl Turns {
    pub(super) fn new(talk: Talk) -> Turns {
        Turns { talk, busy: false, line: VecDeque::new(), last: 0 }
    }

    /// Whether `number` may go on, or somebody new if there is none.
    fn is_turn_of(&self, number: Option<u64>) -> bool {
        let first = self.line.front().map(|(first, _)| *first);
        !self.busy && (first.is_none() || first == number)
    }

    /// Leaves the line, and has the next one look.
    fn leave(&mut self, number: Option<u64>) -> Option<Waker> {
        if let Some(number) = number {
            self.line.retain(|(other, _)| *other != number);
        }
        if self.busy { None } else { self.line.front().map(|(_, waker)| waker.clone()) }
    }
}

impl Shared {
    /// Locks the conversation.
    pub(super) fn lock(&self) -> MutexGuard<'_, Turns> {
        self.state.lock()
    }
}

/// What a call is made of.
#[derive(Debug)]
pub(super) enum Work<'a> {
    One(&'a Cmd),
    Many { pipeline: &'a Pipeline, multi: Option<[Cmd; 2]> },
}

impl<'a> Work<'a> {
    /// A pipeline, between MULTI and EXEC if it is a transaction.
    pub(super) fn many(pipeline: &'a Pipeline) -> Work<'a> {
        let multi =
            pipeline.is_transaction().then(|| [::redis::cmd("MULTI"), ::redis::cmd("EXEC")]);
        Work::Many { pipeline, multi }
    }

    fn command(&self, at: usize) -> Option<&Cmd> {
        match self {
            Work::One(cmd) => (at == 0).then_some(*cmd),
            Work::Many { pipeline, multi: None } => pipeline.cmd_iter().nth(at),
            Work::Many { pipeline, multi: Some([multi, exec]) } => match at.checked_sub(1) {
                None => Some(multi),
                Some(at) if at == pipeline.len() => Some(exec),
                Some(at) => pipeline.cmd_iter().nth(at),
            },
        }
    }
}

/// One call: a future that is pending while others have their turn, or while its command waits.
#[derive(Debug)]
pub(super) struct Call<'a> {
    shared: &'a Shared,
    work: Work<'a>,
    /// How many commands are answered.
    done: usize,
    answers: Option<Answers>,
    place: Place,
    /// Whether one of them has waited for others to do its work.
    waited: bool,
    /// What is awaited before it is answered, when it is over.
    safety: Option<Safety>,
}

/// Where a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    New,
    InLine(u64),
    /// Its command waits, and with it all others.
    Waits,
    /// All has run, and others have their turn.
    Over,
}

impl<'a> Call<'a> {
    pub(super) fn new(shared: &'a Shared, work: Work<'a>, offset: usize, count: usize) -> Call<'a> {
        let answers = Some(Answers::new(offset, count));
        Call { shared, work, done: 0, answers, place: Place::New, waited: false, safety: None }
    }

    /// Runs what can be run; true when all is answered.
    fn go(&mut self, turns: &mut Turns, waker: &Waker) -> RedisResult<bool> {
        if self.place == Place::Waits {
            self.shared.bell.wake_next(waker);
            let Some(value) = turns.talk.resume()? else { return Ok(false) };
            self.take(turns, value);
        }
        if let (Work::One(cmd), 0) = (&self.work, self.done) {
            // What is most of all calls.
            match turns.talk.begin(cmd)? {
                Step::Done(value) => self.take(turns, value),
                Step::Waits => return self.wait(turns, waker),
            }
            return Ok(true);
        }
        while let Some(cmd) = self.work.command(self.done) {
            match turns.talk.begin(cmd)? {
                Step::Done(value) => self.take(turns, value),
                Step::Waits => {
                    if !self.wait(turns, waker)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    /// Has the others wait for this call's command, unless it is answered already.
    fn wait(&mut self, turns: &mut Turns, waker: &Waker) -> RedisResult<bool> {
        self.place = Place::Waits;
        self.waited |= turns.talk.waits_to_be_served();
        turns.busy = true;
        self.shared.bell.wake_next(waker);
        match turns.talk.resume()? {
            None => Ok(false),
            Some(value) => {
                self.take(turns, value);
                Ok(true)
            }
        }
    }

    fn take(&mut self, turns: &mut Turns, value: Option<Value>) {
        let value = turns.talk.answer(value);
        if let Some(answers) = &mut self.answers {
            answers.take(self.done, value);
        }
        self.done += 1;
        if !self.shared.heard {
            turns.talk.pushes.clear();
        } else if !turns.talk.pushes.is_empty() || !turns.talk.is_open() {
            self.shared.bell.ring();
        }
    }

    /// Answers, when what it wrote is as safe as was asked for.
    fn finish(&mut self, cx: &mut Context<'_>) -> Poll<RedisResult<Vec<Value>>> {
        if let Some(safety) = &mut self.safety {
            let safe = ready!(Pin::new(safety).poll(cx));
            self.safety = None;
            if let Err(error) = told(safe) {
                return Poll::Ready(Err(error));
            }
        }
        let answers = self.answers.take().ok_or_else(packed::empty);
        Poll::Ready(answers.and_then(|answers| answers.finish()))
    }

    /// Ends the call, and lets the next one have its turn.
    fn leave(&mut self, mut turns: MutexGuard<'_, Turns>) {
        let number = match self.place {
            Place::InLine(number) => Some(number),
            Place::Waits => {
                turns.busy = false;
                None
            }
            Place::New | Place::Over => None,
        };
        self.place = Place::Over;
        let next = turns.leave(number);
        drop(turns);
        if let Some(next) = next {
            next.wake();
        }
    }
}

impl Future for Call<'_> {
    type Output = RedisResult<Vec<Value>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.get_mut();
        if call.safety.is_some() {
            return call.finish(cx);
        }
        let shared = call.shared;
        let mut turns = shared.lock();
        let number = match call.place {
            Place::InLine(number) => Some(number),
            _ => None,
        };
        if call.place != Place::Waits && !turns.is_turn_of(number) {
            let number = number.unwrap_or_else(|| {
                turns.last += 1;
                turns.last
            });
            call.place = Place::InLine(number);
            match turns.line.iter_mut().find(|(other, _)| *other == number) {
                Some((_, waker)) => waker.clone_from(cx.waker()),
                None => turns.line.push_back((number, cx.waker().clone())),
            }
            return Poll::Pending;
        }
        if let Some(number) = number {
            turns.line.retain(|(other, _)| *other != number);
            call.place = Place::New;
        }
        // A call that does not wait is over within this poll, and so on this thread.
        let before = turns.talk.engine().appended();
        match call.go(&mut turns, cx.waker()) {
            Ok(false) => return Poll::Pending,
            Ok(true) => {}
            Err(error) => {
                call.leave(turns);
                return Poll::Ready(Err(error));
            }
        }
        call.safety = Some(safe_later(turns.talk.engine(), before, call.waited));
        // The others have their turn while it is made safe.
        call.leave(turns);
        call.finish(cx)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        match self.place {
            Place::New | Place::Over => {}
            Place::InLine(_) => self.leave(self.shared.lock()),
            Place::Waits => {
                let mut turns = self.shared.lock();
                turns.talk.give_up();
                self.leave(turns);
            }
        }
    }
}
