//! How urgent a conflict is, until when it should be settled, and who hears of it (§5.1).

use super::record::ConflictDetail;
use crate::message::ConflictKind;
use crate::time::{Micros, Moment};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Contexts that parted by more commits than this are urgent (§5.1).
pub const DEEP_DIVERGENCE: u32 = 10;
/// A contradiction that touches more agents than this is urgent (§5.1).
pub const WIDE_CONTRADICTION: u32 = 100;
/// The first reminder of a critical conflict that nobody settles.
pub const REMIND_FIRST: Micros = Micros::seconds(60);
/// Reminders double up to this.
pub const REMIND_MAX: Micros = Micros::seconds(3_600);

/// Priorities 0 to 4 of §5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Priority {
    /// 0: when convenient.
    Background,
    /// 1: within an hour.
    Low,
    /// 2: within ten minutes.
    Medium,
    /// 3: within a minute.
    High,
    /// 4: at once, by the orchestrator.
    Critical,
}

impl Priority {
    /// 0 to 4 in order.
    pub const ALL: [Self; 5] = [
        Self::Background,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The priority of a conflict, by the rules of §5.1.
    pub const fn of(detail: &ConflictDetail) -> Self {
        match detail.kind {
            ConflictKind::ContextDivergence if detail.divergence_depth > DEEP_DIVERGENCE => {
                Self::High
            }
            ConflictKind::DataContradiction if detail.affects_agent_count > WIDE_CONTRADICTION => {
                Self::High
            }
            ConflictKind::ContextDivergence | ConflictKind::DataContradiction => Self::Medium,
            ConflictKind::TemporalParadox | ConflictKind::HashMismatch => Self::Critical,
            ConflictKind::CapabilityMismatch => Self::Low,
        }
    }

    /// The number.
    pub const fn level(self) -> u8 {
        self as u8
    }

    /// How long it may take; none for what has no hurry at all.
    pub const fn within(self) -> Option<Micros> {
        match self {
            Self::Background => None,
            Self::Low => Some(Micros::seconds(3_600)),
            Self::Medium => Some(Micros::seconds(600)),
            Self::High => Some(Micros::seconds(60)),
            Self::Critical => Some(Micros::ZERO),
        }
    }

    /// One level up; the highest stays.
    pub const fn raised(self) -> Self {
        match self {
            Self::Background => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }

    /// The highest tier that is told when such a conflict appears.
    pub const fn reaches(self) -> Tier {
        match self {
            Self::Background | Self::Low | Self::Medium => Tier::Lead,
            Self::High => Tier::Coordinator,
            Self::Critical => Tier::Orchestrator,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Background => "background",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// Who deals with conflicts, from below to above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The lead of the cluster it happened in.
    Lead,
    /// That cluster's coordinator.
    Coordinator,
    /// The orchestrator, which is a person.
    Orchestrator,
}

impl Tier {
    /// The next one above; the orchestrator has none.
    pub const fn above(self) -> Option<Self> {
        match self {
            Self::Lead => Some(Self::Coordinator),
            Self::Coordinator => Some(Self::Orchestrator),
            Self::Orchestrator => None,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lead => "lead",
            Self::Coordinator => "coordinator",
            Self::Orchestrator => "orchestrator",
        })
    }
}

/// How urgent one open conflict is now, and when that changes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Urgency {
    /// Its priority now; rises each time a deadline passes.
    pub priority: Priority,
    /// The highest tier that knows of it.
    pub reached: Tier,
    /// Until when it should be settled; [`Moment::NEVER`] when there is no hurry. A critical one is due at once, so this
    /// is when its next reminder is.
    pub deadline: Moment,
    /// How long that was from when it was set.
    pub span: Micros,
    /// How many deadlines have passed unsettled.
    pub missed: u8,
}

impl Urgency {
    /// That of a conflict seen first at `now`.
    pub fn new(priority: Priority, now: Moment) -> Self {
        let span = match priority {
            Priority::Critical => REMIND_FIRST,
            _ => priority.within().unwrap_or(Micros::MAX),
        };
        Self {
            priority,
            reached: priority.reaches(),
            deadline: now + span,
            span,
            missed: 0,
        }
    }

    /// Whether the deadline has passed.
    pub fn is_overdue(&self, now: Moment) -> bool {
        now >= self.deadline
    }

    /// A deadline passed: one level more urgent and one tier further up, with the deadline of the new level. At the top
    /// there is nothing to rise to, and the orchestrator is reminded at doubling intervals.
    pub fn miss(&mut self, now: Moment) {
        let raised = Self::new(self.priority.raised(), now);
        let above = self.reached.above().unwrap_or(Tier::Orchestrator);
        let span = match self.priority {
            Priority::Critical => (self.span + self.span).min(REMIND_MAX),
            _ => raised.span,
        };
        *self = Self {
            priority: raised.priority,
            reached: above.max(raised.reached),
            deadline: now + span,
            span,
            missed: self.missed.saturating_add(1),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::report;
    use super::*;
    use ConflictKind::{
        CapabilityMismatch, ContextDivergence, DataContradiction, HashMismatch, TemporalParadox,
    };

    #[test]
    fn the_priorities_of_the_specification() {
        #[rustfmt::skip]
        let table = [
            // section                   kind               depth affects level
            ("§5.1 divergence of 10",    ContextDivergence,  10, 5_000, 2),
            ("§5.1 divergence above 10", ContextDivergence,  11,     0, 3),
            ("§5.1 contradiction, 100",  DataContradiction,  99,   100, 2),
            ("§5.1 contradiction, 101",  DataContradiction,   0,   101, 3),
            ("§5.1 paradox",             TemporalParadox,     0,     0, 4),
            ("§5.1 capability",          CapabilityMismatch, 99, 9_999, 1),
            ("§5.1 hash",                HashMismatch,        0,     0, 4),
        ];
        for (section, kind, depth, affects, level) in table {
            let mut detail = report(kind, 1).detail;
            detail.divergence_depth = depth;
            detail.affects_agent_count = affects;
            assert_eq!(Priority::of(&detail).level(), level, "{section}");
        }
    }

    #[test]
    fn the_deadlines_and_the_escalation_of_the_specification() {
        let table = [
            ("§5.1 when convenient", None, Tier::Lead),
            ("§5.1 within an hour", Some(3_600), Tier::Lead),
            ("§5.1 within 10 minutes", Some(600), Tier::Lead),
            ("§5.1 within a minute", Some(60), Tier::Coordinator),
            ("§5.1 at once", Some(0), Tier::Orchestrator),
        ];
        for (priority, (section, seconds, tier)) in Priority::ALL.into_iter().zip(table) {
            assert_eq!(priority.within(), seconds.map(Micros::seconds), "{section}");
            assert_eq!(priority.reaches(), tier, "{section}");
        }
    }

    #[test]
    fn every_missed_deadline_is_heard_one_tier_further_up() {
        let mut urgency = Urgency::new(Priority::Low, Moment(0));
        let mut seen = Vec::new();
        for _ in 0..5 {
            assert!(!urgency.is_overdue(urgency.deadline - Micros(1)));
            assert!(urgency.is_overdue(urgency.deadline));
            let now = urgency.deadline;
            urgency.miss(now);
            let next = urgency.deadline.since(now).as_seconds_f64() as u64;
            seen.push((urgency.priority.level(), urgency.reached, next));
        }
        assert_eq!(
            seen,
            [
                (2, Tier::Coordinator, 600),
                (3, Tier::Orchestrator, 60),
                (4, Tier::Orchestrator, 60),
                (4, Tier::Orchestrator, 120),
                (4, Tier::Orchestrator, 240),
            ]
        );
        assert_eq!(
            Urgency::new(Priority::Background, Moment(0)).deadline,
            Moment::NEVER
        );
    }
}
