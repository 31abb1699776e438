//! The next delay of a link, from its past alone (PROTOCOL §3).
//!
//! No rule is best on every link: averages win where delays follow one another, medians where they are spiky, fixed
//! margins where bursts come. So several cheap rules run side by side and the best lately are followed: one rule for the point
//! (module `point`), a weighing of rules for each quantile (module `tail`), in the manner of prediction with expert advice
//! (Littlestone and Warmuth 1994). Each quantile is corrected by whether delays really kept it, so that the share of late
//! ones comes out as asked even on links that no rule fits (adaptive conformal inference; Gibbs and Candès 2021).

use super::delay::Delay;
use super::digest::PredictorDigest;
use super::quantiles::{LEVEL_COUNT, LEVELS, MEDIAN, Quantiles, TAILS};
use super::ring::Ring;
use crate::time::Micros;
use crate::unit::Share;

mod point;
mod tail;
#[cfg(test)]
mod tests;

use point::Point;
use tail::{Tracks, Weights};

/// One per agent, held by its lead: no heap, under a microsecond a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictor {
    ring: Ring,
    trend: Trend,
    point: Point,
    tracks: [Tracks; LEVEL_COUNT],
    /// One for the levels up to p84 together, one for each tail.
    weights: [Weights; 1 + LEVEL_COUNT - TAILS],
    /// Delays in the ring that were made up from the prior; each real one replaces one.
    assumed: u8,
    samples: u32,
}

/// Averages and deviations of several memories, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Trend {
    /// The mean of the last two or so, and of the last eight.
    quick: f32,
    mean: f32,
    /// Mean absolute deviation from `mean` over the last four or so, as Jacobson (SIGCOMM 1988), and over eight.
    jitter: f32,
    deviation: f32,
    /// Mean absolute deviation from the ring's median over the last 32.
    spread: f32,
}

/// What the rules look at: the past, as read once for all of them.
struct Past<'a> {
    ring: &'a Ring,
    trend: Trend,
    median: f32,
}

/// Delays made up from a prior that is only the class's, and from a digest of this very link.
const ASSUMED: u8 = 10;
const REMEMBERED: u8 = 40;

/// Below this spread (µs) all delays are equal to within the ring's resolution, and there is nothing to correct.
const SPREAD_MIN: f32 = 8.0;

impl Predictor {
    /// A predictor that has seen nothing and assumes `prior`.
    pub fn new(prior: &Quantiles) -> Self {
        let mut predictor = Self::around(prior, ASSUMED);
        predictor.assumed = ASSUMED;
        predictor
    }

    /// A predictor that goes on where another left off.
    pub fn from_digest(digest: &PredictorDigest) -> Self {
        let count = u32::from(digest.samples());
        if count == 0 {
            return Self::new(&digest.quantiles());
        }
        Self {
            samples: count,
            ..Self::around(&digest.quantiles(), REMEMBERED)
        }
    }

    /// Learns one delay; a negative one counts as none.
    pub fn observe(&mut self, delay: Micros) {
        let stored = Delay::from_micros(delay);
        let value = delay.0.max(0) as f32;
        if self.samples == 0 {
            self.trend = Trend {
                quick: value,
                mean: value,
                jitter: value / 2.0,
                deviation: value / 4.0,
                spread: value / 4.0,
            };
        } else {
            self.judge(value);
        }
        if self.assumed > 0 {
            self.assumed -= 1;
            self.ring.drop_oldest();
        }
        self.ring.push(stored);
        self.samples = self.samples.saturating_add(1);
    }

    /// The distribution of the next delay.
    pub fn quantiles(&self) -> Quantiles {
        let past = self.past();
        let weighed = [0, 1, 2, 3].map(|set| self.weights[set].shares());
        let mut levels = [0.0; LEVEL_COUNT];
        for (level, value) in levels.iter_mut().enumerate() {
            let tracks = &self.tracks[level];
            *value = tracks.corrected(
                tail::mix(&weighed[set_of(level)], &tracks.rules(level, &past)),
                past.trend.spread,
            );
        }
        // The wanted p95 stands; what crosses it from below gives way.
        for level in (0..TAILS).rev() {
            levels[level] = levels[level].min(levels[level + 1]);
        }
        Quantiles::new(levels).with_point(self.point.chosen(&past))
    }

    /// The point prediction: what throws freeze, and are measured against.
    pub fn median(&self) -> Micros {
        self.quantiles().median()
    }

