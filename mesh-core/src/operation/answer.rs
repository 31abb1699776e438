//! What comes back from an operation, as typed values with a documented JSON form: `{"answer":"status", …}`.
//!
//! Lengths of time are whole microseconds, shares 0 to 1, impedances microseconds, places `{"cluster":…}` as their types
//! say. Every list is bounded, and says how many there were when it was cut.

use super::heal::Healed;
use super::kind::Operation;
use super::preview::Preview;
use super::refusal::Refusal;
use super::review::Item;
use super::schedule::{Kept, ScheduleId};
use super::task::{Task, TaskId, TaskState};
use super::undo::DoneId;
use super::view::{BreakerAt, QuarantineReason};
use super::word::{LogKind, Metric};
use crate::diagnose::{Finding, health, runbook};
use crate::guard::kpi::Figure;
use crate::message::SkipReason;
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::registry::State;
use crate::text::Foreign;
use crate::throw::Account;
use crate::time::{Micros, WallTime};
use crate::unit::{Digest, Impedance, Share};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Rows in one answer at most; more are asked for with a scope or a limit.
pub const ROWS_MAX: usize = 30_000;
/// Names of stragglers, skipped or not proven in one answer at most.
pub const NAMES_MAX: usize = 1_000;
/// Points of a trend at most: a pixel each on the widest screen.
pub const POINTS_MAX: usize = 1_440;

/// What an operation gives back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To `status`.
    Status(Status),
    /// To `inspect`.
    Inspect(Box<Inspection>),
    /// To `list`.
    Rows(Rows),
    /// To `count`.
    Count {
        /// How many.
        count: u64,
    },
    /// To `diagnose`.
    Findings {
        /// Worst first.
        findings: Vec<Finding>,
    },
    /// To `trend`.
    Trend(Trend),
    /// To `health`.
    Health {
        /// The ten questions.
        checks: Vec<health::Answered>,
    },
    /// To `kpis`.
    Kpis {
        /// The seven of §11, in its order, recovery for cluster and sector.
        kpis: Vec<Figure>,
    },
    /// To `runbook`.
    Runbook {
        /// The steps.
        steps: Vec<runbook::Step>,
    },
    /// To `task`.
    Task {
        /// As the store has it.
        task: Task,
    },
    /// To `plan`.
    Plan(Box<Plan>),
    /// To `what_if`.
    WhatIf {
        /// What would happen.
        preview: Preview,
        /// Why it would be refused now, if it would.
        refusal: Option<Refusal>,
    },
    /// To `proof`.
    Proof(SheetRef),
    /// To `ping`.
    Pings {
        /// One for each that was pinged.
        pings: Vec<Ping>,
    },
    /// To `verify`.
    Verified {
        /// Which log.
        log: LogKind,
        /// Rows that were read.
        rows: u64,
        /// The first altered one, if any.
        altered: Option<u64>,
    },
    /// To `broadcast`, `cascade` and other throws.
    Thrown(Thrown),
    /// To `ask`.
    Asked(Asked),
    /// To `delegate` and `pipeline`.
    Delegated {
        /// Accepted under this id, committed to the store.
        task: TaskId,
        /// Who has it, once that is known.
        at: Option<AgentId>,
        /// Where it is on its way.
        state: TaskState,
        /// Its result, when it has ended.
        result: Option<Foreign>,
        /// From acceptance to now or its end.
        took: Micros,
    },
    /// To `freeze`.
    Frozen(Frozen),
    /// To `heal`.
    Healed {
        /// What was done.
        healed: Healed,
        /// Whether the scope is well now.
        healthy: bool,
    },
    /// To `review`.
    Review {
        /// The item, as it stands now.
        item: Box<Item>,
    },
    /// To `schedule`.
    Scheduled {
        /// Its number.
        id: ScheduleId,
        /// When.
        at: WallTime,
    },
    /// To `unschedule`.
    Unscheduled {
        /// What was dropped.
        kept: Box<Kept>,
    },
    /// To `watch`.
    Watching {
        /// Its number.
        id: u64,
    },
    /// To `context show`.
    Context(Context),
    /// To `keys`.
    Keys(Keys),
    /// To `backup`.
    Backup {
        /// How old the last ones are: registry, conflict log, snapshots.
        ages: [Option<Micros>; 3],
        /// Whether the last was read back and is right, when that was asked.
        verified: Option<bool>,
    },
    /// To every other operation that changes something.
    Done {
        /// Under this number, for `undo`.
        id: DoneId,
        /// Agents that changed.
        agents: u64,
        /// Tasks that changed.
        tasks: u64,
        /// What takes it back, as command lines.
        undo: Vec<String>,
    },
    /// To `undo`.
    Undone {
        /// What was taken back, as a command line.
        line: String,
    },
    /// To what only the console does.
    Ok,
}

