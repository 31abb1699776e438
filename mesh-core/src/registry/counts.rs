//! How many agents are in which state: kept up with every change, never counted anew.

use super::State;
use crate::place::Class;
use crate::place::scope::{Mark, Marks};
use crate::unit::Share;
use core::ops::{AddAssign, SubAssign};
use serde::{Deserialize, Serialize};

/// Agents by state, of a cluster, a sector or the mesh. The four operational states add up to `agents`; the rest lie
/// across them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// All agents, people among them.
    pub agents: u32,
    /// Those of class F, who have no score and are not inactive for being slow.
    pub people: u32,
    /// In state active.
    pub active: u32,
    /// In state degraded.
    pub degraded: u32,
    /// In state offline.
    pub offline: u32,
    /// In state quarantined.
    pub quarantined: u32,
    /// Routed around.
    pub avoided: u32,
    /// Stopped.
    pub frozen: u32,
    /// Not reported lately: what is said of them is old.
    pub stale: u32,
}

impl Counts {
    /// The counts of one agent.
    pub(super) fn one(class: Class, marks: Marks, stale: bool) -> Self {
        let has = |mark| u32::from(marks.has(mark));
        Self {
            agents: 1,
            people: class.is_human().into(),
            active: has(Mark::Active),
            degraded: has(Mark::Degraded),
            offline: has(Mark::Offline),
            quarantined: has(Mark::Quarantined),
            avoided: has(Mark::Avoided),
            frozen: has(Mark::Frozen),
            stale: stale.into(),
        }
    }

    /// Active of all (§4.3 `active_rate`, §6.3); `None` where there is nobody.
    pub fn active_rate(&self) -> Option<Share> {
        Share::of(self.active as usize, self.agents as usize)
    }

    /// How many are in the state.
    pub const fn of(&self, state: State) -> u32 {
        match state {
            State::Active => self.active,
            State::Degraded => self.degraded,
            State::Offline => self.offline,
            State::Quarantined => self.quarantined,
        }
    }

    fn zip(self, other: Self, op: fn(u32, u32) -> u32) -> Self {
        Self {
            agents: op(self.agents, other.agents),
            people: op(self.people, other.people),
            active: op(self.active, other.active),
            degraded: op(self.degraded, other.degraded),
            offline: op(self.offline, other.offline),
            quarantined: op(self.quarantined, other.quarantined),
            avoided: op(self.avoided, other.avoided),
            frozen: op(self.frozen, other.frozen),
            stale: op(self.stale, other.stale),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = self.zip(other, u32::saturating_add);
    }
}

impl SubAssign for Counts {
    fn sub_assign(&mut self, other: Self) {
        *self = self.zip(other, u32::saturating_sub);
    }
}

impl core::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut sum, counts| {
            sum += counts;
            sum
        })
    }
}
