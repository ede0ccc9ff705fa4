//! What is waited for.

use std::fmt::Debug;

use smallvec::SmallVec;

use crate::clock::Millis;
use crate::error::Result;
use crate::keyspace::{Concern, Key, OwnedKey, Tx};

/// Which of a want's keys to try, by their places, ascending.
pub(crate) type Tried = SmallVec<[usize; 4]>;

/// An operation on the first of some keys that has something for it.
///
/// While one waits, none of its keys has anything for it: whoever changes a key serves those who wait for
/// it. So only keys that have changed need to be tried, or all if it is time that [brings](Want::ripens) it.
pub(crate) trait Want: Debug + Send + Sync + 'static {
    /// What it comes to.
    type Out: Debug + Send + 'static;

    /// The keys.
    fn keys(&self) -> &[OwnedKey];

    /// After which changes to try again.
    fn concern(&self) -> Concern;

    /// A key besides that it changes.
    fn reach(&self) -> Option<Key<'_>> {
        None
    }

    /// Whether what it does may need memory.
    fn grows(&self) -> bool {
        false
    }

    /// Whether it changes anything, and so is refused when no write is accepted.
    fn changes(&self) -> bool {
        true
    }

    /// Works out what depends on how the keys are at first; `tx` holds all of them exclusively.
    ///
    /// # Errors
    /// As [`attempt`](Want::attempt).
    fn prepare(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let _ = tx;
        Ok(())
    }

    /// Does it, if one of the keys to try has something; `tx` holds those exclusively, and `reach`.
    ///
    /// # Errors
    /// What ends the wait without result; nothing was changed then.
    fn attempt(&self, tx: &mut Tx<'_>, tried: &[usize]) -> Result<Option<Self::Out>>;

    /// When to try again, after an attempt in vain, although nothing has changed; `tx` is that of the attempt.
    fn ripens(&self, tx: &Tx<'_>) -> Option<Millis> {
        let _ = tx;
        None
    }

    /// Puts back what was taken and nobody came for; `tx` holds the keys exclusively.
    fn put_back(&self, tx: &mut Tx<'_>, out: Self::Out);
}
