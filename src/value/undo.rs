//! What a big collection keeps while a transaction that may be undone lasts, so that it need not be copied.

/// Changes in the order they were made, as what undoes them; kept only while somebody asks for it.
#[derive(Debug)]
#[expect(clippy::box_collection, reason = "one word in every big collection, and not three")]
pub(crate) struct UndoLog<C>(Option<Box<Vec<C>>>);

impl<C> Default for UndoLog<C> {
    fn default() -> UndoLog<C> {
        UndoLog(None)
    }
}

/// A copy of a collection keeps nothing.
impl<C> Clone for UndoLog<C> {
    fn clone(&self) -> UndoLog<C> {
        UndoLog::default()
    }
}

impl<C> UndoLog<C> {
    /// Keeps changes from now on.
    pub(crate) fn begin(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Whether changes are kept.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Keeps a change, if changes are kept.
    #[inline(always)]
    pub(crate) fn push(&mut self, change: impl FnOnce() -> C) {
        if let Some(kept) = &mut self.0 {
            kept.push(change());
        }
    }

    /// Keeps changes no longer. Returns those that were kept, the newest first.
    pub(crate) fn end(&mut self) -> impl Iterator<Item = C> + use<C> {
        self.0.take().into_iter().flat_map(|kept| kept.into_iter().rev())
    }
}
