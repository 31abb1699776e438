//! A distribution of delays as eight quantiles.
//!
//! Everything that knows how long something takes says it in this form, so that delays can be added up, compared with a
//! deadline and stored in a few bytes, whatever the shape of their distribution.

use crate::place::Class;
use crate::time::Micros;
use crate::unit::Share;

/// How many quantiles are kept.
pub const LEVEL_COUNT: usize = 8;

/// A value at each of [`LEVELS`].
pub(super) type Levels = [f32; LEVEL_COUNT];

/// The probabilities whose quantiles are kept: the robust spread of §2.3 (p16, p84), the median, and tails for on-time
/// rates from 0.95 to 0.999.
pub const LEVELS: [f32; LEVEL_COUNT] = [0.05, 0.16, 0.5, 0.7, 0.84, 0.95, 0.99, 0.999];

/// Where the median stands in [`LEVELS`].
pub(super) const MEDIAN: usize = 2;
/// Where p16 and p84 stand in [`LEVELS`].
pub(super) const P16: usize = 1;
pub(super) const P84: usize = 4;
/// Where the tails that lead times are made of begin in [`LEVELS`]: 0.95, 0.99, 0.999.
pub(super) const TAILS: usize = 5;

/// Quantiles of delays of no particular link as multiples of their median: lognormal with σ = 0.45, its tail doubled.
const SHAPE: [f32; LEVEL_COUNT] = [0.48, 0.64, 1.0, 1.27, 1.57, 2.2, 3.6, 7.0];

/// -log2(1 - p) at each level: the scale on which tails of delays are nearly straight.
const TAIL: [f32; LEVEL_COUNT] = [
    0.074, 0.251_54, 1.0, 1.736_97, 2.643_86, 4.321_93, 6.643_86, 9.965_78,
];

/// Quantiles at [`LEVELS`], never falling, and a point prediction, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    pub(super) levels: [f32; LEVEL_COUNT],
    /// What comes nearest to most delays; at or near the median.
    pub(super) point: f32,
}

impl Quantiles {
    /// From values at [`LEVELS`]; what falls is raised to what stands before it, negative and not-a-number become 0.
    pub fn new(mut levels: [f32; LEVEL_COUNT]) -> Self {
        let mut least = 0.0f32;
        for value in &mut levels {
            least = least.max(*value);
            *value = least;
        }
        Self {
            levels,
            point: levels[MEDIAN],
        }
    }

    /// With this point prediction instead of the median; it stays between p5 and p95.
    pub(super) fn with_point(self, point: f32) -> Self {
        Self {
            point: point.max(self.levels[0]).min(self.levels[TAILS]),
            ..self
        }
    }

    /// A delay that is always `span`.
    pub fn exactly(span: Micros) -> Self {
        Self::new([span.0.max(0) as f32; LEVEL_COUNT])
    }

    /// What is assumed of a delay of which only the typical figure is known.
    pub fn around(median: Micros) -> Self {
        Self::new(SHAPE.map(|factor| factor * median.0.max(0) as f32))
    }

    /// The one-way network delay assumed of a class (§2.2): what its typical delay until READY leaves beside its
    /// processing, at least a quarter; a person's device is a phone.
    pub fn network_prior(class: Class) -> Self {
        if class.is_human() {
            return Self::around(Micros::millis(100));
        }
        let prior = class.prior();
        let typical = (prior.typical_low + prior.typical_high).half();
        Self::around((typical - prior.processing).max(typical.half().half()))
    }

    /// The point prediction: the median, or what beside it has come nearer to most delays lately.
    pub fn median(&self) -> Micros {
        Micros(self.point as i64)
    }

    /// The delay that is not exceeded with probability `share`. Beyond the outermost levels it is extended along the tail,
    /// up to 0.9999.
    pub fn at(&self, share: Share) -> Micros {
        let share = share.value();
        if share <= f64::from(LEVELS[0]) {
            return Micros(libm::ceilf(self.levels[0]) as i64);
        }
        let exact = LEVELS
            .iter()
            .position(|&level| (f64::from(level) - share).abs() < 1e-6);
        if let Some(level) = exact {
            return Micros(libm::ceilf(self.levels[level]) as i64);
        }
        let depth = -libm::log2(1.0 - share.min(0.9999)) as f32;
        let upper = TAIL[1..LEVEL_COUNT - 1].partition_point(|&tail| tail < depth) + 1;
        let part = (depth - TAIL[upper - 1]) / (TAIL[upper] - TAIL[upper - 1]);
        let value = self.levels[upper - 1] + part * (self.levels[upper] - self.levels[upper - 1]);
        Micros(libm::ceilf(value) as i64)
    }

