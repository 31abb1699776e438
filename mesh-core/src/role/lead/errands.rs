//! Errands at a lead: those of its agents are checked and routed within the cluster or passed up; those that come down are
//! given to an agent that can and may do them (§4.2, §9.1, PROTOCOL §9a).

use super::super::mailing::Letter;
use super::super::notary::Signatory;
use super::super::{Outputs, Refusal, To};
use super::{Lead, barred};
use crate::chance::Chance;
use crate::message::errand::{Addressee, Errand, Outcome, PASSED_MAX, Passed, Returned};
use crate::message::{Body, Verb};
use crate::place::scope::Name;
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// How long an answer is worth delivering to its asker.
const ANSWER_TTL: Micros = Micros::seconds(60);

impl Lead {
    /// An agent of the cluster asks something of another.
    pub(super) fn errand_from(
        &mut self,
        now: Moment,
        slot: u8,
        passed: &Passed,
        out: &mut Outputs,
    ) {
        let errand = &passed.errand;
        if errand.from != self.cluster.agent(slot) {
            return out.refuse(Refusal::WrongPlace);
        }
        if !self.is_own_word(errand) {
            return out.refuse(Refusal::Forged);
        }
        let here = match &errand.to {
            Addressee::At(agent) => (agent.cluster == self.cluster).then(|| agent.slot()),
            Addressee::Able(name) => self
                .again(now, errand)
                .or_else(|| self.best_for(errand, name)),
        };
        match here {
            Some(slot) => self.give_errand(now, slot, passed, out),
            None => out.send(
                To::Parent,
                self.epoch,
                Body::Errand(Arc::new(Passed {
                    hops: passed.hops + 1,
                    ..passed.clone()
                })),
            ),
        }
    }

    /// An errand from above, for one of the agents here.
    pub(super) fn errand_from_above(&mut self, now: Moment, passed: &Passed, out: &mut Outputs) {
        let errand = &passed.errand;
        if passed.hops > PASSED_MAX {
            return out.refuse(Refusal::Expired);
        }
        let here = match (&errand.to, passed.at) {
            (Addressee::At(agent), _) => (agent.cluster == self.cluster).then(|| agent.slot()),
            // Whoever chose knew less than is known here.
            (Addressee::Able(name), chosen) => {
                let chosen = chosen.filter(|agent| agent.cluster == self.cluster);
                let chosen = chosen.map(crate::place::AgentId::slot);
                let able = chosen.filter(|slot| self.may_do(*slot, errand, name));
                self.again(now, errand)
                    .or(able)
                    .or_else(|| self.best_for(errand, name))
            }
        };
        match here {
            Some(slot) => self.give_errand(now, slot, passed, out),
            None => self.answer_for(errand, Outcome::Nobody, out),
        }
    }

    /// An answer from an agent here goes to its asker: in this cluster, or up.
    pub(super) fn returned_from(
        &mut self,
        now: Moment,
        slot: u8,
        returned: &Arc<Returned>,
        out: &mut Outputs,
    ) {
        if returned.by != Some(self.cluster.agent(slot)) {
            return out.refuse(Refusal::WrongPlace);
        }
        self.return_to(now, returned, out);
    }

    /// An answer on its way.
    pub(super) fn return_to(&mut self, now: Moment, returned: &Arc<Returned>, out: &mut Outputs) {
        if returned.to.cluster != self.cluster {
            let body = Body::Returned(Arc::clone(returned));
            return out.send(To::Parent, self.epoch, body);
        }
        let body = Body::Returned(Arc::clone(returned));
        let letter = self.mailing.letter(now, ANSWER_TTL, body);
        let slot = u16::from(returned.to.slot());
        self.post(now, To::Child(slot), letter, out);
    }

    fn answer_for(&mut self, errand: &Errand, outcome: Outcome, out: &mut Outputs) {
        let returned = Arc::new(errand.answered(None, outcome));
        out.send(To::Parent, self.epoch, Body::Returned(returned));
    }

