//! The sums from which the figures of §11 come.

use super::latencies::Latencies;
use crate::time::Micros;
use serde::{Deserialize, Serialize};

/// One throw, as it ended. Counts are of agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThrowRecord {
    /// For a scatter-gather: whether quorum was reached (PROCEED). `None` for throws that ask for none.
    pub quorum: Option<bool>,
    /// Targeted, without people and without those skipped (PROTOCOL §4).
    pub eligible: u32,
    /// READY by T.
    pub in_window: u32,
    /// Those of which the moment of READY is known, before or after T.
    pub measured: u32,
    /// READY within 50 ms of the median predicted when it was sent.
    pub within_50ms: u32,
    /// READY and CONFLICT.
    pub responses: u32,
    /// CONFLICT.
    pub conflicts: u32,
    /// For a cascade over the whole mesh: from the first send until all that answer have answered.
    pub cascade: Option<Micros>,
}

/// How long the mesh took to mend one kind of incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recovery {
    /// Incidents that are over.
    pub count: u32,
    /// Of these, within the target.
    pub in_time: u32,
    /// All of them together.
    pub total: Micros,
    /// The longest.
    pub worst: Micros,
}

impl Recovery {
    /// One more.
    pub fn add(&mut self, span: Micros, target: Micros) {
        self.count = self.count.saturating_add(1);
        self.in_time = self.in_time.saturating_add(u32::from(span <= target));
        self.total += span;
        self.worst = self.worst.max(span);
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.in_time = self.in_time.saturating_add(other.in_time);
        self.total += other.total;
        self.worst = self.worst.max(other.worst);
    }
}

/// What happened in some time: an hour, or hours added up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rollup {
    /// Throws of any kind.
    pub throws: u64,
    /// Throws that asked for quorum.
    pub asked: u64,
    /// Those that reached it.
    pub reached: u64,
    /// Sum of [`ThrowRecord::eligible`].
    pub eligible: u64,
    /// Sum of [`ThrowRecord::in_window`].
    pub in_window: u64,
    /// Sum of [`ThrowRecord::measured`].
    pub measured: u64,
    /// Sum of [`ThrowRecord::within_50ms`].
    pub within_50ms: u64,
    /// Sum of [`ThrowRecord::responses`].
    pub responses: u64,
    /// Sum of [`ThrowRecord::conflicts`].
    pub conflicts: u64,
    /// Mesh-wide cascades.
    pub cascades: Latencies,
    /// Time in which it is known how many agents were active.
    pub watched: Micros,
    /// Of it, time with at least 95 % active.
    pub available: Micros,
    /// Clusters that failed and came back.
    pub cluster: Recovery,
    /// Sectors that failed and came back.
    pub sector: Recovery,
}

impl Rollup {
    /// Adds a throw.
    pub fn throw(&mut self, record: &ThrowRecord) {
        self.throws += 1;
        self.asked += u64::from(record.quorum.is_some());
        self.reached += u64::from(record.quorum == Some(true));
        self.eligible += u64::from(record.eligible);
        self.in_window += u64::from(record.in_window);
        self.measured += u64::from(record.measured);
        self.within_50ms += u64::from(record.within_50ms);
        self.responses += u64::from(record.responses);
        self.conflicts += u64::from(record.conflicts);
        if let Some(span) = record.cascade {
            self.cascades.push(span);
        }
    }

    /// Adds another's sums. In any order the figures are the same, as long as no more cascades are added than are kept.
    pub fn merge(&mut self, other: &Self) {
        for (own, theirs) in [
            (&mut self.throws, other.throws),
            (&mut self.asked, other.asked),
            (&mut self.reached, other.reached),
            (&mut self.eligible, other.eligible),
            (&mut self.in_window, other.in_window),
            (&mut self.measured, other.measured),
            (&mut self.within_50ms, other.within_50ms),
            (&mut self.responses, other.responses),
            (&mut self.conflicts, other.conflicts),
        ] {
            *own = own.saturating_add(theirs);
        }
        self.cascades.merge(&other.cascades);
        self.watched += other.watched;
        self.available += other.available;
        self.cluster.merge(&other.cluster);
        self.sector.merge(&other.sector);
    }
}
