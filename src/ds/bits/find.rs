//! Where the first set, or the first clear, bit is.

/// The first bit from `first` to `last`, both of them within the string, that is `wanted`.
pub(crate) fn find_in(bytes: &[u8], wanted: bool, first: u64, last: u64) -> Option<u64> {
    let at = usize::try_from(first / 8).ok()?;
    let part = bytes.get(at..=usize::try_from(last / 8).ok()?)?;
    // The bits of the first byte before `first` are made to look like those that are passed over.
    let head = *part.first()? ^ passed_over(wanted);
    let found = match head & (0xFF >> (first % 8)) {
        0 => 8 + find(&part[1..], wanted)?,
        head => u64::from(head.leading_zeros()),
    };
    Some(at as u64 * 8 + found).filter(|found| *found <= last)
}

/// A byte in which no bit is `wanted`.
fn passed_over(wanted: bool) -> u8 {
    if wanted { 0 } else { 0xFF }
}

/// The first bit that is `wanted`.
fn find(bytes: &[u8], wanted: bool) -> Option<u64> {
    const BLOCK: usize = 256;
    let dull = u64::from_ne_bytes([passed_over(wanted); 8]);
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let is_dull = |block: &&[u8; BLOCK]| {
        let (words, _) = block.as_chunks::<8>();
        // Without a branch a word, so that it is done in vectors.
        words.iter().fold(0, |seen, word| seen | (u64::from_ne_bytes(*word) ^ dull)) == 0
    };
    let from = blocks.iter().take_while(is_dull).count() * BLOCK;
    let byte = from + bytes[from..].iter().position(|byte| *byte != passed_over(wanted))?;
    Some(byte as u64 * 8 + u64::from((bytes[byte] ^ passed_over(wanted)).leading_zeros()))
}
