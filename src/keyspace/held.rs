//! The stripes that a transaction has locked, in ascending order, and how to find one again.

use std::sync::atomic::Ordering;

use super::Keyspace;
use super::stripe::{Stripe, StripeData};
use super::tx::Access;
use crate::config::MAX_STRIPES;
use crate::sync::{RwLockReadGuard, RwLockWriteGuard};

/// A locked stripe.
pub(super) enum Guard<'k> {
    Shared(RwLockReadGuard<'k, StripeData>),
    Exclusive(RwLockWriteGuard<'k, StripeData>),
}

impl Guard<'_> {
    #[inline(always)]
    pub(super) fn data(&self) -> &StripeData {
        match self {
            Guard::Shared(guard) => guard,
            Guard::Exclusive(guard) => guard,
        }
    }
}

/// The stripes that a transaction has locked.
pub(super) enum Held<'k> {
    /// None: stripes are locked one at a time, as they are visited.
    None,
    /// One, shared. Not a [`Guard`] beside its number: the scope of one key is left by one comparison so.
    Shared(usize, RwLockReadGuard<'k, StripeData>),
    /// One, exclusively.
    Exclusive(usize, RwLockWriteGuard<'k, StripeData>),
    Many(Box<Guards<'k>>),
}

/// Several locked stripes.
pub(super) struct Guards<'k> {
    /// Ascending by stripe.
    list: Vec<Guard<'k>>,
    /// For each stripe of the keyspace its place in `list`, or `NOT_HELD`.
    places: Box<[u16]>,
}

const NOT_HELD: u16 = u16::MAX;

impl Keyspace {
    #[inline(always)]
    pub(super) fn lock(&self, stripe: usize, access: Access) -> Guard<'_> {
        match access {
            Access::Shared => Guard::Shared(self.lock_shared(stripe)),
            Access::Exclusive => Guard::Exclusive(self.lock_exclusive(stripe)),
        }
    }

    /// Locks a stripe, shared.
    #[inline(always)]
    pub(super) fn lock_shared(&self, stripe: usize) -> RwLockReadGuard<'_, StripeData> {
        if cfg!(debug_assertions) {
            self.refuse_inside();
        }
        match self.stripes[stripe].data.try_read() {
            Some(guard) => guard,
            None => self.wait_shared(stripe),
        }
    }

    /// Locks a stripe, exclusively.
    #[inline(always)]
    pub(super) fn lock_exclusive(&self, stripe: usize) -> RwLockWriteGuard<'_, StripeData> {
        if cfg!(debug_assertions) {
            self.refuse_inside();
        }
        match self.stripes[stripe].data.try_write() {
            Some(guard) => guard,
            None => self.wait_exclusive(stripe),
        }
    }

    #[cold]
    fn wait_shared(&self, stripe: usize) -> RwLockReadGuard<'_, StripeData> {
        self.refuse_inside();
        let Stripe { data, waiting, .. } = &self.stripes[stripe];
        waiting.fetch_add(1, Ordering::Relaxed);
        let guard = data.read();
        waiting.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    #[cold]
    fn wait_exclusive(&self, stripe: usize) -> RwLockWriteGuard<'_, StripeData> {
        self.refuse_inside();
        let Stripe { data, waiting, .. } = &self.stripes[stripe];
        waiting.fetch_add(1, Ordering::Relaxed);
        let guard = data.write();
        waiting.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    /// Locks stripes, given in any order and perhaps twice, in ascending order; and others too if who waits
    /// there cannot be served without.
    pub(super) fn lock_many(
        &self,
        stripes: impl Iterator<Item = usize>,
        access: Access,
    ) -> Held<'_> {
        let mut wanted = [0_u64; MAX_STRIPES / 64];
        stripes.for_each(|stripe| wanted[stripe / 64] |= 1 << (stripe % 64));
        loop {
            let guards = self.lock_wanted(&wanted, access);
            if access == Access::Shared || !guards.add_reached(&mut wanted) {
                return Held::Many(Box::new(guards));
            }
            // What is lacking may come before what is held: all is let go, and taken anew. Each round
            // takes more, so that there is an end.
        }
    }

    fn lock_wanted(&self, wanted: &[u64], access: Access) -> Guards<'_> {
        let mut guards = Guards {
            list: Vec::with_capacity(wanted.iter().map(|word| word.count_ones() as usize).sum()),
            places: vec![NOT_HELD; self.stripes.len()].into(),
        };
        for (i, mut word) in wanted.iter().copied().enumerate() {
            while word != 0 {
                let stripe = i * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                guards.places[stripe] = guards.list.len() as u16;
                guards.list.push(self.lock(stripe, access));
            }
        }
        guards
    }
}

