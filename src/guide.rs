//! Guides, a page a theme. They are part of the documentation alone, and every example in them is a test.

#[cfg(all(feature = "cache", feature = "json", feature = "async"))]
#[doc = include_str!("../docs/guide/cache.md")]
pub mod cache {}

#[cfg(all(feature = "cache", feature = "json", feature = "async"))]
#[doc = include_str!("../docs/guide/from_moka.md")]
pub mod from_moka {}

#[cfg(all(feature = "json", feature = "async"))]
#[doc = include_str!("../docs/guide/queues.md")]
pub mod queues {}

#[doc = include_str!("../docs/guide/leaderboards.md")]
#[cfg(feature = "serde")]
pub mod leaderboards {}

#[cfg(all(feature = "json", feature = "async"))]
#[doc = include_str!("../docs/guide/async.md")]
pub mod asynchronous {}

#[cfg(all(feature = "fake", feature = "redis"))]
#[doc = "[from_redis.md]: crate::guide::from_redis\n"]
#[doc = "[from_miniredis.md]: crate::guide::from_miniredis\n"]
#[doc = "[from_fakeredis.md]: crate::guide::from_fakeredis\n"]
#[doc = include_str!("../docs/guide/testing.md")]
pub mod testing {}

#[cfg(feature = "fake")]
#[doc = include_str!("../docs/guide/from_miniredis.md")]
pub mod from_miniredis {}

#[cfg(feature = "fake")]
#[doc = include_str!("../docs/guide/from_fakeredis.md")]
pub mod from_fakeredis {}

#[cfg(feature = "tower-sessions")]
#[cfg_attr(
    all(feature = "fake", feature = "redis"),
    doc = "[from_redis.md]: crate::guide::from_redis\n"
)]
#[doc = include_str!("../docs/guide/sessions.md")]
pub mod sessions {}

#[cfg(all(feature = "fake", feature = "redis"))]
#[doc = "[testing.md]: crate::guide::testing\n"]
#[doc = include_str!("../docs/guide/from_redis.md")]
pub mod from_redis {}
