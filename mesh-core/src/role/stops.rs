//! Who has stopped, at a lead: counts go up first, the agents' signatures after them, one bundle (PROTOCOL §6).

use crate::guard::freeze::StopProof;
use crate::guard::level::Stamp;
use crate::message::{StopBundle, StopCount, Stopped};
use crate::place::{ClusterId, Slots};
use crate::time::{Micros, Moment};

/// How long after a stop the parent is told, so that thirty stops make one count.
const COUNT_GAP: Micros = Micros::millis(50);
/// When agents that have not answered are told again; the wait doubles up to [`CHECK_MOST`].
const CHECK_FIRST: Micros = Micros::millis(400);
/// A beat: from then on the digests in beats find what is missing anyway.
const CHECK_MOST: Micros = Micros::seconds(5);

/// The stops of one cluster. Empty, without heap, while nobody is frozen; then some 120 bytes an agent.
#[derive(Debug)]
pub(super) struct Stops {
    wanted: Vec<(u8, Stamp)>,
    proofs: Vec<(Stamp, StopProof)>,
    count_at: Moment,
    check_at: Moment,
    check_gap: Micros,
    /// There are proofs that no bundle has carried.
    fresh: bool,
    /// Send the bundle with the next count, whole or not.
    asked: bool,
}

/// What is due.
#[derive(Debug, PartialEq)]
pub(super) enum StopDue {
    /// Tell the parent how many, and send the bundles that are ready.
    Tell(Vec<StopCount>, Vec<StopBundle>),
    /// These agents have not said that they stopped: tell them again what is in force.
    Missing(Slots),
}

impl Stops {
    /// Nobody is frozen.
    pub(super) const fn new() -> Self {
        Self {
            wanted: Vec::new(),
            proofs: Vec::new(),
            count_at: Moment::NEVER,
            check_at: Moment::NEVER,
            check_gap: CHECK_FIRST,
            fresh: false,
            asked: false,
        }
    }

    /// Desired state has changed: these agents are to stop, each at this epoch.
    pub(super) fn want(&mut self, now: Moment, wanted: Vec<(u8, Stamp)>) {
        if wanted.is_empty() {
            *self = Self::new();
            return;
        }
        self.proofs
            .retain(|(epoch, proof)| wanted.contains(&(proof.slot, *epoch)));
        let more = wanted.iter().any(|pair| !self.wanted.contains(pair));
        self.wanted = wanted;
        if self.missing().is_empty() {
            self.check_at = Moment::NEVER;
        } else if more {
            self.check_gap = CHECK_FIRST;
            self.check_at = now + CHECK_FIRST;
        }
    }

    /// An agent says that it has stopped; its signature was found right. False when nothing of the kind is waited for.
    pub(super) fn stopped(&mut self, now: Moment, slot: u8, stopped: &Stopped) -> bool {
        if !self.wanted.contains(&(slot, stopped.epoch)) {
            return false;
        }
        if self.has(slot) {
            return true;
        }
        let proof = StopProof {
            slot,
            signature: stopped.signature,
        };
        self.proofs.push((stopped.epoch, proof));
        self.fresh = true;
        self.count_at = self.count_at.min(now + COUNT_GAP);
        if self.proofs.len() == self.wanted.len() {
            self.check_at = Moment::NEVER;
        }
        true
    }

    /// Counts or proofs are missing at the top.
    pub(super) fn ask(&mut self, now: Moment) {
        if !self.proofs.is_empty() {
            self.count_at = now;
            self.asked = true;
        }
    }

    /// What is due now, one at a time until `None`.
    pub(super) fn due(&mut self, now: Moment, cluster: ClusterId) -> Option<StopDue> {
        if now >= self.count_at {
            self.count_at = Moment::NEVER;
            let whole = self.proofs.len() == self.wanted.len();
            let send = core::mem::take(&mut self.asked) || whole && self.fresh;
            let bundles = if send {
                self.bundles(cluster)
            } else {
                Vec::new()
            };
            return Some(StopDue::Tell(self.counts(cluster), bundles));
        }
        if now >= self.check_at {
            self.check_at = now + self.check_gap;
            self.check_gap = Micros((self.check_gap.0 * 2).min(CHECK_MOST.0));
            if self.fresh {
                // Somebody takes long: the others need not wait for it.
                self.asked = true;
                self.count_at = now;
            }
            return Some(StopDue::Missing(self.missing()));
        }
        None
    }

    /// When [`Stops::due`] has something.
    pub(super) fn next_wake(&self) -> Moment {
        self.count_at.min(self.check_at)
    }

