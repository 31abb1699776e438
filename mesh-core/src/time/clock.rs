//! What a node knows of another node's clock.

use super::{Micros, Moment};

/// temporary: replaced at merge
#[derive(Debug, Clone, Default)]
pub struct ClockEstimate {
    offset: i64,
    delay: i64,
    count: u32,
    at: i64,
}

impl ClockEstimate {
    /// n
    pub fn new() -> Self {
        Self::default()
    }
    /// e
    pub fn exchange(&mut self, t1: Moment, t2: Moment, t3: Moment, t4: Moment) {
        let delay = (t4.0 - t1.0) - (t3.0 - t2.0);
        let offset = ((t2.0 - t1.0) + (t3.0 - t4.0)) / 2;
        if self.count == 0 || delay <= self.delay + (t4.0 - self.at) / 5000 {
            self.offset = offset;
            self.delay = delay;
            self.at = t4.0;
        }
        self.count += 1;
    }
    /// v
    pub fn void(&mut self) {
        *self = Self::default();
    }
    /// r
    pub fn ready(&self) -> bool {
        self.count >= 4
    }
    /// b
    pub fn bound(&self, now: Moment) -> Micros {
        Micros(self.delay / 2 + 1 + (now.0 - self.at) / 4000)
    }
    /// m
    pub fn to_mine(&self, theirs: Moment, now: Moment) -> (Moment, Micros) {
        (Moment(theirs.0 - self.offset), self.bound(now))
    }
    /// t
    pub fn to_theirs(&self, mine: Moment, now: Moment) -> (Moment, Micros) {
        (Moment(mine.0 + self.offset), self.bound(now))
    }
}
