//! A small hash: fields, values and perhaps times, packed end to end.
//!
//! ```text
//! [field][value] [field][value] ...                 no field ever had a time
//! [field][value][time] [field][value][time] ...     some field had one; 0 is none
//! ```
//!
//! The second form costs a byte a field more, and nine for a time. As in Redis, it stays when
//! no field has a time any more.

use super::{Field, Value};
use crate::clock::Millis;
use crate::ds::packed::{self, Item, Packed, PackedRef};
use crate::value::SetExpiry;

/// The elements of a small hash, and which of the two forms they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    items: PackedRef<'a>,
    timed: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(items: PackedRef<'a>, timed: bool) -> Fields<'a> {
        Fields { items, timed }
    }

    /// How many fields, those past their time included.
    #[inline]
    pub(super) fn len(self) -> usize {
        self.items.len() / (2 + usize::from(self.timed))
    }

    pub(super) fn is_timed(self) -> bool {
        self.timed
    }

    /// The elements, if no field ever had a time.
    #[cfg(feature = "snapshot")]
    pub(super) fn plain(self) -> Option<PackedRef<'a>> {
        (!self.timed).then_some(self.items)
    }

    /// The value and the time of a field.
    #[inline]
    pub(super) fn find(self, field: &[u8]) -> Option<(Value<'a>, Option<Millis>)> {
        let pos = self.position(field)?;
        let (value, time) = self.items.read(self.items.advance(pos, 1))?;
        Some((value.into(), self.time_at(time)))
    }

    /// Where a field is.
    #[inline]
    fn position(self, field: &[u8]) -> Option<usize> {
        self.items.find(Item::from(field), 1 + usize::from(self.timed))
    }

    /// The time at a position behind a value.
    #[inline]
    fn time_at(self, pos: usize) -> Option<Millis> {
        match self.items.at(pos).filter(|_| self.timed) {
            Some(Item::Int(at)) if at != 0 => Some(Millis(at)),
            _ => None,
        }
    }

    /// The fields, in the order in which they came.
    pub(super) fn iter(self) -> impl Iterator<Item = Field<'a>> {
        let mut items = self.items.iter();
        std::iter::from_fn(move || {
            let (_, name) = items.next()?;
            let (_, value) = items.next()?;
            let expiry = if self.timed {
                match items.next()?.1 {
                    Item::Int(at) if at != 0 => Some(Millis(at)),
                    _ => None,
                }
            } else {
                None
            };
            Some(Field { name, value: value.into(), expiry })
        })
    }

    /// The lowest time of a field.
    pub(super) fn soonest(self) -> Option<Millis> {
        if self.timed { self.iter().filter_map(|field| field.expiry).min() } else { None }
    }
}

/// Sets a field; `time` may be one only if the form has times. Returns whether it was there.
pub(super) fn set(
    items: &mut Packed,
    timed: bool,
    field: &[u8],
    value: &[u8],
    time: SetExpiry,
) -> bool {
    let at = match time {
        SetExpiry::At(at) => at.0,
        SetExpiry::Clear | SetExpiry::Keep => 0,
    };
    let view = items.as_ref();
    if let Some(pos) = Fields::new(view, timed).position(field) {
        let behind = items.replace(view.advance(pos, 1), value);
        if timed && time != SetExpiry::Keep {
            items.replace(behind, at);
        }
        return true;
    }
    items.push(field);
    items.push(value);
    if timed {
        items.push(at);
    }
    false
}

/// Sets a field in the bytes of a form without times, if it is there and its value takes as much room as
/// before. Returns whether it did.
#[inline]
pub(super) fn overwrite(bytes: &mut [u8], field: &[u8], value: &[u8]) -> bool {
    let view = PackedRef::new(bytes);
    let Some(pos) = Fields::new(view, false).position(field) else { return false };
    let pos = view.advance(pos, 1);
    packed::overwrite(bytes, pos, value)
}

/// Sets, changes or removes the time of a field that is there; the form has times.
pub(super) fn set_time(items: &mut Packed, field: &[u8], at: Option<Millis>) {
    let view = items.as_ref();
    if let Some(pos) = Fields::new(view, true).position(field) {
        items.replace(view.advance(pos, 2), at.map_or(0, |at| at.0));
    }
}

/// Removes a field. Returns whether it was there.
pub(super) fn remove(items: &mut Packed, timed: bool, field: &[u8]) -> bool {
    let pos = Fields::new(items.as_ref(), timed).position(field);
    if let Some(pos) = pos {
        items.remove(pos, 2 + usize::from(timed));
    }
    pos.is_some()
}

/// The same fields, in the form that has times.
pub(super) fn with_times(plain: PackedRef<'_>) -> Packed {
    let mut items = Packed::with_capacity(plain.as_bytes().len() + plain.len());
    for field in Fields::new(plain, false).iter() {
        items.push(field.name);
        items.push(field.value.item());
        items.push(0);
    }
    items
}
