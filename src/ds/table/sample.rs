//! Fair random picks.

use super::bucket::SLOTS;
use super::{Summary, Table};

impl<T, S: Summary> Table<T, S> {
    /// One item, each as likely as any other; `below(n)` gives a random number below `n`.
    ///
    /// Picks a bucket and a place in its chain, and again when nobody is there: three or four
    /// picks on average. A table left nearly empty by deletions needs more, a bounded number,
    /// and then the first item after a random bucket is taken.
    pub(crate) fn sample(&self, mut below: impl FnMut(usize) -> usize) -> Option<&T> {
        const TRIES: usize = 4096;
        if self.len == 0 {
            return None;
        }
        for _ in 0..TRIES {
            let index = below(self.buckets());
            let mut place = below(SLOTS * self.longest);
            let mut bucket = Some(self.bucket(index));
            while let Some(b) = bucket {
                let count = b.count();
                if place < count {
                    let slot = b.occupied().nth(place).expect("counted");
                    return Some(b.item(slot));
                }
                place -= count;
                bucket = b.next();
            }
        }
        let start = below(self.buckets());
        (start..self.buckets()).chain(0..start).find_map(|index| {
            let bucket = self.bucket(index);
            bucket.occupied().next().map(|slot| bucket.item(slot))
        })
    }

    /// Shows items that lie together, from a random place on, whole buckets until there are `count`: quick,
    /// and fair enough for choosing a victim. Were a bucket left halfway, what stands late in it would hardly
    /// ever be shown.
    pub(crate) fn sample_run<'t>(
        &'t self,
        count: usize,
        mut below: impl FnMut(usize) -> usize,
        mut show: impl FnMut(&'t T),
    ) {
        if self.len == 0 {
            return;
        }
        let buckets = self.buckets();
        let start = below(buckets);
        let mut shown = 0;
        for step in 0..buckets {
            self.visit_chain((start + step) % buckets, &mut |item| {
                show(item);
                shown += 1;
            });
            if shown >= count {
                return;
            }
        }
    }
}
