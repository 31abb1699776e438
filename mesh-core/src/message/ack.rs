//! What an agent answers to a throw (appendix B, `ACK`).

use super::{ConflictKind, MessageId};
use crate::time::Micros;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Why a target was not sent to, or would not take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// T was nearer than the lead it needs.
    Lead,
    /// No usable estimate of its parent's clock yet.
    Clock,
    /// The clock error bound is larger than the spread asked for.
    Spread,
    /// People take minutes; they get a review item.
    Human,
    /// It is frozen.
    Frozen,
    /// It is in quarantine.
    Quarantined,
    /// It is being routed around.
    Avoided,
    /// A breaker on its way is open.
    Breaker,
    /// It lacks a required capability.
    Capability,
    /// It has not settled in after joining.
    Settling,
    /// The gate of the tier above did not open (`wave`).
    Gate,
    /// The time to live ran out on the way.
    Expired,
    /// Too much at once: the queue of holds is full.
    Busy,
}

impl SkipReason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::Lead,
        Self::Clock,
        Self::Spread,
        Self::Human,
        Self::Frozen,
        Self::Quarantined,
        Self::Avoided,
        Self::Breaker,
        Self::Capability,
        Self::Settling,
        Self::Gate,
        Self::Expired,
        Self::Busy,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Clock => "clock",
            Self::Spread => "spread",
            Self::Human => "human",
            Self::Frozen => "frozen",
            Self::Quarantined => "quarantined",
            Self::Avoided => "avoided",
            Self::Breaker => "breaker",
            Self::Capability => "capability",
            Self::Settling => "settling",
            Self::Gate => "gate",
            Self::Expired => "expired",
            Self::Busy => "busy",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What became of the throw at one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// +1: it was ready, and released.
    Ready,
    /// -1: it arrived and cannot integrate. The detail follows in a message of its own.
    Conflict(ConflictKind),
    /// It will not take part, for this reason.
    Declined(SkipReason),
}

/// An agent's answer: when it was ready and when it released, both against T as its own clock has it, so that the error
/// of the prediction (before the hold) and the spread of the release (after it) are both measured. Copy, no heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The operation.
    pub operation: MessageId,
    /// What became of it.
    pub answer: Answer,
    /// READY minus T; negative is early.
    pub ready: Micros,
    /// Release minus T; never negative for an agent that holds.
    pub released: Micros,
    /// From taking the message up to READY.
    pub processing: Micros,
    /// From the parent's send to here, by the estimate of its clock.
    pub trip: Micros,
    /// How far off T may be here: the bound of its translation over all hops.
    pub bound: Micros,
    /// Operations waiting when it arrived.
    pub queue: u16,
    /// The number that the copy carried which this answers.
    pub sequence: u32,
    /// A short hash of what it answered, to be compared with its neighbours' (§6.1); 0 is no answer.
    pub result: u64,
}
