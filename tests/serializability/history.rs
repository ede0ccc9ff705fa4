//! What transactions saw and did, and whether there is an order that explains it.
//!
//! Every value is written once, and whoever writes a key has read what it held. So the order of a key's values
//! is known exactly, and with it who depends on whom:
//!
//! - who wrote a value stands before who read it, and before who wrote over it;
//! - who read a value stands before who wrote over it;
//! - what had returned stands before what was called later, as the clock on the wall says.
//!
//! The history is strictly serialisable if, and only if, nothing stands before itself.

use std::collections::HashMap;

/// A key's number.
pub(crate) type Key = usize;
/// A value that is written once; 0 is what every key holds at first.
pub(crate) type Value = u64;

/// A transaction that took place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Done {
    /// When it was called and when it had returned: numbers that rise over all threads.
    pub(crate) called: u64,
    pub(crate) returned: u64,
    /// What it read of keys that it did not write.
    pub(crate) reads: Vec<(Key, Value)>,
    /// What it wrote, with what stood there before.
    pub(crate) writes: Vec<(Key, Value, Value)>,
}

/// Looks for an order that explains the history.
pub(crate) fn check(history: &[Done]) -> Result<(), String> {
    let mut graph = Graph::new(history.len());
    let mut wrote = HashMap::new();
    let mut wrote_over = HashMap::new();
    for (number, done) in history.iter().enumerate() {
        for (key, before, value) in &done.writes {
            if wrote.insert((*key, *value), number).is_some() {
                return Err(format!("key {key}: {value} was written twice"));
            }
            if let Some(other) = wrote_over.insert((*key, *before), number) {
                let pair = (&history[other], done);
                return Err(format!("key {key}: both wrote over {before}: {pair:#?}"));
            }
        }
    }
    for (number, done) in history.iter().enumerate() {
        let overwritten = done.writes.iter().map(|(key, before, _)| (*key, *before));
        for (key, value) in done.reads.iter().copied().chain(overwritten) {
            if value != 0 {
                let Some(writer) = wrote.get(&(key, value)) else {
                    return Err(format!(
                        "key {key}: {value}, never committed, was seen: {done:#?}"
                    ));
                };
                graph.before(*writer, number);
            }
            if let Some(next) = wrote_over.get(&(key, value)).filter(|next| **next != number) {
                graph.before(number, *next);
            }
        }
    }
    graph.add_time(history);
    match graph.cycle() {
        None => Ok(()),
        Some(cycle) => {
            let involved: Vec<_> = cycle.iter().filter_map(|number| history.get(*number)).collect();
            Err(format!("no order explains these: {involved:#?}"))
        }
    }
}

/// Who stands before whom.
struct Graph {
    after: Vec<Vec<usize>>,
}

impl Graph {
    fn new(nodes: usize) -> Graph {
        Graph { after: vec![Vec::new(); nodes] }
    }

    fn before(&mut self, first: usize, then: usize) {
        self.after[first].push(then);
    }

    /// Adds the wall clock, as a chain of moments: each return makes a new one, behind what returned, and each call
    /// stands behind the newest.
    fn add_time(&mut self, history: &[Done]) {
        let mut moments = Vec::new();
        for (number, done) in history.iter().enumerate() {
            moments.push((done.called, false, number));
            moments.push((done.returned, true, number));
        }
        moments.sort_unstable();
        let mut newest = None;
        for (_, is_return, number) in moments {
            if is_return {
                let moment = self.after.len();
                self.after.push(Vec::new());
                self.before(number, moment);
                if let Some(newest) = newest {
                    self.before(newest, moment);
                }
                newest = Some(moment);
            } else if let Some(newest) = newest {
                self.before(newest, number);
            }
        }
    }

    /// Nodes that stand before themselves, if there are any: what is left when all others are put in order.
    fn cycle(&self) -> Option<Vec<usize>> {
        let mut waits_for = vec![0; self.after.len()];
        self.after.iter().flatten().for_each(|then| waits_for[*then] += 1);
        let mut ready: Vec<usize> = (0..waits_for.len()).filter(|n| waits_for[*n] == 0).collect();
        let mut placed = vec![false; waits_for.len()];
        while let Some(node) = ready.pop() {
            placed[node] = true;
            for then in &self.after[node] {
                waits_for[*then] -= 1;
                if waits_for[*then] == 0 {
                    ready.push(*then);
                }
            }
        }
        let start = placed.iter().position(|placed| !placed)?;
        // Whoever is left waits for one that is left: going back long enough leads into a cycle.
        let back = |node: usize| {
            (0..self.after.len())
                .find(|n| !placed[*n] && self.after[*n].contains(&node))
                .expect("it waits for somebody")
        };
        let mut seen = Vec::new();
        let mut node = start;
        while !seen.contains(&node) {
            seen.push(node);
            node = back(node);
        }
        let from = seen.iter().position(|n| *n == node).expect("just found");
        Some(seen.split_off(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(
        (called, returned): (u64, u64),
        reads: &[(Key, Value)],
        writes: &[(Key, Value, Value)],
    ) -> Done {
        Done { called, returned, reads: reads.to_vec(), writes: writes.to_vec() }
    }

    #[test]
    fn what_an_order_explains_is_accepted() {
        let history = [
            done((1, 4), &[], &[(0, 0, 1), (1, 0, 2)]),
            done((2, 3), &[(0, 0), (1, 0)], &[]),
            done((5, 8), &[(0, 1)], &[(1, 2, 3)]),
            done((6, 7), &[(0, 1), (1, 3)], &[]),
        ];
        assert_eq!(check(&history), Ok(()));
    }

    #[test]
    fn a_lost_update_is_found() {
        let history = [done((1, 3), &[], &[(0, 0, 1)]), done((2, 4), &[], &[(0, 0, 2)])];
        assert!(check(&history).is_err_and(|why| why.contains("both wrote over 0")));
    }

    #[test]
    fn write_skew_is_found() {
        let history =
            [done((1, 3), &[(1, 0)], &[(0, 0, 1)]), done((2, 4), &[(0, 0)], &[(1, 0, 2)])];
        assert!(check(&history).is_err_and(|why| why.contains("no order")));
    }

    #[test]
    fn half_of_a_transaction_is_found() {
        let history =
            [done((1, 3), &[], &[(0, 0, 1), (1, 0, 2)]), done((2, 4), &[(0, 1), (1, 0)], &[])];
        assert!(check(&history).is_err_and(|why| why.contains("no order")));
    }

    #[test]
    fn what_was_undone_but_seen_is_found() {
        let history = [done((1, 2), &[(0, 7)], &[])];
        assert!(check(&history).is_err_and(|why| why.contains("never committed")));
    }

    #[test]
    fn what_returned_must_be_seen_by_whoever_calls_later() {
        let history = [done((1, 2), &[], &[(0, 0, 1)]), done((3, 4), &[(0, 0)], &[])];
        assert!(check(&history).is_err_and(|why| why.contains("no order")));
        let at_once = [done((1, 3), &[], &[(0, 0, 1)]), done((2, 4), &[(0, 0)], &[])];
        assert_eq!(check(&at_once), Ok(()));
    }

    #[test]
    fn longer_circles_are_found() {
        let history = [
            done((1, 9), &[(1, 0)], &[(0, 0, 1)]),
            done((2, 8), &[(2, 0)], &[(1, 0, 2)]),
            done((3, 7), &[(0, 0)], &[(2, 0, 3)]),
        ];
        assert!(check(&history).is_err_and(|why| why.contains("no order")));
    }
}
