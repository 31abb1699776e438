//! Trinary quorum (§1.4, §5.2): enough READY, few CONFLICT, not too many still out, and exactly one decision for every
//! count, also for none at all.
//!
//! The rates divide by the eligible: the targeted without people and without those SKIPPED (PROTOCOL §4). [`outlook`]
//! says whether those still out can change anything, which is what lets a gather end early; [`vote`] is how a cluster
//! settles a `decide` by itself (§2.1).

mod counts;
mod trinary;
mod vote;

pub use counts::Counts;
pub use trinary::{Trinary, TrinaryError};
pub use vote::{Ballot, VOTE_OPTIONS_MAX, Vote, vote};

use crate::place::Class;
use crate::unit::Share;
use core::fmt;
use serde::{Deserialize, Serialize};

/// What a quorum asks for, as shares of the eligible. Equality suffices at each of the three (§5.2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// READY at least.
    pub ready: Share,
    /// CONFLICT at most.
    pub conflict: Share,
    /// TRANSIT at most, before waiting is the better advice than trying again.
    pub transit: Share,
}

impl Thresholds {
    /// 0.95, 0.05, 0.10 (§5.2).
    pub const DEFAULT: Self = Self::ready(0.95);
    /// `wave`, orchestrator to sectors: 0.98, "higher threshold for coordinators" (§3.3).
    pub const SECTOR_GATE: Self = Self::ready(0.98);
    /// `wave`, sectors to clusters: 0.95 (PROTOCOL §4).
    pub const CLUSTER_GATE: Self = Self::ready(0.95);
    /// `wave`, clusters to agents: 0.95 (PROTOCOL §4).
    pub const AGENT_GATE: Self = Self::ready(0.95);
    /// `parallel`: 0.90, "lower threshold for speed" (§3.3).
    pub const PARALLEL: Self = Self::ready(0.90);

    /// The defaults with another share of READY.
    pub const fn ready(share: f64) -> Self {
        Self {
            ready: Share::new(share),
            conflict: Share::new(0.05),
            transit: Share::new(0.10),
        }
    }

    /// The phase of `priority_first` for a class (§3.3); none for people, who are in no phase.
    pub const fn of_class(class: Class) -> Option<Self> {
        match class {
            Class::Gpu => Some(Self::ready(0.99)),
            Class::Persistent => Some(Self::ready(0.98)),
            Class::Serverless => Some(Self::ready(0.95)),
            Class::Edge => Some(Self::ready(0.90)),
            Class::Local => Some(Self::ready(0.85)),
            Class::Human => None,
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What to do now (§5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// Quorum: carry on.
    Proceed,
    /// Too many are still out: extend the window.
    Wait,
    /// Too many contradict: settle that first.
    ResolveConflicts,
    /// Too few are ready and waiting would not help: try again.
    Retry,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proceed => "PROCEED",
            Self::Wait => "WAIT",
            Self::ResolveConflicts => "RESOLVE_CONFLICTS",
            Self::Retry => "RETRY",
        })
    }
}

/// Why a decision fell as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Enough are ready and few enough object.
    Achieved,
    /// Nobody was eligible: all were people, skipped, or there was nobody.
    NobodyEligible,
    /// Everyone eligible is unreachable.
    NobodyReachable,
    /// More than allowed are still out.
    InTransit,
    /// More than allowed are in conflict.
    Conflicts,
    /// Too few are ready, and few are still out.
    TooFewReady,
    /// Enough voted, and no option has more than half of them ([`vote`]).
    NoMajority,
}

/// The outcome of one quorum check.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quorum {
    /// What to do.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// What it was decided on.
    pub counts: Counts,
    /// Ready rate minus half the conflict rate (§5.2), not below 0; 0 when nobody is eligible.
    pub confidence: Share,
}

impl Quorum {
    /// Whether quorum was reached.
    pub const fn achieved(&self) -> bool {
        matches!(self.decision, Decision::Proceed)
    }

    /// One sentence for people, with the numbers.
    pub fn reason_text(&self) -> String {
        let of = |part: u32| {
            Share::of(part as usize, self.counts.eligible() as usize).unwrap_or(Share::NONE)
        };
        let counts = self.counts;
        match self.reason {
            Reason::Achieved => format!(
                "{} ready, {} in conflict",
                of(counts.ready),
                of(counts.conflict)
            ),
            Reason::NobodyEligible => "nobody was eligible".to_owned(),
            Reason::NobodyReachable => format!("none of {} can be reached", counts.eligible()),
            Reason::InTransit => format!(
                "only {} ready and {} still in transit",
                of(counts.ready),
                of(counts.transit)
            ),
            Reason::Conflicts => format!(
                "{} in conflict, more than is tolerated",
                of(counts.conflict)
            ),
            Reason::TooFewReady => format!("only {} ready", of(counts.ready)),
            Reason::NoMajority => format!(
                "{} voted, and no option has more than half of the votes",
                of(counts.ready)
            ),
        }
    }

