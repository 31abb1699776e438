//! The point prediction: the rule whose errors are mostly small.
//!
//! What counts is the error that nine of ten predictions keep (§11: within 50 ms for 90 % of messages), not the average one.
//! So each rule is judged by how many of its errors lie beyond the least such error among the rules: those well inside and
//! those far outside tell nothing, and a ramp between them keeps the judgement from jumping. Delays have their tail above,
//! so that p60 often has fewer large errors than the median. The two are kept unless another rule is clearly better.

use super::Centre;

/// How many rules there are.
const RULES: usize = 7;

/// The first two are the ring's median and p60: the ones to leave only for good reasons.
const HOME: usize = 2;

/// How much worse another rule's judgement is made before they are compared. At 1 the point follows luck on quiet links,
/// at 3 it stays with the median where delays drift.
const HANDICAP: f32 = 1.75;

/// What fifty samples ago counts a third.
const MEMORY: f32 = 0.98;

/// The step with which the ninetieth percentile of a rule's errors is tracked, as a part of the spread.
const STEP: f32 = 0.02;

/// Errors up to this part of the least ninetieth percentile are no fault, from [`RAMP`] of it more on a whole one.
const FAULTLESS: f32 = 0.8;
const RAMP: f32 = 0.6;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Point {
    /// The error that nine of ten predictions keep, by rule.
    reach: [f32; RULES],
    /// The faded average of judgements, by rule.
    loss: [f32; RULES],
}

impl Point {
    /// See [`crate::warm`].
    pub(super) fn warm(&self) -> u64 {
        u64::from(self.reach[0].to_bits() ^ self.loss[RULES - 1].to_bits())
    }

    /// What the rules say together, each with the sixteenth power of how good it was.
    pub(super) fn chosen(&self, centre: &Centre) -> f32 {
        let judged: [f32; RULES] = core::array::from_fn(|rule| {
            (self.loss[rule] + 1e-4) * if rule < HOME { 1.0 } else { HANDICAP }
        });
        let least = judged.iter().copied().fold(f32::INFINITY, f32::min);
        let (mut sum, mut point) = (0.0, 0.0);
        for (judged, said) in judged.iter().zip(rules(centre)) {
            let ratio = least / judged;
            let fourth = ratio * ratio * ratio * ratio;
            let weight = fourth * fourth * fourth * fourth;
            sum += weight;
            point += weight * said;
        }
        point / sum
    }

    /// Judges all rules by what came. `fresh` is one over the samples seen: the first judgements count in full.
    pub(super) fn judge(&mut self, centre: &Centre, value: f32, fresh: f32) {
        let rules = rules(centre);
        let step = STEP.max(fresh) * centre.trend.spread;
        for (reach, said) in self.reach.iter_mut().zip(rules) {
            let over = (value - said).abs() > *reach;
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
            let error = (((value - said).abs() / least - FAULTLESS) / RAMP).clamp(0.0, 1.0);
            *loss += part * (error - *loss);
            if *loss < 1e-9 {
                *loss = 0.0;
            }
        }
    }
}

fn rules(centre: &Centre) -> [f32; RULES] {
    let Centre {
        median,
        sixtieth,
        recent,
        trend,
    } = *centre;
    [
        median,
        sixtieth,
        recent,
        trend.mean,
        trend.quick,
        (median + trend.mean) * 0.5,
        (recent + trend.quick) * 0.5,
    ]
}
