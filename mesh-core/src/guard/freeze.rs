//! A freeze from the command to the proof: counts first, then each agent's signature that it stopped (PROTOCOL §6).
//!
//! An agent signs [`stop_bytes`] for its place and the freeze's epoch once nothing runs there any more. Leads send how many
//! have stopped as soon as they know, and the signatures as one bundle after; only signatures prove anything, so a lead
//! that claims a stop that did not happen is named for it.

use super::level::Stamp;
use crate::place::scope::Region;
use crate::place::{AgentId, ClusterId, Slots};
use crate::time::{Micros, Moment};
use crate::trust::key::Signature;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a freeze waits for its proofs unless told otherwise. Spread of the command (under 1 s), running work that is
/// allowed to finish (the longest ordinary work is some seconds), and the signatures on their way up.
pub const PROOF_WAIT: Micros = Micros::seconds(30);

/// What an agent signs when it has stopped.
pub fn stop_bytes(agent: AgentId, epoch: Stamp) -> [u8; 35] {
    let mut bytes = [0; 35];
    bytes[..15].copy_from_slice(b"mesh-30k stop 1");
    bytes[15..19].copy_from_slice(&agent.pack().to_be_bytes());
    bytes[19..27].copy_from_slice(&epoch.term.to_be_bytes());
    bytes[27..].copy_from_slice(&epoch.counter.to_be_bytes());
    bytes
}

/// One agent's proof that it stopped, as it comes up in its cluster's bundle (at most one per slot).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopProof {
    /// Whose, by slot in its cluster.
    pub slot: u8,
    /// Over [`stop_bytes`], by the agent's own key.
    pub signature: Signature,
}

/// What a bundle came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bundle {
    /// Agents proven stopped by this bundle that were not before.
    pub proven: Slots,
    /// Proofs that do not hold.
    pub refused: Slots,
}

/// How far a freeze has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeReport {
    /// What was frozen.
    pub region: Region,
    /// The epoch of its level.
    pub epoch: Stamp,
    /// Agents that were to stop.
    pub targeted: usize,
    /// Agents that leads say have stopped.
    pub claimed: usize,
    /// Agents whose signature says so.
    pub proven: usize,
    /// Since the command.
    pub elapsed: Micros,
    /// Whether nothing more is waited for.
    pub finished: bool,
}

impl FreezeReport {
    /// Whether every agent that was to stop has proven it.
    pub fn is_complete(&self) -> bool {
        self.proven == self.targeted
    }
}

/// One freeze, as its writer follows it. Memory: some 64 bytes a cluster.
#[derive(Debug, Clone)]
pub struct FreezeRun {
    region: Region,
    epoch: Stamp,
    started: Moment,
    deadline: Moment,
    ended: Option<Moment>,
    clusters: BTreeMap<ClusterId, Progress>,
}

#[derive(Debug, Clone, Copy)]
struct Progress {
    targeted: Slots,
    proven: Slots,
    claimed: u8,
}

impl FreezeRun {
    /// A freeze of `region` at `epoch`, of the agents in `targets`, whose proofs are waited for until `deadline`.
    pub fn new(
        region: Region,
        epoch: Stamp,
        targets: impl IntoIterator<Item = (ClusterId, Slots)>,
        now: Moment,
        deadline: Moment,
    ) -> Self {
        let clusters = targets
            .into_iter()
            .map(|(cluster, targeted)| {
                let progress = Progress {
                    targeted,
                    proven: Slots::EMPTY,
                    claimed: 0,
                };
                (cluster, progress)
            })
            .collect();
        let mut run = Self {
            region,
            epoch,
            started: now,
            deadline,
            ended: None,
            clusters,
        };
        run.close_when_proven(now);
        run
    }

    /// A lead says how many of its agents have stopped. More than were targeted counts as all of them.
    pub fn count(&mut self, cluster: ClusterId, stopped: u8) {
        if let Some(progress) = self.clusters.get_mut(&cluster) {
            let most = progress.targeted.len() as u8;
            progress.claimed = progress.claimed.max(stopped.min(most));
        }
    }

    /// Takes a cluster's bundle. `verify` is asked whether the signature over the bytes is that of the agent's own key;
    /// it is asked once for each agent that was targeted and not proven before. Proofs that come after the deadline
    /// still count, so that the names left over get fewer.
    pub fn bundle(
        &mut self,
        cluster: ClusterId,
        epoch: Stamp,
        proofs: &[StopProof],
        now: Moment,
        mut verify: impl FnMut(AgentId, &[u8], &Signature) -> bool,
    ) -> Bundle {
        let mut outcome = Bundle::default();
        let Some(progress) = self.clusters.get_mut(&cluster) else {
            return outcome;
        };
        // A cluster has at most 128 agents; what is beyond cannot be theirs. Proofs for an older freeze prove nothing; one
        // for a later freeze, under which this one is still in force, proves it as well.
        for proof in proofs
            .iter()
            .take(usize::from(crate::place::Shape::CHILDREN_MAX))
        {
            if !progress.targeted.has(proof.slot) || progress.proven.has(proof.slot) {
                continue;
            }
            let agent = cluster.agent(proof.slot);
            if epoch >= self.epoch && verify(agent, &stop_bytes(agent, epoch), &proof.signature) {
                progress.proven.insert(proof.slot);
                outcome.proven.insert(proof.slot);
            } else {
                outcome.refused.insert(proof.slot);
            }
        }
        self.close_when_proven(now);
        outcome
    }

    /// Ends the waiting when the deadline has come; true once, when it ends (by proof or by time).
    pub fn poll(&mut self, now: Moment) -> bool {
        let due = self.ended.is_none() && now >= self.deadline;
        if due {
            self.ended = Some(now);
        }
        due
    }

