//! How many conflicts there were within the last hour.

use crate::message::ConflictKind;
use crate::time::Moment;

/// Counts by type over sixty minutes.
#[derive(Debug, Clone)]
pub(super) struct Hour {
    /// The minute that each cell counts, and its counts; a cell is reused an hour later.
    minutes: [(i64, [u32; 5]); 60],
}

impl Hour {
    pub(super) const fn new() -> Self {
        Self {
            minutes: [(i64::MIN, [0; 5]); 60],
        }
    }

    pub(super) fn count(&mut self, now: Moment, kind: ConflictKind) {
        let minute = minute(now);
        let cell = &mut self.minutes[minute.rem_euclid(60) as usize];
        if cell.0 != minute {
            *cell = (minute, [0; 5]);
        }
        let count = &mut cell.1[kind as usize];
        *count = count.saturating_add(1);
    }

    pub(super) fn of(&self, now: Moment, kind: ConflictKind) -> u32 {
        let last = minute(now);
        self.minutes
            .iter()
            .filter(|(minute, _)| (last - 59..=last).contains(minute))
            .fold(0, |sum, (_, counts)| {
                sum.saturating_add(counts[kind as usize])
            })
    }
}

const fn minute(now: Moment) -> i64 {
    now.0.div_euclid(60_000_000)
}
