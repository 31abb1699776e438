//! The next delay of a link, from its past alone (PROTOCOL §3).
//!
//! No rule is best on every link: averages win where delays follow one another, medians where they are spiky, fixed
//! margins where bursts come. So several cheap rules run side by side and the best lately are followed: one rule for the point
//! (module `point`), a weighing of rules for each quantile (module `tail`), in the manner of prediction with expert advice
//! (Littlestone and Warmuth 1994). Each quantile is corrected by whether delays really kept it, so that the share of late
//! ones comes out as asked even on links that no rule fits (adaptive conformal inference; Gibbs and Candès 2021).

use super::delay::Delay;
use super::digest::PredictorDigest;
use super::quantiles::{Levels, MEDIAN, Quantiles, TAILS};
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
    tracks: Tracks,
    weights: Weights,
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

/// What the rules of the quantiles look at: the past, as read once for all of them, in microseconds.
struct Past {
    /// Quantiles of the last hundred, and of the newest of them.
    long: Levels,
    recent: Levels,
    trend: Trend,
}

/// What the rules of the point look at, in microseconds.
struct Centre {
    /// Median and p60 of the last hundred.
    median: f32,
    sixtieth: f32,
    /// Median of the newest of them.
    recent: f32,
    trend: Trend,
}

/// Delays made up from a prior that is only the class's, and from a digest of this very link.
const ASSUMED: u8 = 10;
const REMEMBERED: u8 = 40;

/// The quantile beside the median that the point's rules know.
const SIXTIETH: f32 = 0.6;

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

    /// See [`crate::warm`].
    pub(super) fn warm(&self) -> u64 {
        self.ring.warm() ^ self.point.warm() ^ self.tracks.warm() ^ self.weights.warm()
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
        let past = self.past(self.trend_now());
        let mut levels = self.say(&past);
        // The wanted p95 stands; what crosses it from below gives way.
        for level in (0..TAILS).rev() {
            levels[level] = levels[level].min(levels[level + 1]);
        }
        Quantiles::new(levels).with_point(self.point.chosen(&self.centre_of(&past)))
    }

    /// What the rules of the point say of the next delay, in microseconds: [`Predictor::median`] before it is kept between
    /// p5 and p95, at a tenth of the cost.
    pub(super) fn point(&self) -> f32 {
        self.point.chosen(&Centre {
            median: self.ring.long().quantile(0.5),
            sixtieth: self.ring.long().quantile(SIXTIETH),
            recent: self.ring.recent().quantile(0.5),
            trend: self.trend_now(),
        })
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
            tracks: Tracks::new(prior.levels.map(|level| (level - middle) / spread.max(1.0))),
            weights: Weights::default(),
            assumed: 0,
            samples: 0,
        }
    }

    /// What the rules together say of each level.
    fn say(&self, past: &Past) -> Levels {
        let mixed = tail::mix(&self.weights.shares(), &self.tracks.rules(past));
        self.tracks.corrected(&mixed, past.trend.spread)
    }

    fn past(&self, trend: Trend) -> Past {
        Past {
            long: self.ring.long_levels(),
            recent: self.ring.recent_levels(),
            trend,
        }
    }

    fn centre_of(&self, past: &Past) -> Centre {
        Centre {
            median: past.median(),
            sixtieth: self.ring.long().quantile(SIXTIETH),
            recent: past.recent[MEDIAN],
            trend: past.trend,
        }
    }

    /// Averages and deviations as predictions take them.
    fn trend_now(&self) -> Trend {
        if self.trend.spread < SPREAD_MIN {
            self.trend.still()
        } else {
            self.trend
        }
    }

    /// Compares what each rule said with what came, and moves the averages on.
    fn judge(&mut self, value: f32) {
        let fresh = 1.0 / (self.samples.min(10_000) as f32 + 1.0);
        let median = if self.trend.spread >= SPREAD_MIN {
            let past = self.past(self.trend);
            let said = self.say(&past);
            let rules = self.tracks.rules(&past);
            self.weights.fade(fresh);
            self.weights.judge(&rules, value);
            self.tracks.learn(&rules, &said, value);
            let centre = self.centre_of(&past);
            self.point.judge(&centre, value, fresh);
            past.median()
        } else {
            self.ring.long().quantile(0.5)
        };
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

impl Past {
    const fn median(&self) -> f32 {
        self.long[MEDIAN]
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

const _: () = assert!(size_of::<Predictor>() <= 680);
