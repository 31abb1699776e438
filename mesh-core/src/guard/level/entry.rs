//! One entry of desired state: what shall hold, where, since which epoch, and who says so.

use super::region::Node;
use crate::place::scope::{Name, Region};
use crate::place::{ClusterId, SectorId};
use crate::time::Micros;
use crate::trust::key::Signature;
use crate::unit::Digest;
use core::fmt;
use serde::{Deserialize, Serialize};

/// When an entry was written, in the mesh's own order and not by any clock: the orchestrator's seat term, then a Lamport
/// counter within the term (PROTOCOL §6).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
pub struct Stamp {
    /// Term of the orchestrator's seat.
    pub term: u64,
    /// One more than the largest that the writer had seen in the term.
    pub counter: u64,
}

impl Stamp {
    /// Counters of leads and coordinators end here, those of the orchestrator at [`Stamp::COUNTER_MAX`]: a lead that has
    /// been taken over and writes the largest counter it may can still be overruled 2^61 times, and a new term starts
    /// from 1 again. At a thousand entries a second 2^48 lasts 8,900 years.
    pub const COUNTER_LOCAL_MAX: u64 = 1 << 48;
    /// Counters of root and orchestrator end here.
    pub const COUNTER_MAX: u64 = 1 << 62;
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.term, self.counter)
    }
}

/// Who wrote an entry, by seat; the signature proves the seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The lead of a cluster.
    Lead(ClusterId),
    /// The coordinator of a sector.
    Coordinator(SectorId),
    /// The orchestrator.
    Orchestrator,
    /// The mesh's root key, in the hands of its owner.
    Root,
}

/// How high an author stands; nobody lifts what a higher one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Rank {
    /// A cluster's lead.
    Lead,
    /// A sector's coordinator.
    Coordinator,
    /// The orchestrator.
    Orchestrator,
    /// The root key.
    Root,
}

impl Author {
    /// How high it stands.
    pub const fn rank(self) -> Rank {
        match self {
            Self::Lead(_) => Rank::Lead,
            Self::Coordinator(_) => Rank::Coordinator,
            Self::Orchestrator => Rank::Orchestrator,
            Self::Root => Rank::Root,
        }
    }

    /// What lies below it, itself included.
    pub const fn realm(self) -> Region {
        match self {
            Self::Lead(cluster) => Region::Cluster(cluster),
            Self::Coordinator(sector) => Region::Sector(sector),
            Self::Orchestrator | Self::Root => Region::All,
        }
    }

    /// Whether it commands (root, orchestrator) or only protects what is below it (coordinator, lead).
    pub const fn commands(self) -> bool {
        matches!(self, Self::Orchestrator | Self::Root)
    }

    /// Whether it may write `value` for `kind` and `region` (PROTOCOL §6). Leads and coordinators protect what is below
    /// them and take back what they held themselves, but a thaw, a seal's end, unlocked weights, capability rules and
    /// context are commands; and a seal is ended by the root key alone.
    pub fn may_write(self, kind: &Kind, region: Region, value: Value) -> bool {
        match self {
            Self::Root => true,
            Self::Orchestrator => !(*kind == Kind::Seal && value == Value::Lift),
            Self::Coordinator(sector) => {
                region.within(self.realm())
                    && match kind {
                        Kind::Seal => value == Value::Hold && region == Region::Sector(sector),
                        Kind::Freeze | Kind::Weights => value == Value::Hold,
                        Kind::Avoid | Kind::Quarantine | Kind::Breaker => true,
                        Kind::Capability(_) | Kind::Context => false,
                    }
            }
            Self::Lead(_) => {
                region.within(self.realm())
                    && match kind {
                        Kind::Freeze | Kind::Weights => value == Value::Hold,
                        Kind::Avoid | Kind::Quarantine | Kind::Breaker => true,
                        Kind::Seal | Kind::Capability(_) | Kind::Context => false,
                    }
            }
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lead(cluster) => write!(f, "lead of {cluster}"),
            Self::Coordinator(sector) => write!(f, "coordinator of {sector}"),
            Self::Orchestrator => f.write_str("orchestrator"),
            Self::Root => f.write_str("root key"),
        }
    }
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing new starts; stopped agents prove it (§7.1).
    Freeze,
    /// A freeze because the orchestrator is suspected (§9.2); only the root key lifts it.
    Seal,
    /// Routed around, still working (§7.2).
    Avoid,
    /// Neither routed to nor believed (§6.1).
    Quarantine,
    /// The circuit breaker (§6.2).
    Breaker,
    /// Impedance weights stay as they are until calibrated by hand (§9.2 timing attack).
    Weights,
    /// A capability that agents there are not given, whatever they declare (§7.2).
    Capability(Name),
    /// The head of the context that agents there hold.
    Context,
}

