//! The five operational modes (§6.3): which one holds, what it restricts, what is let in, and what waits.
//!
//! The rate is active agents over all seated ones, people left out of both: a person who is asleep is no outage. On the
//! way down the specification's thresholds hold at once; on the way up a mode has to last for [`ModeKeeper::DWELL`]
//! before it is believed, so that a rate that swings around a threshold does not swing the mode with it.

mod admission;
mod held;
mod keeper;
#[cfg(test)]
mod tests;

pub use admission::{Admission, OperationTraits, Refusal, Rule, admit};
pub use held::{HELD_MAX, HeldQueue, Offer};
pub use keeper::{Alert, ModeChange, ModeKeeper};

use crate::message::Priority;
use crate::unit::Share;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The operational modes of §6.3, the best first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// 95 % and more of the agents are active.
    #[default]
    Full,
    /// 80 % and more.
    DegradedLight,
    /// 60 % and more.
    DegradedModerate,
    /// 30 % and more.
    DegradedSevere,
    /// Fewer.
    Emergency,
}

/// What a mode restricts, as data: each includes what the milder ones restrict.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent restrictions, each a line of §6.3"
)]
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Restrictions {
    /// Background work that is not critical is refused.
    pub no_background: bool,
    /// Timeouts of retries are multiplied by this.
    pub retry_factor: f64,
    /// Routing takes agents of healthy sectors only.
    pub healthy_sectors_only: bool,
    /// The most agents that a scatter may address.
    pub scatter_max: Option<u32>,
    /// Operations below this priority wait.
    pub queued_below: Option<Priority>,
    /// Only critical operations.
    pub critical_only: bool,
    /// Operations on the whole mesh need a person's yes, as a review item.
    pub mesh_wide_needs_approval: bool,
    /// Automated operations are refused, and changing ones of people need approval.
    pub automation_halted: bool,
    /// State is saved by itself when the mode begins.
    pub save_state: bool,
}

impl Mode {
    /// All five, the best first.
    pub const ALL: [Self; 5] = [
        Self::Full,
        Self::DegradedLight,
        Self::DegradedModerate,
        Self::DegradedSevere,
        Self::Emergency,
    ];

    /// The mode that the rate of active agents means (§6.3).
    pub const fn at(active: Share) -> Self {
        let rate = active.value();
        if rate >= 0.95 {
            Self::Full
        } else if rate >= 0.80 {
            Self::DegradedLight
        } else if rate >= 0.60 {
            Self::DegradedModerate
        } else if rate >= 0.30 {
            Self::DegradedSevere
        } else {
            Self::Emergency
        }
    }

    /// What it restricts (§6.3).
    pub fn restrictions(self) -> Restrictions {
        let (light, moderate) = (self >= Self::DegradedLight, self >= Self::DegradedModerate);
        let (severe, emergency) = (self >= Self::DegradedSevere, self >= Self::Emergency);
        Restrictions {
            no_background: light,
            retry_factor: if moderate {
                4.0
            } else if light {
                2.0
            } else {
                1.0
            },
            healthy_sectors_only: moderate,
            scatter_max: moderate.then_some(1_000),
            queued_below: moderate.then_some(Priority::High),
            critical_only: severe,
            mesh_wide_needs_approval: severe,
            automation_halted: emergency,
            save_state: emergency,
        }
    }

    /// What people read (§6.3).
    pub const fn description(self) -> &'static str {
        match self {
            Self::Full => "everything works",
            Self::DegradedLight => "slightly reduced capacity",
            Self::DegradedModerate => "much reduced capacity",
            Self::DegradedSevere => "a major outage",
            Self::Emergency => "the mesh is critically impaired",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "FULL",
            Self::DegradedLight => "DEGRADED_LIGHT",
            Self::DegradedModerate => "DEGRADED_MODERATE",
            Self::DegradedSevere => "DEGRADED_SEVERE",
            Self::Emergency => "EMERGENCY",
        })
    }
}
