//! Going through much a page at a time, without holding a lock between two pages.

use crate::error::Result;

/// What one call of [`Db::scan`](crate::Db::scan) or one of its kin found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// Where to go on; `None` when everything has been looked at.
    pub cursor: Option<u64>,
    /// What was found, perhaps nothing, in no order.
    pub items: Vec<T>,
}

impl<T> Page<T> {
    /// A page whose end is 0 when there is nothing more.
    pub(super) fn until(next: u64, items: Vec<T>) -> Page<T> {
        Page { cursor: (next != 0).then_some(next), items }
    }
}

/// The items of all pages, each fetched when the one before is used up. An error is the last item.
pub(super) fn items_of<T>(
    mut fetch: impl FnMut(u64) -> Result<Page<T>>,
) -> impl Iterator<Item = Result<T>> {
    let mut cursor = Some(0);
    let pages = std::iter::from_fn(move || {
        let page = fetch(cursor?);
        cursor = page.as_ref().ok().and_then(|page| page.cursor);
        Some(match page {
            Ok(page) => page.items.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
    });
    pages.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn pages_are_fetched_until_there_are_none_or_an_error() {
        let counted = items_of(|from| Ok(Page::until((from + 1) % 4, vec![from; 2])));
        let counted: Result<Vec<u64>> = counted.collect();
        assert_eq!(counted, Ok(vec![0, 0, 1, 1, 2, 2, 3, 3]));
        let mut failing = items_of(|from| match from {
            0 => Ok(Page::until(1, vec![7])),
            _ => Err(Error::WrongType),
        });
        assert_eq!(failing.next(), Some(Ok(7)));
        assert_eq!(failing.next(), Some(Err(Error::WrongType)));
        assert_eq!(failing.next(), None);
    }
}
