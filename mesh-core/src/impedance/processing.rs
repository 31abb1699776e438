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

/// An agent's base, of weight 0 on an empty queue: location and scale of its logarithm (base 2) and the shape of its tails.
#[derive(Debug, Clone, PartialEq)]
pub struct Processing {
    /// Where work of the agent's own average weight and queue stands: there it stays while the class's slopes still move.
    location: f32,
    scale: f32,
    /// Quantiles of (log - location) / scale.
    shape: [f32; LEVEL_COUNT],
    usual_weight: f32,
    usual_queue: f32,
    samples: u16,
}

/// A class's slopes, shared by all its agents at a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassSlopes {
    weight: f32,
    queue: f32,
    /// What is known of the two, as the information matrix of a regression: weight, queue, and both.
    information: [f32; 3],
}

impl Processing {
    /// The class's base (§3.1), before anything is measured.
    pub fn new(class: Class) -> Self {
        Self::around(&Quantiles::around(class.prior().processing), 0)
    }

    /// From a distribution of the base that was learnt elsewhere.
    pub fn around(base: &Quantiles, samples: u16) -> Self {
        let logs = base
            .levels
            .map(|value| libm::log2f(value.clamp(WORK_MIN, WORK_MAX)));
        // Of a normal distribution p84 - p16 is two standard deviations, and the mean deviation is 0.8 of one.
        let scale =
            (0.4 * (logs[super::quantiles::P84] - logs[super::quantiles::P16])).max(SCALE_MIN);
        Self {
            location: logs[MEDIAN],
            scale,
            shape: logs.map(|log| (log - logs[MEDIAN]) / scale),
            usual_weight: 0.0,
            usual_queue: 0.0,
            samples,
        }
    }

    /// Learns from one acknowledgement: the work took `took` with this weight and queue.
    pub fn observe(&mut self, took: Micros, weight: Weight, queue: u16, slopes: &mut ClassSlopes) {
        let log = libm::log2f((took.0 as f32).clamp(WORK_MIN, WORK_MAX));
        let (weight, queue) = (weight.value() as f32, f32::from(queue.min(QUEUE_MAX)));
        let gain = (1.0 / (f32::from(self.samples) + 1.5)).max(GAIN_MIN);
        let usual = slopes.log_factor(self.usual_weight, self.usual_queue);
        let off = log - (self.location + slopes.log_factor(weight, queue) - usual);
        // Until a few were seen, the class's prior may be off by any factor.
        let reach = 3.0 * self.scale + 1.0 / (1.0 + f32::from(self.samples));
        let bounded = off.clamp(-reach, reach);
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
        let standing = off / self.scale;
        for (place, level) in self.shape.iter_mut().zip(LEVELS) {
            let step = SHAPE_GAIN
                * if standing > *place {
                    level
                } else {
                    level - 1.0
                };
            *place = (*place + step).clamp(-8.0, 12.0);
        }
        // The first few say where the base is, whatever the class's prior said.
        self.location += gain * if self.samples < 4 { off } else { bounded };
        let usual = slopes.log_factor(self.usual_weight, self.usual_queue);
        self.usual_weight += gain * (weight - self.usual_weight);
        self.usual_queue += gain * (queue - self.usual_queue);
        self.location += slopes.log_factor(self.usual_weight, self.usual_queue) - usual;
        self.scale =
            (self.scale + gain.min(0.2) * (libm::fabsf(bounded) - self.scale)).max(SCALE_MIN);
        self.samples = self.samples.saturating_add(1);
    }

    /// The distribution of work of weight 0 on an empty queue.
    pub fn base(&self, slopes: &ClassSlopes) -> Quantiles {
        let location = self.location - slopes.log_factor(self.usual_weight, self.usual_queue);
        Quantiles::new(
            self.shape
                .map(|place| libm::exp2f(location + self.scale * place)),
        )
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
const SHAPE_GAIN: f32 = 0.1;

impl Default for ClassSlopes {
    /// §3.1: half as much again for weight 1, a tenth for each operation that waits.
    fn default() -> Self {
        Self {
            weight: 0.5,
            queue: 0.1,
            information: [2.0, 40.0, 0.0],
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

/// A sample's part in the slopes halves after 1,400 more.
const FADE: f32 = 0.9995;

const _: () = assert!(size_of::<Processing>() <= 64);

#[cfg(test)]
mod tests;