/// What goes on while an operation runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// It was accepted, committed where that is promised.
    Accepted,
    /// A throw's counts.
    Throw(Account),
    /// Steps that have ended, of all.
    Steps {
        /// Ended.
        ended: u32,
        /// All.
        of: u32,
    },
    /// A step, in a command line.
    Step {
        /// Which, as it is shown.
        line: Foreign,
    },
}

/// The six figures of §7.1, and what they rest on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Agents in all.
    pub agents: u32,
    /// Agents that are active.
    pub active: u32,
    /// Sectors in all.
    pub sectors: u32,
    /// Sectors with at least 95 % of their agents active and no breaker open.
    pub sectors_healthy: u32,
    /// The mean Z of those measured.
    pub impedance: Option<Impedance>,
    /// Their 95th percentile.
    pub impedance_p95: Option<Impedance>,
    /// Conflicts in the last hour.
    pub conflicts: u32,
    /// The mode, by its name in §6.3.
    pub mode: String,
    /// Since the last cascade; none if there was none.
    pub last_cascade: Option<Micros>,
    /// Agents that are frozen.
    pub frozen: u32,
    /// Breakers open and half-open.
    pub breakers: (u32, u32),
    /// Items that wait for a person.
    pub reviews: u32,
    /// How old the oldest row behind these figures is.
    pub age: Micros,
}

impl fmt::Display for Status {
    /// One line; the box of §7.1 is the console's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = Share::of(self.active as usize, self.agents as usize).unwrap_or(Share::NONE);
        write!(
            f,
            "{} of {} active ({share}), sectors {} of {} healthy",
            self.active, self.agents, self.sectors_healthy, self.sectors
        )?;
        if let Some(z) = self.impedance {
            write!(f, ", mean impedance {z}")?;
        }
        write!(
            f,
            ", {} conflicts in an hour, mode {}",
            self.conflicts, self.mode
        )?;
        match self.last_cascade {
            Some(ago) => write!(f, ", last cascade {ago} ago"),
            None => f.write_str(", no cascade yet"),
        }
    }
}

/// What is happening in a scope (§7.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// The scope, as it was asked for.
    pub scope: super::Scopes,
    /// Agents in it.
    pub agents: u32,
    /// Of those, in each state: active, degraded, offline, quarantined.
    pub states: [u32; 4],
    /// Avoided.
    pub avoided: u32,
    /// Frozen.
    pub frozen: u32,
    /// The mean Z of those measured, and what it usually is.
    pub impedance: Option<(Impedance, Impedance)>,
    /// Those in quarantine, by reason.
    pub quarantine: Vec<(QuarantineReason, u32)>,
    /// Breakers that are not closed.
    pub breakers: Vec<BreakerAt>,
    /// Since the last successful cascade.
    pub last_cascade: Option<Micros>,
    /// What is notable: findings, worst first.
    pub notable: Vec<Finding>,
    /// The rows, when they are few.
    pub rows: Vec<AgentLine>,
    /// How old the oldest row is.
    pub age: Micros,
}

/// An agent in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentLine {
    /// Where.
    pub id: AgentId,
    /// What kind.
    pub class: Class,
    /// How it is.
    pub state: State,
    /// Led around.
    pub avoided: bool,
    /// Stopped.
    pub frozen: bool,
    /// Its Z.
    pub impedance: Option<Impedance>,
    /// Its queue.
    pub queue: u16,
    /// How often it succeeds.
    pub reliability: Share,
    /// How much Z varies.
    pub drift: f32,
    /// Since its last beat.
    pub beat: Micros,
    /// What it does now.
    pub task: Option<Foreign>,
    /// The start of its context's hash.
    pub context: u64,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// How many there are in all.
    pub total: u64,
    /// Those asked for, at most [`ROWS_MAX`].
    pub rows: RowKind,
}

