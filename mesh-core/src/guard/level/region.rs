//! Which part of the mesh a level applies to, ordered so that everything below a place lies in one range.

use crate::place::{AgentId, Class, ClusterId, SectorId, Shape};
use core::fmt;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// A part of the mesh that an entry of desired state can name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// The whole mesh.
    All,
    /// One sector with all below it.
    Sector(SectorId),
    /// One cluster with its agents.
    Cluster(ClusterId),
    /// One agent's place.
    Agent(AgentId),
    /// Every agent of an impedance class.
    Class(Class),
}

impl Region {
    /// Whether an agent of `class` that sits at `agent` lies in it.
    pub fn covers(self, agent: AgentId, class: Class) -> bool {
        match self {
            Self::Class(own) => own == class,
            Self::All | Self::Sector(_) | Self::Cluster(_) | Self::Agent(_) => {
                self.contains(Self::Agent(agent))
            }
        }
    }

    /// Whether every agent of `other` lies in it, whatever the agents' classes are.
    pub fn contains(self, other: Self) -> bool {
        self == other
            || match (self, other) {
                (Self::All, _) => true,
                (Self::Sector(own), Self::Cluster(cluster)) => cluster.sector == own,
                (Self::Sector(own), Self::Agent(agent)) => agent.sector() == own,
                (Self::Cluster(own), Self::Agent(agent)) => agent.cluster == own,
                (Self::Sector(_) | Self::Cluster(_) | Self::Agent(_) | Self::Class(_), _) => false,
            }
    }

    /// Whether some agent may lie in both; a class may have agents anywhere.
    pub fn touches(self, other: Self) -> bool {
        matches!(self, Self::Class(_))
            || matches!(other, Self::Class(_))
            || self.contains(other)
            || other.contains(self)
    }

    /// Whether the numbers can belong to a mesh at all (each from 1, at most [`Shape::SECTORS_MAX`] and
    /// [`Shape::CHILDREN_MAX`]).
    pub fn is_possible(self) -> bool {
        let child = |number: u8| (1..=Shape::CHILDREN_MAX).contains(&number);
        let sector = |id: SectorId| (1..=Shape::SECTORS_MAX).contains(&id.0);
        match self {
            Self::All | Self::Class(_) => true,
            Self::Sector(id) => sector(id),
            Self::Cluster(id) => sector(id.sector) && child(id.cluster),
            Self::Agent(id) => sector(id.sector()) && child(id.cluster.cluster) && child(id.agent),
        }
    }

    /// One number per region: places in tree order after the whole mesh, classes after all places. Distinct for all
    /// possible regions.
    pub(super) const fn node(self) -> u32 {
        match self {
            Self::All => 0,
            Self::Sector(id) => (id.0 as u32) << 16,
            Self::Cluster(id) => (id.sector.0 as u32) << 16 | (id.cluster as u32) << 8,
            Self::Agent(id) => id.pack(),
            Self::Class(class) => CLASSES_FIRST + class as u32,
        }
    }

    /// The nodes of everything that it contains, as one range.
    pub(super) const fn node_span(self) -> RangeInclusive<u32> {
        let first = self.node();
        let width = match self {
            Self::All => u32::MAX,
            Self::Sector(_) => 0xFFFF,
            Self::Cluster(_) => 0xFF,
            Self::Agent(_) | Self::Class(_) => 0,
        };
        first..=first + width
    }

    /// Itself and the places that contain it, the widest first.
    pub(super) fn line(self) -> impl Iterator<Item = Self> {
        let (sector, cluster) = match self {
            Self::All | Self::Class(_) => (None, None),
            Self::Sector(id) => (Some(id), None),
            Self::Cluster(id) => (Some(id.sector), Some(id)),
            Self::Agent(id) => (Some(id.sector()), Some(id.cluster)),
        };
        let own = matches!(self, Self::Agent(_) | Self::Class(_)).then_some(self);
        [
            Some(Self::All),
            sector.map(Self::Sector),
            cluster.map(Self::Cluster),
            own,
        ]
        .into_iter()
        .flatten()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Sector(id) => write!(f, "sector {id}"),
            Self::Cluster(id) => write!(f, "cluster {id}"),
            Self::Agent(id) => write!(f, "agent {id}"),
            Self::Class(class) => write!(f, "class {class}"),
        }
    }
}

/// Above every place: sectors end at [`Shape::SECTORS_MAX`], far below 0xFFFF.
pub(super) const CLASSES_FIRST: u32 = 0xFFFF_0000;
