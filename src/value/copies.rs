//! Copies of many strings, made together: short ones share their allocations.
//!
//! An allocation for each would be most of the work of a batch, and more than that where
//! the allocator hands out holes of a fragmented heap, each of them a wait for memory.

use bytes::Bytes;

use super::string::{Digits, StringRef};

/// Strings that are copied at a time.
const TOGETHER: usize = 64;
/// The longest string that shares its allocation.
const SHORT: usize = 256;

/// Copies of strings, in their order.
pub(crate) fn copies<'a>(
    strings: impl ExactSizeIterator<Item = Option<StringRef<'a>>>,
) -> Vec<Option<Bytes>> {
    let mut made = Vec::with_capacity(strings.len());
    let (mut some, mut count) = ([None; TOGETHER], 0);
    strings.for_each(|string| {
        if count == TOGETHER {
            copy(&some, &mut made);
            count = 0;
        }
        some[count] = string;
        count += 1;
    });
    copy(&some[..count], &mut made);
    made
}

fn copy(strings: &[Option<StringRef<'_>>], made: &mut Vec<Option<Bytes>>) {
    let mut ends = [0; TOGETHER];
    let mut buffer = Vec::with_capacity(strings.iter().flatten().map(room).sum());
    for (end, string) in ends.iter_mut().zip(strings) {
        match string {
            Some(StringRef::Bytes(bytes)) if bytes.len() <= SHORT => {
                buffer.extend_from_slice(bytes)
            }
            Some(StringRef::Int(number)) => {
                buffer.extend_from_slice(Digits::new().format(*number).as_bytes())
            }
            _ => {}
        }
        *end = buffer.len();
    }
    let (shared, mut start) = (Bytes::from(buffer), 0);
    made.extend(strings.iter().zip(ends).map(|(string, end)| {
        let part = std::mem::replace(&mut start, end)..end;
        match (*string)? {
            string if part.is_empty() => Some(string.to_bytes()),
            _ => Some(shared.slice(part)),
        }
    }));
}

/// What a string takes of the common allocation, at most.
fn room(string: &StringRef<'_>) -> usize {
    match string {
        StringRef::Int(_) => 20,
        StringRef::Bytes(bytes) if bytes.len() <= SHORT => bytes.len(),
        StringRef::Bytes(_) | StringRef::Long(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ds::blob::Blob;

    #[test]
    fn copies_equal_what_was_copied() {
        let texts: Vec<Vec<u8>> = (0..300_usize).map(|i| vec![b'a'; i * 37 % 700]).collect();
        let blobs: Vec<Blob> = texts.iter().map(|text| Blob::from(&text[..])).collect();
        let strings = (0..300).map(|i| match i % 4 {
            0 => None,
            1 => Some(StringRef::Bytes(&texts[i])),
            2 => Some(StringRef::Long(&blobs[i])),
            _ => Some(StringRef::Int(i64::MIN + i as i64)),
        });
        let expected: Vec<Option<Bytes>> =
            strings.clone().map(|string| string.map(StringRef::to_bytes)).collect();
        assert_eq!(copies(strings), expected);
        assert!(copies(std::iter::empty()).is_empty());
    }
}
