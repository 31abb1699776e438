//! What a role does to settle a conflict, and what it asks a person.

use super::{CHAIN_MAX, COLLISIONS_MAX, How, NOTE_MAX};
use crate::conflict::record::{ConflictId, SUBJECT_MAX};
use crate::message::context::{Collision, MISSING_MAX};
use crate::message::{Lamport, MessageId};
use crate::place::{AgentId, Class};
use crate::text::bounded::{Text, list};
use crate::unit::Digest;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Parts of a context asked for at once: the commits and documents of one answer of the store.
const FETCH_MAX: usize = 2 * MISSING_MAX;

/// Something that a role does to settle a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Keep the received context or value on a branch of this name.
    MakeBranch {
        /// The branch.
        branch: Text<SUBJECT_MAX>,
        /// Its head, or the hash of the value.
        head: Digest,
    },
    /// Bring the mesh's context in line with this head.
    SyncContext {
        /// The branch that moved.
        branch: Text<SUBJECT_MAX>,
        /// Its new head.
        head: Digest,
    },
    /// Get commits or documents that the strategy needs, then run it again.
    FetchContext {
        /// What is lacking.
        #[serde(deserialize_with = "list::<_, _, FETCH_MAX>")]
        hashes: Vec<Digest>,
    },
    /// Let the quarantined data in: it stands.
    ReleaseData,
    /// Let the quarantined data go; its trace stays.
    DiscardData,
    /// Tell an agent what stands, because it holds the other value.
    Correct {
        /// Whom.
        agent: AgentId,
        /// About what.
        subject: Text<SUBJECT_MAX>,
        /// The hash of the value that stands.
        value: Digest,
    },
    /// Take this order and these times for the events.
    Reorder {
        /// In causal order, each with a time after its causes.
        #[serde(deserialize_with = "list::<_, _, CHAIN_MAX>")]
        order: Vec<(MessageId, Lamport)>,
    },
    /// Let an agent's Lamport clock count on from at least this: it had fallen behind what it had seen.
    ResetClock {
        /// Whose.
        agent: AgentId,
        /// The time that the rebuilt chain reached.
        to: Lamport,
    },
    /// Give the work of a message to another agent.
    Reassign {
        /// The message.
        message: MessageId,
        /// Who can do it.
        to: AgentId,
    },
    /// Take a capability from an agent that claims it and cannot do it.
    RevokeCapability {
        /// From whom.
        agent: AgentId,
        /// Which.
        capability: Text<SUBJECT_MAX>,
    },
    /// Propose to an operator that a class no longer be routed to for a capability (§7.2).
    ProposeRule {
        /// The class.
        class: Class,
        /// The capability.
        capability: Text<SUBJECT_MAX>,
        /// How many of its agents could not do it.
        agents: u16,
    },
    /// Fetch these bytes from another holder, then run the strategy again.
    Refetch {
        /// What they hash to.
        digest: Digest,
        /// From whom.
        from: AgentId,
    },
    /// Put an agent into quarantine.
    QuarantineAgent {
        /// Whom.
        agent: AgentId,
    },
    /// Reload an agent's context from the known-good head (§6.1).
    ReloadKnownGood {
        /// Whose.
        agent: AgentId,
    },
    /// Ask a person (a review item of class F).
    Review(Review),
}

/// What only a person can decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Which conflict.
    pub conflict: ConflictId,
    /// The question, in a sentence or two.
    pub question: Text<NOTE_MAX>,
    /// For contexts: the keys that both sides changed, at most [`COLLISIONS_MAX`].
    #[serde(deserialize_with = "list::<_, _, COLLISIONS_MAX>")]
    pub collisions: Vec<Collision>,
    /// The sensible answers.
    #[serde(deserialize_with = "list::<_, _, 4>")]
    pub choices: Vec<How>,
}

impl fmt::Display for Action {
    /// In words, for previews and the audit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeBranch { branch, head } => write!(f, "keep {head} on branch {branch}"),
            Self::SyncContext { branch, head } => write!(f, "sync context {branch} to {head}"),
            Self::FetchContext { hashes } => write!(f, "fetch {} parts of context", hashes.len()),
            Self::ReleaseData => f.write_str("let the quarantined data in"),
            Self::DiscardData => f.write_str("let the quarantined data go"),
            Self::Correct {
                agent,
                subject,
                value,
            } => write!(f, "correct {agent} on {subject} to {value}"),
            Self::Reorder { order } => write!(f, "put {} events in causal order", order.len()),
            Self::ResetClock { agent, to } => {
                write!(f, "set the Lamport clock of {agent} to at least {}", to.0)
            }
            Self::Reassign { message, to } => write!(f, "give the work of {message} to {to}"),
            Self::RevokeCapability { agent, capability } => {
                write!(f, "take {capability} from {agent}")
            }
            Self::ProposeRule {
                class,
                capability,
                agents,
            } => write!(
                f,
                "propose to exclude class {class} from {capability} ({agents} agents failed)"
            ),
            Self::Refetch { digest, from } => write!(f, "fetch {digest} from {from}"),
            Self::QuarantineAgent { agent } => write!(f, "quarantine {agent}"),
            Self::ReloadKnownGood { agent } => {
                write!(f, "reload {agent} from the known-good context")
            }
            Self::Review(review) => write!(f, "ask a person: {}", review.question),
        }
    }
}
