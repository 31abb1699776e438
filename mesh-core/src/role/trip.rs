//! How long it takes to a child of the trunk and back: the smoothed mean and deviation of RFC 6298.

use crate::time::Micros;

/// Before the first measurement: the budget of §8.3 for the slower of the two trunk hops, there and back, and processing.
const FIRST: Micros = Micros::millis(120);

/// No trunk takes longer; what looks so was measured while a clock stepped.
const ROUND_MAX: Micros = Micros::seconds(10);

/// Round trips to one coordinator or lead.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trip {
    mean: i64,
    deviation: i64,
    known: bool,
}

impl Trip {
    /// One more round trip.
    pub(super) fn observe(&mut self, round: Micros) {
        if !(Micros::ZERO..=ROUND_MAX).contains(&round) {
            return;
        }
        let round = round.0;
        if self.known {
            let error = round - self.mean;
            self.mean += error / 8;
            self.deviation += (error.abs() - self.deviation) / 4;
        } else {
            *self = Self {
                mean: round,
                deviation: round / 2,
                known: true,
            };
        }
    }

    /// There and back, nearly always.
    pub(super) fn round(&self) -> Micros {
        if self.known {
            Micros(self.mean + (4 * self.deviation).max(1_000))
        } else {
            FIRST
        }
    }

    /// There and back, mostly: what a gate waits for, which needs not everybody.
    pub(super) fn usual(&self) -> Micros {
        if self.known {
            Micros(self.mean + self.deviation)
        } else {
            FIRST
        }
    }

    /// One way, mostly: half the mean, and the deviation of the whole twice.
    pub(super) fn down(&self) -> Micros {
        if self.known {
            Micros(self.mean / 2 + (2 * self.deviation).max(500))
        } else {
            FIRST.half()
        }
    }
}
