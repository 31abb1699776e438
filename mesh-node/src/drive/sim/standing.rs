//! Desired state as it truly stands, and what must hold of it:
//!
//! | | invariant |
//! |---|---|
//! | frozen | an agent that has applied a freeze starts nothing and releases nothing |
//! | proof | once a freeze is proven, nobody whom it concerns works until it is thawed |
//! | order | what a node holds of one kind and region only gets newer while it runs |
//! | agreement | some time after the last change, in a whole network, every child holds what its parent holds |

use super::node::{NodeId, SeatRole};
use super::world::World;
use mesh_core::guard::freeze::FreezeReport;
use mesh_core::guard::level::{Entry, Kind, Rank, Stamp, Value};
use mesh_core::message::MessageId;
use mesh_core::place::AgentId;
use mesh_core::place::scope::Region;
use mesh_core::time::{Micros, Moment};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Within this long everybody has learnt of a change by its beats: two beats a tier on three tiers, and a lost one.
const AGREED: Micros = Micros::seconds(40);
/// Digests are compared with every tenth survey.
const COMPARE_EVERY: u32 = 10;
/// The share of the agents that must be counted for a freeze's figure.
const COUNTED: f64 = 0.99;
/// What a worker takes to stop, in milliseconds: to end or park what it is at.
const STOPPING: (f64, f64) = (1.0, 40.0);

/// The books on desired state.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Freezes that were reported proven and not lifted since.
    proven: Vec<(Region, Stamp)>,
    /// By freeze: after how long nearly all were counted; none while they are not.
    counted: BTreeMap<Stamp, Option<Micros>>,
    /// The last change at a seat, and the last time that something was cut, mended or started.
    unsettled: Moment,
    restarts: BTreeMap<NodeId, Moment>,
    surveys: u32,
    /// The newest of each rank's that each seat has held since its start.
    newest: BTreeMap<(NodeId, Kind, Region, Rank), Stamp>,
}

impl Standing {
    /// Something is thawed, or will be before long.
    fn lifted(&mut self, region: Region) {
        self.proven.retain(|(own, _)| !own.meets(region));
    }

    /// Something happened after which nodes may hold different things for a while.
    pub(super) const fn disturbed(&mut self, now: Moment) {
        self.unsettled = now;
    }

    /// A node starts again.
    pub(super) fn restarted(&mut self, now: Moment, node: NodeId) {
        if let NodeId::Seat(_) = node {
            self.disturbed(now);
            self.newest.retain(|(own, ..), _| *own != node);
        }
        self.restarts.insert(node, now);
    }

    /// The longest time until 99 % of those that a freeze concerned were counted as stopped, in milliseconds; infinite when
    /// they never were. None without a freeze.
    pub(super) fn freeze_p99_ms(&self) -> Option<f64> {
        let longest = |counted: &Option<Micros>| {
            counted.map_or(f64::INFINITY, mesh_core::time::Micros::as_millis_f64)
        };
        self.counted.values().map(longest).reduce(f64::max)
    }

    fn counted(&mut self, report: &FreezeReport) {
        let needed = libm::ceil(report.targeted as f64 * COUNTED) as usize;
        let slot = self.counted.entry(report.epoch).or_default();
        if slot.is_none() && report.claimed.max(report.proven) >= needed {
            *slot = Some(report.elapsed);
        }
    }
}

impl World {
    /// A node keeps a change of its desired state.
    pub(super) fn keeps(&mut self, node: NodeId, entries: Arc<[Entry]>) {
        if let NodeId::Seat(_) = node {
            self.standing.disturbed(self.now);
            self.look_at_order(node, &entries);
            let thaws = |entry: &&Entry| {
                matches!(entry.kind, Kind::Freeze | Kind::Seal) && entry.value == Value::Lift
            };
            for entry in entries.iter().filter(thaws) {
                self.standing.lifted(entry.region);
            }
        }
        let open = |entry: &&Entry| entry.kind == Kind::Breaker && entry.value == Value::Hold;
        for entry in entries.iter().filter(open) {
            self.truth.tripped.insert(entry.region);
            self.incidents.begin(entry.region, self.now);
        }
        self.disks.keep(self.now, node, entries);
    }

    /// What a seat holds from now on is newer than what it held.
    fn look_at_order(&mut self, node: NodeId, entries: &[Entry]) {
        for entry in entries {
            let rank = entry.author.rank();
            let place = (node, entry.kind.clone(), entry.region, rank);
            let before = self.standing.newest.insert(place, entry.stamp);
            if before.is_some_and(|before| entry.stamp < before) {
                let what = format!(
                    "goes back in desired state of {} from {before:?} to {:?}",
                    entry.region, entry.stamp
                );
                self.blame(node, &what);
            }
        }
    }

    /// An agent's worker is told to stop.
    pub(super) fn stop_work(&mut self, agent: u32) {
        let (low, high) = STOPPING;
        let after = Micros((self.chance.between(low, high) * 1_000.0) as i64);
        self.queue
            .push(self.now + after, super::world::Event::Still(agent));
    }

    /// An agent starts on something or releases it.
    pub(super) fn works(&mut self, agent: u32, operation: MessageId) {
        let role = &self.agents[agent as usize].role;
        let (place, class) = (role.place(), role.class());
        if let Some(epoch) = role.applied().frozen() {
            let what = format!("{place} works on {operation} while it is frozen at {epoch}");
            self.truth.violate(self.now, &what);
        }
        let proven = self
            .standing
            .proven
            .iter()
            .find(|(region, _)| region.covers(place, class));
        if let Some((region, epoch)) = proven {
            let what = format!(
                "{place} works on {operation}, and the freeze of {region} at {epoch} is proven"
            );
            self.truth.violate(self.now, &what);
        }
    }