    /// What would help, if anything is needed.
    pub const fn recommendation(&self) -> Option<&'static str> {
        match self.reason {
            Reason::Achieved => None,
            Reason::NobodyEligible => {
                Some("choose targets that are no people, or a later T that they can make")
            }
            Reason::NobodyReachable => Some("heal the targets before trying again"),
            Reason::InTransit => Some("extend the arrival window"),
            Reason::Conflicts | Reason::NoMajority => {
                Some("resolve the conflicts before proceeding")
            }
            Reason::TooFewReady => Some("try again with adjusted impedance compensation"),
        }
    }
}

/// The one decision for `counts` (§5.2). When nobody is eligible there is nothing to proceed with and nothing to wait
/// for, so that is RETRY.
pub fn decide(counts: Counts, thresholds: Thresholds) -> Quorum {
    let standing = Standing::new(counts, thresholds);
    let (decision, reason) = match standing {
        None => (Decision::Retry, Reason::NobodyEligible),
        Some(it) if it.enough_ready && !it.many_conflicts => (Decision::Proceed, Reason::Achieved),
        Some(it) if !it.enough_ready && it.many_out => (Decision::Wait, Reason::InTransit),
        Some(it) => settled(counts, it),
    };
    Quorum {
        decision,
        reason,
        counts,
        confidence: standing.map_or(Share::NONE, |it| it.confidence),
    }
}

/// The decision when the window is closed for good: as [`decide`], but never WAIT once those still out could not bring
/// quorum any more.
pub fn decide_final(counts: Counts, thresholds: Thresholds) -> Quorum {
    let now = decide(counts, thresholds);
    let lost = matches!(outlook(counts, thresholds), Outlook::Lost { .. });
    match Standing::new(counts, thresholds) {
        Some(standing) if lost && now.decision == Decision::Wait => {
            let (decision, reason) = settled(counts, standing);
            Quorum {
                decision,
                reason,
                ..now
            }
        }
        _ => now,
    }
}

/// What those still out can yet change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// It depends on them.
    Open,
    /// PROCEED, whatever they answer and even if they never do.
    Reached,
    /// PROCEED is out of reach; `certain` is the decision if that, too, no longer depends on them.
    Lost {
        /// `RESOLVE_CONFLICTS` or RETRY when it is one of these for certain.
        certain: Option<Decision>,
    },
}

/// Whether quorum is already decided, each of those in transit being free to become ready, conflicting or unreachable,
/// or to stay out.
pub fn outlook(counts: Counts, thresholds: Thresholds) -> Outlook {
    let Counts {
        ready,
        conflict,
        transit,
        unreachable,
    } = counts;
    let all_ready = Counts {
        ready: ready.saturating_add(transit),
        transit: 0,
        ..counts
    };
    let all_conflict = Counts {
        ready,
        conflict: conflict.saturating_add(transit),
        transit: 0,
        unreachable,
    };
    let (Some(now), Some(best), Some(worst)) = (
        Standing::new(counts, thresholds),
        Standing::new(all_ready, thresholds),
        Standing::new(all_conflict, thresholds),
    ) else {
        return Outlook::Lost {
            certain: Some(Decision::Retry),
        };
    };
    if now.enough_ready && !worst.many_conflicts {
        return Outlook::Reached;
    }
    if best.enough_ready && !now.many_conflicts {
        return Outlook::Open;
    }
    // PROCEED is gone. WAIT is likeliest as things stand now (fewest ready, most out), so if it is not the answer now,
    // it never will be; then only the conflicts decide, which can only grow.
    let may_wait = !now.enough_ready && now.many_out;
    let certain = match (may_wait, now.many_conflicts, worst.many_conflicts) {
        (false, true, _) => Some(Decision::ResolveConflicts),
        (false, false, false) => Some(Decision::Retry),
        (true, _, _) | (false, false, true) => None,
    };
    Outlook::Lost { certain }
}

/// The three comparisons of §5.2, once.
#[derive(Clone, Copy)]
struct Standing {
    enough_ready: bool,
    many_conflicts: bool,
    many_out: bool,
    confidence: Share,
}

impl Standing {
    /// None when nobody is eligible. A quotient of whole numbers is correctly rounded, so a rate that equals a threshold
    /// written as a decimal equals it exactly, and more of one count never lowers its rate.
    fn new(counts: Counts, thresholds: Thresholds) -> Option<Self> {
        let eligible = counts.eligible();
        if eligible == 0 {
            return None;
        }
        let rate = |part: u32| f64::from(part) / f64::from(eligible);
        let (ready, conflict) = (rate(counts.ready), rate(counts.conflict));
        Some(Self {
            enough_ready: ready >= thresholds.ready.value(),
            many_conflicts: conflict > thresholds.conflict.value(),
            many_out: rate(counts.transit) > thresholds.transit.value(),
            confidence: Share::new(ready - conflict * 0.5),
        })
    }
}

/// `RESOLVE_CONFLICTS` or RETRY: what is left when it is neither PROCEED nor WAIT.
const fn settled(counts: Counts, standing: Standing) -> (Decision, Reason) {
    if standing.many_conflicts {
        (Decision::ResolveConflicts, Reason::Conflicts)
    } else if counts.unreachable == counts.eligible() {
        (Decision::Retry, Reason::NobodyReachable)
    } else {
        (Decision::Retry, Reason::TooFewReady)
    }
}

#[cfg(test)]
mod tests;