    fn is_own_word(&self, errand: &Errand) -> bool {
        self.desired.notary().is_some_and(|notary| {
            let who = Signatory::Agent(errand.from);
            notary.vouch(who, &errand.signed_bytes(), &errand.signature)
        })
    }

    /// Whom this errand went to when it came before: it goes there again, so that it is run once. Only what changes nothing
    /// may go to another when that one is gone.
    fn again(&self, now: Moment, errand: &Errand) -> Option<u8> {
        let slot = self.routes.of(errand.id, now)?.slot();
        let gone = self.vigil.is_crashed(slot) && errand.verb == Verb::Observe;
        (!gone).then_some(slot)
    }

    /// The better of two random agents that can do this and may be sent to, by Z once for each message that is out to
    /// it and once for this one.
    fn best_for(&mut self, errand: &Errand, capability: &Name) -> Option<u8> {
        let slots = 0..self.agents.len() as u8;
        let mut able: Vec<u8> = slots
            .filter(|slot| self.may_do(*slot, errand, capability))
            .collect();
        let first = drawn(&mut able, &mut self.chance)?;
        let second = drawn(&mut able, &mut self.chance);
        let cost = |slot: u8| {
            let record = &self.agents[usize::from(slot)];
            let z = record.profile.usual().0.0.max(1);
            z.saturating_mul(record.link.outstanding() as i64 + i64::from(record.claims.queue) + 1)
        };
        Some(
            second
                .filter(|second| cost(*second) < cost(first))
                .unwrap_or(first),
        )
    }

    /// Whether an agent can do this, is there, and may be sent to.
    fn may_do(&mut self, slot: u8, errand: &Errand, capability: &Name) -> bool {
        let Some(record) = self.agents.get(usize::from(slot)) else {
            return false;
        };
        let agent = self.cluster.agent(slot);
        let knows = self.names.find(capability.as_str());
        if agent == errand.from
            || !knows.is_some_and(|wanted| record.abilities.has(wanted))
            || !self.vigil.is_known(slot)
            || self.vigil.is_crashed(slot)
        {
            return false;
        }
        let effective = self.desired.effective(agent, record.class);
        barred(&effective).is_none()
            && !self
                .desired
                .levels()
                .denies(agent, record.class, capability)
            && effective.breaker.admits(&mut self.chance)
    }

    /// An errand goes to the agent at `slot`, unless nothing may go there.
    fn give_errand(&mut self, now: Moment, slot: u8, passed: &Passed, out: &mut Outputs) {
        let errand = &passed.errand;
        let Some(record) = self.agents.get(usize::from(slot)) else {
            return self.answer_near(now, errand, Outcome::Nobody, out);
        };
        let agent = self.cluster.agent(slot);
        let effective = self.desired.effective(agent, record.class);
        if effective.frozen.is_some() {
            return self.answer_near(now, errand, Outcome::Frozen, out);
        }
        if barred(&effective).is_some() || passed.ttl <= Micros::ZERO {
            return self.answer_near(now, errand, Outcome::Nobody, out);
        }
        let body = Body::Errand(Arc::new(Passed {
            at: Some(agent),
            hops: passed.hops + 1,
            ..passed.clone()
        }));
        // An errand that is sent again is a message of its own: its asker wants to hear what came of it.
        let Letter { id, .. } = self.mailing.letter(now, passed.ttl, Body::Hail);
        let expires = now + passed.ttl;
        self.routes.note(errand.id, agent, now, expires);
        let letter = Letter { id, expires, body };
        self.post(now, To::Child(u16::from(slot)), letter, out);
    }

    fn answer_near(&mut self, now: Moment, errand: &Errand, outcome: Outcome, out: &mut Outputs) {
        let returned = Arc::new(errand.answered(None, outcome));
        self.return_to(now, &returned, out);
    }
}

/// One of them, taken out.
fn drawn(slots: &mut Vec<u8>, chance: &mut Chance) -> Option<u8> {
    if slots.is_empty() {
        return None;
    }
    let at = chance.below(slots.len() as u64) as usize;
    Some(slots.swap_remove(at))
}
