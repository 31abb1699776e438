//! Which agents of a cluster have changed their state since those above were told: a lead tells within a second, and
//! does not wait for its beat (PROTOCOL §7).

use crate::place::Slots;
use crate::registry::State;
use crate::time::{Micros, Moment};

/// How long after a change those above are told of it, so that many at once make one message.
const GAP: Micros = Micros::millis(200);

/// What those above know of who is active.
#[derive(Debug, Clone, Copy)]
pub struct News {
    active: Slots,
    at: Moment,
}

impl Default for News {
    fn default() -> Self {
        Self {
            active: Slots::EMPTY,
            at: Moment::NEVER,
        }
    }
}

impl News {
    /// An agent was heard.
    pub fn heard(&mut self, slot: u8, now: Moment) {
        if !self.active.has(slot) {
            self.at = self.at.min(now + GAP);
        }
    }

    /// Whether to look for changes now.
    pub fn due(&self, now: Moment) -> bool {
        now >= self.at
    }

    /// When to look next.
    pub const fn next_wake(&self) -> Moment {
        self.at
    }

    /// What has changed; `active` are those that are now, `next` is when the first of them will have been silent for too
    /// long if it stays silent.
    pub fn changes(&mut self, active: Slots, next: Moment) -> Vec<(u8, State)> {
        let gone = self.active.without(active);
        let back = active.without(self.active);
        self.active = active;
        self.at = next;
        let gone = gone.iter().map(|slot| (slot, State::Offline));
        gone.chain(back.iter().map(|slot| (slot, State::Active)))
            .collect()
    }
}
