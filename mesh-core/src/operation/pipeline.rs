//! A pipeline: tasks in a row, each given the result of the one before; every step is durable (§2.4, PROTOCOL §9a).

use super::table::STEPS_MAX;
use super::task::{Outcome, TaskId};
use crate::text::Foreign;
use crate::unit::Digest;
use serde::{Deserialize, Serialize};

/// A pipeline. It holds no task: it says which one comes next and with what, and takes the end of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    name: Foreign,
    task: Option<TaskId>,
    outcome: Option<Outcome>,
}

/// What a pipeline needs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// A task for step `index` (from 0), given the result before it, if there is one.
    Accept {
        /// Which step.
        index: usize,
        /// What is to be done.
        name: Foreign,
        /// Its input.
        input: Option<Digest>,
    },
    /// The end of this task.
    Wait(TaskId),
    /// Nothing: every step is done, and this is the last result.
    Done(Digest),
    /// Nothing: step `index` ended otherwise, and none after it is begun.
    Stopped {
        /// Which step.
        index: usize,
        /// How it ended.
        outcome: Outcome,
    },
}

/// A pipeline that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pipeline has 1 to {STEPS_MAX} steps, not {0}")]
pub struct PipelineError(usize);

impl Pipeline {
    /// Of these steps, in order.
    pub fn new(names: impl IntoIterator<Item = Foreign>) -> Result<Self, PipelineError> {
        let steps: Vec<Step> = names
            .into_iter()
            .take(STEPS_MAX + 1)
            .map(|name| Step {
                name,
                task: None,
                outcome: None,
            })
            .collect();
        if steps.is_empty() || steps.len() > STEPS_MAX {
            return Err(PipelineError(steps.len()));
        }
        Ok(Self { steps })
    }

    /// What it needs now; the same until something is taken, so that asking twice after a crash is harmless.
    pub fn next(&self) -> Next {
        let mut input = None;
        for (index, step) in self.steps.iter().enumerate() {
            match (&step.outcome, &step.task) {
                (Some(Outcome::Done(result)), _) => input = Some(*result),
                (Some(outcome @ (Outcome::Failed(_) | Outcome::Expired)), _) => {
                    return Next::Stopped {
                        index,
                        outcome: outcome.clone(),
                    };
                }
                (None, Some(task)) => return Next::Wait(task.clone()),
                (None, None) => {
                    return Next::Accept {
                        index,
                        name: step.name.clone(),
                        input,
                    };
                }
            }
        }
        // There is at least one step, and all are done.
        Next::Done(input.unwrap_or_default())
    }

    /// The store has committed `task` for step `index`. False when that step has one already or is not the next.
    pub fn accepted(&mut self, index: usize, task: TaskId) -> bool {
        let is_next = matches!(self.next(), Next::Accept { index: next, .. } if next == index);
        if is_next {
            self.steps[index].task = Some(task);
        }
        is_next
    }

    /// The task has ended. False when it is none of this pipeline's or its end is known.
    pub fn ended(&mut self, task: &TaskId, outcome: Outcome) -> bool {
        let step = self
            .steps
            .iter_mut()
            .find(|step| step.task.as_ref() == Some(task) && step.outcome.is_none());
        step.map(|step| step.outcome = Some(outcome)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::task::Failure;

    fn id(text: &str) -> TaskId {
        TaskId::try_from(text.to_owned()).expect("an id")
    }

    #[test]
    fn each_result_is_the_next_input() {
        let mut pipeline = Pipeline::new(["fetch".into(), "summarise".into()]).expect("two steps");
        assert!(matches!(
            pipeline.next(),
            Next::Accept {
                index: 0,
                input: None,
                ..
            }
        ));
        assert!(pipeline.accepted(0, id("a")));
        assert!(!pipeline.accepted(0, id("b")), "a step has one task");
        assert_eq!(pipeline.next(), Next::Wait(id("a")));
        assert!(pipeline.ended(&id("a"), Outcome::Done(Digest::of(b"log"))));
        assert!(
            !pipeline.ended(&id("a"), Outcome::Expired),
            "an end is the only one"
        );
        assert!(
            matches!(pipeline.next(), Next::Accept { index: 1, input: Some(d), .. } if d == Digest::of(b"log"))
        );
        assert!(pipeline.accepted(1, id("b")));
        assert!(pipeline.ended(&id("b"), Outcome::Done(Digest::of(b"short"))));
        assert_eq!(pipeline.next(), Next::Done(Digest::of(b"short")));
    }

    #[test]
    fn nothing_is_begun_after_a_step_that_failed() {
        let mut pipeline = Pipeline::new(["a".into(), "b".into()]).expect("two steps");
        assert!(pipeline.accepted(0, id("a")));
        assert!(pipeline.ended(&id("a"), Outcome::Failed(Failure::Cancelled)));
        assert!(matches!(pipeline.next(), Next::Stopped { index: 0, .. }));
        assert!(!pipeline.accepted(1, id("b")));
    }
}
