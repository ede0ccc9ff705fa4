//! A wait that no key ends.

use super::want::Want;
use crate::error::Result;
use crate::keyspace::{Concern, OwnedKey, Tx};

/// What no change to a key brings: whoever waits for it waits until the time is over, or somebody
/// [ends](super::Cancel::cancel) the wait.
#[derive(Debug)]
pub(crate) struct Word;

impl Want for Word {
    type Out = ();

    fn keys(&self) -> &[OwnedKey] {
        &[]
    }

    fn concern(&self) -> Concern {
        Concern::Any
    }

    fn changes(&self) -> bool {
        false
    }

    fn attempt(&self, _: &mut Tx<'_>, _: &[usize]) -> Result<Option<()>> {
        Ok(None)
    }

    fn put_back(&self, _: &mut Tx<'_>, (): ()) {}
}
