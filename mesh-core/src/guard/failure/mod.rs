//! The six failure classes of §6.1: how each is noticed, what is done about it, and when it goes to the next tier.
//!
//! [`Watch`] follows one agent for its lead, [`CascadeWatch`] a cluster or sector for whoever holds it, and [`Backoff`]
//! times the retries. One lost heartbeat makes nobody offline: silence is a suspicion first, and a suspicion is a reason
//! to ask the agent directly.

mod backoff;
mod cascade;
mod context;
mod watch;

pub use backoff::Backoff;
pub use cascade::CascadeWatch;
pub use context::{ContextCheck, check_context};
pub use watch::{Health, Signal, Watch, is_cluster_spike};

use serde::{Deserialize, Serialize};

/// The failure classes of §6.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureClass {
    /// A heartbeat missed or a message unanswered.
    TransientNetwork,
    /// No heartbeat for 30 s.
    AgentCrash,
    /// Z over twice the agent's own long-run average.
    ImpedanceSpike,
    /// The loaded context has another hash than it should.
    ContextCorruption,
    /// Outputs contradict several other agents, again and again.
    ByzantineBehavior,
    /// Failures grow exponentially from beat to beat.
    CascadeFailure,
}

/// What is done about a failure (§6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Ask again, with exponential backoff and jitter.
    Retry,
    /// The lead starts a replacement in the place and brings its state in line.
    Replace,
    /// Route around it and find out why.
    RouteAround,
    /// Quarantine it and reload the known-good context.
    QuarantineAndReload,
    /// Quarantine it and keep its record for forensics.
    QuarantineForForensics,
    /// Open the breaker and isolate the sector.
    BreakAndIsolate,
}

impl FailureClass {
    /// All six, in the specification's order.
    pub const ALL: [Self; 6] = [
        Self::TransientNetwork,
        Self::AgentCrash,
        Self::ImpedanceSpike,
        Self::ContextCorruption,
        Self::ByzantineBehavior,
        Self::CascadeFailure,
    ];

    /// What is done about it.
    pub const fn recovery(self) -> Recovery {
        match self {
            Self::TransientNetwork => Recovery::Retry,
            Self::AgentCrash => Recovery::Replace,
            Self::ImpedanceSpike => Recovery::RouteAround,
            Self::ContextCorruption => Recovery::QuarantineAndReload,
            Self::ByzantineBehavior => Recovery::QuarantineForForensics,
            Self::CascadeFailure => Recovery::BreakAndIsolate,
        }
    }

    /// Whether it goes to the next tier the moment it is noticed.
    pub const fn escalates_at_once(self) -> bool {
        match self {
            Self::ContextCorruption | Self::ByzantineBehavior | Self::CascadeFailure => true,
            Self::TransientNetwork | Self::AgentCrash | Self::ImpedanceSpike => false,
        }
    }
}

#[cfg(test)]
mod tests;
