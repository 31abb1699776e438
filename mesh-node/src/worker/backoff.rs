//! How long to wait before something is tried again: doubled from time to time, and never the same for two at once.

use mesh_core::chance::Chance;
use mesh_core::time::Micros;
use std::time::Duration;

/// Waits that grow.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Micros,
    most: Micros,
    tries: u32,
    chance: Chance,
}

impl Backoff {
    /// From `first`, doubled each time, up to `most`, each a quarter more or less.
    pub(super) fn new(first: Micros, most: Micros) -> Self {
        Self {
            first,
            most,
            tries: 0,
            chance: Chance::new(crate::entropy::seed()),
        }
    }

    /// The next wait.
    pub(super) fn next(&mut self) -> Duration {
        let wait = self.first.doubled(self.tries, self.most);
        self.tries = self.tries.saturating_add(1);
        let wait = self.chance.span(wait.scale(0.75), wait.scale(1.25));
        Duration::from_micros(wait.0.max(0) as u64)
    }

    /// How often it was asked.
    pub(super) const fn tries(&self) -> u32 {
        self.tries
    }

    /// It went well: the next wait is the first again.
    pub(super) const fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_two_that_begin_together_part() {
        let new = || Backoff::new(Micros::millis(100), Micros::seconds(2));
        let (mut one, mut other) = (new(), new());
        let waits: Vec<_> = (0..40).map(|_| one.next()).collect();
        assert!(waits[0] <= Duration::from_millis(125));
        assert!(
            waits
                .iter()
                .all(|wait| *wait <= Duration::from_millis(2_500))
        );
        assert!(waits[39] >= Duration::from_millis(1_500));
        let others: Vec<_> = (0..40).map(|_| other.next()).collect();
        assert_ne!(waits, others);
        one.reset();
        assert!(one.next() <= Duration::from_millis(125));
    }
}
