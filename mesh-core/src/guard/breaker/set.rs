//! The breakers that one coordinator or orchestrator holds: its clusters, its sectors, and the mesh.

use super::single::{Breaker, Limits, Step, Why};
use crate::chance::Chance;
use crate::guard::level::Gate;
use crate::place::scope::Region;
use crate::place::{AgentId, ClusterId, SectorId};
use crate::time::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// A step of one breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerEvent {
    /// Whose: a cluster, a sector or all.
    pub region: Region,
    /// What is to be done.
    pub step: Step,
}

/// All breakers that one holder keeps. There is at most one for each cluster and sector of the mesh's shape, some 200 bytes
/// each while calm.
#[derive(Debug, Clone)]
pub struct Breakers {
    clusters: BTreeMap<ClusterId, Breaker>,
    sectors: BTreeMap<SectorId, Breaker>,
    global: Breaker,
    /// Sectors whose own coordinators have said that they are not closed.
    reported: BTreeMap<SectorId, Gate>,
    /// Sectors of the mesh.
    sector_count: u16,
    next: Moment,
}

impl Breakers {
    /// All closed, in a mesh of `sector_count` sectors. A coordinator, which sees only its own, says 1: then the mesh's
    /// breaker never opens by itself.
    pub const fn new(sector_count: u16) -> Self {
        Self {
            clusters: BTreeMap::new(),
            sectors: BTreeMap::new(),
            global: Breaker::new(Limits::GLOBAL),
            reported: BTreeMap::new(),
            sector_count,
            next: Moment::NEVER,
        }
    }

    /// Something sent to the agent went well, in time or late.
    pub fn succeeded(&mut self, agent: AgentId, now: Moment) {
        self.cluster(agent.cluster).succeeded(now);
        self.sector(agent.sector()).succeeded(now);
    }

    /// The same for so many agents of one cluster.
    pub fn all_succeeded(&mut self, cluster: ClusterId, agents: u32, now: Moment) {
        if agents > 0 {
            self.cluster(cluster).all_succeeded(agents, now);
            self.sector(cluster.sector).all_succeeded(agents, now);
        }
    }

    /// The coordinator of a sector, which counts its agents itself, says what it lets through: the mesh's breaker counts
    /// it, and nothing new is routed there while it is open.
    pub fn reported(&mut self, sector: SectorId, gate: Gate, now: Moment) -> Vec<BreakerEvent> {
        match gate {
            Gate::Closed => {
                self.reported.remove(&sector);
            }
            Gate::HalfOpen | Gate::Open => {
                self.reported.insert(sector, gate);
            }
        }
        let mut events = Vec::new();
        if self.global.gate() == Gate::Closed
            && let Some(why) = self.global_verdict()
        {
            note(&mut events, Region::All, self.global.open_for(why, now));
        }
        self.settle(events, true, now)
    }

    /// Opens the breaker of a region for a reason that its holder has found; it is probed as any other.
    pub fn open(&mut self, region: Region, why: Why, now: Moment) -> Vec<BreakerEvent> {
        self.change(region, now, |breaker| breaker.open_for(why, now))
    }

    /// Something sent to the agent ended UNREACHABLE, crashed or was refused.
    pub fn failed(&mut self, agent: AgentId, now: Moment) -> Vec<BreakerEvent> {
        let member = agent.pack();
        let cluster = self.cluster(agent.cluster).failed(member, now);
        let sector = self.sector(agent.sector()).failed(member, now);
        let mut events = Vec::new();
        note(&mut events, Region::Cluster(agent.cluster), cluster);
        note(&mut events, Region::Sector(agent.sector()), sector);
        self.settle(events, false, now)
    }

    /// The probe of a region was answered or not.
    pub fn probed(&mut self, region: Region, answered: bool, now: Moment) -> Vec<BreakerEvent> {
        self.change(region, now, |breaker| breaker.probed(answered, now))
    }

    /// Opens the breaker of a cluster, a sector or the mesh until [`Breakers::reset`]. Agents and classes have none.
    pub fn trip(&mut self, region: Region, now: Moment) -> Vec<BreakerEvent> {
        self.change(region, now, |breaker| breaker.trip(now))
    }

    /// Closes it again and forgets what was counted.
    pub fn reset(&mut self, region: Region, now: Moment) -> Vec<BreakerEvent> {
        self.change(region, now, Breaker::reset)
    }

    /// Goes on where the breaker level of the seat's last holder stands. One that was opened by hand is tripped again
    /// instead: its level is by the orchestrator.
    pub fn resume(&mut self, region: Region, gate: Gate, now: Moment) -> Vec<BreakerEvent> {
        self.change(region, now, |breaker| {
            breaker.resume(gate, now);
            None
        })
    }

    /// Looks at the time.
    pub fn poll(&mut self, now: Moment) -> Vec<BreakerEvent> {
        if now < self.next {
            return Vec::new();
        }
        let mut events = Vec::new();
        for (id, breaker) in &mut self.clusters {
            note(&mut events, Region::Cluster(*id), breaker.poll(now));
        }
        for (id, breaker) in &mut self.sectors {
            note(&mut events, Region::Sector(*id), breaker.poll(now));
        }
        let global = match self.global_verdict() {
            Some(why)
                if self.global.gate() == Gate::HalfOpen && now >= self.global.next_deadline() =>
            {
                self.global.open_for(why, now)
            }
            Some(_) | None => self.global.poll(now),
        };
        note(&mut events, Region::All, global);
        self.settle(events, false, now)
    }

