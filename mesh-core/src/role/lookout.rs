//! What a coordinator or the orchestrator notices about what is below it: regions that fail, failures that spread,
//! answers and commands that do not fit (§6.2, §9.2).
//!
//! A [`Lookout`] sees the accounts of throws as they come up, the notices of those below, and, at a coordinator, the
//! commands from above. It opens and closes the breakers of its clusters and of its sector, or of sectors and mesh.

use super::is_due;
use super::notice::{Notice, Step, Steps};
use crate::guard::breaker::{self, BreakerEvent, Breakers, Why};
use crate::guard::failure::{CascadeWatch, FailureClass};
use crate::guard::flood::{FloodLimits, Limiter, Passage};
use crate::guard::level::{Author, Entry, Gate, Kind, Levels, Value};
use crate::guard::tamper::{CommandSeen, CommandWatch, Finding, SpreadWatch, Threat};
use crate::message::Priority;
use crate::message::{ClusterReport, Fold, Header, SkipReason};
use crate::place::scope::Region;
use crate::place::{AgentId, ClusterId, SectorId, Shape, Slots};
use crate::time::{Micros, Moment};
use crate::trust::seat::Seat;
use crate::unit::{Digest, Share};
use std::collections::BTreeMap;

/// Contradictions of one cluster, less its agreements, that make its agents' answers anomalies: one may be a lawful
/// difference between classes, three over different questions are not.
const STRIKES: u8 = 3;
/// Agents that a coordinator counts as failing in one beat are remembered so that each counts once.
const CASCADE_BEAT: Micros = Micros::seconds(5);

/// The guard of a coordinator (over one sector) or of the orchestrator (over all).
#[derive(Debug)]
pub struct Lookout {
    realm: Region,
    breakers: Breakers,
    cascade: CascadeWatch,
    /// Who is among the failed now, so that each counts once.
    failed: BTreeMap<ClusterId, Slots>,
    beat_at: Moment,
    /// By the region that would be compromised.
    spreads: BTreeMap<Region, SpreadWatch>,
    /// Clusters that have contradicted the others lately.
    strikes: BTreeMap<ClusterId, u8>,
    limiters: Vec<Limiter>,
    limits: FloodLimits,
    commands: Option<CommandWatch>,
    /// The hour of the last command's making, where the operator is.
    hour: u8,
}

impl Lookout {
    /// Over one sector, with the habit of what its orchestrator asks.
    pub fn of_sector(sector: SectorId, now: Moment) -> Self {
        let realm = Region::Sector(sector);
        let commands = Some(CommandWatch::new(realm));
        Self::new(realm, 1, FloodLimits::LEAD, commands, now)
    }

    /// Over the mesh.
    pub fn of_mesh(shape: Shape, now: Moment) -> Self {
        Self::new(
            Region::All,
            shape.sectors,
            FloodLimits::COORDINATOR,
            None,
            now,
        )
    }

    fn new(
        realm: Region,
        sectors: u16,
        limits: FloodLimits,
        commands: Option<CommandWatch>,
        now: Moment,
    ) -> Self {
        Self {
            realm,
            breakers: Breakers::new(sectors),
            cascade: CascadeWatch::new(),
            failed: BTreeMap::new(),
            beat_at: now + CASCADE_BEAT,
            spreads: BTreeMap::new(),
            strikes: BTreeMap::new(),
            limiters: Vec::new(),
            limits,
            commands,
            hour: 0,
        }
    }

    /// Goes on where the levels of `author`, whose seat was taken over, say that its breakers were.
    pub fn resume(&mut self, levels: &Levels, author: Author, now: Moment) {
        for entry in levels.entries() {
            let gate = match entry.value {
                Value::Hold => Gate::Open,
                Value::Half => Gate::HalfOpen,
                Value::Lift | Value::Head(_) => continue,
            };
            if entry.kind == Kind::Breaker && entry.author == author {
                self.breakers.resume(entry.region, gate, now);
            }
        }
    }

    /// Any message from a child, before it is looked at. False: it is too much and is dropped.
    pub fn admit(&mut self, slot: u16, priority: Priority, now: Moment, steps: &mut Steps) -> bool {
        let index = usize::from(slot);
        if index >= usize::from(Shape::SECTORS_MAX) {
            return false;
        }
        if self.limiters.len() <= index {
            let fresh = Limiter::new(self.limits, now);
            self.limiters.resize(index + 1, fresh);
        }
        let limiter = &mut self.limiters[index];
        let Passage::Drop { flood_begins } = limiter.offer(priority, now) else {
            return true;
        };
        if flood_begins {
            let subject = self.child(slot);
            let evidence = self.limiters[index].evidence();
            steps.threat(Some(Finding::flood(subject, evidence, now)));
        }
        false
    }

