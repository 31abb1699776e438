//! A task: accepted once, with exactly one outcome (PROTOCOL §5).
//!
//! Tasks are pure values; the store keeps them and is the only truth. Every change names the state that it expects to
//! find, so that of two that race only one happens.

use super::resource::Resource;
use super::value::is_id;
use crate::message::MessageId;
use crate::place::AgentId;
use crate::text::Foreign;
use crate::time::{Micros, Moment, WallTime};
use crate::unit::Digest;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Open tasks of one mesh at most: three for each of 30,000 agents, and some to spare.
pub const TASKS_MAX: usize = 100_000;
/// Runs of one task at most; a task that fails to start so often is no accident.
pub const RUNS_MAX: u16 = 8;

/// The name of a task in the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

impl TaskId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TaskId {
    type Error = TaskError;
    fn try_from(text: String) -> Result<Self, TaskError> {
        if is_id(&text) {
            Ok(Self(text))
        } else {
            Err(TaskError::Id(Foreign::new(text).to_string()))
        }
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a task is on its way; the last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Committed to the store; nobody has it yet.
    Accepted,
    /// An agent has it in its queue.
    Queued,
    /// Written down as begun, before the agent reported READY.
    Started,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Its time passed first.
    Expired,
}

impl TaskState {
    /// Whether nothing can change any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Expired)
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Expired => "expired",
        })
    }
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With a result.
    Done(Digest),
    /// Without one.
    Failed(Failure),
    /// Not in time.
    Expired,
}

/// Why a task failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Found begun and without an end after a restart, and not declared to be repeatable.
    Interrupted,
    /// An operator ended it.
    Cancelled,
    /// It was tried [`RUNS_MAX`] times.
    TooOften,
    /// Nobody in its scope can do it.
    NobodyCapable,
    /// What the worker said.
    Worker(Foreign),
}

/// What a running task waits for, as its worker reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// What kind of thing.
    pub resource: Resource,
    /// In the worker's words.
    pub detail: Foreign,
    /// Since when.
    pub since: Moment,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name in the store.
    pub id: TaskId,
    /// What is to be done, in the caller's words.
    pub name: Foreign,
    /// The capability that it needs.
    pub requires: Option<String>,
    /// The payload.
    pub payload: Digest,
    /// Whether it may run twice.
    pub idempotent: bool,
    /// 0 background to 3 critical.
    pub priority: u8,
    /// By when, by the wall, since it outlives processes.
    pub deadline: WallTime,
    /// When it was accepted.
    pub accepted: Moment,
    state: TaskState,
    at: Option<AgentId>,
    since: Moment,
    runs: u16,
    waits_for: Option<Wait>,
    outcome: Option<Outcome>,
}

/// A change that a task does not take. The task is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// No id.
    #[error("{0:?} is no task id; at most 128 letters, digits, - _ . and :")]
    Id(String),
    /// Somebody else was first.
    #[error("task {id} is {found:?} by now, not {expected:?}; read it again")]
    Moved {
        /// Which.
        id: TaskId,
        /// What the caller took it for.
        expected: TaskState,
        /// What it is.
        found: TaskState,
    },
    /// There is no such step.
    #[error("task {id} cannot go from {from:?} to {to:?}")]
    NoSuchStep {
        /// Which.
        id: TaskId,
        /// From.
        from: TaskState,
        /// To.
        to: TaskState,
    },
}

/// What reassigning a task takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reassign {
    /// It can go at once.
    Now,
    /// Where it is now must first say that it gave it up, or it could run twice.
    AfterGivingUp(AgentId),
    /// It is over.
    TooLate,
}

impl Task {
    /// As it is when the store has committed it.
    pub fn accepted(
        id: TaskId,
        name: Foreign,
        payload: Digest,
        deadline: WallTime,
        now: Moment,
    ) -> Self {
        Self {
            id,
            name,
            requires: None,
            payload,
            idempotent: false,
            priority: 1,
            deadline,
            accepted: now,
            state: TaskState::Accepted,
            at: None,
            since: now,
            runs: 0,
            waits_for: None,
            outcome: None,
        }
    }

    /// The same, needing a capability.
    pub fn requiring(self, capability: &str) -> Self {
        Self {
            requires: Some(capability.to_owned()),
            ..self
        }
    }

    /// The same, free to run twice.
    pub fn repeatable(self) -> Self {
        Self {
            idempotent: true,
            ..self
        }
    }

