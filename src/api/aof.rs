//! The append-only file: rewriting it, waiting for it, turning it on and off.

use std::time::Duration;

use super::Engine;
use super::vigil::Vigil;
use crate::error::{Error, Result};
use crate::journal::Outcome;

impl Engine {
    /// Whether all changes are kept in an append-only file (`appendonly`).
    ///
    /// ```
    /// use danio::{Config, Engine};
    /// assert!(!Engine::open(Config::new())?.is_append_only());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn is_append_only(&self) -> bool {
        self.aof().is_on()
    }

    /// Keeps all changes in an append-only file from now on, or no longer (`appendonly`, while it runs). To begin writes a
    /// snapshot, O(all there is), while others go on reading and writing; to end waits until what there is was
    /// written. Until the snapshot is in place, what is written is not kept.
    ///
    /// # Errors
    /// [`Error::Io`] if the files cannot be made, or another engine, of this process or another, writes them (its kind is
    /// `ResourceBusy` then); nothing is kept then.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let dir = std::env::temp_dir().join(format!("danio-doc-on-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let engine = Engine::open(Config::new().dir(&dir))?;
    /// engine.db(0)?.set("k", "v")?;
    /// engine.set_append_only(true)?;
    /// drop(engine);
    /// let engine = Engine::open(Config::new().dir(&dir).append_only(true))?;
    /// assert!(engine.db(0)?.exists("k"));
    /// # drop(engine);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_append_only(&self, yes: bool) -> Result<()> {
        self.keyspace().refuse_inside();
        self.aof().set_wanted(yes);
        match yes {
            true => self.aof().start().map_err(|error| {
                self.aof().set_wanted(false);
                self.aof_error(&error)
            }),
            false => {
                self.aof().close();
                Ok(())
            }
        }
    }

    /// Writes a new base for the append-only file, which then takes no more room than the data (`BGREWRITEAOF`). O(all there
    /// is); locks all stripes for microseconds, then one at a time for some 30 keys, while others go on reading and
    /// writing. Returns when the new files count and the old ones are gone.
    ///
    /// # Errors
    /// [`Error::Io`] if the files cannot be written, or, its kind being `ResourceBusy`, another engine writes them: the old ones
    /// go on then.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let dir = std::env::temp_dir().join(format!("danio-doc-rewrite-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let engine = Engine::open(Config::new().dir(&dir).append_only(true))?;
    /// let db = engine.db(0)?;
    /// (0..100).try_for_each(|_| db.incr("n").map(drop))?;
    /// engine.rewrite()?;
    /// drop((db, engine));
    /// let engine = Engine::open(Config::new().dir(&dir).append_only(true))?;
    /// assert_eq!(engine.db(0)?.get("n")?.as_deref(), Some(&b"100"[..]));
    /// # drop(engine);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rewrite(&self) -> Result<()> {
        self.keyspace().refuse_inside();
        self.aof().rewrite().map_err(|error| self.aof_error(&error))
    }

    /// Waits until all that was written so far, by whatever thread, is on disk, whenever `appendfsync` would have it there.
    /// Returns at once if there is no append-only file.
    ///
    /// # Errors
    /// [`Error::AofFailing`] if it cannot be written now. It is kept, and written when it can be.
    ///
    /// ```
    /// use danio::{Config, Engine};
    ///
    /// let dir = std::env::temp_dir().join(format!("danio-doc-synced-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let engine = Engine::open(Config::new().dir(&dir).append_only(true))?;
    /// let db = engine.db(0)?;
    /// (0..1000).try_for_each(|n| db.set(format!("key:{n}"), "v"))?;
    /// engine.synced()?; // a crash of the machine takes nothing of this
    /// # drop((db, engine));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn synced(&self) -> Result<()> {
        self.keyspace().refuse_inside();
        match self.aof().sync_up_to(self.aof().journal.all()) {
            Outcome::Safe => Ok(()),
            Outcome::Failed => Err(self.keyspace().settings.gate.aof_error()),
        }
    }

    /// Waits until all that was written so far, by whatever thread, is on disk, by the syncs that `appendfsync` makes
    /// anyway (`WAITAOF 1 0`); for so long at most, or for as long as it takes. Returns whether it is on disk. It asks for no sync, as
    /// [`synced`](Engine::synced) does: any number of threads wait for the next one, which with `everysec` is at most a second
    /// away and with `no` may never come. While the disk fails it waits on, until what was kept is written. No lock is held.
    ///
    /// # Errors
    /// [`Error::Reply`] if there is no append-only file, or it is turned off meanwhile.
    ///
    /// ```
    /// use std::time::Duration;
    /// use danio::{AppendFsync, Config, Engine};
    ///
    /// let dir = std::env::temp_dir().join(format!("danio-doc-wait-aof-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let config = Config::new().dir(&dir).append_only(true).append_fsync(AppendFsync::EverySec);
    /// let engine = Engine::open(config)?;
    /// engine.db(0)?.set("k", "v")?; // in memory, and soon in the kernel's hands
    /// assert!(engine.wait_aof(Some(Duration::from_secs(60)))?); // and now on disk
    /// engine.set_append_only(false)?;
    /// assert!(engine.wait_aof(None).is_err());
    /// # drop(engine);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_aof(&self, limit: Option<Duration>) -> Result<bool> {
        self.keyspace().refuse_inside();
        self.check_kept()?;
        let up_to = self.aof().journal.all();
        let mut vigil = Vigil::begin(self, Some(up_to))?;
        vigil.ticket.sleep(limit)?;
        self.check_kept()?;
        Ok(self.holds(up_to))
    }
}

