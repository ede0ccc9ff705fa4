//! SORT: the elements of a list, a set or a sorted set, in an order of one's choice.

use std::borrow::Cow;
use std::cmp::Ordering;

use bytes::Bytes;

use super::{Db, Scope};
use crate::ds::packed::Item;
use crate::error::{Error, Result};
use crate::keyspace::event::SORTSTORE;
use crate::keyspace::{Access, Key, Tx};
use crate::text::double;
use crate::value::Type;
use crate::value::hash::StoredHash;
use crate::value::list::{List, ListRef};
use crate::value::set::{Member, SetRef};
use crate::value::string::Digits;
use crate::value::zset::ZSetRef;

/// How [`Db::sort`] orders, and what it answers with.
///
/// ```
/// use danio::{Db, SortOptions};
///
/// let db = Db::in_memory();
/// db.execute(["SADD", "ids", "3", "1", "2"])?;
/// db.mset([("weight:1", "30"), ("weight:2", "10"), ("weight:3", "20")])?;
/// db.mset([("name:1", "Ann"), ("name:2", "Bob")])?;
/// let options = SortOptions::new().by("weight:*").get("#").get("name:*").limit(0, 2);
/// let bob_and_nobody = [Some("2".into()), Some("Bob".into()), Some("3".into()), None];
/// assert_eq!(db.sort("ids", &options)?, bob_and_nobody);
/// # Ok::<(), danio::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SortOptions {
    by: Option<Box<[u8]>>,
    /// Whether some `BY` named no key, which stops the sorting.
    unsorted: bool,
    gets: Vec<Box<[u8]>>,
    /// The first element to show and how many; negative is all.
    limit: Option<(i64, i64)>,
    descending: bool,
    alphabetic: bool,
}

impl SortOptions {
    /// By the numbers that the elements are, upwards.
    pub fn new() -> SortOptions {
        SortOptions::default()
    }

    /// Orders by other keys (`BY`): the `*` in `pattern` is replaced with the element; `key_*->field` is a
    /// field of a hash. A pattern without `*` leaves the elements in the order that they have.
    pub fn by(mut self, pattern: impl AsRef<[u8]>) -> SortOptions {
        let pattern = c_string(pattern.as_ref());
        self.unsorted |= !pattern.contains(&b'*');
        self.by = Some(pattern.into());
        self
    }

    /// Answers with other keys in place of the element (`GET`), patterns as for [`by`](SortOptions::by), and
    /// `#` for the element itself. May be repeated.
    pub fn get(mut self, pattern: impl AsRef<[u8]>) -> SortOptions {
        self.gets.push(pattern.as_ref().into());
        self
    }

    /// Answers with `count` elements from the one numbered `offset` on (`LIMIT`); a negative count is all.
    pub fn limit(mut self, offset: i64, count: i64) -> SortOptions {
        self.limit = Some((offset, count));
        self
    }

    /// The greatest first (`DESC`).
    pub fn descending(self) -> SortOptions {
        self.in_order(true)
    }

    /// The greatest first or last.
    pub(crate) fn in_order(mut self, descending: bool) -> SortOptions {
        self.descending = descending;
        self
    }

    /// Orders texts, by their bytes, and not numbers (`ALPHA`).
    pub fn alphabetic(mut self) -> SortOptions {
        self.alphabetic = true;
        self
    }

    /// Whether keys are read that no one knows before.
    fn reaches(&self) -> bool {
        self.by.iter().chain(&self.gets).any(|pattern| reaches(pattern))
    }

    /// Which of `len` elements are shown.
    fn range(&self, len: usize) -> std::ops::Range<usize> {
        let (offset, count) = self.limit.unwrap_or((0, -1));
        let start = usize::try_from(offset.max(0)).unwrap_or(usize::MAX).min(len);
        let count = usize::try_from(count).unwrap_or(len).min(len - start);
        start..start + count
    }
}

/// Whether a pattern of `BY` or `GET` names other keys.
pub(crate) fn reaches(pattern: &[u8]) -> bool {
    c_string(pattern).contains(&b'*')
}

/// A pattern up to its first NUL, as Redis searches it.
fn c_string(pattern: &[u8]) -> &[u8] {
    pattern.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// One element with what decides its place.
struct Ranked<'t> {
    element: Cow<'t, [u8]>,
    /// Its number; 0 where texts decide, and for a key that is missing.
    score: f64,
    /// What its `BY` key holds.
    by: Option<Bytes>,
}

