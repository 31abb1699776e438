//! Clocks that are off, drift, step, stop and begin again.
//!
//! The simulator knows the true time; every node reads its own [`SimClock`]. Both ways are integer arithmetic, so that
//! a node's deadline, turned into true time and read back, is never a microsecond early.

use mesh_core::chance::Chance;
use mesh_core::time::{Micros, Moment};

/// One node's monotonic clock as a straight line over true time, from an anchor on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::drive) struct SimClock {
    /// True time of the anchor.
    truth: i64,
    /// What the clock read there.
    local: i64,
    /// By how much it runs fast: local time per true time, less one, times 2^40; -2^40 while it stands still.
    drift: i64,
    /// The same from local to true time: first guess of the way back.
    back: i64,
}

/// One, in the fixed point of `drift`: 2^-40 of an hour is 3 ns, far below what is asked.
const ONE: i64 = 1 << 40;

impl SimClock {
    /// Drift at most, either way, in parts per million: past a tenth of the rate it would be no clock.
    pub(in crate::drive) const DRIFT_MAX: f64 = 100_000.0;

    /// Right in everything.
    pub(in crate::drive) const TRUE: Self = Self {
        truth: 0,
        local: 0,
        drift: 0,
        back: 0,
    };

    /// Reads `offset` at true time 0 and runs fast by `drift` parts per million (slow when negative).
    pub(in crate::drive) fn new(offset: Micros, drift: f64) -> Self {
        let mut clock = Self::TRUE;
        clock.local = offset.0;
        clock.set_drift(Moment(0), drift);
        clock
    }

    /// Off by up to `offset_max` and drifting by up to `drift_max` parts per million, either way.
    pub(in crate::drive) fn any(offset_max: Micros, drift_max: f64, chance: &mut Chance) -> Self {
        let offset = chance.span(-offset_max, offset_max + Micros(1));
        Self::new(offset, chance.between(-drift_max, drift_max))
    }

    /// What the node reads at true time `at`.
    pub(in crate::drive) const fn read(&self, at: Moment) -> Moment {
        let span = at.0.saturating_sub(self.truth);
        Moment(self.local.saturating_add(stretch(span, self.drift)))
    }

    /// The earliest true moment at which the node reads `local` or later: when its timer fires.
    ///
    /// [`Moment::NEVER`] stays itself, and is the answer for what a standing clock has not reached. What the clock read
    /// before its last change is answered as if it had always run as it does now.
    pub(in crate::drive) const fn when(&self, local: Moment) -> Moment {
        if local.0 == Moment::NEVER.0 {
            return Moment::NEVER;
        }
        let ahead = local.0.saturating_sub(self.local);
        if self.is_stopped() {
            return if ahead > 0 {
                Moment::NEVER
            } else {
                Moment(self.truth)
            };
        }
        // The guess is off by a microsecond or two per twelve days of span.
        let mut span = stretch(ahead, self.back);
        while stretch(span, self.drift) < ahead && span < i64::MAX {
            span += 1;
        }
        while stretch(span - 1, self.drift) >= ahead {
            span -= 1;
        }
        Moment(self.truth.saturating_add(span))
    }

    /// Jumps by `by` at true time `at`: forward, or backward when negative.
    pub(in crate::drive) const fn step(&mut self, at: Moment, by: Micros) {
        self.anchor(at);
        self.local = self.local.saturating_add(by.0);
    }

    /// Runs fast by `drift` parts per million from true time `at` on, without a jump.
    pub(in crate::drive) fn set_drift(&mut self, at: Moment, drift: f64) {
        self.anchor(at);
        let share = drift.clamp(-Self::DRIFT_MAX, Self::DRIFT_MAX) / 1e6;
        self.drift = libm::round(share * ONE as f64) as i64;
        self.back = ((1i128 << 80) / i128::from(ONE + self.drift)) as i64 - ONE;
    }

    /// Stands still from true time `at` on, as a suspended machine does; [`SimClock::set_drift`] lets it run again.
    pub(in crate::drive) const fn stop(&mut self, at: Moment) {
        self.anchor(at);
        self.drift = -ONE;
    }

    /// A new boot at true time `at`: the clock begins at another origin and keeps its drift.
    pub(in crate::drive) const fn reboot(&mut self, at: Moment, origin: Moment) {
        self.anchor(at);
        self.local = origin.0;
    }

    /// Whether it stands still.
    pub(in crate::drive) const fn is_stopped(&self) -> bool {
        self.drift == -ONE
    }

    /// Its drift in parts per million; -1,000,000 while it stands still.
    pub(in crate::drive) fn drift(&self) -> f64 {
        self.drift as f64 / ONE as f64 * 1e6
    }

    const fn anchor(&mut self, at: Moment) {
        self.local = self.read(at).0;
        self.truth = at.0;
    }
}

/// `span` × (1 + `drift` / 2^40), rounded down; 64 bits are enough for hours, 128 for everything.
const fn stretch(span: i64, drift: i64) -> i64 {
    if let Some(product) = span.checked_mul(drift) {
        return span.saturating_add(product >> 40);
    }
    let wide = span as i128 + ((span as i128 * drift as i128) >> 40);
    if wide > i64::MAX as i128 {
        i64::MAX
    } else if wide < i64::MIN as i128 {
        i64::MIN
    } else {
        wide as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_timer_fires_at_the_first_true_microsecond_at_which_the_clock_shows_its_time(
            offset in -3_600_000_000i64..3_600_000_000,
            drift in -1_000.0f64..1_000.0,
            local in -10_000_000_000_000i64..10_000_000_000_000,
        ) {
            let clock = SimClock::new(Micros(offset), drift);
            let at = clock.when(Moment(local));
            prop_assert!(clock.read(at) >= Moment(local));
            prop_assert!(clock.read(at - Micros(1)) < Moment(local));
        }

        #[test]
        fn a_clock_never_runs_backward_between_steps(
            drift in -100.0f64..100.0,
            start in 0i64..100_000_000_000,
            ahead in 0i64..10_000,
        ) {
            let clock = SimClock::new(Micros(-5), drift);
            let (before, after) = (clock.read(Moment(start)), clock.read(Moment(start + ahead)));
            prop_assert!(after >= before);
            prop_assert!((after - before - Micros(ahead)).abs() <= Micros(2));
        }
    }

    #[test]
    fn a_hundred_parts_per_million_are_360_ms_in_an_hour() {
        let clock = SimClock::new(Micros::seconds(3_600), 100.0);
        let hour = Moment(3_600_000_000);
        let ahead = clock.read(hour) - hour - Micros::seconds(3_600);
        assert!((ahead - Micros::millis(360)).abs() <= Micros(1), "{ahead}");
    }

    #[test]
    fn a_step_a_stop_and_a_new_boot_change_what_is_read_from_then_on() {
        let mut clock = SimClock::TRUE;
        clock.step(Moment(1_000), Micros(-400));
        assert_eq!(clock.read(Moment(1_500)), Moment(1_100));
        clock.stop(Moment(2_000));
        assert_eq!(clock.read(Moment(9_000)), Moment(1_600));
        assert_eq!(clock.when(Moment(1_601)), Moment::NEVER);
        assert_eq!(clock.when(Moment(1_600)), Moment(2_000));
        clock.set_drift(Moment(10_000), 0.0);
        assert_eq!(clock.when(Moment(1_700)), Moment(10_100));
        clock.reboot(Moment(20_000), Moment(7));
        assert_eq!(clock.read(Moment(20_003)), Moment(10));
        assert_eq!(clock.when(Moment::NEVER), Moment::NEVER);
    }
}
