//! How many of the eligible stand where, added up from children to the whole.

use super::Trinary;
use crate::place::Slots;
use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign};
use serde::{Deserialize, Serialize};

/// How the eligible agents of one operation stand. The four add up to the eligible at every instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct Counts {
    /// Arrived and integrated.
    pub ready: u32,
    /// Arrived and could not integrate.
    pub conflict: u32,
    /// Still out.
    pub transit: u32,
    /// Known to be gone: no longer waited for, yet part of the whole, so that a dead half is never hidden.
    pub unreachable: u32,
}

impl Counts {
    /// Of a parent's children; who is neither ready, in conflict nor unreachable is in transit. Who stands in two sets
    /// counts in the worse one (CONFLICT, then READY, then UNREACHABLE), and who is not eligible in none.
    pub const fn of_slots(
        eligible: Slots,
        ready: Slots,
        conflict: Slots,
        unreachable: Slots,
    ) -> Self {
        let conflict = conflict.and(eligible);
        let ready = ready.and(eligible).without(conflict);
        let gone = unreachable.and(eligible).without(conflict).without(ready);
        let out = eligible.without(conflict).without(ready).without(gone);
        Self {
            ready: ready.len() as u32,
            conflict: conflict.len() as u32,
            transit: out.len() as u32,
            unreachable: gone.len() as u32,
        }
    }

    /// The whole that the rates divide by.
    pub const fn eligible(self) -> u32 {
        self.ready
            .saturating_add(self.conflict)
            .saturating_add(self.transit)
            .saturating_add(self.unreachable)
    }

    /// One more agent in `state`.
    pub fn count(&mut self, state: Trinary) {
        let field = match state {
            Trinary::Ready => &mut self.ready,
            Trinary::Transit => &mut self.transit,
            Trinary::Conflict => &mut self.conflict,
        };
        *field = field.saturating_add(1);
    }
}

impl Add for Counts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            ready: self.ready.saturating_add(other.ready),
            conflict: self.conflict.saturating_add(other.conflict),
            transit: self.transit.saturating_add(other.transit),
            unreachable: self.unreachable.saturating_add(other.unreachable),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}

impl FromIterator<Trinary> for Counts {
    fn from_iter<I: IntoIterator<Item = Trinary>>(states: I) -> Self {
        let mut counts = Self::default();
        states.into_iter().for_each(|state| counts.count(state));
        counts
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ready, {} conflict, {} in transit, {} unreachable of {} eligible",
            self.ready,
            self.conflict,
            self.transit,
            self.unreachable,
            self.eligible()
        )
    }
}