    /// The delay that the next one exceeds with probability `1 - share`.
    pub fn quantile(&self, share: Share) -> Micros {
        self.quantiles().at(share)
    }

    /// The probability that the next delay is at most `span`.
    pub fn probability_within(&self, span: Micros) -> Share {
        self.quantiles().within(span)
    }

    /// Delays seen, saturating.
    pub const fn samples(&self) -> u32 {
        self.samples
    }

    /// What another node needs to go on from here.
    pub fn digest(&self) -> PredictorDigest {
        PredictorDigest::new(&self.quantiles(), self.samples)
    }

    fn around(prior: &Quantiles, count: u8) -> Self {
        let mut ring = Ring::new();
        for i in 0..count {
            // In a shuffled order, so that the older half is like the newer.
            let turn = u32::from(i) * 7 % u32::from(count);
            let share = (f64::from(turn) + 0.5) / f64::from(count);
            ring.push(Delay::from_micros(prior.at(Share::new(share))));
        }
        // The mean deviation of a normal distribution is 0.4 of p84 - p16.
        let spread =
            0.4 * (prior.levels[super::quantiles::P84] - prior.levels[super::quantiles::P16]);
        let middle = prior.levels[MEDIAN];
        Self {
            ring,
            trend: Trend {
                quick: middle,
                mean: middle,
                jitter: spread,
                deviation: spread,
                spread,
            },
            point: Point::default(),
            tracks: core::array::from_fn(|level| {
                Tracks::new((prior.levels[level] - middle) / spread.max(1.0))
            }),
            weights: [Weights::default(); 1 + LEVEL_COUNT - TAILS],
            assumed: 0,
            samples: 0,
        }
    }

    fn past(&self) -> Past<'_> {
        let still = self.trend.spread < SPREAD_MIN;
        Past {
            ring: &self.ring,
            trend: if still {
                self.trend.still()
            } else {
                self.trend
            },
            median: self.ring.long().quantile(0.5),
        }
    }

    /// Compares what each rule said with what came, and moves the averages on.
    fn judge(&mut self, value: f32) {
        let median = self.ring.long().quantile(0.5);
        // Spelt out and not `self.past()`: only the ring is borrowed while the rules learn.
        let past = Past {
            ring: &self.ring,
            trend: self.trend,
            median,
        };
        let fresh = 1.0 / (self.samples.min(10_000) as f32 + 1.0);
        if past.trend.spread >= SPREAD_MIN {
            let weighed = [0, 1, 2, 3].map(|set| self.weights[set].shares());
            for weights in &mut self.weights {
                weights.fade(fresh);
            }
            for (level, tracks) in self.tracks.iter_mut().enumerate() {
                let set = set_of(level);
                let rules = tracks.rules(level, &past);
                let said = tracks.corrected(tail::mix(&weighed[set], &rules), past.trend.spread);
                self.weights[set].judge(level, &rules, value);
                tracks.learn(level, &rules, said, value);
            }
            self.point.judge(&past, value, fresh);
        }
        let trend = self.trend;
        let off = (value - trend.mean).abs();
        self.trend = Trend {
            quick: trend.quick + (value - trend.quick) / 2.0,
            mean: trend.mean + (value - trend.mean) / 8.0,
            jitter: trend.jitter + (off - trend.jitter) / 4.0,
            deviation: trend.deviation + (off - trend.deviation) / 8.0,
            spread: trend.spread + ((value - median).abs() - trend.spread) / 32.0,
        }
        .settled();
    }
}

impl Trend {
    /// The same averages without deviations.
    fn still(self) -> Self {
        Self {
            jitter: 0.0,
            deviation: 0.0,
            spread: 0.0,
            ..self
        }
    }

    /// Deviations that have faded to nothing are nothing: arithmetic with the tiniest floats is slow.
    fn settled(self) -> Self {
        let settle = |deviation: f32| if deviation < 0.25 { 0.0 } else { deviation };
        Self {
            jitter: settle(self.jitter),
            deviation: settle(self.deviation),
            spread: settle(self.spread),
            ..self
        }
    }
}

/// Which weights a level goes by.
const fn set_of(level: usize) -> usize {
    (level + 1).saturating_sub(TAILS)
}

/// The levels that have weights of their own: 0.95, 0.99, 0.999.
const _: () = assert!(LEVELS.len() - TAILS == 3 && set_of(TAILS) == 1 && set_of(TAILS - 1) == 0);
const _: () = assert!(size_of::<Predictor>() <= 680);
