//! Positions as interleaved bits.

use super::{LATITUDE, LONGITUDE, Position};

/// Bits of each coordinate in a score.
pub(super) const STEPS: u32 = 26;

/// Part of the earth: bits of a position, as many of each coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) bits: u64,
    pub(super) steps: u32,
}

/// Degrees from and to: of longitude, and of latitude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) west: f64,
    pub(super) east: f64,
    pub(super) south: f64,
    pub(super) north: f64,
}

impl Cell {
    /// The cell of a position.
    pub(super) fn of(position: Position, steps: u32) -> Cell {
        Cell { bits: encode(position, LATITUDE, steps), steps }
    }

    /// The degrees that the cell covers.
    pub(super) fn bounds(self) -> Bounds {
        let scale = (1_u64 << self.steps) as f64;
        let (latitude, longitude) = (squeeze(self.bits), squeeze(self.bits >> 1));
        let degree =
            |bits: u32, lowest: f64| lowest + (f64::from(bits) * 1.0 / scale) * (-lowest - lowest);
        Bounds {
            west: degree(longitude, -LONGITUDE),
            east: degree(longitude.wrapping_add(1), -LONGITUDE),
            south: degree(latitude, -LATITUDE),
            north: degree(latitude.wrapping_add(1), -LATITUDE),
        }
    }

    /// The cell as many cells east and north, which may be -1, 0 or 1.
    pub(super) fn beside(self, east: i8, north: i8) -> Cell {
        const X: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        const Y: u64 = 0x5555_5555_5555_5555;
        let unused = 64 - self.steps * 2;
        let step = |bits: u64, filler: u64, mask: u64, by: i8| {
            let moved = match by {
                0 => return bits,
                1.. => bits.wrapping_add((filler >> unused) + 1),
                _ => (bits | filler >> unused).wrapping_sub((filler >> unused) + 1),
            };
            moved & mask >> unused
        };
        let x = step(self.bits & X, Y, X, east);
        let y = step(self.bits & Y, X, Y, north);
        Cell { bits: x | y, steps: self.steps }
    }

    /// The scores of the positions in the cell: from the first, and below the second.
    pub(super) fn scores(self) -> (u64, u64) {
        let align = |bits: u64| bits << (52 - self.steps * 2);
        (align(self.bits), align(self.bits + 1))
    }
}

/// The score of a position.
pub(crate) fn score(position: Position) -> f64 {
    encode(position, LATITUDE, STEPS) as f64
}

/// The position that a score stands for: the middle of its cell. Any score stands for one.
pub(crate) fn decode(score: f64) -> Position {
    let bounds = Cell { bits: bits(score), steps: STEPS }.bounds();
    let middle = |low: f64, high: f64, most: f64| ((low + high) / 2.0).clamp(-most, most);
    Position {
        longitude: middle(bounds.west, bounds.east, LONGITUDE),
        latitude: middle(bounds.south, bounds.north, LATITUDE),
    }
}

/// The geohash of eleven letters that other systems know, of a score. They count latitudes to the poles;
/// the last letter, for which there are no bits, is always 0.
pub(crate) fn geohash(score: f64) -> [u8; 11] {
    const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let bits = encode(decode(score), 90.0, STEPS);
    std::array::from_fn(|i| match i {
        10 => LETTERS[0],
        i => LETTERS[(bits >> (52 - (i + 1) * 5)) as usize & 0x1F],
    })
}

/// A score as a signed integer, as C and x86 make one of a double: what does not fit is the lowest.
pub(crate) fn whole(score: f64) -> i64 {
    const LIMIT: f64 = (1_u64 << 63) as f64;
    if (-LIMIT..LIMIT).contains(&score) { score as i64 } else { i64::MIN }
}

/// A score as an unsigned integer, as C and x86 make one of a double.
fn bits(score: f64) -> u64 {
    const LIMIT: f64 = (1_u64 << 63) as f64;
    if score < LIMIT { whole(score) as u64 } else { whole(score - LIMIT) as u64 ^ 1 << 63 }
}

fn encode(position: Position, latitudes: f64, steps: u32) -> u64 {
    let scale = (1_u64 << steps) as f64;
    let part = |degree: f64, most: f64| ((degree + most) / (most + most) * scale) as u32;
    let latitude = spread(part(position.latitude, latitudes));
    latitude | spread(part(position.longitude, LONGITUDE)) << 1
}

/// Puts a zero before each bit (Sean Eron Anderson, Bit Twiddling Hacks).
fn spread(bits: u32) -> u64 {
    let mut x = u64::from(bits);
    x = (x | x << 16) & 0x0000_FFFF_0000_FFFF;
    x = (x | x << 8) & 0x00FF_00FF_00FF_00FF;
    x = (x | x << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    x = (x | x << 2) & 0x3333_3333_3333_3333;
    (x | x << 1) & 0x5555_5555_5555_5555
}

/// Takes every second bit, the lowest first.
fn squeeze(bits: u64) -> u32 {
    let mut x = bits & 0x5555_5555_5555_5555;
    x = (x | x >> 1) & 0x3333_3333_3333_3333;
    x = (x | x >> 2) & 0x0F0F_0F0F_0F0F_0F0F;
    x = (x | x >> 4) & 0x00FF_00FF_00FF_00FF;
    x = (x | x >> 8) & 0x0000_FFFF_0000_FFFF;
    (x | x >> 16) as u32
}
