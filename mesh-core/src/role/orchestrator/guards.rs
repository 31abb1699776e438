//! The orchestrator's guards at work: where nothing new is routed, whose answers do not fit, what people say of
//! conflicts and breakers.

use super::super::dispute::{Disputes, Mail, Settled};
use super::super::lookout::Lookout;
use super::super::{Output, Outputs, Refusal, To};
use super::Orchestrator;
use super::throws::{Part, Toss};
use crate::conflict::{ConflictId, DeskError, ResolutionRecord, Settlement, Tier};
use crate::guard::level::Gate;
use crate::guard::mode::Mode;
use crate::message::Priority;
use crate::message::{Body, ClusterTargets, Fold, MessageId, SectorReport, SkipReason};
use crate::place::scope::Region;
use crate::place::{Class, ClusterId, SectorId};
use crate::role::coordinator::barred_off;
use crate::role::lookout::is_healthy;
use crate::role::mailing::NEWS_TTL;
use crate::time::Moment;
use crate::trust::seat::Seat;
use std::sync::Arc;

impl Orchestrator {
    /// Whether a message from a coordinator is to be looked at: it is not one too many.
    pub(super) fn believable(
        &mut self,
        now: Moment,
        slot: u16,
        body: &Body,
        out: &mut Outputs,
    ) -> bool {
        let priority = match body {
            Body::SectorReport(_) => Priority::Critical,
            Body::Armed(_) | Body::SectorFold(_) | Body::Levels(_) => Priority::High,
            _ => Priority::Normal,
        };
        let passes = self.lookout.admit(slot, priority, now, &mut self.steps);
        if !passes {
            out.refuse(Refusal::Flooded);
        }
        passes
    }

