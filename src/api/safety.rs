//! Writes whose thread does not wait for the disk (`appendfsync always`): it is told when they are safe.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Engine;
#[cfg(feature = "aof")]
use super::aof::Synced;
use crate::error::Result;

/// That what was written is as safe as the engine was asked to make it.
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
pub(crate) struct Safety {
    /// Nothing if there is nothing to wait for.
    #[cfg(feature = "aof")]
    synced: Option<Synced>,
}

impl Future for Safety {
    /// `AofFailing` if it cannot be made so.
    type Output = Result<()>;

    #[cfg(feature = "aof")]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.synced {
            None => Poll::Ready(Ok(())),
            Some(synced) => Pin::new(synced).poll(cx),
        }
    }

    #[cfg(not(feature = "aof"))]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Engine {
    /// Of what this thread wrote since it had appended what it had `before`. One load in memory alone.
    pub(crate) fn safe_later(&self, before: Option<u64>) -> Safety {
        #[cfg(feature = "aof")]
        {
            let wrote = self.appended() != before;
            let up_to = wrote.then(|| self.aof().journal.take_appended()).flatten();
            Safety { synced: up_to.and_then(|up_to| Synced::as_asked(self, up_to)) }
        }
        #[cfg(not(feature = "aof"))]
        {
            let _ = before;
            Safety {}
        }
    }

    /// Of all that was written so far: what others did on behalf of this thread is among it.
    pub(crate) fn all_safe_later(&self) -> Safety {
        #[cfg(feature = "aof")]
        return Safety { synced: Synced::as_asked(self, self.aof().journal.all()) };
        #[cfg(not(feature = "aof"))]
        Safety {}
    }

    /// Does some work whose writes do not wait for the disk. Gives what came of it, and what to await before that is
    /// told.
    pub(crate) fn unawaited<R>(&self, work: impl FnOnce() -> R) -> (R, Safety) {
        #[cfg(feature = "aof")]
        let deferred = self.aof().journal.defer();
        let before = self.appended();
        let result = work();
        let safety = self.safe_later(before);
        #[cfg(feature = "aof")]
        drop(deferred);
        (result, safety)
    }
}

impl Engine {
    /// Calls `work`, and is ready when all that it wrote is as safe as `appendfsync` says, without a thread waiting for that.
    ///
    /// Under `always` a write lets its thread wait until it is on disk. Within `work`, writes to this engine by any of its
    /// handles take effect in memory and do not wait; the future does, for all of them together. `work` runs when the
    /// future is first polled, on the thread that polls it, and may do what is done in async code anyway: each call is
    /// bounded, but for those whose documentation says that they wait for keys. Others see what was written as
    /// soon as it is in memory. With the other policies, and without an append-only file, the future is ready at once.
    ///
    /// It may be dropped at any moment. What was written stays and will be on disk; nobody is told when.
    ///
    /// # Errors
    /// [`Error::AofFailing`](crate::Error::AofFailing) if something was written that cannot be made safe now: it is in memory, is kept, and written
    /// when it can be. Otherwise what `work` returns.
    ///
    /// ```
    /// # #[cfg(feature = "aof")]
    /// use danio::AppendFsync;
    /// use danio::{Config, Engine};
    ///
    /// # pollster::block_on(async {
    /// # let dir = std::env::temp_dir().join(format!("danio-doc-write-async-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir).expect("a folder");
    /// # let config = Config::new();
    /// # #[cfg(feature = "aof")]
    /// # let config = config.dir(&dir).append_only(true).append_fsync(AppendFsync::Always);
    /// let engine = Engine::open(config)?;
    /// let db = engine.db(0)?;
    /// let left = engine.write_async(|| {
    ///     db.rpush("orders", ["7 pears"])?;
    ///     db.incr_by("pears", -7)
    /// });
    /// assert_eq!(left.await?, -7); // both are on disk, by one sync
    /// # drop((db, engine));
    /// # std::fs::remove_dir_all(&dir).expect("it is there");
    /// # Ok::<(), danio::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn write_async<R, E: From<crate::Error>>(
        &self,
        work: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, E> {
        let (result, safety) = self.unawaited(work);
        safety.await?;
        result
    }
}
