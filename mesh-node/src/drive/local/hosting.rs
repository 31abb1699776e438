//! What one process hosts of a mesh: in one process everything, over a broker its share.

use mesh_core::place::{ClusterId, SectorId, Slots};
use mesh_core::trust::seat::Seat;
use std::collections::BTreeMap;

/// What a process hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hosting {
    /// All of it, each seat with its standby.
    #[default]
    Everything,
    /// These.
    Part(Box<Part>),
}

/// Some seats to stand for and some agents. Which of the two that stand for a seat a process is (0 or 1) only tells their
/// keys apart where keys are derived; whoever asks first serves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Stands for the orchestrator's seat.
    pub orchestrator: Option<u8>,
    /// Stands for these coordinators' seats.
    pub coordinators: BTreeMap<SectorId, u8>,
    /// Stands for these leads' seats.
    pub leads: BTreeMap<ClusterId, u8>,
    /// Hosts these agents.
    pub agents: BTreeMap<ClusterId, Slots>,
}

impl Hosting {
    /// Whether the first (0) or second (1) node that stands for a seat is here.
    pub fn stands(&self, seat: Seat, holder: u8) -> bool {
        let Self::Part(part) = self else { return true };
        let here = match seat {
            Seat::Orchestrator => part.orchestrator,
            Seat::Coordinator(sector) => part.coordinators.get(&sector).copied(),
            Seat::Lead(cluster) => part.leads.get(&cluster).copied(),
        };
        here == Some(holder)
    }

    /// The agents of a cluster that are here.
    pub fn slots(&self, cluster: ClusterId) -> Slots {
        match self {
            Self::Everything => Slots::first(128),
            Self::Part(part) => part.agents.get(&cluster).copied().unwrap_or_default(),
        }
    }

    /// Whether anything of a cluster, or of the way up from it, is here.
    pub fn touches(&self, cluster: ClusterId) -> bool {
        let Self::Part(part) = self else { return true };
        part.leads.contains_key(&cluster) || part.agents.contains_key(&cluster)
    }
}
