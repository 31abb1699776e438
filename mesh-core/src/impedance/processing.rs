//! What an agent's own work takes: base × (1 + 0.5 weight) × (1 + 0.1 queue) (§3.1), each of the three numbers learnt.
//!
//! The base and its spread belong to the agent, the two slopes to its class. In logarithms the formula is a sum, so the
//! base is a running location with a running scale, and the slopes are a two-parameter regression within each agent: of
//! how far its work, weight and queue stand from its own averages, so that slow agents which happen to get heavy work do not
//! make the slope steeper.

use super::quantiles::{LEVEL_COUNT, LEVELS, MEDIAN, Quantiles};
use crate::place::Class;
use crate::time::Micros;
use crate::unit::Weight;

/// Work is taken to last at least this long, and at most a week.
const WORK_MIN: f32 = 16.0;
const WORK_MAX: f32 = 6.05e11;

/// Deeper queues say no more: an agent with more waiting is overloaded, not slow.
const QUEUE_MAX: u16 = 1_000;

/// An agent's base, of weight 0 on an empty queue: location and scale of its logarithm (base 2). How its tails look is
/// its class's matter ([`ClassSlopes`]): thirty agents show in one throw what one shows in thirty.
#[derive(Debug, Clone, PartialEq)]
pub struct Processing {
    /// Where work of the agent's own average weight and queue stands: there it stays while the class's slopes still move.
    location: f32,
    /// Mean deviation of its own work.
    scale: f32,
    usual_weight: f32,
    usual_queue: f32,
    samples: u16,
    /// Surprises in a row in one direction: the first are taken for accidents, the later ones for a change.
    streak: i8,
}

/// What a class's agents have in common, learnt and shared by all of them at a lead: the slopes by weight and queue, how
/// much work varies from one time to the next, and where the base of one of them may be expected.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassSlopes {
    weight: f32,
    queue: f32,
    /// What is known of the two, as the information matrix of a regression: weight, queue, and both.
    information: [f32; 3],
    /// Mean deviation of the logarithm of an agent's work around its own base.
    scale: f32,
    /// Quantiles of (log - location) / scale.
    shape: [f32; LEVEL_COUNT],
    /// The average location, and how far agents are from it.
    center: f32,
    apart: f32,
    /// Acknowledgements that scale and shape were learnt from.
    samples: u16,
    /// Agents that the centre was learnt from.
    agents: u16,
}

impl Processing {
    /// The class's base (§3.1), before anything is measured. It is seldom longer than the middle of what is typical of the
    /// class until READY (§2.2), if that is half as much again as the base; with people nothing is that narrow.
    pub fn new(class: Class) -> Self {
        let prior = class.prior();
        if class.is_human() {
            return Self::around(&Quantiles::around(prior.processing), 0);
        }
        let base = prior.processing.0 as f32;
        let middle = (prior.typical_low + prior.typical_high).half().0 as f32;
        let seldom = middle.max(1.5 * base);
        Self {
            scale: libm::log2f(seldom / base) / NORMAL[SELDOM],
            ..Self::around(&Quantiles::exactly(prior.processing), 0)
        }
    }

    /// From a distribution of the base that was learnt elsewhere.
    pub fn around(base: &Quantiles, samples: u16) -> Self {
        let log = |value: f32| libm::log2f(value.clamp(WORK_MIN, WORK_MAX));
        let [low, high] =
            [super::quantiles::P16, super::quantiles::P84].map(|level| log(base.levels[level]));
        Self {
            location: log(base.levels[MEDIAN]),
            // Of a normal distribution p84 - p16 is two standard deviations, and the mean deviation is 0.8 of one.
            scale: (0.4 * (high - low)).max(SCALE_MIN),
            usual_weight: 0.0,
            usual_queue: 0.0,
            samples,
            streak: 0,
        }
    }

