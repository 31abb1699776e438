//! A throw at the orchestrator: whom it is for, T, the gate, the folds, the proof sheet (§3).

use super::Orchestrator;
use super::chart::Chart;
use super::replica::by_sector;
use crate::message::{
    Body, ClusterTargets, Fold, Header, Hop, MessageId, Priority, Proceed, Routing, SectorFold,
    Strategy, Targets, Verb,
};
use crate::operation::follow::TierSeen;
use crate::place::scope::Name;
use crate::place::{AgentId, Class, ClusterId, SectorId, Slots};
use crate::role::lead::second_copy;
use crate::role::mailing::Letter;
use crate::role::unheard::unheard;
use crate::role::{AskId, CASTS_MAX, Event, Outputs, To};
use crate::throw::quorum::{self, Counts, Outlook, Thresholds, Trinary};
use crate::throw::{Relay, RelayDue, Sheet};
use crate::time::{Micros, Moment};
use crate::unit::{Digest, Share, Weight};
use std::sync::Arc;

/// How long after T a copy may still arrive and count.
const TTL: Micros = Micros::seconds(5);

/// An order for a throw.
#[derive(Debug, Clone)]
pub struct Order {
    /// What to do.
    pub verb: Verb,
    /// How it goes down.
    pub strategy: Strategy,
    /// The content.
    pub payload: Arc<[u8]>,
    /// Its complexity.
    pub weight: Weight,
    /// How long after T answers count.
    pub window: Micros,
    /// T from now; left open, the earliest instant that the wanted share can make.
    pub within: Option<Micros>,
    /// What quorum asks for.
    pub thresholds: Thresholds,
    /// On-time rate wanted of each agent.
    pub on_time: Share,
    /// 0 background to 3 critical.
    pub priority: Priority,
    /// What an agent must be able to do.
    pub requires: Vec<Name>,
    /// The largest release spread that is accepted; agents whose clocks are known less well are skipped.
    pub spread_max: Option<Micros>,
    /// Whether answers are asked for.
    pub routing: Routing,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            verb: Verb::Sync,
            strategy: Strategy::Wave,
            payload: Arc::from(&b""[..]),
            weight: Weight::default(),
            window: Micros::millis(500),
            within: None,
            thresholds: Thresholds::DEFAULT,
            on_time: crate::role::lead::ON_TIME,
            priority: Priority::Normal,
            requires: Vec::new(),
            spread_max: None,
            routing: Routing::ScatterGather,
        }
    }
}

#[derive(Debug)]
pub(super) struct Toss {
    pub(super) header: Arc<Header>,
    thresholds: Thresholds,
    pub(super) accepted: Moment,
    pub(super) target: Moment,
    pub(super) relay: Relay,
    pub(super) parts: Vec<Part>,
    pub(super) close_at: Moment,
    pub(super) purpose: Purpose,
    /// A fold has come that was not weighed yet.
    fresh: bool,
    /// Of those who follow: what they see of it has changed at this look.
    pub(super) stamp: u32,
    /// When coordinators took it in, and when leads told of their agents first, against T.
    pub(super) come: [TierSeen; 2],
}

/// What a throw is for: who is told of its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Nobody waits for it.
    Load,
    /// Somebody asked for it.
    Asked(AskId),
    /// It is one phase of a campaign.
    Phase(u32),
}

/// Whom a throw is for, cluster by cluster in order of place.
pub(super) type Aim = Vec<(ClusterId, Slots)>;

#[derive(Debug)]
pub(super) struct Part {
    pub(super) sector: SectorId,
    pub(super) targets: Arc<[ClusterTargets]>,
    pub(super) folds: Vec<Option<Arc<Fold>>>,
}

