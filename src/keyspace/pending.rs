//! What a transaction leaves to its end. Most leave nothing.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::detached::Detached;
use super::observer::{Committed, KeyEvent};
use super::serve::Waking;
use super::undo::Undoing;

/// Nothing, or else all that is to be done when a transaction ends, behind one pointer: to begin and to end one
/// that leaves nothing costs one word and one look at it.
///
/// Nobody shares it. It is an `Rc` because what drops the last of those is out of line, where a `Box` would have each
/// transaction's end save the registers for it.
#[derive(Debug, Default)]
pub(super) struct Pending(Option<Rc<Left>>);

const ALONE: &str = "nobody shares it";

crate::sync::thread_local! {
    /// What a transaction of this thread has left and is done with: the next one uses its memory again.
    static SPARE: Cell<Option<Rc<Left>>> = const { Cell::new(None) };
}

#[derive(Debug, Default)]
struct Left {
    /// Keys that were looked up in vain, if somebody wants to know.
    missed: Vec<KeyEvent>,
    /// What observers will be told; only if there are any.
    told: Option<Box<Committed>>,
    /// Nothing, in memory that may be used for that.
    blank: Option<Box<Committed>>,
    /// What it takes to undo the transaction, if that may be asked for. Freed, as `emptied`, after the locks are
    /// released.
    undo: Option<Undoing>,
    /// What was in databases that have been emptied.
    emptied: Vec<Arc<Detached>>,
    /// Keys that changed and somebody waits for, and who was served: woken after the locks are released.
    waking: Option<Waking>,
}

impl Pending {
    #[inline(always)]
    pub(super) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// What is left, made if there is nothing.
    #[cold]
    fn left(&mut self) -> &mut Left {
        let spare = || SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        Rc::get_mut(self.0.get_or_insert_with(spare)).expect(ALONE)
    }

    /// What is left, if anything.
    #[inline(always)]
    fn there(&mut self) -> Option<&mut Left> {
        self.0.as_mut().map(|left| Rc::get_mut(left).expect(ALONE))
    }

    /// Where to note what observers will be told.
    pub(super) fn told(&mut self) -> &mut Committed {
        self.left().told()
    }

    /// What observers will be told, if anything.
    pub(super) fn told_so_far(&mut self) -> Option<&mut Committed> {
        self.there()?.told.as_deref_mut()
    }

    /// Has observers told this, in the place of all that was noted.
    pub(super) fn set_told(&mut self, told: Option<Box<Committed>>) {
        self.left().told = told;
    }

    /// Takes what observers are to be told.
    pub(super) fn take_told(&mut self) -> Option<Box<Committed>> {
        self.there()?.told.take()
    }

    /// Keeps the memory of what observers have been told for the next transaction of this thread; all of it, if nothing is
    /// left to be done.
    pub(super) fn put_away(&mut self, mut told: Box<Committed>) {
        told.clear();
        if let Some(left) = self.there() {
            left.blank = Some(told);
            if left.is_done() {
                let spare = self.0.take();
                // A thread that ends keeps nothing.
                let _ = SPARE.try_with(|place| place.set(spare));
            }
        }
    }

    /// Where to note what stands even if the transaction is undone: twice, if it may be.
    pub(super) fn told_for_good(&mut self) -> impl Iterator<Item = &mut Committed> {
        let left = self.left();
        left.told();
        let stands = left.undo.as_mut().map(|undo| &mut **undo.stands.get_or_insert_default());
        [left.told.as_deref_mut(), stands].into_iter().flatten()
    }

    /// Notes that a key was looked up in vain.
    pub(super) fn miss(&mut self, event: KeyEvent) {
        self.left().missed.push(event);
    }

    /// Takes the look-ups in vain.
    pub(super) fn take_missed(&mut self) -> Vec<KeyEvent> {
        self.there().map_or_else(Vec::new, |left| std::mem::take(&mut left.missed))
    }

    /// Whether the transaction keeps what it takes to undo it.
    #[inline(always)]
    pub(super) fn keeps_undo(&self) -> bool {
        self.0.as_ref().is_some_and(|left| left.undo.is_some())
    }

    /// Where to keep what it takes to undo a change, if that may be asked for.
    #[inline(always)]
    pub(super) fn undo(&mut self) -> Option<&mut Undoing> {
        self.there()?.undo.as_mut()
    }

    /// Keeps what it takes to undo the transaction from now on.
    pub(super) fn keep_undo(&mut self) {
        self.left().undo.get_or_insert_default();
    }

    pub(super) fn take_undo(&mut self) -> Option<Undoing> {
        self.there()?.undo.take()
    }

    /// Leaves to be freed what is left of it.
    pub(super) fn set_undo(&mut self, undo: Undoing) {
        self.left().undo = Some(undo);
    }

    /// What was in databases, to be freed.
    pub(super) fn emptied(&mut self) -> &mut Vec<Arc<Detached>> {
        &mut self.left().emptied
    }

    /// Where to note whom to serve.
    pub(super) fn waking(&mut self) -> &mut Waking {
        self.left().waking.get_or_insert_default()
    }

    /// Whom to serve, if anybody.
    pub(super) fn waking_so_far(&mut self) -> Option<&mut Waking> {
        self.there()?.waking.as_mut()
    }
}

impl Left {
    fn told(&mut self) -> &mut Committed {
        self.told.get_or_insert_with(|| self.blank.take().unwrap_or_default())
    }

    fn is_done(&self) -> bool {
        let Left { missed, told, blank: _, undo, emptied, waking } = self;
        missed.is_empty()
            && told.is_none()
            && undo.is_none()
            && emptied.is_empty()
            && waking.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_holds_nothing() {
        let mut pending = Pending::default();
        pending.told().record.push(0, &[b"SET", b"k", b"v"]);
        pending.told().announced = 1;
        let told = pending.take_told().expect("noted");
        pending.put_away(told);
        assert!(!pending.is_some(), "nothing is left");
        assert_eq!(*pending.told(), Committed::default());

        // What is not done with stays.
        pending.keep_undo();
        let told = pending.take_told().expect("noted");
        pending.put_away(told);
        assert!(pending.keeps_undo());
        assert_eq!(*Pending::default().told(), Committed::default());
    }
}
