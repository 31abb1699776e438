//! What happens between operations, as it is told to consoles, logs and hooks.
//!
//! The enum is closed: whoever shows events matches all of them. `Display` is one line for a log; text from outside goes
//! through [`Foreign`], so that no control character reaches it.

use super::review::ReviewId;
use super::task::{TaskId, TaskState};
use super::view::{BreakerAt, HostId, QuarantineReason};
use super::word::Severity;
use crate::place::{AgentId, SectorId};
use crate::registry::State;
use crate::text::Foreign;
use crate::throw::Account;
use crate::time::{Micros, WallTime};
use crate::trust::seat::Seat;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Events kept to be listed; older ones are in the store.
pub const EVENTS_MAX: usize = 10_000;

/// An event with when it happened, by the wall, and its number, which only grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Its number at whoever tells it; a gap means that some were missed.
    pub number: u64,
    /// When.
    pub at: WallTime,
    /// What.
    pub event: Event,
}

/// What a breaker became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerTurn {
    /// Nothing new is routed there.
    Opened,
    /// A tenth of the traffic.
    HalfOpened,
    /// All of it.
    Closed,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An agent's state changed.
    AgentState {
        /// Who.
        agent: AgentId,
        /// From.
        from: State,
        /// To.
        to: State,
    },
    /// Agents were isolated.
    Quarantined {
        /// Who.
        agent: AgentId,
        /// Why.
        reason: QuarantineReason,
    },
    /// A breaker turned.
    Breaker {
        /// What it guards.
        at: BreakerAt,
        /// Which way.
        turn: BreakerTurn,
        /// Distinct agents that failed.
        failures: u32,
    },
    /// A seat changed hands.
    Takeover {
        /// Which.
        seat: Seat,
        /// Who holds it now.
        to: Option<HostId>,
        /// Its epoch.
        epoch: u64,
        /// From the last sign of the holder before until now.
        after: Micros,
    },
    /// A sector goes on without the orchestrator, or no longer has to.
    Autonomy {
        /// Which.
        sector: SectorId,
        /// Whether it is alone.
        alone: bool,
    },
    /// The operational mode changed (§6.3).
    Mode {
        /// From.
        from: String,
        /// To.
        to: String,
    },
    /// A conflict was reported.
    Conflict {
        /// Its id.
        id: String,
        /// Its type.
        kind: String,
        /// 0 background to 4 critical.
        priority: u8,
        /// By whom.
        agent: AgentId,
    },
    /// A conflict was settled.
    ConflictResolved {
        /// Its id.
        id: String,
        /// How.
        how: String,
    },
    /// A throw began.
    ThrowStarted {
        /// Its id.
        id: String,
        /// What was thrown: its command line.
        line: Foreign,
        /// Targets.
        targeted: u32,
    },
    /// A throw goes on.
    ThrowProgress {
        /// Its id.
        id: String,
        /// The counts now.
        counts: Account,
    },
    /// A throw was sealed.
    ThrowSealed {
        /// Its id.
        id: String,
        /// The counts at the close.
        counts: Account,
        /// The decision of §5.2.
        decision: String,
        /// From the first send to the close.
        took: Micros,
    },
    /// Proof of stop comes in.
    FreezeProof {
        /// The epoch of the freeze.
        epoch: u64,
        /// Agents that signed that they have stopped.
        proven: u32,
        /// Agents that should.
        of: u32,
    },
    /// A threat of §9.2 is suspected.
    Threat {
        /// Which.
        kind: String,
        /// On what evidence.
        evidence: Foreign,
        /// What was done about it at once.
        response: Foreign,
    },
    /// A task moved on.
    Task {
        /// Which.
        id: TaskId,
        /// What it is called.
        name: Foreign,
        /// Where it is on its way.
        state: TaskState,
        /// Who has it.
        at: Option<AgentId>,
    },
    /// Something waits for a person.
    Review {
        /// Its number.
        id: ReviewId,
        /// What is to be decided.
        question: Foreign,
    },
    /// A person must see this (§6.3, §5.1 escalations).
    Alert {
        /// What.
        text: Foreign,
    },
    /// A key was admitted to a place.
    Admitted {
        /// The start of the key.
        key: String,
        /// Where it sits.
        agent: Option<AgentId>,
    },
    /// A key was refused.
    KeyRefused {
        /// The start of the key.
        key: String,
        /// Why.
        why: Foreign,
    },
    /// A newcomer's share of the traffic changed (§10.2).
    Settling {
        /// Who.
        agent: AgentId,
        /// In hundredths.
        percent: u8,
    },
    /// A watch has come true.
    Watched {
        /// Its number.
        id: u64,
        /// What it waited for: its command line.
        line: Foreign,
    },
    /// An operation was carried out or refused.
    Operation {
        /// By whom.
        by: Foreign,
        /// Its command line.
        line: Foreign,
        /// What came of it, in a line.
        result: Foreign,
    },
    /// Something that was scheduled was missed.
    Missed {
        /// Its command line.
        line: Foreign,
    },
}

