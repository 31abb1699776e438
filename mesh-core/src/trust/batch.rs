//! Many signatures checked at once, as a lead does for its agents (§9.1).
//!
//! A batch of 30 costs less than a third of 30 single checks. It is checked when it is full or when its first message
//! has waited two milliseconds; when it fails, each is checked by itself, so that one forger delays its neighbours and
//! harms none of them.

use super::key::{PublicKey, Scheme};
use super::sealed::{Genuine, Sealed};
use crate::time::{Micros, Moment};

/// Messages of a batch: the agents of a cluster (§2.1).
pub const BATCH_MAX: usize = 30;
/// How long the first of a batch waits: small against the 20 ms that a hop takes (§8.3).
pub const WAIT_MAX: Micros = Micros::millis(2);

/// Sealed bytes waiting to be verified, each with what its receiver wants to remember of it.
#[derive(Debug)]
pub struct Batch<B, T> {
    waiting: Vec<(Sealed<B>, PublicKey, T)>,
    deadline: Moment,
}

/// What became of one of them, in the order of arrival.
pub type Checked<B, T> = (Result<Genuine<B>, Sealed<B>>, T);

impl<B: AsRef<[u8]>, T> Batch<B, T> {
    /// Nothing waiting.
    pub const fn new() -> Self {
        Self {
            waiting: Vec::new(),
            deadline: Moment::NEVER,
        }
    }

    /// Adds one with the key it is to be verified with; true when the batch should be checked now.
    pub fn push(&mut self, now: Moment, sealed: Sealed<B>, key: PublicKey, note: T) -> bool {
        if self.waiting.is_empty() {
            self.deadline = now + WAIT_MAX;
        }
        self.waiting.push((sealed, key, note));
        self.is_due(now)
    }

    /// Whether it should be checked by now.
    pub fn is_due(&self, now: Moment) -> bool {
        self.waiting.len() >= BATCH_MAX || now >= self.deadline
    }

    /// When it should be checked at the latest.
    pub const fn next_deadline(&self) -> Moment {
        self.deadline
    }

    /// Checks all that wait, and empties the batch.
    pub fn check(&mut self, scheme: &Scheme) -> Vec<Checked<B, T>> {
        self.deadline = Moment::NEVER;
        let waiting = core::mem::take(&mut self.waiting);
        let items: Vec<_> = waiting
            .iter()
            .map(|(sealed, key, _)| (*key, sealed.signed(), sealed.signature()))
            .collect();
        // One alone goes the strict way, which costs the same.
        let all_right = items.len() > 1 && scheme.verify_all(&items);
        waiting
            .into_iter()
            .map(|(sealed, key, note)| {
                let result = if all_right {
                    Ok(sealed.trusted(key))
                } else {
                    sealed.verify(scheme, key)
                };
                (result, note)
            })
            .collect()
    }
}

impl<B: AsRef<[u8]>, T> Default for Batch<B, T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::sealed::{Purpose, seal};
    use crate::trust::{Signer, World};

    fn fill(scheme: &Scheme, forged: &[usize]) -> Batch<Vec<u8>, usize> {
        let mut batch = Batch::new();
        for n in 0..BATCH_MAX {
            let key = scheme.key(&[n as u8 + 1; 32]);
            let mut bytes = seal(Purpose::Proof, &key, |out| out.push(n as u8));
            if forged.contains(&n) {
                bytes[12] ^= 1;
            }
            let sealed = Sealed::read(bytes, Purpose::Proof, 100).unwrap();
            let full = batch.push(Moment(0), sealed, key.public(), n);
            assert_eq!(full, n + 1 == BATCH_MAX);
        }
        batch
    }

    #[test]
    fn a_failed_batch_names_the_culprits_and_lets_the_others_through() {
        for scheme in [Scheme::Ed25519, Scheme::StandIn(World::new(1))] {
            for forged in [&[][..], &[0], &[3, 29]] {
                let checked = fill(&scheme, forged).check(&scheme);
                let culprits: Vec<usize> = checked
                    .iter()
                    .filter(|(result, _)| result.is_err())
                    .map(|(_, n)| *n)
                    .collect();
                assert_eq!(culprits, forged);
                assert!(checked.iter().map(|(_, n)| *n).eq(0..BATCH_MAX));
            }
        }
    }

    #[test]
    fn the_first_of_a_batch_waits_two_milliseconds_at_most() {
        let scheme = Scheme::StandIn(World::new(1));
        let key = scheme.key(&[1; 32]);
        let mut batch: Batch<Vec<u8>, ()> = Batch::new();
        assert_eq!(batch.next_deadline(), Moment::NEVER);
        let sealed =
            || Sealed::read(seal(Purpose::Proof, &key, |_| ()), Purpose::Proof, 100).unwrap();
        assert!(!batch.push(Moment(1_000), sealed(), key.public(), ()));
        assert!(!batch.push(Moment(2_000), sealed(), key.public(), ()));
        assert_eq!(batch.next_deadline(), Moment(3_000));
        assert!(batch.is_due(Moment(3_000)));
        assert_eq!(batch.check(&scheme).len(), 2);
        assert_eq!(batch.next_deadline(), Moment::NEVER);
        assert!(batch.check(&scheme).is_empty());
    }
}
