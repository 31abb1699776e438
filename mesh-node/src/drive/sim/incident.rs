//! Incidents: from the moment at which a cluster or sector is lost, or its failure is noticed, until it is whole again (§11).
//!
//! Nobody in the mesh says that it is whole: that is seen from outside, once a second, and only while something is open.
//! A cluster is whole when a lead serves and is believed, every agent lives, is heard and obeys it, and no breaker keeps
//! work away; a sector when its coordinator serves and is believed by leads of whole clusters. Agents in quarantine are
//! left out: they are isolated, which is what was wanted of them.

use super::node::{NodeId, SeatRole};
use super::world::World;
use mesh_core::guard::failure::FailureClass;
use mesh_core::guard::level::Gate;
use mesh_core::guard::tamper::Threat;
use mesh_core::place::scope::Region;
use mesh_core::place::{ClusterId, SectorId};
use mesh_core::role::Notice;
use mesh_core::time::{Micros, Moment};
use std::collections::BTreeMap;

/// The books on incidents.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    open: BTreeMap<Region, Moment>,
    /// The longest that is over, for clusters and for sectors.
    worst_cluster: Option<Micros>,
    worst_sector: Option<Micros>,
}

impl Incidents {
    /// A cluster or sector is lost, or its failure was noticed; what is open already goes on.
    pub(super) fn begin(&mut self, region: Region, now: Moment) {
        if matches!(region, Region::Cluster(_) | Region::Sector(_)) {
            self.open.entry(region).or_insert(now);
        }
    }

    /// The longest recovery of a cluster, in seconds; what is still open counts with its time so far. None without an
    /// incident.
    pub(super) fn cluster_s(&self, now: Moment) -> Option<f64> {
        self.longest(self.worst_cluster, now, |region| {
            matches!(region, Region::Cluster(_))
        })
    }

    /// The same for sectors.
    pub(super) fn sector_s(&self, now: Moment) -> Option<f64> {
        self.longest(self.worst_sector, now, |region| {
            matches!(region, Region::Sector(_))
        })
    }

    fn longest(
        &self,
        over: Option<Micros>,
        now: Moment,
        counts: impl Fn(&Region) -> bool,
    ) -> Option<f64> {
        let open = self.open.iter().filter(|(region, _)| counts(region));
        let open = open.map(|(_, began)| now.since(*began)).max();
        over.max(open).map(Micros::as_seconds_f64)
    }

    fn end(&mut self, region: Region, now: Moment) {
        let Some(began) = self.open.remove(&region) else {
            return;
        };
        let worst = match region {
            Region::Sector(_) => &mut self.worst_sector,
            Region::All | Region::Cluster(_) | Region::Agent(_) | Region::Class(_) => {
                &mut self.worst_cluster
            }
        };
        *worst = (*worst).max(Some(now.since(began)));
    }
}

impl World {
    /// A guard has noticed something: what fells a cluster or a sector, or an agent of one, begins an incident there.
    pub(super) fn begin_incident(&mut self, notice: &Notice) {
        let region = match notice {
            Notice::Failed {
                subject,
                class: FailureClass::AgentCrash | FailureClass::CascadeFailure,
                ..
            }
            | Notice::Gate {
                region: subject,
                to: Gate::Open,
                ..
            } => *subject,
            Notice::Threat(finding)
                if matches!(
                    finding.threat,
                    Threat::ClusterCompromise | Threat::SectorCompromise
                ) =>
            {
                finding.subject
            }
            _ => return,
        };
        let region = match region {
            Region::Agent(agent) => Region::Cluster(agent.cluster),
            other => other,
        };
        self.incidents.begin(region, self.now);
    }

    /// Which incidents are over.
    pub(super) fn look_at_incidents(&mut self) {
        if self.incidents.open.is_empty() {
            return;
        }
        let open: Vec<Region> = self.incidents.open.keys().copied().collect();
        for region in open {
            let whole = match region {
                Region::Cluster(cluster) => self.is_whole(cluster),
                Region::Sector(sector) => self.is_sector_whole(sector),
                Region::All | Region::Agent(_) | Region::Class(_) => true,
            };
            if whole {
                self.incidents.end(region, self.now);
            }
        }
    }

    fn is_whole(&self, cluster: ClusterId) -> bool {
        let info = &self.clusters[self.cluster_index(cluster)];
        let lead = info
            .leads
            .iter()
            .map(|&lead| &self.seats[lead as usize])
            .find(|lead| lead.host.up && lead.role.serving());
        let Some(lead) = lead.filter(|lead| !lead.host.rogue) else {
            return false;
        };
        let SeatRole::Lead(role) = &lead.role else {
            return false;
        };
        let gates = self.gate_of(cluster);
        gates == Gate::Closed
            && info.agents.iter().enumerate().all(|(slot, &index)| {
                let agent = &self.agents[index as usize];
                let isolated = role
                    .desired()
                    .effective(agent.role.place(), agent.role.class())
                    .quarantined;
                let obeys = agent
                    .host
                    .obeys
                    .is_some_and(|(_, key)| key == lead.host.key);
                let well = agent.host.up && !agent.host.silent && obeys;
                isolated || well && role.vigil().is_heard(slot as u8)
            })
    }

    fn is_sector_whole(&self, sector: SectorId) -> bool {
        let info = &self.sectors[sector.index()];
        let holder = info
            .coordinators
            .iter()
            .map(|&seat| &self.seats[seat as usize])
            .find(|seat| seat.host.up && seat.role.serving());
        let Some(holder) = holder.filter(|holder| !holder.host.rogue) else {
            return false;
        };
        info.clusters.iter().all(|&cluster| {
            let cluster = &self.clusters[cluster as usize];
            let believed = cluster.leads.iter().any(|&lead| {
                let lead = NodeId::Seat(lead);
                let obeys = self.host(lead).obeys;
                self.host(lead).up && obeys.is_some_and(|(_, key)| key == holder.host.key)
            });
            believed && self.is_whole(cluster.id)
        })
    }

    /// What may be routed to a cluster by those who hold the seats above it.
    fn gate_of(&self, cluster: ClusterId) -> Gate {
        let above = self.sectors[cluster.sector.index()].coordinators;
        let seats = above.into_iter().chain(self.orchestrators);
        let gates = seats.filter_map(|seat| match &self.seats[seat as usize].role {
            role if !role.serving() => None,
            SeatRole::Coordinator(role) => Some(role.gate(cluster.slot())),
            SeatRole::Orchestrator(role) => Some(role.gate(cluster)),
            SeatRole::Lead(_) => None,
        });
        gates.max().unwrap_or(Gate::Closed)
    }
}
