//! The success rate of the last hour (§4.1) in 36 bytes.

use crate::time::{Micros, Moment};
use crate::unit::Share;

/// Six buckets of ten minutes: the rate covers between 50 and 60 minutes.
const BUCKETS: usize = 6;
const BUCKET: Micros = Micros::seconds(600);

/// How often an agent answered of what it was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reliability {
    /// Successes and attempts; halved together before they overflow, which keeps the rate.
    buckets: [(u16, u16); BUCKETS],
    /// Which stretch of ten minutes the newest bucket is.
    newest: i64,
}

impl Reliability {
    /// Counts one attempt.
    pub fn record(&mut self, success: bool, now: Moment) {
        let stretch = now.0.div_euclid(BUCKET.0);
        let passed = stretch.saturating_sub(self.newest).clamp(0, BUCKETS as i64);
        for age in 0..passed {
            self.buckets[Self::place(stretch.saturating_sub(age))] = (0, 0);
        }
        self.newest = self.newest.max(stretch);
        let (good, all) = &mut self.buckets[Self::place(self.newest)];
        if *all == u16::MAX {
            *good /= 2;
            *all /= 2;
        }
        *all += 1;
        *good += u16::from(success);
    }

    /// The rate, one success assumed beyond those seen: an agent of which nothing is known is trusted.
    pub fn share(&self, now: Moment) -> Share {
        let stretch = now.0.div_euclid(BUCKET.0);
        let (mut good, mut all) = (1u32, 1u32);
        for age in 0..BUCKETS as i64 {
            let then = self.newest.saturating_sub(age);
            if stretch.saturating_sub(then) < BUCKETS as i64 {
                let bucket = self.buckets[Self::place(then)];
                good += u32::from(bucket.0);
                all += u32::from(bucket.1);
            }
        }
        Share::new(f64::from(good) / f64::from(all))
    }

    const fn place(stretch: i64) -> usize {
        stretch.rem_euclid(BUCKETS as i64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_later_nothing_is_held_against_an_agent() {
        let mut reliability = Reliability::default();
        let at = |minutes: i64| Moment::default() + Micros::seconds(60 * minutes);
        assert_eq!(reliability.share(at(0)), Share::ALL);
        for minute in 0..10 {
            reliability.record(minute % 2 == 0, at(minute));
        }
        assert!((reliability.share(at(10)).value() - 6.0 / 11.0).abs() < 1e-9);
        assert!((reliability.share(at(49)).value() - 6.0 / 11.0).abs() < 1e-9);
        assert_eq!(reliability.share(at(61)), Share::ALL);
        reliability.record(false, at(200));
        assert!((reliability.share(at(200)).value() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn many_attempts_keep_their_rate() {
        let mut reliability = Reliability::default();
        for turn in 0..200_000u32 {
            reliability.record(turn % 10 != 0, Moment(0));
        }
        assert!((reliability.share(Moment(0)).value() - 0.9).abs() < 0.01);
    }
}
