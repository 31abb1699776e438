//! The last hundred delays (§4.1), in order of arrival and of size at once.

use super::delay::Delay;

/// Samples that are looked back on (§4.1).
pub(super) const SAMPLES_MAX: usize = 100;

/// The last hundred delays: 306 bytes, a new one costs a search and a move of at most a hundred bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ring {
    /// By arrival; `head` is where the next one goes.
    delays: [Delay; SAMPLES_MAX],
    /// Places in `delays`, smallest delay first.
    order: [u8; SAMPLES_MAX],
    len: u8,
    head: u8,
}

impl Ring {
    pub(super) const fn new() -> Self {
        Self {
            delays: [Delay::none(); SAMPLES_MAX],
            order: [0; SAMPLES_MAX],
            len: 0,
            head: 0,
        }
    }

    /// Takes a delay in; the oldest leaves when there are a hundred.
    pub(super) fn push(&mut self, delay: Delay) {
        if self.len() == SAMPLES_MAX {
            self.drop_oldest();
        }
        let slot = usize::from(self.head);
        self.delays[slot] = delay;
        let len = self.len();
        let rank = self.order[..len].partition_point(|&at| self.delays[usize::from(at)] <= delay);
        self.order.copy_within(rank..len, rank + 1);
        self.order[rank] = self.head;
        self.len += 1;
        self.head = ((slot + 1) % SAMPLES_MAX) as u8;
    }

    /// Forgets the oldest delay, if there is one.
    pub(super) fn drop_oldest(&mut self) {
        let len = self.len();
        if len == 0 {
            return;
        }
        let slot = (usize::from(self.head) + SAMPLES_MAX - len) % SAMPLES_MAX;
        let delay = self.delays[slot];
        let first = self.order[..len].partition_point(|&at| self.delays[usize::from(at)] < delay);
        let rank = self.order[first..len]
            .iter()
            .position(|&at| usize::from(at) == slot)
            .map_or(first, |behind| first + behind);
        self.order.copy_within(rank + 1..len, rank);
        self.len -= 1;
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// The delay of this rank, smallest first, in microseconds; ranks beyond the last give the largest, 0 when empty.
    pub(super) fn ranked(&self, rank: usize) -> f32 {
        let len = self.len();
        if len == 0 {
            return 0.0;
        }
        self.delays[usize::from(self.order[rank.min(len - 1)])].value()
    }

    /// The sample quantile at `position`, 0.0 smallest to `len - 1` largest, between two samples in proportion.
    pub(super) fn at(&self, position: f32) -> f32 {
        let below = position.max(0.0);
        let rank = below as usize;
        let (low, high) = (self.ranked(rank), self.ranked(rank + 1));
        low + (high - low) * (below - rank as f32)
    }

    /// The newest delay but `back`.
    pub(super) fn recent(&self, back: usize) -> Option<f32> {
        (back < self.len()).then(|| {
            let slot = (usize::from(self.head) + SAMPLES_MAX - 1 - back) % SAMPLES_MAX;
            self.delays[slot].value()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::time::Micros;

    #[test]
    fn ranks_are_those_of_the_last_hundred() {
        let mut chance = Chance::new(3);
        let mut ring = Ring::new();
        let mut all = Vec::new();
        for turn in 0..1_000 {
            let delay = Delay::from_micros(Micros::millis(chance.below(50) as i64));
            ring.push(delay);
            all.push(delay);
            if turn % 37 == 0 {
                ring.drop_oldest();
                all = all.split_off(all.len() - ring.len());
            }
            let mut sorted = all[all.len().saturating_sub(SAMPLES_MAX)..].to_vec();
            sorted.sort_unstable();
            assert_eq!(ring.len(), sorted.len());
            assert!(
                sorted
                    .iter()
                    .enumerate()
                    .all(|(rank, d)| (ring.ranked(rank) - d.value()).abs() < 0.5)
            );
        }
    }

    #[test]
    fn an_empty_ring_answers_nothing() {
        let mut ring = Ring::new();
        ring.drop_oldest();
        assert_eq!(ring.recent(0), None);
        assert!(ring.at(3.0).abs() < 0.5);
    }
}