    /// Learns from one acknowledgement: the work took `took` with this weight and queue.
    pub fn observe(&mut self, took: Micros, weight: Weight, queue: u16, slopes: &mut ClassSlopes) {
        let log = libm::log2f((took.0 as f32).clamp(WORK_MIN, WORK_MAX));
        let (weight, queue) = (weight.value() as f32, f32::from(queue.min(QUEUE_MAX)));
        let seen = f32::from(self.samples);
        let usual = slopes.log_factor(self.usual_weight, self.usual_queue);
        if self.samples == 0 && slopes.agents >= AGENTS_ENOUGH {
            self.location = slopes.center + usual;
        }
        let off = log - (self.location + slopes.log_factor(weight, queue) - usual);
        let bounded = self.bound(off, slopes);
        if self.samples > 0 {
            // The base is itself an average of the few seen, which makes what is left over wider than the work is.
            slopes.vary(off / libm::sqrtf(1.0 + 1.0 / seen));
        }
        if self.samples > 1 {
            let (by_weight, by_queue) = slopes.gradient(weight, queue);
            let (usually_weight, usually_queue) =
                slopes.gradient(self.usual_weight, self.usual_queue);
            slopes.learn(
                by_weight - usually_weight,
                by_queue - usually_queue,
                bounded,
            );
        }
        let gain = (1.0 / (seen + 1.0)).max(GAIN_MIN);
        self.location += gain * bounded;
        let usual = slopes.log_factor(self.usual_weight, self.usual_queue);
        self.usual_weight += gain * (weight - self.usual_weight);
        self.usual_queue += gain * (queue - self.usual_queue);
        self.location += slopes.log_factor(self.usual_weight, self.usual_queue) - usual;
        if self.samples > 0 {
            self.scale =
                (self.scale + gain.min(0.1) * (libm::fabsf(bounded) - self.scale)).max(SCALE_MIN);
        } else {
            self.scale = slopes.scale;
            slopes.meet(log - slopes.log_factor(weight, queue));
        }
        self.samples = self.samples.saturating_add(1);
    }

    /// The distribution of work of weight 0 on an empty queue.
    pub fn base(&self, slopes: &ClassSlopes) -> Quantiles {
        let (location, scale) = self.standing(slopes);
        Quantiles::new(
            slopes
                .shape
                .map(|place| libm::exp2f(location + scale * place)),
        )
    }

    /// The median work of this weight behind this queue, in microseconds: that of [`Processing::estimate`], alone.
    pub(super) fn median(&self, slopes: &ClassSlopes, weight: Weight, queue: u16) -> f32 {
        let (location, scale) = self.standing(slopes);
        let place = slopes.shape[..=MEDIAN]
            .iter()
            .copied()
            .fold(f32::NEG_INFINITY, f32::max);
        libm::exp2f(location + scale * place) * slopes.factor(weight, queue)
    }

    /// Location and scale of the logarithm of that work.
    fn standing(&self, slopes: &ClassSlopes) -> (f32, f32) {
        let usual = slopes.log_factor(self.usual_weight, self.usual_queue);
        let seen = f32::from(self.samples);
        if self.samples == 0 {
            let known = slopes.agents >= AGENTS_ENOUGH;
            (
                if known { slopes.center } else { self.location },
                self.scale,
            )
        } else {
            // An agent may be steadier or shakier than its class: its own word counts more the more it has said.
            let own = seen / (seen + 16.0);
            let scale = slopes.scale + own * (self.scale - slopes.scale);
            (
                self.location - usual,
                scale.max(0.7 * slopes.scale) * libm::sqrtf(1.0 + 1.0 / seen),
            )
        }
    }

    /// A surprise is taken for an accident, and counts for little, until it comes three times in a row.
    fn bound(&mut self, off: f32, slopes: &ClassSlopes) -> f32 {
        let seen = f32::from(self.samples);
        let reach = match self.samples {
            // Nothing is known of the class either: believe it.
            0 if slopes.agents < AGENTS_ENOUGH => return off,
            0 => 1.0,
            _ => 4.0 * slopes.scale.max(self.scale) + 0.5 / (seen * seen),
        };
        self.streak = match (off > reach, off < -reach) {
            (true, _) => self.streak.max(0).saturating_add(1),
            (_, true) => self.streak.min(0).saturating_sub(1),
            _ => 0,
        };
        if self.streak.unsigned_abs() >= STREAK {
            // A change: the old base is worth no more than the last few.
            self.samples = self.samples.min(2);
            return off;
        }
        off.clamp(-reach, reach)
    }

    /// The distribution of work of this weight behind this queue.
    pub fn estimate(&self, slopes: &ClassSlopes, weight: Weight, queue: u16) -> Quantiles {
        self.base(slopes).times(slopes.factor(weight, queue))
    }

    /// Acknowledgements learnt from, saturating.
    pub const fn samples(&self) -> u16 {
        self.samples
    }
}

const SCALE_MIN: f32 = 0.01;
const GAIN_MIN: f32 = 1.0 / 24.0;
/// So many agents make a class whose centre is worth more than the specification's base.
const AGENTS_ENOUGH: u16 = 3;
/// So many agents show how far agents are apart; what looks closer than this is chance.
const AGENTS_ALIKE: u16 = 8;
const APART_MIN: f32 = 0.05;
/// What is seldom: the 0.99 of [`LEVELS`].
const SELDOM: usize = super::quantiles::TAILS + 1;
/// So many surprises in a row are a change.
const STREAK: u8 = 3;

