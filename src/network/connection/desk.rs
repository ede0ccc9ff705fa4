//! Buffers that the connections of one worker share.

use std::cell::RefCell;

use crate::network::resp::Batch;

/// What a worker reads in one go.
const INPUT: usize = 64 * 1024;
/// Replies that a worker gathers before it sends them without waiting for the batch's end.
pub(super) const GATHER: usize = 256 * 1024;
/// Output buffers that a worker keeps at hand, and the largest of them.
const SPARES: usize = 128;
const SPARE: usize = 64 * 1024;

/// Buffers that the connections of one worker use in turn: each is empty again when a
/// connection gives way.
pub(super) struct Desk {
    pub(super) input: Vec<u8>,
    pub(super) output: Vec<u8>,
    pub(super) batch: Batch,
    /// Empty buffers for `output` in its turn.
    pub(super) spare: Vec<Vec<u8>>,
}

impl Desk {
    /// Removes what a connection that failed has left.
    pub(super) fn clear(&mut self) {
        self.input.clear();
        self.input.reserve(INPUT);
        self.output.clear();
    }

    /// Keeps a buffer whose replies are sent.
    pub(super) fn recycle(&mut self, mut buffer: Vec<u8>) {
        if self.spare.len() < SPARES && (1..=SPARE).contains(&buffer.capacity()) {
            buffer.clear();
            self.spare.push(buffer);
        }
    }
}

thread_local! {
    pub(super) static DESK: RefCell<Desk> = RefCell::new(Desk {
        input: Vec::with_capacity(INPUT),
        output: Vec::new(),
        batch: Batch::default(),
        spare: Vec::new(),
    });
}
