//! What an operation is, from one end of its life to the other (§2.4).

use super::{Lamport, MessageId, Warrant};
use crate::place::scope::Name;
use crate::text::words;
use crate::throw::quorum::Trinary;
use crate::time::{Micros, WallTime};
use crate::unit::{Digest, Share, Weight};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

words! {
    /// What a message asks its targets to do (§2.4, PROTOCOL §9a).
    Verb {
        /// Read, change nothing.
        Observe = "observe",
        /// Update context.
        Orient = "orient",
        /// Vote; a cluster settles its own.
        Decide = "decide",
        /// Do something at T.
        Act = "act",
        /// Append.
        Record = "record",
        /// Bring context in line.
        Sync = "sync",
    }
}

words! {
    /// How a message finds its targets (§2.4).
    Routing {
        /// To one.
        Direct = "direct",
        /// To many, answers optional.
        Broadcast = "broadcast",
        /// To many, and their answers back.
        ScatterGather = "scatter-gather",
        /// From one to the next, each result the next one's input.
        Pipeline = "pipeline",
    }
}

words! {
    /// How a cascade goes down the tree (§3.3).
    #[derive(Default)]
    Strategy {
        /// Each tier waits for the one above.
        #[default]
        Wave = "wave",
        /// Everyone at once, scheduled by the orchestrator.
        Parallel = "parallel",
        /// Class by class: D, C, B, A, E.
        PriorityFirst = "priority_first",
    }
}

/// 0 is background, dropped first under pressure; 3 is critical (§2.4).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
pub enum Priority {
    /// 0.
    Background,
    /// 1.
    #[default]
    Normal,
    /// 2.
    High,
    /// 3.
    Critical,
}

impl Priority {
    /// All four, the least important first.
    pub const ALL: [Self; 4] = [Self::Background, Self::Normal, Self::High, Self::Critical];

    /// Its number, which is also its place in tables.
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority as Self
    }
}

impl TryFrom<u8> for Priority {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        Self::ALL.get(usize::from(number)).copied().ok_or_else(|| {
            format!("priority {number} is not one of 0 (background), 1, 2, 3 (critical)")
        })
    }
}

/// The part of a message that is the same for all its targets on all its hops; built once, signed by the orchestrator
/// and shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Unique, sorted by time.
    pub id: MessageId,
    /// Groups messages of one purpose; an operation of its own is its own group.
    pub correlation: MessageId,
    /// What triggered it.
    pub causation: Option<MessageId>,
    /// Who asked: an operator's or agent's name, for people.
    pub source: String,
    /// How targets are found.
    pub routing: Routing,
    /// How it goes down.
    pub strategy: Strategy,
    /// When it was made, for people; never used to measure a delay.
    pub created: WallTime,
    /// Dropped when this much time has passed on the way.
    pub ttl: Micros,
    /// Orders queues and sends.
    pub priority: Priority,
    /// Complexity of the payload.
    pub weight: Weight,
    /// What an agent must be able to do.
    pub requires: Vec<Name>,
    /// What to do.
    pub verb: Verb,
    /// The content.
    pub payload: Arc<[u8]>,
    /// Its hash; an agent that finds another answers CONFLICT (`HASH_MISMATCH`).
    pub payload_hash: Digest,
    /// The outcome expected of each target.
    pub expectation: Trinary,
    /// Lamport time of its making.
    pub lamport: Lamport,
    /// The wanted on-time rate of each agent: the lead time is this quantile of its delay.
    pub on_time: Share,
    /// How long after T answers still count.
    pub window: Micros,
    /// Skip agents whose clock error bound is larger, where asked for.
    pub spread_max: Option<Micros>,
    /// READY share that makes the quorum.
    pub quorum: Share,
    /// The orchestrator's own word for all of this.
    pub warrant: Warrant,
}

impl Header {
    /// Payload bytes at most: a header must fit a broker's default message of 1 MiB with room for the hop around it.
    pub const PAYLOAD_MAX: usize = 512 * 1024;

    /// Whether answers are votes: then they may differ without contradicting each other, and each cluster settles its
    /// own (PROTOCOL §9a).
    pub const fn is_vote(&self) -> bool {
        matches!(self.verb, Verb::Decide)
    }

    /// Whether the payload is what its hash says.
    pub fn intact(&self) -> bool {
        Digest::of(&self.payload) == self.payload_hash
    }
}

/// A header that asks for nothing in particular, for tests.
#[cfg(test)]
pub(crate) fn header_of_nothing() -> Arc<Header> {
    let payload: Arc<[u8]> = Arc::from(&b""[..]);
    Arc::new(Header {
        id: MessageId(7),
        correlation: MessageId(7),
        causation: None,
        source: String::from("orchestrator"),
        routing: Routing::ScatterGather,
        strategy: Strategy::Wave,
        created: WallTime(0),
        ttl: Micros::seconds(5),
        priority: Priority::Normal,
        weight: Weight(0),
        requires: Vec::new(),
        verb: Verb::Sync,
        payload_hash: Digest::of(&payload),
        payload,
        expectation: Trinary::Ready,
        lamport: super::LamportClock::default().tick(),
        on_time: Share::new(0.99),
        window: Micros::millis(500),
        spread_max: None,
        quorum: Share::new(0.95),
        warrant: Warrant::default(),
    })
}
