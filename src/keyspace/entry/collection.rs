//! Entries that hold collections, and how a collection is taken out to be changed.

use std::cell::Cell;

use super::Entry;
use super::shape::{Form, Shape, TIMED};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::value::hash::StoredHash;
use crate::value::{Big, Collection, Packing, Stored, StoredRef, Type, View};

thread_local! {
    /// Where the next small collection is taken out to, so that a change allocates nothing.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Keeps a buffer for the next collection that is taken out.
fn keep(mut buffer: Vec<u8>) {
    /// A larger one is not worth its memory.
    const AT_MOST: usize = 768;
    if buffer.capacity() <= AT_MOST {
        buffer.clear();
        // A thread that is ending keeps none.
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}

impl Entry {
    /// An entry of a collection.
    pub(crate) fn with(key: &[u8], stored: Stored, expiry: Option<Millis>, access: u32) -> Entry {
        match stored {
            Stored::Packed(packing, bytes) => {
                let form = Form::Packed(packing);
                let shape = Shape::new(form, expiry.is_some(), false, key.len(), bytes.len());
                Entry::packed(key, shape, &bytes, expiry, access)
            }
            Stored::Big(big) => {
                let shape = Shape::new(Form::Big, expiry.is_some(), false, key.len(), 0);
                let mut entry = Entry::allocate(shape, key, expiry, access);
                entry.set_timed(big.due().is_some());
                entry.write_word(shape.word_at(), big);
                entry
            }
        }
    }

    fn packed(
        key: &[u8],
        shape: Shape,
        bytes: &[u8],
        expiry: Option<Millis>,
        access: u32,
    ) -> Entry {
        let mut entry = Entry::allocate(shape, key, expiry, access);
        entry.write(shape.value_at(), bytes);
        entry
    }

    /// The collection that the key holds, if it is one.
    #[inline]
    pub(crate) fn stored(&self) -> Option<StoredRef<'_>> {
        let shape = self.shape();
        match shape.form {
            Form::Packed(packing) => Some(StoredRef::Packed(packing, self.value_bytes(shape))),
            // SAFETY: the form says that the words own a box.
            Form::Big => Some(StoredRef::Big(unsafe {
                self.at::<Box<dyn Big>>(shape.word_at()).as_ref().as_ref()
            })),
            Form::Inline | Form::Int | Form::Long => None,
        }
    }

    /// The collection that the key holds, as its type's readers see it.
    ///
    /// # Errors
    /// `WrongType` if it holds something else.
    #[inline]
    pub(crate) fn view<'e, V: View<'e>>(&'e self) -> Result<V> {
        match self.stored() {
            Some(stored) if self.kind() == V::TYPE => Ok(V::of(stored)),
            _ => Err(Error::WrongType),
        }
    }

    /// Whether the key holds a small collection.
    #[inline]
    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.header().form, Form::Packed(_))
    }

    /// The bytes of a small collection where they lie, if the key holds one, to be changed without
    /// becoming more or fewer.
    #[inline]
    pub(crate) fn packed_mut(&mut self) -> Option<(Packing, &mut [u8])> {
        let shape = self.shape();
        let Form::Packed(packing) = shape.form else { return None };
        // SAFETY: `value_len` bytes were written here when the value was; `&mut self` is the only access.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(self.at(shape.value_at()).as_ptr(), shape.value_len)
        };
        Some((packing, bytes))
    }

    /// Calls `op` with the collection that the key holds, taken out to be changed, and puts it back.
    ///
    /// # Errors
    /// `WrongType` if the key holds something else; what `op` returns.
    pub(crate) fn change<T: Collection, R>(
        &mut self,
        op: impl FnOnce(&mut T) -> Result<R>,
    ) -> Result<R> {
        if self.kind() != T::TYPE {
            return Err(Error::WrongType);
        }
        let value = self.take_out();
        let mut out = Out { entry: self, value };
        op(&mut out.value)
    }

    /// Takes the collection out, a copy of the bytes if it is packed. Whoever calls this calls
    /// [`put_back`](Entry::put_back) before the entry is used again.
    #[inline]
    fn take_out<T: Collection>(&mut self) -> T {
        if let Some(place) = self.big_place() {
            // SAFETY: the box is the entry's no more until `put_back`.
            return T::restore(Stored::Big(unsafe { place.read() }));
        }
        let shape = self.shape();
        let Form::Packed(packing) = shape.form else { unreachable!("the type is that of T") };
        let bytes = self.value_bytes(shape);
        let mut copy = SPARE.try_with(Cell::take).unwrap_or_default();
        // Most changes add a little.
        copy.reserve(bytes.len() + 64);
        copy.extend_from_slice(bytes);
        T::restore(Stored::Packed(packing, copy))
    }

    /// Puts a collection back. `times` says whether parts of its type may expire.
    #[inline]
    fn put_back(&mut self, stored: Stored, times: bool) {
        match (stored, self.big_place()) {
            (Stored::Big(big), Some(place)) => {
                if times {
                    self.set_timed(big.due().is_some());
                }
                // SAFETY: the box that was here was taken out; writing drops nothing.
                unsafe { place.write(big) };
            }
            (stored, _) => self.put_back_small(stored),
        }
    }

    /// As [`put_back`](Entry::put_back), where what was taken out, or what is put back, is small.
    fn put_back_small(&mut self, stored: Stored) {
        let old = self.shape();
        match stored {
            Stored::Packed(packing, bytes) if old.form != Form::Big => {
                let form = Form::Packed(packing);
                let new = Shape::new(form, self.has_expiry(), false, old.key_len, bytes.len());
                if self.reshape(new) {
                    self.write(new.value_at(), &bytes);
                } else {
                    *self = Entry::packed(self.key(), new, &bytes, self.expiry(), self.access());
                }
                keep(bytes);
            }
            stored if old.form == Form::Big => {
                let new = self.anew(stored);
                std::mem::replace(self, new).forget_value();
            }
            stored => *self = self.anew(stored),
        }
    }

    /// The big collection, if the key holds one, to be changed.
    fn big_mut(&mut self) -> Option<&mut (dyn Big + 'static)> {
        // SAFETY: `&mut self` is the only access to it.
        self.big_place().map(|mut place| unsafe { place.as_mut() }.as_mut())
    }

    /// Keeps from now on what it takes to undo changes of what the key holds; false if it is to be copied.
    pub(crate) fn keep_undo(&mut self) -> bool {
        self.big_mut().is_some_and(Big::keep_undo)
    }

    /// Whether what the key holds keeps what it takes to undo its changes.
    pub(crate) fn keeps_undo(&self) -> bool {
        self.big().is_some_and(Big::keeps_undo)
    }

    /// Undoes the changes of what the key holds.
    pub(crate) fn undo(&mut self) {
        if let Some(big) = self.big_mut() {
            big.undo();
            let timed = big.due().is_some();
            self.set_timed(timed);
        }
    }

    /// Lets the changes of what the key holds stand.
    pub(crate) fn settle(&mut self) {
        if let Some(big) = self.big_mut() {
            big.settle();
        }
    }

    fn set_timed(&mut self, timed: bool) {
        // SAFETY: `&mut self` is the only access to the header.
        let header = unsafe { self.0.as_mut() };
        header.flags = if timed { header.flags | TIMED } else { header.flags & !TIMED };
    }

    /// When the key expires, or the first of its fields: a bound, perhaps a while too low.
    #[inline(always)]
    pub(crate) fn due(&self) -> Option<Millis> {
        if self.may_be_past() { self.first_due() } else { None }
    }

    fn first_due(&self) -> Option<Millis> {
        let fields = match self.stored().filter(|_| self.is_timed()) {
            Some(StoredRef::Big(big)) => big.due(),
            Some(packed) => StoredHash::of(packed).due(),
            None => None,
        };
        self.expiry().into_iter().chain(fields).min()
    }

    /// Whether the key's time is over, or that of all its fields, so that there is no such key.
    pub(crate) fn is_past(&self, now: Millis) -> bool {
        self.expiry().is_some_and(|at| at <= now)
            || self.is_timed()
                && self.stored().is_some_and(|stored| match stored {
                    StoredRef::Big(big) => big.is_past(now),
                    packed => StoredHash::of(packed).is_past(now),
                })
    }

    /// An entry of the same key, expiry and use.
    fn anew(&self, stored: Stored) -> Entry {
        Entry::with(self.key(), stored, self.expiry(), self.access())
    }
}

/// A collection that is out of its entry, until it is dropped.
struct Out<'e, T: Collection> {
    entry: &'e mut Entry,
    value: T,
}

impl<T: Collection> Drop for Out<'_, T> {
    fn drop(&mut self) {
        let times = T::TYPE == Type::Hash;
        self.entry.put_back(std::mem::take(&mut self.value).store(), times);
    }
}
