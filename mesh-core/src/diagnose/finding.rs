//! A finding: what, about whom, how bad, on what evidence, why, and what would help.

use crate::operation::Operation;
use crate::operation::resource::Resource;
use crate::operation::task::TaskId;
use crate::operation::view::{BreakerAt, HostId};
use crate::operation::word::Severity;
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::text::Foreign;
use crate::time::{Micros, Moment};
use crate::trust::seat::Seat;
use crate::unit::{Impedance, Share};
use core::cmp::Ordering;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Subjects named in one finding at most; `count` says how many there are.
pub const SUBJECTS_MAX: usize = 30;

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An agent.
    Agent(AgentId),
    /// A cluster.
    Cluster(ClusterId),
    /// A sector.
    Sector(SectorId),
    /// A host.
    Host(HostId),
    /// A seat.
    Seat(Seat),
    /// A breaker.
    Breaker(BreakerAt),
    /// A task.
    Task(TaskId),
    /// The mesh.
    Mesh,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(id) => write!(f, "{id}"),
            Self::Cluster(id) => write!(f, "cluster {id}"),
            Self::Sector(id) => write!(f, "sector {id}"),
            Self::Host(id) => write!(f, "host {}", id.0),
            Self::Seat(seat) => write!(f, "{seat}"),
            Self::Breaker(at) => write!(f, "breaker of {at}"),
            Self::Task(id) => write!(f, "task {id}"),
            Self::Mesh => f.write_str("mesh"),
        }
    }
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Work is with agents that cannot do it.
    CapabilityMismatch,
    /// A task runs or waits longer than it should.
    StuckTask,
    /// An agent is slower than 500 ms, than twice its own average, or than its class by far.
    SlowAgent,
    /// Agents do not answer.
    Offline,
    /// Agents are kept apart.
    Quarantined,
    /// An agent holds another context than it should.
    ContextDivergence,
    /// An agent fails too often.
    Unreliable,
    /// An agent's clock cannot be translated closely enough.
    ClockUnusable,
    /// Impedance weights are locked.
    WeightsLocked,
    /// A breaker is open or half-open.
    BreakerOpen,
    /// Nobody holds a seat.
    SeatVacant,
    /// A seat changed hands.
    SeatTakenOver,
    /// A queue grows.
    QueueGrowth,
    /// Too many answers are conflicts.
    ConflictRate,
    /// Conflicts wait past their deadline.
    ConflictOverdue,
    /// A cluster's impedance drifts up.
    ClusterDrift,
    /// More agents come and go than usual.
    Churn,
    /// A backup is missing or old.
    BackupOld,
}

/// A figure in a finding, with its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Z.
    Impedance(Impedance),
    /// A length of time.
    Span(Micros),
    /// A part of a whole.
    Share(Share),
    /// How many.
    Count(u64),
    /// How many times as much.
    Times(f32),
    /// A class.
    Class(Class),
    /// What is waited for.
    Resource(Resource),
    /// An agent.
    Agent(AgentId),
    /// A host.
    Host(HostId),
    /// The start of a context's hash.
    Context(u64),
    /// Words from outside.
    Text(Foreign),
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Impedance(z) => write!(f, "{}ms", z.0.0 / 1_000),
            Self::Span(span) => write!(f, "{span}"),
            Self::Share(share) => write!(f, "{share}"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Times(times) => write!(f, "{times:.1}x"),
            Self::Class(class) => write!(f, "{class}"),
            Self::Resource(resource) => write!(f, "{}", resource.word()),
            Self::Agent(id) => write!(f, "{id}"),
            Self::Host(host) => write!(f, "host {}", host.0),
            Self::Context(hash) => write!(f, "{:08x}", hash >> 32),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}

/// One piece of evidence: a figure, what it is held against, since when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Of whom, when it is not of all subjects.
    pub of: Option<Subject>,
    /// What was measured, in a word or two.
    pub what: String,
    /// What came out.
    pub value: Figure,
    /// What it should be, or what it is compared with.
    pub against: Option<Figure>,
    /// Since when.
    pub since: Option<Moment>,
}

impl Evidence {
    /// Of all subjects, compared with nothing.
    pub fn new(what: &str, value: Figure) -> Self {
        Self {
            of: None,
            what: what.to_owned(),
            value,
            against: None,
            since: None,
        }
    }

    /// Of one of them.
    pub fn of(self, subject: Subject) -> Self {
        Self {
            of: Some(subject),
            ..self
        }
    }

    /// Held against this.
    pub fn against(self, figure: Figure) -> Self {
        Self {
            against: Some(figure),
            ..self
        }
    }

    /// So since then.
    pub fn since(self, since: Moment) -> Self {
        Self {
            since: Some(since),
            ..self
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(of) = &self.of {
            write!(f, "{of} ")?;
        }
        write!(f, "{} {}", self.what, self.value)?;
        match &self.against {
            Some(against) => write!(f, " against {against}"),
            None => Ok(()),
        }
    }
}

/// Why something is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Work that needs a capability is routed to agents that lack what it needs.
    WrongAgents {
        /// The capability.
        capability: String,
        /// The class of the agents that have the work.
        class: Class,
        /// What they lack.
        lacks: Lack,
        /// Whether all of that class lack it, so that the rule is wrong and not one agent.
        whole_class: bool,
    },
    /// Agents share what failed.
    Common(Subject),
    /// An agent waits for another's answer.
    WaitsFor(Resource),
    /// More arrives than is done.
    Overload,
}

/// What an agent lacks for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Hardware that its host does not have.
    Hardware(Resource),
    /// It is of a class that the capability does not take.
    Class,
    /// It never said that it can do this, or a rule forbids it.
    Capability,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// About whom, at most [`SUBJECTS_MAX`] by name.
    pub subjects: Vec<Subject>,
    /// How many they are in all.
    pub count: usize,
    /// How bad.
    pub severity: Severity,
    /// On what it rests.
    pub evidence: Vec<Evidence>,
    /// Why, where that follows from the evidence.
    pub cause: Option<Cause>,
    /// What would help, in order; none where only a person can say.
    pub remedy: Option<Vec<Operation>>,
}

impl Finding {
    /// About these subjects, as yet without evidence.
    pub fn about(
        kind: FindingKind,
        severity: Severity,
        subjects: impl IntoIterator<Item = Subject>,
    ) -> Self {
        let mut count = 0;
        let subjects: Vec<_> = subjects
            .into_iter()
            .inspect(|_| count += 1)
            .enumerate()
            .filter(|(index, _)| *index < SUBJECTS_MAX)
            .map(|(_, subject)| subject)
            .collect();
        Self {
            kind,
            subjects,
            count,
            severity,
            evidence: Vec::new(),
            cause: None,
            remedy: None,
        }
    }

    /// With this evidence too.
    pub fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Because of this.
    pub fn because(self, cause: Cause) -> Self {
        Self {
            cause: Some(cause),
            ..self
        }
    }

    /// This would help; nothing to do is no remedy.
    pub fn helped_by(self, operations: impl IntoIterator<Item = Operation>) -> Self {
        let operations: Vec<_> = operations.into_iter().collect();
        Self {
            remedy: (!operations.is_empty()).then_some(operations),
            ..self
        }
    }

    /// Worst first; of two as bad, the one whose cause is known, then the one that concerns more.
    pub fn rank(&self, other: &Self) -> Ordering {
        let key = |finding: &Self| (finding.severity, finding.cause.is_some(), finding.count);
        key(other)
            .cmp(&key(self))
            .then_with(|| self.kind.cmp(&other.kind))
            .then_with(|| self.subjects.cmp(&other.subjects))
    }
}
