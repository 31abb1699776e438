//! Work for one agent on its way down, and what the agent says of it on its way up (PROTOCOL §5).
//!
//! Both may be lost, doubled or late: an order is repeated until its end is known, and the same order twice is one.

use super::Warrant;
use crate::operation::resource::Resource;
use crate::operation::task::TaskId;
use crate::place::AgentId;
use crate::text::Foreign;
use crate::time::Micros;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An order about one task at one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskOrder {
    /// Which task.
    pub id: TaskId,
    /// At whom.
    pub agent: AgentId,
    /// What is to be done about it.
    pub act: TaskAct,
    /// What the task is, in the caller's words.
    pub name: Foreign,
    /// The capability that it needs; checked again where it runs.
    pub requires: Option<String>,
    /// Its input: the result of the step before in a pipeline, and empty otherwise.
    pub input: Arc<str>,
    /// Whether it may run twice.
    pub idempotent: bool,
    /// 0 background to 3 critical; orders the agent's queue.
    pub priority: u8,
    /// How much time is left for it.
    pub left: Micros,
    /// The orchestrator's own word for all of this.
    pub warrant: Warrant,
}

/// What an order wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskAct {
    /// Run it, or say how it stands.
    Run,
    /// Give it up where nothing has happened yet, and say so.
    GiveUp,
    /// End it.
    Cancel,
    /// Say that you are there; no task is meant.
    Ping,
    /// Your lead measures you afresh, and says that you are here once it has (§9.2); no task is meant.
    Calibrate,
}

/// What an agent says of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskNews {
    /// Which task.
    pub id: TaskId,
    /// Who says it.
    pub agent: AgentId,
    /// What.
    pub said: TaskSaid,
}

/// How a task stands at its agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskSaid {
    /// In its queue.
    Queued,
    /// Begun, and on disk as begun.
    Started,
    /// Held up by this.
    Waits(Resource, Foreign),
    /// Not held up any more.
    GoesOn,
    /// Done, with its result.
    Done(Arc<str>),
    /// Failed, in the worker's words.
    Failed(Foreign),
    /// Given up before anything happened.
    GivenUp,
    /// Found begun and without an end after a restart.
    Interrupted,
    /// Not taken: it cannot do this.
    Incapable,
    /// Not taken: it has as many as it may, or is frozen.
    Busy,
    /// The answer to a ping.
    Here,
}

impl TaskSaid {
    /// Bytes of a result at most: what a message carries with room to spare; larger ones go by reference.
    pub const RESULT_MAX: usize = 64 * 1024;

    /// A result, cut to what travels.
    pub fn done(result: &str) -> Self {
        let mut end = result.len().min(Self::RESULT_MAX);
        while !result.is_char_boundary(end) {
            end -= 1;
        }
        Self::Done(Arc::from(&result[..end]))
    }
}
