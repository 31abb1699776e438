//! When to send to whom, so that all are READY at T (§3.1).

use crate::impedance::Quantiles;
use crate::role::BUCKET;
use crate::time::{Micros, Moment};
use crate::unit::Share;

/// What is expected of one agent for one payload, as its profile says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// Median from send to READY.
    pub median: Micros,
    /// The same at the wanted on-time rate: how early to send.
    pub lead: Micros,
    /// The same at 0.999: past this it is not expected any more.
    pub limit: Micros,
    /// The distribution behind the three, frozen so that its owner can learn from what came of it.
    pub total: Quantiles,
    /// The part of the median that is processing.
    pub processing: Micros,
    /// One way back at 0.99 and there and back at 0.999.
    pub back: Micros,
    /// There and back, nearly always.
    pub round: Micros,
    /// Probability that it is READY by T when sent to that early.
    pub confidence: Share,
    /// Whether it waits for T when it is early. Who cannot (LEAD-ONLY) is sent to by its median, so that what it does
    /// lands at T.
    pub holds: bool,
}

/// The result of scheduling one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slotting {
    /// Send then.
    Send(Moment),
    /// Too late already: it would need this much, and this much is left.
    Skip {
        /// The lead it would have needed.
        need: Micros,
        /// What is left until T.
        left: Micros,
    },
}

/// When to send to an agent that needs `lead`, in buckets of 10 ms counted back from T; a bucket that has begun is sent
/// at once, one that is too late is skipped and never sent late silently.
pub fn slotting(now: Moment, target: Moment, lead: Micros) -> Slotting {
    let left = target.since(now);
    if lead > left {
        return Slotting::Skip { need: lead, left };
    }
    let buckets = (lead.0.max(0) + BUCKET.0 - 1) / BUCKET.0;
    Slotting::Send((target - Micros(buckets * BUCKET.0)).max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slower_agents_are_sent_to_earlier_and_late_ones_are_skipped() {
        let (now, target) = (Moment(0), Moment(500_000));
        let cases = [
            (0, Slotting::Send(Moment(500_000))),
            (1, Slotting::Send(Moment(490_000))),
            (10_000, Slotting::Send(Moment(490_000))),
            (10_001, Slotting::Send(Moment(480_000))),
            (499_000, Slotting::Send(Moment(0))),
            (500_000, Slotting::Send(Moment(0))),
            (
                500_001,
                Slotting::Skip {
                    need: Micros(500_001),
                    left: Micros(500_000),
                },
            ),
        ];
        for (lead, wanted) in cases {
            assert_eq!(slotting(now, target, Micros(lead)), wanted, "lead {lead}");
        }
    }
}
