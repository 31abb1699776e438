//! How conflicts are settled (§5.1): a strategy for each of the five types, each a computation over evidence that ends
//! in a [`Plan`]: what was found at each step, the outcome if it is clear, what is to be done, or what a person must
//! decide. Nothing here acts; the role carries the [`Action`]s out.

mod action;
mod branch;
mod clock;
mod integrity;
mod provenance;
mod routing;

pub use action::{Action, Review};
pub use branch::reconcile;
pub use clock::{CHAIN_MAX, Event, rebuild};
pub use integrity::{Copy, CopyState, check_copies};
pub use provenance::{Attested, RELIABILITY_MARGIN, trace};
pub use routing::{MISMATCHES_MAX, Mismatches, RULE_AGENTS_MIN, reroute};

use super::record::{Claim, ConflictId, ConflictRecord, SUBJECT_MAX};
use crate::message::ConflictKind;
use crate::message::context::Collision;
use crate::text::{Text, words};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Bytes of a finding or a note at most: three lines of a screen.
pub const NOTE_MAX: usize = 256;
/// Bytes of a name at most.
pub const NAME_MAX: usize = 64;
/// Colliding keys shown to a person at once.
pub const COLLISIONS_MAX: usize = 32;

words! {
    /// How a person settles a conflict (§5.1).
    Settlement {
        /// What we had stays.
        KeepExpected = "keep_expected",
        /// What came takes its place.
        KeepReceived = "keep_received",
        /// Both live on, on branches.
        Branch = "branch",
        /// It was none.
        Dismiss = "dismiss",
    }
}

/// How a conflict was settled. The first four are an operator's words, [`Settlement`]; the last two only a strategy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Ours stands, what we had.
    KeepExpected,
    /// Theirs stands, the new one.
    KeepReceived,
    /// Both stand, the received one on a branch of its own.
    Branch,
    /// Neither matters: the data is let go and nothing changes.
    Dismiss,
    /// Both were joined without loss.
    Merged,
    /// What caused it was mended (routing, clock, copy), and no value had to be chosen.
    Repaired,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeepExpected => "keep_expected",
            Self::KeepReceived => "keep_received",
            Self::Branch => "branch",
            Self::Dismiss => "dismiss",
            Self::Merged => "merged",
            Self::Repaired => "repaired",
        })
    }
}

impl From<Settlement> for How {
    fn from(said: Settlement) -> Self {
        match said {
            Settlement::KeepExpected => Self::KeepExpected,
            Settlement::KeepReceived => Self::KeepReceived,
            Settlement::Branch => Self::Branch,
            Settlement::Dismiss => Self::Dismiss,
        }
    }
}

/// The five strategies, one for each type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// For `CONTEXT_DIVERGENCE`.
    BranchAndReconcile,
    /// For `DATA_CONTRADICTION`.
    ProvenanceTrace,
    /// For `TEMPORAL_PARADOX`.
    ClockReconciliation,
    /// For `CAPABILITY_MISMATCH`.
    RoutingFix,
    /// For `HASH_MISMATCH`.
    VerifyAndReload,
}

impl Strategy {
    /// The strategy for a type (§5.1; the last two types have none there).
    pub const fn of(kind: ConflictKind) -> Self {
        match kind {
            ConflictKind::ContextDivergence => Self::BranchAndReconcile,
            ConflictKind::DataContradiction => Self::ProvenanceTrace,
            ConflictKind::TemporalParadox => Self::ClockReconciliation,
            ConflictKind::CapabilityMismatch => Self::RoutingFix,
            ConflictKind::HashMismatch => Self::VerifyAndReload,
        }
    }

    /// What it does, in order.
    pub const fn steps(self) -> [Step; 4] {
        match self {
            Self::BranchAndReconcile => [
                Step::MakeBranches,
                Step::RunBranches,
                Step::FindConvergence,
                Step::ReviewRest,
            ],
            Self::ProvenanceTrace => [
                Step::TraceOrigins,
                Step::FindParting,
                Step::PreferStronger,
                Step::UpdateWeaker,
            ],
            Self::ClockReconciliation => [
                Step::CheckLamport,
                Step::CheckCauses,
                Step::FindClock,
                Step::RebuildChain,
            ],
            Self::RoutingFix => [
                Step::ConfirmMismatch,
                Step::Reassign,
                Step::CountRepeats,
                Step::ProposeRule,
            ],
            Self::VerifyAndReload => [
                Step::VerifyBytes,
                Step::FetchElsewhere,
                Step::IsolateSource,
                Step::ReloadKnownGood,
            ],
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BranchAndReconcile => "branch and reconcile",
            Self::ProvenanceTrace => "provenance trace",
            Self::ClockReconciliation => "clock reconciliation",
            Self::RoutingFix => "routing fix",
            Self::VerifyAndReload => "verify and reload",
        })
    }
}