impl Guards<'_> {
    /// Adds the stripes that are needed to serve who waits in those that are held. Returns whether
    /// any was lacking.
    fn add_reached(&self, wanted: &mut [u64]) -> bool {
        let mut lacking = false;
        for lines in self.list.iter().filter_map(|guard| guard.data().waiting.as_ref()) {
            for (stripe, _) in lines.reaches() {
                lacking |= wanted[stripe / 64] & 1 << (stripe % 64) == 0;
                wanted[stripe / 64] |= 1 << (stripe % 64);
            }
        }
        lacking
    }
}

/// Apart, so that the scope of one key, or of none, is left by comparisons and no jump by a table.
#[cold]
fn release_several(held: &mut Held<'_>) {
    *held = Held::None;
}

impl<'k> Held<'k> {
    /// One stripe.
    pub(super) fn one(stripe: usize, guard: Guard<'k>) -> Held<'k> {
        match guard {
            Guard::Shared(guard) => Held::Shared(stripe, guard),
            Guard::Exclusive(guard) => Held::Exclusive(stripe, guard),
        }
    }

    /// What a stripe holds, if it is locked.
    #[inline(always)]
    pub(super) fn get(&self, stripe: usize) -> Option<&StripeData> {
        match self {
            Held::Shared(held, guard) if *held == stripe => Some(guard),
            Held::Exclusive(held, guard) if *held == stripe => Some(guard),
            Held::Many(guards) => {
                guards.list.get(usize::from(guards.places[stripe])).map(Guard::data)
            }
            _ => None,
        }
    }

    /// What a stripe holds, if it is locked exclusively.
    #[inline(always)]
    pub(super) fn get_mut(&mut self, stripe: usize) -> Option<&mut StripeData> {
        match self {
            Held::Exclusive(held, guard) if *held == stripe => Some(guard),
            Held::Many(guards) => match guards.list.get_mut(usize::from(guards.places[stripe])) {
                Some(Guard::Exclusive(guard)) => Some(guard),
                _ => None,
            },
            _ => None,
        }
    }

    /// Unlocks them.
    #[inline(always)]
    pub(super) fn release(&mut self) {
        if matches!(self, Held::None) {
            return;
        }
        if matches!(self, Held::Many(_)) {
            return release_several(self);
        }
        match std::mem::replace(self, Held::None) {
            Held::Shared(_, guard) => drop(guard),
            Held::Exclusive(_, guard) => drop(guard),
            Held::None | Held::Many(_) => {}
        }
    }

    /// The numbers of the stripes, ascending.
    pub(super) fn stripes(&self) -> Vec<usize> {
        match self {
            Held::None => Vec::new(),
            Held::Shared(stripe, _) | Held::Exclusive(stripe, _) => vec![*stripe],
            Held::Many(guards) => {
                let places = guards.places.iter().enumerate();
                places.filter(|(_, place)| **place != NOT_HELD).map(|(stripe, _)| stripe).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn stripes_are_locked_in_order_and_found_again() {
        let keyspace = Keyspace::new(&Config::new().stripes(1024), 1);
        let mut held =
            keyspace.lock_many([1023, 0, 64, 63, 64, 200].into_iter(), Access::Exclusive);
        assert_eq!(held.stripes(), [0, 63, 64, 200, 1023]);
        for stripe in 0..1024 {
            let is_held = [0, 63, 64, 200, 1023].contains(&stripe);
            assert_eq!(held.get(stripe).is_some(), is_held);
            assert_eq!(held.get_mut(stripe).is_some(), is_held);
            assert_eq!(keyspace.stripes[stripe].data.try_read().is_none(), is_held);
        }
        drop(held);
        assert!((0..1024).all(|stripe| keyspace.stripes[stripe].data.try_read().is_some()));
    }
}
