//! Which places there are: asked before an operation is accepted, so that a place that does not exist is an answer.

use crate::place::{AgentId, ClusterId, SectorId, Shape};

/// Whoever knows which places exist: a nominal [`Shape`], or a registry with what was added and taken away.
pub trait Places {
    /// The last sector; 0 when there is none.
    fn last_sector(&self) -> u16;
    /// The last cluster of a sector; 0 when there is none.
    fn last_cluster(&self, sector: SectorId) -> u8;
    /// The last agent of a cluster; 0 when there is none.
    fn last_agent(&self, cluster: ClusterId) -> u8;
}

/// A place that does not exist, and what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchPlace {
    /// No such sector.
    #[error("there is no sector {sector}; this mesh has sectors 1 to {last}")]
    Sector {
        /// The one asked for.
        sector: SectorId,
        /// The last there is.
        last: u16,
    },
    /// The sector exists, the cluster does not.
    #[error("there is no cluster {cluster}; sector {} has clusters 1 to {last}", cluster.sector)]
    Cluster {
        /// The one asked for.
        cluster: ClusterId,
        /// The last there is.
        last: u8,
    },
    /// The cluster exists, the agent does not.
    #[error("there is no agent {agent}; cluster {} has agents 1 to {last}", agent.cluster)]
    Agent {
        /// The one asked for.
        agent: AgentId,
        /// The last there is.
        last: u8,
    },
}

impl NoSuchPlace {
    pub(super) fn sector(sector: SectorId, mesh: &impl Places) -> Result<(), Self> {
        let last = mesh.last_sector();
        if (1..=last).contains(&sector.0) {
            return Ok(());
        }
        Err(Self::Sector { sector, last })
    }

    pub(super) fn cluster(cluster: ClusterId, mesh: &impl Places) -> Result<(), Self> {
        Self::sector(cluster.sector, mesh)?;
        let last = mesh.last_cluster(cluster.sector);
        if (1..=last).contains(&cluster.cluster) {
            return Ok(());
        }
        Err(Self::Cluster { cluster, last })
    }

    pub(super) fn agent(agent: AgentId, mesh: &impl Places) -> Result<(), Self> {
        Self::cluster(agent.cluster, mesh)?;
        let last = mesh.last_agent(agent.cluster);
        if (1..=last).contains(&agent.agent) {
            return Ok(());
        }
        Err(Self::Agent { agent, last })
    }
}

impl Places for Shape {
    fn last_sector(&self) -> u16 {
        self.sectors
    }

    fn last_cluster(&self, sector: SectorId) -> u8 {
        if self.has_sector(sector) {
            self.clusters
        } else {
            0
        }
    }

    fn last_agent(&self, cluster: ClusterId) -> u8 {
        if self.has_cluster(cluster) {
            self.agents
        } else {
            0
        }
    }
}
