//! Adding members and changing their scores: ZADD, ZINCRBY.

use crate::api::{Db, Scope};
use crate::error::{Error, Result};
use crate::keyspace::event::{ZADD, ZINCR};
use crate::keyspace::{Key, Tx};
use crate::text::double;
use crate::value::zset::{Added, How, IntoScore, Score, ZSet};

/// What [`Tx::zadd`] did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ZAdded {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    /// The score of the last member, unless the conditions kept it as it was.
    pub(crate) last: Option<f64>,
}

impl Tx<'_> {
    /// Adds members with their scores, or changes their scores (`ZADD`).
    ///
    /// # Errors
    /// Redis's words for a sum that is no number, which only an increment of one member can come to.
    pub(crate) fn zadd<'a>(
        &mut self,
        key: Key<'_>,
        pairs: impl ExactSizeIterator<Item = (f64, &'a [u8])> + Clone,
        how: How,
    ) -> Result<ZAdded> {
        let mut longest = 0;
        for (_, member) in pairs.clone() {
            longest = longest.max(member.len());
        }
        self.check_length(longest)?;
        let keyspace = self.keyspace();
        let limits = &keyspace.settings.limits;
        self.change(key, |slot| {
            let missing = slot.entry().is_none();
            let done = slot.edit::<ZSet, _>(|zset| {
                // What is never made needs no encoding.
                if !(missing && how.present) {
                    zset.announce(pairs.len(), longest, limits);
                }
                let mut done = ZAdded::default();
                for (score, member) in pairs.clone() {
                    done.last = match zset.add(member, score, how, limits) {
                        Added::New(score) => {
                            done.added += 1;
                            Some(score)
                        }
                        Added::Changed(score) => {
                            done.changed += 1;
                            Some(score)
                        }
                        Added::Same(score) => Some(score),
                        Added::Refused => None,
                        Added::NotANumber => {
                            return Err(Error::reply("ERR resulting score is not a number (NaN)"));
                        }
                    };
                }
                Ok(done)
            })?;
            if done.added + done.changed == 0 {
                return Ok(slot.unchanged(done));
            }
            let event = if how.increment { ZINCR } else { ZADD };
            slot.count_as(done.added + done.changed);
            Ok(slot.changed(done, &[event], |effect| {
                let mut words = vec![b"ZADD".to_vec(), key.bytes.to_vec()];
                let flags = [
                    (how.absent, "NX"),
                    (how.present, "XX"),
                    (how.greater, "GT"),
                    (how.less, "LT"),
                ];
                // What was added to is recorded as the sum that it came to.
                if !how.increment {
                    let given = flags.iter().filter(|(given, _)| *given);
                    words.extend(given.map(|(_, name)| name.as_bytes().to_vec()));
                }
                for (score, member) in pairs.clone() {
                    let score = done.last.filter(|_| how.increment).unwrap_or(score);
                    words.extend([text(score), member.to_vec()]);
                }
                let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                effect.command(&words);
            }))
        })
    }
}

/// A score as a command's word.
pub(super) fn text(score: f64) -> Vec<u8> {
    let mut text = Vec::new();
    double::write(score, &mut text);
    text
}

/// Which members [`Db::zadd_with`] touches. The default: all, whether they are there or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ZAddOptions {
    how: How,
}

impl ZAddOptions {
    /// All members, whether they are there or not.
    pub fn new() -> ZAddOptions {
        ZAddOptions::default()
    }

    /// Only adds members, and leaves those that are there (`NX`).
    pub fn if_absent(mut self) -> ZAddOptions {
        self.how.absent = true;
        self
    }

    /// Only changes members that are there (`XX`).
    ///
    /// ```
    /// use danio::{Db, ZAddOptions};
    ///
    /// let db = Db::in_memory();
    /// db.zadd("board", "ann", 10)?;
    /// let players = [("ann", 20), ("nobody", 99)];
    /// let outcome = db.zadd_with("board", players, ZAddOptions::new().if_present())?;
    /// assert_eq!((outcome.added, outcome.changed), (0, 1));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn if_present(mut self) -> ZAddOptions {
        self.how.present = true;
        self
    }

    /// Changes a member that is there only to a greater score (`GT`).
    ///
    /// ```
    /// use danio::{Db, ZAddOptions};
    ///
    /// // The best result of each; new players are added all the same.
    /// let db = Db::in_memory();
    /// db.zadd_many("best", [("ann", 10), ("bob", 50)])?;
    /// let results = [("ann", 20), ("bob", 40), ("cem", 5)];
    /// let outcome = db.zadd_with("best", results, ZAddOptions::new().if_greater())?;
    /// assert_eq!((outcome.added, outcome.changed), (1, 1));
    /// assert_eq!(db.zscore("best", "bob")?, Some(50.into()));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn if_greater(mut self) -> ZAddOptions {
        self.how.greater = true;
        self
    }

    /// Changes a member that is there only to a smaller score (`LT`).
    pub fn if_less(mut self) -> ZAddOptions {
        self.how.less = true;
        self
    }

    fn checked(self) -> Result<How> {
        let How { absent, present, greater, less, .. } = self.how;
        if absent && (present || greater || less) || greater && less {
            return Err(Error::Syntax);
        }
        Ok(self.how)
    }
}

