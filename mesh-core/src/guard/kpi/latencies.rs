//! Lengths of time of which a percentile is wanted: exact for the last 4,096.

use crate::time::Micros;
use serde::{Deserialize, Serialize};

/// Values that are kept: a mesh-wide cascade every second fills an hour (3,600) and fits, at 16 KiB.
pub const LATENCIES_MAX: usize = 4_096;

/// The last values, oldest first from `next` on once it is full.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Latencies {
    /// Microseconds; what is longer than 71 minutes counts as that.
    values: Vec<u32>,
    next: usize,
}

impl Latencies {
    /// None yet.
    pub const fn new() -> Self {
        Self {
            values: Vec::new(),
            next: 0,
        }
    }

    /// Adds one; the oldest goes when there are too many.
    pub fn push(&mut self, span: Micros) {
        let value = u32::try_from(span.0.max(0)).unwrap_or(u32::MAX);
        self.push_raw(value);
    }

    /// Adds all of another's, its oldest first.
    pub fn merge(&mut self, other: &Self) {
        let split = other.next.min(other.values.len());
        let (newer, older) = other.values.split_at(split);
        older
            .iter()
            .chain(newer)
            .for_each(|value| self.push_raw(*value));
    }

    /// The value that `share` of all do not exceed (nearest rank); `None` without values.
    pub fn quantile(&self, share: f64) -> Option<Micros> {
        let mut sorted = self.values.clone();
        let rank = libm::ceil(share.clamp(0.0, 1.0) * sorted.len() as f64) as usize;
        let index = rank.max(1) - 1;
        if index >= sorted.len() {
            return None;
        }
        let (_, value, _) = sorted.select_nth_unstable(index);
        Some(Micros(i64::from(*value)))
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn push_raw(&mut self, value: u32) {
        // Bounds hold even for what was decoded from elsewhere.
        self.values.truncate(LATENCIES_MAX);
        if self.values.len() < LATENCIES_MAX {
            self.values.push(value);
            return;
        }
        let at = self.next % LATENCIES_MAX;
        self.values[at] = value;
        self.next = (at + 1) % LATENCIES_MAX;
    }
}
