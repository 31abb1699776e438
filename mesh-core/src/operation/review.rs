//! What waits for a person: conflicts that no strategy settles, operations that a mode holds for approval, tasks of class
//! F, keys that ask to be admitted (§5.1, §6.3, PROTOCOL §4).

use super::kind::Operation;
use super::task::TaskId;
use crate::text::Foreign;
use crate::time::WallTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Open items at most; a desk with more is not being looked at, and what comes then is refused where it comes from.
pub const OPEN_MAX: usize = 10_000;
/// Decided items kept to be looked at.
pub const DECIDED_MAX: usize = 1_000;
/// Comments on one item at most.
pub const COMMENTS_MAX: usize = 50;

/// The number of an item; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReviewId(pub u64);

/// Where an item comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// A conflict, by its id.
    Conflict(String),
    /// A task for a person.
    Task(TaskId),
    /// A throw that people are meant by: they are in no window under a minute (PROTOCOL §4). Its id.
    Throw(String),
    /// A question that a person was asked. Its id.
    Question(TaskId),
    /// An operation that the mode holds for approval.
    Held,
    /// A key that asks to be admitted.
    Admission(String),
    /// A suspected threat.
    Threat,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its number.
    pub id: ReviewId,
    /// From what.
    pub from: From,
    /// What is to be decided.
    pub question: Foreign,
    /// What is carried out when it is approved.
    pub operation: Option<Operation>,
    /// 0 background to 4 critical.
    pub priority: u8,
    /// By when, by the wall.
    pub deadline: Option<WallTime>,
    /// Where it stands.
    pub state: Standing,
    /// Who said what.
    pub comments: Vec<Comment>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Who.
    pub by: String,
    /// What.
    pub text: Foreign,
}

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nobody has decided.
    Open,
    /// Yes, by whom.
    Approved(String),
    /// No, by whom.
    Rejected(String),
    /// Its deadline passed first, which counts as no.
    Expired,
}

/// A decision that could not be taken. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// No such item.
    #[error("there is no review item {0}; list reviews shows them")]
    Unknown(u64),
    /// None is open.
    #[error("no review item is open")]
    NoneOpen,
    /// It was decided before.
    #[error("review item {0} was decided before: {1:?}")]
    Decided(u64, Standing),
    /// No room.
    #[error("{OPEN_MAX} review items are open; decide some first")]
    Full,
    /// No room for more comments.
    #[error("review item {0} has {COMMENTS_MAX} comments already")]
    Comments(u64),
}

/// All items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reviews {
    items: BTreeMap<ReviewId, Item>,
    last: u64,
}

impl Reviews {
    /// A new item; its number.
    pub fn add(
        &mut self,
        from: From,
        question: Foreign,
        operation: Option<Operation>,
        priority: u8,
        deadline: Option<WallTime>,
    ) -> Result<ReviewId, ReviewError> {
        if self.open().count() >= OPEN_MAX {
            return Err(ReviewError::Full);
        }
        self.last += 1;
        let id = ReviewId(self.last);
        let item = Item {
            id,
            from,
            question,
            operation,
            priority,
            deadline,
            state: Standing::Open,
            comments: Vec::new(),
        };
        self.items.insert(id, item);
        Ok(id)
    }

    /// Decides once and for all; what was approved is given back to be carried out.
    pub fn decide(
        &mut self,
        id: ReviewId,
        yes: bool,
        by: &str,
    ) -> Result<Option<Operation>, ReviewError> {
        let item = self.open_item(id)?;
        item.state = if yes {
            Standing::Approved(by.to_owned())
        } else {
            Standing::Rejected(by.to_owned())
        };
        let operation = item.operation.clone().filter(|_| yes);
        self.forget();
        Ok(operation)
    }

    /// Says something about an open item.
    pub fn comment(&mut self, id: ReviewId, by: &str, text: Foreign) -> Result<(), ReviewError> {
        let item = self.open_item(id)?;
        if item.comments.len() >= COMMENTS_MAX {
            return Err(ReviewError::Comments(id.0));
        }
        item.comments.push(Comment {
            by: by.to_owned(),
            text,
        });
        Ok(())
    }

