//! What goes wrong with a message on its way: loss, alone and in bursts, duplicates, overtaking, slowness.

use super::{Direction, IN_BURST, Link};
use mesh_core::chance::Chance;
use mesh_core::time::Micros;

/// How often what goes wrong, as people and scenarios write it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultRates {
    /// Share of messages lost, each for itself.
    pub loss: f64,
    /// Loss in bursts beside it (Gilbert 1960, Elliott 1963).
    pub burst: Option<Burst>,
    /// Share of messages that arrive twice.
    pub duplication: f64,
    /// Share of messages held up by up to `reordering_delay`, so that later ones overtake them.
    pub reordering: f64,
    /// How much longer than its delay a held-up message or a duplicate takes at most.
    pub reordering_delay: Micros,
    /// Factor on every delay.
    pub delay_factor: f64,
}

/// A link falls into bad spells and gets out of them, message by message.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// Chance that a message begins a bad spell.
    pub enter: f64,
    /// Chance that a message ends it.
    pub leave: f64,
    /// Share lost within one.
    pub loss: f64,
}

impl FaultRates {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        loss: 0.0,
        burst: None,
        duplication: 0.0,
        reordering: 0.0,
        reordering_delay: Micros::millis(50),
        delay_factor: 1.0,
    };
}

/// [`FaultRates`] made ready for millions of messages: comparisons of whole numbers. Shared by all links of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkFaults {
    loss: u64,
    twice: u64,
    held: u64,
    burst: Option<[u64; 3]>,
    held_by: Micros,
    /// Factor on every delay, in 1/65,536.
    slow: u64,
}

/// When the copies of one message arrive after it was sent: none when it is lost, two when it is duplicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fate {
    /// Delay of the message; `None` when it is lost.
    pub delay: Option<Micros>,
    /// Delay of its duplicate, which is never before it.
    pub copy: Option<Micros>,
}

impl LinkFaults {
    /// Made ready; shares are clamped to 0..=1 and the factor to 0..=1,000.
    pub(crate) fn new(rates: &FaultRates) -> Self {
        Self {
            loss: threshold(rates.loss),
            twice: threshold(rates.duplication),
            held: threshold(rates.reordering),
            burst: rates
                .burst
                .map(|burst| [burst.enter, burst.leave, burst.loss].map(threshold)),
            held_by: rates.reordering_delay,
            slow: (rates.delay_factor.clamp(0.0, 1_000.0) * 65_536.0) as u64,
        }
    }
}

/// A share of 2^32.
fn threshold(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64
}

impl Link {
    /// What becomes of one message in `direction`.
    pub(crate) fn send(
        &mut self,
        direction: Direction,
        faults: &LinkFaults,
        chance: &mut Chance,
    ) -> Fate {
        // One draw for what is rare and for loss: its halves are independent.
        let bits = chance.bits();
        if (bits & 0xFFFF_FFFF) < faults.loss || self.lost_in_burst(faults, chance) {
            return Fate::default();
        }
        let mut delay = self.sample(direction, chance);
        if faults.slow != 65_536 {
            delay = Micros(((delay.0 as u64 * faults.slow) >> 16) as i64);
        }
        let mut fate = Fate {
            delay: Some(delay),
            copy: None,
        };
        let rare = bits >> 32;
        if rare < faults.twice {
            fate.copy = Some(delay + chance.span(Micros::ZERO, faults.held_by));
        } else if rare - faults.twice < faults.held {
            fate.delay = Some(delay + chance.span(Micros::ZERO, faults.held_by));
        }
        fate
    }

    fn lost_in_burst(&mut self, faults: &LinkFaults, chance: &mut Chance) -> bool {
        let Some([enter, leave, loss]) = faults.burst else {
            self.flags &= !IN_BURST;
            return false;
        };
        let bits = chance.bits();
        let turn = if self.flags & IN_BURST == 0 {
            enter
        } else {
            leave
        };
        if (bits >> 32) < turn {
            self.flags ^= IN_BURST;
        }
        self.flags & IN_BURST != 0 && (bits & 0xFFFF_FFFF) < loss
    }
}
