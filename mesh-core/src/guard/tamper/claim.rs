//! What an agent says of its own delay, against what its parent measured (PROTOCOL §3).

use super::{Evidence, Finding, Threat};
use crate::place::AgentId;
use crate::place::scope::Region;
use crate::time::{Micros, Moment};

/// The last eight claims of one agent, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaimWatch {
    history: u8,
    told: bool,
}

impl ClaimWatch {
    /// So many false ones of the last eight are a finding: jitter makes one or two.
    pub const FALSE_MIN: u32 = 5;
    /// Differences below this are never false claims: clocks and timers are no better.
    pub const SLACK: Micros = Micros::millis(5);

    /// Compares a claim with the round trip that the parent measured for the same time; `error` is what the measurement
    /// itself may be off by. False is less than half or more than twice, beyond slack and error. Gives the finding once,
    /// until most of the claims are true again.
    pub fn observe(
        &mut self,
        agent: AgentId,
        claimed: Micros,
        measured: Micros,
        error: Micros,
        now: Moment,
    ) -> Option<Finding> {
        let slack = Self::SLACK + error.abs();
        let twice = |span: Micros| span + span;
        let is_false = twice(claimed + slack) < measured || claimed > twice(measured) + slack;
        self.history = self.history << 1 | u8::from(is_false);
        let false_of_eight = self.history.count_ones();
        if false_of_eight < Self::FALSE_MIN {
            self.told = self.told && false_of_eight > 2;
            return None;
        }
        if core::mem::replace(&mut self.told, true) {
            return None;
        }
        let evidence = Evidence::Claim {
            claimed,
            measured,
            false_of_eight,
        };
        Some(Finding::new(
            Threat::TimingAttack,
            Region::Agent(agent),
            evidence,
            now,
        ))
    }
}
