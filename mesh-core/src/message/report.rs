//! Reports on their way up, every beat: a lead's agents, a coordinator's leads (§4.2, §8.2).

use super::beat::{Beat, Micros32};
use crate::impedance::ProfileDigest;
use crate::place::Class;
use crate::registry::{Capabilities, CapabilitySet, HoldMode, State};
use crate::time::{Boot, Micros};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A lead's beat to its coordinator, with what it knows of its agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterReport {
    /// The beat itself.
    pub beat: Beat,
    /// What the capability bits of the rows mean.
    pub names: Arc<Capabilities>,
    /// Its agents.
    pub rows: Vec<RowReport>,
}

/// One agent as its lead sees it; a replica row is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RowReport {
    /// Which agent.
    pub slot: u8,
    /// Its class.
    pub class: Class,
    /// How it meets T.
    pub mode: HoldMode,
    /// Whether it beats and answers.
    pub active: bool,
    /// Whether it can take part in a throw now (clock known).
    pub timed: bool,
    /// Median of its one-way delay.
    pub latency: Micros32,
    /// Median of its processing at weight 0.
    pub processing: Micros32,
    /// Z: median from send to READY.
    pub impedance: Micros32,
    /// The lead time at the default on-time rate, weight 0.
    pub lead: Micros32,
    /// Operations waiting.
    pub queue: u16,
    /// Thousandths.
    pub reliability: u16,
    /// Thousandths of the median.
    pub drift: u16,
    /// Since its last beat; the greatest of all when it never beat.
    pub silent: Micros32,
    /// The long-run average of Z (§6.1).
    pub usual: Micros32,
    /// Which of its starts this is.
    pub boot: Boot,
    /// What it can do, in bits of the report's names.
    pub abilities: CapabilitySet,
    /// Short hash of its context.
    pub context: u64,
    /// The profile in short: enough to schedule from, and for another lead to start warm.
    pub digest: ProfileDigest,
}

/// A coordinator's beat to the orchestrator, with its clusters' reports as they came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectorReport {
    /// The beat itself.
    pub beat: Beat,
    /// Those that came since the last report.
    pub clusters: Vec<Forwarded>,
    /// What the trunk below needs.
    pub trunk: Need,
}

/// A cluster's report on its way further up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forwarded {
    /// The cluster's slot.
    pub slot: u8,
    /// How long it has waited for this beat.
    pub age: Micros32,
    /// As it came.
    pub report: Arc<ClusterReport>,
}

/// Changes of state ahead of the next report, so that they are known above within a second (PROTOCOL §7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The cluster's slot.
    pub cluster: u8,
    /// Agents, and what each is now.
    pub states: Vec<(u8, State)>,
}

/// How long messages take below a coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Need {
    /// One way to nearly all of its leads.
    pub down: Micros,
    /// There and back.
    pub round: Micros,
}
