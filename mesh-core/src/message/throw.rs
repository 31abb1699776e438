//! A throw on its way down: what changes from hop to hop.

use super::{Header, MessageId};
use crate::place::Slots;
use crate::time::{Micros, Moment};
use crate::unit::Share;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One hop of an operation: the shared header and what the sender says to these receivers. Its number and the time that
/// is left for it are in the [`Numbered`](super::delivery::Numbered) around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// What is asked, signed by the orchestrator.
    pub header: Arc<Header>,
    /// T by the sender's clock; the receiver translates it.
    pub target: Moment,
    /// How far off T may be by now: the bounds of all translations so far.
    pub bound: Micros,
    /// A gated receiver arms and waits for [`Proceed`] before it sends on.
    pub gated: bool,
    /// Who below is meant.
    pub targets: Targets,
}

/// Who below the receiver is meant: resolved once, at the top, and cut smaller on the way down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Targets {
    /// To a coordinator: agents of its clusters.
    Sector(Arc<[ClusterTargets]>),
    /// To a lead: its agents.
    Cluster(ClusterTargets),
    /// To agents: one entry for each that shares this bucket.
    Agents(Arc<[Compensation]>),
}

/// Agents of one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterTargets {
    /// The cluster's slot under its coordinator.
    pub slot: u8,
    /// Its agents.
    pub agents: Slots,
    /// For `parallel`: lead times in units of 100 µs by agent slot, as the orchestrator scheduled them.
    pub leads: Option<Arc<[u16]>>,
}

/// How one child's copy was compensated (§2.4 `compensation_applied`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Compensation {
    /// Which child.
    pub slot: u8,
    /// How early it is sent.
    pub lead: Micros,
    /// How long its processing is expected to take.
    pub processing: Micros,
    /// Probability that it is READY by T.
    pub confidence: Share,
}

/// The gate above is open: send on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proceed {
    /// The operation.
    pub operation: MessageId,
    /// False closes the gate for good: nobody below is sent to.
    pub go: bool,
}

/// A coordinator or lead has taken a throw in and scheduled it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    /// The operation.
    pub operation: MessageId,
    /// By when after T it will have sealed its account.
    pub seal: Micros,
}
