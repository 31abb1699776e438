//! Retries that spread out: exponential, with full jitter (Brooker, "Exponential Backoff and Jitter", 2015).

use crate::chance::Chance;
use crate::time::Micros;

/// The waits before the tries of one message or restart. Full jitter keeps thousands of children that lost the same parent
/// from coming back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Micros,
    most: Micros,
    tries: u8,
    tries_max: u8,
}

impl Backoff {
    /// Waits of at most `first`, then twice that, up to `most` each, `tries_max` of them. Lengths below 1 ms count as 1 ms.
    pub const fn new(first: Micros, most: Micros, tries_max: u8) -> Self {
        Self {
            first: at_least_a_millisecond(first),
            most: at_least_a_millisecond(most),
            tries: 0,
            tries_max,
        }
    }

    /// For messages between parent and child: up to 200 ms, doubling to 5 s (one beat), eight tries (some 10 s in the
    /// mean, after which 30 s of silence decide).
    pub const fn for_messages() -> Self {
        Self::new(Micros::millis(200), Micros::seconds(5), 8)
    }

    /// For workers and agents that a host restarts: up to 1 s, doubling to 5 minutes, ten tries.
    pub const fn for_restarts() -> Self {
        Self::new(Micros::seconds(1), Micros::seconds(300), 10)
    }

    /// How long to wait before the next try; `None` when the tries are used up.
    pub fn next_wait(&mut self, chance: &mut Chance) -> Option<Micros> {
        if self.tries >= self.tries_max {
            return None;
        }
        let bound = self.bound();
        self.tries += 1;
        Some(chance.span(Micros(1), bound + Micros(1)))
    }

    /// The longest that the next wait can be.
    pub fn bound(&self) -> Micros {
        self.first.doubled(u32::from(self.tries), self.most)
    }

    /// Tries so far.
    pub const fn tries(&self) -> u8 {
        self.tries
    }

    /// Starts again, after a success.
    pub const fn reset(&mut self) {
        self.tries = 0;
    }
}

const fn at_least_a_millisecond(span: Micros) -> Micros {
    if span.0 < 1_000 { Micros(1_000) } else { span }
}
