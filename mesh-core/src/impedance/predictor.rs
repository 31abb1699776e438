//! The next delay of a link, from its past alone.

use super::delay::Delay;
use super::digest::PredictorDigest;
use super::quantiles::{LEVEL_COUNT, LEVELS, Quantiles};
use super::ring::Ring;
use crate::time::Micros;
use crate::unit::Share;

/// One per agent, held by its lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictor {
    ring: Ring,
    prior: u8,
    samples: u32,
}

impl Predictor {
    /// A predictor that has seen nothing and assumes `prior`.
    pub fn new(prior: &Quantiles) -> Self {
        let mut ring = Ring::new();
        for i in 0..10 {
            ring.push(Delay::from_micros(
                prior.at(Share::new((f64::from(i) + 0.5) / 10.0)),
            ));
        }
        Self {
            ring,
            prior: 10,
            samples: 0,
        }
    }

    /// A predictor that goes on where another left off.
    pub fn from_digest(digest: &PredictorDigest) -> Self {
        Self::new(&digest.quantiles())
    }

    /// What another node needs to go on from here.
    pub fn digest(&self) -> PredictorDigest {
        PredictorDigest::new(&self.quantiles(), self.samples)
    }

    /// Learns one delay; a negative one counts as none.
    pub fn observe(&mut self, delay: Micros) {
        if self.prior > 0 {
            self.prior -= 1;
            self.ring.drop_oldest();
        }
        self.ring.push(Delay::from_micros(delay));
        self.samples = self.samples.saturating_add(1);
    }

    /// The distribution of the next delay.
    pub fn quantiles(&self) -> Quantiles {
        let mut values = [0.0; LEVEL_COUNT];
        for (value, level) in values.iter_mut().zip(LEVELS) {
            *value = self.ring.at(level * (self.ring.len() as f32 + 1.0) - 1.0);
        }
        Quantiles::new(values)
    }

    /// The point prediction.
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
}
