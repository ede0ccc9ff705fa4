//! What a typed call that waits returns as a future.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Result;

/// A typed call that waits, as a future; made by the methods whose names end in `_async`.
///
/// It needs no runtime: any may poll it, and any thread. Nothing happens before the first poll. It may be dropped at any
/// moment, and nothing is lost; see [`Waiting`](crate::Waiting), which it is but for types.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Later<T>(Pin<Box<dyn Future<Output = Result<T>> + Send>>);

impl<T> Later<T> {
    pub(super) fn new(future: impl Future<Output = Result<T>> + Send + 'static) -> Later<T> {
        Later(Box::pin(future))
    }
}

impl<T> Future for Later<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Later<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later").finish_non_exhaustive()
    }
}
