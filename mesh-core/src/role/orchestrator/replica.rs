//! The orchestrator's replica of the registry: a table of rows that the sectors' reports fill, and its history in short.

use super::series::{Point, Series};
use crate::guard::level::Effective;
use crate::message::{Changes, Forwarded, Micros32, RowReport};
use crate::place::scope::Region;
use crate::place::{AgentId, Class, ClusterId, SectorId, Slots};
use crate::registry::{Applied, CapabilitySet, GlobalReport, HoldMode, RowUpdate, State, Table};
use crate::time::{Micros, Moment};
use crate::unit::{Impedance, Share};
use core::ops::Range;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Between two points of a series and two maps for the coordinators (§4.3).
pub(super) const MAP_EVERY: Micros = Micros::seconds(10);
/// Z above which an agent that answers is degraded: a score of 800 (§4.2).
const DEGRADED: Micros = Micros::millis(800);
/// What was not reported for so long is stale: three beats of its sector and one of its cluster.
const STALE: Micros = Micros::seconds(20);
/// Points kept of a cluster: ten minutes. The store has the rest.
const CLUSTER_POINTS: usize = 60;
/// Points kept of a sector and of the mesh: an hour.
const WIDE_POINTS: usize = 360;

/// What is known of the agents.
#[derive(Debug, Default)]
pub(super) struct Replica {
    pub(super) table: Table,
    /// People that are active: the modes leave people out (§6.3).
    people_up: u32,
    clusters: BTreeMap<ClusterId, Series>,
    sectors: BTreeMap<SectorId, Series>,
    mesh: Series,
    /// Agents that joined and were lost since the replica began, of which it knows when.
    pub(super) joined: u32,
    pub(super) lost: u32,
    /// Those in quarantine by desired state, whatever their lead reports.
    quarantined: BTreeSet<AgentId>,
}

/// An agent's state that is another now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turned {
    pub(super) agent: AgentId,
    pub(super) from: State,
    pub(super) to: State,
}

impl Replica {
    /// A cluster's report. Those that were not known before are given to `added`, whose state changed to `turned`.
    pub(super) fn take(
        &mut self,
        cluster: ClusterId,
        forwarded: &Forwarded,
        now: Moment,
        mut added: impl FnMut(AgentId, Class),
        mut turned: impl FnMut(Turned),
    ) {
        let report = &forwarded.report;
        let names = &report.names;
        // The lead is the authority: whom it does not name has left.
        let named: Slots = report.rows.iter().map(|row| row.slot).collect();
        for slot in self.table.agents(cluster).without(named).iter() {
            let agent = cluster.agent(slot);
            let class = self.table.class(agent).unwrap_or(Class::Edge);
            self.people(agent, class, |replica| {
                replica.table.remove(agent);
            });
            self.quarantined.remove(&agent);
        }
        // Most agents of a cluster can do the same: it is translated once.
        let mut last = (CapabilitySet::EMPTY, CapabilitySet::EMPTY);
        let age = Micros::from(forwarded.age);
        for row in &report.rows {
            let agent = cluster.agent(row.slot);
            let mut update = update_of(row, age);
            if row.abilities != last.0 {
                let known = self.table.capabilities_mut();
                last = (row.abilities, known.translate(names, row.abilities));
            }
            update.capabilities = last.1;
            if self.quarantined.contains(&agent) {
                update.state = State::Quarantined;
            }
            let task = self.table.task(agent);
            update.task = task.and_then(|task| self.table.tasks().name(task).cloned());
            self.people(agent, row.class, |replica| {
                match replica.table.apply(agent, &update, now) {
                    Ok(Applied::Added) => {
                        replica.joined = replica.joined.saturating_add(1);
                        added(agent, row.class);
                    }
                    Ok(Applied::Changed(from)) => turned(Turned {
                        agent,
                        from,
                        to: update.state.for_class(row.class),
                    }),
                    // A row of an earlier start, or of no place, is no news.
                    Ok(Applied::Refreshed) | Err(_) => {}
                }
            });
        }
    }

