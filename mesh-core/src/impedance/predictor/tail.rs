//! A quantile: rules, what weight each has by how it did lately, and the correction that makes the late share come true.

use super::super::quantiles::{LEVELS, TAILS};
use super::Past;

/// How many rules there are.
const RULES: usize = 6;

/// Of those, three are a centre and a tracked multiple of a deviation.
const TRACKED: usize = 3;

/// How a level learns: the steps of its multiples and of its correction, in deviations per late sample. Rare events must
/// teach more each; the steps are chosen so that one on-time sample takes back a hundredth of a deviation at p95, less above.
struct Pace {
    multiple: f32,
    correction: f32,
}

const fn pace(level: usize) -> Pace {
    match level.saturating_sub(TAILS) {
        0 => Pace {
            multiple: 0.3,
            correction: 0.04,
        },
        1 => Pace {
            multiple: 0.6,
            correction: 0.25,
        },
        _ => Pace {
            multiple: 1.0,
            correction: 1.0,
        },
    }
}

/// The bounds of multiples and corrections: no tail of a delay is further out that lead times could do anything about.
const MULTIPLE_MIN: f32 = -4.0;
const MULTIPLE_MAX: f32 = 60.0;
const CORRECTION_MIN: f32 = -1.5;
const CORRECTION_MAX: f32 = 40.0;

/// How long losses are remembered: a hundred samples or so.
const MEMORY: f32 = 0.99;

/// What a level has learnt beside the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tracks {
    multiples: [f32; TRACKED],
    /// Added to what the rules say, in spreads.
    correction: f32,
}

impl Tracks {
    /// For a level that is assumed to lie `standing` deviations from the centre.
    pub(super) fn new(standing: f32) -> Self {
        Self {
            multiples: [standing.clamp(MULTIPLE_MIN, MULTIPLE_MAX); TRACKED],
            correction: 0.0,
        }
    }

    /// What each rule says.
    pub(super) fn rules(&self, level: usize, past: &Past<'_>) -> [f32; RULES] {
        let (trend, [a, b, c]) = (past.trend, self.multiples);
        let long = past.ring.long().quantile(LEVELS[level]);
        let burst = trend.mean + a * trend.jitter;
        [
            long,
            past.ring.recent().quantile(LEVELS[level]),
            burst,
            trend.quick + b * trend.deviation,
            past.median + c * trend.spread,
            f32::midpoint(long, burst),
        ]
    }

    pub(super) fn corrected(&self, mixed: f32, spread: f32) -> f32 {
        (mixed + self.correction * spread).max(0.0)
    }

    /// Moves multiples and correction by whether `value` came later than they `said`.
    pub(super) fn learn(&mut self, level: usize, rules: &[f32; RULES], said: f32, value: f32) {
        let (pace, share) = (pace(level), LEVELS[level]);
        let direction = |late: bool| if late { share } else { share - 1.0 };
        for (multiple, &limit) in self.multiples.iter_mut().zip(&rules[2..2 + TRACKED]) {
            *multiple = (*multiple + pace.multiple * direction(value > limit))
                .clamp(MULTIPLE_MIN, MULTIPLE_MAX);
        }
        // Leads are given in whole microseconds, rounded up: a whole value is above that if one less is not below.
        self.correction = (self.correction + pace.correction * direction(value - 1.0 >= said))
            .clamp(CORRECTION_MIN, CORRECTION_MAX);
    }
}

/// The faded pinball losses of the rules (Koenker and Bassett 1978).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weights {
    losses: [f32; RULES],
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            losses: [0.0; RULES],
        }
    }
}

impl Weights {
    /// What part each rule has: as the 64th power of the least loss over its own, so that a rule that is a hundredth
    /// worse has half the weight and one a tenth worse next to none.
    pub(super) fn shares(&self) -> [f32; RULES] {
        let least = self.losses.iter().copied().fold(f32::INFINITY, f32::min) + 1e-3;
        let mut sum = 0.0;
        let mut shares = self.losses.map(|loss| {
            let mut share = least / (loss + 1e-3);
            for _ in 0..6 {
                share *= share;
            }
            // The tiniest floats are slow, and worth nothing here.
            let share = if share < 1e-6 { 0.0 } else { share };
            sum += share;
            share
        });
        for share in &mut shares {
            *share /= sum;
        }
        shares
    }

    /// Makes room for a new loss. `fresh` is one over the samples seen.
    pub(super) fn fade(&mut self, fresh: f32) {
        let kept = MEMORY.min(1.0 - fresh);
        for loss in &mut self.losses {
            *loss *= kept;
        }
    }

    /// Adds this level's pinball losses. They are sums, not averages: only their ratios count.
    pub(super) fn judge(&mut self, level: usize, rules: &[f32; RULES], value: f32) {
        let share = LEVELS[level];
        for (loss, limit) in self.losses.iter_mut().zip(rules) {
            let over = value - limit;
            *loss += (share * over).max((share - 1.0) * over);
        }
    }
}

pub(super) fn mix(shares: &[f32; RULES], rules: &[f32; RULES]) -> f32 {
    shares
        .iter()
        .zip(rules)
        .map(|(share, rule)| share * rule)
        .sum()
}