impl Event {
    /// How much it matters.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::AgentState {
                to: State::Offline | State::Quarantined,
                ..
            }
            | Self::Takeover { .. }
            | Self::Breaker {
                turn: BreakerTurn::HalfOpened,
                ..
            }
            | Self::Review { .. }
            | Self::Watched { .. }
            | Self::KeyRefused { .. }
            | Self::Task {
                state: TaskState::Failed | TaskState::Expired,
                ..
            } => Severity::Notice,
            Self::Quarantined { .. }
            | Self::Autonomy { alone: true, .. }
            | Self::Breaker {
                at: BreakerAt::Cluster(_),
                turn: BreakerTurn::Opened,
                ..
            }
            | Self::Missed { .. }
            | Self::Mode { .. } => Severity::Warning,
            Self::Breaker {
                at: BreakerAt::Sector(_) | BreakerAt::Mesh,
                turn: BreakerTurn::Opened,
                ..
            }
            | Self::Threat { .. }
            | Self::Alert { .. } => Severity::Critical,
            // Priorities of §5.1: 3 goes to the coordinator, 4 to the orchestrator.
            Self::Conflict { priority, .. } => match priority {
                0..=1 => Severity::Info,
                2 => Severity::Notice,
                3 => Severity::Warning,
                _ => Severity::Critical,
            },
            Self::AgentState {
                to: State::Active | State::Degraded,
                ..
            }
            | Self::Autonomy { alone: false, .. }
            | Self::Breaker {
                turn: BreakerTurn::Closed,
                ..
            }
            | Self::ConflictResolved { .. }
            | Self::ThrowStarted { .. }
            | Self::ThrowProgress { .. }
            | Self::ThrowSealed { .. }
            | Self::FreezeProof { .. }
            | Self::Task {
                state:
                    TaskState::Accepted | TaskState::Queued | TaskState::Started | TaskState::Done,
                ..
            }
            | Self::Admitted { .. }
            | Self::Settling { .. }
            | Self::Operation { .. } => Severity::Info,
        }
    }

    /// Whether a later one of the same subject makes it worthless: what a slow client is spared.
    pub const fn is_progress(&self) -> bool {
        matches!(
            self,
            Self::ThrowProgress { .. } | Self::FreezeProof { .. } | Self::Settling { .. }
        )
    }
}