    /// A cluster's account of a throw is final: who could not be reached or refused counts against the breakers on the
    /// way to it; being late counts against nobody.
    pub fn sealed(&mut self, cluster: ClusterId, fold: &Fold, now: Moment, steps: &mut Steps) {
        let refused = fold
            .skips
            .iter()
            .filter(|(reason, _)| matches!(reason, SkipReason::Busy | SkipReason::Capability))
            .fold(Slots::EMPTY, |all, (_, slots)| all.or(*slots));
        let answered = fold.ready.or(fold.conflict).or(fold.after_seal);
        self.breakers
            .all_succeeded(cluster, answered.len() as u32, now);
        let mut events = Vec::new();
        for slot in fold.unreachable.or(refused).iter() {
            events.extend(self.breakers.failed(cluster.agent(slot), now));
        }
        self.gates(events, steps);
    }

    /// The answers of whole clusters to one question, compared: the cluster, its majority's answer, and who was READY.
    /// One that contradicts the others again and again has a lead that alters what its agents say (or, seen from the
    /// top, a coordinator that makes things up).
    pub fn compare(&mut self, answers: &[(ClusterId, u64, Slots)], now: Moment, steps: &mut Steps) {
        let voters = || answers.iter().filter(|(_, answer, _)| *answer != 0);
        let Some(majority) = majority(voters().map(|(_, answer, _)| *answer)) else {
            return;
        };
        let of = answers.len();
        for &(cluster, answer, ready) in answers.iter().filter(|(_, answer, _)| *answer != 0) {
            if answer == majority {
                if let Some(strikes) = self.strikes.get_mut(&cluster) {
                    *strikes = strikes.saturating_sub(1);
                }
                continue;
            }
            let strikes = self.strikes.entry(cluster).or_default();
            *strikes = strikes.saturating_add(1).min(STRIKES);
            if *strikes < STRIKES {
                continue;
            }
            match self.realm {
                Region::All => {
                    let sector = cluster.sector;
                    let of = of.min(answers.iter().filter(|(c, ..)| c.sector == sector).count());
                    self.spread(Region::Sector(sector), cluster.slot(), of, now, steps);
                }
                _ => {
                    for slot in ready.iter() {
                        self.spread(Region::Cluster(cluster), slot, ready.len(), now, steps);
                    }
                }
            }
        }
        self.strikes.retain(|_, strikes| *strikes > 0);
    }

    /// A notice from below.
    pub fn notice(&mut self, notice: &Notice, children: usize, now: Moment, steps: &mut Steps) {
        match notice {
            Notice::Failed {
                subject: Region::Agent(agent),
                class,
                silent,
                ..
            } => match class {
                FailureClass::TransientNetwork => self.count_failed(*agent, now - *silent),
                FailureClass::AgentCrash => {
                    self.count_failed(*agent, now - *silent);
                    let events = self.breakers.failed(*agent, now);
                    self.gates(events, steps);
                }
                FailureClass::ContextCorruption | FailureClass::ByzantineBehavior => {
                    self.anomaly(*agent, children, now, steps);
                }
                FailureClass::ImpedanceSpike | FailureClass::CascadeFailure => {}
            },
            Notice::Recovered {
                subject: Region::Agent(agent),
                class: FailureClass::AgentCrash | FailureClass::TransientNetwork,
            } => {
                if let Some(slots) = self.failed.get_mut(&agent.cluster) {
                    slots.remove(agent.slot());
                }
            }
            Notice::Threat(finding) => match (finding.threat, finding.subject) {
                (Threat::RogueAgent, Region::Agent(agent)) => {
                    self.anomaly(agent, children, now, steps);
                }
                (Threat::ClusterCompromise, Region::Cluster(cluster))
                    if self.realm == Region::All =>
                {
                    let sector = Region::Sector(cluster.sector);
                    self.spread(sector, cluster.slot(), children, now, steps);
                }
                _ => {}
            },
            Notice::Gate {
                region: Region::Sector(sector),
                to,
                ..
            } if self.realm == Region::All => {
                let events = self.breakers.reported(*sector, *to, now);
                self.gates(events, steps);
            }
            Notice::Failed { .. }
            | Notice::Recovered { .. }
            | Notice::Gate { .. }
            | Notice::Clone { .. } => {}
        }
    }