impl Orchestrator {
    /// Plans a throw to everybody for whom `wanted` is true and sends it on its way. By classes it is several, one after
    /// the other; then this is the id of the first.
    pub fn throw(
        &mut self,
        now: Moment,
        order: &Order,
        wanted: impl Fn(AgentId, Class) -> bool,
        out: &mut Outputs,
    ) -> Option<MessageId> {
        let aim = self.replica.where_true(wanted);
        let id = if order.strategy == Strategy::PriorityFirst {
            self.campaign(now, order, &aim, None, out)
        } else {
            self.launch(now, order, &aim, Purpose::Load, out)
        };
        self.advance_tosses(now, out);
        id
    }

    /// Sends one throw on its way; `None` when there are too many at once, or nobody holds the seat here.
    pub(super) fn launch(
        &mut self,
        now: Moment,
        order: &Order,
        aim: &Aim,
        purpose: Purpose,
        out: &mut Outputs,
    ) -> Option<MessageId> {
        if self.tosses.len() >= CASTS_MAX || !self.serving() {
            return None;
        }
        let chart = Chart::new(order, aim, self);
        let target = now + chart.until;
        let mut parts = self.parts(order, aim);
        let header = self.header(now, order, chart.until);
        let header = Arc::new(self.desired.warrant_throw(header));
        self.bar(&mut parts, header.id);
        let children = parts.iter().filter(|part| !part.is_barred()).map(|part| {
            let slot = part.sector.index();
            (slot as u16, self.sectors[slot].trip.round())
        });
        let gated = order.strategy == Strategy::Wave;
        let relay = Relay::new(
            now,
            target,
            children,
            gated.then_some(Thresholds::SECTOR_GATE.ready),
            false,
            self.lossy,
        );
        let toss = Toss {
            thresholds: order.thresholds,
            accepted: now,
            target,
            relay,
            parts,
            close_at: target + order.window + self.return_time(),
            header,
            purpose,
            fresh: false,
            stamp: self.replica.table.stamp(),
            come: [TierSeen::default(); 2],
        };
        out.event(Event::Thrown(toss.header.id, target));
        for part in toss.parts.iter().filter(|part| !part.is_barred()) {
            let to = To::Child(part.sector.index() as u16);
            let (epoch, letter) = (self.epoch, toss.letter_for(part));
            self.mailing
                .post(now, epoch, &mut self.sectors, to, letter, out);
        }
        let id = toss.header.id;
        self.tosses.push(toss);
        Some(id)
    }

    pub(super) fn fold(&mut self, now: Moment, slot: u16, sector: &SectorFold) {
        let Some(toss) = self
            .tosses
            .iter_mut()
            .find(|toss| toss.header.id == sector.operation)
        else {
            return;
        };
        let Some(part) = toss
            .parts
            .iter_mut()
            .find(|part| part.sector.index() == usize::from(slot))
        else {
            return;
        };
        for (cluster, fold) in &sector.clusters {
            let Some(index) = part
                .targets
                .iter()
                .position(|targets| targets.slot == *cluster)
            else {
                continue;
            };
            if part.folds[index].is_none() {
                toss.come[1].come += 1;
                toss.come[1].arrivals.count(now - toss.target);
            }
            let newer = part.folds[index]
                .as_ref()
                .is_none_or(|known| known.version < fold.version);
            if newer && fold.targeted == part.targets[index].agents && fold.balanced() {
                part.folds[index] = Some(Arc::clone(fold));
                toss.fresh = true;
                toss.stamp = self.replica.table.stamp();
            }
        }
        if sector.sealed
            && part
                .folds
                .iter()
                .all(|fold| fold.as_ref().is_some_and(|fold| fold.sealed))
        {
            toss.relay.sealed(now, slot);
        }
    }

