//! What commands and servers do about files: loading, what is done behind a command, and the end.

#[cfg(feature = "snapshot")]
mod after;
mod ending;
mod loading;

#[cfg(feature = "snapshot")]
pub(in crate::command) use after::After;
pub use ending::Ending;
pub use loading::Loading;
