//! The point prediction: the rule whose errors are mostly small.
//!
//! What counts is the error that nine of ten predictions keep (§11: within 50 ms for 90 % of messages), not the average one.
//! So each rule is judged by how much of its errors lies beyond half of the least such error, and errors far beyond it
//! count no more than those just beyond. The medians are kept unless another rule is clearly better.

use super::Past;

/// How many rules there are.
const RULES: usize = 7;

/// The first two are the ring's median and p60: the ones to leave only for good reasons. Delays have their tail above,
/// so that p60 often has fewer large errors than the median.
const HOME: usize = 2;

/// How much better another rule must do to be followed.
const HANDICAP: f32 = 1.5;

/// The part of a judgement that fifty samples later still counts is a third.
const MEMORY: f32 = 0.98;

/// The step with which the ninetieth percentile of a rule's errors is tracked, as a part of the spread.
const STEP: f32 = 0.02;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Point {
    /// The error that nine of ten predictions keep, by rule.
    reach: [f32; RULES],
    /// The faded average of judgements, by rule.
    loss: [f32; RULES],
}

impl Point {
    /// What the best rule lately says.
    pub(super) fn chosen(&self, past: &Past<'_>) -> f32 {
        let mut best = (0, f32::INFINITY);
        for (rule, &loss) in self.loss.iter().enumerate() {
            let loss = if rule < HOME { loss } else { loss * HANDICAP };
            if loss < best.1 {
                best = (rule, loss);
            }
        }
        rules(past)[best.0]
    }

    /// Judges all rules by what came. `fresh` is one over the samples seen: the first judgements count in full.
    pub(super) fn judge(&mut self, past: &Past<'_>, value: f32, fresh: f32) {
        let rules = rules(past);
        let step = STEP.max(fresh) * past.trend.spread;
        for (reach, said) in self.reach.iter_mut().zip(rules) {
            let over = libm::fabsf(value - said) > *reach;
            *reach = (*reach + step * if over { 0.9 } else { -0.1 }).max(0.0);
        }
        let least = self
            .reach
            .iter()
            .copied()
            .fold(f32::INFINITY, f32::min)
            .max(1.0);
        let part = (1.0 - MEMORY).max(fresh);
        for (loss, said) in self.loss.iter_mut().zip(rules) {
            let error = (libm::fabsf(value - said) / least - 0.5).clamp(0.0, 1.0);
            *loss += part * (error - *loss);
            if *loss < 1e-9 {
                *loss = 0.0;
            }
        }
    }
}

fn rules(past: &Past<'_>) -> [f32; RULES] {
    let (recent, trend) = (past.ring.recent().quantile(0.5), past.trend);
    [
        past.median,
        past.ring.long().quantile(0.6),
        recent,
        trend.mean,
        trend.quick,
        f32::midpoint(past.median, trend.mean),
        f32::midpoint(recent, trend.quick),
    ]
}
