//! What is said through the door.
//!
//! ```text
//! client                                   mesh
//! hello {version, name, from, …}     ->
//!                                    <-    hello {version, mesh, lab, shape, caller, rights, …}   or bye {reason}
//! ask {id, operation}                ->                          looks only: what changes nothing
//! do {id, operation, confirmed}      ->                          a repeated id gets the first result
//!                                    <-    progress {id, …}*     and then one of
//!                                    <-    answer {id, …}
//!                                    <-    refusal {id, …}
//! follow {every_ms}                  ->
//!                                    <-    seen {…, events, missed}*    a snapshot first, then changes
//! unfollow                           ->
//! bye {reason}                      <->    the last frame, either way
//! ```
//!
//! Ids of looks are the connection's own; ids of what is done are the mesh's, so that they hold across connections: a
//! client that lost its connection asks again under the same id and gets the one result.

use mesh_core::operation::event::Stamped;
use mesh_core::operation::follow::Sight;
use mesh_core::operation::{Answer, Operation, Progress, Refusal};
use mesh_core::place::Shape;
use mesh_core::trust::Rights;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version of these frames. Both sides must have the same: they come from one build or near it.
pub const VERSION: u16 = 1;
/// Requests of one connection that are open at most; one more is refused as too much.
pub const OPEN_MAX: usize = 64;
/// Events in one frame at most; of more, the oldest are counted as missed.
pub const EVENTS_MAX: usize = 1_000;

/// From the client to the mesh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ToMesh {
    /// The first frame of every connection.
    Hello(Hello),
    /// Something to be looked at.
    Ask {
        /// Chosen by the client, for this connection.
        id: Arc<str>,
        /// What.
        operation: Operation,
    },
    /// Something to be done.
    Do {
        /// Chosen by the client, for good: the same id again returns the first result.
        id: Arc<str>,
        /// What.
        operation: Operation,
        /// Whether what has to be said first (a yes, a phrase) was said.
        confirmed: bool,
    },
    /// Tell me what changes, from a snapshot on.
    Follow {
        /// At most one frame in so many milliseconds (50 to 60,000).
        every_ms: u32,
    },
    /// No more of that.
    Unfollow,
    /// The end.
    Bye {
        /// Why, for the log.
        reason: String,
    },
}

/// Who knocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`VERSION`] of the client.
    pub version: u16,
    /// The operator's name, as the audit trail shall have it.
    pub name: String,
    /// What speaks: `console`, `talk`, `command`, a script's name.
    pub from: String,
    /// Rights that are wanted; it gets those of them that the door grants.
    pub rights: Rights,
    /// Nobody sits there to answer (§6.3).
    pub automated: bool,
}

/// From the mesh to the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ToClient {
    /// The answer to hello.
    Hello(Welcome),
    /// A request goes on.
    Progress {
        /// Which.
        id: Arc<str>,
        /// How.
        progress: Progress,
    },
    /// A request has its answer.
    Answer {
        /// Which.
        id: Arc<str>,
        /// What.
        answer: Box<Answer>,
    },
    /// A request was refused; nothing was changed.
    Refusal {
        /// Which.
        id: Arc<str>,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// What is followed, as it is now.
    Seen(Box<Seen>),
    /// The end.
    Bye {
        /// Why, and what to do about it.
        reason: String,
    },
}

/// What stands behind this door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// [`VERSION`] of the mesh.
    pub version: u16,
    /// The program that answers, with its version.
    pub program: String,
    /// The mesh's name.
    pub mesh: String,
    /// What drives it: `local`, `nats`, `sim`.
    pub driver: String,
    /// Its devices are modelled, not real: to be shown wherever the mesh is shown.
    pub lab: bool,
    /// Its nominal shape.
    pub shape: Shape,
    /// Who the caller is taken for.
    pub caller: String,
    /// What the caller may ask.
    pub rights: Rights,
}

/// One frame of what is followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// How the mesh is, or what of it has changed.
    pub sight: Sight,
    /// What happened since the frame before, oldest first, at most [`EVENTS_MAX`].
    pub events: Vec<Stamped>,
    /// Events that happened and are not told: there were too many, or the client is too slow.
    pub missed: u64,
}