    /// A throw from above, before it is passed on. False: what was asked lately looks like nobody who may ask, and
    /// nothing is carried out until the root key lifts the seal.
    pub fn command(
        &mut self,
        header: &Header,
        share: Share,
        now: Moment,
        steps: &mut Steps,
    ) -> bool {
        self.hour = (header.created.0.div_euclid(3_600_000_000)).rem_euclid(24) as u8;
        let seen = CommandSeen {
            kind: header.verb as u16,
            destructive: false,
            share,
            hour: self.hour,
            origin: Digest::of(header.source.as_bytes()).short(),
        };
        self.observe(seen, now, steps)
    }

    /// Entries of desired state from above that take agents out.
    pub fn entries(&mut self, entries: &[Entry], now: Moment, steps: &mut Steps) {
        for entry in entries {
            if entry.kind == Kind::Seal && entry.value == Value::Lift {
                self.cleared();
            }
            let takes_out = matches!(entry.kind, Kind::Quarantine | Kind::Breaker | Kind::Avoid)
                && entry.value == Value::Hold
                && entry.author.commands();
            if !takes_out {
                continue;
            }
            let share = match entry.region {
                Region::All | Region::Sector(_) => 1.0,
                Region::Cluster(_) => 0.1,
                Region::Agent(_) | Region::Class(_) => 0.01,
            };
            let seen = CommandSeen {
                kind: 0x100,
                destructive: true,
                share: Share::new(share),
                hour: self.hour,
                origin: CommandSeen::NO_ORIGIN,
            };
            self.observe(seen, now, steps);
        }
    }

    /// The root key has lifted the seal.
    pub fn cleared(&mut self) {
        self.commands.iter_mut().for_each(CommandWatch::cleared);
    }

    /// A child has answered a hail, or a beat came: what its report says decides a probe that waits for it.
    pub fn probed(&mut self, region: Region, healthy: bool, now: Moment, steps: &mut Steps) {
        let events = self.breakers.probed(region, healthy, now);
        self.gates(events, steps);
    }

    /// Looks at the time.
    pub fn wake(&mut self, now: Moment, steps: &mut Steps) {
        if now >= self.breakers.next_deadline() {
            let events = self.breakers.poll(now);
            self.gates(events, steps);
        }
        if !is_due(now, self.beat_at, CASCADE_BEAT) {
            return;
        }
        self.beat_at = now + CASCADE_BEAT;
        match self.cascade.close_beat(now) {
            Some(crate::guard::failure::Signal::Failed { class, escalated }) => {
                steps.failed(self.realm, class, escalated);
                if matches!(self.realm, Region::Sector(_)) {
                    let events = self.breakers.open(self.realm, Why::Cascade, now);
                    self.gates(events, steps);
                }
            }
            Some(crate::guard::failure::Signal::Recovered { class }) => {
                steps.recovered(self.realm, class);
            }
            Some(crate::guard::failure::Signal::Suspected) | None => {}
        }
    }

    /// When [`Lookout::wake`] has something to do that does not wait for the next beat.
    pub const fn next_wake(&self) -> Moment {
        self.breakers.next_deadline()
    }

    /// What may be routed to a cluster.
    pub fn gate(&self, cluster: ClusterId) -> Gate {
        self.breakers.gate(cluster.agent(0))
    }

    /// The breakers, for people.
    pub const fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// Opens, closes or forgets by hand; see [`Breakers::trip`] and [`Breakers::reset`].
    pub fn by_hand(&mut self, region: Region, open: bool, now: Moment, steps: &mut Steps) {
        let events = if open {
            self.breakers.trip(region, now)
        } else {
            self.breakers.reset(region, now)
        };
        self.gates(events, steps);
    }

    /// Whether commands of late look like nobody who may give them: none is carried out until the root key says otherwise.
    pub fn suspects_commands(&self) -> bool {
        let watch = self.commands.as_ref();
        watch.is_some_and(CommandWatch::is_suspicious)
    }