    /// Those whose deadline has passed expire.
    pub fn expire(&mut self, now: WallTime) -> Vec<ReviewId> {
        let due: Vec<ReviewId> = self
            .open()
            .filter(|item| item.deadline.is_some_and(|deadline| deadline <= now))
            .map(|item| item.id)
            .collect();
        for id in &due {
            if let Some(item) = self.items.get_mut(id) {
                item.state = Standing::Expired;
            }
        }
        self.forget();
        due
    }

    /// The item that `review … next` means: the most urgent, of those the one whose time is up first.
    pub fn next(&self) -> Result<&Item, ReviewError> {
        let key = |item: &&Item| {
            (
                core::cmp::Reverse(item.priority),
                item.deadline.unwrap_or(WallTime(i64::MAX)),
                item.id,
            )
        };
        self.open().min_by_key(key).ok_or(ReviewError::NoneOpen)
    }

    /// An item by its number, or `next`.
    pub fn find(&self, text: &str) -> Result<&Item, ReviewError> {
        if text == "next" {
            return self.next();
        }
        let id = text.parse().unwrap_or(0);
        self.items
            .get(&ReviewId(id))
            .ok_or(ReviewError::Unknown(id))
    }

    /// Those that wait.
    pub fn open(&self) -> impl Iterator<Item = &Item> {
        self.items
            .values()
            .filter(|item| item.state == Standing::Open)
    }

    /// All that are kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// When the next one expires.
    pub fn next_deadline(&self) -> Option<WallTime> {
        self.open().filter_map(|item| item.deadline).min()
    }

    fn open_item(&mut self, id: ReviewId) -> Result<&mut Item, ReviewError> {
        let item = self.items.get_mut(&id).ok_or(ReviewError::Unknown(id.0))?;
        match &item.state {
            Standing::Open => Ok(item),
            decided @ (Standing::Approved(_) | Standing::Rejected(_) | Standing::Expired) => {
                Err(ReviewError::Decided(id.0, decided.clone()))
            }
        }
    }

    fn forget(&mut self) {
        let decided: Vec<ReviewId> = self
            .items
            .values()
            .filter(|item| item.state != Standing::Open)
            .map(|item| item.id)
            .collect();
        for id in decided
            .iter()
            .take(decided.len().saturating_sub(DECIDED_MAX))
        {
            self.items.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_decided_once_and_gives_what_was_held_for_it() {
        let mut reviews = Reviews::default();
        let cascade = Operation::from_line("cascade sync all").expect("reads");
        let held = reviews
            .add(
                From::Held,
                "cascade to all".into(),
                Some(cascade.clone()),
                2,
                None,
            )
            .expect("room");
        let other = reviews
            .add(From::Threat, "odd".into(), None, 4, None)
            .expect("room");
        assert_eq!(reviews.next().map(|item| item.id), Ok(other));
        assert_eq!(reviews.decide(held, true, "cecilia"), Ok(Some(cascade)));
        assert!(matches!(
            reviews.decide(held, false, "cecilia"),
            Err(ReviewError::Decided(..))
        ));
        assert_eq!(reviews.find("99"), Err(ReviewError::Unknown(99)));
    }

    #[test]
    fn what_nobody_decides_expires_as_a_no() {
        let mut reviews = Reviews::default();
        let status = Operation::from_line("status").ok();
        let id = reviews
            .add(From::Held, "q".into(), status, 1, Some(WallTime(10)))
            .expect("room");
        assert_eq!(reviews.expire(WallTime(9)), []);
        assert_eq!(reviews.expire(WallTime(10)), [id]);
        assert!(reviews.decide(id, true, "late").is_err());
        assert_eq!(reviews.next(), Err(ReviewError::NoneOpen));
    }

    #[test]
    fn decided_items_are_forgotten_in_the_end() {
        let mut reviews = Reviews::default();
        for _ in 0..DECIDED_MAX + 5 {
            let id = reviews
                .add(From::Threat, "q".into(), None, 1, None)
                .expect("room");
            reviews.decide(id, false, "x").expect("decides");
        }
        assert_eq!(reviews.iter().count(), DECIDED_MAX);
    }
}
