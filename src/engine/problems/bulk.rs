//! The line of bulk work: the highest priority first, then what began last, so that after a
//! takeover what matters most is in Argus within seconds. Never knows what the work is.

use crate::time::Stamp;
use crate::zino::case::Problem;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How much a problem matters among bulk work; the smaller one comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(Reverse<(i64, Stamp)>);

impl Rank {
    /// For a case of this priority that opened then.
    #[must_use]
    pub fn of(priority: i64, opened: Stamp) -> Self {
        Self(Reverse((priority, opened)))
    }
}

impl Default for Rank {
    /// After everything else.
    fn default() -> Self {
        Self::of(i64::MIN, Stamp::default())
    }
}

/// Problems in line.
#[derive(Debug, Default)]
pub struct BulkOrder(BTreeSet<(u32, Rank, Arc<Problem>)>);

impl BulkOrder {
    /// Puts a problem in line that has had so many turns: none has its next one before all others
    /// have had as many.
    pub fn add(&mut self, turns: u32, rank: Rank, problem: &Arc<Problem>) {
        self.0.insert((turns, rank, Arc::clone(problem)));
    }

    /// All in line.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Problem>> {
        self.0.iter().map(|(_, _, problem)| problem)
    }

    /// The first in line.
    pub fn next(&mut self) -> Option<Arc<Problem>> {
        self.0.pop_first().map(|(_, _, problem)| problem)
    }

    /// Nobody is in line any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::testing::{OPENED, case};

    #[test]
    fn the_highest_priority_comes_first_and_of_equal_ones_the_newest() {
        let ranks = [(100, 10), (500, 20), (100, 60), (300, 70), (500, 80)];
        let problem = |n: usize| Arc::new(case(n as u64).problem());
        let mut line = BulkOrder::default();
        for (n, (priority, after)) in ranks.into_iter().enumerate() {
            line.add(0, Rank::of(priority, Stamp::from_secs(OPENED + after)), &problem(n));
        }
        line.add(1, Rank::of(900, Stamp::from_secs(OPENED)), &problem(5));
        line.add(0, Rank::default(), &problem(6));
        let order: Vec<_> = std::iter::from_fn(|| line.next()).collect();
        assert_eq!(order, [4, 1, 3, 2, 0, 6, 5].map(problem));
    }
}
