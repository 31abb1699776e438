//! What one worker asks of another, by capability or by place, and what comes back (§4.2, §8.2, PROTOCOL §9a).
//!
//! An errand is no command: it bears the word of the agent that asks, and whoever passes it on can neither make one nor
//! change one. It goes up as far as it must and down to one agent; the answer, with that agent's own word, goes the same
//! way back. Neither needs the orchestrator.

use super::{MessageId, Priority, Verb};
use crate::place::AgentId;
use crate::place::scope::Name;
use crate::text::Foreign;
use crate::time::Micros;
use crate::trust::key::Signature;
use crate::unit::Digest;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bytes that an errand or its answer carries at most; what is larger goes by reference.
pub const CARRIED_MAX: usize = 64 * 1024;
/// How often an errand is passed on at most: agent, lead, coordinator, coordinator, lead, agent, and one change of mind.
pub const PASSED_MAX: u8 = 6;

/// Whom a worker addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// Whoever can do this best now.
    Able(Name),
    /// Whoever sits here.
    At(AgentId),
}

/// What a worker wants of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Of whom.
    pub to: Addressee,
    /// What kind of thing it is.
    pub verb: Verb,
    /// The content; at most [`CARRIED_MAX`] bytes.
    pub payload: Arc<[u8]>,
    /// Orders queues; 0 is dropped first.
    pub priority: Priority,
    /// How long an answer is worth waiting for.
    pub within: Micros,
}

/// A wish on its way, the same on every hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Unique; an errand that comes twice is run once.
    pub id: MessageId,
    /// Who asks.
    pub from: AgentId,
    /// Of whom.
    pub to: Addressee,
    /// What kind of thing it is.
    pub verb: Verb,
    /// The content.
    pub payload: Arc<[u8]>,
    /// Orders queues.
    pub priority: Priority,
    /// The asker's own word for all of this.
    pub signature: Signature,
}

/// An errand on one hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// What is asked.
    pub errand: Arc<Errand>,
    /// Who is to do it, once that is known.
    pub at: Option<AgentId>,
    /// How often it was passed on.
    pub hops: u8,
    /// Time to live that is left.
    pub ttl: Micros,
}

/// What came of an errand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done, with this.
    Done(Arc<[u8]>),
    /// It failed, in the worker's words.
    Failed(Foreign),
    /// Nobody who can is there, or may be sent to.
    Nobody,
    /// Whoever was to do it has too much to do, and would drop what matters less first.
    Busy,
    /// Whoever was to do it is frozen.
    Frozen,
    /// Whoever was to do it cannot do this.
    Incapable,
    /// Nobody has answered in time.
    Expired,
}

/// What came of an errand, on its way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Which.
    pub id: MessageId,
    /// Who asked.
    pub to: AgentId,
    /// Who says so; none for a seat that found nobody.
    pub by: Option<AgentId>,
    /// What came of it.
    pub outcome: Outcome,
    /// The word of whoever did it.
    pub signature: Signature,
}

impl Errand {
    /// What the asker signs: everything but the signature, each field of fixed width or with its length.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = b"mesh-30k errand1".to_vec();
        bytes.extend_from_slice(&self.id.0.to_be_bytes());
        bytes.extend_from_slice(&self.from.pack().to_be_bytes());
        match &self.to {
            Addressee::Able(name) => {
                bytes.push(0);
                bytes.push(name.as_str().len() as u8);
                bytes.extend_from_slice(name.as_str().as_bytes());
            }
            Addressee::At(agent) => {
                bytes.push(1);
                bytes.extend_from_slice(&agent.pack().to_be_bytes());
            }
        }
        bytes.push(self.verb as u8);
        bytes.push(self.priority.into());
        bytes.extend_from_slice(&Digest::of(&self.payload).0);
        bytes
    }

    /// What comes back when `by` says so, without its signature.
    pub const fn answered(&self, by: Option<AgentId>, outcome: Outcome) -> Returned {
        Returned {
            id: self.id,
            to: self.from,
            by,
            outcome,
            signature: Signature([0; 64]),
        }
    }
}

impl Returned {
    /// What whoever did it signs.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = b"mesh-30k return1".to_vec();
        bytes.extend_from_slice(&self.id.0.to_be_bytes());
        bytes.extend_from_slice(&self.to.pack().to_be_bytes());
        bytes.extend_from_slice(&self.by.map_or(0, AgentId::pack).to_be_bytes());
        let (tag, carried): (u8, &[u8]) = match &self.outcome {
            Outcome::Done(result) => (0, result),
            Outcome::Failed(words) => (1, words.raw().as_bytes()),
            Outcome::Nobody => (2, &[]),
            Outcome::Busy => (3, &[]),
            Outcome::Frozen => (4, &[]),
            Outcome::Incapable => (5, &[]),
            Outcome::Expired => (6, &[]),
        };
        bytes.push(tag);
        bytes.extend_from_slice(&Digest::of(carried).0);
        bytes
    }
}