    /// What a coordinator's guards say, and its desk.
    pub(super) fn told(&mut self, now: Moment, slot: u16, body: Body, out: &mut Outputs) {
        let epoch = self.epoch;
        match body {
            Body::Notice(notice) => {
                let clusters = usize::from(self.shape.clusters);
                let own = Region::Sector(SectorId::at(usize::from(slot)));
                // A coordinator speaks for its own sector alone.
                if notice.subject().within(own) {
                    self.lookout.notice(&notice, clusters, now, &mut self.steps);
                    out.event(super::super::Event::Notice(notice));
                } else {
                    out.refuse(Refusal::WrongPlace);
                }
            }
            Body::Escalated(escalation) => {
                let lamport = self.lamport.tick();
                let mut mail = Mail { out, epoch };
                self.disputes
                    .escalated(now, lamport, &escalation, &mut self.steps, &mut mail);
            }
            Body::Settled(settlement) => {
                self.disputes.settled(now, &settlement);
            }
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    /// A sector's report: a breaker whose probe waits for it learns how its clusters are.
    pub(super) fn reported(&mut self, now: Moment, slot: u16, report: &SectorReport) {
        let well = report
            .clusters
            .iter()
            .filter(|own| is_healthy(&own.report))
            .count();
        let healthy = !report.clusters.is_empty() && well * 2 > report.clusters.len();
        let sector = SectorId::at(usize::from(slot));
        self.lookout
            .probed(Region::Sector(sector), healthy, now, &mut self.steps);
    }

    /// What may be routed to a cluster: the strictest of what its guard and desired state say.
    pub fn gate(&self, cluster: ClusterId) -> Gate {
        let level = self.desired.effective(cluster.agent(0), Class::Edge);
        self.lookout.gate(cluster).max(level.breaker)
    }

    /// Agents behind an open breaker are accounted for at once: nothing is sent there.
    pub(super) fn bar(&self, parts: &mut [Part], operation: MessageId) {
        for part in parts {
            for (targets, fold) in part.targets.iter().zip(&mut part.folds) {
                if self.gate(part.sector.cluster(targets.slot)) == Gate::Open {
                    let class_of = self.replica.class_of(part.sector.cluster(targets.slot));
                    let reason = SkipReason::Breaker;
                    let barred = barred_off(operation, targets.agents, reason, class_of);
                    *fold = Some(Arc::new(barred));
                }
            }
        }
    }

    /// A throw has ended: the answers of all clusters are compared.
    pub(super) fn compare(&mut self, now: Moment, toss: &Toss) {
        if toss.header.is_vote() {
            return;
        }
        let answers: Vec<_> = toss
            .parts
            .iter()
            .flat_map(|part| {
                let folds = part.targets.iter().zip(&part.folds);
                folds.filter_map(|(targets, fold)| {
                    let fold = fold.as_ref()?;
                    Some((part.sector.cluster(targets.slot), fold.result, fold.ready))
                })
            })
            .collect();
        self.lookout.compare(&answers, now, &mut self.steps);
    }

    /// Looks at the time for the guards, and does what they want done.
    pub(super) fn guard(&mut self, now: Moment, out: &mut Outputs) {
        if self.office.serving().is_none() {
            return self.steps.0.clear();
        }
        self.lookout.wake(now, &mut self.steps);
        let epoch = self.epoch;
        if now >= self.disputes.next_wake() {
            let mut mail = Mail { out, epoch };
            self.disputes.wake(now, &mut self.steps, &mut mail);
        }
        self.carry_out(now, out);
    }

    fn carry_out(&mut self, now: Moment, out: &mut Outputs) {
        if self.steps.0.is_empty() {
            return;
        }
        let left =
            self.steps
                .carry_out(now, Tier::Orchestrator, self.epoch, &mut self.desired, out);
        for seat in left.deposed {
            if let Seat::Coordinator(sector) = seat
                && let Some(record) = self.sectors.get(sector.index())
            {
                out.0.push(Output::Depose(seat, record.link.epoch()));
            }
        }
        if left.changed {
            self.levels_changed(now, out);
        }
    }

    /// Settles an open conflict as an operator says; the settlement goes down the way that the conflict came.
    pub fn settle(
        &mut self,
        now: Moment,
        id: ConflictId,
        said: Settlement,
        operator: &str,
        note: &str,
        out: &mut Outputs,
    ) -> Result<ResolutionRecord, DeskError> {
        let lamport = self.lamport.tick();
        let epoch = self.epoch;
        let mut mail = Mail { out, epoch };
        let settled = self.disputes.resolve(
            now,
            lamport,
            id,
            said,
            operator,
            note,
            &mut self.steps,
            &mut mail,
        )?;
        let Settled { agent, resolution } = settled.clone();
        let slot = agent.sector().index() as u16;
        let body = Body::Settled(Arc::new(settled));
        let letter = self.mailing.letter(now, NEWS_TTL, body);
        let to = To::Child(slot);
        self.mailing
            .post(now, epoch, &mut self.sectors, to, letter, out);
        self.carry_out(now, out);
        Ok(resolution)
    }

    /// Opens a breaker until it is closed by hand, or closes it (§6.2, §10.3).
    pub fn breaker(&mut self, now: Moment, region: Region, open: bool, out: &mut Outputs) {
        self.lookout.by_hand(region, open, now, &mut self.steps);
        self.carry_out(now, out);
    }

    /// The mode that it works in (§6.3).
    pub const fn mode(&self) -> Mode {
        self.door.mode.mode()
    }

    /// Its conflicts.
    pub const fn disputes(&self) -> &Disputes {
        &self.disputes
    }

    /// Its guard: breakers above all.
    pub const fn lookout(&self) -> &Lookout {
        &self.lookout
    }
}

/// Whether a cluster was not sent to for a breaker.
fn is_barred(fold: Option<&Arc<Fold>>) -> bool {
    let all = |fold: &Arc<Fold>| {
        let first = fold.skips.first();
        first.is_some_and(|(reason, slots)| {
            *reason == SkipReason::Breaker && *slots == fold.targeted
        })
    };
    fold.is_some_and(all)
}

impl Part {
    /// Whether every one of its clusters is behind an open breaker.
    pub(super) fn is_barred(&self) -> bool {
        self.folds.iter().map(Option::as_ref).all(is_barred)
    }

    /// Whom the coordinator is to send to: not the clusters behind an open breaker.
    pub(super) fn open_targets(&self) -> Arc<[ClusterTargets]> {
        if !self.folds.iter().map(Option::as_ref).any(is_barred) {
            return Arc::clone(&self.targets);
        }
        let both = self.targets.iter().zip(&self.folds);
        both.filter(|(_, fold)| !is_barred(fold.as_ref()))
            .map(|(targets, _)| targets.clone())
            .collect()
    }
}