    fn observe(&mut self, seen: CommandSeen, now: Moment, steps: &mut Steps) -> bool {
        let Some(watch) = &mut self.commands else {
            return true;
        };
        if let Some(finding) = watch.observe(seen, now) {
            steps.protect(Kind::Seal, self.realm, Value::Hold);
            steps.threat(Some(finding));
        }
        !watch.is_suspicious()
    }

    /// An agent failed: it counts once until it has recovered.
    fn count_failed(&mut self, agent: AgentId, since: Moment) {
        let slots = self.failed.entry(agent.cluster).or_default();
        if !slots.has(agent.slot()) {
            slots.insert(agent.slot());
            self.cascade.failed(1, since);
        }
    }

    /// An agent did something odd: several of one cluster speak against their lead (§9.2).
    fn anomaly(&mut self, agent: AgentId, children: usize, now: Moment, steps: &mut Steps) {
        if self.realm != Region::All {
            self.spread(
                Region::Cluster(agent.cluster),
                agent.slot(),
                children,
                now,
                steps,
            );
        }
    }

    fn spread(&mut self, region: Region, slot: u8, of: usize, now: Moment, steps: &mut Steps) {
        let fresh = || match region {
            Region::Cluster(cluster) => SpreadWatch::cluster(cluster),
            Region::Sector(sector) => SpreadWatch::sector(sector),
            // Spreads are made for clusters and sectors alone.
            Region::All | Region::Agent(_) | Region::Class(_) => SpreadWatch::sector(SectorId(1)),
        };
        let watch = self.spreads.entry(region).or_insert_with(fresh);
        let Some(finding) = watch.observe(slot, of, now) else {
            return;
        };
        steps.threat(Some(finding));
        // Isolated until somebody else has the seat: nothing new goes there. A standby on a healthy host takes it.
        steps.0.extend(match region {
            Region::Cluster(cluster) => Some(Step::Depose(Seat::Lead(cluster))),
            Region::Sector(sector) => Some(Step::Depose(Seat::Coordinator(sector))),
            Region::All | Region::Agent(_) | Region::Class(_) => None,
        });
        let events = self.breakers.open(region, Why::Compromised, now);
        self.gates(events, steps);
    }

    /// What breakers want done: a level, a notice, a probe.
    fn gates(&self, events: Vec<BreakerEvent>, steps: &mut Steps) {
        for BreakerEvent { region, step } in events {
            match step {
                breaker::Step::Change { to, why, .. } => {
                    let value = match to {
                        Gate::Closed => Value::Lift,
                        Gate::HalfOpen => Value::Half,
                        Gate::Open => Value::Hold,
                    };
                    steps.protect(Kind::Breaker, region, value);
                    steps.0.push(Step::Notice(Notice::Gate { region, to, why }));
                }
                breaker::Step::Probe => {
                    let slot = match (self.realm, region) {
                        (Region::Sector(_), Region::Cluster(cluster)) => {
                            Some(u16::from(cluster.slot()))
                        }
                        (Region::All, Region::Sector(sector)) => Some(sector.index() as u16),
                        (Region::All, Region::Cluster(cluster)) => {
                            Some(cluster.sector.index() as u16)
                        }
                        _ => None,
                    };
                    steps.0.extend(slot.map(Step::Hail));
                }
            }
        }
    }

    fn child(&self, slot: u16) -> Region {
        match self.realm {
            Region::Sector(sector) => Region::Cluster(sector.cluster(slot as u8)),
            _ => Region::Sector(SectorId::at(usize::from(slot))),
        }
    }
}

/// Whether a cluster's report says that it could be routed to again: most of its agents are active.
pub(super) fn is_healthy(report: &ClusterReport) -> bool {
    let active = report.rows.iter().filter(|row| row.active).count();
    let failing = report.rows.len() - active;
    failing <= usize::from(breaker::Limits::CLUSTER.failing_max) && active * 2 > failing
}

/// The answer of more than half of at least three.
fn majority(answers: impl Iterator<Item = u64> + Clone) -> Option<u64> {
    let (mut candidate, mut lead, mut voters) = (0, 0_usize, 0_usize);
    for answer in answers.clone() {
        voters += 1;
        if lead == 0 {
            candidate = answer;
        }
        lead = if answer == candidate {
            lead + 1
        } else {
            lead - 1
        };
    }
    let holders = answers.filter(|answer| *answer == candidate).count();
    (voters >= 3 && holders * 2 > voters).then_some(candidate)
}
