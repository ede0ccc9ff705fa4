//! Checksums: the CRC-64 of Jones, as Redis uses it.

use crc_fast::{CrcAlgorithm, Digest};

const JONES: CrcAlgorithm = CrcAlgorithm::Crc64Redis;

/// The checksum of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    crc_fast::checksum(JONES, bytes)
}

/// The checksum of bytes that come one after the other.
pub(super) struct Running(Digest);

impl Running {
    pub(super) fn new() -> Running {
        Running(Digest::new(JONES))
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_one_of_redis() {
        assert_eq!(checksum(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        let mut running = Running::new();
        running.add(b"1234");
        running.add(b"56789");
        assert_eq!(running.get(), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn is_the_same_in_pieces_of_any_size() {
        let bytes: Vec<u8> = (0..5000_u32).map(|i| ((i * i) >> 3) as u8).collect();
        // Bit by bit.
        let slow = |bytes: &[u8]| {
            bytes.iter().fold(0_u64, |sum, byte| {
                (0..8).fold(sum ^ u64::from(*byte), |sum, _| {
                    sum >> 1 ^ if sum & 1 == 1 { 0x95ac_9329_ac4b_c9b5 } else { 0 }
                })
            })
        };
        for size in [1, 7, 16, 127, 128, 129, 255, 256, 1000, 5000] {
            let mut running = Running::new();
            bytes.chunks(size).for_each(|piece| running.add(piece));
            assert_eq!(running.get(), slow(&bytes));
            assert_eq!(checksum(&bytes[..size]), slow(&bytes[..size]));
        }
    }
}
