//! Order without clocks: Lamport times beside ids of cause (PROTOCOL §9).
//!
//! Every message carries its sender's Lamport time and the ids of the messages that caused it (Lamport 1978, "Time,
//! clocks, and the ordering of events in a distributed system"). An effect whose Lamport time is not larger than its
//! cause's is a `TEMPORAL_PARADOX`. Arrival order proves nothing, since networks reorder; clocks prove nothing at all.

use crate::message::{Lamport, MessageId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Messages remembered for the check: ten minutes of a cluster's 10 a second (§8.2), with some room.
pub const RECENT_MAX: usize = 8_192;
/// Effects remembered while their cause is still on its way.
pub const WAITING_MAX: usize = 1_024;

/// An effect that is not after its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Paradox {
    /// The cause.
    pub cause: MessageId,
    /// Its Lamport time.
    pub cause_time: Lamport,
    /// What it is said to have caused.
    pub effect: MessageId,
    /// The effect's Lamport time, which should be larger.
    pub effect_time: Lamport,
}

/// The check of causes over what was seen lately.
#[derive(Debug, Clone, Default)]
pub struct Causality {
    recent: BTreeMap<MessageId, Lamport>,
    order: VecDeque<MessageId>,
    /// Effects by the cause that has not been seen yet.
    waiting: BTreeMap<MessageId, Vec<(MessageId, Lamport)>>,
    waiting_order: VecDeque<MessageId>,
}

impl Causality {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a message and gives every paradox that it completes: with causes seen before it, with effects seen before
    /// it, and with itself if the same id was seen with another time (two senders under one name, or a lie).
    pub fn observe(
        &mut self,
        event: MessageId,
        time: Lamport,
        causes: &[MessageId],
    ) -> Vec<Paradox> {
        let mut found = Vec::new();
        let mut check = |cause, cause_time, effect, effect_time| {
            if effect_time <= cause_time {
                found.push(Paradox {
                    cause,
                    cause_time,
                    effect,
                    effect_time,
                });
            }
        };
        match self.recent.get(&event) {
            Some(&known) if known == time => return Vec::new(), // A duplicate says nothing new.
            Some(&known) => check(event, known.max(time), event, known.min(time)),
            None => {}
        }
        for &cause in causes.iter().take(super::record::CAUSES_MAX) {
            if cause == event {
                check(event, time, event, time);
            } else if let Some(&cause_time) = self.recent.get(&cause) {
                check(cause, cause_time, event, time);
            } else {
                self.wait(cause, event, time);
            }
        }
        for (effect, effect_time) in self.waiting.remove(&event).unwrap_or_default() {
            check(event, time, effect, effect_time);
        }
        if self.recent.insert(event, time).is_none() {
            self.order.push_back(event);
        }
        if self.order.len() > RECENT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.recent.remove(&oldest);
        }
        found
    }

    /// The Lamport time of a message seen lately.
    pub fn time_of(&self, event: MessageId) -> Option<Lamport> {
        self.recent.get(&event).copied()
    }

    fn wait(&mut self, cause: MessageId, effect: MessageId, time: Lamport) {
        self.waiting.entry(cause).or_default().push((effect, time));
        self.waiting_order.push_back(cause);
        if self.waiting_order.len() > WAITING_MAX
            && let Some(oldest) = self.waiting_order.pop_front()
            && let Some(effects) = self.waiting.get_mut(&oldest)
        {
            effects.remove(0); // A list that is held is never empty, see below.
            if effects.is_empty() {
                self.waiting.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_effect_before_its_cause_is_found_in_either_order_of_arrival() {
        let (cause, effect) = (MessageId(1), MessageId(2));
        let paradox = Paradox {
            cause,
            cause_time: Lamport(9),
            effect,
            effect_time: Lamport(9),
        };
        let mut causality = Causality::new();
        assert_eq!(causality.observe(cause, Lamport(9), &[]), []);
        assert_eq!(causality.observe(effect, Lamport(9), &[cause]), [paradox]);
        let mut causality = Causality::new();
        assert_eq!(causality.observe(effect, Lamport(9), &[cause]), []);
        assert_eq!(causality.observe(cause, Lamport(9), &[]), [paradox]);
        assert_eq!(causality.observe(cause, Lamport(9), &[]), []);
    }

    #[test]
    fn what_causes_itself_and_what_has_two_times_are_paradoxes() {
        let mut causality = Causality::new();
        assert_eq!(
            causality
                .observe(MessageId(1), Lamport(4), &[MessageId(1)])
                .len(),
            1
        );
        assert_eq!(causality.observe(MessageId(1), Lamport(5), &[]).len(), 1);
        assert_eq!(
            causality.observe(MessageId(2), Lamport(5), &[MessageId(3)]),
            []
        );
        // A circle: 3 says that 2 caused it.
        assert_eq!(
            causality
                .observe(MessageId(3), Lamport(6), &[MessageId(2)])
                .len(),
            1
        );
    }

    proptest! {
        /// An honest history, in whatever order it arrives, never raises a paradox; memory stays within bounds.
        #[test]
        fn reordering_alone_is_no_paradox(
            links in proptest::collection::vec((0usize..50, 0usize..50), 1..60),
            order in Just((0..60usize).collect::<Vec<_>>()).prop_shuffle()
        ) {
            let mut history: Vec<(MessageId, Lamport, Vec<MessageId>)> = Vec::new();
            for (n, &(a, b)) in links.iter().enumerate() {
                let parents: Vec<usize> = [a, b].into_iter().filter(|&p| p < n).collect();
                let time = parents.iter().map(|&p| history[p].1.0).max().unwrap_or(0) + 1;
                let causes = parents.iter().map(|&p| history[p].0).collect();
                history.push((MessageId(n as u128), Lamport(time), causes));
            }
            let mut causality = Causality::new();
            for n in order.into_iter().filter(|&n| n < history.len()) {
                let (event, time, causes) = &history[n];
                prop_assert_eq!(causality.observe(*event, *time, causes), []);
            }
        }
    }

    #[test]
    fn memory_is_bounded_however_much_is_seen() {
        let mut causality = Causality::new();
        for n in 0..50_000u128 {
            let causes = [MessageId(n + 1_000_000), MessageId(7)];
            causality.observe(MessageId(n + 10), Lamport(n as u64 + 1), &causes);
        }
        assert_eq!(causality.recent.len(), RECENT_MAX);
        assert!(causality.waiting.values().map(Vec::len).sum::<usize>() <= WAITING_MAX);
        assert!(causality.waiting_order.len() <= WAITING_MAX);
    }
}