    /// Agents that are to stop and have not said so.
    fn missing(&self) -> Slots {
        let missing = self.wanted.iter().filter(|(slot, _)| !self.has(*slot));
        missing.map(|(slot, _)| *slot).collect()
    }

    fn has(&self, slot: u8) -> bool {
        self.proofs.iter().any(|(_, proof)| proof.slot == slot)
    }

    fn epochs(&self) -> Vec<Stamp> {
        let mut epochs: Vec<Stamp> = self.proofs.iter().map(|(epoch, _)| *epoch).collect();
        epochs.sort_unstable();
        epochs.dedup();
        epochs
    }

    fn counts(&self, cluster: ClusterId) -> Vec<StopCount> {
        let count = |epoch: Stamp| StopCount {
            cluster,
            epoch,
            stopped: self.proofs.iter().filter(|(of, _)| *of == epoch).count() as u8,
        };
        self.epochs().into_iter().map(count).collect()
    }

    fn bundles(&mut self, cluster: ClusterId) -> Vec<StopBundle> {
        self.fresh = false;
        let bundle = |epoch: Stamp| {
            let of = |(stamp, proof): &(Stamp, StopProof)| (*stamp == epoch).then_some(*proof);
            StopBundle {
                cluster,
                epoch,
                proofs: self.proofs.iter().filter_map(of).collect(),
            }
        };
        self.epochs().into_iter().map(bundle).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::key::Signature;

    const EPOCH: Stamp = Stamp {
        term: 1,
        counter: 4,
    };

    fn stopped() -> Stopped {
        Stopped {
            epoch: EPOCH,
            signature: Signature::default(),
        }
    }

    fn cluster() -> ClusterId {
        "7-4".parse().expect("a cluster")
    }

    #[test]
    fn counts_come_before_the_bundle_and_the_bundle_comes_once() {
        let mut stops = Stops::new();
        stops.want(Moment(0), vec![(0, EPOCH), (1, EPOCH)]);
        assert!(stops.stopped(Moment(10), 0, &stopped()));
        let Some(StopDue::Tell(counts, bundles)) = stops.due(stops.next_wake(), cluster()) else {
            panic!("a count is due")
        };
        assert_eq!((counts[0].stopped, bundles.len()), (1, 0));
        assert!(stops.stopped(Moment(100_000), 1, &stopped()));
        let Some(StopDue::Tell(counts, bundles)) = stops.due(stops.next_wake(), cluster()) else {
            panic!("the rest is due")
        };
        assert_eq!((counts[0].stopped, bundles[0].proofs.len()), (2, 2));
        assert_eq!(stops.next_wake(), Moment::NEVER);
        stops.ask(Moment(200_000));
        let Some(StopDue::Tell(_, again)) = stops.due(Moment(200_000), cluster()) else {
            panic!("it was asked for")
        };
        assert_eq!(again, bundles);
    }

    #[test]
    fn who_does_not_stop_is_told_again_and_does_not_hold_up_the_others_proofs() {
        let mut stops = Stops::new();
        stops.want(Moment(0), vec![(0, EPOCH), (1, EPOCH)]);
        stops.stopped(Moment(0), 0, &stopped());
        stops.due(Moment(0) + COUNT_GAP, cluster());
        let at = stops.next_wake();
        assert_eq!(at, Moment(0) + CHECK_FIRST);
        assert_eq!(
            stops.due(at, cluster()),
            Some(StopDue::Missing(Slots::one(1)))
        );
        let Some(StopDue::Tell(_, bundles)) = stops.due(at, cluster()) else {
            panic!("a partial bundle is due")
        };
        assert_eq!(bundles[0].proofs.len(), 1);
        assert_eq!(stops.next_wake(), at + CHECK_FIRST);
    }

    #[test]
    fn a_stop_at_another_epoch_is_none() {
        let mut stops = Stops::new();
        let later = Stamp {
            term: 1,
            counter: 5,
        };
        stops.want(Moment(0), vec![(0, later)]);
        assert!(!stops.stopped(Moment(0), 0, &stopped()));
        assert!(!stops.stopped(Moment(0), 3, &stopped()));
        stops.want(Moment(0), vec![(0, EPOCH)]);
        assert!(stops.stopped(Moment(0), 0, &stopped()));
        stops.want(Moment(1), vec![(0, later)]);
        assert_eq!(
            stops.missing(),
            Slots::one(0),
            "it has to say so again for the later one"
        );
        stops.want(Moment(2), vec![]);
        assert_eq!(stops.next_wake(), Moment::NEVER);
    }
}
