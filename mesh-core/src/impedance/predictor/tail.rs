//! A quantile: rules, what weight each has by how it did lately, and the correction that makes the late share come true.

use super::super::quantiles::{LEVEL_COUNT, LEVELS, Levels, TAILS};
use super::Past;

/// How many rules there are.
const RULES: usize = 6;

/// Of those, three are a centre and a tracked multiple of a deviation, and stand from here on.
const TRACKED: usize = 3;
const FIRST_TRACKED: usize = 2;

/// Weights of their own have the levels up to p84 together, and each tail.
const SETS: usize = 1 + LEVEL_COUNT - TAILS;

/// What each rule says of each level.
pub(super) type Rules = [Levels; RULES];

/// What part each rule has in each set of weights.
pub(super) type Shares = [[f32; SETS]; RULES];

/// The levels that share the first set before the one that stands where the sets begin: the last four levels are in the
/// four sets, one in each, so that they can be worked off side by side.
const FIRST_SET: usize = LEVEL_COUNT - SETS;
const _: () = assert!(FIRST_SET == TAILS - 1 && SETS == 4);

/// How a level learns: the steps of its multiples and of its correction, in deviations per late sample. Rare events must
/// teach more each; the steps are chosen so that one on-time sample takes back a hundredth of a deviation at p95, less above.
const MULTIPLE_PACE: Levels = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.6, 1.0];
const CORRECTION_PACE: Levels = [0.04, 0.04, 0.04, 0.04, 0.04, 0.04, 0.25, 1.0];

/// The bounds of multiples and corrections: no tail of a delay is further out that lead times could do anything about.
const MULTIPLE_MIN: f32 = -4.0;
const MULTIPLE_MAX: f32 = 60.0;
const CORRECTION_MIN: f32 = -1.5;
const CORRECTION_MAX: f32 = 40.0;

/// How long losses are remembered: a hundred samples or so.
const MEMORY: f32 = 0.99;

/// What the levels have learnt beside the weights, all of them side by side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tracks {
    multiples: [Levels; TRACKED],
    /// Added to what the rules say, in spreads.
    correction: Levels,
}

impl Tracks {
    /// For levels that are assumed to lie `standing` deviations from the centre.
    pub(super) fn new(standing: Levels) -> Self {
        Self {
            multiples: [standing.map(|place| place.clamp(MULTIPLE_MIN, MULTIPLE_MAX)); TRACKED],
            correction: [0.0; LEVEL_COUNT],
        }
    }

    /// See [`crate::warm`].
    pub(super) fn warm(&self) -> u64 {
        let [first, middle, _] = &self.multiples;
        let ends = first[0].to_bits() ^ middle[LEVEL_COUNT - 1].to_bits();
        u64::from(ends ^ self.correction[LEVEL_COUNT - 1].to_bits())
    }

    /// What each rule says.
    pub(super) fn rules(&self, past: &Past) -> Rules {
        let (trend, [a, b, c]) = (past.trend, &self.multiples);
        let burst = each(|level| trend.mean + a[level] * trend.jitter);
        let median = past.median();
        [
            past.long,
            past.recent,
            burst,
            each(|level| trend.quick + b[level] * trend.deviation),
            each(|level| median + c[level] * trend.spread),
            each(|level| (past.long[level] + burst[level]) * 0.5),
        ]
    }

    pub(super) fn corrected(&self, mixed: &Levels, spread: f32) -> Levels {
        each(|level| (mixed[level] + self.correction[level] * spread).max(0.0))
    }

    /// Moves multiples and corrections by whether `value` came later than they `said`.
    pub(super) fn learn(&mut self, rules: &Rules, said: &Levels, value: f32) {
        let direction = |level: usize, late: bool| LEVELS[level] - if late { 0.0 } else { 1.0 };
        for (multiples, limits) in self.multiples.iter_mut().zip(&rules[FIRST_TRACKED..]) {
            *multiples = each(|level| {
                let step = MULTIPLE_PACE[level] * direction(level, value > limits[level]);
                (multiples[level] + step).clamp(MULTIPLE_MIN, MULTIPLE_MAX)
            });
        }
        // Leads are given in whole microseconds, rounded up: a whole value is above that if one less is not below.
        self.correction = each(|level| {
            let step = CORRECTION_PACE[level] * direction(level, value - 1.0 >= said[level]);
            (self.correction[level] + step).clamp(CORRECTION_MIN, CORRECTION_MAX)
        });
    }
}

/// The faded pinball losses of the rules (Koenker and Bassett 1978), by rule and set.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Weights {
    losses: [[f32; SETS]; RULES],
}

impl Weights {
    /// See [`crate::warm`].
    pub(super) fn warm(&self) -> u64 {
        u64::from(self.losses[0][0].to_bits() ^ self.losses[RULES - 1][SETS - 1].to_bits())
    }

    /// What part each rule has: as the 64th power of the least loss over its own, so that a rule that is a hundredth
    /// worse has half the weight and one a tenth worse next to none.
    pub(super) fn shares(&self) -> Shares {
        let [first, others @ ..] = &self.losses;
        let mut least = *first;
        for losses in others {
            least = each_set(|set| losses[set].min(least[set]));
        }
        let mut sum = [0.0; SETS];
        let mut shares = self.losses.map(|losses| {
            let mut share = each_set(|set| (least[set] + 1e-3) / (losses[set] + 1e-3));
            for _ in 0..6 {
                share = share.map(|share| share * share);
            }
            // The tiniest floats are slow, and worth nothing here.
            let share = share.map(|share| if share < 1e-6 { 0.0 } else { share });
            sum = each_set(|set| sum[set] + share[set]);
            share
        });
        for share in &mut shares {
            *share = each_set(|set| share[set] / sum[set]);
        }
        shares
    }

    /// Makes room for a new loss. `fresh` is one over the samples seen.
    pub(super) fn fade(&mut self, fresh: f32) {
        let kept = MEMORY.min(1.0 - fresh);
        for losses in &mut self.losses {
            *losses = losses.map(|loss| loss * kept);
        }
    }

    /// Adds the pinball losses of all levels. They are sums, not averages: only their ratios count.
    pub(super) fn judge(&mut self, rules: &Rules, value: f32) {
        for (losses, limits) in self.losses.iter_mut().zip(rules) {
            let lost: Levels = each(|level| {
                let over = value - limits[level];
                (LEVELS[level] * over).max((LEVELS[level] - 1.0) * over)
            });
            *losses = each_set(|set| losses[set] + lost[FIRST_SET + set]);
            losses[0] += lost[..FIRST_SET].iter().sum::<f32>();
        }
    }
}

/// What the rules say together.
pub(super) fn mix(shares: &Shares, rules: &Rules) -> Levels {
    let mut mixed = [0.0; LEVEL_COUNT];
    for (share, rule) in shares.iter().zip(rules) {
        mixed = each(|level| mixed[level] + share[level.saturating_sub(FIRST_SET)] * rule[level]);
    }
    mixed
}

fn each(value: impl FnMut(usize) -> f32) -> Levels {
    core::array::from_fn(value)
}

fn each_set(value: impl FnMut(usize) -> f32) -> [f32; SETS] {
    core::array::from_fn(value)
}
