//! Taking elements off lists, and moving them to others.

use bytes::Bytes;

use crate::ds::packed::Item;
use crate::error::Result;
use crate::keyspace::event::{Event, LPOP, LPUSH, RPOP, RPUSH};
use crate::keyspace::{Key, Tx};
use crate::value::list::{End, List, ListRef};

fn popped(end: End) -> (Event, &'static [u8]) {
    match end {
        End::Front => (LPOP, b"LPOP"),
        End::Back => (RPOP, b"RPOP"),
    }
}

/// How many elements LMOVEM moves, and how they come to lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MoveCount {
    /// At least one.
    pub(crate) count: usize,
    /// `EXACTLY`: so many or none.
    pub(crate) exactly: bool,
    /// `BULK`: in the order in which they lay, and not in that of moving one after the other.
    pub(crate) bulk: bool,
}

impl MoveCount {
    /// How many are moved off a list of this length.
    pub(crate) fn of(self, len: usize) -> Option<usize> {
        let enough = len >= if self.exactly { self.count } else { 1 };
        enough.then(|| self.count.min(len))
    }
}

fn pushed(end: End) -> (Event, &'static [u8]) {
    match end {
        End::Front => (LPUSH, b"LPUSH"),
        End::Back => (RPUSH, b"RPUSH"),
    }
}

impl Tx<'_> {
    /// Takes elements off one list and adds them to another, or to the same (`LMOVEM`). Returns them as they lie
    /// there; `None` if there are none, or not enough.
    pub(crate) fn list_move_many(
        &mut self,
        source: Key<'_>,
        target: Key<'_>,
        [from, to]: [End; 2],
        how: MoveCount,
    ) -> Result<Option<Vec<Bytes>>> {
        let Some(list) = self.peek_list(source)? else { return Ok(None) };
        let len = list.len();
        let Some(count) = how.of(len) else { return Ok(None) };
        if count == 1 {
            return Ok(self.list_move(source, target, from, to)?.map(|element| vec![element]));
        }
        let first = if from == End::Front { 0 } else { len - count };
        let mut elements: Vec<Bytes> =
            list.iter_from(first).take(count).map(super::db::owned).collect();
        // In the order in which they are pushed: what is pushed at the front comes to lie the other way round.
        let backwards = if how.bulk { to == End::Front } else { from == End::Back };
        if backwards {
            elements.reverse();
        }
        let limits = &self.keyspace().settings.limits;
        let same = source.bytes == target.bytes;
        let (push, push_verb) = pushed(to);
        let (pop, pop_verb) = popped(from);
        let take = |list: &mut List| {
            for _ in 0..count {
                list.pop_with(from, |_| ());
            }
        };
        self.change(target, |slot| {
            slot.edit(|list: &mut List| {
                if same {
                    take(list);
                }
                list.expect(count, elements.iter().map(Bytes::len).sum(), limits);
                elements.iter().for_each(|element| list.push(to, element[..].into(), limits));
                if same {
                    list.shrunk(limits);
                }
                Ok(())
            })?;
            slot.count_as(count);
            let (text, events) = (count.to_string(), [push, pop]);
            Ok(slot.changed((), &events[..if same { 2 } else { 1 }], |effect| {
                effect.command(&[pop_verb, source.bytes, text.as_bytes()]);
                let mut words: Vec<&[u8]> = vec![push_verb, target.bytes];
                words.extend(elements.iter().map(|element| &element[..]));
                effect.command(&words);
            }))
        })?;
        if !same {
            self.change(source, |slot| {
                slot.edit(|list: &mut List| {
                    take(list);
                    list.shrunk(limits);
                    Ok(())
                })?;
                // What was told of the other key says it all.
                slot.count_as(0);
                Ok(slot.changed((), &[pop], |_| {}))
            })?;
        }
        if to == End::Front {
            elements.reverse();
        }
        Ok(Some(elements))
    }

    /// Shows up to `count` elements from an end inwards, and removes them (`LPOP`, `RPOP`). Returns how
    /// many.
    #[inline]
    pub(crate) fn pop(
        &mut self,
        key: Key<'_>,
        end: End,
        count: usize,
        mut show: impl FnMut(Item<'_>),
    ) -> Result<usize> {
        let limits = &self.keyspace().settings.limits;
        self.change(key, |slot| {
            if count == 0 || slot.entry().is_none() {
                return Ok(slot.unchanged(0));
            }
            let count = slot.edit(|list: &mut List| {
                let mut shown = 0;
                while shown < count && list.pop_with(end, &mut show).is_some() {
                    shown += 1;
                }
                list.shrunk(limits);
                Ok(shown)
            })?;
            let (event, verb) = popped(end);
            slot.count_as(count);
            Ok(slot.changed(count, &[event], |effect| match count {
                1 => effect.command(&[verb, key.bytes]),
                _ => {
                    effect.command(&[verb, key.bytes, itoa::Buffer::new().format(count).as_bytes()])
                }
            }))
        })
    }

    /// The first of these keys that holds a list, and how long it is; what holds something else
    /// before that is an error (`LMPOP`).
    pub(crate) fn first_list<'k>(&self, keys: &[Key<'k>]) -> Result<Option<(Key<'k>, usize)>> {
        for &key in keys {
            if let Some(list) = self.peek_list(key)? {
                return Ok(Some((key, list.len())));
            }
        }
        Ok(None)
    }

    /// Takes an element off one list and adds it to another, or to the same (`LMOVE`, `RPOPLPUSH`).
    /// Returns it; `None` if there is no list to take it off.
    pub(crate) fn list_move(
        &mut self,
        source: Key<'_>,
        target: Key<'_>,
        from: End,
        to: End,
    ) -> Result<Option<Bytes>> {
        let Some(list) = self.peek_list(source)? else { return Ok(None) };
        let index = if from == End::Front { 0 } else { list.len() - 1 };
        let item = list.get(index).expect("a list that is kept is not empty");
        // Redis does not count the bytes of a number that comes out of a quicklist.
        let counted = match (list, item) {
            (ListRef::Chunks(_), Item::Int(_)) => 0,
            _ => item.len(),
        };
        let element = Bytes::copy_from_slice(item.bytes(&mut itoa::Buffer::new()));
        let limits = &self.keyspace().settings.limits;
        let same = source.bytes == target.bytes;
        let side = |end: End| if end == End::Front { &b"LEFT"[..] } else { b"RIGHT" };
        let push = if to == End::Front { LPUSH } else { RPUSH };
        self.change(target, |slot| {
            slot.edit(|list: &mut List| {
                if same {
                    list.pop_with(from, |_| ());
                }
                list.expect(1, counted, limits);
                list.push(to, element[..].into(), limits);
                if same {
                    list.shrunk(limits);
                }
                Ok(())
            })?;
            let events = [push, popped(from).0];
            Ok(slot.changed((), &events[..if same { 2 } else { 1 }], |effect| {
                effect.command(&[b"LMOVE", source.bytes, target.bytes, side(from), side(to)]);
            }))
        })?;
        if !same {
            self.change(source, |slot| {
                slot.edit(|list: &mut List| {
                    list.pop_with(from, |_| ());
                    list.shrunk(limits);
                    Ok(())
                })?;
                // What was told of the other key says it all.
                slot.count_as(0);
                Ok(slot.changed((), &[popped(from).0], |_| {}))
            })?;
        }
        Ok(Some(element))
    }
}