/// The rows of a list, by what was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", content = "rows", rename_all = "snake_case")]
pub enum RowKind {
    /// Agents.
    Agents(Vec<AgentLine>),
    /// Clusters.
    Clusters(Vec<RegionLine<ClusterId>>),
    /// Sectors.
    Sectors(Vec<RegionLine<SectorId>>),
    /// Conflicts.
    Conflicts(Vec<ConflictLine>),
    /// Breakers.
    Breakers(Vec<BreakerLine>),
    /// Tasks.
    Tasks(Vec<Task>),
    /// Reviews.
    Reviews(Vec<Item>),
    /// Events.
    Events(Vec<super::event::Stamped>),
    /// Operations.
    Operations(Vec<OperationLine>),
}

/// A cluster or sector in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegionLine<Id> {
    /// Which.
    pub id: Id,
    /// Agents.
    pub agents: u32,
    /// Of those, active.
    pub active: u32,
    /// Mean Z.
    pub impedance: Option<Impedance>,
    /// Its 95th percentile.
    pub impedance_p95: Option<Impedance>,
    /// Pending operations.
    pub queue: u32,
    /// Conflicts in the last hour.
    pub conflicts: u32,
    /// Whether its breaker is closed.
    pub closed: bool,
}

/// A conflict in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConflictLine {
    /// Its id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// 0 to 4.
    pub priority: u8,
    /// By whom.
    pub agent: AgentId,
    /// What it had.
    pub expected: Foreign,
    /// What it got.
    pub received: Foreign,
    /// Since it was reported.
    pub age: Micros,
    /// How it was settled, when it was.
    pub settled: Option<String>,
}

/// A breaker in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerLine {
    /// What it guards.
    pub at: BreakerAt,
    /// Open, or half-open.
    pub open: bool,
    /// Since when that is so.
    pub age: Micros,
    /// Distinct agents that failed.
    pub failures: u32,
}

/// An operation in a list: the audit trail's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationLine {
    /// When.
    pub at: WallTime,
    /// By whom.
    pub by: Foreign,
    /// From where.
    pub from: Foreign,
    /// What.
    pub operation: Operation,
    /// What came of it, in a line.
    pub result: Foreign,
}

/// A figure over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Which.
    pub metric: Metric,
    /// From one point to the next.
    pub step: Micros,
    /// Oldest first, at most [`POINTS_MAX`]; none where nothing was measured. Milliseconds, counts or shares, as the
    /// metric is.
    pub points: Vec<Option<f64>>,
}

/// A throw before it is fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Who is targeted, and who could answer: without people and those left out.
    pub counts: Account,
    /// From now to the T that is proposed.
    pub until_t: Micros,
    /// The predicted share of the eligible that is READY by T.
    pub ready: Share,
    /// From now to the latest instant at which it can be fired for that T.
    pub fire_within: Micros,
    /// Those least likely to make it, least first, at most [`NAMES_MAX`], with their probability.
    pub stragglers: Vec<(AgentId, Share)>,
    /// Those left out, at most [`NAMES_MAX`].
    pub skipped: Vec<Skipped>,
    /// What it is allowed to do now.
    pub refusal: Option<Refusal>,
}

/// Somebody left out of a throw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// Who.
    pub agent: AgentId,
    /// Why.
    pub why: SkipReason,
    /// The lead that it would have needed.
    pub lead: Option<Micros>,
}

/// Where a proof sheet is, with its head figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SheetRef {
    /// The throw.
    pub throw_id: String,
    /// The sheet's hash, under which the store has it.
    pub sheet: Digest,
    /// How it ended.
    pub counts: Account,
    /// The 90th percentile of the prediction error.
    pub error_p90: Option<Micros>,
    /// The 99th percentile of the release spread, and its bound.
    pub spread_p99: Option<(Micros, Micros)>,
    /// The sheet written down, when a format was asked for.
    pub written: Option<String>,
}

/// A ping's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    /// Who.
    pub agent: AgentId,
    /// The round trip; none when nothing came back in time.
    pub round_trip: Option<Micros>,
    /// The error bound of its clock.
    pub clock_bound: Option<Micros>,
}

