//! Whom a fault strikes, and the words for what it does to them.

use serde::{Deserialize, Serialize};

/// Whom a fault strikes: everyone in `scope`, or only `count` or a `share` of them by chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Whom {
    /// A scope as the console writes it.
    pub scope: String,
    /// Only so many of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Only this share of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

impl Default for Whom {
    fn default() -> Self {
        Self::scope("all")
    }
}

impl Whom {
    /// Everyone in `scope`.
    pub fn scope(scope: &str) -> Self {
        Self {
            scope: scope.to_owned(),
            count: None,
            share: None,
        }
    }

    /// How many of the `among` agents in the scope it strikes.
    pub fn how_many(&self, among: usize) -> usize {
        match (self.count, self.share) {
            (Some(count), _) => among.min(count as usize),
            (None, Some(share)) => {
                among.min(libm::ceil(share.clamp(0.0, 1.0) * among as f64) as usize)
            }
            (None, None) => among,
        }
    }
}

/// A seat that can be lost, taken over or abused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// A cluster's lead.
    Lead,
    /// A sector's coordinator.
    Coordinator,
    /// The mesh's orchestrator.
    Orchestrator,
}

/// What an agent says of itself that is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Its delay.
    Latency,
    /// When it was ready.
    Ready,
    /// When it released.
    Released,
    /// Its queue.
    Queue,
    /// Its processing time.
    Processing,
}

/// What a seat in the wrong hands does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misconduct {
    /// Issues commands that are not its own, as if from above.
    ForgeCommands,
    /// Reports its children as READY, stopped or fine whatever they are.
    FalseSummaries,
    /// Passes nothing down.
    SwallowCommands,
    /// Alters the answers of its children.
    AlterAnswers,
    /// Issues commands of its own, validly signed, that nobody would issue.
    UnusualCommands,
}

/// How the seat store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreTrouble {
    /// No claim is answered.
    Outage,
    /// Claims are answered with unknown, whether they took effect or not.
    Unknown,
    /// Some writes that were granted are lost.
    LostWrites,
}
