//! The RESP server: sockets, connections and workers around the command layer.

pub(crate) mod resp;
