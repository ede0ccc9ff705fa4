//! Calls that wait: threads that sleep until there is something, and futures.

use std::time::Duration;

use super::Db;
use crate::blocking::{Entered, Got, Ticket, Want};
use crate::error::Result;

#[cfg(feature = "async")]
pub use future::Waiting;

/// What a call that waits was brought, until it may be told: if it is dropped before, it goes back.
enum Brought<W: Want> {
    /// There was nothing before the time was over.
    Nothing,
    /// It did not have to wait.
    Now(Got<W>),
    /// The wait is over.
    Later(Ticket<W>),
}

impl Db {
    /// Does what is wanted, as soon as there is something for it. What was taken and cannot be made safe goes back.
    pub(super) fn wait<W: Want, T>(
        &self,
        want: W,
        limit: Option<Duration>,
        show: impl FnOnce(&W, W::Out) -> T,
    ) -> Result<Option<T>> {
        let brought = self.wait_for(want, limit)?;
        // Whoever served this call has appended what it did.
        self.engine().make_all_safe()?;
        match brought {
            Brought::Nothing => Ok(None),
            Brought::Now(mut got) => Ok(got.take(show)),
            Brought::Later(mut ticket) => ticket.take(None, show).expect("the wait is over"),
        }
    }

    fn wait_for<W: Want>(&self, want: W, limit: Option<Duration>) -> Result<Brought<W>> {
        let (room, db) = (self.engine().waiting_room(), self.number());
        // Nothing ever comes to no key.
        if limit == Some(Duration::ZERO) || want.keys().is_empty() {
            let had = room.attempt(db, want)?;
            return Ok(had.map_or(Brought::Nothing, |(want, out)| {
                Brought::Now(Got::new(room, db, want, out))
            }));
        }
        let mut ticket = match room.enter(db, want)? {
            Entered::Now(want, out) => return Ok(Brought::Now(Got::new(room, db, want, out))),
            Entered::Waits(ticket) => ticket,
        };
        ticket.sleep(limit)?;
        Ok(Brought::Later(ticket))
    }
}

#[cfg(feature = "async")]
mod future {
    use std::fmt;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};
    use std::time::Duration;

    use crate::api::Db;
    use crate::api::safety::Safety;
    use crate::blocking::{Entered, Got, Ticket, Want};
    use crate::error::Result;

    /// A call that waits, as a future; made by the methods whose names end in `_async`.
    ///
    /// It needs no runtime: any may poll it, and any thread. Nothing happens before the first poll. Then it has its
    /// place in line, between threads and connections, until it is ready or dropped.
    ///
    /// It may be dropped at any moment, as `select!` does with what comes second, and nothing is lost: it
    /// leaves the line, and if it was served with elements that it has not returned yet, they go back to the end
    /// that they came from, for the next in line. (If the key holds another type by then, they
    /// go the way of what it held before.) What BLMOVE moved stays moved, and entries that a group
    /// was given are pending with the consumer, as if it had stopped right after reading them.
    ///
    /// With an append-only file and `appendfsync always` it is ready when what it took is on disk, for which no thread
    /// waits; and if it cannot be, it fails, and what it took goes back.
    ///
    /// A time-out is kept by a thread of the engine, started when a future with a time-out first waits; by
    /// nobody if the engine's clock is moved by hand: moving it ends what is over.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Waiting<T>(Box<dyn Step<T>>);

    impl<T> Future for Waiting<T> {
        /// Nothing if the time was over first.
        type Output = Result<Option<T>>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            self.0.step(cx)
        }
    }

    impl<T> fmt::Debug for Waiting<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Waiting").finish_non_exhaustive()
        }
    }

    trait Step<T>: Send {
        fn step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<T>>>;
    }

    struct Call<W: Want, S> {
        db: Db,
        limit: Option<Duration>,
        stage: Stage<W>,
        /// What is awaited before the outcome is told.
        safety: Option<Safety>,
        show: S,
    }

    enum Stage<W: Want> {
        New(W),
        Waits(Ticket<W>),
        /// It did not have to wait.
        Got(Got<W>),
        /// There was nothing, or an error.
        Told(Result<()>),
        Over,
    }

    impl<W: Want, T, S: Fn(&W, W::Out) -> T + Send> Step<T> for Call<W, S> {
        fn step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<T>>> {
            if let Stage::New(_) = &self.stage {
                self.begin();
            }
            if let Stage::Waits(ticket) = &self.stage
                && !ticket.is_settled(cx.waker())
            {
                return Poll::Pending;
            }
            // What was brought stays where it goes back from until it may be told.
            let engine = self.db.engine();
            let safety = self.safety.get_or_insert_with(|| engine.all_safe_later());
            let safe = ready!(Pin::new(safety).poll(cx));
            let result = match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Waits(mut ticket) if safe.is_ok() => {
                    ticket.take(None, &self.show).expect("it is settled")
                }
                Stage::Got(mut got) if safe.is_ok() => Ok(got.take(&self.show)),
                Stage::Told(result) => result.map(|()| None),
                Stage::Waits(_) | Stage::Got(_) => Ok(None),
                Stage::New(_) | Stage::Over => panic!("a future was polled after it was ready"),
            };
            Poll::Ready(safe.and(result))
        }
    }

    impl<W: Want, S> Call<W, S> {
        /// Tries at once, and takes its place in line if there is nothing.
        fn begin(&mut self) {
            let Stage::New(want) = std::mem::replace(&mut self.stage, Stage::Over) else { return };
            self.stage = self.enter(want).unwrap_or_else(|error| Stage::Told(Err(error)));
        }

        fn enter(&self, want: W) -> Result<Stage<W>> {
            let (room, db) = (self.db.engine().waiting_room(), self.db.number());
            // Nothing ever comes to no key.
            if self.limit == Some(Duration::ZERO) || want.keys().is_empty() {
                return Ok(match room.attempt(db, want)? {
                    Some((want, out)) => Stage::Got(Got::new(room, db, want, out)),
                    None => Stage::Told(Ok(())),
                });
            }
            let mut ticket = match room.enter(db, want)? {
                Entered::Now(want, out) => return Ok(Stage::Got(Got::new(room, db, want, out))),
                Entered::Waits(ticket) => ticket,
            };
            if let Some(limit) = self.limit {
                ticket.end_after(limit)?;
            }
            Ok(Stage::Waits(ticket))
        }
    }

    impl Db {
        /// As [`wait`](Db::wait), as a future.
        pub(in crate::api) fn later<W: Want, T>(
            &self,
            want: W,
            limit: Option<Duration>,
            show: impl Fn(&W, W::Out) -> T + Send + 'static,
        ) -> Waiting<T>
        where
            T: 'static,
        {
            let db = self.clone();
            Waiting(Box::new(Call { db, limit, stage: Stage::New(want), safety: None, show }))
        }
    }
}