impl Tx<'_> {
    /// The elements under a key in order, or what other keys hold in their place (`SORT`). Keys that
    /// patterns name must be held: all must.
    pub(crate) fn sort(&self, key: Key<'_>, options: &SortOptions) -> Result<Vec<Option<Bytes>>> {
        self.sorted(key, options, false)
    }

    /// Stores what SORT answers with as a list, under a key that is removed if that is nothing (`SORT` with
    /// `STORE`). Returns how many.
    pub(crate) fn sort_store(
        &mut self,
        key: Key<'_>,
        target: Key<'_>,
        options: &SortOptions,
    ) -> Result<usize> {
        let sorted = self.sorted(key, options, true)?;
        if sorted.is_empty() {
            self.remove(target)?;
            return Ok(0);
        }
        let limits = &self.keyspace().settings.limits;
        self.change(target, |slot| {
            let elements = || sorted.iter().map(|element| element.as_deref().unwrap_or_default());
            let list = List::of(elements().map(Item::from), limits);
            slot.put_collection(list, None);
            slot.count_as(sorted.len());
            Ok(slot.changed(sorted.len(), &[SORTSTORE], |effect| {
                effect.command(&[b"DEL", target.bytes]);
                let words = [&b"RPUSH"[..], target.bytes].into_iter();
                let words: Vec<&[u8]> = words.chain(elements()).collect();
                effect.command(&words);
            }))
        })
    }

    fn sorted(
        &self,
        key: Key<'_>,
        options: &SortOptions,
        store: bool,
    ) -> Result<Vec<Option<Bytes>>> {
        let entry = self.read(key)?;
        let kind = entry.map(|entry| entry.kind());
        let (mut by, mut unsorted, mut alphabetic) =
            (options.by.as_deref(), options.unsorted, options.alphabetic);
        // A set has no order of its own; what is stored must not depend on chance.
        if unsorted && store && kind == Some(Type::Set) {
            (by, unsorted, alphabetic) = (None, false, true);
        }
        let mut elements: Vec<Ranked<'_>> = match (entry, kind) {
            (None, _) => return Ok(Vec::new()),
            (Some(entry), Some(Type::List)) => {
                let list: ListRef<'_> = entry.view()?;
                list.iter_from(0).map(Ranked::from).collect()
            }
            (Some(entry), Some(Type::Set)) => {
                let set: SetRef<'_> = entry.view()?;
                set.iter()
                    .map(|member| match member {
                        Member::Int(number) => Ranked::from(Item::Int(number)),
                        Member::Bytes(bytes) => Ranked::from(Item::Bytes(bytes)),
                    })
                    .collect()
            }
            (Some(entry), Some(Type::SortedSet)) => {
                let zset: ZSetRef<'_> = entry.view()?;
                zset.iter().map(|(member, _)| Ranked::from(member)).collect()
            }
            _ => return Err(Error::WrongType),
        };
        if unsorted {
            if options.descending && kind != Some(Type::Set) {
                elements.reverse();
            }
        } else {
            self.rank(&mut elements, by, alphabetic)?;
            elements.sort_by(|a, b| {
                let order = a.order(b, alphabetic, by.is_some());
                if options.descending { order.reverse() } else { order }
            });
        }
        let shown = &elements[options.range(elements.len())];
        let mut answer = Vec::with_capacity(shown.len() * options.gets.len().max(1));
        for Ranked { element, .. } in shown {
            if options.gets.is_empty() {
                answer.push(Some(Bytes::copy_from_slice(element)));
            }
            for get in &options.gets {
                answer.push(self.by_pattern(get, element)?);
            }
        }
        Ok(answer)
    }

    /// Finds what decides each element's place.
    fn rank(&self, elements: &mut [Ranked<'_>], by: Option<&[u8]>, alphabetic: bool) -> Result<()> {
        for ranked in elements {
            if let Some(by) = by {
                ranked.by = self.by_pattern(by, &ranked.element)?;
            }
            let text = if by.is_some() { ranked.by.as_deref() } else { Some(&*ranked.element) };
            if let (Some(text), false) = (text, alphabetic) {
                ranked.score = number(text)
                    .ok_or(Error::reply("ERR One or more scores can't be converted into double"))?;
            }
        }
        Ok(())
    }

    /// What the key holds that a pattern and an element name; `#` is the element itself.
    fn by_pattern(&self, pattern: &[u8], element: &[u8]) -> Result<Option<Bytes>> {
        if pattern == b"#" {
            return Ok(Some(Bytes::copy_from_slice(element)));
        }
        let Some(star) = memchr::memchr(b'*', c_string(pattern)) else { return Ok(None) };
        let (before, behind) = (&pattern[..star], &pattern[star + 1..]);
        let arrow = memchr::memmem::find(c_string(behind), b"->");
        let arrow = arrow.filter(|at| behind.get(at + 2).is_some_and(|byte| *byte != 0));
        let (behind, field) = match arrow {
            Some(at) => (&behind[..at], Some(&behind[at + 2..])),
            None => (behind, None),
        };
        let key = [before, element, behind].concat();
        let Some(entry) = self.read(self.key(&key))? else { return Ok(None) };
        Ok(match field {
            None => entry.string().ok().map(|string| string.to_bytes()),
            Some(field) => {
                let hash: Result<StoredHash<'_>> = entry.view();
                hash.ok().and_then(|hash| hash.at(|| self.now()).get(field)).map(|v| v.to_bytes())
            }
        })
    }
}

