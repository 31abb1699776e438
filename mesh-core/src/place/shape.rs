//! How many sectors, clusters and agents a mesh has at most.

use super::{AgentId, ClusterId, SectorId};
use serde::{Deserialize, Serialize};

/// The nominal shape of a mesh: sectors × clusters per sector × agents per cluster. Scaling may add clusters to a
/// sector up to [`Shape::CHILDREN_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Sectors.
    pub sectors: u16,
    /// Clusters in each sector.
    pub clusters: u8,
    /// Agents in each cluster.
    pub agents: u8,
}

/// A shape that no mesh can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mesh of {sectors} x {clusters} x {agents} is not possible: 1 to 1000 sectors, 1 to 128 clusters each, 1 to 128 agents each"
)]
pub struct ShapeError {
    sectors: u32,
    clusters: u32,
    agents: u32,
}

impl Shape {
    /// 100 × 10 × 30, as specified.
    pub const DEFAULT: Self = Self {
        sectors: 100,
        clusters: 10,
        agents: 30,
    };
    /// Children of a lead or of a coordinator at most: the bits of a [`super::Slots`].
    pub const CHILDREN_MAX: u8 = 128;
    /// Sectors at most.
    pub const SECTORS_MAX: u16 = 1_000;

    /// Checked.
    pub fn new(sectors: u32, clusters: u32, agents: u32) -> Result<Self, ShapeError> {
        let fits = (1..=u32::from(Self::SECTORS_MAX)).contains(&sectors)
            && (1..=u32::from(Self::CHILDREN_MAX)).contains(&clusters)
            && (1..=u32::from(Self::CHILDREN_MAX)).contains(&agents);
        let shape = Self {
            sectors: sectors as u16,
            clusters: clusters as u8,
            agents: agents as u8,
        };
        fits.then_some(shape).ok_or(ShapeError {
            sectors,
            clusters,
            agents,
        })
    }

    /// Agents in all.
    pub const fn agent_count(self) -> usize {
        self.cluster_count() * self.agents as usize
    }

    /// Clusters in all.
    pub const fn cluster_count(self) -> usize {
        self.sectors as usize * self.clusters as usize
    }

    /// Whether the sector exists in the nominal shape.
    pub const fn has_sector(self, sector: SectorId) -> bool {
        sector.0 >= 1 && sector.0 <= self.sectors
    }

    /// Whether the cluster exists in the nominal shape.
    pub const fn has_cluster(self, id: ClusterId) -> bool {
        self.has_sector(id.sector) && id.cluster >= 1 && id.cluster <= self.clusters
    }

    /// Whether the agent's place exists in the nominal shape.
    pub const fn has_agent(self, id: AgentId) -> bool {
        self.has_cluster(id.cluster) && id.agent >= 1 && id.agent <= self.agents
    }

    /// All sectors in order.
    pub fn all_sectors(self) -> impl Iterator<Item = SectorId> {
        (1..=self.sectors).map(SectorId)
    }

    /// All clusters in order.
    pub fn all_clusters(self) -> impl Iterator<Item = ClusterId> {
        self.all_sectors().flat_map(move |sector| {
            (1..=self.clusters).map(move |cluster| ClusterId { sector, cluster })
        })
    }

    /// All agents in order.
    pub fn all_agents(self) -> impl Iterator<Item = AgentId> {
        self.all_clusters()
            .flat_map(move |cluster| (1..=self.agents).map(move |agent| AgentId { cluster, agent }))
    }
}

impl Default for Shape {
    fn default() -> Self {
        Self::DEFAULT
    }
}
