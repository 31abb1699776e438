//! Detectors for the threats of §9.2. Each takes observations and gives a [`Finding`] once: what, where, the numbers
//! behind it, and the answer that the specification asks for.
//!
//! | threat | detector | held by |
//! |---|---|---|
//! | rogue agent | [`AnomalyScore`] per agent | its lead and its coordinator |
//! | compromised cluster | [`SpreadWatch`] over its agents | coordinator |
//! | compromised sector | [`SpreadWatch`] over its clusters | orchestrator |
//! | compromised orchestrator | [`CommandWatch`] | every coordinator, and the orchestrator's own process |
//! | denial of service | [`super::flood::Limiter`] per sender | every parent |
//! | timing attack | [`TimingWatch`] per cluster, [`ClaimWatch`] per agent | lead, coordinator |

mod anomaly;
mod claim;
mod command;
#[cfg(test)]
mod tests;
mod timing;

pub use anomaly::{Anomaly, AnomalyScore, SpreadWatch};
pub use claim::ClaimWatch;
pub use command::{CommandSeen, CommandWatch, Habits, Sign, Signs};
pub use timing::TimingWatch;

use super::flood::FloodEvidence;
use crate::place::scope::Region;
use crate::time::{Micros, Moment};
use serde::{Deserialize, Serialize};

/// The threats of §9.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threat {
    /// One agent is compromised or misbehaves.
    RogueAgent,
    /// A cluster's lead is compromised.
    ClusterCompromise,
    /// A sector's coordinator is compromised.
    SectorCompromise,
    /// The console is compromised.
    OrchestratorCompromise,
    /// A flood of messages.
    DenialOfService,
    /// Impedance is manipulated.
    TimingAttack,
}

/// What is done about a finding (§9.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Quarantine the agent, keep its record, replace it if it stays so.
    QuarantineAndReplace,
    /// Isolate the cluster and make a healthy agent its lead.
    IsolateAndPromote,
    /// Open the sector's breaker; the orchestrator takes its clusters over.
    TakeOverSector,
    /// Seal what is below (a freeze that only the root key lifts).
    Seal,
    /// Rate limits are already at work; open the breaker if it goes on.
    LimitRate,
    /// Lock the impedance weights until they are calibrated by hand.
    LockWeights,
}

impl Threat {
    /// All six, in the specification's order.
    pub const ALL: [Self; 6] = [
        Self::RogueAgent,
        Self::ClusterCompromise,
        Self::SectorCompromise,
        Self::OrchestratorCompromise,
        Self::DenialOfService,
        Self::TimingAttack,
    ];

    /// What is done about it.
    pub const fn answer(self) -> Answer {
        match self {
            Self::RogueAgent => Answer::QuarantineAndReplace,
            Self::ClusterCompromise => Answer::IsolateAndPromote,
            Self::SectorCompromise => Answer::TakeOverSector,
            Self::OrchestratorCompromise => Answer::Seal,
            Self::DenialOfService => Answer::LimitRate,
            Self::TimingAttack => Answer::LockWeights,
        }
    }
}

/// The numbers behind a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// What one agent did, weighted and fading, and how often each [`Anomaly`] was seen.
    Anomalies {
        /// The weighted sum.
        score: f64,
        /// From which it is a finding.
        limit: f64,
        /// Times seen, in the order of [`Anomaly::ALL`].
        seen: [u8; Anomaly::COUNT],
    },
    /// How many different members of a region behaved oddly within the window.
    Spread {
        /// How many.
        members: usize,
        /// Of how many.
        of: usize,
        /// Within this time.
        within: Micros,
    },
    /// What was odd about the commands.
    Commands {
        /// The signs, all within the window.
        signs: Signs,
        /// Their points.
        points: u8,
        /// From which they are a finding.
        limit: u8,
        /// Commands within the last minute.
        per_minute: usize,
        /// In a usual minute.
        usual_per_minute: f64,
        /// How much of the mesh destructive commands touched within the window, in wholes.
        destroyed: f64,
    },
    /// A flood.
    Flood(FloodEvidence),
    /// Impedance that jumped together.
    Jump {
        /// Children whose impedance rose.
        up: usize,
        /// Children whose impedance fell.
        down: usize,
        /// Of how many that are watched.
        of: usize,
        /// Within this time.
        within: Micros,
    },
    /// A claim against what the parent measured.
    Claim {
        /// What the agent says.
        claimed: Micros,
        /// What its parent measured.
        measured: Micros,
        /// How many of the last eight claims were false.
        false_of_eight: u32,
    },
}

/// Something that one of the threats of §9.2 explains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub threat: Threat,
    /// Whom or what it concerns.
    pub subject: Region,
    /// The numbers.
    pub evidence: Evidence,
    /// What is to be done.
    pub answer: Answer,
    /// When it was found, by the finder's clock.
    pub at: Moment,
}

impl Finding {
    /// A finding with the answer that the specification has for the threat.
    pub const fn new(threat: Threat, subject: Region, evidence: Evidence, at: Moment) -> Self {
        Self {
            threat,
            subject,
            evidence,
            answer: threat.answer(),
            at,
        }
    }

    /// The finding of a flood by one sender, from its limiter.
    pub const fn flood(subject: Region, evidence: FloodEvidence, at: Moment) -> Self {
        Self::new(
            Threat::DenialOfService,
            subject,
            Evidence::Flood(evidence),
            at,
        )
    }
}