impl Engine {
    /// The error for files that cannot be made or read; it names where they are.
    pub(crate) fn aof_error(&self, error: &std::io::Error) -> Error {
        match error.kind() {
            // It says so itself.
            std::io::ErrorKind::ResourceBusy => Error::io(error),
            _ => Error::file(&self.aof().folder().path, error),
        }
    }
}

#[cfg(feature = "async")]
pub use future::Synced;

#[cfg(feature = "async")]
mod future {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use crate::api::Engine;
    use crate::config::AppendFsync;
    use crate::error::Result;
    use crate::journal::{Outcome, Wait, Woken};
    use crate::sync::Mutex;

    /// [`Engine::synced`] as a future, made by [`Engine::synced_async`]. It needs no runtime, and may be dropped at any
    /// time.
    #[must_use = "futures do nothing unless they are awaited"]
    #[derive(Debug)]
    pub struct Synced {
        engine: Engine,
        /// All up to here.
        up_to: u64,
        /// Whether it is synced though nothing else would have it be.
        forced: bool,
        waiting: Option<(Wait, Arc<Bell>)>,
    }

    /// Wakes the task that waits.
    #[derive(Debug, Default)]
    struct Bell(Mutex<Option<Waker>>);

    impl Woken for Bell {
        fn wake(&self) {
            let waker = self.0.lock().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    impl Synced {
        /// What is to be awaited before something is acknowledged that ends at `up_to`; nothing if it may be at once.
        pub(in crate::api) fn as_asked(engine: &Engine, up_to: u64) -> Option<Synced> {
            let aof = engine.aof();
            let always = aof.settings.fsync() == AppendFsync::Always;
            if !always {
                aof.journal.nudge();
            }
            // What would have a thread wait until there is room has a future wait until it is safe.
            let forced = !always && aof.journal.is_crowded();
            let waits = always
                && aof.journal.outcome(&aof.journal.wait_from_now(up_to)) != Some(Outcome::Safe);
            let waiting = None;
            (waits || forced).then(|| Synced { engine: engine.clone(), up_to, forced, waiting })
        }
    }

    impl Engine {
        /// As [`synced`](Engine::synced), as a future: of what was written before this call.
        ///
        /// # Errors
        /// As [`synced`](Engine::synced).
        ///
        /// ```
        /// use danio::{Config, Engine};
        ///
        /// let engine = Engine::open(Config::new())?;
        /// pollster::block_on(engine.synced_async())?; // no append-only file: nothing to wait for
        /// # Ok::<(), danio::Error>(())
        /// ```
        pub fn synced_async(&self) -> Synced {
            let up_to = self.aof().journal.all();
            Synced { engine: self.clone(), up_to, forced: true, waiting: None }
        }
    }

    impl Future for Synced {
        type Output = Result<()>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            let aof = self.engine.aof().clone();
            if self.waiting.is_none() {
                let bell = Arc::<Bell>::default();
                *bell.0.lock() = Some(cx.waker().clone());
                let woken: Arc<dyn Woken> = bell.clone();
                let wait = aof.journal.when_safe(self.up_to, &woken);
                match self.forced {
                    true => aof.want(self.up_to),
                    false => aof.hurry(self.up_to),
                }
                self.waiting = Some((wait, bell));
            } else if let Some((_, bell)) = &self.waiting {
                let old = bell.0.lock().replace(cx.waker().clone());
                // Dropping a waker may run anything.
                drop(old);
            }
            let outcome = self.waiting.as_ref().and_then(|(wait, _)| aof.journal.outcome(wait));
            match outcome {
                None => Poll::Pending,
                Some(Outcome::Safe) => Poll::Ready(Ok(())),
                Some(Outcome::Failed) => {
                    Poll::Ready(Err(self.engine.keyspace().settings.gate.aof_error()))
                }
            }
        }
    }
}
