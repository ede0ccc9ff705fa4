//! Each operation against the same one bit by bit.

use proptest::prelude::*;

use super::*;

fn cases() -> ProptestConfig {
    ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, ..ProptestConfig::default() }
}

/// Strings of long runs, so that whole blocks are alike, and of any bytes.
fn string(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let run = prop_oneof![
        (prop_oneof![Just(0_u8), Just(0xFF), any::<u8>()], 0..longest / 2)
            .prop_map(|(byte, len)| vec![byte; len]),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(run, 0..4).prop_map(|runs| runs.concat())
}

fn bits(bytes: &[u8]) -> Vec<bool> {
    (0..bytes.len() as u64 * 8).map(|at| bit(bytes, at)).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn counts_and_finds(bytes in string(2000), a in any::<u64>(), b in any::<u64>(), wanted: bool) {
        let all = bits(&bytes);
        prop_assert_eq!(count(&bytes), all.iter().filter(|bit| **bit).count() as u64);
        if !bytes.is_empty() {
            let len = all.len() as u64;
            let (first, last) = ((a % len).min(b % len), (a % len).max(b % len));
            let part = &all[first as usize..=last as usize];
            let set = part.iter().filter(|bit| **bit).count() as u64;
            prop_assert_eq!(count_in(&bytes, first, last), set);
            let at = part.iter().position(|bit| *bit == wanted).map(|at| at as u64 + first);
            prop_assert_eq!(find_in(&bytes, wanted, first, last), at);
        }
    }

    #[test]
    fn combines(sources in proptest::collection::vec(string(6000), 1..5)) {
        let len = sources.iter().map(Vec::len).max().unwrap_or(0);
        let sources: Vec<&[u8]> = sources.iter().map(|source| &source[..]).collect();
        type Model = fn(&[bool]) -> bool;
        let ops: [(BitOp, Model); 8] = [
            (BitOp::And, |bits| bits.iter().all(|bit| *bit)),
            (BitOp::Or, |bits| bits.iter().any(|bit| *bit)),
            (BitOp::Xor, |bits| bits.iter().filter(|bit| **bit).count() % 2 == 1),
            (BitOp::Not, |bits| !bits[0]),
            (BitOp::Diff, |bits| bits[0] && !bits[1..].contains(&true)),
            (BitOp::Diff1, |bits| !bits[0] && bits[1..].contains(&true)),
            (BitOp::AndOr, |bits| bits[0] && bits[1..].contains(&true)),
            (BitOp::One, |bits| bits.iter().filter(|bit| **bit).count() == 1),
        ];
        for (op, model) in ops {
            let sources = if op == BitOp::Not { &sources[..1] } else { &sources[..] };
            let mut out = vec![0x5A; if op == BitOp::Not { sources[0].len() } else { len }];
            combine(op, &mut out, sources);
            for at in (0..out.len() as u64 * 8).step_by(if out.len() > 500 { 97 } else { 1 }) {
                let of_each: Vec<bool> = sources.iter().map(|source| bit(source, at)).collect();
                prop_assert_eq!(bit(&out, at), model(&of_each), "{:?} at {}", op, at);
            }
        }
    }

    #[test]
    fn fields_hold_what_was_put_in(
        mut bytes in proptest::collection::vec(any::<u8>(), 32),
        offset in 0..190_u64,
        bits in 1..=64_u8,
        signed: bool,
        value: i64,
    ) {
        let field = Field { offset, bits: if signed { bits } else { bits.min(63) }, signed };
        let before = bytes.clone();
        field.set(&mut bytes, value);
        let stored = field.get(&bytes);
        prop_assert_eq!(Some(stored), field.fit(value, 0, BitOverflow::Wrap));
        for at in 0..256 {
            if at < offset || at > field.last() {
                prop_assert_eq!(bit(&bytes, at), bit(&before, at));
            } else {
                prop_assert_eq!(bit(&bytes, at), stored >> (field.last() - at) & 1 == 1);
            }
        }
        // What is not there is zero.
        let cut = &bytes[..(offset / 8) as usize];
        prop_assert_eq!(field.get(cut), 0);
    }

    #[test]
    fn sums_stay_within_their_limits(bits in 1..=64_u8, signed: bool, value: i64, increment: i64) {
        let field = Field { offset: 0, bits: if signed { bits } else { bits.min(63) }, signed };
        let value = field.fit(value, 0, BitOverflow::Wrap).expect("wraps");
        let (min, max) = match signed {
            true => (-(1_i128 << (field.bits - 1)), (1_i128 << (field.bits - 1)) - 1),
            false => (0, (1_i128 << field.bits) - 1),
        };
        let sum = i128::from(value) + i128::from(increment);
        let fits = (min..=max).contains(&sum);
        let of = |overflow| field.fit(value, increment, overflow).map(i128::from);
        prop_assert_eq!(of(BitOverflow::Fail), fits.then_some(sum));
        prop_assert_eq!(of(BitOverflow::Saturate), Some(sum.clamp(min, max)));
        let wrapped = of(BitOverflow::Wrap).expect("wraps");
        prop_assert!((min..=max).contains(&wrapped));
        prop_assert_eq!((wrapped - sum).rem_euclid(max - min + 1), 0);
    }
}
