//! Where one is in the mesh: level, cursors, and the places one came from.

use mesh_core::operation::Scopes;
use mesh_core::place::{AgentId, ClusterId, SectorId, Shape};

/// Places remembered at most.
const BACK_MAX: usize = 100;

/// How deep one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Level {
    /// All sectors.
    #[default]
    Mesh,
    /// A sector's clusters.
    Sector,
    /// A cluster's agents.
    Cluster,
    /// One agent.
    Agent,
}

/// Level and cursors. The cursor of each level is kept while one looks at another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// How deep.
    pub(crate) level: Level,
    /// The sector, from 1.
    pub(crate) sector: u16,
    /// The cluster, from 1.
    pub(crate) cluster: u8,
    /// The agent, from 1.
    pub(crate) agent: u8,
    /// The row of the table that is selected, from 0, in the table's order.
    pub(crate) row: usize,
}

/// Where one is, and was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    /// Now.
    pub(crate) spot: Spot,
    back: Vec<Spot>,
}

impl Default for Spot {
    fn default() -> Self {
        Self {
            level: Level::Mesh,
            sector: 1,
            cluster: 1,
            agent: 1,
            row: 0,
        }
    }
}

impl Spot {
    /// The sector at the cursor.
    pub(crate) const fn sector(self) -> SectorId {
        SectorId(self.sector)
    }

    /// The cluster at the cursor.
    pub(crate) const fn cluster(self) -> ClusterId {
        ClusterId {
            sector: SectorId(self.sector),
            cluster: self.cluster,
        }
    }

    /// The agent at the cursor.
    pub(crate) const fn agent(self) -> AgentId {
        AgentId {
            cluster: self.cluster(),
            agent: self.agent,
        }
    }

    /// What is selected, as a scope.
    pub(crate) fn scope(self) -> Scopes {
        match self.level {
            Level::Mesh => Scopes::sector(self.sector()),
            Level::Sector => Scopes::cluster(self.cluster()),
            Level::Cluster | Level::Agent => Scopes::agent(self.agent()),
        }
    }

    /// The same with every cursor inside `shape`.
    pub(crate) fn within(self, shape: Shape) -> Self {
        Self {
            sector: self.sector.clamp(1, shape.sectors.max(1)),
            cluster: self.cluster.clamp(1, shape.clusters.max(1)),
            agent: self.agent.clamp(1, shape.agents.max(1)),
            ..self
        }
    }
}

impl Position {
    /// Goes to another place, and remembers this one.
    pub(crate) fn go(&mut self, to: Spot) {
        if self.back.len() == BACK_MAX {
            self.back.remove(0);
        }
        self.back.push(self.spot);
        self.spot = to;
    }

    /// Back to where one was before; the two places change roles, so that the same key goes there and back.
    pub(crate) fn swap(&mut self) {
        if let Some(before) = self.back.pop() {
            self.back.push(self.spot);
            self.spot = before;
        }
    }

    /// One level up; whether there was one.
    pub(crate) fn up(&mut self) -> bool {
        let level = match self.spot.level {
            Level::Mesh => return false,
            Level::Sector => Level::Mesh,
            Level::Cluster => Level::Sector,
            Level::Agent => Level::Cluster,
        };
        self.go(Spot { level, ..self.spot });
        true
    }
}
