//! What was done and what takes it back: a bounded history, newest last.

use super::kind::Operation;
use super::risk::Confirm;
use crate::time::WallTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Operations remembered at most: a busy week of one operator. The audit trail keeps all.
pub const HISTORY_MAX: usize = 1_000;

/// The number of something done; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DoneId(pub u64);

/// Something done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Its number.
    pub id: DoneId,
    /// What.
    pub operation: Operation,
    /// By whom.
    pub by: String,
    /// When, by the wall.
    pub at: WallTime,
    /// What takes it back, limited to those that it really changed; empty when nothing does.
    pub inverse: Vec<Operation>,
    /// Whether that has happened.
    pub undone: bool,
}

/// Something that cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UndoError {
    /// Nothing was done.
    #[error("nothing was done that could be taken back")]
    Nothing,
    /// Long ago, or never.
    #[error("operation {0} is not remembered; list operations shows what is")]
    Unknown(u64),
    /// It has no inverse.
    #[error("{line:?} cannot be taken back")]
    NoInverse {
        /// What was done.
        line: String,
    },
    /// It was taken back before.
    #[error("operation {0} was taken back before")]
    Undone(u64),
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    done: VecDeque<Done>,
    last: u64,
}

impl History {
    /// Remembers a change with what takes it back.
    pub fn push(
        &mut self,
        operation: Operation,
        by: &str,
        at: WallTime,
        inverse: Vec<Operation>,
    ) -> DoneId {
        self.last += 1;
        let id = DoneId(self.last);
        if self.done.len() >= HISTORY_MAX {
            self.done.pop_front();
        }
        self.done.push_back(Done {
            id,
            operation,
            by: by.to_owned(),
            at,
            inverse,
            undone: false,
        });
        id
    }

    /// What `undo` by `by` would take back: the newest of theirs that is not taken back yet. A change without an inverse
    /// is not skipped, or something older than what was meant would be taken back.
    pub fn next(&self, by: &str) -> Result<&Done, UndoError> {
        let newest = self
            .done
            .iter()
            .rev()
            .find(|done| !done.undone && done.by == by)
            .ok_or(UndoError::Nothing)?;
        Self::undoable(newest)
    }

    /// A certain one.
    pub fn find(&self, id: DoneId) -> Result<&Done, UndoError> {
        Self::undoable(
            self.done
                .iter()
                .find(|done| done.id == id)
                .ok_or(UndoError::Unknown(id.0))?,
        )
    }

    /// What has to be said before it is taken back: the most that any of its inverses asks for.
    pub fn confirm_needed(done: &Done) -> Confirm {
        let rank = |confirm: &Confirm| match confirm {
            Confirm::None => 0,
            Confirm::Yes => 1,
            Confirm::TypedPhrase(_) => 2,
        };
        done.inverse
            .iter()
            .map(Operation::confirm_needed)
            .max_by_key(rank)
            .unwrap_or(Confirm::None)
    }

    /// It is taken back: the operations to carry out.
    pub fn take_back(&mut self, id: DoneId) -> Result<Vec<Operation>, UndoError> {
        self.find(id)?;
        let done = self
            .done
            .iter_mut()
            .find(|done| done.id == id)
            .ok_or(UndoError::Unknown(id.0))?;
        done.undone = true;
        Ok(done.inverse.clone())
    }

    /// All that is remembered, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Done> {
        self.done.iter()
    }

    fn undoable(done: &Done) -> Result<&Done, UndoError> {
        match (done.undone, done.inverse.is_empty()) {
            (true, _) => Err(UndoError::Undone(done.id.0)),
            (false, true) => Err(UndoError::NoInverse {
                line: done.operation.line(),
            }),
            (false, false) => Ok(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(history: &mut History, line: &str, by: &str) -> DoneId {
        let operation = Operation::from_line(line).expect(line);
        let inverse = operation.inverse().into_iter().collect();
        history.push(operation, by, WallTime(0), inverse)
    }

    #[test]
    fn the_newest_of_ones_own_is_taken_back_first_and_once() {
        let mut history = History::default();
        let first = did(&mut history, "avoid cluster:7-4", "c");
        let second = did(&mut history, "freeze sector:7", "c");
        did(&mut history, "freeze sector:8", "someone");
        assert_eq!(history.next("c").map(|done| done.id), Ok(second));
        assert_eq!(
            history.next("c").map(History::confirm_needed),
            Ok(Confirm::Yes)
        );
        assert_eq!(
            history.take_back(second).expect("undoable")[0].line(),
            "thaw sector:7"
        );
        assert_eq!(history.take_back(second), Err(UndoError::Undone(second.0)));
        assert_eq!(history.next("c").map(|done| done.id), Ok(first));
    }

    #[test]
    fn what_cannot_be_taken_back_is_not_skipped() {
        let mut history = History::default();
        did(&mut history, "avoid cluster:7-4", "c");
        did(&mut history, "broadcast hello", "c");
        assert!(matches!(
            history.next("c"),
            Err(UndoError::NoInverse { .. })
        ));
        assert_eq!(history.next("nobody"), Err(UndoError::Nothing));
    }

    #[test]
    fn the_history_is_bounded() {
        let mut history = History::default();
        let first = did(&mut history, "avoid cluster:7-4", "c");
        (0..HISTORY_MAX).for_each(|_| {
            did(&mut history, "avoid cluster:7-5", "c");
        });
        assert_eq!(
            (history.iter().count(), history.find(first)),
            (HISTORY_MAX, Err(UndoError::Unknown(1)))
        );
    }
}