    /// When [`Breakers::poll`] has something to do.
    pub const fn next_deadline(&self) -> Moment {
        self.next
    }

    /// The strictest gate on the way to the agent.
    pub fn gate(&self, agent: AgentId) -> Gate {
        let of = |breaker: Option<&Breaker>| breaker.map_or(Gate::Closed, Breaker::gate);
        of(self.clusters.get(&agent.cluster))
            .max(of(self.sectors.get(&agent.sector())))
            .max(
                self.reported
                    .get(&agent.sector())
                    .copied()
                    .unwrap_or_default(),
            )
            .max(self.global.gate())
    }

    /// Whether one more message may go to the agent (§6.2): never while a breaker on the way is OPEN, one in ten while one
    /// is `HALF_OPEN`.
    pub fn is_routable(&self, agent: AgentId, chance: &mut Chance) -> bool {
        self.gate(agent).admits(chance)
    }

    /// Those that are not closed, for people: region, gate, whether by hand, until when.
    pub fn tripped(&self) -> impl Iterator<Item = (Region, &Breaker)> {
        let clusters = self
            .clusters
            .iter()
            .map(|(id, own)| (Region::Cluster(*id), own));
        let sectors = self
            .sectors
            .iter()
            .map(|(id, own)| (Region::Sector(*id), own));
        clusters
            .chain(sectors)
            .chain([(Region::All, &self.global)])
            .filter(|(_, breaker)| breaker.gate() != Gate::Closed)
    }

    /// The breaker of a cluster, a sector or the mesh, when there is one.
    pub fn breaker(&self, region: Region) -> Option<&Breaker> {
        match region {
            Region::All => Some(&self.global),
            Region::Sector(id) => self.sectors.get(&id),
            Region::Cluster(id) => self.clusters.get(&id),
            Region::Agent(_) | Region::Class(_) => None,
        }
    }

    fn change(
        &mut self,
        region: Region,
        now: Moment,
        act: impl FnOnce(&mut Breaker) -> Option<Step>,
    ) -> Vec<BreakerEvent> {
        let step = match region {
            Region::All => act(&mut self.global),
            Region::Sector(id) => act(self.sector(id)),
            Region::Cluster(id) => act(self.cluster(id)),
            Region::Agent(_) | Region::Class(_) => None,
        };
        let mut events = Vec::new();
        note(&mut events, region, step);
        self.settle(events, true, now)
    }

    /// After a change: the mesh's own breaker, and the next deadline (`moved` when one may have, even without an event).
    fn settle(
        &mut self,
        mut events: Vec<BreakerEvent>,
        moved: bool,
        now: Moment,
    ) -> Vec<BreakerEvent> {
        let opened = |event: &BreakerEvent| {
            matches!(event.region, Region::Sector(_))
                && matches!(event.step, Step::Change { to: Gate::Open, .. })
        };
        if self.global.gate() == Gate::Closed
            && events.iter().any(opened)
            && let Some(why) = self.global_verdict()
        {
            note(&mut events, Region::All, self.global.open_for(why, now));
        }
        let clusters = self.clusters.values().map(Breaker::next_deadline);
        let sectors = self.sectors.values().map(Breaker::next_deadline);
        // Scanned only when something changed or fell due: deadlines move at no other time.
        if moved || !events.is_empty() || now >= self.next {
            let first = clusters.chain(sectors).min().unwrap_or(Moment::NEVER);
            self.next = first.min(self.global.next_deadline());
        }
        events
    }

    fn global_verdict(&self) -> Option<Why> {
        let own = self
            .sectors
            .iter()
            .map(|(id, breaker)| (*id, breaker.gate()));
        let told = self.reported.iter().map(|(id, gate)| (*id, *gate));
        let open: BTreeSet<SectorId> = own
            .chain(told)
            .filter(|(_, gate)| *gate == Gate::Open)
            .map(|(id, _)| id)
            .collect();
        let tripped = open.len();
        let limits = Limits::GLOBAL;
        if tripped > usize::from(limits.failing_max) {
            Some(Why::Count)
        } else if tripped >= usize::from(limits.failing_min)
            && tripped as f64 > limits.rate_max * f64::from(self.sector_count)
        {
            Some(Why::Rate)
        } else {
            None
        }
    }

    fn cluster(&mut self, id: ClusterId) -> &mut Breaker {
        let fresh = || Breaker::new(Limits::CLUSTER);
        self.clusters.entry(id).or_insert_with(fresh)
    }

    fn sector(&mut self, id: SectorId) -> &mut Breaker {
        let fresh = || Breaker::new(Limits::SECTOR);
        self.sectors.entry(id).or_insert_with(fresh)
    }
}

fn note(events: &mut Vec<BreakerEvent>, region: Region, step: Option<Step>) {
    events.extend(step.map(|step| BreakerEvent { region, step }));
}
