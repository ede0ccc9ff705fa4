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

impl Tx<'_> {
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