/// A throw's end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thrown {
    /// Its id, for `proof`.
    pub throw_id: String,
    /// Everybody accounted for.
    pub counts: Account,
    /// The decision of §5.2.
    pub decision: String,
    /// Acknowledged, when that was asked for.
    pub acknowledged: Option<u32>,
    /// From the first send to the close.
    pub took: Micros,
    /// The last of them by name, at most [`NAMES_MAX`].
    pub stragglers: Vec<AgentId>,
}

/// Answers to a question, the same ones together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Agents that were asked.
    pub asked: u32,
    /// Agents that answered.
    pub answered: u32,
    /// Each answer with how many gave it, the commonest first.
    pub answers: Vec<(Foreign, u32)>,
    /// Agents that answered with a conflict.
    pub conflicts: Vec<AgentId>,
}

/// A freeze and its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// Its epoch.
    pub epoch: u64,
    /// Agents that are to stop.
    pub agents: u32,
    /// Agents that signed that they have.
    pub proven: u32,
    /// Those not proven stopped, at most [`NAMES_MAX`].
    pub unproven: Vec<AgentId>,
    /// Tasks that wait.
    pub tasks: u32,
    /// Where the state was saved.
    pub saved: Foreign,
}

/// Context, as the mesh holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// Branches with their heads.
    pub branches: Vec<(String, Digest)>,
    /// The known-good head.
    pub known_good: Option<Digest>,
    /// How many agents hold which hash, the commonest first.
    pub held: Vec<(u64, u32)>,
}

/// Keys, as `keys` shows and makes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    /// Each with whose it is and until when it is good.
    pub keys: Vec<KeyLine>,
    /// A token that was made, shown once.
    pub token: Option<String>,
}

/// A key in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyLine {
    /// The key, in hex.
    pub key: String,
    /// Whose: a place, a host, an operator.
    pub holder: Foreign,
    /// Until when.
    pub expires: Option<WallTime>,
    /// Waiting, admitted, revoked.
    pub standing: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_holds_the_six_figures() {
        let status = Status {
            agents: 30_000,
            active: 29_847,
            sectors: 100,
            sectors_healthy: 100,
            impedance: Some(Impedance(Micros::millis(127))),
            impedance_p95: None,
            conflicts: 23,
            mode: "FULL".into(),
            last_cascade: Some(Micros::seconds(3 * 3_600 + 27 * 60)),
            frozen: 0,
            breakers: (0, 0),
            reviews: 0,
            age: Micros::ZERO,
        };
        let line = status.to_string();
        for part in [
            "29847 of 30000",
            "99.5%",
            "100 of 100",
            "127.0ms",
            "23 conflicts",
            "FULL",
            "3h27m",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }

    #[test]
    fn answers_come_back_from_json() {
        let counts = Account {
            targeted: 10,
            ready: 6,
            conflict: 1,
            transit: 1,
            skipped: 1,
            unreachable: 1,
        };
        assert!(counts.balanced() && !Account { ready: 7, ..counts }.balanced());
        let thrown = Thrown {
            throw_id: "881".into(),
            counts,
            decision: "PROCEED".into(),
            acknowledged: Some(6),
            took: Micros::millis(640),
            stragglers: vec!["7-4-12".parse().expect("a place")],
        };
        let rows = Rows {
            total: 1,
            rows: RowKind::Operations(vec![OperationLine {
                at: WallTime(1),
                by: "cecilia".into(),
                from: "local".into(),
                operation: Operation::from_line("freeze sector:7").expect("reads"),
                result: "done".into(),
            }]),
        };
        for answer in [
            Answer::Ok,
            Answer::Count { count: 3 },
            Answer::Thrown(thrown),
            Answer::Rows(rows),
        ] {
            let text = serde_json::to_string(&answer).expect("writes");
            assert_eq!(
                serde_json::from_str::<Answer>(&text).expect("reads"),
                answer,
                "{text}"
            );
            let packed = rmp_serde::to_vec_named(&answer).expect("packs");
            assert_eq!(
                rmp_serde::from_slice::<Answer>(&packed).expect("unpacks"),
                answer
            );
        }
    }
}
