//! Heartbeats and their echoes: life, time and desired state in one small exchange (§4.1, PROTOCOL §2, §6).

use super::{Epoch, Lamport};
use crate::registry::HoldMode;
use crate::time::{Boot, Micros, Moment};
use crate::trust::KeyId;
use serde::{Deserialize, Serialize};

/// What an agent says of itself; a claim, never an input where the parent can measure (PROTOCOL §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Claims {
    /// Median of the processing it measured.
    pub processing: Micros32,
    /// Median of the one-way delays it measured.
    pub latency: Micros32,
    /// Operations waiting.
    pub queue: u16,
    /// Successes of the last hour, in thousandths.
    pub reliability: u16,
    /// How it meets T: no measurement, and nobody else can know.
    pub mode: HoldMode,
}

/// Microseconds in 32 bits (at most 71 minutes), where a message or a row must stay small.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Micros32(pub u32);

impl From<Micros> for Micros32 {
    fn from(span: Micros) -> Self {
        Self(u32::try_from(span.0.max(0)).unwrap_or(u32::MAX))
    }
}

impl From<Micros32> for Micros {
    fn from(span: Micros32) -> Self {
        Self(i64::from(span.0))
    }
}

/// Half of an exchange of four timestamps (RFC 5905 §8), as the side that answers remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// When the other side sent, by its clock.
    pub sent: Moment,
    /// When it arrived here, by the clock here.
    pub received: Moment,
}

/// A child's beat to its parent, every five seconds (§8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Which start of the child this is.
    pub boot: Boot,
    /// The parent's latest message with a time, so that the parent closes its four timestamps.
    pub exchange: Option<Exchange>,
    /// The last number received in order.
    pub delivered: u32,
    /// The highest epoch of its parent's seat that it knows.
    pub epoch: Epoch,
    /// Whom it obeys with that epoch: where the store of seats has lost a write, two may have been granted one epoch.
    pub obeys: Option<KeyId>,
    /// Digest of the desired state that it has applied.
    pub levels: u64,
    /// Short hash of the context it holds.
    pub context: u64,
    /// Its Lamport time.
    pub lamport: Lamport,
    /// What it says of itself.
    pub claims: Claims,
}

/// The parent's answer to the beats of all its children in one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// For each child that has beaten since the last echo.
    pub entries: Vec<EchoEntry>,
    /// Digest of the desired state that applies to all of these children alike; one that holds another asks for the
    /// difference. None while the sender has not compared its own with its parent's.
    pub levels: Option<u64>,
    /// Lamport time.
    pub lamport: Lamport,
}

/// One child's part of an echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EchoEntry {
    /// Which child.
    pub slot: u16,
    /// The beat that is answered.
    pub exchange: Exchange,
    /// The last number sent to this child, so that it sees a gap at the tail.
    pub last: u32,
    /// The lowest number that it can still have.
    pub floor: u32,
}

impl Echo {
    /// The entry of the child at `slot`.
    pub fn entry(&self, slot: u16) -> Option<EchoEntry> {
        self.entries
            .iter()
            .find(|entry| entry.slot == slot)
            .copied()
    }
}