impl Default for ClassSlopes {
    /// §3.1: half as much again for weight 1, a tenth for each operation that waits.
    fn default() -> Self {
        Self {
            weight: 0.5,
            queue: 0.1,
            information: [2.0, 40.0, 0.0],
            scale: 0.15,
            shape: NORMAL,
            center: 0.0,
            apart: 0.0,
            samples: 0,
            agents: 0,
        }
    }
}

impl ClassSlopes {
    /// What weight and queue multiply the base by.
    pub fn factor(&self, weight: Weight, queue: u16) -> f32 {
        (1.0 + self.weight * weight.value() as f32)
            * (1.0 + self.queue * f32::from(queue.min(QUEUE_MAX)))
    }

    /// The slope by weight (0.5 in §3.1) and by queue (0.1).
    pub const fn slopes(&self) -> (f32, f32) {
        (self.weight, self.queue)
    }

    fn log_factor(&self, weight: f32, queue: f32) -> f32 {
        libm::log2f((1.0 + self.weight * weight) * (1.0 + self.queue * queue))
    }

    /// How the logarithm of the factor moves with each slope.
    fn gradient(&self, weight: f32, queue: f32) -> (f32, f32) {
        let log2 = core::f32::consts::LOG2_E;
        (
            log2 * weight / (1.0 + self.weight * weight),
            log2 * queue / (1.0 + self.queue * queue),
        )
    }

    /// How far one acknowledgement was from its agent's base: the class's manner.
    fn vary(&mut self, off: f32) {
        let gain = (1.0 / (f32::from(self.samples) + 4.0)).max(1.0 / 512.0);
        let standing = off / self.scale;
        for (place, level) in self.shape.iter_mut().zip(LEVELS) {
            // Far tails are rare: their steps are as small as they are.
            let step = (8.0 * gain).min(0.1)
                * if standing > *place {
                    level
                } else {
                    level - 1.0
                };
            *place = (*place + step).clamp(-8.0, 12.0);
        }
        let deviation = libm::fabsf(off).min(4.0 * self.scale);
        self.scale = (self.scale + gain * (deviation - self.scale)).max(SCALE_MIN);
        self.samples = self.samples.saturating_add(1);
    }

    /// An agent was measured for the first time.
    fn meet(&mut self, log: f32) {
        let gain = 1.0 / (f32::from(self.agents) + 1.0);
        let reach = if self.agents < AGENTS_ENOUGH {
            64.0
        } else {
            1.0
        };
        let off = (log - self.center).clamp(-reach, reach);
        self.center += gain * off;
        if self.agents > 0 {
            self.apart += (libm::fabsf(off) - self.apart) / f32::from(self.agents);
        }
        // Agents differ from one another by more than each from itself: until the latter is seen, it is no more than that.
        if self.samples == 0 && self.agents >= AGENTS_ALIKE {
            self.scale = self.scale.min(self.apart.max(APART_MIN));
        }
        self.agents = self.agents.saturating_add(1).min(AGENTS_KNOWN);
    }

    /// One step of a discounted recursive least squares.
    fn learn(&mut self, by_weight: f32, by_queue: f32, surprise: f32) {
        let [ww, qq, wq] = &mut self.information;
        *ww = *ww * FADE + by_weight * by_weight;
        *qq = *qq * FADE + by_queue * by_queue;
        *wq = *wq * FADE + by_weight * by_queue;
        // The floor is a tenth of the prior: without variation nothing is unlearnt and nothing divides by zero.
        let (a, b) = (ww.max(0.2), qq.max(4.0));
        let determinant = (a * b - *wq * *wq).max(0.01 * a * b);
        let (push_weight, push_queue) = (by_weight * surprise, by_queue * surprise);
        let weight = (b * push_weight - *wq * push_queue) / determinant;
        let queue = (a * push_queue - *wq * push_weight) / determinant;
        // One acknowledgement moves a slope by a twentieth at most: the regression is only straight nearby.
        let (most_weight, most_queue) = (0.02 + 0.05 * self.weight, 0.004 + 0.05 * self.queue);
        self.weight = (self.weight + weight.clamp(-most_weight, most_weight)).clamp(0.0, 10.0);
        self.queue = (self.queue + queue.clamp(-most_queue, most_queue)).clamp(0.0, 2.0);
    }
}

/// The centre follows at least this fast: a sixty-fourth for each new agent.
const AGENTS_KNOWN: u16 = 63;
/// Quantiles of the normal distribution at [`LEVELS`], in mean deviations: what is assumed of a class before it shows.
const NORMAL: [f32; LEVEL_COUNT] = [-2.06, -1.25, 0.0, 0.66, 1.25, 2.06, 2.92, 3.87];

/// A sample's part in the slopes halves after 1,400 more.
const FADE: f32 = 0.9995;

const _: () = assert!(size_of::<Processing>() <= 32);

#[cfg(test)]
mod tests;
