//! How long a call still waits that may have to wait more than once.

use std::time::{Duration, SystemTime};

use crate::api::Db;

/// A time-out by the engine's clock, from when it was made.
pub(super) struct Patience {
    db: Db,
    timeout: Option<Duration>,
    until: Option<SystemTime>,
}

impl Patience {
    pub(super) fn new(db: &Db, timeout: Option<Duration>) -> Patience {
        // A time that cannot be reached is for ever.
        let until = timeout.and_then(|timeout| db.engine().time().checked_add(timeout));
        Patience { db: db.clone(), timeout, until }
    }

    /// What is left of it; nothing if it is for ever.
    pub(super) fn left(&self) -> Option<Duration> {
        match (self.timeout, self.until) {
            (Some(Duration::ZERO), _) => Some(Duration::ZERO),
            (_, Some(until)) => {
                Some(until.duration_since(self.db.engine().time()).unwrap_or(Duration::ZERO))
            }
            _ => None,
        }
    }
}
