//! Spans about loads, where the feature `tracing` asks for them.

#[cfg(all(feature = "tracing", feature = "async"))]
use std::pin::pin;

use bytes::Bytes;

/// Calls `load` in a span.
pub(super) fn within<R>(cache: &str, key: &Bytes, load: impl FnOnce() -> R) -> R {
    #[cfg(feature = "tracing")]
    let _entered = span(cache, key).entered();
    #[cfg(not(feature = "tracing"))]
    let _ = (cache, key);
    load()
}

/// Polls `load` in a span, each time anew, so that no span stays entered while others run.
#[cfg(feature = "async")]
pub(super) async fn within_future<F: Future>(cache: &str, key: &Bytes, load: F) -> F::Output {
    #[cfg(feature = "tracing")]
    {
        let span = span(cache, key);
        let mut load = pin!(load);
        std::future::poll_fn(|cx| span.in_scope(|| load.as_mut().poll(cx))).await
    }
    #[cfg(not(feature = "tracing"))]
    {
        let _ = (cache, key);
        load.await
    }
}

#[cfg(feature = "tracing")]
fn span(cache: &str, key: &Bytes) -> tracing::Span {
    tracing::info_span!("cache_load", cache, key = %key.escape_ascii())
}