impl<'t> Ranked<'t> {
    fn new(element: Cow<'t, [u8]>) -> Ranked<'t> {
        Ranked { element, score: 0.0, by: None }
    }

    fn order(&self, other: &Ranked<'_>, alphabetic: bool, by: bool) -> Ordering {
        match (alphabetic, by) {
            // Equal numbers go by the elements, so that the order does not depend on chance.
            (false, _) => self
                .score
                .partial_cmp(&other.score)
                .unwrap_or(Ordering::Equal)
                .then_with(|| self.element.cmp(&other.element)),
            (true, true) => self.by.cmp(&other.by),
            (true, false) => self.element.cmp(&other.element),
        }
    }
}

impl<'t> From<Item<'t>> for Ranked<'t> {
    fn from(item: Item<'t>) -> Ranked<'t> {
        Ranked::new(match item {
            Item::Bytes(bytes) => Cow::Borrowed(bytes),
            Item::Int(number) => Cow::Owned(Digits::new().format(number).into()),
        })
    }
}

/// A number as C's `strtod` reads it, to its end or a NUL; nothing is zero.
fn number(text: &[u8]) -> Option<f64> {
    let text = c_string(text);
    if text.is_empty() {
        return Some(0.0);
    }
    double::parse(text.trim_ascii_start())
}

impl<S: Scope> Db<S> {
    /// Answers with the elements of the list, set or sorted set under `key` in order (`SORT`, O(n + m log m),
    /// locks one stripe shared, or all if the options name other keys). `None` stands for a key of a
    /// [`get`](SortOptions::get) that is missing.
    ///
    /// # Errors
    /// [`Error::WrongType`] if the key holds something else; [`Error::Reply`] if an element, or what its
    /// [`by`](SortOptions::by) names, is no number, unless [alphabetic](SortOptions::alphabetic).
    ///
    /// ```
    /// use danio::{Db, SortOptions};
    /// let db = Db::in_memory();
    /// db.execute(["SADD", "prices", "10", "9", "8.5"])?;
    /// let sorted: Vec<_> = db.sort("prices", &SortOptions::new())?.into_iter().flatten().collect();
    /// assert_eq!(sorted, ["8.5", "9", "10"]);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sort(&self, key: impl AsRef<[u8]>, options: &SortOptions) -> Result<Vec<Option<Bytes>>> {
        if !options.reaches() {
            return self.read(key.as_ref(), |tx, key| tx.sort(key, options));
        }
        let key = self.key(key.as_ref());
        self.all(Access::Shared, |tx| tx.sort(key, options))
    }

    /// Stores the elements under `key` in order as a list under `target`, replacing what was there (`SORT`
    /// with `STORE`, O(n + m log m), locks two stripes, or all if the options name other keys). Keys that are
    /// missing become empty elements. Returns how many elements the list has; a list of none is removed.
    ///
    /// # Errors
    /// As [`sort`](Db::sort); nothing is changed then.
    ///
    /// ```
    /// use danio::{Db, SortOptions};
    /// let db = Db::in_memory();
    /// db.execute(["SADD", "letters", "c", "a", "b"])?;
    /// let options = SortOptions::new().alphabetic().descending();
    /// assert_eq!(db.sort_store("letters", "sorted", &options)?, 3);
    /// # Ok::<(), danio::Error>(())
    /// ```
    pub fn sort_store(
        &self,
        key: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        options: &SortOptions,
    ) -> Result<usize> {
        self.make_room()?;
        let keys = [self.key(key.as_ref()), self.key(target.as_ref())];
        if !options.reaches() {
            return self
                .many(&keys, Access::Exclusive, |tx| tx.sort_store(keys[0], keys[1], options));
        }
        self.all(Access::Exclusive, |tx| tx.sort_store(keys[0], keys[1], options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_cut_to_what_is_there() {
        let range = |offset, count| SortOptions::new().limit(offset, count).range(5);
        assert_eq!(SortOptions::new().range(5), 0..5);
        assert_eq!(range(1, 2), 1..3);
        assert_eq!(range(-7, 2), 0..2);
        assert_eq!(range(3, i64::MAX), 3..5);
        assert_eq!(range(3, i64::MIN), 3..5);
        assert!(range(5, 1).is_empty() && range(i64::MAX, -1).is_empty() && range(0, 0).is_empty());
    }

    #[test]
    fn numbers_are_read_as_strtod_reads_them() {
        for (text, want) in [
            (&b""[..], Some(0.0)),
            (b"\0x", Some(0.0)),
            (b" 5", Some(5.0)),
            (b"0x10", Some(16.0)),
            (b"-inf", Some(f64::NEG_INFINITY)),
            (b"1.5\0", Some(1.5)),
            (b" ", None),
            (b"5 ", None),
            (b"nan", None),
            (b"1e400", None),
        ] {
            assert_eq!(number(text), want, "{text:?}");
        }
    }
}