/// What [`Db::zadd_with`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZAddOutcome {
    /// Members that are new.
    pub added: usize,
    /// Members whose score changed.
    pub changed: usize,
}

impl<S: Scope> Db<S> {
    /// Adds `member` with a score to the sorted set under `key`, or gives it that score if it is there
    /// (`ZADD`, O(log n), locks one stripe). Returns whether it is new. A sorted set that is
    /// missing is made.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds no sorted set; [`Error::NotFloat`] if the score is NaN.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert!(db.zadd("board", "ann", 1200)?);
    /// assert!(!db.zadd("board", "ann", 1250.5)?);
    /// assert_eq!(db.zscore("board", "ann")?, Some(1250.5.try_into()?));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zadd(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
        score: impl IntoScore,
    ) -> Result<bool> {
        let pair = (score.into_score()?.get(), member.as_ref());
        self.grow(key.as_ref(), |tx, key| {
            Ok(tx.zadd(key, std::iter::once(pair), How::default())?.added > 0)
        })
    }

    /// Adds members with their scores, as [`zadd`](Db::zadd) does, at one moment (`ZADD`, O(log n) each, locks one
    /// stripe). Returns how many are new.
    ///
    /// # Errors
    /// As [`zadd`](Db::zadd); nothing is changed then.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// assert_eq!(db.zadd_many("board", [("ann", 10), ("bob", 7), ("ann", 12)])?, 2);
    /// assert_eq!(db.zcard("board")?, 2);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zadd_many<M: AsRef<[u8]>, N: IntoScore>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl IntoIterator<Item = (M, N)>,
    ) -> Result<usize> {
        self.zadd_with(key, members, ZAddOptions::new()).map(|outcome| outcome.added)
    }

    /// Adds members with their scores as `options` say (`ZADD` with `NX`, `XX`, `GT`, `LT`; O(log n) each, locks
    /// one stripe).
    ///
    /// # Errors
    /// As [`zadd`](Db::zadd), and [`Error::Syntax`] if the options exclude one another. Nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, ZAddOptions};
    ///
    /// let db = Db::in_memory();
    /// db.zadd("best", "ann", 100)?;
    /// let best = ZAddOptions::new().if_greater();
    /// let outcome = db.zadd_with("best", [("ann", 90), ("bob", 80)], best)?;
    /// assert_eq!((outcome.added, outcome.changed), (1, 0));
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zadd_with<M: AsRef<[u8]>, N: IntoScore>(
        &self,
        key: impl AsRef<[u8]>,
        members: impl IntoIterator<Item = (M, N)>,
        options: ZAddOptions,
    ) -> Result<ZAddOutcome> {
        let how = options.checked()?;
        let mut pairs = Vec::new();
        for (member, score) in members {
            pairs.push((score.into_score()?.get(), member));
        }
        let pairs = pairs.iter().map(|(score, member)| (*score, member.as_ref()));
        self.grow(key.as_ref(), |tx, key| {
            let done = tx.zadd(key, pairs, how)?;
            Ok(ZAddOutcome { added: done.added, changed: done.changed })
        })
    }

    /// Adds to the score of `member`, 0 if it is not there (`ZINCRBY`, O(log n), locks one stripe). Returns
    /// the sum.
    ///
    /// # Errors
    /// As [`zadd`](Db::zadd), and Redis's words if the sum is no number: infinity and its opposite.
    ///
    /// ```
    /// let db = danio::Db::in_memory();
    /// db.zincr_by("board", "ann", 5)?;
    /// assert_eq!(db.zincr_by("board", "ann", -2)?, 3.into());
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zincr_by(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
        by: impl IntoScore,
    ) -> Result<Score> {
        let sum = self.zincr_with(key, member, by, ZAddOptions::new())?;
        Ok(sum.expect("no condition keeps the member as it is"))
    }

    /// Adds to the score of `member` if `options` allow it (`ZADD` with `INCR`; O(log n), locks one stripe). Returns
    /// the sum, or `None` if they did not.
    ///
    /// # Errors
    /// As [`zincr_by`](Db::zincr_by) and [`zadd_with`](Db::zadd_with).
    ///
    /// ```
    /// use danio::{Db, ZAddOptions};
    ///
    /// let db = Db::in_memory();
    /// let known = ZAddOptions::new().if_present();
    /// assert_eq!(db.zincr_with("board", "ann", 1, known)?, None);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn zincr_with(
        &self,
        key: impl AsRef<[u8]>,
        member: impl AsRef<[u8]>,
        by: impl IntoScore,
        options: ZAddOptions,
    ) -> Result<Option<Score>> {
        let how = How { increment: true, ..options.checked()? };
        let pair = (by.into_score()?.get(), member.as_ref());
        self.grow(key.as_ref(), |tx, key| {
            Ok(tx.zadd(key, std::iter::once(pair), how)?.last.map(Score::known))
        })
    }
}
