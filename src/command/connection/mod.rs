//! The connection itself: who it is, what it speaks, whether it lives.

mod basic;
mod client;
mod filter;
mod hello;
mod pause;
mod tracking;
mod wait;

use super::row::Command;

/// The family's rows.
pub(super) static ROWS: &[Command] = &[
    basic::PING,
    basic::ECHO,
    basic::SELECT,
    basic::QUIT,
    basic::RESET,
    hello::AUTH,
    hello::HELLO,
    client::CLIENT,
    wait::WAIT,
    wait::WAITAOF,
];
