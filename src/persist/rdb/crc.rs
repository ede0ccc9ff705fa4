//! Checksums: the CRC-64 of Jones, as Redis uses it.

use crc::{Algorithm, Crc, Digest, Table};

/// The generator polynomial of Jones, bits reflected, nothing inverted.
const JONES: Algorithm<u64> = Algorithm {
    width: 64,
    poly: 0xad93_d235_94c9_35a9,
    init: 0,
    refin: true,
    refout: true,
    xorout: 0,
    check: 0xe9c6_d914_c4b8_d9ca,
    residue: 0,
};

static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&JONES);

/// The checksum of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    CRC.checksum(bytes)
}

/// The checksum of bytes that come one after the other.
pub(super) struct Running(Digest<'static, u64, Table<16>>);

impl Running {
    pub(super) fn new() -> Running {
        Running(CRC.digest())
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.clone().finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_one_of_redis() {
        assert_eq!(checksum(b"123456789"), JONES.check);
        let mut running = Running::new();
        running.add(b"1234");
        running.add(b"56789");
        assert_eq!(running.get(), JONES.check);
    }
}
