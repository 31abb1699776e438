//! The map of all clusters that coordinators and the orchestrator hold (§4.3, PROTOCOL §7): renewed every 10 s, and enough
//! to route by within and across sectors when the orchestrator is gone.

use super::{Capabilities, ClusterSummary, GlobalStats, SectorSummary};
use crate::place::{ClusterId, SectorId, Shape};
use crate::time::{Micros, Moment};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All cluster summaries at a moment, as the orchestrator sends them to the coordinators every 10 s.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GlobalReport {
    /// When this was written, on the clock of the summaries.
    pub written: Moment,
    /// What the capability bits of the summaries mean.
    pub capabilities: Capabilities,
    /// The summaries, in order of place.
    pub clusters: Vec<ClusterSummary>,
}

/// What a coordinator or the orchestrator knows of all clusters (§4.3 `GlobalImpedanceMap`).
#[derive(Debug, Clone, Default)]
pub struct GlobalMap {
    clusters: BTreeMap<ClusterId, ClusterSummary>,
    sectors: BTreeMap<SectorId, SectorSummary>,
    capabilities: Capabilities,
}

impl GlobalMap {
    /// A map of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a summary whose capability bits mean what `names` says, and sums up its sector anew. False when the one
    /// held is newer or the place is none.
    pub fn update_cluster(&mut self, summary: ClusterSummary, names: &Capabilities) -> bool {
        let sector = summary.cluster.sector;
        let taken = self.take(summary, names);
        if taken {
            self.recompute(sector);
        }
        taken
    }

    /// Forgets a cluster that was taken out of the mesh.
    pub fn forget(&mut self, cluster: ClusterId) {
        self.clusters.remove(&cluster);
        self.recompute(cluster.sector);
    }

    /// Takes all that is newer out of a report that came at `now`; the time on its way counts as none. Gives how many
    /// summaries it took.
    pub fn absorb(&mut self, report: &GlobalReport, now: Moment) -> usize {
        let mut touched = BTreeSet::new();
        let mut taken = 0;
        for summary in &report.clusters {
            let age = (report.written - summary.last_updated).max(Micros::ZERO);
            let mut summary = summary.clone();
            let sector = summary.cluster.sector;
            summary.last_updated = now - age;
            if self.take(summary, &report.capabilities) {
                touched.insert(sector);
                taken += 1;
            }
        }
        for sector in touched {
            self.recompute(sector);
        }
        taken
    }

    /// Everything it knows, to be sent.
    pub fn report(&self, now: Moment) -> GlobalReport {
        GlobalReport {
            written: now,
            capabilities: self.capabilities.clone(),
            clusters: self.clusters.values().cloned().collect(),
        }
    }

    /// All cluster summaries, in order of place.
    pub fn clusters(&self) -> impl Iterator<Item = &ClusterSummary> {
        self.clusters.values()
    }

    /// The summaries of one sector's clusters, in order.
    pub fn clusters_of(&self, sector: SectorId) -> impl Iterator<Item = &ClusterSummary> {
        let first = ClusterId { sector, cluster: 0 };
        let last = ClusterId {
            sector,
            cluster: u8::MAX,
        };
        self.clusters
            .range(first..=last)
            .map(|(_, summary)| summary)
    }

    /// All sector summaries, in order.
    pub fn sectors(&self) -> impl Iterator<Item = &SectorSummary> {
        self.sectors.values()
    }

    /// One cluster.
    pub fn cluster(&self, id: ClusterId) -> Option<&ClusterSummary> {
        self.clusters.get(&id)
    }

    /// One sector.
    pub fn sector(&self, id: SectorId) -> Option<&SectorSummary> {
        self.sectors.get(&id)
    }

    /// The mesh as a whole.
    pub fn stats(&self, now: Moment) -> GlobalStats {
        GlobalStats::of(self.sectors.values(), now)
    }

    /// What the capability bits of its summaries mean.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn take(&mut self, mut summary: ClusterSummary, names: &Capabilities) -> bool {
        let id = summary.cluster;
        let exists = (1..=Shape::SECTORS_MAX).contains(&id.sector.0)
            && (1..=Shape::CHILDREN_MAX).contains(&id.cluster);
        let held = self.clusters.get(&id).map(|held| held.last_updated);
        if !exists || held.is_some_and(|held| held > summary.last_updated) {
            return false;
        }
        summary.vitals.capabilities = self
            .capabilities
            .translate(names, summary.vitals.capabilities);
        self.clusters.insert(id, summary);
        true
    }

    fn recompute(&mut self, sector: SectorId) {
        match SectorSummary::of(sector, self.clusters_of(sector)) {
            Some(summary) => self.sectors.insert(sector, summary),
            None => self.sectors.remove(&sector),
        };
    }
}

#[cfg(test)]
mod tests;