    /// When [`FreezeRun::poll`] has something to do.
    pub fn next_deadline(&self) -> Moment {
        match self.ended {
            Some(_) => Moment::NEVER,
            None => self.deadline,
        }
    }

    /// Whether nothing more is waited for.
    pub fn is_finished(&self) -> bool {
        self.ended.is_some()
    }

    /// How far it has come.
    pub fn report(&self, now: Moment) -> FreezeReport {
        let sum = |of: fn(&Progress) -> usize| self.clusters.values().map(of).sum();
        FreezeReport {
            region: self.region,
            epoch: self.epoch,
            targeted: sum(|progress| progress.targeted.len()),
            claimed: sum(|progress| usize::from(progress.claimed).max(progress.proven.len())),
            proven: sum(|progress| progress.proven.len()),
            elapsed: self.ended.unwrap_or(now).since(self.started),
            finished: self.ended.is_some(),
        }
    }

    /// The agents not proven stopped, in order.
    pub fn unproven(&self) -> impl Iterator<Item = AgentId> {
        self.clusters.iter().flat_map(|(cluster, progress)| {
            progress
                .targeted
                .without(progress.proven)
                .iter()
                .map(|slot| cluster.agent(slot))
        })
    }

    /// Clusters whose leads have claimed more stops than are proven, with both numbers. Before the end that is ordinary
    /// (counts come first); after it, it is a finding against the lead.
    pub fn overclaimed(&self) -> impl Iterator<Item = (ClusterId, u8, u8)> {
        self.clusters.iter().filter_map(|(cluster, progress)| {
            let proven = progress.proven.len() as u8;
            (progress.claimed > proven).then_some((*cluster, progress.claimed, proven))
        })
    }

    fn close_when_proven(&mut self, now: Moment) {
        let proven = |progress: &Progress| progress.targeted == progress.proven;
        if self.ended.is_none() && self.clusters.values().all(proven) {
            self.ended = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Stamp = Stamp {
        term: 1,
        counter: 9,
    };

    fn sign(agent: AgentId, epoch: Stamp) -> Signature {
        let mut signature = Signature([1; 64]);
        let digest = crate::unit::Digest::of(&stop_bytes(agent, epoch));
        signature.0[..32].copy_from_slice(&digest.0);
        signature
    }
    fn verify(_: AgentId, bytes: &[u8], signature: &Signature) -> bool {
        signature.0[..32] == crate::unit::Digest::of(bytes).0
    }
    fn proof(cluster: ClusterId, slot: u8) -> StopProof {
        StopProof {
            slot,
            signature: sign(cluster.agent(slot), EPOCH),
        }
    }
    fn run() -> (FreezeRun, ClusterId) {
        let cluster: ClusterId = "7-4".parse().expect("a cluster");
        let run = FreezeRun::new(
            Region::Cluster(cluster),
            EPOCH,
            [(cluster, Slots::first(3))],
            Moment(0),
            Moment(0) + PROOF_WAIT,
        );
        (run, cluster)
    }

    #[test]
    fn a_freeze_ends_with_the_last_signature() {
        let (mut run, cluster) = run();
        run.count(cluster, 3);
        assert_eq!(
            (run.report(Moment(1)).claimed, run.report(Moment(1)).proven),
            (3, 0)
        );
        let all: Vec<_> = (0..3).map(|slot| proof(cluster, slot)).collect();
        run.bundle(cluster, EPOCH, &all[..2], Moment(5), verify);
        assert!(!run.is_finished());
        run.bundle(cluster, EPOCH, &all, Moment(9), verify);
        let report = run.report(Moment(100));
        assert!(run.is_finished() && report.is_complete() && report.elapsed == Micros(9));
        assert!(!run.poll(Moment(0) + PROOF_WAIT), "it ended before");
    }

    #[test]
    fn a_lead_cannot_claim_a_stop_without_the_agents_signature() {
        let (mut run, cluster) = run();
        run.count(cluster, 200);
        let mut forged = proof(cluster, 1);
        forged.signature = sign(cluster.agent(0), EPOCH);
        let outcome = run.bundle(
            cluster,
            EPOCH,
            &[proof(cluster, 0), forged],
            Moment(5),
            verify,
        );
        assert_eq!(
            (outcome.proven, outcome.refused),
            (Slots::one(0), Slots::one(1))
        );
        assert!(run.poll(run.next_deadline()));
        let names: Vec<String> = run.unproven().map(|agent| agent.to_string()).collect();
        assert_eq!(names, ["7-4-2", "7-4-3"]);
        assert_eq!(run.overclaimed().collect::<Vec<_>>(), [(cluster, 3, 1)]);
    }

    #[test]
    fn proofs_of_an_older_freeze_and_of_strangers_prove_nothing() {
        let (mut run, cluster) = run();
        let old = Stamp {
            term: 1,
            counter: 8,
        };
        let stale = StopProof {
            slot: 0,
            signature: sign(cluster.agent(0), old),
        };
        assert_eq!(
            run.bundle(cluster, old, &[stale], Moment(1), verify)
                .refused,
            Slots::one(0)
        );
        assert_eq!(
            run.bundle(cluster, EPOCH, &[stale], Moment(1), verify)
                .refused,
            Slots::one(0)
        );
        let stranger = proof(cluster, 77);
        assert_eq!(
            run.bundle(cluster, EPOCH, &[stranger], Moment(1), verify),
            Bundle::default()
        );
        assert_eq!(run.report(Moment(1)).proven, 0);
    }

    #[test]
    fn a_freeze_of_nobody_is_finished_at_once() {
        let run = FreezeRun::new(Region::All, EPOCH, [], Moment(3), Moment(9));
        assert!(run.is_finished() && run.next_deadline() == Moment::NEVER);
    }
}
