//! `danio-server`: the engine behind a RESP listener.

fn main() {}
