//! The connection to the mesh, as it is shown.

use super::Tick;
use mesh_core::place::Shape;

/// What stands behind the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The mesh's name.
    pub(crate) mesh: String,
    /// Its driver: `local`, `nats`, `sim`.
    pub(crate) driver: String,
    /// Whether its devices are modelled.
    pub(crate) lab: bool,
    /// Its nominal shape.
    pub(crate) shape: Shape,
    /// Who the caller is taken for.
    pub(crate) caller: String,
    /// Whether the caller may change anything.
    pub(crate) may_change: bool,
    /// The door's address, as it was given.
    pub(crate) address: String,
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Standing {
    /// Not yet.
    #[default]
    Connecting,
    /// There.
    Live,
    /// It was, and is not now; tried again by itself.
    Lost {
        /// Since when.
        since: Tick,
        /// Why.
        why: String,
    },
    /// It cannot be; another try would end the same.
    Refused {
        /// Why, and what would help.
        why: String,
    },
}

/// The connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link {
    /// How it stands.
    pub(crate) standing: Standing,
    /// To whom; kept when it is lost.
    pub(crate) to: Option<Identity>,
    /// When news came last.
    pub(crate) heard: Tick,
    /// News that came.
    pub(crate) frames: u64,
    /// Nobody holds the orchestrator's seat: what is shown is old.
    pub(crate) headless: bool,
}

impl Link {
    /// Whether something can be asked now.
    pub(crate) fn is_live(&self) -> bool {
        self.standing == Standing::Live
    }
}
