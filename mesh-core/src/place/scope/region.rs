//! Regions: the scopes that need no registry to be understood, and the keys of desired state (PROTOCOL §6).

use super::error::{ScopeError, ScopeFault, fault};
use super::{NoSuchPlace, Places, nearest};
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::text::excerpt;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Everything, a place, or a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// The whole mesh.
    All,
    /// One sector.
    Sector(SectorId),
    /// One cluster.
    Cluster(ClusterId),
    /// One agent.
    Agent(AgentId),
    /// Every agent of a class.
    Class(Class),
}

impl Region {
    /// Whether an agent of `class` at `agent` is in it.
    pub fn covers(self, agent: AgentId, class: Class) -> bool {
        match self {
            Self::All => true,
            Self::Sector(sector) => agent.sector() == sector,
            Self::Cluster(cluster) => agent.cluster == cluster,
            Self::Agent(own) => agent == own,
            Self::Class(own) => class == own,
        }
    }

    /// Whether every agent of this region is surely one of `outer`'s too. Places and classes lie across each other, so
    /// neither is within the other.
    pub fn within(self, outer: Self) -> bool {
        match outer {
            Self::All => true,
            Self::Sector(sector) => self.sector() == Some(sector),
            Self::Cluster(cluster) => self.cluster() == Some(cluster),
            Self::Agent(_) | Self::Class(_) => self == outer,
        }
    }

    /// Whether some agent could be in both.
    pub fn meets(self, other: Self) -> bool {
        let across = matches!(self, Self::Class(_)) != matches!(other, Self::Class(_));
        across || self.within(other) || other.within(self)
    }

    /// The sector that it lies in, when it lies in one.
    pub const fn sector(self) -> Option<SectorId> {
        match self {
            Self::Sector(sector) => Some(sector),
            Self::Cluster(cluster) => Some(cluster.sector),
            Self::Agent(agent) => Some(agent.sector()),
            Self::All | Self::Class(_) => None,
        }
    }

    /// The cluster that it lies in, when it lies in one.
    pub const fn cluster(self) -> Option<ClusterId> {
        match self {
            Self::Cluster(cluster) => Some(cluster),
            Self::Agent(agent) => Some(agent.cluster),
            Self::All | Self::Sector(_) | Self::Class(_) => None,
        }
    }

    /// Refuses a place that the mesh does not have.
    pub fn check(self, mesh: &impl Places) -> Result<(), NoSuchPlace> {
        match self {
            Self::All | Self::Class(_) => Ok(()),
            Self::Sector(sector) => NoSuchPlace::sector(sector, mesh),
            Self::Cluster(cluster) => NoSuchPlace::cluster(cluster, mesh),
            Self::Agent(agent) => NoSuchPlace::agent(agent, mesh),
        }
    }

    /// Reads a region whose text begins at the character `at` of what was given.
    pub(super) fn parse_at(text: &str, at: usize) -> Result<Self, ScopeError> {
        if text.is_empty() {
            return Err(fault(at, ScopeFault::NoScope));
        }
        let Some((kind, value)) = text.split_once(':') else {
            return Self::parse_bare(text, at);
        };
        let value_at = at + kind.chars().count() + 1;
        match kind.to_ascii_lowercase().as_str() {
            "sector" => place(value, value_at, "sector", "sector:7").map(Self::Sector),
            "cluster" => place(value, value_at, "cluster", "cluster:7-4").map(Self::Cluster),
            "agent" => place(value, value_at, "agent", "agent:7-4-12").map(Self::Agent),
            "class" => class(value, value_at).map(Self::Class),
            _ => Err(unknown(kind, at)),
        }
    }

    /// `all`, or a place or a long class name without its kind.
    fn parse_bare(text: &str, at: usize) -> Result<Self, ScopeError> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        let long_class = text.to_ascii_lowercase().starts_with("class_");
        text.parse()
            .map(Self::Sector)
            .or_else(|_| text.parse().map(Self::Cluster))
            .or_else(|_| text.parse().map(Self::Agent))
            .ok()
            .or_else(|| {
                long_class
                    .then(|| Class::parse(text).map(Self::Class))
                    .flatten()
            })
            .ok_or_else(|| unknown(text, at))
    }
}

fn unknown(text: &str, at: usize) -> ScopeError {
    let kinds = [
        "all", "auto", "sector", "cluster", "agent", "class", "where",
    ];
    fault(
        at,
        ScopeFault::Kind {
            text: excerpt(text),
            hint: nearest(text, &kinds),
        },
    )
}

/// The place whose text begins at the character `at`.
pub(super) fn place<T: FromStr>(
    text: &str,
    at: usize,
    wanted: &'static str,
    example: &'static str,
) -> Result<T, ScopeError> {
    text.parse().map_err(|_| {
        fault(
            at,
            ScopeFault::Place {
                text: excerpt(text),
                wanted,
                example,
            },
        )
    })
}

/// The class whose text begins at the character `at`.
pub(super) fn class(text: &str, at: usize) -> Result<Class, ScopeError> {
    Class::parse(text).ok_or_else(|| {
        fault(
            at,
            ScopeFault::Class {
                text: excerpt(text),
                hint: nearest(text, &Class::ALL.map(Class::word)),
            },
        )
    })
}

impl FromStr for Region {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse_at(text, 1)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Sector(sector) => write!(f, "sector:{sector}"),
            Self::Cluster(cluster) => write!(f, "cluster:{cluster}"),
            Self::Agent(agent) => write!(f, "agent:{agent}"),
            Self::Class(class) => write!(f, "class:{class}"),
        }
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
