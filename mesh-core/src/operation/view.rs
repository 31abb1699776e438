//! What previews, diagnosis and healing need to know of the mesh: rows read from the registry, the tasks, the conflicts
//! and the breakers. Whoever has them implements [`View`]; nothing here keeps them.

use super::resource::Hardware;
use super::scope::Scopes;
use super::task::Task;
use crate::place::{AgentId, Class, ClassSet, ClusterId, SectorId};
use crate::registry::State;
use crate::time::{Micros, Moment};
use crate::trust::seat::Seat;
use crate::unit::{Impedance, Share};
use core::fmt;
use serde::{Deserialize, Serialize};

/// The rows of a mesh, as one parent knows them now.
pub trait View {
    /// Now, on the clock of all moments in the rows.
    fn now(&self) -> Moment;
    /// The agents of a scope without those of `except`, each once, in the order of their places.
    fn agents<'a>(
        &'a self,
        scope: &Scopes,
        except: Option<&Scopes>,
    ) -> Box<dyn Iterator<Item = AgentRow> + 'a>;
    /// One agent.
    fn agent(&self, id: AgentId) -> Option<AgentRow>;
    /// Whether an agent says that it can do this, and no rule forbids that it is asked to.
    fn may_do(&self, id: AgentId, capability: &str) -> bool;
    /// What a capability needs, where that is known.
    fn need(&self, capability: &str) -> Option<Need>;
    /// All clusters.
    fn clusters<'a>(&'a self) -> Box<dyn Iterator<Item = ClusterRow> + 'a>;
    /// All seats above agents.
    fn seats<'a>(&'a self) -> Box<dyn Iterator<Item = SeatRow> + 'a>;
    /// All breakers that are not closed.
    fn breakers<'a>(&'a self) -> Box<dyn Iterator<Item = BreakerRow> + 'a>;
    /// All open tasks.
    fn tasks<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Task> + 'a>;
    /// All open conflicts.
    fn conflicts<'a>(&'a self) -> Box<dyn Iterator<Item = ConflictRow> + 'a>;
    /// Hosts that have free places.
    fn spares<'a>(&'a self) -> Box<dyn Iterator<Item = Spare> + 'a>;
    /// How well the mesh is looked after.
    fn upkeep(&self) -> Upkeep;
}

/// Why an agent is in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// Its context is not what it should be.
    ContextDivergence,
    /// A hash did not match.
    HashMismatch,
    /// It contradicts its peers again and again.
    Contradiction,
    /// Its key or its place is in doubt.
    Identity,
    /// An operator wanted it.
    Operator,
}

impl QuarantineReason {
    /// As it is said.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ContextDivergence => "context divergence",
            Self::HashMismatch => "hash mismatch",
            Self::Contradiction => "contradicting its peers",
            Self::Identity => "identity in doubt",
            Self::Operator => "an operator's order",
        }
    }
}

/// The process that hosts agents; agents of one host fail together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostId(pub u32);

/// An agent as the registry knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a level of its own that may hold together with any other"
)]
pub struct AgentRow {
    /// Where.
    pub id: AgentId,
    /// What kind.
    pub class: Class,
    /// How it is.
    pub state: State,
    /// Since when.
    pub state_since: Moment,
    /// Why it is in quarantine, when it is.
    pub quarantine: Option<QuarantineReason>,
    /// Traffic is led around it.
    pub avoided: bool,
    /// It is stopped.
    pub frozen: bool,
    /// Its Z now; none for people and for those not measured yet.
    pub impedance: Option<Impedance>,
    /// Its own average of Z over the last hours.
    pub usual: Option<Impedance>,
    /// How much Z varies, without dimension.
    pub drift: f32,
    /// Pending operations.
    pub queue: u16,
    /// How often it succeeds.
    pub reliability: Share,
    /// When it was last heard.
    pub last_beat: Moment,
    /// The start of the hash of the context that it holds.
    pub context: u64,
    /// The start of the hash of the context that it should hold.
    pub context_wanted: u64,
    /// Where it runs.
    pub host: HostId,
    /// Whether that host is there.
    pub host_up: bool,
    /// What the host has.
    pub hardware: Hardware,
    /// Whether its clock can be translated closely enough to throw at it.
    pub clock_usable: bool,
    /// Whether its impedance weights are locked (§9.2).
    pub weights_locked: bool,
}

