//! Errands at a coordinator: within its sector by what its leads report, across sectors by the map of all clusters, straight
//! to the coordinator there; so it goes on when the orchestrator is gone (§4.3, §8.1, PROTOCOL §7, §9a).

use super::super::mailing::Letter;
use super::super::notary::Signatory;
use super::super::{Outputs, Refusal, To};
use super::Coordinator;
use crate::chance::Chance;
use crate::guard::level::Gate;
use crate::message::Body;
use crate::message::errand::{Addressee, Errand, Outcome, PASSED_MAX, Passed, Returned};
use crate::place::AgentId;
use crate::place::scope::Name;
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// How long an answer is worth delivering to its asker.
const ANSWER_TTL: Micros = Micros::seconds(60);
/// So often an errand may have been passed on when it comes from another sector: from there it goes down, and nowhere else.
const ACROSS: u8 = 2;

impl Coordinator {
    /// A lead passes up what it cannot route.
    pub(super) fn errand_from(
        &mut self,
        now: Moment,
        slot: u16,
        passed: &Passed,
        out: &mut Outputs,
    ) {
        let errand = &passed.errand;
        if errand.from.cluster != self.sector.cluster(slot as u8) {
            return out.refuse(Refusal::WrongPlace);
        }
        self.route(now, passed, true, out);
    }

    /// Another sector's coordinator found nobody nearer.
    pub(super) fn errand_across(&mut self, now: Moment, passed: &Passed, out: &mut Outputs) {
        self.route(now, passed, false, out);
    }

    /// An answer on its way: down where its asker is here, and across where not.
    pub(super) fn return_to(&mut self, now: Moment, returned: &Arc<Returned>, out: &mut Outputs) {
        let body = Body::Returned(Arc::clone(returned));
        if returned.to.sector() != self.sector {
            let peer = returned.to.sector().index() as u16;
            return out.send(To::Peer(peer), self.epoch, body);
        }
        let letter = self.mailing.letter(now, ANSWER_TTL, body);
        let to = To::Child(u16::from(returned.to.cluster.slot()));
        let (epoch, leads) = (self.epoch, &mut self.leads);
        self.mailing.post(now, epoch, leads, to, letter, out);
    }

    fn route(&mut self, now: Moment, passed: &Passed, may_cross: bool, out: &mut Outputs) {
        let errand = &passed.errand;
        let genuine = self.desired.notary().is_some_and(|notary| {
            let who = Signatory::Agent(errand.from);
            notary.vouch(who, &errand.signed_bytes(), &errand.signature)
        });
        if !genuine {
            return out.refuse(Refusal::Forged);
        }
        if passed.hops >= PASSED_MAX || passed.ttl <= Micros::ZERO {
            return out.refuse(Refusal::Expired);
        }
        let here = match &errand.to {
            Addressee::At(agent) => (agent.sector() == self.sector).then_some(*agent),
            Addressee::Able(name) => match self.routes.of(errand.id, now) {
                // It has been this way: it goes there again, so that it is run once.
                Some(agent) => (agent.sector() == self.sector).then_some(agent),
                None => self.best_here(errand, name),
            },
        };
        if let Some(agent) = here {
            return self.give_errand(now, agent, passed, out);
        }
        let across = match &errand.to {
            Addressee::At(agent) => Some(agent.sector()),
            Addressee::Able(name) => {
                let before = self.routes.of(errand.id, now).map(AgentId::sector);
                before.or_else(|| self.best_elsewhere(name))
            }
        };
        let Some(sector) = across.filter(|sector| may_cross && *sector != self.sector) else {
            let nobody = Arc::new(errand.answered(None, Outcome::Nobody));
            return self.return_to(now, &nobody, out);
        };
        let passed = Passed {
            hops: passed.hops.max(ACROSS) + 1,
            ..passed.clone()
        };
        let until = now + passed.ttl;
        let there = sector.cluster(0).agent(0);
        self.routes.note(errand.id, there, now, until);
        let to = To::Peer(sector.index() as u16);
        out.send(to, self.epoch, Body::Errand(Arc::new(passed)));
    }

    fn give_errand(&mut self, now: Moment, agent: AgentId, passed: &Passed, out: &mut Outputs) {
        if self.gate(agent.cluster.slot()) == Gate::Open {
            out.refuse(Refusal::Breaker);
            let nobody = Arc::new(passed.errand.answered(None, Outcome::Nobody));
            return self.return_to(now, &nobody, out);
        }
        let body = Body::Errand(Arc::new(Passed {
            at: Some(agent),
            hops: passed.hops + 1,
            ..passed.clone()
        }));
        let Letter { id, .. } = self.mailing.letter(now, passed.ttl, Body::Hail);
        let expires = now + passed.ttl;
        self.routes.note(passed.errand.id, agent, now, expires);
        let letter = Letter { id, expires, body };
        let to = To::Child(u16::from(agent.cluster.slot()));
        let (epoch, leads) = (self.epoch, &mut self.leads);
        self.mailing.post(now, epoch, leads, to, letter, out);
    }

    /// The better of two random agents of the sector that can do this and may be sent to, by what their leads last said.
    fn best_here(&mut self, errand: &Errand, capability: &Name) -> Option<AgentId> {
        let mut able = Vec::new();
        for (slot, record) in self.leads.iter().enumerate() {
            let Some(report) = &record.report else {
                continue;
            };
            let Some(wanted) = report.names.find(capability.as_str()) else {
                continue;
            };
            let cluster = self.sector.cluster(slot as u8);
            if !self
                .gate(slot as u8)
                .admits(&mut self.chance.split(errand.id.0 as u64))
            {
                continue;
            }
            for row in report.rows.iter().filter(|row| row.active) {
                let agent = cluster.agent(row.slot);
                let level = self.desired.effective(agent, row.class);
                let open = level.frozen.is_none()
                    && !level.avoided
                    && !level.quarantined
                    && level.breaker != Gate::Open
                    && !self.desired.levels().denies(agent, row.class, capability);
                if row.abilities.has(wanted) && agent != errand.from && open {
                    let cost = u64::from(row.impedance.0).max(1) * (u64::from(row.queue) + 1);
                    able.push((agent, cost));
                }
            }
        }
        better_of_two(able, &mut self.chance)
    }

    /// The better of two random clusters of other sectors where somebody can do this (§4.3).
    fn best_elsewhere(&mut self, capability: &Name) -> Option<crate::place::SectorId> {
        let map = self.map.as_ref()?;
        let wanted = map.capabilities.find(capability.as_str())?;
        let own = self.sector;
        let able = map
            .clusters
            .iter()
            .filter(|summary| {
                summary.cluster.sector != own
                    && summary.vitals.routable > 0
                    && summary.vitals.capabilities.has(wanted)
            })
            .map(|summary| {
                let z = summary.vitals.mean().map_or(i64::MAX, |mean| mean.0.0);
                (summary.cluster.sector, z.max(1) as u64)
            });
        better_of_two(able.collect(), &mut self.chance)
    }
}

/// Two of them at random, and the cheaper of the two (Mitzenmacher 2001).
fn better_of_two<T: Copy>(mut able: Vec<(T, u64)>, chance: &mut Chance) -> Option<T> {
    let mut draw = |able: &mut Vec<(T, u64)>| {
        let at = chance.below(able.len().max(1) as u64) as usize;
        (!able.is_empty()).then(|| able.swap_remove(at))
    };
    let first = draw(&mut able)?;
    let second = draw(&mut able).filter(|second| second.1 < first.1);
    Some(second.unwrap_or(first).0)
}