    /// A freeze has come further.
    pub(super) fn freezing(&mut self, report: &FreezeReport) {
        self.standing.counted(report);
    }

    /// A freeze has ended, by proof or by time.
    pub(super) fn frozen(&mut self, report: &FreezeReport, unproven: &[AgentId]) {
        self.standing.counted(report);
        self.truth.mix(report.proven as u64);
        if report.is_complete() != unproven.is_empty() {
            let what = format!("{report:?} names {} as not proven", unproven.len());
            self.truth.violate(self.now, &what);
        }
        if report.finished && report.is_complete() {
            self.standing.proven.push((report.region, report.epoch));
            self.look_at_proven();
        }
    }

    /// What holds for an agent by its own account.
    #[cfg(test)]
    pub(super) fn effective(&self, agent: u32) -> mesh_core::guard::level::Effective {
        let role = &self.agents[agent as usize].role;
        role.applied().effective(role.place(), role.class())
    }

    /// Desired state as a whole, with every survey.
    pub(super) fn look_at_levels(&mut self) {
        self.standing.surveys += 1;
        self.look_at_proven();
        let settled = self.now.since(self.standing.unsettled) >= AGREED;
        if settled && self.standing.surveys.is_multiple_of(COMPARE_EVERY) && !self.is_cut() {
            self.look_at_digests();
        }
    }

    /// Whoever is proven stopped is frozen, or has just started and takes nothing before it has asked.
    fn look_at_proven(&mut self) {
        let mut wrong = Vec::new();
        for (region, epoch) in &self.standing.proven {
            let moving = self.agents.iter().find(|agent| {
                let (role, up) = (&agent.role, agent.host.up);
                let applied = role.applied();
                up && region.covers(role.place(), role.class())
                    && applied.settled()
                    && applied.frozen() < Some(*epoch)
            });
            if let Some(agent) = moving {
                let place = agent.role.place();
                wrong.push(format!(
                    "{place} is not frozen, and the freeze of {region} at {epoch} is proven"
                ));
            }
        }
        for what in wrong {
            self.truth.violate(self.now, &what);
        }
    }

    fn look_at_digests(&mut self) {
        let mut wrong = Vec::new();
        for info in &self.clusters {
            for &agent in &info.agents {
                let node = NodeId::Agent(agent);
                let agent = &self.agents[agent as usize];
                let held = self.held_above(node, info.leads);
                if held.is_some_and(|(_, digest)| digest != agent.role.applied().digest()) {
                    wrong.push(format!("{} and its lead", agent.role.place()));
                }
            }
            let above = self.sectors[info.sector as usize].coordinators;
            for (lead, digest) in info.leads.into_iter().filter_map(|lead| self.holds(lead)) {
                if let Some((above, _)) = self.held_above(NodeId::Seat(lead), above)
                    && let SeatRole::Coordinator(role) = &self.seats[above as usize].role
                    && role.desired().levels().digest(Region::Cluster(info.id)) != digest
                {
                    let seat = self.seats[lead as usize].seat;
                    wrong.push(format!("{seat} and its coordinator"));
                }
            }
        }
        for (index, info) in self.sectors.iter().enumerate() {
            let sector = super::world::sector_at(index as u32);
            let holders = info.coordinators.into_iter();
            for (holder, digest) in holders.filter_map(|one| self.holds(one)) {
                if let Some((top, _)) = self.held_above(NodeId::Seat(holder), self.orchestrators)
                    && let SeatRole::Orchestrator(role) = &self.seats[top as usize].role
                    && role.desired().levels().digest(Region::Sector(sector)) != digest
                {
                    wrong.push(format!("coordinator {sector} and the orchestrator"));
                }
            }
        }
        for who in wrong {
            let what = format!("{who} hold different desired state {AGREED} after the last change");
            self.truth.violate(self.now, &what);
        }
    }

    /// The seat of these that a steady node obeys, and the digest that is held there. While the store of seats is in
    /// trouble two may serve at once.
    fn held_above(&self, node: NodeId, above: [u32; 2]) -> Option<(u32, u64)> {
        let (_, key) = self.host(node).obeys.filter(|_| self.steady(node))?;
        let obeyed = |seat: &u32| self.seats[*seat as usize].host.key == key;
        above
            .into_iter()
            .find(obeyed)
            .and_then(|seat| self.holds(seat))
    }

    /// The digest that a node holds in its seat, if it serves and is in order.
    fn holds(&self, seat: u32) -> Option<(u32, u64)> {
        let node = &self.seats[seat as usize];
        if !node.role.serving() || !self.steady(NodeId::Seat(seat)) {
            return None;
        }
        let digest = match &node.role {
            SeatRole::Orchestrator(role) => role.desired().digest(),
            SeatRole::Coordinator(role) => role.desired().digest(),
            SeatRole::Lead(role) => role.desired().digest(),
        };
        Some((seat, digest))
    }

    /// Whether a node has been up and heard for long enough to know what all know.
    fn steady(&self, node: NodeId) -> bool {
        let host = self.host(node);
        let started = self.standing.restarts.get(&node);
        host.up
            && !host.silent
            && host.faults == 0
            && started.is_none_or(|at| self.now.since(*at) >= AGREED)
    }
}

#[cfg(test)]
mod tests;
