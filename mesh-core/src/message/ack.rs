//! What an agent answers to a throw (appendix B, `ACK`).

use super::{ConflictKind, Epoch, MessageId};
use crate::text::words;
use crate::time::Micros;
use serde::{Deserialize, Serialize};

words! {
    /// Why a target was not sent to, or would not take part.
    SkipReason {
        /// T was nearer than the lead it needs.
        Lead = "lead",
        /// No usable estimate of its parent's clock yet.
        Clock = "clock",
        /// The clock error bound is larger than the spread asked for.
        Spread = "spread",
        /// People take minutes; they get a review item.
        Human = "human",
        /// It is frozen.
        Frozen = "frozen",
        /// It is in quarantine.
        Quarantined = "quarantined",
        /// It is being routed around.
        Avoided = "avoided",
        /// A breaker on its way is open.
        Breaker = "breaker",
        /// It lacks a required capability.
        Capability = "capability",
        /// It has not settled in after joining.
        Settling = "settling",
        /// The gate of the tier above did not open (`wave`).
        Gate = "gate",
        /// The time to live ran out on the way.
        Expired = "expired",
        /// Too much at once: the queue of holds is full.
        Busy = "busy",
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
    /// The number that the copy carried which this answers, on the link from the seat above with `epoch`.
    pub sequence: u32,
    /// Of that seat.
    pub epoch: Epoch,
    /// A short hash of what it answered, to be compared with its neighbours' (§6.1); 0 is no answer.
    pub result: u64,
}
