//! Desired state on its way, and the proofs that a freeze was obeyed (PROTOCOL §6; appendix B, `CIRCUIT` and `FREEZE`).

use super::Exchange;
use crate::guard::freeze::StopProof;
use crate::guard::level::Stamp;
use crate::place::ClusterId;
use crate::place::scope::Region;
use crate::trust::key::Signature;
use serde::{Deserialize, Serialize};

/// The answer to a probe: the exchange, and what the child should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// The probe that is answered.
    pub exchange: Exchange,
    /// Digest of the desired state that concerns this child; none while the parent has not compared its own.
    pub levels: Option<u64>,
    /// The last number sent to this child, and the lowest that it can still have: a child that has just started follows
    /// from here.
    pub last: u32,
    /// As [`EchoEntry::floor`](super::EchoEntry::floor).
    pub floor: u32,
}

/// An agent's word that nothing runs there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// The epoch of the freeze that it obeys.
    pub epoch: Stamp,
    /// Over [`stop_bytes`](crate::guard::freeze::stop_bytes), by the agent's own key.
    pub signature: Signature,
}

/// How many have stopped, as their lead says; the proofs follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopCount {
    /// Whose agents.
    pub cluster: ClusterId,
    /// The freeze.
    pub epoch: Stamp,
    /// How many of them.
    pub stopped: u8,
}

/// The proofs of one cluster so far; it goes up unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopBundle {
    /// Whose agents.
    pub cluster: ClusterId,
    /// The freeze.
    pub epoch: Stamp,
    /// By slot; at most one each.
    pub proofs: Vec<StopProof>,
}

/// Downwards: counts or proofs of this freeze are missing at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prove {
    /// The freeze.
    pub epoch: Stamp,
    /// From where.
    pub region: Region,
}
