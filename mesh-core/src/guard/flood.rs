//! Rate limits against floods (§9.2): who sends more than ten times its usual is slowed down, the unimportant first.
//!
//! One [`Limiter`] for each child, 64 bytes. It learns the sender's usual rate slowly, lets a burst pass (a cascade's
//! acknowledgements come all at once), and keeps the last of its room for what matters more: what is critical is dropped
//! only when everything else has been dropped before.

use crate::message::Priority;
use crate::time::{Micros, Moment};
use serde::{Deserialize, Serialize};

/// What a kind of sender may do in any case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FloodLimits {
    /// Messages a second that are never a flood, whatever the usual rate is.
    pub floor: f32,
    /// Messages a second that are always one, however slowly the sender has got there.
    pub ceiling: f32,
}

impl FloodLimits {
    /// An agent: a heartbeat in 5 s and a third of its cluster's ten messages a second (§8.2).
    pub const AGENT: Self = Self {
        floor: 20.0,
        ceiling: 500.0,
    };
    /// A lead: summaries, and what its 30 agents send on.
    pub const LEAD: Self = Self {
        floor: 100.0,
        ceiling: 10_000.0,
    };
    /// A coordinator: summaries of ten clusters, and what comes through them.
    pub const COORDINATOR: Self = Self {
        floor: 500.0,
        ceiling: 50_000.0,
    };
}

/// Whether a message is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It is.
    Pass,
    /// It is dropped, and counted.
    Drop {
        /// The first of a flood: a finding (§9.2), once until the flood is over.
        flood_begins: bool,
    },
}

/// What a flood looks like in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FloodEvidence {
    /// Messages a second lately.
    pub rate: f64,
    /// The sender's usual.
    pub usual: f64,
    /// What it may send at most.
    pub limit: f64,
    /// Dropped so far, by priority.
    pub dropped: [u32; 4],
}

/// The rate limit of one sender.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limiter {
    limits: FloodLimits,
    /// Messages that may still come at once.
    room: f32,
    /// Usual messages a second.
    usual: f32,
    /// Messages in the running and in the last period.
    running: u32,
    last: u32,
    period: Moment,
    refilled: Moment,
    dropped: [u32; 4],
    flooding: bool,
}

const _: () = assert!(size_of::<Limiter>() <= 72);

impl Limiter {
    /// How many times the usual rate is a flood (§9.2).
    pub const TIMES: f32 = 10.0;
    /// How many seconds at the limit may come at once.
    pub const BURST_SECONDS: f32 = 2.0;
    /// The share of the room that each priority leaves to those above it.
    const LEAVES: [f32; 4] = [0.5, 0.25, 0.1, 0.0];
    /// The rate is taken over periods of ten seconds.
    const PERIOD: Micros = Micros::seconds(10);
    /// The usual rate forgets over 64 periods, some ten minutes, and never learns more than twice itself (or the floor's
    /// tenth) from one: from its start it takes a patient sender over half an hour to raise its limit eightfold.
    const MEMORY: f32 = 64.0;

    /// A sender of which nothing is known.
    pub fn new(limits: FloodLimits, now: Moment) -> Self {
        Self {
            limits,
            room: limits.floor * Self::BURST_SECONDS,
            usual: 0.0,
            running: 0,
            last: 0,
            period: now,
            refilled: now,
            dropped: [0; 4],
            flooding: false,
        }
    }

    /// A message has come.
    pub fn offer(&mut self, priority: Priority, now: Moment) -> Passage {
        self.advance(now);
        self.running = self.running.saturating_add(1);
        let leaves = Self::LEAVES[priority.index()] * self.limit() * Self::BURST_SECONDS;
        if self.room - 1.0 >= leaves {
            self.room -= 1.0;
            return Passage::Pass;
        }
        let count = &mut self.dropped[priority.index()];
        *count = count.saturating_add(1);
        Passage::Drop {
            flood_begins: !core::mem::replace(&mut self.flooding, true),
        }
    }

    /// Messages a second that it may send for long.
    pub fn limit(&self) -> f32 {
        (self.usual * Self::TIMES)
            .max(self.limits.floor)
            .min(self.limits.ceiling)
    }

    /// Whether something was dropped in this period or the last.
    pub const fn is_flooding(&self) -> bool {
        self.flooding
    }

    /// The numbers behind a finding.
    pub fn evidence(&self) -> FloodEvidence {
        let seconds = Self::PERIOD.as_seconds_f64();
        FloodEvidence {
            rate: f64::from(self.running.max(self.last)) / seconds,
            usual: f64::from(self.usual),
            limit: f64::from(self.limit()),
            dropped: self.dropped,
        }
    }

    /// Dropped so far, by priority.
    pub const fn dropped(&self) -> [u32; 4] {
        self.dropped
    }