/// One step of a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Give each context a branch.
    MakeBranches,
    /// Let both go on.
    RunBranches,
    /// Find where they meet.
    FindConvergence,
    /// Show a person what cannot be joined.
    ReviewRest,
    /// Follow both values to their origins.
    TraceOrigins,
    /// Find where they parted.
    FindParting,
    /// Prefer the value that is better vouched for.
    PreferStronger,
    /// Correct who held the other.
    UpdateWeaker,
    /// Compare Lamport times.
    CheckLamport,
    /// Check that every effect follows its causes.
    CheckCauses,
    /// Find whose clock is at fault.
    FindClock,
    /// Put the events into an order that the causes allow.
    RebuildChain,
    /// See that the agent really lacks the capability.
    ConfirmMismatch,
    /// Give the work to one that has it.
    Reassign,
    /// See whether it happens again and again.
    CountRepeats,
    /// Propose a rule that prevents it.
    ProposeRule,
    /// Hash the bytes again.
    VerifyBytes,
    /// Fetch them from another holder.
    FetchElsewhere,
    /// Quarantine whose bytes are wrong.
    IsolateSource,
    /// Reload it from the known-good head.
    ReloadKnownGood,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MakeBranches => "give each context a branch",
            Self::RunBranches => "let both go on",
            Self::FindConvergence => "find where they meet",
            Self::ReviewRest => "show a person what cannot be joined",
            Self::TraceOrigins => "follow both values to their origins",
            Self::FindParting => "find where they parted",
            Self::PreferStronger => "prefer the value that is better vouched for",
            Self::UpdateWeaker => "correct who held the other",
            Self::CheckLamport => "compare Lamport times",
            Self::CheckCauses => "check that every effect follows its causes",
            Self::FindClock => "find whose clock is at fault",
            Self::RebuildChain => "put the events into an order that the causes allow",
            Self::ConfirmMismatch => "see that the agent really lacks the capability",
            Self::Reassign => "give the work to one that has it",
            Self::CountRepeats => "see whether it happens again and again",
            Self::ProposeRule => "propose a rule that prevents it",
            Self::VerifyBytes => "hash the bytes again",
            Self::FetchElsewhere => "fetch them from another holder",
            Self::IsolateSource => "quarantine whose bytes are wrong",
            Self::ReloadKnownGood => "reload it from the known-good head",
        })
    }
}

/// What one step found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which step.
    pub step: Step,
    /// What it found, in a line.
    pub found: Text<NOTE_MAX>,
}

/// What a strategy came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Which conflict.
    pub conflict: ConflictId,
    /// Which strategy.
    pub strategy: Strategy,
    /// What its steps found.
    pub findings: Vec<Finding>,
    /// How it is settled; none while something must be fetched first or a person must decide.
    pub how: Option<How>,
    /// What is to be done now.
    pub actions: Vec<Action>,
}

impl Plan {
    fn new(record: &ConflictRecord) -> Self {
        Self {
            conflict: record.id,
            strategy: Strategy::of(record.detail.kind),
            findings: Vec::new(),
            how: None,
            actions: Vec::new(),
        }
    }

    fn find(&mut self, step: Step, found: impl AsRef<str>) {
        self.findings.push(Finding {
            step,
            found: Text::cut(found.as_ref()),
        });
    }

    fn settle(mut self, how: How, actions: impl IntoIterator<Item = Action>) -> Self {
        self.how = Some(how);
        self.actions.extend(actions);
        self
    }

    fn ask(
        mut self,
        question: impl AsRef<str>,
        mut collisions: Vec<Collision>,
        choices: &[How],
    ) -> Self {
        collisions.truncate(COLLISIONS_MAX);
        self.actions.push(Action::Review(Review {
            conflict: self.conflict,
            question: Text::cut(question.as_ref()),
            collisions,
            choices: choices.to_vec(),
        }));
        self
    }

    /// Whether a person must decide.
    pub fn needs_review(&self) -> bool {
        self.actions
            .iter()
            .any(|action| matches!(action, Action::Review(_)))
    }

    /// Why it came out so, in a line for the log.
    pub fn note(&self) -> Text<NOTE_MAX> {
        let found: Vec<&str> = self.findings.iter().map(|f| f.found.as_str()).collect();
        Text::cut(&found.join("; "))
    }
}

/// A resolution as it stands in the log, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolutionRecord {
    /// Which conflict.
    pub conflict: ConflictId,
    /// Its type, so that the log can be searched by it.
    pub kind: ConflictKind,
    /// How it was settled.
    pub how: How,
    /// By which strategy; none when an operator decided.
    pub strategy: Option<Strategy>,
    /// By whom: an operator's name or the place of the desk.
    pub by: Text<NAME_MAX>,
    /// Why.
    pub note: Text<NOTE_MAX>,
}

/// What an operator's word means for a conflict.
pub fn actions_of(how: How, record: &ConflictRecord) -> Vec<Action> {
    let detail = &record.detail;
    let correct = |agent, stands: &Claim| Action::Correct {
        agent,
        subject: detail.subject.clone(),
        value: stands.digest,
    };
    match how {
        How::KeepExpected => {
            let source = detail.received.provenance.last();
            core::iter::once(Action::DiscardData)
                .chain(source.map(|station| correct(station.by, &detail.expected)))
                .collect()
        }
        How::KeepReceived => vec![Action::ReleaseData, correct(record.agent, &detail.received)],
        How::Branch => vec![
            Action::MakeBranch {
                branch: branch_name(record.id),
                head: detail.received.digest,
            },
            Action::ReleaseData,
        ],
        How::Dismiss | How::Merged | How::Repaired => vec![Action::DiscardData],
    }
}

/// The branch that a conflict's received side lives on.
pub fn branch_name(conflict: ConflictId) -> Text<SUBJECT_MAX> {
    Text::cut(&format!("conflict/{conflict}"))
}

#[cfg(test)]
mod tests;