    /// News of states, ahead of the next report.
    pub(super) fn change(
        &mut self,
        cluster: ClusterId,
        changes: &Changes,
        now: Moment,
        mut turned: impl FnMut(Turned),
    ) {
        for &(slot, state) in &changes.states {
            let agent = cluster.agent(slot);
            let Some(class) = self.table.class(agent) else {
                continue;
            };
            if self.quarantined.contains(&agent) {
                continue;
            }
            self.people(agent, class, |replica| {
                if let Some(from) = replica.table.set_state(agent, state, now) {
                    let to = state.for_class(class);
                    if from != to {
                        turned(Turned { agent, from, to });
                    }
                }
            });
        }
    }

    /// Marks the rows of a region as desired state has them: avoided, frozen, quarantined. Who leaves quarantine is as
    /// its lead says at the next report.
    pub(super) fn mark(
        &mut self,
        region: Region,
        effective: impl Fn(AgentId, Class) -> Effective,
        now: Moment,
    ) {
        let (mut quarantined, mut avoided, mut frozen) = (Vec::new(), 0, 0);
        let rows = self.table.rows(region);
        let rows: Vec<(AgentId, Class, State)> = rows
            .map(|row| (row.place(), row.class(), row.state()))
            .collect();
        for (agent, class, state) in rows {
            let held = effective(agent, class);
            avoided += u32::from(held.avoided);
            frozen += u32::from(held.frozen.is_some());
            if held.quarantined {
                quarantined.push(agent);
                if state != State::Quarantined {
                    self.table.set_state(agent, State::Quarantined, now);
                }
            } else if state == State::Quarantined {
                self.table.set_state(agent, State::Active, now);
            }
        }
        let counts = self.table.counts_of(region);
        // Nothing held and nothing marked: two scans less in a calm mesh.
        if avoided > 0 || counts.avoided > 0 {
            self.table
                .avoid(region, |agent, class| effective(agent, class).avoided);
        }
        if frozen > 0 || counts.frozen > 0 {
            self.table.freeze(region, |agent, class| {
                effective(agent, class).frozen.is_some()
            });
        }
        self.quarantined = quarantined.into_iter().collect();
    }

    /// Keeps the count of active people through a change.
    fn people(&mut self, agent: AgentId, class: Class, change: impl FnOnce(&mut Self)) {
        if !class.is_human() {
            return change(self);
        }
        let up = |replica: &Self| {
            let row = replica.table.row(agent);
            u32::from(row.is_some_and(|row| row.state() == State::Active))
        };
        self.people_up -= up(self).min(self.people_up);
        change(self);
        self.people_up += up(self);
    }

    /// Active and seated agents, people left out of both (§6.3).
    pub(super) fn rate(&self) -> (usize, usize) {
        let counts = self.table.counts();
        let active = counts.active.saturating_sub(self.people_up);
        (
            active as usize,
            counts.agents.saturating_sub(counts.people) as usize,
        )
    }

    /// Whether a sector has more than 95 % of its agents active (§4.3).
    pub(super) fn healthy(&self, sector: SectorId) -> bool {
        let counts = self.table.counts_of(Region::Sector(sector));
        counts
            .active_rate()
            .is_none_or(|rate| rate > Share::new(0.95))
    }

    /// Every ten seconds: marks what is old, adds a point to every series, and sums everything up for the coordinators.
    pub(super) fn survey(&mut self, arrival: Option<Share>, now: Moment) -> Arc<GlobalReport> {
        self.table.sweep(now, STALE);
        let clusters: Vec<ClusterId> = self.table.clusters().map(|(id, _)| id).collect();
        let mut summaries = Vec::with_capacity(clusters.len());
        let mut sectors: BTreeMap<SectorId, Point> = BTreeMap::new();
        let mut mesh = Point::default();
        mesh.arrival = arrival;
        for id in clusters {
            let Some(summary) = self.table.cluster_summary(id, now) else {
                continue;
            };
            let queue = self.queue(id);
            let point = Point::of(&summary.vitals, queue);
            self.clusters
                .entry(id)
                .or_default()
                .push(point, CLUSTER_POINTS);
            sectors.entry(id.sector).or_default().add(&point);
            mesh.add(&point);
            summaries.push(summary);
        }
        for (id, point) in sectors {
            self.sectors.entry(id).or_default().push(point, WIDE_POINTS);
        }
        self.mesh.push(mesh, WIDE_POINTS);
        Arc::new(GlobalReport {
            written: now,
            capabilities: self.table.capabilities().clone(),
            clusters: summaries,
        })
    }

