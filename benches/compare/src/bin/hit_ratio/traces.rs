//! What is asked of the caches: generated traces, and any that a file holds.

/// Keys asked for one after the other.
pub struct Trace {
    pub name: String,
    pub keys: Vec<u64>,
    /// Entries that caches have room for, smallest first.
    pub sizes: Vec<usize>,
}

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Ranks from 0, rank `r` with a weight of `(r + 1) ^ -skew`.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(ranks: usize, skew: f64) -> Zipf {
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=ranks)
            .map(|rank| {
                sum += (rank as f64).powf(-skew);
                sum
            })
            .collect();
        shares.iter_mut().for_each(|share| *share /= sum);
        Zipf(shares)
    }

    fn draw(&self, dice: &mut Dice) -> usize {
        let share = dice.share();
        self.0.partition_point(|upto| *upto < share).min(self.0.len() - 1)
    }
}

const KEYS: usize = 100_000;
const LENGTH: usize = 1_000_000;
const SKEW: f64 = 0.9;

/// Shares of `of`, in percent.
fn shares(of: usize, percents: &[usize]) -> Vec<usize> {
    percents.iter().map(|percent| of * percent / 100).collect()
}

/// The generated traces.
pub fn generated() -> Vec<Trace> {
    let usual = || shares(KEYS, &[1, 2, 5, 10, 20, 40]);
    let trace = |name: &str, keys, sizes| Trace { name: name.into(), keys, sizes };
    vec![
        trace("zipf", zipf(), usual()),
        trace("zipf-drift", drifting(), usual()),
        trace("zipf-jump", jumping(), usual()),
        trace("zipf-scan", scanned(), usual()),
        trace("loop", looped(), shares(20_000, &[5, 10, 25, 50, 75, 95])),
        trace("zipf-loop", mixed(), usual()),
    ]
}

/// The same keys are popular all the time.
fn zipf() -> Vec<u64> {
    let (zipf, mut dice) = (Zipf::new(KEYS, SKEW), Dice(1));
    (0..LENGTH).map(|_| zipf.draw(&mut dice) as u64).collect()
}

/// The hot set moves on steadily: every fifty requests a new key is the most popular, and each
/// other one rank less so.
fn drifting() -> Vec<u64> {
    let (zipf, mut dice) = (Zipf::new(KEYS, SKEW), Dice(2));
    (0..LENGTH).map(|i| (zipf.draw(&mut dice) + LENGTH / 50 - i / 50) as u64).collect()
}

/// The hot set moves at once: after each fifth of the trace other keys are the popular ones.
fn jumping() -> Vec<u64> {
    let (zipf, mut dice) = (Zipf::new(KEYS, SKEW), Dice(3));
    let shift = |i: usize| i / (LENGTH / 5) * (KEYS / 5);
    (0..LENGTH).map(|i| ((zipf.draw(&mut dice) + shift(i)) % KEYS) as u64).collect()
}

/// A scan of keys that nobody asks for again takes each third request for a while: 20,000 of them
/// in every 100,000 requests.
fn scanned() -> Vec<u64> {
    let (zipf, mut dice, mut cold) = (Zipf::new(KEYS, SKEW), Dice(4), 1_u64 << 32);
    (0..LENGTH)
        .map(|i| {
            if i % 100_000 < 60_000 && i % 3 == 0 {
                cold += 1;
                return cold;
            }
            zipf.draw(&mut dice) as u64
        })
        .collect()
}

/// The same 20,000 keys over and over.
fn looped() -> Vec<u64> {
    (0..LENGTH / 2).map(|i| i as u64 % 20_000).collect()
}

/// Popular keys, and in every third request the next of a loop over 30,000 others.
fn mixed() -> Vec<u64> {
    let (zipf, mut dice) = (Zipf::new(KEYS, SKEW), Dice(5));
    (0..LENGTH)
        .map(|i| match i % 3 {
            0 => (1 << 32) + (i as u64 / 3) % 30_000,
            _ => zipf.draw(&mut dice) as u64,
        })
        .collect()
}

/// A file with a number on each line; caches of a share of the keys in it.
pub fn read(path: &str) -> std::io::Result<Trace> {
    let text = std::fs::read_to_string(path)?;
    let keys: Vec<u64> = text.lines().filter_map(|line| line.trim().parse().ok()).collect();
    let unlike = keys.iter().collect::<std::collections::HashSet<_>>().len();
    let name = std::path::Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into();
    Ok(Trace { name, keys, sizes: shares(unlike, &[2, 5, 10, 20, 40, 60]) })
}