impl AgentRow {
    /// Whether new work may be routed to it, as far as the agent itself goes.
    pub const fn takes_work(&self) -> bool {
        matches!(self.state, State::Active) && !self.avoided && !self.frozen
    }
}

/// A host with free places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spare {
    /// Which.
    pub host: HostId,
    /// How many agents it can take.
    pub free: u16,
    /// What it has.
    pub hardware: Hardware,
}

/// What a capability needs of whoever is to have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Of these classes.
    pub classes: ClassSet,
    /// On a host with this.
    pub hardware: Option<super::resource::Resource>,
}

/// A cluster as its summaries tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterRow {
    /// Which.
    pub id: ClusterId,
    /// The class that its agents are of, where it holds one.
    pub class: Option<Class>,
    /// Places in it.
    pub places: u8,
    /// Agents in it.
    pub agents: u8,
    /// Of those, active.
    pub active: u8,
    /// Mean Z.
    pub impedance: Impedance,
    /// Mean Z a day ago.
    pub impedance_before: Impedance,
    /// Pending operations in all.
    pub queue: u32,
    /// The same ten minutes ago.
    pub queue_before: u32,
    /// Conflicts in the last hour.
    pub conflicts: u32,
    /// Answers in the last hour.
    pub answers: u32,
}

/// Who holds a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatRow {
    /// Which seat.
    pub seat: Seat,
    /// Where its holder sits; none when nobody holds it.
    pub holder: Option<HostId>,
    /// Since when that is so.
    pub since: Moment,
    /// How often it changed hands in the last hour.
    pub takeovers: u16,
}

/// What a breaker guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerAt {
    /// A cluster.
    Cluster(ClusterId),
    /// A sector.
    Sector(SectorId),
    /// The mesh.
    Mesh,
}

impl BreakerAt {
    /// As a scope.
    pub fn scope(self) -> Scopes {
        match self {
            Self::Cluster(id) => Scopes::cluster(id),
            Self::Sector(id) => Scopes::sector(id),
            Self::Mesh => Scopes::all(),
        }
    }

    /// Whether it stands in the way to `agent`.
    pub fn guards(self, agent: AgentId) -> bool {
        match self {
            Self::Cluster(id) => agent.cluster == id,
            Self::Sector(id) => agent.sector() == id,
            Self::Mesh => true,
        }
    }
}

impl fmt::Display for BreakerAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(id) => write!(f, "cluster {id}"),
            Self::Sector(id) => write!(f, "sector {id}"),
            Self::Mesh => f.write_str("mesh"),
        }
    }
}

/// A breaker that is not closed (§6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRow {
    /// What it guards.
    pub at: BreakerAt,
    /// Open, or half-open.
    pub open: bool,
    /// Since when.
    pub since: Moment,
    /// Distinct agents that failed.
    pub failures: u32,
}

/// An open conflict (§5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictRow {
    /// Its id.
    pub id: String,
    /// Its type, as the specification spells it.
    pub kind: &'static str,
    /// 0 background to 4 critical.
    pub priority: u8,
    /// Who reported it.
    pub agent: AgentId,
    /// When.
    pub at: Moment,
}

/// How well the mesh is looked after (§10.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upkeep {
    /// How long ago the registry was backed up.
    pub registry_backup: Option<Micros>,
    /// The conflict log.
    pub conflict_log_backup: Option<Micros>,
    /// The snapshots of agents' state.
    pub snapshots: Option<Micros>,
    /// Agents that joined in the last day.
    pub joined: u32,
    /// Agents that were lost in it.
    pub lost: u32,
    /// Breakers that opened in it.
    pub breakers_opened: u32,
    /// Conflicts in it.
    pub conflicts: u32,
    /// Conflicts in the day before.
    pub conflicts_before: u32,
}

#[cfg(test)]
pub(crate) mod sample;