    pub(super) fn advance_tosses(&mut self, now: Moment, out: &mut Outputs) {
        let mut index = 0;
        while index < self.tosses.len() {
            let toss = &mut self.tosses[index];
            while let Some(due) = toss.relay.due(now) {
                let operation = toss.header.id;
                match due {
                    RelayDue::Resend(child) => {
                        if let Some(part) = toss
                            .parts
                            .iter()
                            .find(|part| part.sector.index() == usize::from(child))
                        {
                            let (epoch, letter) = (self.epoch, toss.letter_for(part));
                            let (to, sectors) = (To::Child(child), &mut self.sectors);
                            self.mailing.post(now, epoch, sectors, to, letter, out);
                        }
                    }
                    RelayDue::Poll(child) => {
                        out.send(To::Child(child), self.epoch, Body::Poll(operation));
                    }
                    RelayDue::Gate(go) => out.send(
                        To::Everyone,
                        self.epoch,
                        Body::Proceed(Proceed { operation, go }),
                    ),
                    // Nobody is above.
                    RelayDue::Nudge => {}
                    RelayDue::Lost(child, armed) => {
                        toss.lose(child, armed, &self.replica);
                    }
                }
            }
            if toss.relay.complete() || now >= toss.close_at || toss.settled(now) {
                let toss = self.tosses.swap_remove(index);
                self.compare(now, &toss);
                let sheet = self.sheet(now, &toss);
                self.ended(now, &toss, &sheet);
                self.sealed(now, toss.purpose, &sheet, out);
                out.event(Event::Sealed(Box::new(sheet)));
            } else {
                index += 1;
            }
        }
    }

    fn sheet(&self, now: Moment, toss: &Toss) -> Sheet {
        let mut sheet = Sheet::new(&toss.header, toss.accepted, toss.target);
        sheet.elapsed = now.since(toss.accepted);
        for part in &toss.parts {
            for (targets, fold) in part.targets.iter().zip(&part.folds) {
                let cluster = part.sector.cluster(targets.slot);
                match fold {
                    Some(fold) => sheet.add(cluster, fold),
                    None => sheet.add(
                        cluster,
                        &unheard(
                            toss.header.id,
                            targets.agents,
                            true,
                            self.replica.class_of(cluster),
                        ),
                    ),
                }
            }
        }
        let eligible = |pick: fn(&crate::throw::ClassTally32) -> u32| {
            sheet.classes.iter().map(pick).sum::<u32>()
        };
        let counts = Counts {
            ready: eligible(|class| class.ready),
            conflict: eligible(|class| class.conflict),
            transit: sheet.account.transit,
            unreachable: sheet.account.unreachable,
        };
        sheet.decision = quorum::decide_final(counts, toss.thresholds).decision;
        sheet
    }

    /// Whom it is for, sector by sector.
    fn parts(&self, order: &Order, aim: &Aim) -> Vec<Part> {
        let sectors = by_sector(aim).into_iter();
        let parts = sectors.filter(|(sector, _)| sector.index() < self.sectors.len());
        parts
            .map(|(sector, range)| {
                let targets = aim[range].iter().map(|&(cluster, agents)| ClusterTargets {
                    slot: cluster.slot(),
                    agents,
                    leads: (order.strategy == Strategy::Parallel).then(|| {
                        Chart::leads(
                            order,
                            cluster,
                            agents,
                            &self.replica,
                            second_copy(self.lossy),
                        )
                    }),
                });
                let targets: Arc<[ClusterTargets]> = targets.collect();
                Part {
                    sector,
                    folds: vec![None; targets.len()],
                    targets,
                }
            })
            .collect()
    }

    /// The open operations, each with the moment by which it ends whatever happens; at most [`CASTS_MAX`].
    pub fn open(&self) -> impl Iterator<Item = (MessageId, Moment)> {
        let tosses = self.tosses.iter();
        tosses.map(|toss| (toss.header.id, toss.close_at))
    }

    /// How long the last answers may be on their way up.
    fn return_time(&self) -> Micros {
        let longest = self
            .sectors
            .iter()
            .map(|record| record.trip.round() + record.need.round)
            .max();
        longest.unwrap_or(Micros::ZERO) + Micros::millis(200)
    }