    /// Into an agent's queue: at first, or from another one's.
    pub fn queue(
        &mut self,
        expected: TaskState,
        at: AgentId,
        now: Moment,
    ) -> Result<(), TaskError> {
        self.expect(
            expected,
            TaskState::Queued,
            &[TaskState::Accepted, TaskState::Queued],
        )?;
        (self.state, self.at, self.since, self.waits_for) =
            (TaskState::Queued, Some(at), now, None);
        Ok(())
    }

    /// Begun; to be on disk before the agent reports READY.
    pub fn start(&mut self, expected: TaskState, now: Moment) -> Result<(), TaskError> {
        self.expect(expected, TaskState::Started, &[TaskState::Queued])?;
        (self.state, self.since, self.runs) =
            (TaskState::Started, now, self.runs.saturating_add(1));
        Ok(())
    }

    /// Read back by another process, whose clock is another: its times are put on that clock, from the wall time in its
    /// id. What is not known by the wall counts from now.
    pub fn recall(&mut self, now: Moment, wall: WallTime) {
        let id: Result<MessageId, _> = self.id.as_str().parse();
        let age = id.map_or(Micros::ZERO, |id| (wall - id.created()).max(Micros::ZERO));
        self.accepted = now - age;
        self.since = now;
        if let Some(wait) = &mut self.waits_for {
            wait.since = now;
        }
    }

    /// Ended; the first end is the only one.
    pub fn end(
        &mut self,
        expected: TaskState,
        outcome: Outcome,
        now: Moment,
    ) -> Result<(), TaskError> {
        let (state, from): (_, &[_]) = match outcome {
            Outcome::Done(_) => (TaskState::Done, &[TaskState::Started]),
            Outcome::Failed(_) => (
                TaskState::Failed,
                &[TaskState::Accepted, TaskState::Queued, TaskState::Started],
            ),
            Outcome::Expired => (
                TaskState::Expired,
                &[TaskState::Accepted, TaskState::Queued, TaskState::Started],
            ),
        };
        self.expect(expected, state, from)?;
        (self.state, self.since, self.waits_for, self.outcome) = (state, now, None, Some(outcome));
        Ok(())
    }

    /// What its worker says that it waits for; a wait for the same goes on since when it began. Ignored unless it is
    /// with an agent.
    pub fn waits(&mut self, resource: Resource, detail: Foreign, now: Moment) {
        if matches!(self.state, TaskState::Queued | TaskState::Started) {
            let since = self
                .waits_for
                .as_ref()
                .filter(|wait| wait.resource == resource)
                .map_or(now, |wait| wait.since);
            self.waits_for = Some(Wait {
                resource,
                detail,
                since,
            });
        }
    }

    /// It got what it waited for.
    pub fn goes_on(&mut self) {
        self.waits_for = None;
    }

    /// The agent that had it says that it stopped before anything happened: it may go elsewhere.
    pub fn given_up(&mut self, by: AgentId, now: Moment) -> Result<(), TaskError> {
        let id = self.id.clone();
        if self.at != Some(by) || self.state.is_final() {
            return Err(TaskError::NoSuchStep {
                id,
                from: self.state,
                to: TaskState::Accepted,
            });
        }
        (self.state, self.at, self.since, self.waits_for) = (TaskState::Accepted, None, now, None);
        Ok(())
    }

    /// After a restart of whoever ran it: runs again only if it may; otherwise it has failed, with what is known.
    pub fn recover(&mut self, now: Moment) {
        if self.state != TaskState::Started {
            return;
        }
        self.waits_for = None;
        self.since = now;
        if self.idempotent && self.runs < RUNS_MAX {
            (self.state, self.at) = (TaskState::Accepted, None);
        } else {
            let failure = if self.idempotent {
                Failure::TooOften
            } else {
                Failure::Interrupted
            };
            (self.state, self.outcome) = (TaskState::Failed, Some(Outcome::Failed(failure)));
        }
    }

    /// What it takes to give it to somebody else.
    pub fn reassign(&self) -> Reassign {
        match (self.state, self.at) {
            (TaskState::Done | TaskState::Failed | TaskState::Expired, _) => Reassign::TooLate,
            (TaskState::Started, Some(at)) => Reassign::AfterGivingUp(at),
            (TaskState::Started | TaskState::Accepted | TaskState::Queued, _) => Reassign::Now,
        }
    }

    /// Where it is on its way.
    pub const fn state(&self) -> TaskState {
        self.state
    }

    /// Who has it, or had it at the end.
    pub const fn at(&self) -> Option<AgentId> {
        self.at
    }

    /// How long it has been in its state.
    pub fn in_state_for(&self, now: Moment) -> Micros {
        now.since(self.since)
    }

