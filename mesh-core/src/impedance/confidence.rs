//! The probability that an agent is READY by T.
//!
//! The specification's formula (§3.1) is a guess from drift, reliability and recency, and never says more than 0.7. It is
//! what is said until something is known; with each sample it gives way to the probability that the measured distribution
//! gives, and at twenty it is gone.

use super::quantiles::Quantiles;
use crate::time::Micros;
use crate::unit::Share;

/// Samples after which the measured distribution alone speaks (PROTOCOL §3).
pub const SAMPLES_ENOUGH: u32 = 20;

/// A heartbeat younger than this counts as recent (§3.1).
pub const RECENT: Micros = Micros::seconds(10);

/// What the confidence in an agent rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// Delays seen of this agent.
    pub samples: u32,
    /// The dimensionless drift coefficient.
    pub drift: f64,
    /// Success of the last hour.
    pub reliability: Share,
    /// Time since it was last heard.
    pub silence: Micros,
}

impl Confidence {
    /// §3.1's `calculate_confidence`: half the reliability less 0.3 of the drift, and 0.2 for being heard lately.
    pub fn formula(&self) -> Share {
        let recency = if self.silence < RECENT { 0.2 } else { 0.0 };
        Share::new(self.reliability.value() * 0.5 - self.drift * 0.3 + recency)
    }

    /// The probability that an agent with this delay is READY after `available`; it must answer at all, too.
    pub fn of(&self, delay: &Quantiles, available: Micros) -> Share {
        let measured = if available < Micros::ZERO {
            0.0
        } else {
            delay.within(available).value() * self.reliability.value()
        };
        let known = f64::from(self.samples.min(SAMPLES_ENOUGH)) / f64::from(SAMPLES_ENOUGH);
        Share::new(known * measured + (1.0 - known) * self.formula().value())
    }
}
