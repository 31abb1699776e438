//! An agent's operational state (§2.3) and how it takes part in a throw (PROTOCOL §4).

use crate::place::Class;
use crate::place::scope::{Mark, Marks};
use core::fmt;
use serde::{Deserialize, Serialize};

/// What an agent is good for at the moment (§2.3 `operational_state`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum State {
    /// It works.
    Active,
    /// It answers, but slowly or unsteadily.
    Degraded,
    /// It is not heard. Every agent begins so.
    #[default]
    Offline,
    /// It is isolated.
    Quarantined,
}

impl State {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::Active,
        Self::Degraded,
        Self::Offline,
        Self::Quarantined,
    ];

    /// As a mark that filters ask for.
    pub const fn mark(self) -> Mark {
        match self {
            Self::Active => Mark::Active,
            Self::Degraded => Mark::Degraded,
            Self::Offline => Mark::Offline,
            Self::Quarantined => Mark::Quarantined,
        }
    }

    /// The state among an agent's marks; offline when there is none.
    pub fn of(marks: Marks) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| marks.has(state.mark()))
            .unwrap_or_default()
    }

    /// What is recorded of an agent of `class` that is judged so: a person is never degraded, since slowness is no
    /// fault of people (PROTOCOL §3).
    pub const fn for_class(self, class: Class) -> Self {
        match self {
            Self::Degraded if class.is_human() => Self::Active,
            state => state,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mark().word())
    }
}

/// How an agent meets the moment T (PROTOCOL §4).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum HoldMode {
    /// It waits for T on its own clock.
    #[default]
    Hold,
    /// It cannot wait: the call is made early by the predicted trip, so that the effect lands at T.
    LeadOnly,
    /// It answers when it answers, as people do.
    Async,
}

impl fmt::Display for HoldMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hold => "HOLD",
            Self::LeadOnly => "LEAD-ONLY",
            Self::Async => "ASYNC",
        })
    }
}