    /// The probability of a delay of at most `span`, 0.005 to 0.9999: nothing that was not seen is certain.
    pub fn within(&self, span: Micros) -> Share {
        // Stored delays were rounded up by as much as this, and a deadline met exactly is met.
        let value = span.0 as f32 * (1.0 + 1.0 / 2_048.0) + 16.0;
        let first = self.levels[0];
        if value < first {
            // Below p5 the probability falls off to nothing at half the way from the median to zero below it.
            let reach = (self.levels[MEDIAN] - first).max(first * 0.05).max(1.0);
            let part = (1.0 - (first - value) / reach).max(0.0);
            return Share::new(f64::from(LEVELS[0] * part).max(0.005));
        }
        let upper = self
            .levels
            .partition_point(|&quantile| quantile <= value)
            .clamp(1, LEVEL_COUNT);
        let (low, depth) = (self.levels[upper - 1], TAIL[upper - 1]);
        // Beyond the last level the tail goes on as between the last two, but no steeper than is known of anything.
        let (width, rise) = if upper < LEVEL_COUNT {
            (self.levels[upper] - low, TAIL[upper] - depth)
        } else {
            let last = low - self.levels[upper - 2];
            (last.max(0.05 * low + 1.0), depth - TAIL[upper - 2])
        };
        let part = ((value - low) / width.max(1e-3)).clamp(0.0, 4.0);
        let depth = depth + part * rise;
        Share::new((1.0 - libm::exp2(-f64::from(depth))).clamp(0.005, 0.9999))
    }

    /// The sum of this delay and an independent one: medians add, distances from them add as squares. Exact for normal
    /// distributions, and on the safe side of the truth for delays, whose medians understate the sum's by less than
    /// their tails overstate its.
    pub fn plus(&self, other: &Self) -> Self {
        let (mine, theirs) = (self.levels[MEDIAN], other.levels[MEDIAN]);
        let mut sum = [0.0; LEVEL_COUNT];
        for (level, value) in sum.iter_mut().enumerate() {
            let (a, b) = (self.levels[level] - mine, other.levels[level] - theirs);
            let spread = libm::sqrtf(a * a + b * b);
            *value = mine + theirs + if level < MEDIAN { -spread } else { spread };
        }
        Self::new(sum).with_point(self.point + other.point)
    }

    /// How long until the first of two copies is there, the second sent `gap` after the first, if their delays have
    /// nothing to do with one another: it is late when both are. On the scale of tails (`TAIL`) that is a sum of
    /// straight pieces, walked once from corner to corner.
    pub fn sooner(&self, gap: Micros) -> Self {
        let gap = gap.0.max(0) as f32;
        let mut levels = self.levels;
        // Sorted by merging: the corners of the first copy's distribution, and the same `gap` later.
        let (mut mine, mut theirs) = (0, 0);
        let (mut before, mut level) = ((0.0f32, 0.0f32), 0);
        while level < LEVEL_COUNT && mine < LEVEL_COUNT {
            let shifted = if theirs < LEVEL_COUNT {
                self.levels[theirs] + gap
            } else {
                f32::INFINITY
            };
            let corner = if self.levels[mine] <= shifted {
                mine += 1;
                self.levels[mine - 1]
            } else {
                theirs += 1;
                shifted
            };
            let depth = self.depth(corner, mine) + self.depth(corner - gap, theirs);
            while level < LEVEL_COUNT && TAIL[level] <= depth {
                let part = (TAIL[level] - before.1) / (depth - before.1).max(1e-6);
                let value = before.0 + part.clamp(0.0, 1.0) * (corner - before.0);
                levels[level] = value.min(levels[level]);
                level += 1;
            }
            before = (corner, depth);
        }
        // The least delays are those of the first copy alone.
        levels[0] = self.levels[0];
        let moved = self.levels[MEDIAN] - levels[MEDIAN];
        Self::new(levels).with_point(self.point - moved)
    }

    /// How deep in the tail `value` is, of which so many levels are not above; nothing below the first.
    fn depth(&self, value: f32, passed: usize) -> f32 {
        let Some(low) = passed.checked_sub(1) else {
            return 0.0;
        };
        let Some(&high) = self.levels.get(passed) else {
            return TAIL[low];
        };
        let part = (value - self.levels[low]) / (high - self.levels[low]).max(1e-3);
        TAIL[low] + part.clamp(0.0, 1.0) * (TAIL[passed] - TAIL[low])
    }

    /// Every delay `span` longer.
    pub fn later(&self, span: Micros) -> Self {
        Self::new(self.levels.map(|value| value + span.0 as f32))
            .with_point(self.point + span.0 as f32)
    }

    /// Every delay times `factor`.
    pub fn times(&self, factor: f32) -> Self {
        Self::new(self.levels.map(|value| value * factor)).with_point(self.point * factor)
    }

    /// The robust spread (p84 - p16) / 2 over the median: PROTOCOL §3's `drift_coefficient`, without dimension.
    pub fn drift(&self) -> f64 {
        f64::from((self.levels[P84] - self.levels[P16]) / 2.0)
            / f64::from(self.levels[MEDIAN].max(1.0))
    }
}

#[cfg(test)]
mod tests;
