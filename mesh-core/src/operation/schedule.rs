//! Operations at a time: kept until then, in order, or dropped before.

use super::kind::Operation;
use crate::time::{Micros, WallTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Operations that are kept at most: three a day for a year.
pub const KEPT_MAX: usize = 1_000;
/// One that is this late is not carried out but told: whoever scheduled it meant then, not now.
pub const LATE_MAX: Micros = Micros::seconds(60);

/// The number of a scheduled operation; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScheduleId(pub u64);

/// Something that is scheduled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its number.
    pub id: ScheduleId,
    /// When.
    pub at: WallTime,
    /// What.
    pub operation: Operation,
    /// By whom, who must still have the right to it then.
    pub by: String,
}

/// What has become due.
#[derive(Debug, Clone, PartialEq)]
pub enum Due {
    /// To be carried out now.
    Now(Kept),
    /// Missed by more than [`LATE_MAX`], for instance because nothing ran then.
    Missed(Kept),
}

/// Something that cannot be scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Too many.
    #[error("{KEPT_MAX} operations are scheduled; unschedule some first")]
    Full,
    /// In the past.
    #[error("that time has passed; give one to come")]
    Past,
    /// No such.
    #[error("nothing is scheduled as {0}; list operations state open shows them")]
    Unknown(u64),
}

/// All that is scheduled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    kept: BTreeMap<ScheduleId, Kept>,
    last: u64,
}

impl Schedule {
    /// Keeps an operation until `at`.
    pub fn add(
        &mut self,
        operation: Operation,
        by: &str,
        at: WallTime,
        now: WallTime,
    ) -> Result<ScheduleId, ScheduleError> {
        if at < now {
            return Err(ScheduleError::Past);
        }
        if self.kept.len() >= KEPT_MAX {
            return Err(ScheduleError::Full);
        }
        self.last += 1;
        let id = ScheduleId(self.last);
        self.kept.insert(
            id,
            Kept {
                id,
                at,
                operation,
                by: by.to_owned(),
            },
        );
        Ok(id)
    }

    /// Drops one.
    pub fn cancel(&mut self, id: ScheduleId) -> Result<Kept, ScheduleError> {
        self.kept.remove(&id).ok_or(ScheduleError::Unknown(id.0))
    }

    /// Takes out what is due, earliest first.
    pub fn due(&mut self, now: WallTime) -> Vec<Due> {
        let mut due: Vec<(WallTime, ScheduleId)> = self
            .kept
            .values()
            .filter(|kept| kept.at <= now)
            .map(|kept| (kept.at, kept.id))
            .collect();
        due.sort_unstable();
        due.into_iter()
            .filter_map(|(_, id)| self.kept.remove(&id))
            .map(|kept| {
                if now - kept.at > LATE_MAX {
                    Due::Missed(kept)
                } else {
                    Due::Now(kept)
                }
            })
            .collect()
    }

    /// When to ask again.
    pub fn next_due(&self) -> Option<WallTime> {
        self.kept.values().map(|kept| kept.at).min()
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.kept.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_in_order_and_once() {
        let mut schedule = Schedule::default();
        let status = || Operation::from_line("status").expect("reads");
        let second = schedule
            .add(status(), "c", WallTime(20), WallTime(0))
            .expect("kept");
        let first = schedule
            .add(status(), "c", WallTime(10), WallTime(0))
            .expect("kept");
        let third = schedule
            .add(status(), "c", WallTime(15), WallTime(0))
            .expect("kept");
        schedule.cancel(third).expect("there");
        assert_eq!(schedule.next_due(), Some(WallTime(10)));
        let ids: Vec<_> = schedule
            .due(WallTime(30))
            .into_iter()
            .map(|due| match due {
                Due::Now(kept) | Due::Missed(kept) => kept.id,
            })
            .collect();
        assert_eq!(ids, [first, second]);
        assert_eq!(schedule.due(WallTime(30)), []);
        assert_eq!(schedule.cancel(third), Err(ScheduleError::Unknown(3)));
    }

    #[test]
    fn what_was_missed_is_told_and_not_done() {
        let mut schedule = Schedule::default();
        let freeze = Operation::from_line("freeze sector:3").expect("reads");
        schedule
            .add(freeze.clone(), "c", WallTime(0), WallTime(0))
            .expect("kept");
        assert!(matches!(
            &schedule.due(WallTime(0) + Micros::seconds(61))[..],
            [Due::Missed(_)]
        ));
        assert_eq!(
            schedule.add(freeze, "c", WallTime(0), WallTime(1)),
            Err(ScheduleError::Past)
        );
    }
}
