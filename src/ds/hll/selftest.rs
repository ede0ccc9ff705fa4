//! `PFSELFTEST`: that registers keep what they are given, and that estimates are as good as they
//! should be, on this machine.

use super::{Form, HEADER, Hll, HllRef, REGISTERS, Rank, dense};

/// Elements of the test.
const ELEMENTS: u64 = 1_000_000;

/// Tests, with random numbers from `random`.
///
/// # Errors
/// What failed, in Redis's words.
pub(crate) fn self_test(mut random: impl FnMut() -> u64, limit: usize) -> Result<(), String> {
    let mut registers = vec![0; REGISTERS * 6 / 8];
    for _ in 0..16 {
        let ranks: Vec<u8> = (0..REGISTERS).map(|_| random() as u8 & 63).collect();
        for (at, rank) in ranks.iter().enumerate() {
            dense::set(&mut registers, at, *rank);
        }
        for (at, want) in ranks.iter().enumerate() {
            let is = dense::get(&registers, at);
            if is != *want {
                return Err(format!("TESTFAILED Register {at} should be {want} but is {is}"));
            }
        }
    }

    let (mut hll, mut sparse_or_dense) = (Hll::new(), Hll::new());
    hll.make_dense().map_err(|_| "TESTFAILED a new sketch cannot be read")?;
    let count = |hll: &Hll| HllRef::new(hll.bytes()).and_then(|hll| hll.count().ok());
    let (seed, mut checkpoint) = (random(), 1);
    for i in 1..=ELEMENTS {
        let rank = Rank::of(&(i ^ seed).to_ne_bytes());
        dense::raise(&mut hll.bytes[HEADER..], rank);
        sparse_or_dense.add(rank, limit).map_err(|_| "TESTFAILED a sketch cannot be read")?;
        if i != checkpoint {
            continue;
        }
        if i < limit as u64 / 2 && sparse_or_dense.form != Form::Sparse {
            return Err("TESTFAILED sparse encoding not used".into());
        }
        let estimate = count(&hll).unwrap_or(u64::MAX);
        if count(&sparse_or_dense) != Some(estimate) {
            return Err("TESTFAILED dense/sparse disagree".into());
        }
        let error = estimate.abs_diff(checkpoint);
        // Six times the standard error; of ten elements one may share a register.
        let bound = (1.04 / (REGISTERS as f64).sqrt() * 6.0 * checkpoint as f64).ceil() as u64;
        if error > bound {
            return Err(format!("TESTFAILED Too big error. card:{checkpoint} abserr:{error}"));
        }
        checkpoint *= 10;
    }
    Ok(())
}
