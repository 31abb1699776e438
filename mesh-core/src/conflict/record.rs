//! What a conflict is made of (§5.1): the report's detail and the immutable record.
//!
//! A conflict's id is the hash of who reported what about which message, so the same report delivered five times is one
//! conflict. Nothing in a record depends on a clock: the wall time is for people, order is by Lamport time and causes.

use crate::message::{ConflictKind, Lamport, MessageId};
use crate::place::AgentId;
use crate::text::{Text, bounded};
use crate::time::WallTime;
use crate::unit::Digest;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Bytes of a shown value at most; the whole value, if larger, is in quarantine and its hash beside it.
pub const VALUE_MAX: usize = 256;
/// Bytes of a subject at most: a context key.
pub const SUBJECT_MAX: usize = crate::message::context::KEY_BYTES_MAX;
/// Steps of a value's provenance at most: 3 hops up, 3 down, and 10 agents of a pipeline.
pub const PROVENANCE_MAX: usize = 16;
/// Causes of a message at most, as many as a join of a few branches needs.
pub const CAUSES_MAX: usize = 8;

/// A conflict's name: the first half of the hash of its report.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConflictId(#[serde(with = "super::wide")] pub u128);

impl fmt::Display for ConflictId {
    /// All 32 hex digits; people may type as many of the first as are unique ([`super::Desk::find`]).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for ConflictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One station on a value's way: who passed it on, by which message, and what it was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Who said it.
    pub by: AgentId,
    /// The message it was said in.
    pub event: MessageId,
    /// That message's Lamport time.
    pub lamport: Lamport,
    /// The hash of the value as said there.
    pub value: Digest,
}

/// One of the two values that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Claim {
    /// The value as shown to people, cut to [`VALUE_MAX`] bytes.
    pub value: Text<VALUE_MAX>,
    /// The hash of the whole value.
    pub digest: Digest,
    /// Where it came from, the origin first.
    #[serde(deserialize_with = "bounded::list::<_, _, PROVENANCE_MAX>")]
    pub provenance: Vec<Station>,
}

impl Claim {
    /// A value and where it came from, the origin first. Of a longer way the origin and the last stations are kept.
    pub fn new(value: &str, mut provenance: Vec<Station>) -> Self {
        if provenance.len() > PROVENANCE_MAX {
            provenance.drain(1..=provenance.len() - PROVENANCE_MAX);
        }
        Self {
            value: Text::cut(value),
            digest: Digest::of(value.as_bytes()),
            provenance,
        }
    }
}

/// What an agent says of a conflict (`ConflictDetail` of §5.1 and appendix B).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictDetail {
    /// Which of the five.
    pub kind: ConflictKind,
    /// What it is about: a context key, a capability, the name of a fact.
    pub subject: Text<SUBJECT_MAX>,
    /// What the agent had.
    pub expected: Claim,
    /// What it was given.
    pub received: Claim,
    /// The hash of the context it judged by.
    pub context_hash: Digest,
    /// Commits since the two contexts parted; 0 where that has no meaning.
    pub divergence_depth: u32,
    /// How many agents it touches.
    pub affects_agent_count: u32,
}

/// A conflict as it stands in the log, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictRecord {
    /// Its name.
    pub id: ConflictId,
    /// When it was received, for people.
    pub wall: WallTime,
    /// When it was received, for order.
    pub lamport: Lamport,
    /// Who reported it.
    pub agent: AgentId,
    /// The message that could not be integrated.
    pub message: MessageId,
    /// What caused that message.
    #[serde(deserialize_with = "bounded::list::<_, _, CAUSES_MAX>")]
    pub causes: Vec<MessageId>,
    /// What it is.
    pub detail: ConflictDetail,
    /// The hash of the quarantined data.
    pub data: Digest,
    /// How many bytes they are.
    pub data_bytes: u32,
}

/// A conflict as reported, before it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who reports it.
    pub agent: AgentId,
    /// The message that could not be integrated.
    pub message: MessageId,
    /// What caused that message; the first [`CAUSES_MAX`] are kept.
    pub causes: Vec<MessageId>,
    /// What it is.
    pub detail: ConflictDetail,
    /// The conflicting data, for the quarantine.
    pub data: Vec<u8>,
}

impl Report {
    /// The name that this conflict has, wherever and however often it is reported.
    pub fn id(&self) -> ConflictId {
        let said = rmp_serde::to_vec(&(self.agent, self.message, &self.detail))
            .expect("plain fields have a form, and a Vec takes it all");
        let mut half = [0; 16];
        half.copy_from_slice(&Digest::of(&said).0[..16]);
        ConflictId(u128::from_be_bytes(half))
    }

    /// The record of it.
    pub fn record(&self, wall: WallTime, lamport: Lamport) -> ConflictRecord {
        ConflictRecord {
            id: self.id(),
            wall,
            lamport,
            agent: self.agent,
            message: self.message,
            causes: self.causes.iter().copied().take(CAUSES_MAX).collect(),
            detail: self.detail.clone(),
            data: Digest::of(&self.data),
            data_bytes: self.data.len().min(u32::MAX as usize) as u32,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::place::SectorId;

    pub(crate) fn agent(slot: u8) -> AgentId {
        SectorId(7).cluster(3).agent(slot)
    }

    pub(crate) fn report(kind: ConflictKind, message: u128) -> Report {
        Report {
            agent: agent(11),
            message: MessageId(message),
            causes: vec![MessageId(1)],
            detail: ConflictDetail {
                kind,
                subject: "price".into(),
                expected: Claim::new("100", Vec::new()),
                received: Claim::new("250", Vec::new()),
                context_hash: Digest::of(b"context"),
                divergence_depth: 3,
                affects_agent_count: 2,
            },
            data: b"price=250".to_vec(),
        }
    }

    #[test]
    fn the_same_report_is_the_same_conflict_and_another_is_not() {
        let first = report(ConflictKind::DataContradiction, 5);
        assert_eq!(first.id(), first.clone().id());
        let (early, late) = (
            first.record(WallTime(1), Lamport(1)),
            first.record(WallTime(9), Lamport(9)),
        );
        assert_eq!(early.id, late.id);
        assert_ne!(first.id(), report(ConflictKind::DataContradiction, 6).id());
        assert_ne!(first.id(), report(ConflictKind::HashMismatch, 5).id());
    }

    #[test]
    fn a_long_provenance_keeps_its_origin_and_its_end() {
        let way: Vec<Station> = (0..40)
            .map(|n| Station {
                by: agent(n),
                event: MessageId(u128::from(n)),
                lamport: Lamport(u64::from(n)),
                value: Digest::default(),
            })
            .collect();
        let claim = Claim::new(&"x".repeat(1_000), way.clone());
        assert_eq!(claim.provenance.len(), PROVENANCE_MAX);
        assert_eq!(claim.provenance.first(), way.first());
        assert_eq!(claim.provenance.last(), way.last());
        assert!(claim.value.as_str().len() <= VALUE_MAX);
    }
}
