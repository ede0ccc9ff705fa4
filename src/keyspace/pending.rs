//! What a transaction leaves to its end. Most leave nothing.

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

#[derive(Debug, Default)]
struct Left {
    /// Keys that were looked up in vain, if somebody wants to know.
    missed: Vec<KeyEvent>,
    /// What observers will be told; only if there are any.
    told: Option<Committed>,
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
        Rc::get_mut(self.0.get_or_insert_default()).expect(ALONE)
    }

    /// What is left, if anything.
    #[inline(always)]
    fn there(&mut self) -> Option<&mut Left> {
        self.0.as_mut().map(|left| Rc::get_mut(left).expect(ALONE))
    }

    /// Where to note what observers will be told.
    pub(super) fn told(&mut self) -> &mut Committed {
        self.left().told.get_or_insert_default()
    }

    /// What observers will be told, if anything.
    pub(super) fn told_so_far(&mut self) -> Option<&mut Committed> {
        self.there()?.told.as_mut()
    }

    /// Has observers told this, in the place of all that was noted.
    pub(super) fn set_told(&mut self, told: Option<Committed>) {
        self.left().told = told;
    }

    /// Takes what observers are to be told.
    pub(super) fn take_told(&mut self) -> Option<Committed> {
        self.there()?.told.take()
    }

    /// Where to note what stands even if the transaction is undone: twice, if it may be.
    pub(super) fn told_for_good(&mut self) -> impl Iterator<Item = &mut Committed> {
        let Left { told, undo, .. } = self.left();
        let stands = undo.as_mut().map(|undo| undo.stands.get_or_insert_default());
        [Some(told.get_or_insert_default()), stands].into_iter().flatten()
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