impl fmt::Display for Event {
    #[expect(
        clippy::too_many_lines,
        reason = "a line for each event; taken apart it would no longer read as a table"
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Words that our own enums give are plain; those that came as text are made so.
        let plain = |text: &str| Foreign::from(text).to_string();
        match self {
            Self::AgentState { agent, from, to } => write!(f, "{agent} {from} -> {to}"),
            Self::Quarantined { agent, reason } => {
                write!(f, "{agent} quarantined: {}", reason.word())
            }
            Self::Breaker { at, turn, failures } => {
                let turn = match turn {
                    BreakerTurn::Opened => "OPEN",
                    BreakerTurn::HalfOpened => "HALF_OPEN",
                    BreakerTurn::Closed => "CLOSED",
                };
                write!(f, "{at} breaker {turn}, {failures} failures")
            }
            Self::Takeover {
                seat,
                to: Some(host),
                epoch,
                after,
            } => {
                write!(
                    f,
                    "{seat} taken over by host {} in epoch {epoch} after {after}",
                    host.0
                )
            }
            Self::Takeover {
                seat,
                to: None,
                epoch,
                after,
            } => {
                write!(
                    f,
                    "{seat} vacant since epoch {epoch}, last sign {after} ago"
                )
            }
            Self::Autonomy {
                sector,
                alone: true,
            } => write!(f, "sector {sector} goes on without orchestrator"),
            Self::Autonomy {
                sector,
                alone: false,
            } => write!(f, "sector {sector} has an orchestrator again"),
            Self::Mode { from, to } => write!(f, "mode {} -> {}", plain(from), plain(to)),
            Self::Conflict {
                id,
                kind,
                priority,
                agent,
            } => {
                write!(
                    f,
                    "{agent} conflict {} {} p{priority}",
                    plain(id),
                    plain(kind)
                )
            }
            Self::ConflictResolved { id, how } => {
                write!(f, "conflict {} resolved: {}", plain(id), plain(how))
            }
            Self::ThrowStarted { id, line, targeted } => {
                write!(f, "throw {} to {targeted}: {line}", plain(id))
            }
            Self::ThrowProgress { id, counts } => write!(f, "throw {} {counts}", plain(id)),
            Self::ThrowSealed {
                id,
                counts,
                decision,
                took,
            } => {
                write!(
                    f,
                    "throw {} sealed {} after {took}: {counts}",
                    plain(id),
                    plain(decision)
                )
            }
            Self::FreezeProof { epoch, proven, of } => {
                write!(f, "freeze {epoch}: {proven} of {of} proven stopped")
            }
            Self::Threat {
                kind,
                evidence,
                response,
            } => {
                write!(f, "threat {}: {evidence}; {response}", plain(kind))
            }
            Self::Task {
                id,
                name,
                state,
                at,
            } => {
                write!(f, "task {id} {state}")?;
                if let Some(at) = at {
                    write!(f, " at {at}")?;
                }
                write!(f, ": {name}")
            }
            Self::Review { id, question } => write!(f, "review {}: {question}", id.0),
            Self::Alert { text } => write!(f, "ALERT {text}"),
            Self::Admitted {
                key,
                agent: Some(agent),
            } => write!(f, "key {} admitted as {agent}", plain(key)),
            Self::Admitted { key, agent: None } => write!(f, "key {} admitted", plain(key)),
            Self::KeyRefused { key, why } => write!(f, "key {} refused: {why}", plain(key)),
            Self::Settling { agent, percent } => {
                write!(f, "{agent} gets {percent}% of its traffic")
            }
            Self::Watched { id, line } => write!(f, "watch {id} came true: {line}"),
            Self::Operation { by, line, result } => write!(f, "{by}: {line}: {result}"),
            Self::Missed { line } => write!(f, "missed its time: {line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_comes_from_outside() {
        let evil = "\u{1b}]0;owned\u{7}\r\nfake line\u{202e}";
        let events = [
            Event::Alert { text: evil.into() },
            Event::Mode {
                from: evil.into(),
                to: "FULL".into(),
            },
            Event::Conflict {
                id: evil.into(),
                kind: evil.into(),
                priority: 4,
                agent: "7-4-12".parse().expect("a place"),
            },
            Event::Operation {
                by: evil.into(),
                line: evil.into(),
                result: evil.into(),
            },
            Event::Threat {
                kind: evil.into(),
                evidence: evil.into(),
                response: evil.into(),
            },
        ];
        for event in events {
            let line = event.to_string();
            assert!(
                line.chars().all(|c| !c.is_control() && c != '\u{202e}'),
                "{line:?}"
            );
            let json = serde_json::to_string(&event).expect("writes");
            assert_eq!(serde_json::from_str::<Event>(&json).expect("reads"), event);
        }
    }

    #[test]
    fn what_a_person_must_see_is_critical() {
        let at = BreakerAt::Sector(SectorId(77));
        let opened = Event::Breaker {
            at,
            turn: BreakerTurn::Opened,
            failures: 51,
        };
        assert_eq!(opened.severity(), Severity::Critical);
        assert_eq!(opened.to_string(), "sector 77 breaker OPEN, 51 failures");
        let agent = "7-4-12".parse().expect("a place");
        for (priority, severity) in [
            (1, Severity::Info),
            (2, Severity::Notice),
            (3, Severity::Warning),
            (4, Severity::Critical),
        ] {
            let event = Event::Conflict {
                id: "c".into(),
                kind: "HASH_MISMATCH".into(),
                priority,
                agent,
            };
            assert_eq!(event.severity(), severity);
        }
    }
}
