//! Summaries of clusters, sectors and the mesh (§4.2, §4.3).
//!
//! A cluster's summary carries a sketch, so that the figures of a sector and of the mesh come from all agents' samples.
//! Means weigh agents, not clusters; where all clusters are of one size, as specified, that is the same.

use super::row::{NO_IMPEDANCE, routable};
use super::table::Sector;
use super::{CapabilitySet, Counts, Selection, Sketch, Table};
use crate::place::scope::{Mark, Region};
use crate::place::{AgentId, ClusterId, SectorId, Shape};
use crate::time::{Micros, Moment};
use crate::unit::{Impedance, Share};
use serde::{Deserialize, Serialize};

/// How a set of agents is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Vitals {
    /// Agents by state.
    pub counts: Counts,
    /// Those that work may be sent to.
    pub routable: u32,
    /// Z of those that answer (active or degraded): what is offline or quarantined has no present Z, people have none.
    pub impedance: Sketch,
    /// The greatest Z and whose it is.
    pub slowest: Option<(Impedance, AgentId)>,
    /// The smallest Z and whose it is.
    pub fastest: Option<(Impedance, AgentId)>,
    /// What the routable ones can do, taken together.
    pub capabilities: CapabilitySet,
}

impl Vitals {
    /// Mean Z; `None` when nobody has one.
    pub fn mean(&self) -> Option<Impedance> {
        self.impedance.mean().map(Impedance)
    }

    /// The Z that 95 in a hundred keep within; `None` when nobody has one.
    pub fn p95(&self) -> Option<Impedance> {
        self.impedance.quantile(0.95).map(Impedance)
    }

    /// Active of all (§6.3); `None` when there is nobody.
    pub fn active_rate(&self) -> Option<Share> {
        self.counts.active_rate()
    }

    /// More than 95 % active (§4.3).
    pub fn is_healthy(&self) -> bool {
        u64::from(self.counts.active) * 100 > u64::from(self.counts.agents) * 95
    }

    /// Takes in others, none of whom is in it yet.
    pub fn merge(&mut self, other: &Self) {
        self.counts += other.counts;
        self.routable = self.routable.saturating_add(other.routable);
        self.impedance.merge(&other.impedance);
        self.slowest = self.slowest.max(other.slowest);
        self.fastest = earlier(self.fastest, other.fastest);
        self.capabilities = self.capabilities.or(other.capabilities);
    }

    fn of<'t>(rows: impl Iterator<Item = (&'t Sector, usize)>) -> Self {
        let mut vitals = Self::default();
        let mut scores = Vec::new();
        for (sector, at) in rows {
            let rows = &sector.rows;
            let marks = rows.marks[at];
            vitals.counts += Counts::one(rows.class[at], marks, rows.stale[at]);
            if routable(marks) {
                vitals.routable += 1;
                vitals.capabilities = vitals.capabilities.or(rows.capabilities[at]);
            }
            let answers = marks.has(Mark::Active) || marks.has(Mark::Degraded);
            if answers && rows.impedance[at] != NO_IMPEDANCE {
                scores.push((rows.impedance[at], rows.place[at]));
            }
        }
        // Sorted, the sketch only ever appends.
        scores.sort_unstable();
        let named = |&(z, place): &(u32, super::row::Packed)| (impedance(z), place.place());
        vitals.fastest = scores.first().map(named);
        vitals.slowest = scores.last().map(named);
        vitals.impedance = scores.iter().map(|score| impedance(score.0).0).collect();
        vitals
    }
}

fn impedance(micros: u32) -> Impedance {
    Impedance(Micros(micros.into()))
}

/// The smaller of two that there are.
fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// A cluster (§4.2 `ClusterImpedanceSummary`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSummary {
    /// Which cluster.
    pub cluster: ClusterId,
    /// How it is doing.
    pub vitals: Vitals,
    /// When it was summed up, on the clock of whoever holds this.
    pub last_updated: Moment,
}

/// A sector (§4.3 `SectorImpedanceSummary`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectorSummary {
    /// Which sector.
    pub sector: SectorId,
    /// Its clusters.
    pub cluster_count: u32,
    /// How they are doing together.
    pub vitals: Vitals,
    /// The cluster with the smallest mean Z; clusters of people have none and are never it.
    pub healthiest_cluster: Option<ClusterId>,
    /// The cluster with the greatest mean Z.
    pub sickest_cluster: Option<ClusterId>,
    /// When the oldest of the clusters was summed up.
    pub last_updated: Moment,
}