    /// Pending operations of a cluster.
    pub(super) fn queue(&self, cluster: ClusterId) -> u32 {
        let rows = self.table.rows(Region::Cluster(cluster));
        rows.map(|row| row.queue()).sum()
    }

    /// The series of the mesh, a sector or a cluster.
    pub(super) const fn mesh(&self) -> &Series {
        &self.mesh
    }

    pub(super) fn of_sector(&self, id: SectorId) -> Option<&Series> {
        self.sectors.get(&id)
    }

    pub(super) fn of_cluster(&self, id: ClusterId) -> Option<&Series> {
        self.clusters.get(&id)
    }

    /// Classes of a cluster's slots.
    pub(super) fn class_of(&self, cluster: ClusterId) -> impl Fn(u8) -> Class {
        move |slot| self.table.class(cluster.agent(slot)).unwrap_or(Class::Edge)
    }

    /// Targets cluster by cluster, for whom `wanted` is true.
    pub(super) fn where_true(
        &self,
        wanted: impl Fn(AgentId, Class) -> bool,
    ) -> Vec<(ClusterId, Slots)> {
        let mut found = Vec::new();
        for (cluster, present) in self.table.clusters() {
            let class = self.class_of(cluster);
            let agents: Slots = present
                .iter()
                .filter(|&slot| wanted(cluster.agent(slot), class(slot)))
                .collect();
            if !agents.is_empty() {
                found.push((cluster, agents));
            }
        }
        found
    }
}

/// The stretch of targets of each sector; they come in order of place.
pub(super) fn by_sector(targets: &[(ClusterId, Slots)]) -> Vec<(SectorId, Range<usize>)> {
    let mut sectors: Vec<(SectorId, Range<usize>)> = Vec::new();
    for (at, (cluster, _)) in targets.iter().enumerate() {
        match sectors.last_mut() {
            Some((sector, range)) if *sector == cluster.sector => range.end = at + 1,
            _ => sectors.push((cluster.sector, at..at + 1)),
        }
    }
    sectors
}

/// A lead's row as the table takes it; it has waited for `age` on its way.
fn update_of(row: &RowReport, age: Micros) -> RowUpdate {
    let state = if !row.active {
        State::Offline
    } else if Micros::from(row.impedance) > DEGRADED {
        State::Degraded
    } else {
        State::Active
    };
    let known = |z: Micros32| Some(Impedance(z.into()));
    RowUpdate {
        class: row.class,
        state,
        mode: if row.class.is_human() {
            HoldMode::Async
        } else {
            row.mode
        },
        latency: Micros::from(row.latency) + Micros::from(row.latency),
        processing: row.processing.into(),
        queue: row.queue.into(),
        impedance: known(row.impedance),
        reliability: Share::new(f64::from(row.reliability) / 1_000.0),
        drift: f64::from(row.drift) / 1_000.0,
        silent_for: (row.silent.0 != u32::MAX).then(|| Micros::from(row.silent) + age),
        context: row.context,
        capabilities: row.abilities,
        task: None,
        boot: row.boot,
        epoch: 0,
        usual: known(row.usual),
        lead: row.timed.then(|| row.lead.into()),
        digest: Some(row.digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_sector_by_sector() {
        let cluster = |sector, cluster| ClusterId {
            sector: SectorId(sector),
            cluster,
        };
        let all = [cluster(1, 1), cluster(1, 3), cluster(4, 2)].map(|id| (id, Slots::one(0)));
        let sectors = by_sector(&all);
        assert_eq!(sectors, [(SectorId(1), 0..2), (SectorId(4), 2..3)]);
    }
}