/// What shall hold; the order is that of protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Thawed, no longer avoided, released, closed, unlocked, allowed.
    Lift,
    /// Half open; breakers only.
    Half,
    /// Frozen, sealed, avoided, quarantined, open, locked, denied.
    Hold,
    /// The context's head; context only.
    Head(Digest),
}

impl Kind {
    /// Whether the value means something for this kind.
    pub fn takes(&self, value: Value) -> bool {
        match (self, value) {
            (Self::Context, Value::Head(_)) | (Self::Breaker, Value::Half) => true,
            (Self::Context, _) | (_, Value::Head(_) | Value::Half) => false,
            (_, Value::Lift | Value::Hold) => true,
        }
    }
}

/// One entry of desired state, as it travels and is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is about.
    pub kind: Kind,
    /// Where.
    pub region: Region,
    /// What shall hold.
    pub value: Value,
    /// Since which epoch.
    pub stamp: Stamp,
    /// Who says so.
    pub author: Author,
    /// How long the author means it to last; the author, or whoever has its seat then, lifts it with an entry of its
    /// own. Nobody else counts this time.
    pub lasting: Option<Micros>,
    /// Over [`Entry::signed_bytes`], by the key that holds the author's seat.
    pub signature: Signature,
}

impl Entry {
    /// The bytes that the author signs: everything but the signature, each field of fixed width or with its length.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(b"mesh-30k level 1");
        let name = match &self.kind {
            Kind::Capability(capability) => capability.as_str(),
            Kind::Freeze
            | Kind::Seal
            | Kind::Avoid
            | Kind::Quarantine
            | Kind::Breaker
            | Kind::Weights
            | Kind::Context => "",
        };
        bytes.push(self.kind_tag());
        bytes.push(name.len() as u8);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&self.region.node().to_be_bytes());
        match self.value {
            Value::Lift => bytes.push(0),
            Value::Half => bytes.push(1),
            Value::Hold => bytes.push(2),
            Value::Head(head) => {
                bytes.push(3);
                bytes.extend_from_slice(&head.0);
            }
        }
        bytes.extend_from_slice(&self.stamp.term.to_be_bytes());
        bytes.extend_from_slice(&self.stamp.counter.to_be_bytes());
        bytes.push(self.author.rank() as u8);
        bytes.extend_from_slice(&self.author.realm().node().to_be_bytes());
        bytes.extend_from_slice(&self.lasting.map_or(-1, |span| span.0).to_be_bytes());
        bytes
    }

    /// With the signature that `sign` makes over its bytes.
    pub fn signed(mut self, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        self.signature = sign(&self.signed_bytes());
        self
    }

    /// A number that two entries share only when they say the same (but for chance in 2^64); the signature is no part.
    pub fn print(&self) -> u64 {
        Digest::of(&self.signed_bytes()).short()
    }

    const fn kind_tag(&self) -> u8 {
        match self.kind {
            Kind::Freeze => 0,
            Kind::Seal => 1,
            Kind::Avoid => 2,
            Kind::Quarantine => 3,
            Kind::Breaker => 4,
            Kind::Weights => 5,
            Kind::Capability(_) => 6,
            Kind::Context => 7,
        }
    }
}