/// The mesh (§4.3 `GlobalImpedanceStats`, §6.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalStats {
    /// When this was summed up.
    pub timestamp: Moment,
    /// How the mesh is doing.
    pub vitals: Vitals,
    /// Sectors with more than 95 % active.
    pub sectors_healthy: u32,
    /// The others.
    pub sectors_degraded: u32,
    /// When the oldest of its parts was summed up.
    pub last_updated: Moment,
}

impl SectorSummary {
    /// Sums up the clusters of one sector; `None` when there are none.
    pub(super) fn of<'a>(
        sector: SectorId,
        clusters: impl Iterator<Item = &'a ClusterSummary>,
    ) -> Option<Self> {
        let mut sum = Self {
            sector,
            cluster_count: 0,
            vitals: Vitals::default(),
            healthiest_cluster: None,
            sickest_cluster: None,
            last_updated: Moment::NEVER,
        };
        let (mut healthiest, mut sickest) = (None, None);
        for summary in clusters {
            sum.cluster_count += 1;
            sum.vitals.merge(&summary.vitals);
            sum.last_updated = sum.last_updated.min(summary.last_updated);
            if let Some(mean) = summary.vitals.mean() {
                healthiest = earlier(healthiest, Some((mean, summary.cluster)));
                sickest = sickest.max(Some((mean, summary.cluster)));
            }
        }
        sum.healthiest_cluster = healthiest.map(|(_, cluster)| cluster);
        sum.sickest_cluster = sickest.map(|(_, cluster)| cluster);
        (sum.cluster_count > 0).then_some(sum)
    }
}

impl GlobalStats {
    pub(super) fn of<'a>(sectors: impl Iterator<Item = &'a SectorSummary>, now: Moment) -> Self {
        let mut sum = Self {
            timestamp: now,
            vitals: Vitals::default(),
            sectors_healthy: 0,
            sectors_degraded: 0,
            last_updated: now,
        };
        for summary in sectors {
            sum.vitals.merge(&summary.vitals);
            sum.last_updated = sum.last_updated.min(summary.last_updated);
            if summary.vitals.is_healthy() {
                sum.sectors_healthy += 1;
            } else {
                sum.sectors_degraded += 1;
            }
        }
        sum
    }
}

impl Table {
    /// How the agents of a region are doing.
    pub fn vitals(&self, region: Region) -> Vitals {
        let rows = self.stretches(region).flat_map(|(sector, range)| {
            let class = move |at: &usize| match region {
                Region::Class(class) => sector.rows.class[*at] == class,
                _ => true,
            };
            range.filter(class).map(move |at| (sector, at))
        });
        Vitals::of(rows)
    }

    /// Sums up a cluster; `None` when it is unknown.
    pub fn cluster_summary(&self, cluster: ClusterId, now: Moment) -> Option<ClusterSummary> {
        (!self.agents(cluster).is_empty()).then(|| ClusterSummary {
            cluster,
            vitals: self.vitals(Region::Cluster(cluster)),
            last_updated: now,
        })
    }

    /// Sums up a sector; `None` when it is unknown.
    pub fn sector_summary(&self, sector: SectorId, now: Moment) -> Option<SectorSummary> {
        let clusters: Vec<ClusterSummary> = (0..Shape::CHILDREN_MAX)
            .filter_map(|slot| self.cluster_summary(sector.cluster(slot), now))
            .collect();
        SectorSummary::of(sector, clusters.iter())
    }

    /// Sums up everything.
    pub fn global_stats(&self, now: Moment) -> GlobalStats {
        let sectors: Vec<SectorSummary> = self
            .sector_ids()
            .filter_map(|sector| self.sector_summary(sector, now))
            .collect();
        GlobalStats::of(sectors.iter(), now)
    }
}

impl Selection<'_> {
    /// How the selected are doing.
    pub fn vitals(&self) -> Vitals {
        Vitals::of(self.hits())
    }
}

#[cfg(test)]
mod tests;