    /// What it waits for.
    pub const fn waits_for(&self) -> Option<&Wait> {
        self.waits_for.as_ref()
    }

    /// How often it was begun.
    pub const fn runs(&self) -> u16 {
        self.runs
    }

    /// How it ended.
    pub const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    fn expect(
        &self,
        expected: TaskState,
        to: TaskState,
        from: &[TaskState],
    ) -> Result<(), TaskError> {
        if self.state != expected {
            return Err(TaskError::Moved {
                id: self.id.clone(),
                expected,
                found: self.state,
            });
        }
        if !from.contains(&self.state) {
            return Err(TaskError::NoSuchStep {
                id: self.id.clone(),
                from: self.state,
                to,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn task() -> Task {
        let id = TaskId::try_from("01J".to_owned()).expect("an id");
        Task::accepted(id, "index".into(), Digest::of(b""), WallTime(1), Moment(0))
    }

    fn agent() -> AgentId {
        "7-4-12".parse().expect("a place")
    }

    #[test]
    fn of_two_that_race_for_the_end_only_one_wins() {
        let mut task = task();
        task.queue(TaskState::Accepted, agent(), Moment(1))
            .expect("queues");
        task.start(TaskState::Queued, Moment(2)).expect("starts");
        task.end(TaskState::Started, Outcome::Expired, Moment(3))
            .expect("expires");
        let late = task.end(
            TaskState::Started,
            Outcome::Done(Digest::of(b"x")),
            Moment(4),
        );
        assert!(matches!(
            late,
            Err(TaskError::Moved {
                found: TaskState::Expired,
                ..
            })
        ));
        assert_eq!(task.outcome(), Some(&Outcome::Expired));
        assert_eq!(task.reassign(), Reassign::TooLate);
    }

    #[test]
    fn what_was_begun_runs_again_only_if_it_may() {
        for (repeatable, state) in [(false, TaskState::Failed), (true, TaskState::Accepted)] {
            let mut task = if repeatable {
                task().repeatable()
            } else {
                task()
            };
            task.queue(TaskState::Accepted, agent(), Moment(1))
                .expect("queues");
            task.recover(Moment(2));
            assert_eq!(
                task.state(),
                TaskState::Queued,
                "what was not begun stays where it is"
            );
            task.start(TaskState::Queued, Moment(2)).expect("starts");
            task.recover(Moment(3));
            assert_eq!(task.state(), state);
        }
    }

    #[test]
    fn a_begun_task_goes_elsewhere_only_when_it_was_given_up() {
        let mut task = task();
        task.queue(TaskState::Accepted, agent(), Moment(1))
            .expect("queues");
        assert_eq!(task.reassign(), Reassign::Now);
        task.start(TaskState::Queued, Moment(2)).expect("starts");
        assert_eq!(task.reassign(), Reassign::AfterGivingUp(agent()));
        assert!(
            task.given_up("7-4-13".parse().expect("a place"), Moment(3))
                .is_err()
        );
        task.given_up(agent(), Moment(3)).expect("its agent may");
        assert_eq!(task.reassign(), Reassign::Now);
    }

    #[test]
    fn a_wait_goes_on_since_it_began() {
        let mut task = task();
        task.queue(TaskState::Accepted, agent(), Moment(1))
            .expect("queues");
        task.waits(Resource::GpuMemory, "allocation".into(), Moment(5));
        task.waits(Resource::GpuMemory, "allocation".into(), Moment(9));
        assert_eq!(task.waits_for().map(|wait| wait.since), Some(Moment(5)));
    }

    proptest! {
        #[test]
        fn an_outcome_never_changes(steps in proptest::collection::vec(0u8..7, 0..40)) {
            let mut task = task().repeatable();
            let mut outcome = None;
            for (at, step) in steps.into_iter().enumerate() {
                let (now, state) = (Moment(at as i64), task.state());
                let _ = match step {
                    0 => task.queue(state, agent(), now),
                    1 => task.start(state, now),
                    2 => task.end(state, Outcome::Done(Digest::of(b"x")), now),
                    3 => task.end(state, Outcome::Failed(Failure::Cancelled), now),
                    4 => task.end(state, Outcome::Expired, now),
                    5 => task.given_up(agent(), now),
                    _ => { task.recover(now); Ok(()) }
                };
                prop_assert_eq!(task.state().is_final(), task.outcome().is_some());
                if let Some(before) = &outcome {
                    prop_assert_eq!(task.outcome(), Some(before));
                }
                outcome = task.outcome().cloned();
            }
        }
    }
}