    fn header(&mut self, now: Moment, order: &Order, until: Micros) -> Header {
        let wall = self.wall + now.since(self.started);
        let id = self.mint.next(wall);
        Header {
            id,
            correlation: id,
            causation: None,
            source: String::from("orchestrator"),
            routing: order.routing,
            strategy: order.strategy,
            created: wall,
            ttl: until + TTL,
            priority: order.priority,
            weight: order.weight,
            requires: order.requires.clone(),
            verb: order.verb,
            payload: Arc::clone(&order.payload),
            payload_hash: Digest::of(&order.payload),
            expectation: Trinary::Ready,
            lamport: self.lamport.tick(),
            on_time: order.on_time,
            window: order.window,
            spread_max: order.spread_max,
            quorum: order.thresholds.ready,
            warrant: self.warrant(),
        }
    }
}

impl Toss {
    /// A coordinator has taken it in; the word to tell it when it comes too late for the gate.
    pub(super) fn armed(
        &mut self,
        now: Moment,
        slot: u16,
        seal: Micros,
        stamp: u32,
    ) -> Option<bool> {
        let before = self.relay.armed_count();
        let missed = self.relay.armed(slot, seal);
        if self.relay.armed_count() > before {
            self.come[0].come += 1;
            self.come[0].arrivals.count(now - self.target);
            self.stamp = stamp;
        }
        missed
    }

    fn letter_for(&self, part: &Part) -> Letter {
        let hop = Hop {
            header: Arc::clone(&self.header),
            target: self.target,
            bound: Micros::ZERO,
            gated: self.header.strategy == Strategy::Wave,
            targets: Targets::Sector(part.open_targets()),
        };
        Letter {
            id: self.header.id,
            expires: self.accepted + self.header.ttl,
            body: Body::Throw(Arc::new(hop)),
        }
    }

    fn lose(&mut self, child: u16, armed: bool, replica: &super::replica::Replica) {
        let operation = self.header.id;
        let Some(part) = self
            .parts
            .iter_mut()
            .find(|part| part.sector.index() == usize::from(child))
        else {
            return;
        };
        for (targets, fold) in part.targets.iter().zip(&mut part.folds) {
            let fresh = match fold {
                Some(known) if known.sealed => continue,
                Some(known) => Fold {
                    version: known.version + 1,
                    sealed: true,
                    ..Fold::clone(known)
                },
                None => unheard(
                    operation,
                    targets.agents,
                    armed,
                    replica.class_of(part.sector.cluster(targets.slot)),
                ),
            };
            *fold = Some(Arc::new(fresh));
        }
    }

    /// Whether what is still waited for can change nothing that matters: quorum is decided, and less than a thousandth of
    /// the eligible are out in clusters whose accounts are open; or it is out of reach for certain (PROTOCOL §4).
    fn settled(&mut self, now: Moment) -> bool {
        if now < self.target || !core::mem::take(&mut self.fresh) {
            return false;
        }
        let counts = self.counts();
        let open = |fold: &Option<Arc<Fold>>| fold.as_ref().is_none_or(|fold| !fold.sealed);
        let waited: usize = self
            .parts
            .iter()
            .flat_map(|part| part.targets.iter().zip(&part.folds))
            .filter(|(_, fold)| open(fold))
            .map(|(targets, fold)| {
                fold.as_ref()
                    .map_or(targets.agents.len(), |fold| fold.transit.len())
            })
            .sum();
        match quorum::outlook(counts, self.thresholds) {
            Outlook::Reached => waited * 1_000 <= counts.eligible() as usize,
            Outlook::Lost { certain } => certain.is_some(),
            Outlook::Open => false,
        }
    }

    /// How the eligible stand; clusters from which nothing came yet are in transit.
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for part in &self.parts {
            for (targets, fold) in part.targets.iter().zip(&part.folds) {
                match fold {
                    Some(fold) => {
                        counts.ready += fold.ready.len() as u32;
                        counts.conflict += fold.conflict.len() as u32;
                        counts.transit += fold.transit.len() as u32;
                        counts.unreachable += fold.unreachable.len() as u32;
                    }
                    None => counts.transit += targets.agents.len() as u32,
                }
            }
        }
        counts
    }
}
