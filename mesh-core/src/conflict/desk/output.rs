//! What goes into a desk and what comes out of it.

use crate::conflict::log::StoredRow;
use crate::conflict::quarantine::Held;
use crate::conflict::record::{ConflictId, ConflictRecord};
use crate::conflict::resolve::{Action, ResolutionRecord, Strategy};
use crate::conflict::triage::{Priority, Tier, Urgency};
use crate::message::Lamport;
use crate::time::{Moment, WallTime};

/// When something happens, by every measure that it is recorded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// This node's clock, for deadlines.
    pub now: Moment,
    /// The wall clock, for people.
    pub wall: WallTime,
    /// The Lamport time, for order.
    pub lamport: Lamport,
}

/// Something for the role to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskOutput {
    /// Store this row, and act on what follows only when it is stored.
    Store(StoredRow),
    /// Store the quarantined data beside its row.
    Hold(Held),
    /// Tell the desk above; it goes on from there to `to`.
    Escalate {
        /// Up to which tier.
        to: Tier,
        /// How urgent it is now.
        priority: Priority,
        /// The conflict.
        record: Box<ConflictRecord>,
    },
    /// Tell the people at this desk: it is critical, or a deadline has passed and nobody is above.
    Alert {
        /// The conflict.
        conflict: ConflictId,
        /// How urgent it is now.
        priority: Priority,
        /// How many deadlines have passed.
        missed: u8,
    },
    /// Carry this out.
    Act {
        /// For which conflict.
        conflict: ConflictId,
        /// What.
        action: Action,
        /// The data that leaves the quarantine, where the action releases or discards it.
        data: Option<Box<Held>>,
    },
    /// Tell the other desks that know of it that it is settled.
    Settled(Box<ResolutionRecord>),
    /// No room: this one is no longer worked on here. Its row and its data remain in the store.
    Dropped(ConflictId),
}

/// What a desk refuses; nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// No open conflict has this name.
    #[error("no open conflict begins with {0:?}; list the open ones with `list conflicts`")]
    Unknown(String),
    /// Several open conflicts begin with these digits.
    #[error("{count} open conflicts begin with {text:?}; give more of its digits")]
    Ambiguous {
        /// What was given.
        text: String,
        /// How many it could be.
        count: usize,
    },
}

/// A conflict that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// What it is.
    pub record: ConflictRecord,
    /// How urgent it is and until when.
    pub urgency: Urgency,
    /// Since when this desk knows of it.
    pub since: Moment,
    /// The strategy for it.
    pub strategy: Strategy,
}
