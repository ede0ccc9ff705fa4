//! Members picked by chance, each as likely as any other.

use std::collections::HashSet;

use super::{Member, Set, SetRef};
use crate::config::Limits;
use crate::ds::packed::Packed;
use crate::value::string::Digits;

/// A table is sampled if so many times as many members as are wanted lie in it; else it is walked.
const SAMPLE_FROM: usize = 3;
/// As in Redis: when what is left is less than a fifth of what goes, it moves to a new set.
const MOVE_BELOW: usize = 5;

impl<'a> SetRef<'a> {
    /// One member; `None` if there is none. `below(n)` gives a random number below `n`.
    pub(crate) fn sample(self, mut below: impl FnMut(usize) -> usize) -> Option<Member<'a>> {
        if self.len() == 0 {
            return None;
        }
        match self {
            SetRef::Ints(ints) => Some(Member::Int(ints.get(below(ints.len())))),
            SetRef::Packed(packed) => {
                let pos = packed.nth(below(packed.len()))?;
                packed.at(pos).map(Member::from)
            }
            SetRef::Table(members) => members.sample(below).map(|pair| Member::Bytes(pair.field())),
        }
    }

    /// As many different members, or all if there are fewer.
    pub(crate) fn pick(
        self,
        count: usize,
        mut below: impl FnMut(usize) -> usize,
    ) -> Vec<Member<'a>> {
        if let SetRef::Table(members) = self
            && count.saturating_mul(SAMPLE_FROM) <= members.len()
        {
            let mut seen = HashSet::with_capacity(count);
            let mut picked = Vec::with_capacity(count);
            while picked.len() < count {
                let pair = members.sample(&mut below).expect("not empty");
                if seen.insert(std::ptr::from_ref(pair)) {
                    picked.push(Member::Bytes(pair.field()));
                }
            }
            return picked;
        }
        let mut picked = Vec::with_capacity(count.min(self.len()));
        self.divide(count, below, |member, is_picked| {
            if is_picked {
                picked.push(member);
            }
        });
        picked
    }

    /// Shows every member, and whether it is one of `count` picked ones: one walk, each next member
    /// picked with the chance that keeps all picks equally likely (Knuth's algorithm S).
    fn divide(
        self,
        count: usize,
        mut below: impl FnMut(usize) -> usize,
        mut show: impl FnMut(Member<'a>, bool),
    ) {
        let (mut left, mut wanted) = (self.len(), count);
        for member in self.iter() {
            let is_picked = wanted >= left || wanted > 0 && below(left) < wanted;
            wanted -= usize::from(is_picked);
            left -= 1;
            show(member, is_picked);
        }
    }
}

impl SetRef<'_> {
    /// What taking `count` members out comes to, and what is left, if the set goes or most of it: the rest then
    /// moves to a new set, packed unless it is of integers.
    pub(crate) fn split(
        self,
        count: usize,
        limits: &Limits,
        below: impl FnMut(usize) -> usize,
    ) -> Option<(Vec<Vec<u8>>, Set)> {
        let len = self.len();
        if count >= len {
            return Some((self.iter().map(Member::to_vec).collect(), Set::default()));
        }
        let keep = len - count;
        if keep.saturating_mul(MOVE_BELOW) > count {
            return None;
        }
        let mut kept = match self {
            SetRef::Ints(_) => Set::default(),
            SetRef::Packed(_) | SetRef::Table(_) => Set::Packed(Packed::new()),
        };
        let mut popped = Vec::with_capacity(count);
        self.divide(keep, below, |member, is_kept| {
            if is_kept {
                kept.insert(member.bytes(&mut Digits::new()), limits);
            } else {
                popped.push(member.to_vec());
            }
        });
        Some((popped, kept))
    }
}

impl Set {
    /// Takes `count` members out, one by one, or all if there are fewer.
    pub(crate) fn pop(&mut self, count: usize, below: impl FnMut(usize) -> usize) -> Vec<Vec<u8>> {
        let picked = self.as_ref().pick(count, below);
        let popped: Vec<Vec<u8>> = picked.into_iter().map(Member::to_vec).collect();
        popped.iter().for_each(|member| _ = self.remove(member));
        popped
    }
}
