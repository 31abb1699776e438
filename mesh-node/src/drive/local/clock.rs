//! The one place of the node where real time is read.

use mesh_core::time::{Micros, Moment, WallTime};
use std::time::{Duration, Instant, SystemTime};

/// Monotonic time since the process took it up, and the wall time of that instant. Copied freely: all copies agree.
#[derive(Debug, Clone, Copy)]
pub struct RealClock {
    begun: Instant,
    wall: WallTime,
}

impl RealClock {
    /// Counts from now.
    pub fn start() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            begun: Instant::now(),
            // Before 1970 it is 1970: ids and lists stay in order, which is all that they need.
            wall: WallTime(since.map_or(0, |since| since.as_micros() as i64)),
        }
    }

    /// Counts from an instant of wall time that has passed, so that processes on one machine agree what moment it is.
    ///
    /// # Errors
    ///
    /// The origin itself when it has not come yet, or is longer ago than this machine has been up.
    pub fn since(origin: WallTime) -> Result<Self, WallTime> {
        let started = Self::start();
        let passed = started.wall - origin;
        let passed = u64::try_from(passed.0).map_err(|_| origin)?;
        let begun = started.begun.checked_sub(Duration::from_micros(passed));
        Ok(Self {
            begun: begun.ok_or(origin)?,
            wall: origin,
        })
    }

    /// Now, in microseconds since the start.
    pub fn now(self) -> Moment {
        Moment(self.begun.elapsed().as_micros() as i64)
    }

    /// Wall time now, as the start's went on: it never jumps.
    pub fn wall(self) -> WallTime {
        self.wall + self.now().since(Moment(0))
    }

    /// How long it is until `at`; nothing when that has passed.
    pub fn until(self, at: Moment) -> Duration {
        let left = at.since(self.now()).max(Micros::ZERO);
        Duration::from_micros(left.0 as u64)
    }
}
