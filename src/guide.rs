//! Guides, a page a theme. They are part of the documentation alone, and every example in them is a test.

#[cfg(all(feature = "json", feature = "async"))]
#[doc = include_str!("../docs/guide/queues.md")]
pub mod queues {}

#[doc = include_str!("../docs/guide/leaderboards.md")]
#[cfg(feature = "serde")]
pub mod leaderboards {}

#[cfg(all(feature = "json", feature = "async"))]
#[doc = include_str!("../docs/guide/async.md")]
pub mod asynchronous {}