    fn advance(&mut self, now: Moment) {
        // The clock here went back: what was counted by the old time says nothing by the new.
        if now < self.refilled {
            self.refilled = now;
            self.period = self.period.min(now);
        }
        let limit = self.limit();
        let passed = (now - self.refilled).as_seconds_f64() as f32;
        self.refilled = now;
        self.room = (self.room + passed * limit).min(limit * Self::BURST_SECONDS);
        let periods = (now - self.period).0 / Self::PERIOD.0;
        if periods < 1 {
            return;
        }
        let seconds = Self::PERIOD.as_seconds_f64() as f32;
        let most = (2.0 * self.usual).max(self.limits.floor / Self::TIMES);
        let lesson = (self.running as f32 / seconds).min(most);
        self.usual += (lesson - self.usual) / Self::MEMORY;
        // Periods without a message each teach a zero.
        let silent = (periods - 1).min(10_000) as f32;
        self.usual *= libm::powf(1.0 - 1.0 / Self::MEMORY, silent);
        if (self.running as f32) <= limit * seconds {
            self.flooding = false;
        }
        self.last = if periods == 1 { self.running } else { 0 };
        self.running = 0;
        self.period = self.period + Micros(Self::PERIOD.0.saturating_mul(periods));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use proptest::prelude::*;

    fn at(seconds: f64) -> Moment {
        Moment(0) + Micros::seconds(1).scale(seconds)
    }
    /// Sends at `rate` from `from` for `seconds`, with the priorities in turn; how many pass, by priority.
    fn send(limiter: &mut Limiter, from: f64, seconds: f64, rate: f64) -> [u32; 4] {
        let mut passed = [0; 4];
        for number in 0..(seconds * rate) as usize {
            let priority = Priority::ALL[number % 4];
            if limiter.offer(priority, at(from + number as f64 / rate)) == Passage::Pass {
                passed[priority.index()] += 1;
            }
        }
        passed
    }

    #[test]
    fn a_clock_that_goes_back_stops_nobody() {
        let mut limiter = Limiter::new(FloodLimits::AGENT, at(0.0));
        send(&mut limiter, 0.0, 100.0, 1.0);
        let sent = send(&mut limiter, -1_000.0, 100.0, 1.0);
        assert_eq!(sent.iter().sum::<u32>(), 100);
        assert!(!limiter.is_flooding());
    }

    #[test]
    fn an_hour_of_ordinary_traffic_with_cascades_loses_nothing() {
        let mut chance = Chance::new(4);
        let mut limiter = Limiter::new(FloodLimits::AGENT, at(0.0));
        for beat in 0..720 {
            let start = f64::from(beat) * 5.0;
            for burst in 0..chance.below(12) {
                let when = at(start + burst as f64 * 0.001);
                assert_eq!(limiter.offer(Priority::Normal, when), Passage::Pass);
            }
        }
        assert!(!limiter.is_flooding());
    }

    #[test]
    fn ten_times_the_usual_is_a_flood_within_ten_seconds() {
        let mut limiter = Limiter::new(FloodLimits::AGENT, at(0.0));
        send(&mut limiter, 0.0, 3_600.0, 4.0);
        let limit = f64::from(limiter.limit());
        assert!((30.0..=41.0).contains(&limit), "{limit}");
        send(&mut limiter, 3_600.0, 10.0, 30.0);
        assert!(!limiter.is_flooding(), "under ten times");
        let mut begins = None;
        for number in 0..1_000 {
            let when = 3_620.0 + f64::from(number) / 100.0;
            let passage = limiter.offer(Priority::Normal, at(when));
            if passage == (Passage::Drop { flood_begins: true }) {
                assert!(begins.replace(when).is_none(), "told once");
            }
        }
        assert!(begins.is_some());
        assert!(limiter.evidence().rate > limiter.evidence().limit);
        send(&mut limiter, 3_660.0, 30.0, 4.0);
        assert!(!limiter.is_flooding(), "it is over");
    }

    #[test]
    fn the_unimportant_goes_first_and_critical_last() {
        let mut limiter = Limiter::new(FloodLimits::AGENT, at(0.0));
        let passed = send(&mut limiter, 0.0, 60.0, 60.0);
        assert!(
            passed.windows(2).all(|pair| pair[0] <= pair[1]),
            "{passed:?}"
        );
        assert_eq!(passed[3], 900, "its share of the flood is under the limit");
    }

    #[test]
    fn a_patient_sender_does_not_raise_its_limit_past_the_ceiling() {
        let mut limiter = Limiter::new(FloodLimits::AGENT, at(0.0));
        let (mut now, mut after_half_an_hour) = (0.0, 0.0);
        while now < 4.0 * 3_600.0 {
            let rate = f64::from(limiter.limit()).min(600.0);
            send(&mut limiter, now, 10.0, rate);
            now += 10.0;
            if now <= 1_800.0 {
                after_half_an_hour = f64::from(limiter.limit());
            }
        }
        assert!(after_half_an_hour <= 8.0 * 20.0, "{after_half_an_hour}");
        assert!(limiter.limit() <= FloodLimits::AGENT.ceiling);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn critical_is_never_dropped_where_another_would_pass(
            gaps in prop::collection::vec((0i64..200_000, 0usize..4), 0..400),
        ) {
            let mut limiter = Limiter::new(FloodLimits::AGENT, at(0.0));
            let mut now = at(0.0);
            for (gap, which) in gaps {
                now = now + Micros(gap);
                let passes = |priority| limiter.clone().offer(priority, now) == Passage::Pass;
                let order: Vec<bool> = Priority::ALL.into_iter().map(passes).collect();
                prop_assert!(order.is_sorted(), "{order:?}");
                limiter.offer(Priority::ALL[which], now);
            }
        }
    }
}
