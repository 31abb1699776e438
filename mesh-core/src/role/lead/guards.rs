//! A lead's guards at work: what desired state means for them, whom they believe, and what is done about what they notice.

use super::super::dispute::{self, Disputes, Mail};
use super::super::notice::{Notice, Step};
use super::super::vigil::Vigil;
use super::super::{Arrival, Outputs, Refusal, To};
use super::{Lead, NEWS_TTL};
use crate::conflict::{Report, Tier};
use crate::message::{Body, Fold};
use crate::place::scope::Region;
use crate::place::{AgentId, Class, Slots};
use crate::throw::quorum::{Ballot, Thresholds, Trinary, VOTE_OPTIONS_MAX, vote};
use crate::time::{Micros, Moment};
use crate::unit::Weight;
use std::sync::Arc;

/// Agents that may take work over from one that cannot do it: more are not looked at.
const CANDIDATES_MAX: usize = 4;

impl Lead {
    /// What desired state means for what is watched and learnt here.
    pub(super) fn mind_levels(&mut self) {
        let (was_locked, was_quarantined) = (self.locked, self.quarantined);
        (self.locked, self.quarantined) = (Slots::EMPTY, Slots::EMPTY);
        for (slot, record) in self.agents.iter().enumerate() {
            let slot = slot as u8;
            let level = self
                .desired
                .effective(self.cluster.agent(slot), record.class);
            if level.weights_locked {
                self.locked.insert(slot);
            }
            if level.quarantined {
                self.quarantined.insert(slot);
            } else if was_quarantined.has(slot) {
                self.vigil.forgive(slot);
            }
            if let Some(head) = level.context {
                self.vigil.set_head(head.short());
            }
        }
        if !was_locked.without(self.locked).is_empty() {
            self.vigil.calibrated();
        }
    }

    /// Whether a message from an agent is to be looked at at all: signed by the key of the place, and not one too many.
    pub(super) fn believable(
        &mut self,
        now: Moment,
        slot: u8,
        arrival: &Arrival,
        out: &mut Outputs,
    ) -> bool {
        if self.vacant.has(slot) {
            out.refuse(Refusal::WrongPlace);
            return false;
        }
        let record = &mut self.agents[usize::from(slot)];
        if record.key != Some(arrival.signer) {
            // The first to speak has the place until it is dead: then its replacement may have another key.
            if record.key.is_some() && !self.vigil.is_crashed(slot) {
                if !core::mem::replace(&mut record.cloned, true) {
                    let subject = Region::Agent(self.cluster.agent(slot));
                    self.steps.0.push(Step::Notice(Notice::Clone { subject }));
                }
                out.refuse(Refusal::WrongKey);
                return false;
            }
            record.key = Some(arrival.signer);
        }
        if self.vigil.admit(slot, &arrival.body, now, &mut self.steps) {
            return true;
        }
        out.refuse(Refusal::Flooded);
        false
    }

    /// The detail of an agent's CONFLICT: recorded, and settled here where that needs nobody else.
    pub(super) fn dispute(&mut self, now: Moment, report: &Report, out: &mut Outputs) {
        let lamport = self.lamport.tick();
        let epoch = self.epoch;
        let mut mail = Mail { out, epoch };
        let id = self
            .disputes
            .reported(now, lamport, report, &mut self.steps, &mut mail);
        let class = self
            .agents
            .get(usize::from(report.agent.slot()))
            .map_or(Class::Edge, |record| record.class);
        let well = (0..self.agents.len() as u8)
            .filter(|&slot| {
                self.vigil.is_known(slot)
                    && !self.vigil.is_crashed(slot)
                    && !self.quarantined.has(slot)
            })
            .map(|slot| self.cluster.agent(slot));
        let candidates: Vec<AgentId> = well.take(CANDIDATES_MAX).collect();
        let Some(plan) = self.disputes.plan(id, class, &candidates) else {
            return;
        };
        let by = self.cluster.to_string();
        let settled = self
            .disputes
            .apply(now, lamport, plan, &by, &mut self.steps, &mut mail);
        if let Ok(Some(settlement)) = settled {
            let settlement = Arc::new(settlement);
            let slot = u16::from(settlement.agent.slot());
            let letter = self
                .mailing
                .letter(now, NEWS_TTL, Body::Settled(settlement));
            self.post(now, To::Child(slot), letter, out);
        }
    }

    /// The option that the cluster has settled on by trinary quorum (§2.1 local consensus), counted from 1; 0 is none.
    pub(super) fn settled_on(&self, fold: &Fold) -> u64 {
        let electorate = fold.targeted.without(fold.skipped);
        let mut ballots = self.vigil.ballots(fold.operation);
        let objects = |slot| Ballot {
            slot,
            state: Trinary::Conflict,
            option: 0,
        };
        ballots.extend(fold.conflict.iter().map(objects));
        let vote = vote(VOTE_OPTIONS_MAX, electorate, &ballots, Thresholds::DEFAULT);
        vote.chosen.map_or(0, |option| u64::from(option) + 1)
    }

    /// A throw's account is final.
    pub(super) fn closed(&mut self, now: Moment, fold: &Fold, out: &mut Outputs) {
        // Whoever votes otherwise contradicts nobody.
        let is_vote = self.casts.iter().any(|cast| {
            let header = cast.header();
            header.id == fold.operation && header.is_vote()
        });
        for odd in self.vigil.closed(fold, !is_vote, now, &mut self.steps) {
            let report = dispute::contradiction(self.cluster.agent(odd.slot), odd);
            let lamport = self.lamport.tick();
            let epoch = self.epoch;
            let mut mail = Mail { out, epoch };
            self.disputes
                .reported(now, lamport, &report, &mut self.steps, &mut mail);
        }
    }

    /// Looks at the time for the guards, and does what they want done.
    pub(super) fn guard(&mut self, now: Moment, out: &mut Outputs) {
        if self.office.serving().is_none() {
            return self.steps.0.clear();
        }
        self.vigil.look(now, &mut self.steps);
        if now >= self.disputes.next_wake() {
            let epoch = self.epoch;
            let mut mail = Mail { out, epoch };
            self.disputes.wake(now, &mut self.steps, &mut mail);
        }
        if self.steps.0.is_empty() {
            return;
        }
        let left = self
            .steps
            .carry_out(now, Tier::Lead, self.epoch, &mut self.desired, out);
        for (slot, context) in left.reloads {
            let context = if context == 0 {
                self.vigil.head()
            } else {
                context
            };
            let letter = self.mailing.letter(now, NEWS_TTL, Body::Reload(context));
            self.post(now, To::Child(u16::from(slot)), letter, out);
        }
        if left.changed {
            self.levels_changed(now, out);
        }
    }

    /// Its guard over its agents.
    pub const fn vigil(&self) -> &Vigil {
        &self.vigil
    }

    /// Its conflicts.
    pub const fn disputes(&self) -> &Disputes {
        &self.disputes
    }
}

/// How long READY took at weight 0 and with an empty queue, by the prior's slopes (§3.1): what an agent's own average is
/// made of.
pub(super) fn plain(total: Micros, processing: Micros, weight: Weight, queue: u16) -> Micros {
    let load = (1.0 + 0.5 * weight.value()) * (1.0 + 0.1 * f64::from(queue));
    total - processing + processing.scale(1.0 / load)
}
